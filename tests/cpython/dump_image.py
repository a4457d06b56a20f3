"""Writes what the decoders read of a few objects to files, for object_decoder_fuzz.cc (see src/cpython/memory_image.h).

usage: dump_image.py DECODE_LIBRARY FOLDER    (runs inside the interpreter that the images are to be of)
"""

import ctypes
import struct
import sys
from pathlib import Path

import live_zoo
from live_objects import MINOR, Decoder


def pieces_read(decode, thing):
    """(address, bytes) of all memory that decoding reads, touching and overlapping pieces joined."""
    out = (ctypes.c_uint64 * 40000)()
    decode.library.decode_recorded.restype = ctypes.c_int64
    decode.library.decode_recorded.argtypes = [ctypes.c_int, ctypes.c_uint64, ctypes.c_void_p, ctypes.c_int64]
    count = decode.library.decode_recorded(MINOR, id(thing), out, 20000)
    assert 0 <= count <= 20000
    joined = []
    for begin, size in sorted((out[2 * i], out[2 * i + 1]) for i in range(count)):
        if joined and begin <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], begin + size)
        else:
            joined.append([begin, begin + size])
    return [(begin, ctypes.string_at(begin, end - begin)) for begin, end in joined]


def write_image(decode, path, things):
    pieces = {}
    for thing in things:
        for address, data in pieces_read(decode, thing):
            if len(data) > len(pieces.get(address, b"")) and len(data) < 1 << 16:
                pieces[address] = data
    head = struct.pack("<BB", MINOR, len(things)) + b"".join(struct.pack("<Q", id(thing)) for thing in things)
    path.write_bytes(head + b"".join(struct.pack("<QH", address, len(data)) + data for address, data in sorted(pieces.items())))


def main():
    decode, folder = Decoder(sys.argv[1]), Path(sys.argv[2])
    for family in (live_zoo.containers, live_zoo.instances, live_zoo.callables, live_zoo.running, live_zoo.others):
        things = [thing for thing, _ in family() if not (isinstance(thing, dict) and len(thing) > 100)]
        for part in range(0, len(things), 8):
            write_image(decode, folder / f"{sys.version_info[0]}.{MINOR}-{family.__name__}-{part // 8}", things[part : part + 8])


if __name__ == "__main__":
    main()
