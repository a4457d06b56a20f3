"""A fault in a thread, without faulthandler, while others allocate."""

import ctypes
import os
import resource
import threading

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def busy():
    kept = []
    while True:
        kept.append([len(kept)])
        if len(kept) > 1000:
            kept.clear()


os.write(1, b"going\n")
threading.Thread(target=busy, daemon=True).start()
thread = threading.Thread(target=ctypes.string_at, args=(8,))
thread.start()
thread.join()
