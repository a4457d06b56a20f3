"""Begun by -X tracemalloc or PYTHONTRACEMALLOC: it goes on with limpet's."""

import limpet.tracemalloc as tracemalloc

assert tracemalloc.is_tracing() and tracemalloc.get_traceback_limit() == 7
block = bytes(12345)
assert len(tracemalloc.get_object_traceback(block)) == 1
assert tracemalloc._standard.is_tracing is tracemalloc.is_tracing or not tracemalloc._standard.is_tracing()
print("ok")
