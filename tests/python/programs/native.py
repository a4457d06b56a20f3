"""Blocks of C code: the slots of loaded and of later libraries lead to the hooks, and back when it is over."""

import ctypes

import limpet

libc = ctypes.CDLL(None)
libc.malloc.restype = libc.strdup.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]
before = [libc.malloc(5000) for _ in range(10)]
early = libc.malloc


def live_at(recording, function):
    rows = [row for row in recording.top(0) if str(row.place.get("function")).startswith(function)]
    return sum(row.live["bytes"] for row in rows), sum(row.live["blocks"] for row in rows)


def by_strdup():
    return [libc.strdup(b"x" * 9999) for _ in range(20)]


def by_name():
    mine = ctypes.CDLL(None)
    mine.malloc.restype = ctypes.c_void_p
    return [mine.malloc(10000) for _ in range(20)]


def by_library():
    import pyexpat  # loaded after start: its slots are found, too

    parser = pyexpat.ParserCreate()
    parser.Parse(b"<a>" + b"<b c='d'/>" * 2000)
    return parser


def by_raw():
    import sqlite3

    base = sqlite3.connect(":memory:")
    base.execute("create table t (a)")
    base.executemany("insert into t values (?)", [("x" * 900,) for _ in range(500)])
    return base


recording = limpet.start(snapshots="off")
for block in before:
    libc.free(block)
strings = by_strdup()
named = by_name()
kept = by_library(), by_raw()
unhooked = [early(10000) for _ in range(5)]  # a pointer kept from before goes past us; its free is no harm
for block in unhooked:
    libc.free(block)
for turn in range(20000):  # ticks: late libraries are looked for
    bytearray(100)
assert live_at(recording, "by_strdup") >= (200000, 20), live_at(recording, "by_strdup")
assert live_at(recording, "by_name") >= (200000, 20), live_at(recording, "by_name")
assert live_at(recording, "by_raw")[0] > 400000, live_at(recording, "by_raw")
late = ctypes.CDLL(None)
late.free.argtypes = [ctypes.c_void_p]
for block in strings + named:
    late.free(block)
assert live_at(recording, "by_strdup")[0] < 1000 and live_at(recording, "by_name")[0] < 10000
limpet.stop()
after = [libc.malloc(10000) for _ in range(5)]
kept[0].Parse(b"</a>", True)
kept[1].close()
with limpet.record(snapshots="off", native=False) as plain:
    strings = by_strdup()
assert live_at(plain, "by_strdup")[0] < 10000
for block in strings + after:
    libc.free(block)
for turn in range(20):
    with limpet.record(snapshots="off"):
        strings = by_strdup()
    for block in strings:
        libc.free(block)
print("ok")
