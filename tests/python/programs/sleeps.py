"""Keeps something each time it wakes up, and sleeps else: `limpet.leaks()` says that nothing grows only where it has seen enough."""

import sys
import time

import limpet

rounds = int(sys.argv[1])
limpet.start("sleeps.limpet", snapshots="asked")
began = time.monotonic()
if sys.argv[2] == "imports":
    import asyncio  # noqa: F401 (epochs enough, and none of them is of the program's own work)


class Session:
    def __init__(self):
        self.buffer = bytearray(5000)


KEPT = []
nap = max(0.05, time.monotonic() - began)  # sleeps most of the time, however slow the machine imports
for _ in range(rounds):
    KEPT.append(Session())
    time.sleep(nap)
for _ in range(2):  # what the first answer took is none of the program's work either
    report = limpet.leaks()
    print(report.verdict, "|", report.to_dict()["explanation"])
