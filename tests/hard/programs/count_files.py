"""How many files a program can open, and which descriptors it has, must not change."""

import os
import resource

soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
if soft > 64:
    resource.setrlimit(resource.RLIMIT_NOFILE, (12, hard))
print(sorted(int(name) for name in os.listdir("/proc/self/fd")))
files = []
try:
    while True:
        files.append(open(os.devnull))
except OSError as error:
    print(len(files), error.strerror)
kept = [[str(n)] for n in range(50000)]
pid = os.fork()
if pid == 0:
    kept = [[str(n)] for n in range(50000)]
    os._exit(len(kept) // 10000)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print([file.fileno() for file in files])
