"""Ends with daemon threads running, objects with finalizers, atexit handlers that allocate, and an uncaught error."""

import atexit
import os
import sys
import threading


class Late:
    def __del__(self, write=os.write):
        self.items = [str(n) for n in range(100)]
        write(1, b"finalized %d\n" % len(self.items))


def busy():
    kept = []
    while True:
        kept.append([len(kept)])
        if len(kept) > 1000:
            kept.clear()


sys.late = Late()
cycle = Late()
cycle.me = cycle
atexit.register(lambda: print("atexit", len([str(n) for n in range(1000)])))
for _ in range(2):
    threading.Thread(target=busy, daemon=True).start()
{}["missing"]
