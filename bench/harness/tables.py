"""The printed tables: plain text, one column per mode, wide enough for the longest name."""

from . import summary
from .micro import FIGURES

MIB = summary.MIB


def _grid(header, rows):
    """Columns padded to their widest cell; the first is left-aligned, the others right-aligned."""
    widths = [max(len(str(row[column])) for row in [header, *rows]) for column in range(len(header))]

    def line(row):
        first, *rest = zip(row, widths)
        return "  ".join([str(first[0]).ljust(first[1]), *(str(cell).rjust(width) for cell, width in rest)]).rstrip()

    return [line(header), line(["-" * width for width in widths]), *map(line, rows)]


def _number(value, pattern="{:.2f}"):
    return "-" if value is None else pattern.format(value)


def ratios(table, modes, metric):
    """Workload by mode, `metric` (cpu or wall) as a ratio to untraced; the first column says how long untraced took."""
    watched = [mode for mode in modes if mode != "untraced"]
    rows = []
    for workload, row in table.items():
        alone = row["untraced"]
        cells = [_number(row[mode][f"{metric}_ratio"]) if mode in row else "-" for mode in watched]
        rows.append([workload, f"{alone[f'{metric}_seconds']:.3f}", f"{alone['cpu_spread'] * 100:.0f}%", *cells])
    totals = summary.by_mode(table, modes)
    means = [_number(totals[mode][f"{metric}_ratio"]) if mode in totals else "-" for mode in watched]
    rows.append(["geometric mean", "", "", *means])
    return _grid([f"{metric}, times untraced", "untraced s", "spread", *watched], rows)


def memory(table, modes):
    """Workload by mode, peak RSS beyond untraced's in MB."""
    watched = [mode for mode in modes if mode != "untraced"]
    rows = []
    for workload, row in table.items():
        alone = row["untraced"]
        heap = alone["heap_bytes"] / MIB
        cells = []
        for mode in watched:
            if mode not in row:
                cells.append("-")
                continue
            added = row[mode]["added_bytes"]
            cells.append(f"{added / MIB:.1f} ({100 * added / alone['heap_bytes']:.0f}%)")
        rows.append([workload, f"{alone['peak_rss_kib'] / 1024:.1f}", f"{heap:.1f}", *cells])
    return _grid(["peak RSS added, MB (% of heap)", "untraced MB", "heap MB", *watched], rows)


def modes_overview(table, modes, startup):
    """One line per mode: means, worst, memory, bytes written, start-up."""
    rows = []
    for mode, total in summary.by_mode(table, modes).items():
        rows.append([
            mode,
            _number(total["cpu_ratio"]),
            _number(total["wall_ratio"]),
            f"{total['worst_cpu_ratio']:.2f} {total['worst']}" if mode != "untraced" else "",
            f"{total['added_bytes_median'] / MIB:.1f} / {total['added_bytes_max'] / MIB:.1f}",
            f"{total['written_bytes_median'] / MIB:.1f} / {total['written_bytes_max'] / MIB:.1f}",
            _number(summary.startup_added_ms(startup, mode), "{:.0f}"),
            f"{total['around_added_seconds'] * 1000:.0f}",
            str(total["workloads"]),
        ])
    header = [
        "mode", "cpu", "wall", "worst cpu", "MB added, median/max", "MB written, median/max",
        "start+exit ms (empty)", "(workload)", "n",
    ]
    return _grid(header, rows)


def micro(figures, modes):
    """Nanoseconds per call, one column per mode."""
    nanoseconds = summary.micro_medians(figures)
    present = [mode for mode in modes if mode in nanoseconds]
    rows = [
        [text, *(_number(nanoseconds[mode].get(name), "{:.1f}") for mode in present)] for name, text in FIGURES.items()
    ]
    return _grid(["ns per call or pair", *present], rows)


def goals(wanted):
    """The project's figures beside what was measured."""
    words = {True: "met", False: "MISSED", None: "not measured"}
    rows = []
    for goal in wanted:
        value = _number(goal["measured"], "{:.3f}") + (f" ({goal['where']})" if goal["where"] else "")
        rows.append([goal["goal"], f"<= {goal['limit']:.3g}", value, words[goal["met"]]])
    return _grid(["goal", "limit", "measured", ""], rows)
