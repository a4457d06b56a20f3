"""limpet finds what clings to memory: what grows, where it was allocated, who holds it, and how to let it go.

    import limpet

    with limpet.record("app.limpet") as recording:
        serve()
    print(recording.leaks())

Sizes are bytes, times are seconds. docs/python.md tells all about it.
"""

from __future__ import annotations

from ._agent import Recording, birth as _birth, core, is_tracing, recording, start, stop, take_snapshot
from ._errors import (
    AlreadyTracing,
    LimpetError,
    NotFound,
    NotTracing,
    RecordingError,
    StillAliveWarning,
    UnsupportedInterpreter,
)
from ._births import Allocation
from ._version import __version__

TYPE_CHECKING = False  # typing's, without importing it: `import limpet` is to be cheap
if TYPE_CHECKING:
    import os
    from types import ModuleType

    from ._expect import Expectation, expect_dead
    from ._heap import Heap, Why
    from ._values import Finding, Frame, Record, Report, Stack, Table
    from ._watch import Phase, Watch, watch

__all__ = [
    "Allocation",
    "AlreadyTracing",
    "Expectation",
    "Finding",
    "Frame",
    "Heap",
    "LimpetError",
    "NotFound",
    "NotTracing",
    "Phase",
    "Record",
    "Recording",
    "RecordingError",
    "Report",
    "Stack",
    "StillAliveWarning",
    "Table",
    "UnsupportedInterpreter",
    "Watch",
    "Why",
    "__version__",
    "allocated_at",
    "checkpoint",
    "expect_dead",
    "install_tracemalloc",
    "is_tracing",
    "leaks",
    "record",
    "recording",
    "snapshot",
    "start",
    "stop",
    "top",
    "watch",
]

_LAZY = {
    "Expectation": "_expect",
    "expect_dead": "_expect",
    "Finding": "_values",
    "Frame": "_values",
    "Record": "_values",
    "Report": "_values",
    "Stack": "_values",
    "Table": "_values",
    "Heap": "_heap",
    "Why": "_heap",
    "Phase": "_watch",
    "Watch": "_watch",
    "watch": "_watch",
}


def __getattr__(name: str) -> object:
    """What few programs need is imported when it is asked for: `import limpet` is to be cheap."""
    if name not in _LAZY:
        raise AttributeError(f"module 'limpet' has no attribute {name!r}")
    import importlib

    value = globals()[name] = getattr(importlib.import_module(f".{_LAZY[name]}", __name__), name)
    return value


def load_ipython_extension(shell: object) -> None:
    """`%load_ext limpet` in a notebook: begins a recording; `%%limpet` and `%limpet` ask it. See docs/notebook.md."""
    from .notebook import load

    load(shell)


def record(
    path: str | os.PathLike[str] | None = None,
    *,
    epoch: float | str = "auto",
    snapshots: float | str = "auto",
    native: bool = True,
    follow: bool = True,
    redact: bool = False,
    force: bool = False,
) -> Recording:
    """`with limpet.record("x.limpet") as recording:` records what runs inside. Options and errors are those of `start`."""
    before = recording()
    made = start(path, epoch=epoch, snapshots=snapshots, native=native, follow=follow, redact=redact, force=force)
    # Inside of another recording, this one is that one, and ends with it.
    return made if before is None else Recording(made.path, ours=False)


def checkpoint(name: str) -> None:
    """Marks a moment by name: growth is told from mark to mark, too. Does nothing where nothing is recorded."""
    if is_tracing():
        core().mark(name)


def allocated_at(obj: object) -> Allocation | None:
    """Where and when an object was born: its `stack`, `age` (seconds) and `size` (bytes). None for what is not known: born
    before the recording, kept outside of Python's allocators (small ints, literals), or no recording is under way.

    Takes about a microsecond. The object's own code is not run.
    """
    birth = _birth(obj)
    return None if birth is None else Allocation(birth)


def install_tracemalloc() -> ModuleType:
    """Puts `limpet.tracemalloc` in the place of the standard module, which it returns: `import tracemalloc` gives it from now on, and code that
    has imported the standard one before finds the same functions in it (but not what it took out by `from tracemalloc import start`).
    Where the standard module is tracing, it is stopped, and limpet's goes on from here with as many frames.
    UnsupportedInterpreter as of `start`."""
    from . import tracemalloc

    return tracemalloc.install()


def _under_way() -> Recording:
    made = recording()
    if made is None:
        raise NotTracing("no recording is under way: limpet.start() first")
    return made


def leaks() -> Report:
    """What leaks in this process, as far as it has been recorded. NotTracing without a recording."""
    return _under_way().leaks()


def top(limit: int = 10, by: str = "live", group: str = "line") -> Table:
    """Where the memory that lives was allocated. See `Recording.top`. NotTracing without a recording."""
    return _under_way().top(limit, by, group)


def snapshot() -> Heap:
    """A picture of the heap now: the object graph with who holds what. The program stands still for milliseconds; then this
    waits until a copy of it has written the picture. NotTracing without a recording."""
    return take_snapshot()
