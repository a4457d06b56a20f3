"""Keeps sessions in a dict, leaves cycles behind with the collector switched off, has a child, and names that are markup."""

import gc
import os
import sys
import time

MARKUP = "<img src=x onerror=hacked()>"
SCRIPT = "</script><script>hacked()</script>"


class Session:
    def __init__(self, key):
        self.key = key
        self.buffer = bytearray(1000)


class Node:
    pass


SESSIONS = {}
ODD = {MARKUP: [], SCRIPT: type(MARKUP, (), {})()}


def open_session(number):
    SESSIONS[f"u{number}"] = Session(f"u{number}")


def leave_cycle():
    one, other = Node(), Node()
    one.next, other.back = other, one


def odd_function(name):
    code = compile("def f(keep):\n    keep.append(bytearray(3000))\n", f"{name} \u202egnp.py", "exec")
    inner = next(constant for constant in code.co_consts if hasattr(constant, "co_code"))
    odd = inner.replace(co_name=name, co_qualname=name)
    space = {}
    exec(code.replace(co_consts=tuple(odd if constant is inner else constant for constant in code.co_consts)), space)
    return space["f"]


def main():
    sessions = int(sys.argv[1])
    gc.disable()
    child = os.fork()
    if child == 0:
        mine = [bytearray(100) for _ in range(2000)]
        time.sleep(0.2)
        sys.exit(0 if mine else 1)
    odd = odd_function(SCRIPT)
    for number in range(3000):
        if number < sessions:
            open_session(number)
        odd(ODD[MARKUP])
        if number % 4 == 0:
            leave_cycle()
        sum(i * i for i in range(3000))
    os.waitpid(child, 0)


main()
