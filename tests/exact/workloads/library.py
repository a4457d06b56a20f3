"""C modules of the standard library that own memory of their own kind."""

import bz2
import contextlib
import copy
import ctypes
import datetime
import decimal
import fractions
import hashlib
import heapq
import itertools
import lzma
import sqlite3
import tempfile
import weakref


class Thing:
    pass


def database():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t (a integer, b text)")
    connection.create_function("double", 1, lambda n: [n * 2][0])
    connection.executemany("insert into t values (?, ?)", [(n, "row %d" % n) for n in range(300)])
    rows = connection.execute("select double(a), b from t where a > ?", (10,)).fetchall()
    cursor = connection.execute("select * from t")
    return connection, rows, cursor, cursor.fetchone()


def compressed():
    data = bytes(range(256)) * 200
    return [lzma.compress(data), bz2.compress(data), lzma.LZMADecompressor(), bz2.BZ2Compressor()]


def references():
    things = [Thing() for _ in range(100)]
    table = weakref.WeakValueDictionary(enumerate(things))
    gone = [weakref.ref(Thing(), lambda r, n=n: None) for n in range(50)]
    finalizers = [weakref.finalize(thing, print, "never") for thing in things[:20]]
    for finalizer in finalizers:
        finalizer.atexit = False
    del things[50:]
    return things, table, gone, finalizers


def numbers():
    with decimal.localcontext() as context:
        context.prec = 300
        quotients = [decimal.Decimal(1) / n for n in range(1, 60)]
    heap = []
    for n in range(200):
        heapq.heappush(heap, (-n, [n]))
    return (
        quotients,
        [fractions.Fraction(1, n + 1) for n in range(50)],
        [datetime.datetime(2026, 1, 1) + datetime.timedelta(days=n) for n in range(50)],
        heap,
        list(itertools.permutations("abcd")),
        list(itertools.groupby(sorted("abracadabra"))),
        itertools.tee(iter(range(100)), 3),
    )


def foreign():
    class Point(ctypes.Structure):
        _fields_ = [("x", ctypes.c_int), ("y", ctypes.c_double * 40)]

    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda n: len([n]))
    return [Point() for _ in range(50)], callback, callback(3), ctypes.create_string_buffer(5000), [hashlib.sha256(b"x") for _ in range(20)]


def run():
    with tempfile.TemporaryFile() as file, contextlib.ExitStack() as stack:
        file.write(b"x" * 10000)
        file.seek(0)
        lines = file.readlines()
        stack.callback(list)
    return database(), compressed(), references(), numbers(), foreign(), lines, copy.deepcopy({"a": [{"b": (1, [2])}] * 3})
