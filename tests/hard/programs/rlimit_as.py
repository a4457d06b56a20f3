"""Runs out of address space many times and goes on each time."""

import resource
import threading

hard = resource.getrlimit(resource.RLIMIT_AS)[1]
with open("/proc/self/statm") as file:
    now = int(file.read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (now + (64 << 20), hard))
failures = 0
kept = []
for n in range(100):
    try:
        kept.append(bytes(16 << 20))
    except MemoryError:
        failures += 1
        kept.clear()
try:
    rows = []
    while True:
        rows.append([str(len(rows))] * 10)
except MemoryError:
    full = len(rows) > 10000
    rows = None
try:
    group = [threading.Thread(target=list) for _ in range(3)]
    for thread in group:
        thread.start()
    for thread in group:
        thread.join()
except (MemoryError, RuntimeError):
    pass
resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
print("failed", failures > 10, full, len([str(n) for n in range(100000)]))
