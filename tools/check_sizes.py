#!/usr/bin/env python3
"""Checks that files and functions stay small enough to be read in one go.

usage: tools/check_sizes.py [ROOT]

No source file over 500 lines; no C++ or Python function over 60 lines, unless a comment `long: the reason` stands
in it or within the three lines above it. C++ functions are found by their braces (comments, strings and preprocessor
lines are blanked first); a lambda counts as part of the function around it.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

MAX_FILE = 500
MAX_FUNCTION = 60
CPP = {".h", ".cc", ".c"}
SOURCES = CPP | {".py", ".sh", ".cmake", ".ts", ".tsx", ".css"}

REASON = re.compile(r"(?://|#)\s*long:\s*\S")
NOISE = re.compile(
    r"""//[^\n]*
      | /\*.*?\*/
      | R"([^()\s]{0,16})\(.*?\)\1"
      | "(?:\\.|[^"\\\n])*"
      | (?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'
      | ^[ \t]*\#(?:[^\n]*\\\n)*[^\n]*""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
SCOPE = re.compile(r"\b(?:namespace|class|struct|union|enum|extern)\b")
CONTROL = re.compile(r"^\s*(?:if|for|while|switch|do|else|try|catch)\b")


def blank(match: re.Match) -> str:
    return re.sub(r"[^\n]", " ", match.group())


def cpp_functions(text: str) -> list[tuple[int, int]]:
    """Returns (first line, last line) of every outermost function body with its signature."""
    code = NOISE.sub(blank, text)
    functions = []
    stack = []  # offset of the signature for a function, None for any other brace
    inside = 0  # how many entries of the stack are functions
    start = 0  # where the text since the last statement or brace begins
    for match in re.finditer(r"[{};]", code):
        token = match.group()
        head = code[start : match.start()]
        if token == "{":
            signature = None
            if not inside and is_function(head):
                signature = start + len(head) - len(head.lstrip())
                inside += 1
            stack.append(signature)
        elif token == "}" and stack:
            signature = stack.pop()
            if signature is not None:
                inside -= 1
                functions.append((line_of(code, signature), line_of(code, match.start())))
        start = match.end()
    return functions


def is_function(head: str) -> bool:
    """Tells whether the text before a brace outside any function is the head of one."""
    # Without the template arguments, `template <class T>` would look like a class.
    plain = re.sub(r"\b(?:template|requires)\s*<[^{};]*?>\s*", "", head)
    if "(" not in plain or CONTROL.match(plain):
        return False
    before_call = plain.split("(", 1)[0]
    return not SCOPE.match(before_call.strip()) or re.search(r"\)\s*(?:const|noexcept|override|final)*\s*$", plain)


def line_of(text: str, offset: int) -> int:
    return text.count("\n", 0, offset) + 1


def python_functions(text: str) -> list[tuple[int, int]]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [(node.lineno, node.end_lineno) for node in ast.walk(ast.parse(text)) if isinstance(node, kinds)]


def check_source(path: str, text: str) -> list[str]:
    """Returns what is too long in one file; `path` is used for its suffix and for messages."""
    problems = []
    lines = text.splitlines()
    if len(lines) > MAX_FILE:
        problems.append(f"{path}: {len(lines)} lines (at most {MAX_FILE}); split it")
    suffix = Path(path).suffix
    functions = []
    if suffix in CPP:
        functions = cpp_functions(text)
    elif suffix == ".py":
        functions = python_functions(text)
    for first, last in functions:
        reasons = any(REASON.search(line) for line in lines[max(0, first - 4) : last])
        if last - first + 1 > MAX_FUNCTION and not reasons:
            problems.append(f"{path}:{first}: a function of {last - first + 1} lines (at most {MAX_FUNCTION})")
    return problems


def main() -> int:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent
    listing = subprocess.run(
        ["git", "-C", root, "ls-files", "-co", "--exclude-standard"], check=True, capture_output=True, text=True
    )
    problems = []
    for path in sorted(set(listing.stdout.split("\n"))):
        file = root / path
        if file.suffix in SOURCES and file.is_file():
            problems += check_source(path, file.read_text())
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
