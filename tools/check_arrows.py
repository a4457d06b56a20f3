#!/usr/bin/env python3
"""Checks which room of src/ includes which: the arrows of docs/design, as an allowlist.

usage: tools/check_arrows.py [ROOT]

A room is a folder of src/. It may include its own headers and those of the rooms listed for it here, and its
CMakeLists.txt may link no others. Python.h belongs to the layout check and to the extension module alone: everything
else must work in processes whose Python it was not built against.
"""

import re
import sys
from pathlib import Path

ARROWS = {
    "base": set(),
    "cpython": {"base"},
    "capture": {"base"},
    "process": {"base"},
    "walk": {"cpython", "capture", "base"},
    "agent": {"walk", "cpython", "capture", "base"},
    "python": {"agent"},
    "heap": {"capture", "cpython", "process", "base"},
    "diagnose": {"heap", "capture", "process", "base"},
    "report": {"diagnose", "heap", "capture", "process", "base"},
    "interchange": {"report", "diagnose", "heap", "capture", "process", "base"},
    "viewer": {"interchange", "report", "diagnose", "heap", "capture", "process", "base"},
    "serve": {"capture", "base"},
    "cli": {"serve", "viewer", "interchange", "report", "diagnose", "heap", "walk", "capture", "process", "cpython", "base"},
}

PYTHON_H_ALLOWED = (
    "src/cpython/layout_check.cc",
    "src/cpython/object_layout_check.cc",
    "src/cpython/state_layout_check.cc",
    "src/python/",
)

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
DEPS = re.compile(r"limpet_room\(\s*(\w+)[^)]*?DEPS\s+([^)]*?)(?:LIBS|\))", re.DOTALL)


def check_source(path: str, text: str) -> list[str]:
    """Returns what is wrong with the includes of one file; `path` is relative to the root."""
    problems = []
    parts = path.split("/")
    room = parts[1] if parts[0] == "src" and len(parts) > 2 else None
    for match in INCLUDE.finditer(text):
        quote, target = match.groups()
        where = f"{path}:{text.count(chr(10), 0, match.start(2)) + 1}"
        first = target.split("/")[0]
        if target in ("Python.h", "pyconfig.h") or first == "internal" or first.startswith("pycore_"):
            if not path.startswith(PYTHON_H_ALLOWED):
                problems.append(f"{where}: <{target}> is allowed only in {' and '.join(PYTHON_H_ALLOWED)}")
        elif room is None or path in PYTHON_H_ALLOWED:
            continue
        elif quote == '"' and ("/" not in target or first == ".."):
            problems.append(f'{where}: "{target}" names no room; write "room/file.h"')
        elif first in ARROWS and "/" in target and first != room and first not in ARROWS[room]:
            problems.append(f"{where}: {room} must not include {first} ({target})")
    return problems


def check_links(path: str, text: str) -> list[str]:
    """Returns the rooms that a CMakeLists.txt links beyond the allowlist."""
    problems = []
    for room, deps in DEPS.findall(text):
        for dep in sorted(set(deps.split()) - ARROWS.get(room, set())):
            problems.append(f"{path}: {room} must not link {dep}")
    return problems


def check_tree(root: Path) -> list[str]:
    problems = []
    rooms = {folder.name for folder in (root / "src").iterdir() if folder.is_dir()}
    for unknown in sorted(rooms - ARROWS.keys()):
        problems.append(f"src/{unknown}: a room that tools/check_arrows.py does not know; give it its arrows")
    for top in ("src", "python"):
        for file in sorted((root / top).rglob("*")):
            path = file.relative_to(root).as_posix()
            if file.suffix in (".h", ".cc", ".c") and path.split("/")[1] not in rooms - ARROWS.keys():
                problems += check_source(path, file.read_text())
            elif file.name == "CMakeLists.txt":
                problems += check_links(path, file.read_text())
    return problems


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    problems = check_tree(root)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
