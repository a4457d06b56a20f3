"""Gives up root for good and goes on: allocates, forks, starts a program."""

import os
import subprocess
import sys

kept = [[n] for n in range(1000)]
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
kept += [[str(n)] for n in range(50000)]
pid = os.fork()
if pid == 0:
    kept += [[str(n)] for n in range(50000)]
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), os.getuid(), len(kept))
try:
    print(subprocess.run([sys.executable, "-S", "-c", "print(len([str(n) for n in range(10)]))"], capture_output=True, cwd="/"))
except OSError as error:
    print(error)
print(subprocess.run(["/bin/sh", "-c", "echo from sh"], capture_output=True, cwd="/"))
