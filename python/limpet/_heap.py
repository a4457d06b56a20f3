"""Heap snapshots: the whole object graph at a moment, asked by Python."""

from __future__ import annotations

from typing import Any

from . import _engine
from ._tables import heap_table
from ._values import Record, Table, bytes_text, html_text


class Why(Record):
    """Who holds an object (or all objects of a type): the fields of `limpet why --json`."""

    __slots__ = ("_text",)

    def __init__(self, fields: dict[str, Any], text: str) -> None:
        super().__init__(fields)
        self._text = text

    @property
    def path(self) -> str:
        """The first way from a root to it, or "" when nobody holds it."""
        ways = [way["holder_text"] for holding in self.holdings for way in holding["ways"]]
        return str(ways[0]) if ways else ""

    def __str__(self) -> str:
        return self._text

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{html_text(self._text)}</pre>"


class Heap:
    """A picture of the heap. It is a file of the recording: it stays what it is while the program goes on.

    Objects are looked up by their address. One that is younger than the picture is not in it (NotFound), and none of the
    objects' own code (`__repr__`, `__eq__` ...) is ever run. A string names a type, a line or a path, as for `limpet why`:
    "app.Session", "app.py:40", "app.SESSIONS['u1']".
    """

    def __init__(self, recording: str, number: int, pid: int) -> None:
        self.recording = recording
        self.number = number
        self._where = ["--process", str(pid), "--snapshot", str(number)]
        self._summary: dict[str, Any] | None = None

    def _ask(self, *options: str) -> dict[str, Any]:
        return _engine.ask("heap", self.recording, "--json", *self._where, *options)

    def _facts(self) -> dict[str, Any]:
        if self._summary is None:
            self._summary = self._ask("--against", "0")
        return self._summary

    @property
    def objects(self) -> int:
        """How many objects there are."""
        return int(self._facts()["objects"])

    @property
    def bytes(self) -> int:
        """Bytes of all objects and their storage."""
        return int(self._facts()["bytes"])

    def by_type(self, limit: int = 10, by: str = "retained") -> Table:
        """A row for each type. `by`: retained or own (bytes), or count; `limit` 0: all."""
        return heap_table(self._ask("--against", "0", "--limit", str(limit), "--by", by))

    def by_site(self, limit: int = 10, by: str = "retained") -> Table:
        """A row for each line that allocated."""
        return heap_table(self._ask("--against", "0", "--group", "site", "--limit", str(limit), "--by", by))

    def by_module(self, limit: int = 10, by: str = "retained") -> Table:
        """A row for each module that objects' types come from."""
        return heap_table(self._ask("--against", "0", "--group", "module", "--limit", str(limit), "--by", by))

    def why(self, target: object, all_paths: bool = False) -> Why:
        """Who holds an object, or what a string names, and what to cut to let it go. NotFound if it is not in the picture."""
        words = ["why", self.recording, _target(target), *self._where, *(["--all-paths"] if all_paths else [])]
        return Why(_engine.ask(*words, "--json"), _engine.run(*words))

    def referrers(self, target: object) -> list[str]:
        """The named ways to an object, one for each reference to it: "module app .SESSIONS -> dict['u1'] -> Session"."""
        answer = _engine.ask("why", self.recording, _target(target), *self._where, "--all-paths", "--limit", "0", "--json")
        ways = answer.get("all_paths") or [way for holding in answer["holdings"] for way in holding["ways"]]
        return [way["holder_text"] for way in ways]

    def retained(self, target: object) -> int:
        """Bytes that would be freed with it, each counted once."""
        return int(self.why(target)["retained_bytes"])

    def path(self, target: object) -> str:
        """The shortest way from a root to it, or "" when nobody holds it."""
        return self.why(target).path

    def cycles(self) -> list[Record]:
        """Cycles that nobody holds: they wait for the collector."""
        return [Record(cycle) for cycle in self._facts()["cycles"]]

    def diff(self, older: Heap) -> Record:
        """What there is more than in an older picture of the same recording: the fields of `limpet heap --against`."""
        if older.recording != self.recording:
            raise ValueError("pictures of two recordings: see `limpet diff`")
        return Record(self._ask("--against", str(older.number)))

    def to_dict(self) -> dict[str, Any]:
        return dict(self._facts())

    def __repr__(self) -> str:
        return f"<limpet.Heap {self.number} of {self.recording!r}>"

    def __str__(self) -> str:
        return f"{self.objects} objects, {bytes_text(self.bytes)}\n{self.by_type()}"

    def _repr_html_(self) -> str:
        return f"<p>{self.objects} objects, {html_text(bytes_text(self.bytes))}</p>{self.by_type()._repr_html_()}"


def _target(target: object) -> str:
    # type(), not isinstance(): that would ask the object for its __class__.
    return str(target) if type(target) is str else hex(id(target))
