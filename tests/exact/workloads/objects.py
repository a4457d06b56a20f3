"""Instances, containers and numbers of every size class; growth, shrinking, churn over the free lists, cycles."""

import array
import collections
import gc


class Plain:
    def __init__(self, n):
        self.name = "n%d" % n
        self.value = n * 1.5
        self.items = [n] * (n % 7)


class Slotted:
    __slots__ = ("left", "right")

    def __init__(self, left, right):
        self.left = left
        self.right = right


class Heavy(dict):
    def __missing__(self, key):
        self[key] = value = [key, str(key)]
        return value


def grow():
    out = []
    for n in range(3000):
        out.append(n << 70)
    del out[500:]
    table = {}
    for n in range(5000):
        table[n, "k"] = float(n)
    for n in range(0, 5000, 3):
        del table[n, "k"]
    buffer = bytearray()
    for n in range(400):
        buffer += b"x" * n
    del buffer[100:]
    numbers = array.array("d")
    for n in range(1000):
        numbers.append(n)
    return out, table, buffer, numbers


def churn():
    kept = []
    for n in range(4000):
        pair = (n, float(n), [n], {n: n}, slice(n))
        if n % 97 == 0:
            kept.append(pair)
    for n in range(300):
        kept.append(tuple(range(n % 25)))
        kept.pop(0)
    return kept


def cycles():
    kept = []
    for n in range(500):
        a, b = Plain(n), Plain(-n)
        a.other, b.other = b, a
        if n % 10 == 0:
            kept.append(a)
    gc.collect()
    return kept


def run():
    tree = None
    for n in range(2000):
        tree = Slotted(tree, n)
    heavy = Heavy()
    for n in range(700):
        heavy[n % 350].append(n)
    return (
        [Plain(n) for n in range(1500)],
        tree,
        heavy,
        grow(),
        churn(),
        cycles(),
        collections.deque(range(500), maxlen=300),
        collections.Counter("abracadabra" * 10),
        {frozenset(range(n)) for n in range(60)},
        [bytes(n) for n in (0, 1, 15, 16, 17, 511, 512, 513, 4096, 70000, 1 << 20)],
        [bytearray(n) for n in (0, 1, 511, 512, 513, 100000)],
        [10**n for n in range(0, 3000, 100)],
    )
