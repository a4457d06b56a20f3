"""The standard tracemalloc in front of us, behind us, and gone in between."""

import tracemalloc

import limpet


def make():
    return [bytearray(1500) for _ in range(50)]


def seen_by_both(kept):
    own = limpet.allocated_at(kept[0])
    assert own is not None and own.stack[0].function.startswith("make")
    traceback = tracemalloc.get_object_traceback(kept[0])
    assert traceback is not None and traceback[0].lineno == own.stack[0].line


limpet.start("a.limpet", snapshots="off")
tracemalloc.start()  # in front of us
seen_by_both(make())
limpet.stop()  # cannot be taken out: stays, and passes on
kept = make()
assert tracemalloc.get_object_traceback(kept[0]) and limpet.allocated_at(kept[0]) is None
limpet.start("b.limpet", snapshots="off")  # serves again
seen_by_both(make())
tracemalloc.stop()
assert limpet.allocated_at(make()[0]).stack[0].function.startswith("make")
limpet.stop()

tracemalloc.start()  # behind us
limpet.start("c.limpet", snapshots="off")
seen_by_both(make())
tracemalloc.stop()  # puts back what it found, and so throws us out
limpet.stop()
limpet.start("d.limpet", snapshots="off")
assert limpet.allocated_at(make()[0]).stack[0].function.startswith("make")
tracemalloc.start()
seen_by_both(make())
limpet.stop()
tracemalloc.stop()
for turn in range(5):
    tracemalloc.start()
    limpet.start(f"e{turn}.limpet", snapshots="off")
    seen_by_both(make())
    limpet.stop()
    tracemalloc.stop()
print("ok")
