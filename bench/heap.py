#!/usr/bin/env python3
"""Measures heap snapshots and their analysis beside guppy3, pympler and objgraph, on the same heap.

Each measurement starts a fresh program with the same objects (workloads/heap_program.py); a second thread of it that looks at the clock
tells how long the program stood still. Medians over interleaved rounds are compared.
"""

import argparse
import json
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from harness import heap_measures, heap_session, modes, snapshot_cost, venv  # noqa: E402
from harness.errors import BenchError  # noqa: E402
from run import Progress  # noqa: E402

REPOSITORY = HERE.parent
BYTES_PER_OBJECT = 200  # of the program and of what a peer adds to it: what is refused when memory is short
EXAMPLES = """examples:
  bench/heap.py --quick                   1 M objects, one round: about a minute
  bench/heap.py                           1 M and 10 M objects: about ten minutes, 3 GB
  bench/heap.py --no-peers --objects 1000000
  bench/heap.py --cost --quick            what automatic snapshots add to the workloads of bench/run.py
  bench/heap.py --show bench/results/heap-reference.json
"""


def parse_arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", metavar="PATH", help="interpreter (default: pyenv's 3.12, else python3)")
    parser.add_argument("--limpet", metavar="PATH", default=str(REPOSITORY / "build" / "limpet"),
                        help="the limpet command (default: build/limpet of this checkout)")
    parser.add_argument("--objects", metavar="N,M", help="sizes of the heap (default: 1000000,10000000; --quick: 1000000)")
    parser.add_argument("--rounds", type=int, metavar="N", help="rounds (default: 3, one for 5 M objects and more; --quick: 1)")
    parser.add_argument("--no-peers", action="store_true", help="limpet alone")
    parser.add_argument("--timeout", type=int, metavar="S", default=120, help="seconds for one answer (default: 120)")
    parser.add_argument("--quick", action="store_true", help="the smaller heap, one round")
    parser.add_argument("--cost", action="store_true",
                        help="instead: limpet run with automatic snapshots against --snapshots off, over the workloads of bench/run.py")
    parser.add_argument("--workloads", metavar="A,B", help="with --cost: only these")
    parser.add_argument("--cores", type=int, choices=(1, 2), default=1,
                        help="with --cost: cores for the program and the writer together (default: 1, the hardest)")
    parser.add_argument("--scale", type=float, default=4.0, metavar="X", help="with --cost: times the work (default: 4)")
    parser.add_argument("--json", metavar="FILE", help="where the JSON goes (default: bench/results/heap-DATE.json)")
    parser.add_argument("--check", action="store_true", help="exit with 1 when a goal that was measured is missed")
    parser.add_argument("--show", metavar="FILE", help="measure nothing; print the tables of this JSON")
    return parser.parse_args(argv)


def sizes_of(options):
    text = options.objects or ("1000000" if options.quick else "1000000,10000000")
    try:
        sizes = [int(part.replace("_", "")) for part in text.split(",")]
    except ValueError:
        raise BenchError(f"--objects {text}: is not a list of numbers") from None
    if min(sizes) < 1000:
        raise BenchError("--objects: 1000 or more")
    with open("/proc/meminfo", encoding="ascii") as file:
        available = next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable"))
    for size in sizes:
        if size * BYTES_PER_OBJECT > available:
            raise BenchError(f"--objects {size}: needs about {size * BYTES_PER_OBJECT >> 30} GiB, and {available >> 30} GiB are available")
    return sizes


def usable_peers(options, environment, say):
    usable = []
    for name, distribution in () if options.no_peers else heap_measures.PEERS:
        if environment.missing([distribution]):
            say(f"left out: {name}: {distribution} is not there for CPython {environment.version}", keep=True)
        else:
            usable.append((name, distribution))
    return usable


def measure(options, say):
    limpet = Path(options.limpet).resolve()
    if reason := modes.why_limpet_cannot_run(limpet):
        raise BenchError(reason)
    python = Path(options.python) if options.python else venv.default_python()
    environment = venv.prepare(python, (), REPOSITORY / ".venv-bench", lambda text: say(text, keep=True))
    start = time.monotonic()
    if options.cost:
        return snapshot_cost.measure(environment, limpet, options, say)
    sizes = sizes_of(options)
    runner = heap_measures.HeapRunner(environment, limpet, options.timeout)
    session = heap_session.HeapSession(runner, sizes, usable_peers(options, environment, say), say)
    usual = 1 if options.quick else 3
    rounds = {size: options.rounds or (usual if size < 5_000_000 else 1) for size in sizes}
    session.run(rounds)
    how = {"rounds": {str(size): count for size, count in rounds.items()}, "timeout": options.timeout, "seconds": time.monotonic() - start}
    return session.result(environment, how)


def print_tables(result):
    where = result["machine"]
    print(f"CPython {result['python']}, {where['cpu']}, {where['cores']} cores; {result['options']['seconds']:.0f} s; "
          f"limpet {result['commit'] or 'without a commit'}; load {result['load_average_at_end'][0]:.1f} at the end")  # fmt: skip
    if result["schema"] == snapshot_cost.SCHEMA:
        print("\n" + "\n".join(snapshot_cost.cost_table(result)))
        return
    for size, of_size in result["medians"].items():
        rss = (of_size.get("untraced") or {}).get("rss_bytes", 0)
        print(f"\n{int(size):,} objects, {rss / heap_session.MIB:.0f} MiB resident\n")
        print("\n".join(heap_session.snapshot_table(of_size)) + "\n")
        print("\n".join([*heap_session.analysis_lines(of_size.get("own")), ""]))
        print("\n".join(heap_session.peer_table(of_size, result["errors"], size)))
    if result["goals"]:
        print("\n" + "\n".join(heap_session.goal_table(result["goals"])))


def save(result, options):
    stamp = result["date"].replace(":", "").replace("-", "")[:15]
    kind = "cost" if options.cost else "heap"
    target = Path(options.json) if options.json else HERE / "results" / f"{kind}-{stamp}-py{result['python']}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return target


def load(path):
    try:
        result = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BenchError(f"--show {path}: cannot be read ({error})") from error
    if not isinstance(result, dict) or result.get("schema") not in (heap_session.SCHEMA, snapshot_cost.SCHEMA):
        raise BenchError(f"--show {path}: is not a {heap_session.SCHEMA} file")
    return result


def main(argv=None):
    options = parse_arguments(argv)
    say = Progress()
    try:
        if options.show:
            result = load(options.show)
            print_tables(result)
        else:
            result = measure(options, say)
            say.done()
            target = save(result, options)
            print_tables(result)
            print(f"\nwritten: {target}")
    except BenchError as error:
        say.done()
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        say.done()
        print("bench: interrupted", file=sys.stderr)
        return 130
    failed = [error for error in result["errors"] if not error.get("too_long")]
    missed = [goal for goal in result["goals"] if goal["met"] is False]
    return 1 if failed or (options.check and missed) else 0


if __name__ == "__main__":
    sys.exit(main())
