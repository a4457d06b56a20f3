"""Moves into an empty root, where nothing of the recording can be seen, and forks there."""

import os

kept = [[n] for n in range(1000)]
os.mkdir("jail")
os.chroot("jail")
os.chdir("/")
kept += [[str(n)] for n in range(100000)]
pid = os.fork()
if pid == 0:
    kept += [[str(n)] for n in range(50000)]
    os._exit(8)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), os.listdir("/"), len(kept))
