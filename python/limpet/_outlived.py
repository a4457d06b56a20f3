"""Objects that were born after a moment and are still there: what a test, a loop or a cell of a notebook leaves behind."""

from __future__ import annotations

import gc
import itertools
import os
import sys
import time
import types
from collections.abc import Iterator
from typing import Any

from . import _agent, _ways
from ._errors import LimpetError
from ._values import Frame, Stack, bytes_text, place_text, stack_of

SHOWN = 3  # groups that are told of; who holds the first of them is asked of the limpet program, which takes some tenths of a second
_CHUNK = 2000

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep
_LIBRARY = os.path.dirname(os.__file__) + os.sep
# Who calls tests and is no part of them. A stack's frames beyond the first of these say nothing of what was left.
RUNNERS = ("/_pytest/", "/pluggy/", "/unittest/", "/xdist/", "/execnet/", "/pytest_asyncio/", "/IPython/", "/ipykernel/")

_RUNNER_TYPES = ("_pytest.", "pluggy.", "xdist.", "pytest_asyncio.")


# CPython 3.12 sets some hundred objects aside itself, those that never die, and more as modules are imported.
_SET_ASIDE_AT_START = gc.get_freeze_count()
_SET_ASIDE_BY_ITSELF = 2000


def set_aside() -> bool:
    """Whether somebody told the collector to leave alone what is there."""
    return gc.get_freeze_count() > _SET_ASIDE_AT_START + _SET_ASIDE_BY_ITSELF


def moment() -> int:
    """Now, as `left_since` takes it: what is born from now on is told from what is there."""
    now = time.monotonic_ns()
    _agent.core().mark("")
    return now


def own_frames(stack: Stack) -> Stack:
    """The part of a stack that is the program's own, up to who called it: a test runner, a notebook, limpet."""

    def called(frame: Frame) -> bool:
        return not frame.file.startswith(_OURS) and not any(folder in frame.file for folder in RUNNERS)

    return Stack(itertools.takewhile(called, stack))


def type_name(kind: type) -> str:
    try:
        return f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    except Exception:  # a metaclass may raise anything
        return "object"


def _is_its_own(stack: Stack) -> bool:
    """Whether a line of the program, or of a package that it uses, is in it: not only the standard library's."""
    return any(not frame.file.startswith(("<frozen", "<string>", _LIBRARY)) or "-packages/" in frame.file for frame in stack)


class Left:
    """Objects of one type from one line, that outlived what was looked at."""

    def __init__(self, kind: str, stack: Stack) -> None:
        self.type = kind
        self.stack = stack
        self.objects = 0
        self.bytes = 0  # of their own blocks
        self.storage = 0  # the same, with the tables of built-in containers
        self.address = 0  # of the youngest one
        self.hangs = True  # every one of them is referred to by others that were left
        self.why: dict[str, Any] = {}
        self.way = ""  # to the youngest, where it is held as one like it was before

    @property
    def holder(self) -> str:
        """The way from a root to one of them: "module app .SESSIONS -> dict['u1'] -> Session". "" if unknown."""
        if self.way:
            return self.way
        ways = [way["holder_text"] for holding in self.why.get("holdings", []) for way in holding["ways"]]
        return str(ways[0]) if ways else ""

    @property
    def kept_by_runner(self) -> bool:
        """Whether the test runner holds it, in a fixture of the whole session for example: it lives as long as that."""
        ways = [way["holder"] for holding in self.why.get("holdings", []) for way in holding["ways"][:1]]
        return any(str(step["type"]).startswith(_RUNNER_TYPES) for way in ways[:1] for step in way)

    def to_dict(self) -> dict[str, Any]:
        site = self.stack[0].to_dict() if self.stack else None
        return {"type": self.type, "objects": self.objects, "bytes": self.bytes, "site": site, "holder": self.holder}

    def __str__(self) -> str:
        lines = [f"{self.objects} {self.type}" + (f" ({bytes_text(self.bytes)})" if self.bytes else "")]
        places = [place_text(frame.to_dict()) for frame in self.stack[:3]]
        if places:
            lines.append(f"  allocated at  {'  <-  '.join(places)}" + ("  <-  ..." if len(self.stack) > 3 else ""))
        if self.way:
            lines.append(f"  held by       {self.way}")
        elif self.why:
            lines.append(f"  held by       {self.holder or self._unheld()}")
            free = max((holding["would_free"]["bytes"] for holding in self.why["holdings"] if holding.get("would_free")), default=0)
            if free:
                lines.append(f"  would free    {bytes_text(free)} each")
        return "\n".join(lines)

    def _unheld(self) -> str:
        if self.why["garbage"]["objects"]:
            return "nobody: they wait for the collector"
        return "C code, by its reference count"


# What these refer to can be asked of any of them. Other types of C code may hand out what is not alive (CPython 3.12's
# _asyncio module: its free list).
_PLAIN = {dict, list, tuple, set, frozenset, types.FunctionType, types.MethodType, types.CellType}
_HAS_TABLE = {dict, list, set, frozenset, bytearray}
_HEAP_TYPE, _IMMUTABLE = 1 << 9, 1 << 8
_FLAGS = type.__dict__["__flags__"].__get__  # not what a metaclass says
_NAMESPACE = type.__dict__["__dict__"].__get__


def _may_be_asked(kind: type) -> bool:
    if kind in _PLAIN:
        return True
    flags: int = _FLAGS(kind)
    names = _NAMESPACE(kind)  # a class that Python code made
    return flags & (_HEAP_TYPE | _IMMUTABLE) == _HEAP_TYPE and ("__dict__" in names or "__slots__" in names)


def _referents(objects: list[Any]) -> Iterator[list[Any]]:
    kinds: dict[type, bool] = {}
    asked = []
    for obj in objects:
        kind = type(obj)
        if kind not in kinds:
            kinds[kind] = _may_be_asked(kind)
        if kinds[kind]:
            asked.append(obj)
    for start in range(0, len(asked), _CHUNK):
        yield gc.get_referents(*asked[start : start + _CHUNK])


_Survivor = tuple[Any, tuple[int, int, int, int, int]]


def _survivors(since: int) -> list[_Survivor]:
    """Objects born since then that live."""
    born_since = _agent.core().born_since
    aside = set_aside()
    gc.unfreeze()  # else they are not told
    tracked = gc.get_objects()
    if aside:
        gc.freeze()
    found = {id(obj): (obj, born) for some in itertools.chain([tracked], _referents(tracked)) for obj, born in born_since(some, since)}
    return [(obj, born) for obj, born in found.values() if _is_its_own(own_frames(stack_of(born[1])))]


def _storage(obj: Any, block: int) -> int:
    """Bytes of an object with its table. Only built-in types are asked: others may run code of the program."""
    return max(block, sys.getsizeof(obj)) if type(obj) in _HAS_TABLE else block


def left_since(since: int) -> list[Left]:
    """What was born since that `moment` and lives, most important first. Holders are not known yet (see `explain`)."""
    return _grouped(_survivors(since))


def left_each_time(since: int, before: int) -> list[Left]:
    """What was born since that `moment` and lives, where the like of it from between an earlier moment and that one lives, too: else it took the place of
    what was there before. All of it, where nothing is left each time."""
    survivors = _survivors(before)
    young = {id(obj) for obj, _ in _agent.core().born_since([obj for obj, _ in survivors], since)}
    older = {_group(obj, born) for obj, born in survivors if id(obj) not in young}
    last = [(obj, born) for obj, born in survivors if id(obj) in young]
    return _grouped([(obj, born) for obj, born in last if _group(obj, born) in older] or last)


def _group(obj: Any, born: tuple[int, int, int, int, int]) -> tuple[str, Stack]:
    return type_name(type(obj)), own_frames(stack_of(born[1]))


def _grouped(survivors: list[_Survivor]) -> list[Left]:
    held = {id(obj) for some in _referents([obj for obj, _ in survivors]) for obj in some}
    groups: dict[tuple[str, Stack], Left] = {}
    for obj, born in survivors:
        key = _group(obj, born)
        left = groups.setdefault(key, Left(*key))
        left.objects += 1
        left.bytes += born[0]
        left.storage += _storage(obj, born[0])
        left.address = id(obj)
        left.hangs = left.hangs and id(obj) in held
    return sorted(groups.values(), key=lambda left: (left.hangs, "." not in left.type, -left.bytes))


def fullness() -> dict[tuple[str, int], tuple[int, str]]:
    """How much is in the places that are known to leak, of those where objects have come that the collector has not been told to leave alone."""
    return _ways.fullness(gc.get_objects(), type_name)


def left_where_others_did(before: dict[tuple[str, int], tuple[int, str]]) -> list[Left]:
    """What has come to such places since, where they hold more than they did then: known without a recording."""
    lefts = []
    for (kind, container), (entries, way) in fullness().items():
        earlier = before.get((kind, container))
        if earlier and entries > earlier[0]:
            left = Left(kind, Stack())
            left.objects, left.way = entries - earlier[0], way
            lefts.append(left)
    return lefts


def explain(lefts: list[Left]) -> list[Left]:
    """Finds out who holds the first of them; returns those worth telling. Where one is held as one like it was before, that is who; else a picture
    of the heap is asked. Where none can be taken they are told without."""
    shown = [left for left in lefts if not left.hangs][:SHOWN] or lefts[:SHOWN]
    for left in shown:
        left.way = _ways.find(left.type, left.address)
        if left.way:
            return shown
    if not shown:
        return shown
    from . import _engine

    try:
        heap = _agent.take_snapshot()
        where = ["--process", str(os.getpid()), "--snapshot", str(heap.number)]
        for left in shown:
            left.why = _engine.ask("why", heap.recording, hex(left.address), *where, "--json")
            if not left.kept_by_runner:
                _remember(left)
                break
    except LimpetError:
        pass
    return [left for left in shown if not left.kept_by_runner]


def _remember(left: Left) -> None:
    ways = [way for holding in left.why["holdings"] for way in holding["ways"]]
    if ways:
        _ways.learn(left.type, ways[0])
