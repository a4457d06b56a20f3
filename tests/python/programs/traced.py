"""Under `limpet run`: the program finds itself traced."""

import os

import limpet

assert limpet.is_tracing()
recording = limpet.recording()
assert os.path.basename(recording.path) == "run.limpet"
assert limpet.start() is recording
for wrong, error in ((lambda: limpet.start("other.limpet"), limpet.AlreadyTracing), (limpet.stop, limpet.NotTracing)):
    try:
        wrong()
    except error:
        continue
    raise AssertionError(wrong)
with limpet.record() as same:
    kept = [bytearray(500) for _ in range(5)]
assert same.path == recording.path and limpet.is_tracing()
assert limpet.allocated_at(kept[0]).stack[0].file == __file__
limpet.checkpoint("here")
assert limpet.snapshot().why(kept).path.endswith(".kept -> list")
assert len(limpet.top(3)) == 3 and limpet.leaks().verdict in ("leak", "no-leak", "inconclusive")
print("ok")
