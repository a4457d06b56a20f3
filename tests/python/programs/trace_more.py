"""limpet.tracemalloc: beginning, ending, and what the standard module lacks."""

import os
import pickle
import sys
import tempfile
import tracemalloc as standard

import limpet
import limpet.tracemalloc as tracemalloc

assert not tracemalloc.is_tracing() and tracemalloc.get_traced_memory() == (0, 0) and tracemalloc._get_traces() == []
tracemalloc.stop()
tracemalloc.clear_traces()
tracemalloc.reset_peak()
for wrong in (0, -1, 65536, 2**30):
    try:
        tracemalloc.start(wrong)
    except ValueError as error:
        assert "[1; 65535]" in str(error)
    else:
        raise AssertionError(wrong)
assert not tracemalloc.is_tracing() and not limpet.is_tracing()


def deep(calls, size):
    return deep(calls - 1, size) if calls else bytes(size)


# A recording of its own, which ends with it.
tracemalloc.start()
tracemalloc.start(10)  # nothing new
assert tracemalloc.get_traceback_limit() == 1 and limpet.is_tracing()
temporary = limpet.recording().path
block = deep(30, 12345)
assert len(tracemalloc.get_object_traceback(block)) == 1
full = tracemalloc.get_object_traceback(block, nframe=100)
assert len(full) >= 32 and full[-1].lineno == deep.__code__.co_firstlineno + 1, full
assert tracemalloc.get_object_traceback(len) is None
(trace,) = [trace for trace in tracemalloc.take_snapshot().traces if trace.size == sys.getsizeof(block)]
assert trace.domain == 0 and len(trace.traceback) == 1 and trace.traceback.total_nframe == len(full)
(trace,) = [trace for trace in tracemalloc.take_snapshot(nframe=7).traces if trace.size == sys.getsizeof(block)]
assert len(trace.traceback) == 7

# What was freed in between.
tracemalloc.clear_traces()
line = sys._getframe().f_lineno + 2
for _ in range(1000):
    bytes(7000)
(here,) = [s for s in tracemalloc.churn() if s.traceback[0].filename == __file__ and s.traceback[0].lineno == line]
assert 1000 <= here.count < 2100 and 7_000_000 < here.size < 7_200_000, here  # and tuples of arguments
assert any(s.size >= here.size for s in tracemalloc.churn("filename"))
assert any(len(s.traceback) == 1 for s in tracemalloc.churn("traceback"))
tracemalloc.clear_traces()
assert not [s for s in tracemalloc.churn() if s.traceback[0].lineno == line]
assert tracemalloc.get_object_traceback(block) is None
assert not [trace for trace in tracemalloc.take_snapshot().traces if trace.size == sys.getsizeof(block)]
del block  # not one of those that are traced
assert tracemalloc.get_traced_memory()[0] < 100_000
assert tracemalloc.get_tracemalloc_memory() > 0

# A forked child goes on.
kept = bytes(23456)
pid = os.fork()
if pid == 0:
    mine = bytes(3456)
    good = tracemalloc.is_tracing() and tracemalloc.get_object_traceback(mine) and tracemalloc.get_object_traceback(kept)
    sizes = [trace.size for trace in tracemalloc.take_snapshot().traces]
    os._exit(0 if good and sys.getsizeof(mine) in sizes and sys.getsizeof(kept) in sizes else 1)
assert os.waitpid(pid, 0)[1] == 0

tracemalloc.stop()
assert not limpet.is_tracing() and tracemalloc.churn() == []
try:
    tracemalloc.take_snapshot()
except RuntimeError as error:
    assert "must be tracing" in str(error)

# Inside of a recording that goes on after it. What was there before is no trace.
with tempfile.TemporaryDirectory() as folder, limpet.record(os.path.join(folder, "r.limpet"), native=False) as recording:
    old = bytes(34567)
    tracemalloc.start(5)
    new = bytes(45678)
    assert tracemalloc.get_object_traceback(old) is None and tracemalloc.get_object_traceback(new)
    assert limpet.allocated_at(old) is not None
    snapshot = tracemalloc.take_snapshot()
    del old
    assert tracemalloc.get_traced_memory()[0] > 45_000
    tracemalloc.stop()
    assert recording.active and limpet.allocated_at(new) is not None
    path = os.path.join(folder, "snapshot")
    snapshot.dump(path)
    assert type(standard.Snapshot.load(path)).__module__ == "tracemalloc"
    tracemalloc.start()  # and the recording may end before it
assert not tracemalloc.is_tracing()
tracemalloc.stop()

# In place of the standard module, for those who have it and those who import it.
assert limpet.install_tracemalloc() is tracemalloc
import tracemalloc as imported  # noqa: E402

assert imported is tracemalloc and sys.modules["tracemalloc"] is tracemalloc
imported.start()
block = bytes(56789)
assert standard.is_tracing() and standard.get_object_traceback(block) == imported.get_object_traceback(block) is not None
copy = pickle.loads(pickle.dumps(standard.take_snapshot()))
assert [trace for trace in copy.traces if trace.size == sys.getsizeof(block)]
standard.stop()
assert not imported.is_tracing()
assert not os.path.exists(temporary) or limpet.recording() is None
print("ok")
