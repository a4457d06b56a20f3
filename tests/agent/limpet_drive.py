"""Runs programs with and without limpet's agent and lets a test compare what came out.

The agent is brought in the way `limpet run` does it, by environment, so that these tests judge the agent alone:

    LD_PRELOAD=<agent> LIMPET_AGENT=1:<recording>:main=1,follow=1

LIMPET_BUILD names the build directory to test (default: build/ of the checkout). LIMPET_TEST_OPTIONS are further options for the agent:
LIMPET_TEST_OPTIONS=native=1 runs all of these tests with native stacks.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import limpet_recording

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests"))

import interpreters  # noqa: E402

BUILD = interpreters.build_folder()
AGENT = BUILD / "liblimpet_agent.so"
LIMPET = BUILD / "limpet"


@dataclasses.dataclass(frozen=True)
class Python:
    """An interpreter and how to start it. `prefix` enters the root that holds it, if it has one of its own."""

    name: str
    executable: str
    version: tuple[int, int, int]
    prefix: tuple[str, ...] = ()

    def argv(self, arguments: Sequence[str]) -> list[str]:
        return [self.executable, *arguments]


@dataclasses.dataclass
class Outcome:
    status: int
    stdout: bytes
    stderr: bytes
    seconds: float
    recording: pathlib.Path | None = None

    def seen(self) -> tuple[int, bytes, bytes]:
        """What the program's user sees, with what differs between any two runs taken out."""
        return self.status, _plain(self.stdout), _plain(self.stderr)

    def processes(self) -> list[limpet_recording.Process]:
        return limpet_recording.read_all(self.recording)


def _plain(text: bytes) -> bytes:
    text = re.sub(rb"0x[0-9a-f]{6,}", b"0xADDRESS", text)
    text = re.sub(rb"/(?:un)?traced/cwd\b", b"/FOLDER", text)
    text = re.sub(rb"(?<=pid=)\d+", b"PID", text)
    return re.sub(rb"Thread 0x\w+", b"Thread 0xID", text)


def agent_environment(recording: pathlib.Path, options: str = "main=1,follow=1", agent: pathlib.Path = AGENT) -> dict:
    more = os.environ.get("LIMPET_TEST_OPTIONS", "")
    return {"LD_PRELOAD": str(agent), "LIMPET_AGENT": f"1:{recording}:{options}{',' if more else ''}{more}"}


def start(
    argv: Sequence[str],
    *,
    recording: pathlib.Path | None = None,
    options: str = "main=1,follow=1",
    environment: dict[str, str] | None = None,
    prefix: Sequence[str] = (),
    limits: dict[int, int] | None = None,
    preload: str | None = None,
    **popen,
) -> subprocess.Popen:
    """Starts a program, traced into `recording` if one is given."""
    extra: dict[str, str] = {}
    if preload:
        extra["LD_PRELOAD"] = preload
    if recording is not None:
        recording.mkdir(parents=True, exist_ok=True)
        extra |= agent_environment(recording, options)
        if preload:
            extra["LD_PRELOAD"] += f":{preload}"
    base = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "LIMPET", "LD_"))}
    base |= environment or {}
    if prefix:  # the agent's variables are set only once inside: the host's tools need none
        inside = ["/usr/bin/env", "-C", str(popen.get("cwd") or "/"), *(f"{key}={value}" for key, value in extra.items())]
        argv, base, extra = [*prefix, *inside, *argv], base | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, {}

    def prepare() -> None:
        for which, value in (limits or {}).items():
            resource.setrlimit(which, (value, value))

    return subprocess.Popen(list(argv), env=base | extra, preexec_fn=prepare if limits else None, **popen)


def run(argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 60, **options) -> Outcome:
    """Runs a program to its end. A program that overstays its time is killed and the test fails."""
    began = time.monotonic()
    process = start(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
    try:
        stdout, stderr = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGABRT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=2)
        process.kill()
        raise AssertionError(f"{' '.join(map(str, argv))}: still running after {timeout} s") from None
    return Outcome(process.returncode, stdout, stderr, time.monotonic() - began, options.get("recording"))


def run_both(argv: Sequence[str], folder: pathlib.Path, **options) -> tuple[Outcome, Outcome]:
    """(untraced, traced) runs of one program, each in an empty directory of its own."""
    outcomes = []
    for name in ("untraced", "traced"):
        cwd = folder / name / "cwd"
        cwd.mkdir(parents=True)
        recording = folder / name / "r.limpet" if name == "traced" else None
        outcomes.append(run(argv, cwd=cwd, recording=recording, **options))
    return outcomes[0], outcomes[1]


def _wait_until_reading(pid: int) -> None:
    """Until the main thread sleeps in read(0): between printing its line and that, a program still allocates a little."""
    for _ in range(2000):
        with contextlib.suppress(OSError):
            if pathlib.Path(f"/proc/{pid}/syscall").read_text().startswith("0 0x0 "):
                return
        time.sleep(0.001)


@contextlib.contextmanager
def paused(argv: Sequence[str], **options) -> Iterator[Callable[[str], str]]:
    """Runs a program that talks by lines. The function given sends a line (or none) and returns the program's next line,

    so the program stands still whenever the test looks at its recording.
    """
    process = start(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)

    def ask(line: str | None = None) -> str:
        if line is not None:
            process.stdin.write(line + "\n")
            process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise AssertionError(f"the program ended early with status {process.wait(timeout=30)}")
        _wait_until_reading(process.pid)
        return answer.rstrip("\n")

    ask.process = process  # type: ignore[attr-defined]
    try:
        yield ask
    finally:
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def discover() -> list[Python]:
    """Every supported interpreter of this machine."""
    return [Python(item.name, item.python, item.version, item.prefix) for item in interpreters.supported()]


def compile_c(source: pathlib.Path, output: pathlib.Path, *flags: str) -> pathlib.Path:
    """Compiles a C or C++ test program; `flags` come last so that they can name libraries."""
    compiler = shutil.which("g++" if source.suffix == ".cc" else "gcc")
    subprocess.run([compiler, "-g", "-O1", "-Wall", "-fno-builtin", str(source), "-o", str(output), *flags], check=True)
    return output
