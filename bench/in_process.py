#!/usr/bin/env python3
"""What it costs to begin inside of a program: import limpet, the first start, stop, another start, allocated_at, and tracemalloc's calls.

    bench/in_process.py [--runs 15] [--interpreter 3.13]

Each run is a process of its own. Printed are the medians of processor time in milliseconds (allocated_at: microseconds), and in brackets
of wall time, which on a busy machine tells of its other work.
"""

from __future__ import annotations

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import interpreters  # noqa: E402

PROGRAM = """
import json, time
told = {}
class Step:
    def __init__(self, name, scale=1e3): self.name, self.scale = name, scale
    def __enter__(self): self.wall, self.cpu = time.perf_counter(), time.process_time()
    def __exit__(self, *_):
        told[self.name] = ((time.process_time() - self.cpu) * self.scale, (time.perf_counter() - self.wall) * self.scale)
with Step("import limpet"): import limpet
with Step("first start"): limpet.start()
block = bytes(1000)
assert limpet.allocated_at(block) is not None
ask = limpet.allocated_at
with Step("allocated_at (us)", 1e6 / 20000):
    for _ in range(20000): ask(block)
with Step("stop"): limpet.stop(snapshot=False)
with Step("second start"): limpet.start()
limpet.stop(snapshot=False)
with Step("import tracemalloc"): import limpet.tracemalloc as tracemalloc
with Step("tracemalloc.start"): tracemalloc.start()
kept = [bytes(n % 500 + 2) for n in range(100000)]
with Step("take_snapshot, 100 000 blocks"): snapshot = tracemalloc.take_snapshot()
assert len(snapshot.traces) >= 100000
with Step("tracemalloc.stop"): tracemalloc.stop()
print(json.dumps(told))
"""


def one_run(interpreter: interpreters.Interpreter, environment: dict[str, str]) -> dict[str, tuple[float, float]]:
    done = subprocess.run(interpreter.command("-c", PROGRAM), env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--interpreter", default="", help="only interpreters whose name contains this")
    options = parser.parse_args()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LIMPET"))}
    environment["PYTHONPATH"] = str(interpreters.build_folder() / "python")
    for interpreter in interpreters.supported():
        if options.interpreter not in interpreter.name:
            continue
        one_run(interpreter, environment)  # writes what Python compiles
        runs = [one_run(interpreter, environment) for _ in range(options.runs)]
        print(interpreter.name)
        for step in runs[0]:
            cpu, wall = (statistics.median(run[step][kind] for run in runs) for kind in (0, 1))
            print(f"    {step:32} {cpu:8.2f} ({wall:.2f})")


if __name__ == "__main__":
    main()
