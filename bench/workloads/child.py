"""Runs one workload in this process and writes what it cost as JSON.

    python child.py own NAME[:FUNCTION] LOOPS OUT
    python child.py pyperformance FOLDER LOOPS OUT [argument of the program ...]

Only the workload itself is timed: imports and set-up come before, writing the figures comes after. Whatever watches this process
(tracemalloc, memray, limpet) was started from outside and is not known here.
"""

import _tracemalloc  # the built-in half: -X tracemalloc starts it without importing the other one
import gc
import importlib
import os
import sys
import time


def memory_kib():
    """The fields of /proc/self/status that count memory, in KiB."""
    fields = {}
    with open("/proc/self/status", encoding="ascii") as status:
        for line in status:
            name, _, value = line.partition(":")
            if name in ("VmHWM", "VmRSS", "RssAnon", "RssFile", "RssShmem"):
                fields[name] = int(value.split()[0])
    return fields


class Meter:
    """Times exactly one call; a program that measures twice is an error in the catalogue, not something to add up."""

    def __init__(self):
        self.figures = None

    def __call__(self, body):
        if self.figures is not None:
            raise RuntimeError("the program measured more than one benchmark; give it an argument that picks one")
        gc.collect()
        before = memory_kib()
        wall, cpu = time.perf_counter(), time.process_time()
        body()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
        after = memory_kib()
        self.figures = {
            "cpu_seconds": cpu,
            "wall_seconds": wall,
            "peak_rss_kib": after["VmHWM"],
            "peak_rss_before_kib": before["VmHWM"],
            "file_rss_kib": after.get("RssFile", 0) + after.get("RssShmem", 0),
        }
        if _tracemalloc.is_tracing():
            self.figures["traced_peak_bytes"] = _tracemalloc.get_traced_memory()[1]


def run_own(name, loops, meter):
    module_name, _, function = name.partition(":")
    body = getattr(importlib.import_module(f"own.{module_name}"), function or "run")
    meter(lambda: body(loops))


def run_pyperformance(folder, loops, arguments, meter):
    import importlib.util
    import runpy

    import pyperf_stub

    pyperf_stub.Runner = pyperf_stub.make_runner_class(meter, loops)
    sys.modules["pyperf"] = pyperf_stub
    package = importlib.util.find_spec("pyperformance")
    if package is None:
        raise SystemExit("pyperformance is not installed for this interpreter")
    program = os.path.join(package.submodule_search_locations[0], "data-files", "benchmarks", folder, "run_benchmark.py")
    # memray has imported the accelerated pickle by now; the program wants to choose for itself.
    sys.modules.pop("pickle", None)
    sys.argv = [program, *arguments]
    sys.path.insert(0, os.path.dirname(program))
    runpy.run_path(program, run_name="__main__")


def main():
    source, name, loops, out, *arguments = sys.argv[1:]
    meter = Meter()
    if source == "own":
        run_own(name, int(loops), meter)
    else:
        run_pyperformance(name, int(loops), arguments, meter)
    if meter.figures is None:
        raise SystemExit(f"{name} measured nothing")
    import json

    meter.figures["python"] = sys.version.split()[0]
    with open(out, "w", encoding="ascii") as file:
        json.dump(meter.figures, file)


if __name__ == "__main__":
    main()
