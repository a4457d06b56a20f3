"""Keeps objects alive in every way that programs leak them: each class below is held in one way of its own.

The last snapshot of a run holds all of them; test_why.py asks who holds each.
"""

import contextvars
import ctypes
import functools
import gc
import threading
import weakref

import stock

COUNT = 20


class Kept:
    def __init__(self, number):
        self.number = number
        self.payload = bytes(1000)


class InGlobalDict(Kept):
    pass


class InClosure(Kept):
    pass


class OnClass(Kept):
    pass


class Listening(Kept):
    def hear(self):
        return self.number


class InThreadLocal(Kept):
    pass


class InContext(Kept):
    pass


class InGenerator(Kept):
    pass


class InCycle(Kept):
    pass


class InLruCache(Kept):
    pass


class InOtherModule(Kept):
    pass


class HeldByC(Kept):
    pass


class HeldTwice(Kept):
    pass


class OnlyWeak(Kept):
    pass


class Linked(Kept):
    next = None


class InTuple(Kept):
    pass


def many(cls):
    return [cls(number) for number in range(COUNT)]


SESSIONS = {f"u{kept.number}": kept for kept in many(InGlobalDict)}


def make_handler():
    kept = many(InClosure)

    def handle():
        return len(kept)

    return handle


HANDLER = make_handler()
OnClass.instances = many(OnClass)
LISTENERS = [kept.hear for kept in many(Listening)]
LOCAL = threading.local()
LOCAL.kept = many(InThreadLocal)
VARIABLE = contextvars.ContextVar("VARIABLE")
VARIABLE.set(many(InContext))


def produce():
    waiting = many(InGenerator)
    yield 1
    return waiting


PRODUCER = produce()
next(PRODUCER)


@functools.lru_cache(maxsize=None)
def load(number):
    return InLruCache(number)


for number in range(COUNT):
    load(number)
stock.SHELF.extend(many(InOtherModule))
BY_NAME = {}
BY_AGE = []
for kept in many(HeldTwice):
    BY_NAME[f"name {kept.number}"] = kept
    BY_AGE.append(kept)
FIRST = Linked(0)
last = FIRST
for number in range(1, COUNT):
    last.next = Linked(number)
    last = last.next
PAIRS = {"pairs": tuple((kept.number, kept) for kept in many(InTuple))}
only_weak = OnlyWeak(1)
ONCE = [only_weak]
WATCH = weakref.ref(only_weak)
del only_weak

gc.disable()
for kept in many(InCycle):
    kept.me = kept
for kept in many(HeldByC):
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
del kept, last, number
