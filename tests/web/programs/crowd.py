"""A program of 64 processes; each keeps something."""

import os
import sys

KEPT = []


def work(number):
    for _ in range(200):
        KEPT.append(bytearray(100 + number))


children = []
for number in range(int(sys.argv[1]) - 1):
    child = os.fork()
    if child == 0:
        work(number)
        sys.exit(0)
    children.append(child)
work(0)
for child in children:
    os.waitpid(child, 0)
