"""The workloads: where each comes from and how often it repeats its work.

`loops` is chosen so that one untraced run takes 0.2-0.5 s of CPU on CPython 3.12 (Xeon, 2.3 GHz). It is a constant, never
calibrated at run time: the same work in every mode, on every interpreter, in every round.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    name: str
    source: str  # "pyperformance" or "own"
    program: str  # folder of pyperformance's benchmark, or MODULE[:FUNCTION] under workloads/own
    loops: int
    arguments: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()  # distributions beside pyperformance
    cores: int = 1
    births: int = 0  # blocks that one loop allocates at the very least: who recorded fewer did not look


def _pyperformance(name, loops, program=None, arguments=(), needs=()):
    return Workload(name, "pyperformance", program or f"bm_{name}", loops, tuple(arguments), ("pyperformance", *needs))


def _own(name, loops, program=None, needs=(), cores=1, births=0):
    return Workload(name, "own", program or name, loops, (), tuple(needs), cores, births)


WORKLOADS = (
    _pyperformance("mako", 30, needs=("Mako", "MarkupSafe")),
    _pyperformance("async_tree", 1, arguments=("none",)),
    _pyperformance("json_dumps", 20),
    _pyperformance("json_loads", 520),
    _pyperformance("regex_compile", 2),
    _pyperformance("pickle_pure_python", 50, "bm_pickle", ("--pure-python", "pickle")),
    _pyperformance("deltablue", 100),
    _pyperformance("richards", 8),
    _pyperformance("go", 3),
    _pyperformance("raytrace", 1),
    _pyperformance("html5lib", 5, needs=("html5lib", "six", "webencodings")),
    _pyperformance("logging", 5000, arguments=("format",)),
    _pyperformance("chaos", 4),
    _pyperformance("float", 4),
    _pyperformance("xml_etree", 2, arguments=("generate",)),
    _pyperformance("sqlglot", 220, "bm_sqlglot_v2", ("parse",), needs=("sqlglot",)),
    _own("objs", 25, births=40_000),
    _own("strings", 28, births=80_000),
    _own("tree", 45, births=28_000),
    _own("deep", 8000, births=200),
    _own("unwind", 15_000, births=100),
    _own("threads", 70, cores=2, births=16_000),
    _own("threads_serial", 70, "threads:run_serial", cores=2, births=16_000),
    _own("asyncio", 35, "aio"),
    _own("numpy", 30, "arrays", needs=("numpy",)),
    _own("records", 2, births=400_000),
)

BY_NAME = {workload.name: workload for workload in WORKLOADS}
