"""Allocates and frees without end, in one of several ways, until it is killed. usage: busy.py KIND SEED"""

import ctypes
import gc
import itertools
import os
import random
import sys
import threading


def objects(dice):
    kept = {}
    for n in itertools.count():
        kept[dice.randrange(2000)] = [object(), str(n), {n: float(n)}, bytes(dice.randrange(3000))]
        if n % 5000 == 4999:
            kept.clear()
            gc.collect()


def threads(dice):
    def body(seed):
        own = random.Random(seed)
        kept = []
        for n in range(own.randrange(3000)):
            kept.append((n, str(n)))
            shared[own.randrange(500)] = [n, kept[-1]]

    shared = {}
    for n in itertools.count():
        group = [threading.Thread(target=body, args=(n * 10 + k,)) for k in range(4)]
        for thread in group:
            thread.start()
        for thread in group:
            thread.join()


def native(dice):
    libc = ctypes.CDLL(None)
    import zlib

    data = bytes(200000)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = (ctypes.c_void_p,)

    def body():
        while True:
            zlib.compress(data, 1)

    for _ in range(2):
        threading.Thread(target=body, daemon=True).start()
    blocks = []
    while True:
        blocks.append(libc.malloc(dice.randrange(10000)))
        if len(blocks) > 300:
            libc.free(blocks.pop(dice.randrange(len(blocks))))


def code(dice):
    spaces = []
    for n in itertools.count():
        space = {}
        exec(f"def f{n % 50}():\n" + "\n" * (n % 7) + f"    return [object() for _ in range({n % 9})]\nx = f{n % 50}()", space)
        spaces.append(space)
        if len(spaces) > 100:
            del spaces[dice.randrange(100)]


def deep(dice):
    def recurse(n):
        item = [n]
        return [item, recurse(n - 1)] if n else item

    sys.setrecursionlimit(5000)
    while True:
        recurse(dice.randrange(400))


def growing(dice):
    items = []
    text = bytearray()
    while True:
        items.extend(range(dice.randrange(2000)))
        text += bytes(dice.randrange(5000))
        if len(items) > 200000:
            items, text = [], bytearray()


def forks(dice):
    while True:
        pid = os.fork()
        if pid == 0:
            kept = [str(n) for n in range(dice.randrange(2000))]
            os._exit(len(kept) & 1)
        kept = [[n] for n in range(dice.randrange(2000))]
        os.waitpid(pid, 0)


KINDS = {f.__name__: f for f in (objects, threads, native, code, deep, growing, forks)}

if __name__ == "__main__":
    KINDS[sys.argv[1]](random.Random(sys.argv[2]))
