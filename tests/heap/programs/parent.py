"""A parent that minds its children, its files and its signals, and says what it saw; under snapshots every 20 ms it must say the same."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time

rows = [[str(n)] for n in range(60_000)]
said = []


def say(*words):
    print(*words, flush=True)


def work(seconds=0.12):
    """Long enough for snapshots to begin and to end."""
    end = time.monotonic() + seconds
    kept = []
    while time.monotonic() < end:
        kept = [[n] for n in range(2000)]
    return len(kept)


def wait_for_all():
    """os.wait until there is nobody left, as supervisors do."""
    ends = []
    while True:
        try:
            ends.append(os.waitstatus_to_exitcode(os.wait()[1]))
        except ChildProcessError:
            return sorted(ends)


def fork_some(count, status):
    for n in range(count):
        if os.fork() == 0:
            work(0.02 * n)
            os._exit(status + n)


if len(sys.argv) > 2:
    say("a new image", work(), sys.argv[2])
    os._exit(7)

say("nobody", wait_for_all())
work()
fork_some(4, 10)
say("children", wait_for_all())
work()
say("nobody after work", wait_for_all())

seen = []
signal.signal(signal.SIGCHLD, lambda number, frame: seen.append(number))
work()
fork_some(1, 3)
say("one child", wait_for_all(), "seen", bool(seen))
work(0.3)
say("signals", len(seen))

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
work()
fork_some(2, 0)
say("ignored", wait_for_all())
signal.signal(signal.SIGCHLD, signal.SIG_DFL)

say("ran", subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True, check=True).stdout.strip())

ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # its own subreaper
if os.fork() == 0:
    if os.fork() == 0:
        work(0.05)
        os._exit(5)
    os._exit(4)
work()
say("reaped", wait_for_all())

ticks = []
signal.signal(signal.SIGALRM, lambda number, frame: ticks.append(time.monotonic()))
signal.setitimer(signal.ITIMER_REAL, 0.02, 0.02)
began = time.monotonic()
work(0.6)
signal.setitimer(signal.ITIMER_REAL, 0)
say("timer on time", 20 <= len(ticks) <= 31, max(ticks, default=0) > 0)

group = [threading.Thread(target=work, args=(0.1,)) for _ in range(8)]
for thread in group:
    thread.start()
for thread in group:
    thread.join()
most = 0
for _ in range(200):
    count = 0
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/children") as file:
            count += len(file.read().split())
    most = max(most, count)
    time.sleep(0.001)
say("at most one child", most <= 1)
paths = [os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{name}")]
say("files", [path for path in paths if "heap" in path or path == "/dev/null"])
if os.fork() == 0:
    work()
    os._exit(9)
say("last", wait_for_all(), "done")
work(0.05)
os.execv(sys.executable, [sys.executable, __file__, sys.argv[1], "with its arguments"])
