"""Puts other allocators over Python's and takes them away again, five times. usage: replaces_allocators.py LIBRARY"""

import ctypes
import sys

library = ctypes.PyDLL(sys.argv[1])
library.CountedCalls.restype = ctypes.c_long
kept = [[str(n)] for n in range(5000)]
for round in range(5):
    before = library.CountedCalls()
    library.InstallAllocators()
    kept += [[str(n), {n: n}, bytes(n % 3000)] for n in range(5000)]
    del kept[::3]
    library.RemoveAllocators()
    print(library.CountedCalls() - before > 15000)
    kept += [[str(n)] for n in range(5000)]
    del kept[::2]
print(len(kept))
