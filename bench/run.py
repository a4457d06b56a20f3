#!/usr/bin/env python3
"""Measures what watching a Python program costs: limpet beside tracemalloc and memray, on the same workloads.

Every run is a fresh process that does a fixed amount of work; the modes are interleaved (A B C A B C ...), each run is pinned to one
core (the thread workloads to two), and what is compared are medians, as ratios to the untraced program of the same session.
"""

import argparse
import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness import catalog, modes, runs, session, tables, venv  # noqa: E402
from harness.errors import BenchError  # noqa: E402

REPOSITORY = HERE.parent
EXAMPLES = """examples:
  bench/run.py --quick --modes untraced,limpet     limpet alone: about a minute
  bench/run.py                                     the whole table: about a quarter of an hour
  bench/run.py --workloads deep,tree --rounds 7    two workloads, closely
  bench/run.py --python /usr/bin/python3           another interpreter
  bench/run.py --root .pythons/sid --python /usr/bin/python3.15
  bench/run.py --show bench/results/reference.json print the tables of an earlier session again
"""


def parse_arguments(argv):
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_argument_group("what is measured")
    what.add_argument("--python", metavar="PATH", help="interpreter (default: pyenv's 3.12, else python3)")
    what.add_argument("--root", metavar="DIR",
                      help="--python is inside this root file system (./dev pythons fetches one); entered by tools/in_root")
    what.add_argument("--workloads", metavar="A,B", help="only these (default: all; see --list)")
    what.add_argument("--modes", metavar="A,B", help="only these, untraced always with them (default: all; see --list)")
    what.add_argument("--limpet", metavar="PATH", default=str(REPOSITORY / "build" / "limpet"),
                      help="the limpet command (default: build/limpet of this checkout)")
    what.add_argument("--no-startup", action="store_true", help="leave out start-up and exit of an empty program")
    what.add_argument("--no-micro", action="store_true", help="leave out the nanoseconds of single allocator calls")
    how = parser.add_argument_group("how long")
    how.add_argument("--rounds", type=_positive, metavar="N", help="rounds over all modes (default: 3)")
    how.add_argument("--scale", type=_scale, metavar="X", help="times the work of each workload (default: 1)")
    how.add_argument("--quick", action="store_true", help="3 rounds of half the work (--rounds and --scale still count)")
    how.add_argument("--all-rounds", action="store_true", help="no cap on the rounds of the slow modes (tracemalloc)")
    how.add_argument("--timeout", type=_positive, metavar="S", default=120, help="seconds for one run (default: 120)")
    out = parser.add_argument_group("what comes out")
    out.add_argument("--json", metavar="FILE", help="where the JSON goes (default: bench/results/DATE.json)")
    out.add_argument("--metric", choices=("cpu", "wall"), default="cpu", help="of the first table (default: cpu)")
    out.add_argument("--check", action="store_true", help="exit with 1 when a goal that was measured is missed")
    out.add_argument("--show", metavar="FILE", help="measure nothing; print the tables of this JSON")
    out.add_argument("--list", action="store_true", help="print the workloads and the modes")
    return parser.parse_args(argv)


def _positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return value


def _scale(text):
    value = float(text)
    if not 0.01 <= value <= 100:
        raise argparse.ArgumentTypeError("must be between 0.01 and 100")
    return value


class Progress:
    """Says on stderr what is being done: in place on a terminal, else only what is to be kept."""

    def __init__(self):
        self._in_place = sys.stderr.isatty()

    def __call__(self, text, keep=False):
        if self._in_place:
            sys.stderr.write(f"\r\033[K{text}" + ("\n" if keep else ""))
        elif keep:
            sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def done(self):
        if self._in_place:
            sys.stderr.write("\r\033[K")


def pick(names, known, kind):
    """The entries of `known` that a comma-separated list names, in the order of `known`."""
    if names is None:
        return list(known.values())
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    unknown = [name for name in wanted if name not in known]
    if unknown or not wanted:
        raise BenchError(f"no such {kind}: {', '.join(unknown) or 'an empty name'} (there are: {', '.join(known)})")
    return [entry for name, entry in known.items() if name in wanted]


def usable_modes(options, environment, say):
    """The asked-for modes that can run here; says why the others cannot."""
    wanted = list(options.modes)
    if modes.BY_NAME["untraced"] not in wanted:
        wanted.insert(0, modes.BY_NAME["untraced"])
    usable = []
    for mode in wanted:
        reason = modes.why_limpet_cannot_run(Path(options.limpet).resolve()) if mode.name == "limpet" else None
        missing = environment.missing(mode.needs)
        if missing:
            reason = f"{mode.name}: {', '.join(missing)} is not there for CPython {environment.version}"
        if reason:
            say(f"left out: {reason}", keep=True)
        else:
            usable.append(mode)
    return usable


def usable_workloads(options, environment, say):
    usable = []
    for workload in options.workloads:
        missing = environment.missing(workload.needs)
        if missing:
            say(f"left out: {workload.name}: {', '.join(missing)} is not there for CPython {environment.version}", keep=True)
        else:
            usable.append(workload)
    if not usable:
        raise BenchError("none of the workloads can run on this interpreter")
    return usable


def print_listing():
    print("workloads:")
    for workload in catalog.WORKLOADS:
        print(f"  {workload.name:20} {workload.source}, {workload.loops} loops")
    print("modes:")
    for mode in modes.MODES:
        print(f"  {mode.name:20} {mode.summary}")


def print_tables(result, metric):
    table, names = result["medians"], result["modes"]
    where, how = result["machine"], result["options"]
    print(
        f"CPython {result['python']}, {where['cpu']}, {where['cores']} cores; {how['rounds']} rounds, "
        f"scale {how['scale']:g}, {how['seconds']:.0f} s; limpet {result['commit'] or 'without a commit'}"
    )
    load = result["load_average_at_end"][1]
    if load > where["cores"] + 1:
        print(f"The machine was busy with other work (load {load:.0f}): take CPU ratios as rough, wall and start-up as void.")
    print()
    if table:
        blocks = [
            tables.ratios(table, names, metric),
            tables.memory(table, names),
            tables.modes_overview(table, names, result["startup_seconds"]),
        ]
        print("\n\n".join("\n".join(block) for block in blocks))
    if any(result["micro_ns"].values()):
        print("\n" + "\n".join(tables.micro(result["micro_ns"], names)))
    if "limpet" in names:
        print("\n" + "\n".join(tables.goals(result["goals"])))
    for error in result["errors"]:
        print(f"\nfailed: {error['what']} under {error['mode']}: {error['error']}")


def measure(options, say):
    """One whole session; returns its result."""
    rounds = options.rounds or 3
    scale = options.scale or (0.5 if options.quick else 1.0)
    prefix = (str(REPOSITORY / "tools" / "in_root"), str(Path(options.root).resolve())) if options.root else ()
    if options.root and not options.python:
        raise BenchError("--root needs --python: the interpreter's path inside that root, such as /usr/bin/python3.15")
    python = Path(options.python) if options.python else venv.default_python()
    environment = venv.prepare(python, prefix, REPOSITORY / ".venv-bench", lambda text: say(text, keep=True))
    runner = runs.Runner(environment, Path(options.limpet).resolve(), options.timeout)
    measuring = session.Session(
        runner, usable_workloads(options, environment, say), usable_modes(options, environment, say), say
    )
    start = time.monotonic()
    measuring.leave_out_broken_modes()
    measuring.measure_workloads(rounds, scale, options.all_rounds)
    if not options.no_startup:
        measuring.measure_startup(5 if options.quick else 11)
    if not options.no_micro:
        measuring.measure_micro(rounds, REPOSITORY / "build-bench")
    how = {"rounds": rounds, "scale": scale, "quick": options.quick, "seconds": time.monotonic() - start}
    return measuring.result(how)


def save(result, options):
    if options.json:
        target = Path(options.json)
    else:
        stamp = result["date"].replace(":", "").replace("-", "")[:15]
        target = HERE / "results" / f"{stamp}-py{result['python']}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=1, sort_keys=False) + "\n", encoding="utf-8")
    return target


def load(path):
    try:
        result = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchError(f"--show {path}: cannot be read ({error})") from error
    if not isinstance(result, dict) or result.get("schema") != session.SCHEMA:
        raise BenchError(f"--show {path}: is not a {session.SCHEMA} file")
    return result


def main(argv=None):
    options = parse_arguments(argv)
    say = Progress()
    try:
        if options.list:
            print_listing()
            return 0
        if options.show:
            result = load(options.show)
            print_tables(result, options.metric)
        else:
            options.workloads = pick(options.workloads, catalog.BY_NAME, "workload")
            options.modes = pick(options.modes, modes.BY_NAME, "mode")
            result = measure(options, say)
            say.done()
            target = save(result, options)
            print_tables(result, options.metric)
            print(f"\nwritten: {target}")
    except BenchError as error:
        say.done()
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        say.done()
        print("bench: interrupted", file=sys.stderr)
        return 130
    missed = [goal for goal in result["goals"] if goal["met"] is False]
    return 1 if result["errors"] or (options.check and missed) else 0


if __name__ == "__main__":
    sys.exit(main())
