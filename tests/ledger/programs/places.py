"""Puts memory into one place and holds it there until the program ends: python places.py CASE [FILE].

Prints as JSON what the kernel counts at the end (the anonymous memory of smaps) and what the case knows of itself.
"""

import ctypes
import json
import mmap
import os
import sys
import tempfile
import threading
import time

LIBC = ctypes.CDLL(None)
LIBC.malloc.restype = ctypes.c_void_p
LIBC.malloc.argtypes = [ctypes.c_size_t]
LIBC.free.argtypes = [ctypes.c_void_p]
HELD = []
MB = 1 << 20


def anonymous():
    with open("/proc/self/smaps_rollup") as rollup:
        for line in rollup:
            if line.startswith("Anonymous:"):
                return int(line.split()[1]) * 1024


def survivors(count):
    blocks = []
    for i in range(count):
        blocks.append(bytes(100 + i % 300))
    return blocks[::1000]


def pymalloc():
    for _ in range(4):
        HELD[:] = survivors(150_000)
        time.sleep(0.1)
    return {"survivors": len(HELD)}


def touched(size):
    block = LIBC.malloc(size)
    ctypes.memset(block, 1, size)
    return block


def scatter(keep_every):
    blocks = [touched(1000) for _ in range(20_000)]
    HELD.append(blocks)
    for i, block in enumerate(blocks):
        if i % keep_every:
            LIBC.free(block)


def fragmented():
    scatter(4)  # at most every page of malloc's has a live block
    return {}


def untrimmed():
    for wave in range(6):
        blocks = [touched(2000) for _ in range(12_000)]
        if wave == 0:
            HELD.append(touched(2000))  # malloc gives back what is above the last live block only
        for block in blocks:
            LIBC.free(block)
        time.sleep(0.05)
    return {}


def trimmed():
    untrimmed()
    LIBC.malloc_trim(0)
    return {}


def nest(depth):
    return max([depth], key=lambda left: nest(left - 1) if left else 0)


def stacks():
    ready, never = threading.Barrier(9), threading.Event()

    def wait():
        nest(100)
        ready.wait()
        never.wait()

    for _ in range(8):
        threading.Thread(target=wait, daemon=True).start()
    ready.wait()
    return {}


def file_map():
    file = tempfile.TemporaryFile()  # noqa: SIM115
    file.write(b"x" * (32 * MB))
    file.flush()
    mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    HELD.append((mapped, sum(mapped[:: mmap.PAGESIZE])))
    return {}


def anonymous_map():
    mapped = mmap.mmap(-1, 16 * MB, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    mapped[: 12 * MB] = b"x" * (12 * MB)
    HELD.append(mapped)
    return {}


def objects():
    HELD.extend({"n": i} for i in range(20_000))
    HELD.extend(bytearray(b"x" * 300_000) for _ in range(20))
    return {"at_least": sum(map(sys.getsizeof, HELD)) + sys.getsizeof(HELD)}


def wait_for_file():
    untrimmed()
    open(sys.argv[2] + ".ready", "w").close()
    until = time.monotonic() + 60
    while not os.path.exists(sys.argv[2]) and time.monotonic() < until:
        bytearray(5000)
        time.sleep(0.01)
    return {}


if __name__ == "__main__":
    facts = globals()[sys.argv[1]]()
    bytearray(100_000)  # something to look at it by
    time.sleep(0.15)
    facts["anonymous"] = anonymous()
    print(json.dumps(facts), flush=True)
