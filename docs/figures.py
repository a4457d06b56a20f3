"""Keeps what README.md shows equal to what was measured: the table of bench/results/reference.json, and a screen of a real run.

    python3 docs/figures.py             # says whether the README's table is that of the reference (exit status 1: no)
    python3 docs/figures.py --write [--screen FILE]

FILE is the end screen of a run (examples/demo.sh keeps it where LIMPET_DEMO_KEEP says). Only what stands between the
`<!-- bench -->` or `<!-- screen -->` comments and their `<!-- end -->` is replaced.
"""
import argparse
import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
REFERENCE = ROOT / "bench" / "results" / "reference.json"
NAMES = {
    "limpet": "**limpet run**",
    "memray": "memray run (sees only what reaches `malloc`)",
    "memray-python": "memray run --trace-python-allocators",
    "tracemalloc1": "tracemalloc, 1 frame",
    "tracemalloc25": "tracemalloc, 25 frames",
}
MIB = 1024 * 1024


def bench_table(reference):
    """The modes of one bench session as Markdown."""
    rows = [
        f"CPython {reference['python']}, {reference['machine']['cpu']}, medians of {reference['options']['rounds']} rounds "
        f"(tracemalloc with 25 frames: 1), ratios to the same program untraced in the same session:", "",
        "| | CPU time, geometric mean | worst workload | MB added (median) | MB written (median) | start + exit |",
        "|---|---|---|---|---|---|",
    ]
    empty = {mode: sorted(times)[len(times) // 2] for mode, times in reference["startup_seconds"].items() if times}
    for mode, name in NAMES.items():
        total = reference["by_mode"].get(mode)
        if total is None:
            continue
        start = f"{(empty[mode] - empty['untraced']) * 1000:.0f} ms" if mode in empty else "–"
        rows.append(
            f"| {name} | {total['cpu_ratio']:.2f}x | {total['worst_cpu_ratio']:.1f}x {total['worst']} "
            f"| {total['added_bytes_median'] / MIB:.0f} | {total['written_bytes_median'] / MIB:.1f} | {start} |"
        )
    counted = reference["by_mode"]["limpet"]["workloads"]
    return "\n".join([*rows, "", f"{counted} workloads: pyperformance programs, threads, asyncio, numpy, recursion."])


def put(text, name, content):
    """`text` with what stands between <!-- name --> and <!-- end --> replaced."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"README.md has no <!-- {name} -->")
    return pattern.sub(lambda match: f"{match[1]}{content}\n{match[2]}", text, count=1)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--screen", type=pathlib.Path)
    options = parser.parse_args()
    try:
        old = text = README.read_text(encoding="utf-8")
        text = put(text, "bench", bench_table(json.loads(REFERENCE.read_text(encoding="utf-8"))))
        if options.screen:
            screen = re.sub(r"\x1b\[[0-9;]*m", "", options.screen.read_text(encoding="utf-8")).strip("\n")
            text = put(text, "screen", f"```\n{screen}\n```")
    except (OSError, ValueError, KeyError) as error:
        print(f"figures.py: {error!r}", file=sys.stderr)
        return 2
    if options.write:
        README.write_text(text, encoding="utf-8")
    elif text != old:
        print("README.md does not show what was measured; run: python3 docs/figures.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
