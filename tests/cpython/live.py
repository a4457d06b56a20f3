"""Runs inside the interpreter under test: holds limpet's decoders against what that interpreter says of itself.

usage: live.py PROBE_LIBRARY (positions|text|frames|gc); prints what was compared, exits 1 on a difference.
"""

import ctypes
import gc
import os
import sys
import types

MINOR = sys.version_info[1]
SKIPPED = ("site-packages", "dist-packages", "__pycache__", "test", "tests", "idle_test")


def load(path):
    probe = ctypes.CDLL(path)
    probe.probe_positions.restype = ctypes.c_int64
    probe.probe_positions.argtypes = [
        ctypes.c_char_p,
        ctypes.c_uint64,
        ctypes.c_int32,
        ctypes.POINTER(ctypes.c_int32),
        ctypes.c_int64,
    ]
    probe.probe_line.argtypes = [ctypes.c_char_p, ctypes.c_uint64, ctypes.c_int32, ctypes.c_int64]
    probe.probe_text.restype = ctypes.c_uint64
    probe.probe_text.argtypes = [ctypes.c_int, ctypes.c_uint64, ctypes.c_char_p, ctypes.c_uint64]
    probe.probe_frames.restype = ctypes.c_int64
    probe.probe_frames.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_int64), ctypes.c_int64]
    probe.probe_gc.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint64)]
    return probe


def this_thread():
    get = ctypes.pythonapi.PyGILState_GetThisThreadState
    get.restype = ctypes.c_void_p
    return get()


def library_codes():
    """Every code object of the standard library, compiled afresh."""
    folder = os.path.dirname(os.__file__)
    for where, folders, names in os.walk(folder):
        folders[:] = [f for f in folders if f not in SKIPPED]
        for name in names:
            if not name.endswith(".py"):
                continue
            with open(os.path.join(where, name), "rb") as file:
                source = file.read()
            try:
                todo = [compile(source, name, "exec", dont_inherit=True)]
            except (SyntaxError, ValueError, RecursionError):
                continue  # the tests' intentionally bad files
            while todo:
                code = todo.pop()
                todo += [c for c in code.co_consts if isinstance(c, types.CodeType)]
                yield code


def check_positions(probe):
    """co_positions() of every instruction; for a part of the codes also co_lines() and C's PyCode_Addr2Line."""
    codes = units = 0
    for code in library_codes():
        expected = [
            (0 if a is None else a, 0 if b is None else b, -1 if c is None else c, -1 if d is None else d)
            for a, b, c, d in code.co_positions()
        ]
        count = len(code.co_code) // 2
        out = (ctypes.c_int32 * (4 * count + 4))()
        table = code.co_linetable
        got = probe.probe_positions(table, len(table), code.co_firstlineno, out, count + 1)
        assert got == count == len(expected), (code, got, count, len(expected))
        assert list(zip(*[iter(out[: 4 * count])] * 4)) == expected, code
        if codes % 7 == 0:
            check_lines(probe, code)
        codes += 1
        units += count
    print(f"{codes} code objects, {units} instructions")
    assert codes > 3000


def check_lines(probe, code):
    addr2line = ctypes.pythonapi.PyCode_Addr2Line
    addr2line.argtypes = [ctypes.py_object, ctypes.c_int]
    table, first = code.co_linetable, code.co_firstlineno
    for begin, end, line in code.co_lines():
        for offset in (begin, end - 2):
            assert probe.probe_line(table, len(table), first, offset) == (line or 0), (code, offset)
            assert addr2line(code, offset) == (-1 if line is None else line)
    assert probe.probe_line(table, len(table), first, -1) == addr2line(code, -1) == first


class Name(str):
    """Not compact: characters in a block of their own."""


def check_text(probe):
    texts = ["", "a", "module.py", "x" * 5000, "caf\xe9", "\xff" * 300, "\u20ac" * 100, "\U0001f40c" * 100, "a\U0001f40cb", "\ud800", "a\udfffb"]
    texts += [Name(t) for t in texts]
    for text in texts:
        for capacity in (0, 1, 2, 3, 4, 5, 30, 299, 300, 301, 599, 600, 20000):
            out = ctypes.create_string_buffer(capacity + 8)
            size = probe.probe_text(MINOR, id(text), out, capacity)
            clean = "".join("\ufffd" if 0xD800 <= ord(c) < 0xE000 else c for c in str(text))
            whole = clean.encode()
            dots = b"..." if capacity >= 3 else b""
            if len(whole) > capacity:
                whole = whole[: capacity - len(dots)].decode(errors="ignore").encode() + dots
            assert out.raw[:size] == whole, (text[:20], capacity, out.raw[:size])
    print(f"{len(texts)} texts")


def own_frames(probe):
    out = (ctypes.c_int64 * 4000)()
    count = probe.probe_frames(MINOR, this_thread(), out, 2000)
    return [(out[2 * i], out[2 * i + 1]) for i in range(count)]


def python_frames():
    frame, found = sys._getframe(1), []
    while frame:
        found.append((id(frame.f_code), frame.f_lasti // 2))
        frame = frame.f_back
    return found


class Holder:
    def __init__(self, run):
        self.result = run()

    @property
    def value(self):
        return self.result()


def check_frames(probe):
    seen = []

    def look():
        got, expected = own_frames(probe), python_frames()
        # Inside this function the two differ by the helper's own frame and by the line each call is on.
        assert got[2:] == expected[1:], (got, expected)
        seen.append(len(got))
        return 1

    def generator():
        yield look()
        yield from inner()

    def inner():
        yield [look() for _ in range(2)]

    async def awaited(n):
        return look() if n == 0 else await awaited(n - 1)

    for _ in range(200):  # long enough for every call to be specialised
        look()
        list(generator())
        Holder(look)
        assert Holder(lambda: look).value == 1
        sorted([2, 1], key=lambda _: look())
        exec("look()", {"look": look})
        try:
            awaited(5).send(None)
        except StopIteration:
            pass
    print(f"{len(seen)} stacks, {sum(seen)} frames")


def check_gc(probe):
    runtime = ctypes.addressof(ctypes.c_char.in_dll(ctypes.pythonapi, "_PyRuntime"))
    out = (ctypes.c_uint64 * 7)()
    for _ in range(30):
        for generation in (0, 1, 2):
            for _ in range(5):
                cycle = []
                cycle.append(cycle)
            del cycle
            gc.collect(generation)
        gc.disable()
        stats = gc.get_stats()
        assert probe.probe_gc(MINOR, runtime, this_thread(), out) == 1, "the collector's state was not found"
        assert out[:3] == [s["collections"] for s in stats], (out[:], stats)
        assert out[3] == sum(s["collected"] for s in stats), (out[:], stats)
        assert out[4] == sum(s["uncollectable"] for s in stats)
        assert out[5:7] == [0, 0]
        gc.enable()
        assert probe.probe_gc(MINOR, None, this_thread(), out) == 1 and out[5] == 1
    print(f"collections {out[:3]}, {out[3]} objects")


if __name__ == "__main__":
    globals()[f"check_{sys.argv[2]}"](load(sys.argv[1]))
