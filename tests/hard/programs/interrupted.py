"""Ends by KeyboardInterrupt, after it has been caught once."""

import os
import signal

try:
    os.kill(os.getpid(), signal.SIGINT)
    for _ in range(1000000):
        pass
except KeyboardInterrupt:
    print("once", flush=True)
os.kill(os.getpid(), signal.SIGINT)
for _ in range(1000000):
    pass
