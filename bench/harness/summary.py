"""From single runs to figures: medians, ratios, geometric means, and whether the goals of the project are met. Pure functions.

The input everywhere is `runs`: {workload name: {mode name: [figures of a run, ...]}}. A mode that failed in a workload is simply not
there; every mean says over how many workloads it goes, and a mode's mean is only compared with another's over the same ones.
"""

import math
from statistics import median

MIB = 1024 * 1024
DEEP_WORKLOADS = ("deep", "unwind")  # recursion 100 deep, with a goal of its own


def medians(runs):
    """One record per workload and mode: medians over the rounds, and the ratios to untraced."""
    table = {}
    for workload, by_mode in runs.items():
        if not by_mode.get("untraced"):
            continue
        base = _middle(by_mode["untraced"])
        heap = _heap_bytes(by_mode)
        row = {}
        for mode, figures in by_mode.items():
            if not figures:
                continue
            cell = _middle(figures)
            cell["cpu_ratio"] = cell["cpu_seconds"] / base["cpu_seconds"]
            cell["wall_ratio"] = cell["wall_seconds"] / base["wall_seconds"]
            cell["added_bytes"] = (cell["peak_rss_kib"] - base["peak_rss_kib"]) * 1024
            cell["heap_bytes"] = heap
            # Start-up and exit of this very program: what the process took beside the workload, beyond untraced.
            cell["around_added_seconds"] = _around(cell) - _around(base)
            row[mode] = cell
        table[workload] = row
    return table


def _middle(figures):
    names = [name for name, value in figures[0].items() if isinstance(value, (int, float))]
    cell = {name: median(run[name] for run in figures) for name in names if all(name in run for run in figures)}
    cpu = [run["cpu_seconds"] for run in figures]
    cell["rounds"] = len(figures)
    cell["cpu_spread"] = (max(cpu) - min(cpu)) / median(cpu)
    return cell


def _around(cell):
    return cell["process_wall_seconds"] - cell["wall_seconds"]


def _heap_bytes(by_mode):
    """The traced heap at its peak: as tracemalloc counts it where that mode ran, else untraced's peak without file pages."""
    for mode in ("tracemalloc1", "tracemalloc25"):
        peaks = [run["traced_peak_bytes"] for run in by_mode.get(mode, ()) if "traced_peak_bytes" in run]
        if peaks:
            return median(peaks)
    return median((run["peak_rss_kib"] - run["file_rss_kib"]) * 1024 for run in by_mode["untraced"])


def geometric_mean(values):
    values = list(values)
    return math.exp(sum(map(math.log, values)) / len(values)) if values else None


def by_mode(table, modes):
    """One record per mode over all workloads that ran under it."""
    result = {}
    for mode in modes:
        cells = {workload: row[mode] for workload, row in table.items() if mode in row}
        if not cells:
            continue
        worst = max(cells, key=lambda workload: cells[workload]["cpu_ratio"])
        added = [cell["added_bytes"] for cell in cells.values()]
        written = [cell["written_block_bytes"] for cell in cells.values()]
        result[mode] = {
            "workloads": len(cells),
            "cpu_ratio": geometric_mean(cell["cpu_ratio"] for cell in cells.values()),
            "wall_ratio": geometric_mean(cell["wall_ratio"] for cell in cells.values()),
            "worst": worst,
            "worst_cpu_ratio": cells[worst]["cpu_ratio"],
            "added_bytes_median": median(added),
            "added_bytes_max": max(added),
            "written_bytes_median": median(written),
            "written_bytes_max": max(written),
            "around_added_seconds": median(cell["around_added_seconds"] for cell in cells.values()),
        }
    return result


def added_share(table, mode, peer):
    """Added time of `mode` as a share of `peer`'s, by the geometric means over the workloads that both ran; None if it cannot be told."""
    rows = [row for row in table.values() if mode in row and peer in row]
    if not rows:
        return None
    peer_added = geometric_mean(row[peer]["cpu_ratio"] for row in rows) - 1
    if peer_added <= 0:
        return None
    return (geometric_mean(row[mode]["cpu_ratio"] for row in rows) - 1) / peer_added


def thread_penalty(table, mode):
    """How much slower four threads are than the same work in one thread, beyond what untraced shows; 1.0 is no penalty."""
    try:
        watched = table["threads"][mode]["wall_seconds"] / table["threads_serial"][mode]["wall_seconds"]
        alone = table["threads"]["untraced"]["wall_seconds"] / table["threads_serial"]["untraced"]["wall_seconds"]
    except KeyError:
        return None
    return watched / alone


def memory_excess(cell):
    """Bytes above the allowance of 30 % of the traced heap + 16 MiB; negative when below."""
    return cell["added_bytes"] - (0.3 * cell["heap_bytes"] + 16 * MIB)


def startup_added_ms(startup, mode):
    """Milliseconds that `mode` adds to the start and exit of an empty program; None if it was not measured."""
    if not startup.get(mode) or not startup.get("untraced"):
        return None
    return (median(startup[mode]) - median(startup["untraced"])) * 1000


def micro_medians(micro):
    """{mode: {figure: nanoseconds}} from the probe's runs."""
    return {
        mode: {name: median(run[name] for run in runs) for name in runs[0]} for mode, runs in micro.items() if runs
    }


def goals(table, startup, micro, python_version):
    """The project's figures for limpet: a list of {goal, limit, measured, met}; met is None where it was not measured."""
    cells = {workload: row["limpet"] for workload, row in table.items() if "limpet" in row}
    deep_limit = 1.5 if tuple(map(int, python_version.split(".")[:2])) >= (3, 15) else 3.0
    others = {name: cell["cpu_ratio"] for name, cell in cells.items() if name not in DEEP_WORKLOADS}
    worst = max(others, key=others.get) if others else None
    deep = {name: cells[name]["cpu_ratio"] for name in DEEP_WORKLOADS if name in cells}
    deepest = max(deep, key=deep.get) if deep else None
    excess = {name: memory_excess(cell) for name, cell in cells.items()}
    fattest = max(excess, key=excess.get) if excess else None
    nanoseconds = micro_medians(micro)
    untouched = None
    if "limpet" in nanoseconds and "untraced" in nanoseconds:
        untouched = nanoseconds["limpet"]["free_untracked"] - nanoseconds["untraced"]["free_untracked"]
    wanted = [
        ("geometric mean of CPU, times untraced", 1.25, geometric_mean(cell["cpu_ratio"] for cell in cells.values()), ""),
        ("worst workload but deep recursion, times untraced", 2.0, others.get(worst), worst),
        ("100-deep recursion, times untraced", deep_limit, deep.get(deepest), deepest),
        ("added time, share of memray-python's", 1 / 10, added_share(table, "limpet", "memray-python"), ""),
        ("added time, share of tracemalloc25's", 1 / 30, added_share(table, "limpet", "tracemalloc25"), ""),
        ("memory added above 30 % of heap + 16 MB, MB", 0.0, excess[fattest] / MIB if fattest else None, fattest),
        ("start-up added, ms", 30.0, startup_added_ms(startup, "limpet"), ""),
        ("free of an untracked block, added ns", 5.0, untouched, ""),
        ("four threads against one, beyond untraced's, times", 1.1, thread_penalty(table, "limpet"), ""),
    ]
    return [
        {"goal": goal, "limit": limit, "measured": value, "where": where or "",
         "met": None if value is None else value <= limit}
        for goal, limit, value, where in wanted
    ]
