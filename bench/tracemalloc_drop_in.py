#!/usr/bin/env python3
"""The same work untraced, under the standard tracemalloc and under limpet's: ratios of processor time.

    bench/tracemalloc_drop_in.py [--runs 5] [--interpreter 3.13]
"""

from __future__ import annotations

import argparse
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import interpreters  # noqa: E402

PROGRAM = """
import json, sys, time
which, frames, work = sys.argv[1], int(sys.argv[2]), sys.argv[3]
if which == "limpet": import limpet.tracemalloc as tracemalloc
else: import tracemalloc

class Thing:
    def __init__(self, n): self.a, self.b = n, [n]
def objects(): return [Thing(n) for n in range(60000)]
def texts(): return [f"text number {n}" * 2 for n in range(150000)]
data = {str(n): [n, {"name": "x" * (n % 40)}] for n in range(4000)}
def documents(): return [json.loads(json.dumps(data)) for _ in range(4)]
def tree(depth): return (tree(depth - 1), tree(depth - 1)) if depth else ()
def trees(): return tree(15)

if which != "none": tracemalloc.start(frames)
globals()[work]()
began = time.process_time()
for _ in range(3): globals()[work]()
print(time.process_time() - began)
"""
WORKS = ("objects", "texts", "documents", "trees")
MODES = (("none", 1), ("standard", 1), ("limpet", 1), ("standard", 25), ("limpet", 25))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--interpreter", default="", help="only interpreters whose name contains this")
    options = parser.parse_args()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LIMPET"))}
    environment["PYTHONPATH"] = str(interpreters.build_folder() / "python")
    for interpreter in interpreters.supported():
        if options.interpreter not in interpreter.name:
            continue
        print(f"{interpreter.name:16}" + "".join(f"{which + ' ' + str(frames):>14}" for which, frames in MODES[1:]))
        for work in WORKS:
            seconds: dict[tuple[str, int], list[float]] = {mode: [] for mode in MODES}
            for _ in range(options.runs):
                for mode in MODES:
                    words = interpreter.command("-c", PROGRAM, mode[0], mode[1], work)
                    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True)
                    seconds[mode].append(float(done.stdout))
            middle = {mode: statistics.median(values) for mode, values in seconds.items()}
            print(f"  {work:14}" + "".join(f"{middle[mode] / middle[MODES[0]]:14.1f}" for mode in MODES[1:]), flush=True)


if __name__ == "__main__":
    main()
