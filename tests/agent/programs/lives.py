"""Does one thing that is hard to count, then stands still for the test to look. usage: lives.py KIND"""

import ctypes
import gc
import os
import resource
import subprocess
import sys
import threading


def pause(word="look"):
    print(word, flush=True)
    sys.stdin.readline()


def plain():
    kept = [[n, str(n)] for n in range(20000)]
    del kept[::2]
    return kept


def failed_reallocs():
    kept = []
    buffer = bytearray(b"x" * 1000)
    limit = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, limit[1]))
    for n in range(200):
        for attempt in (lambda: bytes(8 << 30), lambda: buffer.extend(bytes(1) * (4 << 30)), lambda: [0] * (1 << 32)):
            try:
                kept.append(attempt())
            except MemoryError:
                kept.append(n)
    resource.setrlimit(resource.RLIMIT_AS, limit)
    return kept, buffer


def dead_threads():
    kept = []

    def body(n):
        local = threading.local()
        local.items = [[k] for k in range(n)]
        kept.append(local.items[: n // 2])

    for _ in range(20):
        group = [threading.Thread(target=body, args=(n * 20,)) for n in range(8)]
        for thread in group:
            thread.start()
        for thread in group:
            thread.join()
    return kept


def unlocked():
    """Raw blocks made and freed with and without the interpreter lock, by this thread and others."""
    raw = ctypes.CDLL(None)  # releases the lock around each call
    raw.PyMem_RawMalloc.restype = ctypes.c_void_p
    raw.PyMem_RawFree.argtypes = (ctypes.c_void_p,)
    locked = ctypes.pythonapi  # keeps it
    locked.PyMem_RawMalloc.restype = ctypes.c_void_p
    locked.PyMem_RawFree.argtypes = (ctypes.c_void_p,)
    kept = []

    def body():
        for n in range(1500):
            made = [raw.PyMem_RawMalloc(n), locked.PyMem_RawMalloc(n)]
            raw.PyMem_RawFree(made[n % 2])
            if n % 3:
                locked.PyMem_RawFree(made[1 - n % 2])

    group = [threading.Thread(target=body) for _ in range(4)]
    for thread in group:
        thread.start()
    for thread in group:
        thread.join()
    return kept


def forked():
    kept = [[n] for n in range(10000)]
    ready, go = os.pipe(), os.pipe()
    if os.fork() == 0:
        del kept[5000:]
        kept.append([str(n) for n in range(3000)])
        gc.collect()
        os.write(ready[1], b"x")
        os.read(go[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    kept.append(bytes(100000))
    pause()
    os.write(go[1], b"x")
    os.wait()
    return kept


def forked_by_threads():
    kept = []
    stop = threading.Event()

    def busy():
        own = []
        while not stop.is_set():
            own.append([len(own)])
            if len(own) > 500:
                own.clear()

    def forker():
        for _ in range(5):
            pid = os.fork()
            if pid == 0:
                own = [str(n) for n in range(500)]
                os._exit(len(own) != 500)
            kept.append(os.waitpid(pid, 0)[1])

    group = [threading.Thread(target=busy) for _ in range(2)] + [threading.Thread(target=forker) for _ in range(2)]
    for thread in group:
        thread.start()
    for thread in group[2:]:
        thread.join()
    stop.set()
    for thread in group[:2]:
        thread.join()
    assert kept == [0] * 10
    return kept


def code_dies():
    kept = []
    for n in range(300):
        space = {}
        exec("def f():\n    return [object() for _ in range(3)]\nx = f()", space)
        kept.append(space.pop("x"))
    gc.collect()
    return kept


def more_interpreters():
    """Interpreters that run at once with the main one, where each has a lock of its own (3.12 and later)."""
    if sys.version_info >= (3, 14):
        from concurrent import interpreters

        def make_and_run(code):
            other = interpreters.create()
            other.exec(code)
            other.close()
    else:
        import importlib

        interpreters = importlib.import_module("_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters")

        def make_and_run(code):
            other = interpreters.create()
            interpreters.run_string(other, code)
            interpreters.destroy(other)

    code = "import json\nkept = [json.dumps([n]) for n in range(3000)]\nexec('def f(): return [object()]')\nx = f()\nassert len(kept) == 3000"
    kept = [[n] for n in range(3000)]
    make_and_run(code)
    if sys.version_info >= (3, 12):
        group = [threading.Thread(target=make_and_run, args=(code,)) for _ in range(3)]
        for thread in group:
            thread.start()
        for n in range(100000):
            kept[n % 3000] = [str(n)]
        for thread in group:
            thread.join()
    return kept


def spawned():
    return [subprocess.run([sys.executable, "-c", f"x = [str(n) for n in range({n})]"]) for n in range(3)]


if __name__ == "__main__":
    result = globals()[sys.argv[1]]()
    gc.collect()
    gc.disable()
    pause("end")
