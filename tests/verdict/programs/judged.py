"""Programs whose births and deaths alone would be misjudged: the heap says what is a leak, and how many there are."""

import asyncio
import collections
import functools
import gc
import random
import sys


def work(number):
    return sum(i * number % 7 for i in range(400))


# Three leaks in one loop, and dicts that come and go beside them: up to 3.13 free lists hand their memory on.
class Order:
    def __init__(self, number):
        self.number = number
        self.lines = [number, str(number) * 10]


class User:
    def __init__(self, number):
        self.name = f"user {number}" * 5
        self.tags = {"a": number}


ORDERS, USERS, LOG = {}, [], {}


def make_order(number):
    return Order(number)


def make_user(number):
    return User(number)


def make_line(number):
    return "x" * 500 + str(number)


def three(count=20_000):
    for number in range(count):
        [dict(a=[i], b=str(i)) for i in range(8)]
        ORDERS[number] = make_order(number)
        USERS.append(make_user(number))
        if number % 3 == 0:
            LOG[number] = make_line(number)


# Containers that will hold a certain number, and are not full yet.
RECENT = collections.deque(maxlen=100_000)


@functools.lru_cache(maxsize=100_000)
def parse(number):
    return [number] * 10


def filling(count=30_000):
    for number in range(count):
        parse(number)
        RECENT.append("entry %d" % number * 4)
        work(number)


# A cache that evicts by chance: of every age some stay.
CACHE = {}


def by_chance(count=30_000):
    for number in range(count):
        CACHE[random.randrange(2000)] = "page %d " % number * 20


# Garbage in cycles that the collector, which is on, has not come to.
class Peer:
    def __init__(self):
        self.other = None
        self.data = bytearray(100)


def deferred(count=6_000):
    gc.set_threshold(2000, 100, 100)
    for number in range(count):
        a, b = Peer(), Peer()
        a.other, b.other = b, a
        work(number)


# Callbacks of an event loop: the line that runs the loop says nothing.
KEPT = []


class Request:
    def __init__(self, number):
        self.body = "body %d" % number * 20


def on_request(loop, number, count):
    KEPT.append(Request(number))
    work(number)
    if number < count:
        loop.call_soon(on_request, loop, number + 1, count)
    else:
        loop.stop()


def callbacks(count=12_000):
    loop = asyncio.new_event_loop()
    loop.call_soon(on_request, loop, 0, count)
    loop.run_forever()


if __name__ == "__main__":
    globals()[sys.argv[1]]()
