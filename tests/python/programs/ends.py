"""Ends of programs that record themselves: nothing but the program's own output and status may be seen."""

import os
import sys
import threading
import time

import limpet

limpet.start("end.limpet", snapshots=sys.argv[2])
kept = [bytearray(1000) for _ in range(1000)]


class Late:
    def __del__(self):
        [bytearray(100) for _ in range(100)]


late = Late()
late.me = late


def forever():
    while True:
        [str(i) for i in range(1000)]
        time.sleep(0)


end = sys.argv[1]
if end == "daemon":
    threading.Thread(target=forever, daemon=True).start()
if end == "raise":
    raise SystemExit(3)
if end == "stop-late":
    import atexit

    atexit.register(limpet.stop)
if end == "_exit":
    os._exit(3)
if end == "exec":
    limpet.stop()
    os.execv(sys.executable, [sys.executable, "-c", "print('executed')"])
print("ok")
