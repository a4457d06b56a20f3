"""Code that makes code: exec and eval, classes made at run time, imports, code objects that die."""

import dataclasses
import enum
import gc
import importlib
import sys
import typing

SOURCE = """
import collections
TABLE = {n: [n] for n in range(20)}
class Made:
    attribute = [1, 2]
    def method(self):
        return [object() for _ in range(3)]
def function(a, b=[1], *c, d={}, **e):
    def inner():
        return a, [b]
    return inner
kept = [Made().method(), function(5)(), collections.OrderedDict(a=1)]
"""


def executed():
    spaces = []
    for n in range(15):
        space = {}
        exec(compile(SOURCE, "<generated %d>" % (n % 5), "exec"), space)
        spaces.append(space)
        eval("kept.append([%d, 'evaluated'])" % n, space)
    del spaces[::2]
    gc.collect()
    return spaces


def classes():
    made = []
    for n in range(20):
        base = type("Base%d" % n, (), {"x": [n], "f": lambda self: self})
        made.append(type("Derived%d" % n, (base,), {"__slots__": ("a", "b")})())
        made.append(dataclasses.make_dataclass("Data%d" % n, [("a", int), ("b", list, dataclasses.field(default_factory=list))])(n))
    made.append(enum.Enum("Colour", "RED GREEN BLUE"))
    made.append(typing.NamedTuple("Pair", [("a", int), ("b", str)])(1, "x"))
    del made[::3]
    gc.collect()
    return made


def imports():
    names = ["colorsys", "wave", "html.parser", "xml.dom.minidom", "http.cookies", "plistlib", "optparse", "mailbox"]
    modules = [importlib.import_module(name) for name in names]
    del sys.modules["colorsys"]
    modules.append(importlib.import_module("colorsys"))
    return modules, modules[2].HTMLParser(), modules[6].OptionParser(), sys.modules["xml.dom.minidom"].parseString("<a><b c='d'>e</b></a>")


def run():
    return executed(), classes(), imports()
