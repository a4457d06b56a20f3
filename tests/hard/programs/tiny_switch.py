"""Threads that switch all the time, with settrace, setprofile and gc callbacks at work."""

import gc
import sys
import threading

sys.setswitchinterval(1e-6)
counts = [0, 0, 0]
lock = threading.Lock()


def profile(frame, event, argument):
    counts[0] += 1


def trace(frame, event, argument):
    counts[1] += 1
    return trace


gc.callbacks.append(lambda phase, info: counts.__setitem__(2, counts[2] + 1))
gc.set_threshold(50)
threading.setprofile(profile)
threading.settrace(trace)
out = []


def body():
    for n in range(300):
        with lock:
            out.append([n, str(n), {n: [n]}])


group = [threading.Thread(target=body) for _ in range(6)]
for thread in group:
    thread.start()
for thread in group:
    thread.join()
print(len(out), all(counts))
