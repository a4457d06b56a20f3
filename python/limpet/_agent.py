"""Begins and ends recordings of this very process."""

from __future__ import annotations

import atexit
import os
import sys
import time

from . import _files
from ._errors import AlreadyTracing, NotTracing, RecordingError, UnsupportedInterpreter
from ._version import __version__

TYPE_CHECKING = False  # typing's, without importing it
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from ._heap import Heap
    from ._values import Report, Table

OLDEST = (3, 11)

_core: Any
try:
    from . import _core
except ImportError as error:  # a Python without this ABI: importing limpet is still fine
    _core, _import_error = None, str(error)

# LimpetAnswer of src/agent/api.h.
_OK, _ALREADY, _UNSUPPORTED, _CANNOT_RECORD, _NOT_OURS, _NOT_RUNNING, _BUSY = range(7)
_SNAPSHOT_SECONDS = 120.0

_current: Recording | None = None
generation = 0  # counted up with each beginning, end and fork: what was found out of a recording is of that one only


def _next_generation() -> None:
    global generation
    generation += 1


os.register_at_fork(after_in_child=_next_generation)


def core() -> Any:
    """The module of the agent's functions. UnsupportedInterpreter where it does not load."""
    if _core is None:
        if sys.version_info < OLDEST or sys.implementation.name != "cpython":
            this = f"{sys.implementation.name} {sys.version.split()[0]}"
            raise UnsupportedInterpreter(f"limpet records CPython {'.'.join(map(str, OLDEST))} and newer; this is {this} ({sys.executable})")
        raise UnsupportedInterpreter(f"limpet's module does not load into this Python: {_import_error}")
    return _core


def _no_birth(obj: object, /) -> None:
    """Where nothing can be recorded, nothing is known of any object."""


birth = _core.birth if _core is not None else _no_birth


class time_held:  # noqa: N801 (used like a function)
    """What the program waits for limpet does not count: growth that pauses meanwhile has not come to an end."""

    def __enter__(self) -> None:
        core().hold(True)

    def __exit__(self, *_: object) -> None:
        core().hold(False)


class Recording:
    """A recording of this process: a folder that the `limpet` program reads, too, at any time and after a crash."""

    def __init__(self, path: str, ours: bool) -> None:
        self.path = path
        self._ours = ours
        self._info: dict[str, Any] = {}

    def __fspath__(self) -> str:
        return self.path

    @property
    def active(self) -> bool:
        """Whether it is under way."""
        return _current is not None and _current.path == self.path and is_tracing()

    def leaks(self, snapshot: bool = True) -> Report:
        """What leaks, as far as the recording goes: `limpet report`. RecordingError if it cannot be read.

        snapshot    while it is under way: take a picture of the heap first, which tells types and holders as they are now
        """
        with time_held():  # imports, too: they are not the program's
            from . import _engine
            from ._values import Report

            if snapshot and self.active:
                _try_snapshot()  # one that may not take any, or not now, is judged without
            return Report(_engine.ask("report", self.path, "--json", "-", *self._process()))

    def top(self, limit: int = 10, by: str = "live", group: str = "line") -> Table:
        """Where memory was allocated: `limpet stats`. `by`: live, growth, churn or peak (bytes); `group`: line, file,
        function or stack; `limit` 0 means all rows."""
        from . import _engine
        from ._tables import allocation_table

        options = ["--by", by, "--group", group, "--limit", str(limit)]
        return allocation_table(_engine.ask("stats", self.path, "--json", *options, *self._process()), by)

    def snapshot(self) -> Heap:
        """Takes a picture of the heap now. See `limpet.snapshot`."""
        if not self.active:
            raise NotTracing("the recording has ended: there is nothing to take a picture of")
        return take_snapshot()

    def stop(self, snapshot: bool = True) -> None:
        """Ends it. See `limpet.stop`."""
        if _current is self:
            stop(snapshot)

    def _process(self) -> list[str]:
        pid = self._info.get("pid")
        return [] if pid in (None, os.getpid()) else ["--process", str(os.getpid())]  # a forked child asks for its own part

    def _write_info(self) -> None:
        part = os.path.join(self.path, "run.json.new")
        with open(part, "w", encoding="utf-8") as file:
            file.write("{" + ",\n  ".join(f"{_json(key)}: {_json(value)}" for key, value in self._info.items()) + "}\n")
        os.replace(part, os.path.join(self.path, "run.json"))

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        if self._ours:
            self.stop()

    def __repr__(self) -> str:
        return f"<limpet.Recording {self.path!r}{', under way' if self.active else ''}>"


def _json(value: Any) -> str:
    """JSON of the few values that run.json has. The module json would take longer to import than all the rest of `start`."""
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, list):
        return f"[{', '.join(map(_json, value))}]"
    units = str(value).encode("utf-16-be", "surrogatepass")
    codes = (units[i] << 8 | units[i + 1] for i in range(0, len(units), 2))
    plain = (chr(code) if 32 <= code < 127 and code not in b'"\\' else f"\\u{code:04x}" for code in codes)
    return f'"{"".join(plain)}"'


def _temporary_folder() -> str:
    """As tempfile.mkdtemp, which takes long to import."""
    if "tempfile" in sys.modules:
        import tempfile

        return tempfile.mkdtemp(prefix="limpet-", suffix=".limpet")
    for parent in (*(os.environ.get(name, "") for name in ("TMPDIR", "TEMP", "TMP")), "/tmp", "/var/tmp", os.getcwd()):
        path = os.path.join(os.path.abspath(parent), f"limpet-{os.urandom(8).hex()}.limpet")
        try:
            if parent:
                os.mkdir(path, 0o700)
                return path
        except OSError:
            continue
    raise FileNotFoundError("no temporary folder can be made")


def is_tracing() -> bool:
    """Whether this process is being recorded, by `limpet.start` or by `limpet run`."""
    return _core is not None and _core.find() and bool(_core.state()["recording"])


_takes_snapshots = False  # of the recording that start() began


def recording() -> Recording | None:
    """The recording that is under way, or None. Under `limpet run` that is the one of the command."""
    global _current
    if not is_tracing():
        return None
    if _current is None:
        _current = Recording(os.fsdecode(core().state()["directory"]), ours=False)
        _current._info = _read_info(_current.path)
    return _current


def _read_info(path: str) -> dict[str, Any]:
    import json

    try:
        with open(os.path.join(path, "run.json"), encoding="utf-8") as file:
            info: dict[str, Any] = json.load(file)
            return info
    except (OSError, ValueError):
        return {}


def _milliseconds(what: str, value: float) -> int:
    if not value > 0:
        raise ValueError(f"{what} is a number of seconds above 0, not {value!r}")
    return max(1, round(value * 1000))


def _load_agent() -> None:
    if _core.find():
        return
    try:
        _core.load(_files.AGENT)
    except OSError as error:
        raise UnsupportedInterpreter(f"the agent cannot be loaded: {error}") from error


def _make_folder(path: str, force: bool) -> None:
    if os.path.isdir(path) and force:
        import shutil

        names = os.listdir(path)
        if names and "run.json" not in names and not any(name[:1] == "p" and name[1:2].isdigit() for name in names):
            raise FileExistsError(f"will not replace {path!r}: it exists and is not a recording")
        shutil.rmtree(path)
    os.mkdir(path)


def start(
    path: str | os.PathLike[str] | None = None,
    *,
    epoch: float | str = "auto",
    snapshots: float | str = "auto",
    native: bool = True,
    follow: bool = True,
    redact: bool = False,
    force: bool = False,
) -> Recording:
    """Begins to record where this process allocates memory, and returns the `Recording`.

    path        the folder to record into, by custom NAME.limpet; None: a temporary one, removed at exit
    epoch       length of the stretches that growth is told by: "auto", seconds, or "iterations" (that `watch` marks)
    snapshots   pictures of the heap: "auto" (few), "asked" (by `snapshot` only), "off", or one every so many seconds
    native      also the malloc family and mmap, as all loaded libraries call them, and not only Python's allocators
    follow      also children made by os.fork (and multiprocessing's "fork"); others: use `limpet run`
    redact      keep no contents of strings in snapshots
    force       replace the recording `path` if it exists

    Memory allocated before is not known, and its end is not counted. Where a recording is under way, `start()` without a
    path returns that one, and with a path raises AlreadyTracing. UnsupportedInterpreter, FileExistsError and other OSErrors
    (the folder), RecordingError (no room on the disk) mean what they say; nothing has changed then.
    """
    global _current, _takes_snapshots
    current = recording()
    if current is not None:
        if path is None:
            return current
        raise AlreadyTracing(f"this process is being recorded into {current.path!r}")
    core()
    words = {"auto": 2, "asked": 1, "off": 0}
    if isinstance(snapshots, str) and snapshots not in words:
        raise ValueError(f"snapshots is 'auto', 'asked', 'off' or a number of seconds, not {snapshots!r}")
    if isinstance(epoch, str) and epoch not in ("auto", "iterations"):
        raise ValueError(f"epoch is 'auto', 'iterations' or a number of seconds, not {epoch!r}")
    epoch_ms = 0 if isinstance(epoch, str) else _milliseconds("epoch", epoch)
    every_ms = 0 if isinstance(snapshots, str) else _milliseconds("snapshots", snapshots)
    chosen = words[snapshots] if isinstance(snapshots, str) else 2
    _load_agent()
    temporary = path is None
    if path is None:
        path = _temporary_folder()
    else:
        path = os.path.abspath(os.fspath(path))
        _make_folder(path, force)
    answer, reason = core().start(path, epoch_ms, epoch == "iterations", chosen, every_ms, redact, follow, native)
    if answer != _OK:
        _remove_folder(path)
        raise {_UNSUPPORTED: UnsupportedInterpreter, _ALREADY: AlreadyTracing}.get(answer, RecordingError)(reason)
    _current = Recording(path, ours=True)
    _next_generation()
    _describe(_current)
    _takes_snapshots = snapshots != "off"
    if temporary:
        atexit.register(_remove_at_exit, path, os.getpid())
    return _current


def _describe(made: Recording) -> None:
    made._info = {
        "schema": "limpet.run/1",
        "limpet_version": __version__,
        "command": list(sys.orig_argv),
        "directory": os.getcwd() if os.path.isdir(".") else "",
        "started_ns": time.time_ns(),
        "ended_ns": 0,
        "exit_status": None,
        "signal": None,
        "pid": os.getpid(),
        "notes": [],
    }
    made._write_info()


def _remove_folder(path: str) -> None:
    import shutil

    shutil.rmtree(path, ignore_errors=True)


def _remove_at_exit(path: str, pid: int) -> None:
    if os.getpid() != pid:
        return
    if _current is not None and _current.path == path and is_tracing():
        stop(snapshot=False)
    _remove_folder(path)


def stop(snapshot: bool = True) -> None:
    """Ends the recording that `start` began; the hooks are taken out and the recording is complete.

    snapshot    take a last picture of the heap first, by which `leaks` can tell who holds what; False is quicker
                (a few milliseconds), and so it is where `start` was told snapshots="off"

    NotTracing: none is under way, or it is the one of `limpet run`, which ends with the program.
    """
    global _current
    if not is_tracing():
        raise NotTracing("no recording is under way")
    if not core().state()["in_process"]:
        raise NotTracing("this recording was begun by `limpet run` and ends with the program")
    with time_held():
        if snapshot and _takes_snapshots:
            _try_snapshot()  # the recording is as good without
        _wait_for_snapshot(time.monotonic() + _SNAPSHOT_SECONDS)
        answer = core().stop()
    _next_generation()
    if answer == _BUSY:
        raise RecordingError("threads did not come out of the allocator within two seconds; it is still recording")
    ended, _current = _current, None
    if ended is not None and ended._info.get("pid") == os.getpid() and os.path.isdir(ended.path):
        ended._info["ended_ns"] = time.time_ns()
        ended._write_info()


def _wait_for_snapshot(deadline: float) -> bool:
    pause = 0.001
    while core().poll_snapshot():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.05)
    return True


def _try_snapshot() -> None:
    try:
        take_snapshot()
    except RecordingError:
        pass


def take_snapshot() -> Heap:
    """A picture of the heap as it is now. The program stands still for the fork only (milliseconds); then this waits until
    the copy has written it. NotTracing without a recording, RecordingError when it cannot be taken."""
    from ._heap import Heap

    made = recording()
    if made is None:
        raise NotTracing("no recording is under way: limpet.start() first")
    if not _takes_snapshots and core().state()["in_process"]:
        raise RecordingError('the recording was begun with snapshots="off"')
    deadline = time.monotonic() + _SNAPSHOT_SECONDS
    number = core().begin_snapshot()
    while not number and time.monotonic() < deadline:
        _wait_for_snapshot(deadline)
        number = core().begin_snapshot()
        if not number:
            time.sleep(0.002)
    folder = os.fsdecode(core().state()["folder"])
    if not number or not _wait_for_snapshot(deadline):
        raise RecordingError("no heap snapshot can be taken now")
    if not os.path.exists(os.path.join(folder, f"heap.{number}")):
        raise RecordingError("the heap snapshot failed: `limpet heap --snapshot list` may tell more")
    return Heap(made.path, number, os.getpid())
