"""Replaces itself 15 times by os.execv and kin; the environment must look the same at every step."""

import os
import sys

step = int(sys.argv[1]) if len(sys.argv) > 1 else 0
kept = [str(n) for n in range(1000 * step)]
print(step, len(kept), sorted(k for k in os.environ if k.startswith(("LD_", "LIMPET"))), flush=True)
argv = [sys.executable, __file__, str(step + 1)]
if step < 15:
    if step % 3 == 0:
        os.execv(sys.executable, argv)
    elif step % 3 == 1:
        os.execve(sys.executable, argv, {"PATH": os.environ["PATH"], "ONLY": "this"})
    else:
        os.environ["PATH"] = os.environ.get("PATH", "/usr/bin")
        os.execlp(sys.executable, *argv)
try:
    os.execv("/nonexistent", ["x"])
except FileNotFoundError as error:
    print(error)
kept.append([str(n) for n in range(1000)])
os.execv("/bin/sh", ["sh", "-c", 'echo "$LD_PRELOAD|$LIMPET_AGENT|$ONLY"; exit 9'])
