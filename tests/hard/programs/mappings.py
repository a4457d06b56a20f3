"""mmap of every kind, grown, shrunk and split; large blocks; memory shared with a child."""

import ctypes
import mmap
import os
import tempfile

areas = [mmap.mmap(-1, 1 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) for _ in range(20)]
for area in areas[::2]:
    area.resize(1 << 21)
    area[1 << 20] = 7
for area in areas[::3]:
    area.close()
with tempfile.TemporaryFile() as file:
    file.truncate(1 << 20)
    shared = mmap.mmap(file.fileno(), 0)
libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long)
libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
base = libc.mmap(None, 64 << 12, 3, 0x22, -1, 0)
assert libc.munmap(base + (8 << 12), 8 << 12) == 0
assert libc.munmap(base, 64 << 12) == 0
if os.fork() == 0:
    shared[0] = 9
    os._exit(0)
os.wait()
blocks = [bytearray(10 << 20) for _ in range(10)]
print(shared[0], sum(map(len, blocks)), len(areas))
