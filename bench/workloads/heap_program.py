"""A program with a heap of a known number of objects, which measures on request what a tool costs it.

    python heap_program.py OBJECTS

It builds its heap, prints one JSON line, and then does what each line of its standard input says, answering each with one JSON line:
`fork`, `tick SECONDS` (only the clock thread works), or the name of one of PEERS. A second thread looks at the clock as often as it can
from start to end; the longest time between two looks is how long a tool made the other threads stand still.
"""

import json
import os
import random
import sys
import threading
import time
import warnings

OBJECTS_PER_RECORD = 10


class Record:
    """One instance with what hangs on it: OBJECTS_PER_RECORD objects, and links to other records."""

    def __init__(self, number):
        self.name = f"record-{number}"  # a str
        self.tags = {"number": number + 1000, "title": f"title-{number}"}  # a dict, an int, a str
        self.parts = [number / 7, (f"left-{number}", "right")]  # a list, a float, a tuple, a str
        self.links = []  # a list, of records


class Registry:
    """The holder of all, so that there is one to be found."""

    def __init__(self, count):
        chance = random.Random(count)
        records = [Record(number) for number in range(count)]
        for record in records:
            record.links.append(records[chance.randrange(count)])
        self.shelves = {f"shelf-{at}": records[at : at + 1000] for at in range(0, count, 1000)}


class Clock(threading.Thread):
    """Looks at the clock all the time."""

    def __init__(self):
        super().__init__(daemon=True)
        self.longest = 0.0
        self.start()

    def run(self):
        last = time.perf_counter()
        while True:
            time.sleep(0.0005)
            work = bytes(100)  # something that a tracer of allocations can hold on to
            now = time.perf_counter()
            self.longest = max(self.longest, now - last)
            last = now
            del work


def memory(field):
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(field + ":"))


def forget_peak():
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def guppy_heap(_registry):
    from guppy import hpy

    return len(hpy().heap())


def guppy_byrcs(_registry):
    from guppy import hpy

    return len(hpy().heap().byrcs)


def guppy_domisize(registry):
    from guppy import hpy

    return hpy().iso(registry).domisize


def pympler_muppy(_registry):
    from pympler import muppy, summary

    return len(summary.summarize(muppy.get_objects()))


def pympler_asizeof(registry):
    from pympler import asizeof

    return asizeof.asizeof(registry)


def objgraph_typestats(_registry):
    import objgraph

    return objgraph.typestats(shortnames=False)["__main__.Record"]


def objgraph_chain(registry):
    import objgraph

    record = registry.shelves["shelf-0"][7]
    return len(objgraph.find_backref_chain(record.tags, objgraph.is_proper_module))


# What a tool answers, and the function that asks it. Importing the tool comes before the measurement.
PEERS = {
    "guppy3 heap()": ("guppy", guppy_heap),
    "guppy3 byrcs": ("guppy", guppy_byrcs),
    "guppy3 domisize": ("guppy", guppy_domisize),
    "pympler muppy + summary": ("pympler", pympler_muppy),
    "pympler asizeof": ("pympler", pympler_asizeof),
    "objgraph typestats": ("objgraph", objgraph_typestats),
    "objgraph find_backref_chain": ("objgraph", objgraph_chain),
}
SUBMODULES = {"guppy": ("guppy.heapy.Use",), "pympler": ("pympler.muppy", "pympler.summary", "pympler.asizeof"), "objgraph": ("objgraph",)}


def measured(clock, ask, *arguments):
    """What `ask` answers and what it costs: seconds, the others' longest standstill, and memory at its peak."""
    before = memory("VmRSS")
    forget_peak()
    clock.longest = 0.0
    start = time.perf_counter()
    answer = ask(*arguments)
    seconds = time.perf_counter() - start
    time.sleep(0.01)  # so that the clock sees the end of a standstill, too
    return {"answer": answer, "seconds": seconds, "gap_seconds": clock.longest, "added_bytes": max(0, memory("VmHWM") - before)}


def fork_seconds():
    """Of one bare fork of this process, in the parent. The first one costs most: later ones find the pages marked already."""
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        os._exit(0)
    seconds = time.perf_counter() - start
    os.waitpid(child, 0)
    return seconds


REGISTRY = None


def main():
    global REGISTRY
    warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads: the copy does nothing but end
    REGISTRY = registry = Registry(int(sys.argv[1]) // OBJECTS_PER_RECORD)
    clock = Clock()
    print(json.dumps({"rss_bytes": memory("VmRSS"), "python": sys.version.split()[0]}), flush=True)
    for line in sys.stdin:
        what, _, argument = line.strip().partition(" ")
        if line.strip() in PEERS:
            module, ask = PEERS[line.strip()]
            for name in SUBMODULES[module]:
                __import__(name)
            answer = measured(clock, ask, registry)
        elif what == "fork":
            answer = {"seconds": fork_seconds()}
        elif what == "tick":
            answer = measured(clock, time.sleep, float(argument))
        else:
            raise SystemExit(f"what is {line!r}?")
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
