"""Lives under a small RLIMIT_FSIZE: its own writes fail as they should, and nothing else does."""

import os
import signal

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with open("small.txt", "wb") as out:
    out.write(b"x" * 1000)
fd = os.open("large.txt", os.O_CREAT | os.O_WRONLY)
written = 0
try:
    for _ in range(1000):
        written += os.write(fd, b"x" * 10000)
except OSError as error:
    print(written, error.strerror)
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
spaces = []
for n in range(300):
    space = {}
    exec(f"def f{n}():\n    return [object() for _ in range(100)]\nx = f{n}()", space)
    spaces.append(space)
print(len(spaces), os.path.getsize("small.txt"))
