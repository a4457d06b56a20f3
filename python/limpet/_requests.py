"""How many requests and tasks ran, by who answered them: a small file beside the recording, which `limpet report` reads (docs/format.md).

What they left behind is not counted here. The recording knows the stack of every block, and the function that answers is in it; so requests
that run at the same time, in threads or in one event loop, are told apart by whose code allocated, and never by the clock.
"""

from __future__ import annotations

import os
import struct
import threading
import time
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from . import _agent

MAGIC, VERSION = b"LIMPREQS", 1
HEADER = struct.Struct("<8sIIIIiIQQQQ")  # magic, version, two sizes, max_records, pid, records, begun, ended, unused
RECORD = struct.Struct("<QIIII240s504s256s")  # count, kind, first_line, samples, unused, name, file, function
SAMPLE = struct.Struct("<QQ")  # time_ns, count
COUNT = struct.Struct("<Q")
NUMBER = struct.Struct("<I")
MOST_RECORDS, MOST_SAMPLES = 128, 32
MOST_PATHS = 64  # of these: anybody may ask a server for any path
MOST_CODES = 1024  # code objects that are kept to find rows by
RECORD_SIZE = RECORD.size + MOST_SAMPLES * SAMPLE.size
RECORDS_AT, BEGUN_AT, ENDED_AT, SAMPLES_AT, NAME_AT = 28, 32, 40, 16, 24

FUNCTION, PATH, REST = 1, 2, 3  # kinds of records
FIRST_INTERVAL = 10_000_000  # nanoseconds between samples
NAMED_BY_FIRST = 32  # requests of a function that are looked at for its routes
MOST_NAMES = 3
OWN_FILE = "<limpet requests>"
OTHERS, THE_REST = "(other paths)", "(outside of the functions that answer)"


class Row:
    """One function, or one path, that answers. `through` calls what it is given with a frame in the stack that names the row."""

    __slots__ = ("at", "count", "due", "interval", "names", "samples", "through", "through_async")

    def __init__(self, at: int) -> None:
        self.at = at
        self.count = self.samples = 0
        self.due = 0
        self.interval = FIRST_INTERVAL
        self.names: list[str] = []
        self.through: Any = None
        self.through_async: Any = None


def _call(function: Any, *arguments: Any) -> Any:
    return function(*arguments)


async def _call_async(function: Any, *arguments: Any) -> Any:
    return await function(*arguments)


def _named(function: Any, name: str) -> Any:
    code = function.__code__.replace(co_filename=OWN_FILE, co_name=name, co_qualname=name, co_firstlineno=1)
    return FunctionType(code, function.__globals__, name)


def _text(value: str, room: int) -> bytes:
    whole = value.encode("utf-8", "replace")
    return whole if len(whole) <= room else whole[:room].decode("utf-8", "ignore").encode()


class Table:
    """The file of one process of one recording."""

    def __init__(self, folder: str) -> None:
        with open(os.path.join(folder, "data"), "rb") as data:
            data.seek(96)  # start_monotonic_ns: times count from there
            (self._start,) = COUNT.unpack(data.read(COUNT.size))
        self._map = _agent.core().map_requests()
        self._lock = threading.Lock()
        self._rows: dict[tuple[str, str, int], Row] = {}
        self._of_code: dict[CodeType, Row | None] = {}
        self._begun = self._ended = self._paths = 0
        self.over = False  # this process is a copy of the one that it belongs to
        self.rest = self._add(REST, THE_REST, OWN_FILE, THE_REST, 1)
        self._others = self._add(PATH, OTHERS, OWN_FILE, OTHERS, 1)
        HEADER.pack_into(self._map, 0, MAGIC, VERSION, HEADER.size, RECORD_SIZE, MOST_RECORDS, os.getpid(), len(self._rows), 0, 0, 0, 0)

    def _add(self, kind: int, name: str, file: str, function: str, line: int) -> Row:
        row = Row(HEADER.size + len(self._rows) * RECORD_SIZE)
        RECORD.pack_into(self._map, row.at, 0, kind, line, 0, 0, _text(name, 240), _text(file, 504), _text(function, 256))
        if kind != FUNCTION:
            row.through, row.through_async = _named(_call, name), _named(_call_async, name)
        self._rows[(file, function, line)] = row
        NUMBER.pack_into(self._map, RECORDS_AT, len(self._rows))
        return row

    def of_code(self, code: CodeType) -> Row | None:
        """The row of a function; None when there are as many as there is room for."""
        try:
            return self._of_code[code]
        except KeyError:
            pass
        with self._lock:
            key = (code.co_filename, code.co_qualname, code.co_firstlineno)
            row = self._rows.get(key)  # the same function, made anew
            if row is None and len(self._rows) < MOST_RECORDS:
                row = self._add(FUNCTION, key[1], *key)
            if len(self._of_code) >= MOST_CODES:
                self._of_code.clear()
            self._of_code[code] = row
        return row

    def answered(self, code: CodeType | None, name: Callable[[], str]) -> Row | None:
        """The row of the function that answered, None where that is not known; it may be told under which name."""
        row = self.of_code(code) if code is not None else None
        if row is not None and row.count < NAMED_BY_FIRST:
            self.name(row, name())
        return row

    def of_path(self, name: str) -> Row:
        """The row of a path, for programs that do not tell which function answers."""
        row = self._rows.get((OWN_FILE, name, 1))
        if row is None:
            with self._lock:
                row = self._rows.get((OWN_FILE, name, 1))
                if row is None:
                    self._paths += 1
                    room = self._paths < MOST_PATHS and len(self._rows) < MOST_RECORDS
                    row = self._add(PATH, name, OWN_FILE, name, 1) if room else self._others
        return row

    def begin(self) -> None:
        with self._lock:
            self._begun += 1
            COUNT.pack_into(self._map, BEGUN_AT, self._begun)

    def end(self, row: Row | None) -> None:
        """One has ended that `begin` told of; `row` answered."""
        now = time.monotonic_ns()
        if self.over:
            return
        with self._lock:
            self._ended += 1
            COUNT.pack_into(self._map, ENDED_AT, self._ended)
            self._count(self.rest, now)
            if row is not None and row is not self.rest:
                self._count(row, now)

    def _count(self, row: Row, now: int) -> None:
        row.count += 1
        COUNT.pack_into(self._map, row.at, row.count)
        if now >= row.due:
            self._sample(row, now)

    def _sample(self, row: Row, now: int) -> None:
        at = row.at + RECORD.size
        if row.samples == MOST_SAMPLES:  # every second one goes
            for kept in range(MOST_SAMPLES // 2):
                moved = self._map[at + 2 * kept * SAMPLE.size : at + (2 * kept + 1) * SAMPLE.size]
                self._map[at + kept * SAMPLE.size : at + (kept + 1) * SAMPLE.size] = moved
            row.samples = MOST_SAMPLES // 2
            row.interval *= 2
        SAMPLE.pack_into(self._map, at + row.samples * SAMPLE.size, now - self._start, row.count)
        row.samples += 1
        NUMBER.pack_into(self._map, row.at + SAMPLES_AT, row.samples)
        row.due = now + row.interval

    def name(self, row: Row, name: str) -> None:
        """A function answers by this name; it may have several."""
        if name in row.names:
            return
        with self._lock:
            if name not in row.names and len(row.names) <= MOST_NAMES:
                row.names.append(name)
                shown = ", ".join(row.names[:MOST_NAMES]) + (", ..." if len(row.names) > MOST_NAMES else "")
                self._map[row.at + NAME_AT : row.at + NAME_AT + 240] = _text(shown, 240).ljust(240, b"\0")


_generation = -1
_table: Table | None = None
_kept: list[Table] = []  # all that there ever were: a request that is under way may still end one
_opening = threading.Lock()


def table() -> Table | None:
    """Of this process's recording; None while none is under way."""
    return _table if _generation == _agent.generation else _open()


def _open() -> Table | None:
    global _generation, _table
    with _opening:
        wanted = _agent.generation
        if _generation == wanted:
            return _table
        made = None
        if _agent.is_tracing():
            try:
                made = Table(os.fsdecode(_agent.core().state()["folder"]))
                _kept.append(made)
            except OSError:
                pass  # no room for it: the recording is as good without
        _table, _generation = made, wanted
        return made


def _after_fork() -> None:
    """A forked child has a folder of its own, or none."""
    global _opening, _table
    _opening = threading.Lock()
    _table = None
    for made in _kept:
        made.over = True


os.register_at_fork(after_in_child=_after_fork)


def function_code(function: Any, method: str = "") -> CodeType | None:
    """The code that runs when a function answers, without its decorators, which may be those of other functions as well."""
    for _ in range(16):
        kind = getattr(function, "view_class", None) or getattr(function, "cls", None) or function
        if isinstance(kind, type):  # a class-based view: flask's, django's, of Django REST framework
            return _method_code(kind, method.lower(), getattr(function, "actions", None))
        inner = getattr(function, "__wrapped__", None) or getattr(function, "func", None)
        if inner is None:
            break
        function = inner
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _method_code(kind: type, method: str, actions: Any) -> CodeType | None:
    """Of the method of a view that answers. `actions`: which one that is for each HTTP method, where the view does not name them so."""
    if isinstance(actions, dict):
        method = str(actions.get(method, method))
    for name in (method, "get" if method == "head" else "", "dispatch_request", "dispatch"):
        if name and hasattr(kind, name):
            return function_code(getattr(kind, name))
    return None
