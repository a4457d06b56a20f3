"""faulthandler tells where a segmentation fault came from; the process dies of it."""

import ctypes
import faulthandler

faulthandler.enable()
kept = [str(n) for n in range(1000)]


def crash():
    ctypes.string_at(8)


crash()
