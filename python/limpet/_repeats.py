"""Growth per round of what is repeated, and when it is a leak."""

from __future__ import annotations

import gc
import re
import statistics
import sys
from collections.abc import Callable, Sequence

from . import _agent
from ._outlived import Left, set_aside
from ._values import bytes_text

# Bytes that a round may leave without being called a leak: an interpreter's own small change (a longer dict, a counter).
FLOOR = 256

_UNITS = {"": 1, "B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}


def byte_count(value: object, what: str) -> int:
    """A size as a number of bytes or as text ("10KB"). ValueError for anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?B?)\s*", value, re.IGNORECASE) if isinstance(value, str) else None
    unit = match[2].upper() if match else ""
    if match is None or (unit and not unit.endswith("B")):
        raise ValueError(f'{what} is a number of bytes or a text such as "10KB", not {value!r}')
    return int(float(match[1]) * _UNITS[unit])


def live_bytes() -> int:
    """Bytes that live now."""
    return int(_agent.core().state()["live_bytes"])


def settled() -> int:
    """Bytes that live when the collector has taken what nobody holds, and the interpreter's free lists are empty."""
    gc.collect()
    return live_bytes()


BLOCK = 64  # bytes that a block of Python's small-object allocator is taken for: they are counted, not added up


# The C library keeps up to 7 freed blocks of each size in a cache of the thread, and counts them as used. Of sizes that Python's own allocator leaves to it:
_KEPT_SIZES = [size - 33 for size in range(520, 1033, 16) for _ in range(7)]  # but for the head of `bytes`


def fill_thread_cache() -> None:
    """So that the cache is as full each time something is counted. It takes some 20 microseconds."""
    [b"x" * size for size in _KEPT_SIZES]


def unrecorded_counter() -> Callable[[], int] | None:
    """A function that tells about how many bytes are in use, without any recording, in some 80 microseconds. None where the C library does not tell."""
    import ctypes

    class Figures(ctypes.Structure):  # glibc's struct mallinfo2
        _fields_ = [(name, ctypes.c_size_t) for name in "arena ordblks smblks hblks mapped usmblks fsmblks used fordblks keepcost".split()]

    try:
        figures = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError):
        return None
    figures.restype = Figures
    figures.argtypes = ()

    def count() -> int:
        fill_thread_cache()
        now = figures()
        return int(now.used + now.mapped + BLOCK * sys.getallocatedblocks())

    return count


class SetAside:
    """`with SetAside():` the collector leaves alone what is there now, so that collecting what comes after it is quick. Where
    the program sets objects aside itself, nothing is done."""

    def __init__(self) -> None:
        self.active = False  # then `gc.get_objects()` tells only what came since

    def renew(self) -> None:
        """Sets aside what has come since, too."""
        if self._may():
            gc.collect()
            self.begin()

    def begin(self) -> None:
        """The same, where the collector has just run."""
        if self._may():
            gc.freeze()
            self.active = True

    def _may(self) -> bool:
        return self.active or not set_aside()

    def end(self) -> None:
        if self.active:
            gc.unfreeze()
            self.active = False

    def __enter__(self) -> SetAside:
        self.renew()
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def steady(growth: Sequence[int]) -> int:
    """Bytes that each round leaves at least: the least of the later half, when caches are warm."""
    return max(0, min(growth[len(growth) // 2 :], default=0))


def typical(growth: Sequence[int]) -> int:
    """Bytes that a later round leaves, by the median."""
    return int(statistics.median(growth[len(growth) // 2 :] or [0]))


def story(what: str, growth: Sequence[int], lefts: Sequence[Left], unit: str = "run") -> str:
    """The finding as text."""
    late = ", ".join(bytes_text(count) for count in growth[len(growth) // 2 :][-6:])
    lines = [f"{what} leaks: each {unit} leaves {bytes_text(typical(growth))} (after warming up: {late})"]
    if lefts:
        lines.append(f"left by the last {unit}:")
        lines += ["  " + line for left in lefts for line in str(left).splitlines()]
    else:
        lines.append("no Python object that the garbage collector can reach accounts for it: memory of C code, or of an object's storage")
    return "\n".join(lines)
