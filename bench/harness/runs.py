"""Starts one run and reads what it cost; knows nothing of rounds, ratios or tables."""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from .errors import BenchError
from .modes import RECORDING
from .snapshot_file import read_snapshot_figures

CHILD = Path(__file__).resolve().parent.parent / "workloads" / "child.py"
MIN_BIRTHS = 10_000  # an empty program makes more: start-up alone allocates tens of thousands of blocks
ERROR_LINES = 3  # of a failed run's stderr: a traceback's last lines say what it was


def clean_environment():
    """The caller's environment without what would make two runs differ or change who watches."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LIMPET", "LD_"))}
    environment["PYTHONHASHSEED"] = "0"
    # One thread in numpy's libraries: their pools would put their own start-up and spinning into the CPU time.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        environment[name] = "1"
    return environment


def pick_cores(cores):
    """The last `cores` of those this process may use: the first one takes most interrupts."""
    return set(sorted(os.sched_getaffinity(0))[-cores:])


@contextmanager
def _pinned(cores):
    """Pins this process, so that the child starts pinned (a preexec_fn would force the slow way to start one)."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def run_pinned(command, cores, timeout, cwd):
    """Runs `command` to its end; returns wall seconds, CPU seconds of it and its waited-for children. Raises BenchError."""
    with tempfile.TemporaryFile() as errors:
        start = time.perf_counter()
        with _pinned(cores):
            try:
                child = subprocess.Popen(
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
                    env=clean_environment(), cwd=cwd, start_new_session=True,
                )
            except OSError as error:
                raise BenchError(f"cannot start {command[0]}: {error}") from error
        usage, status = _wait(child, command, timeout)
        wall = time.perf_counter() - start
        if status != 0:
            errors.seek(0)
            last = errors.read()[-4000:].decode(errors="replace").strip().splitlines()[-ERROR_LINES:]
            raise BenchError("\n".join([f"`{' '.join(command)}` ended with status {status}:", *last]))
    return wall, usage.ru_utime + usage.ru_stime


def _wait(child, command, timeout):
    """Waits for the child's end; kills its session when it takes longer than `timeout` seconds."""
    expired = False

    def expire(_signal, _frame):
        nonlocal expired
        expired = True
        os.killpg(child.pid, signal.SIGKILL)

    before = signal.signal(signal.SIGALRM, expire)
    signal.alarm(timeout)
    try:
        _, raw, usage = os.wait4(child.pid, 0)
    except KeyboardInterrupt:
        os.killpg(child.pid, signal.SIGKILL)
        os.wait4(child.pid, 0)
        raise
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        child.returncode = 0  # reaped above: Popen must not wait again
    if expired:
        raise BenchError(f"`{' '.join(command)}` took longer than {timeout} s and was stopped (--timeout)")
    return usage, os.waitstatus_to_exitcode(raw)


def folder_bytes(folder):
    """(bytes by length, bytes in allocated blocks) of all files below: a mapped recording may be sparse."""
    length = blocks = 0
    for root, _, names in os.walk(folder):
        for name in names:
            facts = os.lstat(os.path.join(root, name))
            length += facts.st_size
            blocks += facts.st_blocks * 512
    return length, blocks


def snapshot_facts(recording):
    """How many heap snapshots lie in a recording, and what they cost: pauses (told in each header) and the writers' walks."""
    files = [read_snapshot_figures(path) for path in recording.glob("p*/heap.*") if path.suffix != ".part"]
    return {
        "snapshots": len(files),
        "snapshot_pause_seconds": sum(facts["pause_seconds"] for facts in files),
        "snapshot_walk_seconds": sum(facts["walk_seconds"] for facts in files),
    }


class Runner:
    """Runs workloads under modes with one interpreter; every run has a fresh folder for what it writes."""

    def __init__(self, environment, limpet, timeout, scratch=None):
        self.environment_ = environment
        self.limpet_ = limpet
        self.timeout_ = timeout
        self.scratch_ = scratch

    @contextmanager
    def _folder(self):
        folder = tempfile.mkdtemp(prefix="limpet-bench-", dir=self.scratch_)
        try:
            yield Path(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def run(self, workload, mode, scale, witness=False):
        """The figures of one run of `workload` under `mode`; with `witness`, limpet's recording must show that it looked."""
        loops = max(1, round(workload.loops * scale))
        with self._folder() as folder:
            out, recording = folder / "figures.json", folder / "recording"
            recording.mkdir()
            arguments = [str(CHILD), workload.source, workload.program, str(loops), str(out), *workload.arguments]
            command = self._command(mode, arguments, recording)
            wall, cpu = run_pinned(command, pick_cores(workload.cores), self.timeout_, folder)
            figures = self._read(out, workload, mode)
            length, blocks = folder_bytes(recording)
            if mode.name.startswith("limpet"):
                figures.update(snapshot_facts(recording / RECORDING))
            if witness and mode.name == "limpet":
                figures["limpet_births"] = self._births(recording, max(MIN_BIRTHS, workload.births * loops))
        figures.update(
            process_wall_seconds=wall, process_cpu_seconds=cpu, written_bytes=length, written_block_bytes=blocks
        )
        return figures

    def _births(self, folder, least):
        """Blocks that the recording says were allocated. A tool that gave up tracing is fast, but that is no figure of its cost."""
        command = [str(self.limpet_), "stats", "--json", str(folder / RECORDING)]
        done = subprocess.run(
            [*self.environment_.prefix, *command], capture_output=True, text=True, timeout=self.timeout_, check=False
        )
        try:
            births = json.loads(done.stdout)["total"]["born"]["blocks"]
        except (ValueError, LookupError, TypeError) as error:
            raise BenchError(f"`limpet stats --json` of the recording gave no total: {done.stderr.strip()[-300:]}") from error
        if births < least:
            raise BenchError(f"limpet recorded {births} allocations where there were at least {least}: it did not trace")
        return births

    def run_probe(self, script, arguments, mode):
        """Runs a script of the harness's own under `mode`; it writes JSON to the path that it gets as last argument."""
        with self._folder() as folder:
            out, recording = folder / "figures.json", folder / "recording"
            recording.mkdir()
            command = self._command(mode, [str(script), *arguments, str(out)], recording)
            run_pinned(command, pick_cores(1), self.timeout_, folder)
            return self._read(out, script, mode)

    def run_nothing(self, mode, timeout=None):
        """Seconds of wall from start to exit of `python -c pass` under `mode`."""
        with self._folder() as folder:
            command = self._command(mode, ["-c", "pass"], folder)
            return run_pinned(command, pick_cores(1), timeout or self.timeout_, folder)[0]

    def _command(self, mode, arguments, folder):
        return [*self.environment_.prefix, *mode.command(self.environment_.python, arguments, folder, self.limpet_)]

    @staticmethod
    def _read(out, what, mode):
        try:
            return json.loads(out.read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            raise BenchError(f"{what} under {mode.name} ended well but wrote no figures ({error})") from error
