"""Its working directory goes away under it; children start elsewhere."""

import os
import subprocess
import sys

os.mkdir("gone")
os.chdir("gone")
os.rmdir("../gone")
kept = [[str(n)] for n in range(50000)]
pid = os.fork()
if pid == 0:
    os._exit(len([str(n) for n in range(1000)]) // 200)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
print(subprocess.run([sys.executable, "-I", "-S", "-c", "print(1)"], cwd="/", capture_output=True).stdout)
