"""A Python signal handler 1000 times a second, allocating, amid allocating threads and system calls."""

import os
import signal
import threading
import time

calls = 0
kept = []


def handler(number, frame):
    global calls
    calls += 1
    kept.append([calls, str(calls), frame.f_lineno])
    if len(kept) > 200:
        del kept[:100]


signal.signal(signal.SIGALRM, handler)
signal.signal(signal.SIGPROF, handler)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
stop = threading.Event()


def busy():
    while not stop.is_set():
        [str(n) for n in range(100)]


group = [threading.Thread(target=busy) for _ in range(2)]
for thread in group:
    thread.start()
deadline = time.monotonic() + 1.5
total = 0
while time.monotonic() < deadline:
    total += len({n: [n] for n in range(200)})
    reader, writer = os.pipe()
    os.write(writer, b"x")
    os.read(reader, 1)
    os.close(reader)
    os.close(writer)
signal.setitimer(signal.ITIMER_REAL, 0)
signal.setitimer(signal.ITIMER_PROF, 0)
stop.set()
for thread in group:
    thread.join()
print("handled", calls > 100, total > 0)
