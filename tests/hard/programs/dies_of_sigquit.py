"""Dies of SIGQUIT."""

import os
import resource
import signal

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
kept = [str(n) for n in range(10000)]
print("now", flush=True)
os.kill(os.getpid(), signal.SIGQUIT)
signal.pause()
