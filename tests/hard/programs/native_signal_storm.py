"""A C signal handler (faulthandler's, on its own stack) walks the frames at any instruction, also inside malloc."""

import faulthandler
import os
import signal
import threading
import time

with open(os.devnull, "w") as sink:
    faulthandler.register(signal.SIGUSR1, file=sink, all_threads=False)
    stop = threading.Event()
    pid, main = os.getpid(), threading.main_thread().ident

    def shoot():
        while not stop.is_set():
            signal.pthread_kill(main, signal.SIGUSR1)
            time.sleep(0.0005)

    thread = threading.Thread(target=shoot)
    thread.start()
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        kept = [(n, str(n), bytes(n)) for n in range(1000)]
    stop.set()
    thread.join()
    print("alive", len(kept))
