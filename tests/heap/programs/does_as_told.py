"""Does as it is told: each line of its standard input is Python to execute, and it prints what that leaves in `answer`.

    python does_as_told.py PREPARE.py

The file is executed first. A thread allocates a little all the time, as living programs do; `beating` may be set to False.
"""

import os
import sys
import threading
import time

scope = {"answer": None, "beating": True, "__name__": "told"}


def beat():
    while True:
        if scope["beating"]:
            kept = [[n] for n in range(2000)]
            kept.clear()
        time.sleep(0.005)


threading.Thread(target=beat, daemon=True).start()
with open(sys.argv[1]) as file:
    exec(compile(file.read(), sys.argv[1], "exec"), scope)
print(os.getpid(), flush=True)
for line in iter(sys.stdin.readline, ""):
    exec(line, scope)
    print(scope["answer"], flush=True)
