"""One session of measuring heaps: who is measured how often, medians, and the tables. A figure that is missing is None and printed as -."""

import datetime
import os
from statistics import median

from .errors import BenchError
from .heap_measures import PEERS, TooLong
from .session import commit_of_checkout, machine, without_paths

SCHEMA = "limpet.bench.heap/1"
MIB = 1 << 20


class HeapSession:
    """Interleaved: in each round every measurement runs once for each size. What failed is not tried again."""

    def __init__(self, runner, sizes, peers, say):
        self.runner_, self.sizes_, self.peers_, self.say_ = runner, sizes, peers, say
        self.runs = {}  # size -> name -> [figures]
        self.errors = []

    def _measure(self, size, name, function, *arguments):
        of_size = self.runs.setdefault(str(size), {})
        if any(error["what"] == name and error["objects"] == size for error in self.errors):
            return
        self.say_(f"{size:,} objects: {name}")
        try:
            of_size.setdefault(name, []).append(function(*arguments))
        except BenchError as error:
            of_size[name] = []
            known = isinstance(error, TooLong)
            self.errors.append({"what": name, "objects": size, "error": without_paths(str(error)), "too_long": known})
            self.say_(f"{size:,} objects: {name}: {error}", keep=True)

    def run(self, rounds):
        for size in self.sizes_:
            for turn in range(rounds[size]):
                for name in ("untraced", "own", "outside"):
                    self._measure(size, name, getattr(self.runner_, name), size)
                for name, _ in self.peers_:
                    if turn < 1 or size < 5_000_000:
                        self._measure(size, name, self.runner_.peer, name, size)

    def result(self, environment, options):
        medians = {size: {name: middle(runs) for name, runs in of_size.items()} for size, of_size in self.runs.items()}
        return {
            "schema": SCHEMA,
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "commit": commit_of_checkout(),
            "machine": machine(),
            "python": environment.version,
            "packages": {name: environment.installed.get(name) for name in sorted({peer for _, peer in PEERS})},
            "options": options,
            "load_average_at_end": os.getloadavg(),
            "medians": medians,
            "goals": goals(medians),
            "errors": self.errors,
            "runs": self.runs,
        }


def middle(runs):
    """The median of each figure over the runs, tables within it likewise; None without a run."""
    if not runs:
        return None
    out = {}
    for key in runs[0]:
        values = [run[key] for run in runs if run.get(key) is not None]
        if not values:
            out[key] = None
        else:
            out[key] = middle(values) if isinstance(values[0], dict) else median(values)
    return out


def share(part, whole):
    return None if part is None or not whole else part / whole


def whole_analysis_seconds(own):
    """From the request for a snapshot to the printed tables."""
    return own["command_seconds"] + own["analysis"]["seconds"]


def goals(medians):
    """The figures that the heap side is to reach, each with what was measured: for the largest heap of the session."""
    if not medians:
        return []
    size = max(medians, key=int)
    of_size = medians[size]
    own, guppy = of_size.get("own"), of_size.get("guppy3 heap()")
    if not own:
        return []
    listed = [
        ("pause, ms per GB of resident memory", "<=", 20, 1e3 * own["pause_seconds"] / (own["rss_bytes"] / 1e9)),
        ("walk in the copy, million objects/s", ">=", 10, own["nodes"] / own["walk_seconds"] / 1e6),
        ("file, bytes per object", "<=", 12, own["file_bytes"] / own["nodes"]),
        ("limpet heap, s per 10 M objects", "<=", 5, own["analysis"]["seconds"] * 1e7 / own["nodes"]),
        ("limpet heap, bytes of memory per object", "<=", 64, own["analysis"]["rss_bytes"] / own["nodes"]),
        ("snapshot and whole analysis, times guppy3's heap()", "<=", 1,
         guppy and whole_analysis_seconds(own) / guppy["seconds"]),
        ("guppy3's standstill, times limpet's pause", ">=", 100, guppy and guppy["gap_seconds"] / own["pause_seconds"]),
    ]  # fmt: skip
    return [
        {"goal": name, "objects": int(size), "wanted": f"{sign} {limit}", "measured": value,
         "met": None if value is None else (value <= limit if sign == "<=" else value >= limit)}
        for name, sign, limit, value in listed
    ]  # fmt: skip


def number(value, form):
    return "-" if value is None else format(value, form)


def table(head, rows):
    widths = [max(len(str(row[column])) for row in [head, *rows]) for column in range(len(head))]
    return [
        "  ".join(str(cell).ljust(width) if at == 0 else str(cell).rjust(width) for at, (cell, width) in enumerate(zip(row, widths)))
        for row in [head, ["-" * width for width in widths], *rows]
    ]


def snapshot_table(of_size):
    """limpet's own two ways, and the bare fork for scale."""
    rows = []
    plain = of_size.get("untraced")
    if plain:
        per = share(1e3 * plain["fork_seconds"], plain["rss_bytes"] / 1e9)
        rows.append(["bare fork, untraced program", number(1e3 * plain["fork_seconds"], ".1f"), number(per, ".1f"),
                     number(1e3 * plain["gap_seconds"], ".1f"), "-", "-", "-", "-", "-"])  # fmt: skip
    for name, title in (("own", "limpet run, its snapshot"), ("outside", "limpet snapshot PID, from outside")):
        figures = of_size.get(name)
        if figures:
            per = share(1e3 * figures["pause_seconds"], figures["rss_bytes"] / 1e9)
            copied = figures.get("copied_bytes")
            rows.append([
                title, number(1e3 * figures["pause_seconds"], ".1f"), number(per, ".1f"), number(1e3 * figures["gap_seconds"], ".1f"),
                number(figures["nodes"] / figures["walk_seconds"] / 1e6, ".1f"), number(figures["file_bytes"] / figures["nodes"], ".2f"),
                number(figures["command_seconds"], ".2f"), number(figures["added_bytes"] / MIB, ".1f"),
                number(None if copied is None else copied / MIB, ".0f"),
            ])  # fmt: skip
    return table(["snapshot", "pause ms", "ms per GB", "longest gap ms", "M objects/s", "bytes/object", "seconds", "added MiB", "copied MiB"], rows)


def peer_table(of_size, errors, size):
    """Who answers what in which time, and what the program pays for it; times are ratios to limpet's, too."""
    own = of_size.get("own")
    base = whole_analysis_seconds(own) if own else None
    rows = []
    if own:
        rows.append(["limpet: snapshot, then everything", number(base, ".2f"), "1.0", number(1e3 * own["gap_seconds"], ".1f"), "1",
                     number(own["added_bytes"] / MIB, ".1f")])  # fmt: skip
    for name, _ in PEERS:
        figures = of_size.get(name)
        if figures:
            rows.append([
                name, number(figures["seconds"], ".2f"), number(share(figures["seconds"], base), ".1f"),
                number(1e3 * figures["gap_seconds"], ".1f"), number(share(figures["gap_seconds"], own and own["gap_seconds"]), ".0f"),
                number(figures["added_bytes"] / MIB, ".1f"),
            ])  # fmt: skip
        for error in errors:
            if error["what"] == name and error["objects"] == int(size):
                rows.append([name, error["error"] if error["too_long"] else "failed", "-", "-", "-", "-"])
    return table(["question", "seconds", "times limpet", "others stand still ms", "times limpet", "added MiB"], rows)


def analysis_lines(own):
    if not own:
        return []
    found = own["analysis"]
    return [
        f"limpet heap (load, dominators, retained sizes, named paths, tables): {found['seconds']:.2f} s, {found['cpu_seconds']:.2f} s CPU, "
        f"{found['rss_bytes'] / MIB:.0f} MiB, {found['rss_bytes'] / own['nodes']:.0f} bytes per object"
    ]


def goal_table(wanted):
    say = {True: "met", False: "MISSED", None: "not measured"}
    return table(["goal", "objects", "wanted", "measured", ""],
                 [[goal["goal"], f"{goal['objects']:,}", goal["wanted"], number(goal["measured"], ".2f"), say[goal["met"]]] for goal in wanted])  # fmt: skip
