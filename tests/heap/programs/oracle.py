"""Writes down what the interpreter itself says of its heap, then stands still until it is told to end.

    python oracle.py OUT KIND

For each object of gc.get_objects() and the closure of gc.get_referents: its id, type, size and referents, as JSON lines. Everything that
is made for that is left out, and nothing but it changes afterwards.
"""

import gc
import json
import os
import sys
import time


def make(kind):
    """Builds the heap of this kind and returns what holds it."""
    import importlib

    if kind == "start":
        return []
    if kind == "library":
        names = ("argparse ast asyncio bisect calendar collections concurrent.futures contextlib csv ctypes dataclasses datetime decimal difflib "
                 "email.message enum fractions functools graphlib gzip hashlib heapq html http.server inspect io itertools json logging "
                 "multiprocessing operator pathlib pickle platform queue random re selectors shelve shlex socket sqlite3 ssl statistics "
                 "string struct subprocess tarfile tempfile textwrap threading timeit tokenize traceback types typing unittest urllib.request "
                 "uuid weakref xml.etree.ElementTree zipfile zlib zoneinfo")
        return [importlib.import_module(name) for name in names.split()]
    return __import__("heap_kinds").make(kind)


def main():
    out, kind = sys.argv[1:3]
    with open(out + ".pid", "w") as file:
        file.write(str(os.getpid()))
    keep = make(kind)
    gc.collect()
    gc.disable()
    order = gc.get_objects()
    seen = set()
    mine = {id(seen), id(order), id(sys._getframe())}
    mine.add(id(mine))
    order = [thing for thing in order if id(thing) not in mine]
    mine.add(id(order))
    seen.update(map(id, order))
    at = 0
    with open(out + ".part", "w", encoding="utf-8", errors="replace") as file:
        while at < len(order):
            thing = order[at]
            at += 1
            referents = [id(other) for other in gc.get_referents(thing) if id(other) not in mine]
            for other in gc.get_referents(thing):
                if id(other) not in mine and id(other) not in seen:
                    seen.add(id(other))
                    order.append(other)
            kind = type(thing)
            try:
                size = sys.getsizeof(thing)
            except Exception:  # noqa: BLE001 - half-made types answer with anything
                size = -1
            name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
            file.write(json.dumps((id(thing), name, size, referents)) + "\n")
    del thing, other, referents, kind, name
    os.rename(out + ".part", out)
    while not os.path.exists(out + ".end"):
        bytes(200_000)
        time.sleep(0.002)
    return keep


if __name__ == "__main__":
    main()
