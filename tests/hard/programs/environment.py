"""What the environment looks like from inside, from C, and from children of every kind."""

import ctypes
import os
import subprocess
import sys

SHOW = "import os; print(sorted(os.environ.items()))"


def shown(environ):
    return sorted((key, value) for key, value in environ.items() if key not in ("_", "SHLVL"))


print(shown(os.environ))
libc = ctypes.CDLL(None)
libc.getenv.restype = ctypes.c_char_p
print([libc.getenv(name) for name in (b"LD_PRELOAD", b"LIMPET_AGENT", b"LIMPET", b"PATH")])
environ = ctypes.POINTER(ctypes.c_char_p).in_dll(libc, "environ")
names = []
while environ[len(names)]:
    names.append(environ[len(names)].split(b"=")[0])
print(sorted(names))
print(subprocess.run(["env", "-0"], capture_output=True).stdout.split(b"\0")[-4:])
print(subprocess.run("echo \"[$LD_PRELOAD] [$LIMPET_AGENT]\"", shell=True, capture_output=True).stdout)
print(subprocess.run([sys.executable, "-I", "-S", "-c", SHOW], capture_output=True, env={"A": "1"}).stdout)
print(subprocess.run([sys.executable, "-I", "-S", "-c", SHOW], capture_output=True, env={}).stdout)
os.environ["LD_PRELOAD"] = "libm.so.6"
print(subprocess.run([sys.executable, "-I", "-S", "-c", SHOW], capture_output=True, env={"LD_PRELOAD": "libm.so.6", "B": "2"}).stdout)
print(subprocess.run("echo \"[$LD_PRELOAD] [$LIMPET_AGENT]\"", shell=True, capture_output=True).stdout)
pid = os.posix_spawn(sys.executable, [sys.executable, "-I", "-S", "-c", SHOW], {"C": "3"})
os.waitpid(pid, 0)
pid = os.posix_spawnp("sh", ["sh", "-c", 'echo "$LD_PRELOAD|$LIMPET_AGENT"'], os.environ)
os.waitpid(pid, 0)
sys.stdout.flush()
os.system('echo "[$LD_PRELOAD] [$LIMPET_AGENT]"')
print(os.popen('echo "[$LD_PRELOAD] [$LIMPET_AGENT]"').read())
os.unsetenv("LD_PRELOAD")
os.system('echo "[$LD_PRELOAD] [$LIMPET_AGENT]"')
