"""200 forked children, two generations, at once as far as 50 at a time."""

import os

codes = []
for batch in range(4):
    pids = []
    for n in range(25):
        pid = os.fork()
        if pid == 0:
            kept = [str(k) for k in range(500)]
            grandchild = os.fork()
            if grandchild == 0:
                kept.append({k: [k] for k in range(300)})
                os._exit(3)
            code = os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1])
            os._exit(code + len(kept) // 500)
        pids.append(pid)
    codes += [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
print(len(codes), set(codes))
