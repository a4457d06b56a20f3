"""Pictures of the heap: objgraph's questions, each one call."""

import gc
import weakref

import limpet


class Session:
    def __init__(self, number):
        self.number = number
        self.buffer = bytearray(5000)


class Hostile:
    """Its own code must never run."""

    def __repr__(self):
        raise RuntimeError("asked for its repr")

    __eq__ = __hash__ = __repr__

    @property
    def __class__(self):
        raise RuntimeError("asked for its class")


class Node:
    pass


def raises(error, function, *arguments):
    try:
        function(*arguments)
    except error as told:
        return str(told)
    raise AssertionError(f"{function} did not raise {error}")


SESSIONS = {}
limpet.start("heap.limpet", snapshots="asked")
first = limpet.snapshot()
for number in range(100):
    SESSIONS[f"user{number}"] = Session(number)
hostile = [Hostile()]
dead = weakref.ref(Node())
long = list(range(1000, 31000))
gc.disable()
for _ in range(50):
    node = Node()
    node.me = node
    del node
heap = limpet.snapshot()
assert heap.objects > first.objects and heap.bytes > first.bytes + 500000
rows = {row.type: row for row in heap.by_type(0)}
assert rows["__main__.Session"].objects == 100, rows["__main__.Session"]
assert any("heap.py" in str(row.site) and row.objects in (100, 200) for row in heap.by_site(0)), heap.by_site()
assert "__main__" in str(heap.by_module(3)) and "heap.py" in str(heap.by_site(0))
one = SESSIONS["user7"]
assert heap.path(one) == "module __main__ .SESSIONS -> dict['user7'] -> Session", heap.path(one)
ways = heap.referrers(one)
assert heap.path(one) in ways and any(".one" in way or "local" in way for way in ways) or len(ways) == 1, ways
assert 5000 < heap.retained(one) < 6000
assert heap.why("__main__.Session").objects == 100
assert "SESSIONS" in str(heap.why(one)) and "<pre>" in heap.why(one)._repr_html_()
assert heap.path(hostile[0]).endswith("Hostile")
assert heap.retained(long) > 700000
assert heap.path(dead).endswith(".dead -> weakref") or "dead" in heap.path(dead)
assert raises(limpet.NotFound, heap.why, Session(1))
assert raises(limpet.NotFound, heap.why, "no.such.Type")
cycles = heap.cycles()
assert any("Node" in str(cycle.to_dict()) for cycle in cycles), cycles
grown = heap.diff(first)
assert "Session" in str(grown.to_dict()), grown
text = str(heap.by_type(3))
assert "retained" in text and len(heap.by_type(3)) == 3 and heap.by_type(3).to_dict()[0]["objects"] > 0
assert "<table>" in heap._repr_html_() and heap.to_dict()["objects"] == heap.objects
limpet.stop()
raises(limpet.NotTracing, limpet.snapshot)
assert heap.path(one)  # the picture stays
print("ok")
