"""Closes every descriptor, also those that are not its own, and uses the numbers anew."""

import os

saved = os.dup(1)
os.set_inheritable(saved, True)
for fd in [int(name) for name in os.listdir("/proc/self/fd")]:
    if fd != saved:
        try:
            os.close(fd)
        except OSError:
            pass
opened = [os.open(os.devnull, os.O_RDWR) for _ in range(3)]
kept = [[str(n)] for n in range(100000)]
pid = os.fork()
if pid == 0:
    kept += [[str(n)] for n in range(50000)]
    os._exit(6)
os.write(saved, b"%d %r %d\n" % (os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), opened, len(kept)))
os._exit(0)
