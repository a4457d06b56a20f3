"""Becomes a daemon by two forks and setsid, closes everything, and tells by a file that it ran."""

import os
import sys
import time

done = os.path.abspath("daemon.txt")
pid = os.fork()
if pid == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.umask(0)
    os.closerange(0, 256)
    os.open(os.devnull, os.O_RDWR)
    os.dup2(0, 1)
    os.dup2(0, 2)
    kept = [[n] for n in range(20000)]
    with open(done + ".new", "w") as out:
        out.write(f"{len(kept)} {os.getpid() == os.getsid(0)} {os.getcwd()}")
    os.rename(done + ".new", done)
    sys.exit(0)
os.waitpid(pid, 0)
for _ in range(500):
    if os.path.exists(done):
        break
    time.sleep(0.01)
print(open(done).read())
