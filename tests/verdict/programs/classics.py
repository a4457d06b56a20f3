"""A leak of every tutorial (dict, listener, cache, cycle), for some seconds."""

import functools
import gc
import sys
import time


class Session:
    def __init__(self, name):
        self.name = name
        self.items = [name] * 20


class Bus:
    def __init__(self):
        self.listeners = []


class Page:
    def __init__(self, bus, number):
        self.text = "page %d" % number * 10
        bus.listeners.append(self.on_change)  # a listener that nobody takes away

    def on_change(self):
        return self.text


class Peer:
    def __init__(self):
        self.other = None
        self.load = bytearray(200)


SESSIONS = {}
BUS = Bus()


@functools.lru_cache(maxsize=None)
def parse(text):
    return {"text": text, "words": text.split()}


def open_session(number):
    SESSIONS["s%d" % number] = Session("name %d" % number)  # a dict that only grows


def connect():
    one, other = Peer(), Peer()  # a cycle, and no collector
    one.other, other.other = other, one


def main(kind):
    if kind == "cycle":
        gc.disable()
    end = time.monotonic() + 2
    number = 0
    while time.monotonic() < end:
        number += 1
        if kind == "dict":
            open_session(number)
        elif kind == "listener":
            Page(BUS, number)
        elif kind == "cache":
            parse("a text of its own, number %d" % number)
        else:
            connect()
        [str(i) for i in range(200)]
        time.sleep(0.0005)


if __name__ == "__main__":
    main(sys.argv[1])
