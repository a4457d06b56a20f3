"""limpet in notebooks: `%load_ext limpet`, `%%limpet`, `%limpet why df`. docs/notebook.md tells all."""

from __future__ import annotations

import argparse
import time
from typing import Any, NoReturn

from . import _agent, _outlived, _repeats
from ._errors import LimpetError
from ._values import bytes_text, html_text, place_text

USAGE = """%%limpet              what this cell leaves behind
%limpet why NAME      who holds it: a variable, or what `limpet why` takes ("app.Session", "app.py:40")
%limpet top           where the memory that lives was allocated; also by growth, churn, peak: %limpet top growth
%limpet heap          what there is, by type
%limpet leaks         what leaks, as far as it has been recorded"""


class CellReport:
    """What a cell left behind: `growth` bytes, and `left`, by type and line."""

    def __init__(self, growth: int, seconds: float, left: list[_outlived.Left]) -> None:
        self.growth = growth
        self.seconds = seconds
        self.left = left

    @property
    def title(self) -> str:
        return f"{bytes_text(self.growth)} more than before the cell, which took {self.seconds:.2f} s"

    def to_dict(self) -> dict[str, Any]:
        return {"growth": self.growth, "seconds": self.seconds, "left": [left.to_dict() for left in self.left]}

    def __repr__(self) -> str:
        return "\n".join([self.title, *(str(left) for left in self.left)])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{title}</th>" for title in ("objects", "type", "own bytes", "allocated at", "held by"))
        rows = []
        for left in self.left:
            place = place_text(left.stack[0].to_dict()) if left.stack else ""
            cells = [left.objects, left.type, bytes_text(left.bytes), place, left.holder]
            rows.append("<tr>" + "".join(f"<td>{html_text(cell)}</td>" for cell in cells) + "</tr>")
        return f"<table><caption>{html_text(self.title)}</caption><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ValueError(message)


def _parser() -> _Parser:
    parser = _Parser(prog="%limpet", add_help=False)
    commands = parser.add_subparsers(dest="command", required=True, parser_class=_Parser)
    commands.add_parser("why", add_help=False).add_argument("target", nargs="+")
    commands.add_parser("top", add_help=False).add_argument("by", nargs="?", default="live", choices=["live", "growth", "churn", "peak"])
    commands.add_parser("heap", add_help=False)
    commands.add_parser("leaks", add_help=False)
    return parser


def _target(words: list[str], names: dict[str, Any]) -> object:
    """The variable that is meant, or the text as it is. Only names are looked up: nothing is evaluated."""
    text = " ".join(words)
    return names[text] if text in names else text


def _ask(line: str, names: dict[str, Any]) -> object:
    if not line.strip():
        print(USAGE)
        return None
    asked = _parser().parse_args(line.split())
    recording = _agent.recording() or _agent.start()
    if asked.command == "top":
        return recording.top(by=asked.by)
    if asked.command == "leaks":
        return recording.leaks()
    heap = recording.snapshot()
    return heap.by_type() if asked.command == "heap" else heap.why(_target(asked.target, names))


def _watch_cell(shell: Any, cell: str) -> CellReport | None:
    before = _repeats.settled()
    since, start = _outlived.moment(), time.monotonic()
    done = shell.run_cell(cell, store_history=False)
    seconds = time.monotonic() - start
    failed = not done.success  # told already, with its traceback
    del done
    growth = _repeats.settled() - before
    return None if failed else CellReport(growth, seconds, _outlived.explain(_outlived.left_since(since)))


def load(shell: Any) -> None:
    """Begins a recording, so that it is known where objects were made, and registers the magics."""
    from IPython.core.error import UsageError

    def limpet(line: str, cell: str | None = None) -> object:
        try:
            if cell is None:
                return _ask(line, shell.user_ns)
            if line.strip():
                raise ValueError("%%limpet takes nothing more on its line")
            _ = _agent.recording() or _agent.start()
            return _watch_cell(shell, cell)
        except (LimpetError, ValueError) as error:
            raise UsageError(f"limpet: {error}") from None

    try:
        _ = _agent.recording() or _agent.start()
    except LimpetError as error:
        raise UsageError(f"limpet: {error}") from None
    shell.register_magic_function(limpet, "line_cell", "limpet")
