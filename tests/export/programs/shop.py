"""Keeps sessions, frees orders, leaves cycles behind, runs functions with odd names, and has a child."""

import argparse
import gc
import os
import sys
import time
import weakref

ODD = ["<lambda>", 'quote"s and \\back', "semi;colon", "new\nline", "\u202eright to left", "x" * 10_000, "bad \udcff surrogate", "=cmd"]


class Session:
    def __init__(self, key):
        self.key = key
        self.buffer = bytearray(1000)
        self.peer = None


SESSIONS = {}
ORDERS = []
KEPT = []
WATCHED = weakref.WeakSet()


def open_session(number):
    session = SESSIONS[f"u{number}"] = Session(f"u{number}")
    WATCHED.add(session)


def serve_orders():
    ORDERS.extend(bytes(500) for _ in range(20))
    ORDERS.clear()


def leave_cycle():
    a, b = Session("a"), Session("b")
    a.peer, b.peer = b, a


def odd_functions():
    """Functions that allocate, with names and files as nobody should give them."""
    made = []
    for number, name in enumerate(ODD):
        code = compile("def f(keep):\n    for _ in range(10): keep.append(bytearray(200))\n", f'odd <{number}> "{name[:40]}".py', "exec")
        inner = next(constant for constant in code.co_consts if hasattr(constant, "co_code"))
        names = {"co_name": name, "co_qualname": name}
        code = code.replace(co_consts=tuple(inner.replace(**names) if constant is inner else constant for constant in code.co_consts))
        space = {}
        exec(code, space)
        made.append(space["f"])
    return made


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--sessions", type=int, default=6000)
    parser.add_argument("--alone", action="store_true")
    options = parser.parse_args()
    gc.disable()
    for odd in odd_functions():
        odd(KEPT)
    child = 0 if options.alone else os.fork()
    if not options.alone and child == 0:
        mine = [bytearray(100) for _ in range(500)]
        time.sleep(0.2)
        sys.exit(0 if mine else 1)
    for number in range(options.sessions):
        open_session(number)
        if number % 10 == 0:
            serve_orders()
            leave_cycle()
        sum(i * i for i in range(200))
    if child:
        os.waitpid(child, 0)
    kept = {"SESSIONS": SESSIONS, "session": SESSIONS["u0"], "KEPT": KEPT, "modules": sys.modules}
    with open("addresses", "w") as file:
        file.write("\n".join(f"{name} {id(thing):#x}" for name, thing in kept.items()))


main()
