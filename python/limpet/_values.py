"""What limpet's functions return: small values that print well, convert to dicts, and show as HTML in notebooks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

STACK_LINES = 6


def bytes_text(count: float) -> str:
    """1536 -> '1.5 KB', with the units of limpet's reports (1 KB = 1024 bytes)."""
    sign, size = ("-", -count) if count < 0 else ("", count)
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024 or unit == "GB":
            digits = 0 if unit == "B" or size >= 10 else 1
            return f"{sign}{size:.{digits}f} {unit}"
        size /= 1024
    raise AssertionError


def html_text(text: object) -> str:
    """Text for HTML: nothing in it is markup."""
    import html

    return html.escape(str(text))


class Frame(NamedTuple):
    """One Python frame of a stack."""

    file: str
    line: int  # 0: unknown
    function: str  # qualified name

    def __str__(self) -> str:
        return f"{self.file}:{self.line} in {self.function}"

    def to_dict(self) -> dict[str, Any]:
        return self._asdict()


class Stack(tuple[Frame, ...]):
    """A Python stack, innermost frame first. Empty where no Python code was running."""

    __slots__ = ()

    def __str__(self) -> str:
        shown = [str(frame) for frame in self[:STACK_LINES]]
        if len(self) > STACK_LINES:
            shown.append(f"... {len(self) - STACK_LINES} more")
        return "\n  <- ".join(shown) if shown else "<no Python frame>"


_stacks: dict[int, Stack] = {}
_stacks_of = -1  # the recording that they are of


def stack_of(site: int) -> Stack:
    """The stack of a site; sites keep their numbers as long as the process lives."""
    global _stacks_of
    from . import _agent

    if _stacks_of != _agent.generation:
        _stacks.clear()
        _stacks_of = _agent.generation
    stack = _stacks.get(site)
    if stack is None:
        frames = _agent.core().stack(site)
        stack = _stacks[site] = Stack(Frame(file, line, qualname) for file, _, qualname, line in frames)
    return stack


class Record:
    """One row or finding: the fields of the JSON that `limpet ... --json` prints, as attributes and by []."""

    __slots__ = ("_fields",)

    def __init__(self, fields: dict[str, Any]) -> None:
        self._fields = fields

    def __getattr__(self, name: str) -> Any:
        try:
            return self._fields[name]
        except KeyError:
            raise AttributeError(f"{type(self).__name__} has no field {name!r}") from None

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._fields]

    def to_dict(self) -> dict[str, Any]:
        return dict(self._fields)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._fields!r})"


def place_text(place: dict[str, Any] | None) -> str:
    if not place:
        return ""
    if not place.get("file"):
        return str(place.get("function", ""))
    line = f":{place['line']}" if place.get("line") else ""
    return f"{place['file']}{line} in {place['function']}" if place.get("function") else f"{place['file']}{line}"


class Table(Sequence[Record]):
    """Rows of a table, and how they are shown: `columns` are (title, function of a row)."""

    def __init__(self, rows: list[Record], columns: Sequence[tuple[str, Any]], title: str = "") -> None:
        self._rows = rows
        self._columns = columns
        self.title = title

    def __getitem__(self, index: Any) -> Any:
        return self._rows[index]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._rows)

    def to_dict(self) -> list[dict[str, Any]]:
        return [row.to_dict() for row in self._rows]

    def _cells(self) -> list[list[str]]:
        return [[str(cell(row)) for _, cell in self._columns] for row in self._rows]

    def __str__(self) -> str:
        lines = [[title for title, _ in self._columns], *self._cells()]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self._columns))]
        text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines]
        return "\n".join([self.title, *text] if self.title else text)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html_text(title)}</th>" for title, _ in self._columns)
        body = "".join("<tr>" + "".join(f"<td>{html_text(cell)}</td>" for cell in line) + "</tr>" for line in self._cells())
        caption = f"<caption>{html_text(self.title)}</caption>" if self.title else ""
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


class Finding(Record):
    """A leak: the fields of a finding of the report (docs/usage.md): kind, confidence, types, site, holder_text, fix ..."""

    __slots__ = ()

    def __str__(self) -> str:
        types = ", ".join(self.types[:2]) or self.kind
        site = self.site[0] if self.site else None
        lines = [f"{types}: {bytes_text(self.live_bytes)} in {self.live_objects} blocks, confidence {self.confidence:.2f}"]
        if site:
            lines.append(f"  allocated at  {place_text(site)}")
        if self.holder_text:
            lines.append(f"  held by       {self.holder_text}")
        if self.fix:
            lines.append(f"  to let go     {self.fix}")
        return "\n".join(lines)

    __repr__ = __str__


class Report(Sequence[Finding]):
    """The findings of a recording, surest first, as a sequence; `verdict` is "leak", "no-leak" or "inconclusive"."""

    def __init__(self, report: dict[str, Any]) -> None:
        self._report = report
        self._findings = [Finding(finding) for finding in report.get("findings", [])]

    @property
    def verdict(self) -> str:
        return str(self._report.get("verdict", "inconclusive"))

    @property
    def dismissed(self) -> list[Finding]:
        """What looked like a leak and is none, each with its `reason`."""
        return [Finding(finding) for finding in self._report.get("dismissed", [])]

    def to_dict(self) -> dict[str, Any]:
        """The whole report, as `limpet report --json` prints it."""
        return dict(self._report)

    def __getitem__(self, index: Any) -> Any:
        return self._findings[index]

    def __len__(self) -> int:
        return len(self._findings)

    def __str__(self) -> str:
        if not self._findings:
            return str(self._report.get("explanation") or f"no findings ({self.verdict})")
        return "\n".join(str(finding) for finding in self._findings)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return f"<pre>{html_text(self)}</pre>"
