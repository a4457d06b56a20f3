#!/usr/bin/env python3
"""Runs the examples of leaks of real packages under limpet, and puts limpet's screens into docs/cases/NAME.md.

usage: examples/leaks/screens.py [NAME ...]

Each NAME.py says by "# requires:" which faulty releases it needs and by "# python:" on which Python it leaks; they are installed from
PyPI into a virtual environment of their own (.cache/leaks/NAME, ignored by git). In docs/cases/NAME.md the text between
"<!-- screen -->" and "<!-- end -->" is replaced; the rest is written by hand.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
CACHE = ROOT / ".cache" / "leaks"


def wanted(source, word):
    return re.search(rf"^# {word}: *(.*)$", source, re.MULTILINE).group(1).split()


def find_python(version):
    """An interpreter of that minor version: of pyenv, else of the PATH."""
    pyenv = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python3"))
    return str(pyenv[-1]) if pyenv else f"python{version}"


def environment(name, python, requirements):
    folder = CACHE / name
    interpreter = folder / "bin" / "python3"
    if not interpreter.exists():
        subprocess.run([find_python(python), "-m", "venv", str(folder)], check=True)
    pip = [str(interpreter), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
    subprocess.run(pip, check=True)
    return interpreter


def run(limpet, name, interpreter):
    """What limpet says at the end of the run. Folders of this machine are left out."""
    with tempfile.TemporaryDirectory() as folder:
        command = [limpet, "run", "-o", f"{folder}/{name}.limpet", "--python", str(interpreter), f"{name}.py"]
        environ = dict(os.environ, NO_COLOR="1")
        done = subprocess.run(command, cwd=HERE, env=environ, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        sys.exit(f"{name}: exit status {done.returncode}\n{done.stderr}")
    screen = done.stderr.strip()
    for prefix in (folder, str(CACHE / name), str(HERE), str(Path.home())):
        screen = screen.replace(prefix + "/", "")
    return "\n".join(line.rstrip() for line in screen.splitlines())


def put_into(page, screen):
    text = page.read_text()
    begin, rest = text.split("<!-- screen -->\n", 1)
    end = rest.split("<!-- end -->\n", 1)[1]
    block = "".join(f"    {line}\n" if line else "\n" for line in screen.splitlines())
    page.write_text(f"{begin}<!-- screen -->\n{block}<!-- end -->\n{end}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="only these examples")
    parser.add_argument("--limpet", default=str(ROOT / "build" / "limpet"), help="the command (default: build/limpet)")
    args = parser.parse_args()
    pages = {page.stem: page for page in sorted((ROOT / "docs" / "cases").glob("*.md")) if page.stem != "README"}
    for name in args.names or pages:
        source = (HERE / f"{name}.py").read_text()
        interpreter = environment(name, wanted(source, "python")[0], wanted(source, "requires"))
        put_into(pages[name], run(args.limpet, name, interpreter))
        print(f"{name}: docs/cases/{name}.md")


if __name__ == "__main__":
    main()
