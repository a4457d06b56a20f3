"""Tables made of the JSON of the limpet program."""

from __future__ import annotations

from typing import Any

from ._values import Record, Table, bytes_text, place_text


def _stack_or_place(row: Record) -> str:
    stack = row.to_dict().get("stack")
    if stack:
        return " <- ".join(place_text(frame) for frame in stack)
    return place_text(row.to_dict().get("place"))


def allocation_table(answer: dict[str, Any], by: str) -> Table:
    """Of `limpet stats --json`."""
    first = {"growth": "growth", "peak": "peak", "churn": "freed"}.get(by, "live")
    columns = [
        (first, lambda row: bytes_text(row[first]["bytes"])),
        ("blocks", lambda row: row[first]["blocks"]),
        ("born", lambda row: bytes_text(row["born"]["bytes"])),
        ("allocated at", _stack_or_place),
    ]
    return Table([Record(row) for row in answer["rows"]], columns)


def heap_table(answer: dict[str, Any]) -> Table:
    """Of `limpet heap --json`: a row for each type, site or module."""
    group = str(answer["group_by"])

    def name(row: Record) -> str:
        value = row[group]
        return value if isinstance(value, str) else place_text(value)

    columns: list[tuple[str, Any]] = [
        ("objects", lambda row: row["objects"]),
        ("own", lambda row: bytes_text(row["own_bytes"])),
        ("retained", lambda row: bytes_text(row["retained_bytes"])),
        (group, name),
    ]
    if group == "type":
        columns.append(("born at", lambda row: place_text(row.to_dict().get("born"))))
    return Table([Record(row) for row in answer["rows"]], columns)
