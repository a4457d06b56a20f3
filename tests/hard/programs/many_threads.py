"""10 000 threads over time, each allocating and freeing what another made."""

import threading

shared = []


def body(n):
    shared.append([n, str(n)])
    if len(shared) > 50:
        shared.pop(0)


for batch in range(200):
    group = [threading.Thread(target=body, args=(batch * 50 + n,)) for n in range(50)]
    for thread in group:
        thread.start()
    for thread in group:
        thread.join()
print("10000 threads", len(shared))
