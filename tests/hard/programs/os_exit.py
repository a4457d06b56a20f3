"""os._exit while threads allocate."""

import os
import threading
import time


def busy():
    kept = []
    while True:
        kept.append([len(kept)])
        if len(kept) > 1000:
            kept.clear()


for _ in range(3):
    threading.Thread(target=busy, daemon=True).start()
time.sleep(0.2)
print("leaving", flush=True)
os._exit(42)
