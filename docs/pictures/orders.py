"""The program of the pictures: takes orders, with a worker beside it. `mended` lets go of what it kept."""

import gc
import os
import sys
import time

MENDED = "mended" in sys.argv
SESSIONS = {}
LATEST = {}
CATALOGUE = b" ".join(b"thing%d" % number for number in range(3000))


class Basket:
    def __init__(self, number):
        self.number = number
        self.lines = [f"item {number}-{i}" for i in range(6)]


class Session:
    def __init__(self, number):
        self.basket = Basket(number)
        self.page = bytearray(2000)


class Receipt:
    def __init__(self, session):
        self.text = "x" * 600
        self.copy = Copy(self)


class Copy:
    def __init__(self, receipt):
        self.of = receipt


def open_session(number):
    session = Session(number)
    SESSIONS[f"visitor-{number}"] = session
    return session


def price_of(number):
    """A cache with a bound."""
    LATEST[number % 300] = bytearray(900)
    return number % 97


def find_related(session):
    words = CATALOGUE.split(b" ")
    return [word for word in words if word.endswith(b"7")][: session.basket.number % 9]


def order(number):
    session = open_session(number)
    price_of(number)
    Receipt(session)
    find_related(session)
    if MENDED:
        del SESSIONS[f"visitor-{number}"]


def work():
    done = []
    for number in range(300):
        done.append(bytearray(400))
        time.sleep(0.005)


def main():
    gc.disable()
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    for number in range(4000):
        order(number)
        if MENDED and number % 500 == 499:
            gc.collect()
    os.waitpid(child, 0)


main()
