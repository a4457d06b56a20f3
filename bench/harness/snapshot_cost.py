"""What automatic heap snapshots cost a traced program: `limpet run` against `limpet run --snapshots off`, interleaved, workload by workload.

The times are those of runs.py: CPU time is the program's own (its pauses, and the pages that it has to copy while the writer reads them),
wall time also that in which the writer took its core away. The pause is what the agent says of itself.
"""

import datetime
import os
import time
from dataclasses import replace
from statistics import median

from . import catalog, modes, runs
from .errors import BenchError
from .heap_session import number, table
from .session import commit_of_checkout, machine, without_paths

SCHEMA = "limpet.bench.snapshot-cost/1"
LIMIT = 0.02  # of a program's time
PAIR = (modes.BY_NAME["limpet"], modes.WITHOUT_SNAPSHOTS)


def chosen(names):
    if names is None:
        return list(catalog.WORKLOADS)
    unknown = [name for name in names.split(",") if name not in catalog.BY_NAME]
    if unknown:
        raise BenchError(f"no such workload: {', '.join(unknown)}")
    return [catalog.BY_NAME[name] for name in names.split(",")]


def measure(environment, limpet, options, say):
    start = time.monotonic()
    rounds = options.rounds or (3 if options.quick else 7)
    runner = runs.Runner(environment, limpet, options.timeout)
    measured, errors = {}, []
    wanted = [workload for workload in chosen(options.workloads) if not environment.missing(workload.needs)]
    for turn in range(rounds):
        for workload in wanted:
            say(f"round {turn + 1}/{rounds}: {workload.name}")
            workload = replace(workload, cores=max(workload.cores, options.cores))
            # Who goes first takes turns: what disturbs the machine falls on both.
            for mode in PAIR if turn % 2 == 0 else PAIR[::-1]:
                try:
                    figures = runner.run(workload, mode, options.scale)
                    measured.setdefault(workload.name, {}).setdefault(mode.name, []).append(figures)
                except BenchError as error:
                    errors.append({"what": workload.name, "mode": mode.name, "error": without_paths(str(error))})
    return {
        "schema": SCHEMA,
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "commit": commit_of_checkout(),
        "machine": machine(),
        "python": environment.version,
        "options": {"rounds": rounds, "scale": options.scale, "cores": options.cores, "seconds": time.monotonic() - start},
        "load_average_at_end": os.getloadavg(),
        "costs": {name: costs(of_workload) for name, of_workload in measured.items() if len(of_workload) == len(PAIR)},
        "goals": [],
        "errors": errors,
        "runs": measured,
    }


def costs(of_workload):
    """The shares that snapshots add to one workload. Negative is noise; so is what is below the spread."""
    auto, off = (of_workload[mode.name] for mode in PAIR)
    wall = median(run["wall_seconds"] for run in auto)

    def added(key):
        return median(run[key] for run in auto) / median(run[key] for run in off) - 1

    return {
        "wall_seconds": wall,
        "cpu_added": added("cpu_seconds"),
        "wall_added": added("wall_seconds"),
        # The least disturbed run of each: noise of other processes only ever adds.
        "cpu_added_best": min(run["cpu_seconds"] for run in auto) / min(run["cpu_seconds"] for run in off) - 1,
        "wall_added_best": min(run["wall_seconds"] for run in auto) / min(run["wall_seconds"] for run in off) - 1,
        "spread": (max(run["wall_seconds"] for run in off) - min(run["wall_seconds"] for run in off)) / wall,
        "snapshots": median(run["snapshots"] for run in auto),
        "pause_seconds": median(run["snapshot_pause_seconds"] for run in auto),
        "walk_seconds": median(run["snapshot_walk_seconds"] for run in auto),
        "after_added_seconds": median(run["process_wall_seconds"] - run["wall_seconds"] for run in auto)
        - median(run["process_wall_seconds"] - run["wall_seconds"] for run in off),
    }


def cost_table(result):
    rows = []
    for name, cost in result["costs"].items():
        pause = cost["pause_seconds"] / cost["wall_seconds"]
        rows.append([
            name, number(cost["wall_seconds"], ".2f"), number(cost["snapshots"], ".0f"), number(1e3 * cost["pause_seconds"], ".1f"),
            number(100 * pause, ".2f"), number(1e3 * cost["walk_seconds"], ".0f"), number(100 * cost["cpu_added"], "+.1f"),
            number(100 * cost["wall_added"], "+.1f"), number(100 * cost["cpu_added_best"], "+.1f"),
            number(100 * cost["wall_added_best"], "+.1f"), number(100 * cost["spread"], ".0f"),
            number(1e3 * cost["after_added_seconds"], "+.0f"),
        ])  # fmt: skip
    if result["costs"]:
        keys = ("cpu_added", "wall_added", "cpu_added_best", "wall_added_best")
        all_of = {key: median(cost[key] for cost in result["costs"].values()) for key in keys}
        rows.append(["median", "", "", "", "", "", *[number(100 * all_of[key], "+.1f") for key in keys], "", ""])
    head = ["workload", "s", "snapshots", "pause ms", "pause %", "walk ms", "CPU %", "wall %", "best CPU %", "best wall %", "spread %",
            "around ms"]  # fmt: skip
    return table(head, rows)
