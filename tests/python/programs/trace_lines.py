"""Allocates in many ways, and prints what a tracemalloc makes of each line: count and size, and whether the peak is right."""

import json
import sys
import threading

if sys.argv[1] == "limpet":
    import limpet.tracemalloc as tracemalloc
else:
    import tracemalloc


class Thing:
    def __init__(self, number):
        self.name = f"thing number {number}"
        self.data = bytes(number)


class Slotted:
    __slots__ = ("a", "b")


def keep():
    yield [Thing(number) for number in range(200)]
    yield {f"key {number}": str(number) * 50 for number in range(300)}
    yield [bytearray(1000 + number) for number in range(100)]
    yield [Slotted() for _ in range(500)]
    yield [(number, str(number)) for number in range(1000, 1400)]
    yield list(map(complex, range(300)))
    grown = []
    for number in range(1000, 3000):
        grown.append(number)
    yield grown


def in_threads():
    kept = []
    threads = [threading.Thread(target=lambda: kept.extend(bytes(5000 + n) for n in range(20))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return kept


tracemalloc.start(3)
before = tracemalloc.get_traced_memory()[0]
kept = [*keep(), in_threads()]
for _ in range(50):
    bytes(100_000)
big = bytes(20_000_000)
del big
current, peak = tracemalloc.get_traced_memory()
snapshot = tracemalloc.take_snapshot()
tracemalloc.stop()

lines = snapshot.filter_traces([tracemalloc.Filter(True, __file__)]).statistics("lineno")
blocks = sum(trace.size for trace in snapshot.traces)
told = {
    "lines": sorted((line.traceback[0].lineno, line.count, line.size) for line in lines),
    "peak is right": 20_000_000 < peak - current < 20_100_000,
    "current is the sum": abs(blocks - current) < 20_000,
}
print(json.dumps(told))
