"""Loads and unloads libraries that allocate, over and over, while a thread does the same."""

import _ctypes
import ctypes
import ctypes.util
import threading

NAMES = [name for name in ("libbz2.so.1.0", "liblzma.so.5", "libexpat.so.1", "libsqlite3.so.0", "libz.so.1", "libm.so.6") if name]


def cycle(times):
    for n in range(times):
        for name in NAMES:
            try:
                library = ctypes.CDLL(name)
            except OSError:
                continue
            if name == "libz.so.1":
                library.zlibVersion.restype = ctypes.c_char_p
                assert library.zlibVersion()[:2] == b"1."
            _ctypes.dlclose(library._handle)


thread = threading.Thread(target=cycle, args=(20,))
thread.start()
cycle(20)
thread.join()
print("unloaded", len([str(n) for n in range(1000)]))
