"""Makes many distinct stacks and blocks, so that a recording grows, and tells that it all went well."""

import os
import threading

spaces = []
for n in range(2500):
    space = {}
    exec(f"def f{n}(k):\n    return [object() for _ in range(5)], (f{n}(k - 1) if k else str(k))\nx = f{n}(12)", space)
    spaces.append(space)
thread = threading.Thread(target=lambda: spaces.append([str(n) for n in range(10000)]))
thread.start()
thread.join()
while len(os.listdir("/proc/self/task")) > 1:  # Python 3.12 warns of a fork while the thread is still on its way out
    pass
pid = os.fork()
if pid == 0:
    spaces.append([[n] for n in range(10000)])
    os._exit(11)
print(len(spaces), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
