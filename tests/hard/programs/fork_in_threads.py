"""Threads that fork while others allocate; the children allocate, start threads and end in every way."""

import os
import sys
import threading
import warnings

warnings.simplefilter("ignore")
stop = threading.Event()
statuses = []


def busy():
    kept = []
    while not stop.is_set():
        kept.append([str(len(kept))] * 3)
        if len(kept) > 1000:
            kept.clear()


def child(n):
    kept = [[k] for k in range(2000)]
    thread = threading.Thread(target=lambda: kept.append([str(k) for k in range(100)]))
    thread.start()
    thread.join()
    os._exit(n if len(kept) == 2001 else 99)


def forker(first):
    for n in range(first, first + 10):
        pid = os.fork()
        if pid == 0:
            child(n)
        statuses.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


group = [threading.Thread(target=busy, daemon=True) for _ in range(3)]
forkers = [threading.Thread(target=forker, args=(n * 10,)) for n in range(3)]
for thread in group + forkers:
    thread.start()
for thread in forkers:
    thread.join()
stop.set()
print(sorted(statuses))
sys.exit(5)
