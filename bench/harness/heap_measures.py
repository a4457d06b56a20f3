"""What one snapshot, one analysis or one question to a peer costs, each on a fresh program with the same heap (workloads/heap_program.py)."""

import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import BenchError
from .runs import clean_environment
from .snapshot_file import read_snapshot_figures

PROGRAM = Path(__file__).resolve().parent.parent / "workloads" / "heap_program.py"
# Each is (name, distribution): what it is called in workloads/heap_program.py, and what must be installed.
PEERS = (
    ("guppy3 heap()", "guppy3"),
    ("guppy3 byrcs", "guppy3"),
    ("guppy3 domisize", "guppy3"),
    ("pympler muppy + summary", "pympler"),
    ("pympler asizeof", "pympler"),
    ("objgraph typestats", "objgraph"),
    ("objgraph find_backref_chain", "objgraph"),
)


class TooLong(BenchError):
    """Not a failure of the bench: the answer took longer than anybody would wait."""


class Program:
    """A running heap_program.py, asked line by line."""

    def __init__(self, command, timeout):
        self.timeout_ = timeout
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=clean_environment(), start_new_session=True
        )
        self.lines_ = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines_.put(line)
        self.lines_.put(None)

    def answer(self):
        try:
            line = self.lines_.get(timeout=self.timeout_)
        except queue.Empty:
            raise TooLong(f"no answer within {self.timeout_} s") from None
        if line is None:
            raise BenchError("the program ended before it answered")
        return json.loads(line)

    def ask(self, what):
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self.answer()

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=self.timeout_)
        except subprocess.TimeoutExpired:
            pass


@contextmanager
def program(command, timeout):
    """The program when its heap is built, and what it said of itself then."""
    running = Program(command, timeout)
    try:
        yield running, running.answer()
        running.end()
    finally:
        if running.process.poll() is None:
            os.killpg(running.process.pid, 9)
            running.process.wait()


def run_measured(command, timeout):
    """Runs a command; (its standard output, wall seconds, CPU seconds, peak RSS bytes)."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=errors, env=clean_environment())
        killer = threading.Timer(timeout, child.kill)
        killer.start()
        _, raw, usage = os.wait4(child.pid, 0)
        killer.cancel()
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(raw)
        out.seek(0)
        errors.seek(0)
        if child.returncode != 0:
            raise BenchError(f"`{Path(command[0]).name} {command[1]}` ended with status {child.returncode}: "
                             f"{errors.read()[-300:].decode(errors='replace').strip()}")
        return out.read().decode(errors="replace"), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


class CopiedMemory(threading.Thread):
    """Looks again and again what memory the forked writer has for itself: what it wrote, and what the program wrote meanwhile."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid_ = pid
        self.peak_bytes = 0
        self.looks = 0
        self.stop_ = threading.Event()

    def run(self):
        while not self.stop_.wait(0.02):
            try:
                children = Path(f"/proc/{self.pid_}/task/{self.pid_}/children").read_text().split()
                for task in os.listdir(f"/proc/{self.pid_}/task"):
                    children += Path(f"/proc/{self.pid_}/task/{task}/children").read_text().split()
                for child in set(children):
                    self._look(child)
            except OSError:
                pass  # gone between two looks

    def _look(self, child):
        for line in Path(f"/proc/{child}/smaps_rollup").read_text().splitlines():
            if line.startswith("Private_Dirty:"):
                self.looks += 1
                self.peak_bytes = max(self.peak_bytes, int(line.split()[1]) * 1024)

    def stop(self):
        self.stop_.set()
        self.join()


class HeapRunner:
    """Measures on one interpreter; every measurement is a fresh program."""

    def __init__(self, environment, limpet, timeout):
        self.python_ = str(environment.python)
        self.limpet_ = str(limpet)
        self.timeout_ = timeout

    @contextmanager
    def _folder(self):
        folder = tempfile.mkdtemp(prefix="limpet-bench-")
        try:
            yield Path(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _command(self, objects):
        return [self.python_, str(PROGRAM), str(objects)]

    def untraced(self, objects):
        """For scale: resident memory, a bare fork, and how long the clock stands still when nothing happens."""
        with program(self._command(objects), self.timeout_) as (running, self_told):
            return {
                "rss_bytes": self_told["rss_bytes"],
                "fork_seconds": running.ask("fork")["seconds"],
                "gap_seconds": running.ask("tick 1")["gap_seconds"],
            }

    def peer(self, name, objects):
        with program(self._command(objects), self.timeout_) as (running, _):
            return running.ask(name)

    def _snapshot(self, arguments, running):
        """`limpet snapshot` while the program's clock runs: (seconds, peak RSS of the command, what the program says)."""
        box = []

        def watch():
            with suppress(BenchError):  # what went wrong is told by the command, or by the empty box
                box.append(running.ask(f"tick {self.tick_}"))

        # The clock is watched for a time that is longer than the standstill can be.
        waiting = threading.Thread(target=watch)
        waiting.start()
        time.sleep(0.05)
        _, wall, _, peak = run_measured([self.limpet_, "snapshot", *arguments], self.timeout_)
        waiting.join()
        if not box:
            raise BenchError("the program did not answer after the snapshot")
        return wall, peak, box[0]

    def own(self, objects):
        """The snapshot that a traced program takes of itself, and `limpet heap` of it."""
        with self._folder() as folder:
            recording = folder / "r.limpet"
            command = [self.limpet_, "run", "-q", "--snapshots", "asked", "-o", str(recording), "--", *self._command(objects)]
            with program(command, self.timeout_) as (running, self_told):
                pid = next(recording.glob("p*")).name[1:]
                self.tick_ = 1 + objects / 2e6
                wall, _, told = self._snapshot([pid], running)
                figures = read_snapshot_figures(recording / f"p{pid}" / "heap.1")
                copied = CopiedMemory(int(pid))
                copied.start()
                self._snapshot([pid], running)
                copied.stop()
            figures.update(rss_bytes=self_told["rss_bytes"], command_seconds=wall, gap_seconds=told["gap_seconds"],
                           added_bytes=told["added_bytes"], copied_bytes=copied.peak_bytes if copied.looks else None)
            figures["analysis"] = self._analysis(recording)
            return figures

    def outside(self, objects):
        """The snapshot of a program that nobody prepared, read from outside."""
        with self._folder() as folder, program(self._command(objects), self.timeout_) as (running, self_told):
            recording = folder / "r.limpet"
            self.tick_ = 1 + objects / 2e6
            wall, peak, told = self._snapshot([str(running.process.pid), "-o", str(recording)], running)
            figures = read_snapshot_figures(next(recording.glob("p*/heap.1")))
            figures.update(rss_bytes=self_told["rss_bytes"], command_seconds=wall, gap_seconds=told["gap_seconds"],
                           added_bytes=told["added_bytes"], command_rss_bytes=peak)
            return figures

    def _analysis(self, recording):
        """`limpet heap`: load, dominators, retained sizes, named paths, tables."""
        text, wall, cpu, peak = run_measured(
            [self.limpet_, "heap", "--snapshot", "1", "--json", str(recording)], self.timeout_
        )
        return {"seconds": wall, "cpu_seconds": cpu, "rss_bytes": peak, "objects": json.loads(text)["objects"]}
