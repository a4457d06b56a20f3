"""Builds a small random heap, asks guppy3 and objgraph about it, writes their answers down, and stands still.

    python -m peers OUT SEED COUNT

What is asked about is held by the heap itself and by nothing else: objects are found by their addresses, one at a time, so that no list
of the program changes who holds them.
"""

import ctypes
import gc
import json
import os
import random
import sys
import time
import types

import guppy
import objgraph


class Node:
    pass


class Slotted:
    __slots__ = ("__weakref__", "a", "b", "c")


def closure_of(value):
    def inner():
        return value

    return inner


def generator_of(value):
    kept = value
    yield kept


def hashable(thing):
    return isinstance(thing, (Node, Slotted, types.FunctionType, property))


def make_function(refs):
    def function(x=refs[0], *, y=refs[-1]):
        return x, y

    function.note = refs[0]
    return function


def make_generator(refs):
    generator = generator_of(refs[0])
    next(generator)
    return generator


def make_node(refs):
    node = Node()
    for number, ref in enumerate(refs):
        setattr(node, f"a{number}", ref)
    return node


def make_slotted(refs):
    slotted = Slotted()
    for name, ref in zip("abc", refs):
        setattr(slotted, name, ref)
    return slotted


MAKERS = {
    "generator": make_generator,
    "frame": lambda refs: (lambda generator: [generator, generator.gi_frame])(make_generator(refs)),
    "node": make_node,
    "slotted": make_slotted,
    "list": list,
    "dict": lambda refs: {f"k{number}": ref for number, ref in enumerate(refs)},
    "mixed dict": lambda refs: {number: ref for number, ref in enumerate(refs)},
    "tuple": lambda refs: (*refs, random.random()),
    "set": lambda refs: {ref for ref in refs if hashable(ref)},
    "cell": lambda refs: types.CellType(refs[0]),
    "function": make_function,
    "closure": lambda refs: closure_of(refs[0]),
    "method": lambda refs: types.MethodType(objgraph.by_type, refs[0]) if refs[0] is not None else Node(),
    "builtin method": lambda refs: [*refs].append,
    "property": lambda refs: property(refs[0] if callable(refs[0]) else None),
    "proxy": lambda refs: types.MappingProxyType({"k": refs[0]}),
}


def make(seed, count):
    """What holds the heap, and the addresses of its objects."""
    chance = random.Random(seed)
    things = []

    def some():
        return chance.choice(things) if things else None

    for _ in range(count):
        things.append(MAKERS[chance.choice(list(MAKERS))]([some() for _ in range(chance.randrange(1, 4))]))
    for thing in things:  # and back again, so that there are cycles
        if isinstance(thing, Node) and chance.random() < 0.5:
            thing.back = some()
        elif isinstance(thing, list) and chance.random() < 0.5:
            thing.append(some())
    things += [entry for thing in things if isinstance(thing, list) for entry in thing if isinstance(entry, types.FrameType)]
    things += [make_slotted.__code__, sys.modules["json"]]
    return chance.sample(things, max(3, count // 12)) + things[-2:], [id(thing) for thing in things]


def object_at(address):
    return ctypes.cast(address, ctypes.py_object).value


def reachable(roots):
    seen, waiting = set(), list(roots)
    while waiting:
        thing = waiting.pop()
        if id(thing) not in seen:
            seen.add(id(thing))
            waiting.extend(gc.get_referents(thing))
    return seen


def dominated(hp, address):
    """guppy3's word on what this object alone keeps alive."""
    target = hp.iso(object_at(address))
    return {
        "address": address,
        "type": type(object_at(address)).__name__,
        "domisize": int(target.domisize),
        "dominos": [[id(node), int(hp.iso(node).size)] for node in target.dominos.nodes],
    }


def relations(hp, address):
    """guppy3's names for the references of this object: [address of the referent, [name, ...]]."""
    source, out, told = object_at(address), [], set()
    for target in gc.get_referents(source):
        if id(target) in told or isinstance(target, type):
            continue
        told.add(id(target))
        text = str(hp._parent.Path.relation(source, target))
        names = text[1:-1].split(",%s") if text.startswith("<%s") else [text]
        out.append([id(target), type(target).__name__, [name if name.startswith("%s") else "%s" + name for name in names]])
    return out


def chain(address):
    """objgraph's chain from a module to this object, as addresses; what belongs to this very question is not in it."""
    found = objgraph.find_backref_chain(object_at(address), objgraph.is_proper_module, extra_ignore=[id(sys._getframe())])
    return [id(link) for link in found]


HOLDER = None


def main():
    global HOLDER
    out, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    hp = guppy.hpy()
    HOLDER, addresses = make(seed, count)
    gc.collect()
    alive = reachable(HOLDER)
    addresses = [address for address in addresses if address in alive]
    alive = None
    _ = hp.iso(HOLDER).domisize  # whatever guppy makes on first use is made now
    answer = {
        "pid": os.getpid(),
        "relations": [[address, relations(hp, address)] for address in addresses],
        "dominated": [dominated(hp, address) for address in addresses],
        "keys": {address: list(map(repr, object_at(address))) for address in addresses if isinstance(object_at(address), dict)},
        "chains": [chain(address) for address in addresses[:: max(1, len(addresses) // 5)]],
    }
    gc.collect()
    with open(out + ".part", "w") as file:
        json.dump(answer, file)
    answer = None
    os.rename(out + ".part", out)
    while not os.path.exists(out + ".end"):
        time.sleep(0.05)


if __name__ == "__main__":
    main()
