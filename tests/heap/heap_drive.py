"""Programs under test that do as they are told, and what can be read of their snapshots at a glance."""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import select
import signal
import struct
import subprocess
import time
import zlib

import interpreters
import pytest
import read_snapshot

PROGRAMS = pathlib.Path(__file__).parent / "programs"
LONG = os.environ.get("LIMPET_TEST_LONG", "") not in ("", "0")
PATIENCE = 60


def chosen(config, name: str) -> interpreters.Interpreter:
    """One interpreter for a test: another one for another test, the same in every run."""
    wanted = config.getoption("--interpreter")
    found = [i for i in interpreters.supported() if not wanted or any(part in i.name for part in wanted)]
    if not found:
        pytest.skip("no supported Python on this machine")
    return found[zlib.crc32(name.encode()) % len(found)]


class Life:
    """A program that does as it is told (programs/does_as_told.py), traced or not."""

    def __init__(self, process: subprocess.Popen, recording: pathlib.Path | None):
        self.process, self.recording = process, recording
        self.pid = int(self.line())

    def line(self) -> str:
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        assert ready, "the program does not answer"
        return self.process.stdout.readline().rstrip("\n")

    def tell(self, code: str) -> None:
        self.process.stdin.write(code + "\n")
        self.process.stdin.flush()

    def ask(self, expression: str) -> str:
        """What an expression is there."""
        self.tell(f"answer = {expression}")
        return self.line()

    def end(self) -> int:
        """Ends it in peace, and returns its exit status."""
        self.process.stdin.close()
        return self.process.wait(timeout=PATIENCE)

    @property
    def folder(self) -> pathlib.Path:
        return self.recording / f"p{self.pid}"

    def snapshot(self, limpet, *arguments) -> pathlib.Path:
        """Has it take a snapshot by itself."""
        done = command(limpet, "snapshot", self.pid, *arguments)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("snapshot "), done.stdout
        number = int(done.stdout.split()[1])
        return self.folder / f"heap.{number}"

    def outside(self, limpet, folder: pathlib.Path, name: str = "outside") -> pathlib.Path:
        """Takes one from outside."""
        done = command(limpet, "snapshot", self.pid, "--outside", "-f", "-o", folder / f"{name}.limpet")
        assert done.returncode == 0, done.stderr
        return folder / f"{name}.limpet/p{self.pid}/heap.1"

    def children(self) -> list[int]:
        found = []
        for file in pathlib.Path(f"/proc/{self.pid}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found += map(int, file.read_text().split())
        return found


@contextlib.contextmanager
def life(interpreter, folder: pathlib.Path, prepare: str = "", *, traced=True, options=("--snapshots", "asked"), wrap=(), recording=None, **popen):
    """Runs a program that executes `prepare` and then does as it is told; it is killed at the end unless it has ended."""
    script = folder / "prepare.py"
    script.write_text(prepare)
    if traced and recording is None:
        recording = folder / "r.limpet"
    arguments = (PROGRAMS / "does_as_told.py", script)
    argv = interpreter.limpet_run(*arguments, options=("-q", *options, "-o", recording)) if traced else interpreter.command(*arguments)
    with open(folder / "errors", "w") as errors:
        process = subprocess.Popen([*map(str, wrap), *argv], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, bufsize=1, **popen)
    one = None
    try:
        one = Life(process, recording)
        yield one
    finally:
        if process.poll() is None:
            if one:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(one.pid, signal.SIGKILL)
            else:
                process.kill()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.wait(timeout=PATIENCE)
        process.stdout.close()


def command(limpet, *arguments, timeout=PATIENCE, **options) -> subprocess.CompletedProcess:
    """Runs limpet to its end. It may fail, but never by a signal."""
    done = subprocess.run([str(limpet), *map(str, arguments)], capture_output=True, text=True, timeout=timeout, stdin=subprocess.DEVNULL, **options)
    assert done.returncode in (0, 1, 2), (done.returncode, done.stderr)
    return done


def ending(file: pathlib.Path) -> dict:
    """The figures at the end of a snapshot."""
    names = "nodes edges bytes walk_ns unreadable torn dropped_edges stopped".split()
    return dict(zip(names, struct.unpack("<7QI", file.read_bytes()[-64:-4])))


def types_of(limpet, file: pathlib.Path) -> dict[str, dict]:
    """name -> the row of `limpet heap` for each type; that it can be loaded is a test of its own."""
    done = command(limpet, "heap", file, "--json", "--limit", 0)
    assert done.returncode == 0, done.stderr
    return {row["type"]: row for row in json.loads(done.stdout)["rows"]}


class Heap:
    """A small snapshot, read whole by the independent reader."""

    def __init__(self, file: pathlib.Path):
        self.snapshot = read_snapshot.Snapshot(file)
        self.end = self.snapshot.end

    def type_name(self, node: int) -> str:
        snapshot = self.snapshot
        return snapshot.types[snapshot.classes[snapshot.nodes[node][0]][0]][0]

    def of_type(self, name: str) -> list[int]:
        return [number for number in range(len(self.snapshot.nodes)) if self.type_name(number) == name]

    def references(self, node: int) -> list[tuple[str, int]]:
        record = self.snapshot.nodes[node]
        return list(zip(self.snapshot.labels(record), record[5]))

    def target(self, node: int, label: str) -> int:
        """What a reference that begins so leads to."""
        found = [target for name, target in self.references(node) if name.startswith(label)]
        assert found, (label, self.references(node))
        return found[0]


def state_of(pid: int) -> str:
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return "gone"


def until(holds, what: str, seconds: float = 20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = holds()
        if found:
            return found
        time.sleep(0.002)
    raise AssertionError(f"waited in vain: {what}")
