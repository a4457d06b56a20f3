"""The standard tracemalloc, over limpet's recordings: the same functions with the same results, at limpet's cost.

    import limpet.tracemalloc as tracemalloc

    tracemalloc.start(25)
    ...
    for statistic in tracemalloc.take_snapshot().statistics("lineno")[:10]:
        print(statistic)

Classes (Snapshot, Filter, Statistic ...) are the standard module's own, so that snapshots are exchanged with it freely. What it has more:
`churn` tells what was allocated and freed again, and `take_snapshot` and `get_object_traceback` show more frames than `start` was told
to, since limpet knows all of every stack. `limpet.install_tracemalloc()` puts this module in the standard one's place.

Sizes are bytes. Functions raise what the standard module's raise; `start` also raises limpet's errors (`limpet.start`) where nothing can be
recorded, and RuntimeError where another tool's allocators stand before limpet's.
"""

from __future__ import annotations

import sys
import tracemalloc as _standard
from tracemalloc import (
    BaseFilter,
    DomainFilter,
    Filter,
    Frame,
    Snapshot,
    Statistic,
    StatisticDiff,
    Trace,
    Traceback,
)
from types import ModuleType
from typing import Any

from . import _agent

__all__ = [
    "BaseFilter",
    "DomainFilter",
    "Filter",
    "Frame",
    "Snapshot",
    "Statistic",
    "StatisticDiff",
    "Trace",
    "Traceback",
    "churn",
    "clear_traces",
    "get_object_traceback",
    "get_traceback_limit",
    "get_traced_memory",
    "get_tracemalloc_memory",
    "is_tracing",
    "reset_peak",
    "start",
    "stop",
    "take_snapshot",
]

_core = _agent.core()

is_tracing = _core.trace_is_tracing
clear_traces = _core.trace_clear_traces
get_traceback_limit = _core.trace_get_traceback_limit
get_traced_memory = _core.trace_get_traced_memory
get_tracemalloc_memory = _core.trace_get_tracemalloc_memory
reset_peak = _core.trace_reset_peak
_get_traces = _core.trace__get_traces
_get_object_traceback = _core.trace__get_object_traceback

_own: _agent.Recording | None = None  # the recording that `start` began, because there was none
_MOST_FRAMES = 65535


def start(nframe: int = 1, /) -> None:
    """Begins to trace, with up to `nframe` frames of each stack (1 to 65535, else ValueError). Where nothing is recorded yet, this begins a
    recording for it, of Python's allocators only. Does nothing while it traces already."""
    global _own
    if is_tracing():
        return
    if not 1 <= nframe <= _MOST_FRAMES:
        raise ValueError(f"the number of frames must be in range [1; {_MOST_FRAMES}]")
    if not _agent.is_tracing():
        _own = _agent.start(native=False, snapshots="asked")
    _core.trace_start(nframe)


def stop() -> None:
    """Ends tracing and forgets the traces. A recording that `start` began ends, too."""
    global _own
    _core.trace_stop()
    ours, _own = _own, None
    if ours is not None and ours.active:
        _agent.stop(snapshot=False)


def take_snapshot(*, nframe: int | None = None) -> Snapshot:
    """All blocks traced now, as the standard module's Snapshot.

    nframe      frames of each stack; as `start` was told, unless this says otherwise
    """
    if not is_tracing():
        raise RuntimeError("the tracemalloc module must be tracing memory allocations to take a snapshot")
    if nframe is None:
        return Snapshot(_get_traces(), get_traceback_limit())
    return Snapshot(_get_traces(nframe), nframe)


def get_object_traceback(obj: object, *, nframe: int | None = None) -> Traceback | None:
    """Where the memory of an object was allocated; None if it is not traced. `nframe`: see `take_snapshot`."""
    frames = _get_object_traceback(obj) if nframe is None else _core.trace_object(obj, nframe)
    return None if frames is None else Traceback(frames)


def churn(key_type: str = "lineno", *, nframe: int | None = None) -> list[Statistic]:
    """What was allocated since `start` or `clear_traces` and has been freed again, biggest first: what no snapshot shows.

    key_type    "traceback", "filename" or "lineno", as of Snapshot.statistics
    """
    if key_type not in ("traceback", "filename", "lineno"):
        raise ValueError(f"unknown key_type: {key_type!r}")
    sums: dict[Traceback, Statistic] = {}
    for frames, _, _, _, deaths, size in _core.trace_churn() if nframe is None else _core.trace_churn(nframe):
        if not deaths:
            continue
        if key_type == "traceback":
            key = Traceback(frames)
        else:
            file, line = frames[0]
            key = Traceback(((file, line if key_type == "lineno" else 0),))
        statistic = sums.setdefault(key, Statistic(key, 0, 0))
        statistic.size += size
        statistic.count += deaths
    return sorted(sums.values(), key=lambda statistic: (statistic.size, statistic.count, statistic.traceback), reverse=True)


def __getattr__(name: str) -> Any:
    """Names that only the standard module has, such as its private ones."""
    return getattr(_standard, name)


_FUNCTIONS = (
    "is_tracing",
    "clear_traces",
    "get_traceback_limit",
    "get_traced_memory",
    "get_tracemalloc_memory",
    "reset_peak",
    "_get_traces",
    "_get_object_traceback",
    "start",
    "stop",
)


def install() -> ModuleType:
    """See `limpet.install_tracemalloc`."""
    this = sys.modules[__name__]
    for name in _FUNCTIONS:
        setattr(_standard, name, getattr(this, name))
    sys.modules["tracemalloc"] = this
    return this


def _take_over() -> None:
    """What -X tracemalloc or PYTHONTRACEMALLOC began goes on here, from now on."""
    if _standard.is_tracing is is_tracing or not _standard.is_tracing() or is_tracing():
        return
    limit = _standard.get_traceback_limit()
    _standard.stop()
    start(limit)


_take_over()
