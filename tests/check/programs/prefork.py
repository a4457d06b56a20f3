"""A server of three forked workers, each of which leaks at the same line: prefork.py SECONDS."""

import multiprocessing
import sys
import time

KEPT = []


def handle(number):
    KEPT.append(bytearray(600))
    return sum(len(str(i)) for i in range(200))


def serve(seconds):
    end = time.monotonic() + seconds
    number = 0
    while time.monotonic() < end:
        number += 1
        handle(number)
        time.sleep(0.0005)
    return number


if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(3) as pool:
        pool.map(serve, [float(sys.argv[1])] * 3, chunksize=1)
        pool.close()
        pool.join()
