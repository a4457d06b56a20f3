#!/usr/bin/env python3
"""Makes the screens of the documentation anew: runs the commands that its pages show, and puts in what they say.

    python3 docs/screens.py [--python PATH] [--limpet PATH] [PAGE ...]

A page is a Markdown file of docs/ with blocks of three kinds, each up to the next `<!-- end -->`:

    <!-- screen -->          a fenced block: lines that begin with "$ " are commands, what follows each is its output
    <!-- program: a.py -->   the file docs/tutorial/programs/a.py
    <!-- fix: a.py -->       what docs/tutorial/programs/fixed/a.py changes in it

The commands of one page run one after the other by bash, in a copy of the programs of their own. `limpet` and `python3` are those asked for. Nothing
is written where a command cannot be run. tests/docs holds the pages against fresh runs, by `essence`: what a reader must find again.
"""

import argparse
import difflib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
PROGRAMS = DOCS / "tutorial" / "programs"
BLOCK = re.compile(r"<!-- (?P<kind>screen|program|fix)(?:: (?P<name>\S+))? -->\n(?P<body>.*?)<!-- end -->\n", re.DOTALL)
LANGUAGES = {".py": "python", ".c": "c"}
FIGURE = re.compile(r"(?<![\w:.])\d[\d\u202f\u00a0 ]*(?:\.\d+)?(?: ?(?:B|KB|MB|GB|ms|min|s|h|%)\b)?")


def pages():
    """The pages with a screen, in the order of their names."""
    return [page for page in sorted(DOCS.rglob("*.md")) if "<!-- screen -->\n```console" in page.read_text(encoding="utf-8")]


def commands(body):
    """The commands of a screen, in order."""
    return [line[2:] for line in body.splitlines() if line.startswith("$ ")]


def commands_of_page(text):
    return [command for block in BLOCK.finditer(text) if block["kind"] == "screen" for command in commands(block["body"])]


def outputs_of_page(text):
    """[(command, output)] as the page shows them."""
    out = []
    for block in BLOCK.finditer(text):
        if block["kind"] == "screen":
            for part in re.split(r"^\$ ", block["body"].replace("```", ""), flags=re.MULTILINE)[1:]:
                command, _, output = part.partition("\n")
                out.append((command, output.strip("\n")))
    return out


class Desk:
    """A folder with the programs, in which the commands of one page run."""

    def __init__(self, folder, limpet, python):
        self.folder = Path(folder) / "programs"
        shutil.copytree(PROGRAMS, self.folder)
        tools = Path(folder) / "bin"
        tools.mkdir()
        (tools / "limpet").symlink_to(Path(limpet).resolve())
        (tools / "python3").symlink_to(python)
        # By its own path: python3-config finds its Python by where it lies itself.
        config = tools / "python3-config"
        config.write_text(f'#!/bin/sh\nexec "{os.path.abspath(python)}-config" "$@"\n', encoding="utf-8")
        config.chmod(0o755)
        wanted = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LIMPET", "COLUMNS"))}
        self.environment = {**wanted, "PATH": f"{tools}:{os.environ['PATH']}", "NO_COLOR": "1"}

    def run(self, command):
        done = subprocess.run(["bash", "-c", command], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
        lines = [line.rstrip() for line in done.stdout.replace(f"{self.folder}/", "").splitlines()]
        return "\n".join(lines).strip("\n")


def essence(output):
    """What must be the same in each run of a screen, line by line: verdicts, types, lines, holders, advice, cuts, statuses. Figures are masked."""
    out = []
    lines = output.splitlines()
    for i, line in enumerate(lines):
        words = line.strip()
        if found := re.match(r"LEAK  +\S+ \S+  (.*?)  +confidence", line):
            out.append("LEAK " + re.sub(r"[\d\u202f\u00a0 ]+ blocks live.*", "", found[1]).strip())
        elif words.startswith(("held by", "cycle ", "to let go")):
            more = []
            while i + 1 < len(lines) and lines[i + 1].startswith(" " * 17):
                i += 1
                more.append(lines[i].strip())
            out.append(" ".join([words, *more]))
        elif words.startswith(("allocated at", "no leak", "status ", "check passed", "check failed", "same ", "gone ", "larger ", "smaller ", "new ")):
            out.append(words)
        elif "<- cut here" in line or words.startswith("born at"):
            out.append(re.sub(r", the oldest .*", "", words))
    return [" ".join(FIGURE.sub("#", line).split()) if not line.startswith(("allocated at", "status")) else line for line in out]


def fenced(language, text):
    return f"```{language}\n{text}\n```\n"


def program(name):
    return fenced(LANGUAGES[Path(name).suffix], (PROGRAMS / name).read_text(encoding="utf-8").rstrip("\n"))


def fix(name):
    old, new = [(folder / name).read_text(encoding="utf-8").splitlines() for folder in (PROGRAMS, PROGRAMS / "fixed")]
    lines = difflib.unified_diff(old, new, name, f"fixed/{name}", n=2, lineterm="")
    return fenced("diff", "\n".join(line.rstrip() for line in lines))


def screen(desk, body):
    said = []
    for command in commands(body):
        said.append(f"$ {command}\n{desk.run(command)}".rstrip("\n"))
    return fenced("console", "\n".join(said))


def remade(text, desk):
    """The page's text with each block made anew; without a desk, screens stay."""

    def block(match):
        kind, name = match["kind"], match["name"]
        if kind == "screen":
            body = screen(desk, match["body"]) if desk and "```console" in match["body"] else match["body"]
        else:
            body = program(name) if kind == "program" else fix(name)
        return f"{match[0].partition(chr(10))[0]}\n{body}<!-- end -->\n"

    return BLOCK.sub(block, text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pages", nargs="*", metavar="PAGE", type=Path, help="only these (default: all that have screens)")
    parser.add_argument("--limpet", default=str(DOCS.parent / "build" / "limpet"), help="default: build/limpet")
    parser.add_argument("--python", default=sys.executable, help="what the programs run on (default: the Python of this script)")
    options = parser.parse_args()
    for page in [page.resolve() for page in options.pages] or pages():
        text = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            page.write_text(remade(text, Desk(folder, options.limpet, options.python)), encoding="utf-8")
        print(page.relative_to(DOCS.parent))
    return 0


if __name__ == "__main__":
    sys.exit(main())
