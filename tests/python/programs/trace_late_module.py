"""A module that announces its memory, loaded while traced: as numpy does. And one thread announces without the interpreter's lock."""

import limpet.tracemalloc as tracemalloc

tracemalloc.start(2)
import _testcapi  # noqa: E402

before = tracemalloc.get_traced_memory()[0]
for address in range(1000, 4000):
    _testcapi.tracemalloc_track(42, address, 100, address % 2)
    _testcapi.tracemalloc_track(42, address, 50)
assert 150_000 <= tracemalloc.get_traced_memory()[0] - before < 250_000
announced = tracemalloc.take_snapshot().filter_traces([tracemalloc.DomainFilter(True, 42)])
(statistic,) = announced.statistics("lineno")
assert statistic.size == 150_000 and statistic.count == 3000 and statistic.traceback[0].lineno == 11, statistic
del announced, statistic
for address in range(1000, 4000):
    _testcapi.tracemalloc_untrack(42, address)
assert not list(tracemalloc.take_snapshot().filter_traces([tracemalloc.DomainFilter(True, 42)]).traces)
assert tracemalloc.get_traced_memory()[0] - before < 100_000
tracemalloc.stop()
try:
    _testcapi.tracemalloc_track(42, 1000, 100)
except RuntimeError:
    print("ok")
