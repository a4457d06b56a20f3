#!/usr/bin/env python3
"""What `pytest --limpet` costs: processor time (user and system, children too) of a suite without and with it, in turns.

usage: bench/pytest_cost.py [--python PYTHON] [--rounds N] FOLDER:SOURCES[:TESTS]...

FOLDER     an unpacked source archive; pytest runs in it
SOURCES    the folder in it that its package is imported from
TESTS      what is run, separated by commas (default: tests)
PYTHON     an interpreter with pytest and what the suites need; limpet comes from the build tree

The ratio is that of the medians; the least and the largest ratio of neighbouring runs stand beside it.
"""

import argparse
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys

PACKAGE = pathlib.Path(__file__).resolve().parents[1] / os.environ.get("LIMPET_BUILD", "build") / "python"


def seconds(python: str, folder: str, sources: str, tests: list[str], *options: str) -> tuple[float, str]:
    """Processor time of one run, and pytest's last line."""
    environment = dict(os.environ, PYTHONPATH=f"{sources}:{PACKAGE}", PYTHONDONTWRITEBYTECODE="1")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, *tests]
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1):
        sys.exit(done.stdout + done.stderr)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout.strip().splitlines()[-1]


def main() -> None:
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1].removeprefix("usage: "))
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("suites", nargs="+")
    wish = parser.parse_args()
    print("| suite | tests | plain | `--limpet` | times |\n|---|---|---|---|---|")
    for suite in wish.suites:
        folder, sources, tests = [*suite.split(":"), "tests"][:3]
        plain, watched, last = [], [], ""
        for _ in range(wish.rounds):
            plain.append(seconds(wish.python, folder, sources, tests.split(","))[0])
            took, last = seconds(wish.python, folder, sources, tests.split(","), "-p", "limpet.pytest_plugin", "--limpet")
            watched.append(took)
        ratios = [b / a for a, b in zip(plain, watched)]
        ratio = statistics.median(watched) / statistics.median(plain)
        counts = re.sub(r" in .*", "", last)
        print(
            f"| {os.path.basename(folder.rstrip('/'))}, `{tests.replace(',', ' ')}` | {counts} | {statistics.median(plain):.1f} s | "
            f"{statistics.median(watched):.1f} s | {ratio:.1f} ({min(ratios):.1f} to {max(ratios):.1f}) |"
        )


if __name__ == "__main__":
    main()
