"""Grows until it is told to stop, by the end of its standard input."""

import select
import sys

KEPT = []
while not select.select([sys.stdin], [], [], 0)[0]:
    KEPT.append(bytearray(2000))
    sum(i * i for i in range(2000))
