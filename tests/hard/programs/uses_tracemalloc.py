"""A user of tracemalloc sees the same figures as without limpet; starts and stops it many times."""

import gc
import tracemalloc


def make():
    first = [bytes(1000) for _ in range(100)]
    second = bytearray(500_000)
    return first, second


gc.disable()
for round in range(5):
    tracemalloc.start(1 + round * 3)
    before = tracemalloc.take_snapshot()
    kept = make()
    after = tracemalloc.take_snapshot()
    for stat in after.compare_to(before, "lineno"):
        # Not the line of the tuple: under limpet it never comes from a free list, so tracemalloc sees one block more.
        if stat.traceback[0].filename == __file__ and 8 <= stat.traceback[0].lineno <= 9:
            print(stat.traceback[0].lineno, stat.size_diff, stat.count_diff)
    print(tracemalloc.get_object_traceback(kept[1])[-1].lineno, len(tracemalloc.get_object_traceback(kept[1])))
    tracemalloc.stop()
    del kept
print(tracemalloc.get_traced_memory())
