"""Ways to objects that a picture of the heap has shown before, found again without another picture: many tests have one leak.

A way is remembered by its steps, from a module to the object. For another object of the type the steps are gone again as they are now, and at one of
them any other key or index may stand: if that leads to the object, it is held there. Only plain containers and attributes are looked into, and
none of the program's code is run.
"""

from __future__ import annotations

import ast
import gc
import itertools
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any

MOST_ENTRIES = 10_000  # of a container that are looked at, youngest first
MOST_WAYS = 4  # of a type that are remembered
LONGEST_KEY = 60
_CLOSURE = " closure variable "

_NAMESPACE = type.__dict__["__dict__"].__get__  # not what a metaclass says
_BASES = type.__dict__["__mro__"].__get__
_NOTHING = object()

_learned: dict[str, list[tuple[list[str], str]]] = {}  # type: the steps, and as text


def learn(kind: str, way: dict[str, Any]) -> None:
    """Remembers a way of `limpet why --json` to an object of that type."""
    steps, known = [str(step["edge"]) for step in way["holder"]], _learned.setdefault(kind, [])
    if len(steps) > 1 and steps[0].startswith("module ") and len(known) < MOST_WAYS:
        known.append((steps, str(way["holder_text"])))


def find(kind: str, address: int) -> str:
    """The way to an object of that type, as text, if it is held as one before it was; else ""."""
    return next((way for way, _, _ in _places(kind, address)), "")


def fullness(objects: Iterable[Any], name: Callable[[type], str]) -> dict[tuple[str, int], tuple[int, str]]:
    """Of those of the objects that are held as one before them was: the container (by type of the object and address) with how much is in it, and the way.
    `name` tells what ways call a type."""
    if not _learned:
        return {}
    full = {}
    for obj in objects:
        kind = name(type(obj))
        if kind in _learned:
            for way, container, entries in _places(kind, id(obj)):
                full[kind, container] = (entries, way)
                break
    return full


def _places(kind: str, address: int) -> Iterator[tuple[str, int, int]]:
    """The way to the object, the address of the container in which it was found at another step, and how much that holds."""
    for steps, text in _learned.get(kind, ()):
        for at in range(len(steps) - 1, 0, -1):
            container = _follow(sys.modules.get(steps[0].removeprefix("module ")), steps[1:at])
            for label, value in _entries(container):
                if id(_follow(value, steps[at + 1 :])) == address:
                    yield _with_label(text, steps, at, label), id(container), len(container)


def _with_label(text: str, steps: list[str], at: int, label: str) -> str:
    """The text of a way, with another key or index at step `at`. What comes before it is found in the text step by step."""
    begin = 0
    for step in steps[: at + 1]:
        begin = text.find(step, begin)
        if begin < 0:
            return ""
        end = begin = begin + len(step)
    return text[: end - len(steps[at])] + label + text[end:]


def _follow(value: Any, steps: list[str]) -> Any:
    for step in steps:
        if step.startswith(_CLOSURE):
            value = _closure_variable(value, step.removeprefix(_CLOSURE))
        else:
            value = _attribute(value, step[1:]) if step.startswith(".") else _item(value, step)
        if value is _NOTHING:
            break
    return value


def _attribute(value: Any, name: str) -> Any:
    if isinstance(value, type):
        return _NAMESPACE(value).get(name, _NOTHING)
    for base in _BASES(type(value)):
        descriptor = _NAMESPACE(base).get("__dict__")
        if type(descriptor) is types.GetSetDescriptorType or type(value) is types.ModuleType:
            names = value.__dict__ if type(value) is types.ModuleType else descriptor.__get__(value)
            return names.get(name, _NOTHING) if type(names) is dict else _NOTHING
    return _NOTHING


def _closure_variable(value: Any, name: str) -> Any:
    if type(value) is types.FunctionType and value.__closure__ and name in value.__code__.co_freevars:
        cell = value.__closure__[value.__code__.co_freevars.index(name)]
        return cell.cell_contents if gc.get_referents(cell) else _NOTHING
    return _NOTHING


def _item(value: Any, step: str) -> Any:
    try:
        key = ast.literal_eval(step[1:-1])
    except (ValueError, SyntaxError):
        return _NOTHING
    if type(value) is dict and type(key) in (str, int):
        return value.get(key, _NOTHING)
    if type(value) in (list, tuple) and type(key) is int and 0 <= key < len(value):
        return value[key]
    return _NOTHING


def _entries(value: Any) -> Iterator[tuple[str, Any]]:
    """What a container holds, youngest first, with how a way names it."""
    if type(value) is dict:
        for key, entry in itertools.islice(reversed(value.items()), MOST_ENTRIES):
            short = type(key) is str and len(key) <= LONGEST_KEY and key.isprintable()
            yield f"[{key!r}]" if short or type(key) is int else f"[<{type(key).__name__}>]", entry
    elif type(value) in (list, tuple):
        for index in range(len(value) - 1, max(-1, len(value) - 1 - MOST_ENTRIES), -1):
            yield f"[{index}]", value[index]
