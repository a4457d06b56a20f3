"""Threads that allocate at the same lines at once, free each other's blocks, and die."""

import queue
import threading
import zlib


def produce(n, out):
    for k in range(200):
        out.put([n, k, {"k": str(k)}])
    out.put(None)


def collect(n, inbox, kept):
    local = threading.local()
    local.values = [n]
    while (item := inbox.get()) is not None:
        if item[1] % 3 == 0:
            kept.append((item, local.values))


def pack(n, kept):
    compressor = zlib.compressobj()
    data = b"".join(compressor.compress(bytes([k & 255]) * 4096) for k in range(n, n + 64)) + compressor.flush()
    kept.append(zlib.decompress(data))
    kept.append(zlib.decompressobj())


def run():
    kept = []
    for _ in range(3):
        box = queue.Queue(maxsize=50)
        group = [threading.Thread(target=produce, args=(n, box)) for n in range(3)]
        group += [threading.Thread(target=collect, args=(n, box, kept)) for n in range(3)]
        group += [threading.Thread(target=pack, args=(n, kept)) for n in range(4)]
        for thread in group:
            thread.start()
        for thread in group:
            thread.join()
    return kept, [threading.Lock() for _ in range(50)], threading.Event()
