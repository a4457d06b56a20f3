import ctypes
import os

KEPT = []


class Thing:
    pass


def test_fine():
    pass


def test_segfaults():
    ctypes.string_at(0)


def test_exits():
    os._exit(3)


def test_exits_while_it_is_recorded():
    KEPT.append((Thing(), bytearray(5000)))
    if len(KEPT) == 5:
        os._exit(3)


def test_forks():
    if os.fork() == 0:
        os._exit(0)
    os.wait()
