"""Thousands of greenlets that switch to and fro in the middle of calls, in threads too, and die suspended."""

import threading

import greenlet


def worker(n):
    kept = []
    for k in range(20):
        kept.append([n, k, str(k)])
        helper(k, kept)
    return len(kept)


def helper(depth, kept):
    if depth == 0:
        kept.append({"v": greenlet.getcurrent().parent.switch(len(kept))})
    else:
        helper(depth - 1, kept)
        kept.append((depth, [depth]))


def run(count):
    group = [greenlet.greenlet(worker) for _ in range(count)]
    total = sum(g.switch(n) for n, g in enumerate(group))
    for _ in range(25):
        for g in group[: count // 2]:
            if not g.dead:
                total += g.switch(1)
    del group
    return total


totals = []
threads = [threading.Thread(target=lambda: totals.append(run(200))) for _ in range(3)]
for thread in threads:
    thread.start()
print(run(500))
for thread in threads:
    thread.join()
print(totals)
