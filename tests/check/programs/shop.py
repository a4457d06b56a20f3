"""A program with leaks to choose from, at a speed to choose: shop.py SECONDS LEAK[=BYTES]...

    sessions   a dict that only grows        records   a list that only grows        rows      a table that is wanted
"""

import sys
import time

import store

SESSIONS = {}
RECORDS = []


class Session:
    def __init__(self, number, size):
        self.number = number
        self.load = bytearray(size)


def open_session(number, size):
    SESSIONS["s%d" % number] = Session(number, size)


def record(number, size):
    RECORDS.append([bytes(size) for _ in range(1)])


LEAKS = {"sessions": open_session, "records": record, "rows": store.insert}


def work():
    return sum(len(str(i)) for i in range(300))


def main(seconds, wanted):
    leaks = [name.partition("=") for name in wanted]
    chosen = [(LEAKS[name], int(size or 500)) for name, _, size in leaks]
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        number += 1
        work()
        for leak, size in chosen:
            leak(number, size)
        time.sleep(0.0005)


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
