"""limpet.allocated_at: the line, the size and the age of all kinds of objects, and None for what is not known."""

import collections
import sys
import time

import limpet

old = [object(), {}, "x" * 100]


class Plain:
    def __init__(self):
        self.a = 1


class Slots:
    __slots__ = ("a", "__weakref__")


class Hostile:
    def __repr__(self):
        raise RuntimeError("asked for its repr")

    __eq__ = __hash__ = __repr__

    @property
    def __class__(self):
        raise RuntimeError("asked for its class")


class Big(int):
    pass


limpet.start(snapshots="off")
# Blocks that the interpreter keeps for its next use were born before: those are used up first.
used_up = [([i], {i: i}, i * 0.5, {i}, (i, i), (j for j in ()), lambda: i) for i in range(3000)]
line = sys._getframe().f_lineno
made = [
    Plain(),
    Slots(),
    Hostile(),
    [1, 2],
    {"a": line},
    {line, 2},
    (line, line),
    str(line) * 10,
    bytes([line % 256]) * 10,
    bytearray(10),
    10**30 + line,
    3.5 * line,
    lambda: line,
    collections.deque([1]),
    collections.OrderedDict(a=1),
    type("Made", (), {}),
    ValueError("x"),
    Big(line),
    memoryview(b"x"),
    (i for i in old),
]
for index, obj in enumerate(made):
    birth = limpet.allocated_at(obj)
    assert birth is not None, index
    frames = [frame for frame in birth.stack if frame.file == __file__]
    assert frames, (index, birth)
    assert line <= frames[-1].line <= line + len(made) + 2, (index, birth)
    assert birth.size >= 16 and 0 <= birth.youngest <= birth.age < 60
    assert birth.to_dict()["stack"][-1]["function"] == "<module>" and "births.py" in repr(birth)
for obj in (*old, 5, "", (), None, int, sys):
    assert limpet.allocated_at(obj) is None, type(obj)
first = [bytearray(3000) for _ in range(10)]
time.sleep(0.05)
kept = [bytearray(3000) for _ in range(2000)]
assert limpet.allocated_at(first[0]).age > limpet.allocated_at(kept[-1]).age
assert limpet.allocated_at(first[0]).age >= 0.05
limpet.stop()
assert all(limpet.allocated_at(obj) is None for obj in made)
print("ok")
