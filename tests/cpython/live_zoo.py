"""Runs inside the interpreter under test: one object of every form, and the references that must be told of it, by name.

usage: live_zoo.py DECODE_LIBRARY (zoo|counts|frames|sizes|names); exits 1 on a difference.
"""

import asyncio
import collections
import functools
import gc
import os
import sys
import types
import weakref

from live_objects import DONE, MINOR, Decoder, check_surplus, import_much, type_name, whole_heap


class Plain:
    def __init__(self):
        self.first = ["first"]
        self.second = ["second"]


class Slotted:
    __slots__ = ("__private", "left", "right")

    def __init__(self):
        self.left = ["left"]
        self.__private = ["private"]


class Both(Slotted):
    """Slots of its base, and a dict."""


class IntegerWithAttributes(int):
    pass


class ListWithAttributes(list):
    __slots__ = ("__weakref__", "extra")


class TupleWithAttributes(tuple):
    pass


class DictWithAttributes(dict):
    pass


def attributes(**targets):
    return {("attribute", name): target for name, target in targets.items()}


def items(*targets):
    return {("item", i): target for i, target in enumerate(targets)}


def entries(mapping):
    found = {}
    for i, (key, value) in enumerate(mapping.items()):
        found["key", i] = key
        found["value", i] = value
    return found


def make_function():
    captured = ["captured"]

    def inner(a, b=["default"], *, c=["keyword"]):  # noqa: B006
        "documentation"
        return captured, a, b, c

    inner.attribute = ["attribute"]
    return inner


def make_generator(argument):
    local = ["local"]
    yield from [1, 2]
    yield local, argument


async def make_coroutine():
    held = ["held"]
    await asyncio.sleep(0)
    return held


async def make_async_generator():
    held = ["held"]
    yield held


def caught(error, cause=None):
    try:
        raise error from cause
    except BaseException as e:
        return e


def containers():
    a, b = ["a"], ["b"]
    yield (a, b), items(a, b)
    yield [a, None, b], items(a, None, b)
    yield TupleWithAttributes((a, b)), items(a, b)
    named = TupleWithAttributes((a,))
    named.name = b
    yield named, {**items(a), **in_dict(named, name=b)}
    slotted = ListWithAttributes([a])
    slotted.extra = b
    yield slotted, {**items(a), **attributes(extra=b)}
    for mapping in ({"x": a, "y": b}, {1: a, "y": b}, {(1, 2): a}, {}, {str(i): i for i in range(1000)}):
        yield mapping, entries(mapping)
    holes = {i: [i] for i in range(20)}
    for i in range(0, 20, 2):
        del holes[i]
    yield holes, {("key_of", v[0]): v for v in holes.values()}
    queue = {f"job {i}": [f"job {i}"] for i in range(300)}  # not the dict of interned strings, though its first 290 entries are gone
    for i in range(290):
        del queue[f"job {i}"]
    yield queue, {("key_of", v[0]): v for v in queue.values()}
    yield {"only"}, {("element", 0): "only"}
    yield frozenset([7777777]), {("element", 0): 7777777}
    yield DictWithAttributes(x=a), {("key", 0): "x", ("value", 0): a}
    yield types.MappingProxyType(a_dict := {"k": a}), {("field", "mapping"): a_dict}
    yield os.stat("/"), items(*os.stat("/")) and None
    if MINOR >= 15:
        yield frozendict({"k": a}), {("key", 0): "k", ("value", 0): a}  # noqa: F821


def in_dict(thing, **targets):
    """Attributes of an instance, wherever they are kept: told by the instance, or by its __dict__."""
    return {("anywhere", name): target for name, target in targets.items()}


def instances():
    plain = Plain()
    yield plain, attributes(first=plain.first, second=plain.second)
    materialised = Plain()
    materialised.__dict__  # noqa: B018
    yield materialised, in_dict(materialised, first=materialised.first, second=materialised.second)
    replaced = Plain()
    replaced.__dict__ = {"other": ["other"]}
    yield replaced, {**in_dict(replaced, other=replaced.other), ("attribute", "__dict__"): replaced.__dict__}
    many = Plain()
    for i in range(100):
        setattr(many, f"name{i}", [i])
    yield many, in_dict(many, name0=many.name0, name99=many.name99)
    deleted = Plain()
    del deleted.first
    yield deleted, in_dict(deleted, second=deleted.second)
    slotted = Slotted()
    yield slotted, {("attribute", "left"): slotted.left, ("attribute", "_Slotted__private"): slotted._Slotted__private}
    both = Both()
    both.free = ["free"]
    yield both, {("attribute", "left"): both.left, **in_dict(both, free=both.free)}
    number = IntegerWithAttributes(10**40)
    number.unit = ["m"]
    yield number, in_dict(number, unit=number.unit)
    yield types.SimpleNamespace(x=[1]), None


def callables():
    f = make_function()
    yield f, {
        ("attribute", "__code__"): f.__code__,
        ("attribute", "__globals__"): f.__globals__,
        ("attribute", "__defaults__"): f.__defaults__,
        ("attribute", "__kwdefaults__"): f.__kwdefaults__,
        ("attribute", "__closure__"): f.__closure__,
        ("attribute", "__name__"): f.__name__,
        ("attribute", "__qualname__"): f.__qualname__,
        ("attribute", "__doc__"): f.__doc__,
        ("attribute", "__module__"): f.__module__,
        ("attribute", "__dict__"): f.__dict__,
        ("closure", "captured"): f.__closure__[0],
    }
    yield f.__closure__[0], attributes(cell_contents=f.__closure__[0].cell_contents)
    code = f.__code__
    yield code, attributes(co_consts=code.co_consts, co_names=code.co_names, co_filename=code.co_filename, co_name=code.co_name, co_linetable=code.co_linetable)
    method = Plain().__init__
    yield method, attributes(__func__=method.__func__, __self__=method.__self__)
    yield [].append, None
    yield dict.fromkeys, attributes(__self__=dict)
    yield str.join, attributes(__objclass__=str, __name__=str.join.__name__)
    yield property(f, None, f, "doc"), attributes(fget=f, fdel=f, __doc__="doc")
    yield classmethod(f), attributes(__func__=f)
    yield staticmethod(f), attributes(__func__=f)
    yield functools.partial(f, 1), None
    yield super(Both, both := Both()), attributes(__thisclass__=Both, __self__=both, __self_class__=Both)
    yield Plain, {("attribute", "__mro__"): Plain.__mro__, ("attribute", "__bases__"): Plain.__bases__, ("attribute", "__base__"): object}
    yield sys, {("attribute", "__dict__"): sys.__dict__}


def running():
    generator = make_generator(["argument"])
    next(generator)
    local = generator.gi_frame.f_locals["local"]
    yield generator, {("local", "local"): local, ("local", "argument"): generator.gi_frame.f_locals["argument"]}
    coroutine = make_coroutine()
    coroutine.send(None)
    yield coroutine, {("local", "held"): coroutine.cr_frame.f_locals["held"]}
    coroutine.close()
    agen = make_async_generator()
    step = agen.__anext__()
    yield step, {("field", "ags_gen"): agen}
    step.close()
    error = caught(ValueError(["argument"]), KeyError("cause"))
    yield error, attributes(args=error.args, __traceback__=error.__traceback__, __cause__=error.__cause__)
    frame = error.__traceback__.tb_frame
    yield error.__traceback__, attributes(tb_frame=frame)
    yield frame, {("local", "cause"): frame.f_locals["cause"], ("attribute", "f_code"): frame.f_code}
    yield caught(StopIteration(value := [1])), attributes(value=value)
    yield caught(SystemExit(value)), attributes(code=value)
    yield caught(OSError(2, "no", file := "some.file")), attributes(filename=file)
    yield caught(ImportError("m", name=(name := "a.module"), path=(path := "a/path"))), attributes(name=name, path=path)
    yield caught(UnicodeDecodeError("utf8", data := b"data" * 4, 0, 1, "why")), attributes(object=data)
    yield caught(AttributeError("x", name=name, obj=value)), attributes(name=name, obj=value)
    yield caught(NameError("x", name=name)), attributes(name=name)
    yield caught(SyntaxError("message here", (file, 1, 2, "text of it"))), attributes(filename=file)
    yield caught(ExceptionGroup("group message", [error])), attributes(message="group message")


def others():
    a = Plain()
    yield weakref.ref(a, call := lambda r: None), {("field", "wr_object"): a, ("attribute", "__callback__"): call}
    yield weakref.proxy(a, call), {("field", "wr_object"): a}
    data = bytearray(b"x" * 1000)
    view = memoryview(data)
    yield view, attributes(obj=data)
    yield slice(start := 10**10, None, step := 10**11), attributes(start=start, step=step)
    yield range(start, step), attributes(start=start, stop=step)
    listed = [["x"]]
    yield iter(listed), {("field", "it_seq"): listed}
    yield reversed(listed), {("field", "it_seq"): listed}
    yield iter(text := "text of str"), {("field", "it_seq"): text}
    mapping = {"k": listed}
    yield iter(mapping), {("field", "di_dict"): mapping}
    yield mapping.items(), {("field", "dv_dict"): mapping}
    yield iter(members := {1, 2}), {("field", "si_set"): members}
    yield enumerate(iterator := iter(listed)), {("field", "en_sit"): iterator}
    yield map(str, iterator), {("field", "func"): str}
    yield filter(str, iterator), {("field", "func"): str, ("field", "it"): iterator}
    yield zip(iterator), None
    yield iter(call, 1), {("field", "it_callable"): call}
    yield list[Plain], attributes(__origin__=list)
    yield int | Plain, attributes(__args__=(int | Plain).__args__) and None
    if MINOR >= 14:
        template = eval("t'hello {listed}'", {"listed": listed})
        yield template.interpolations[0], attributes(value=listed)
        yield template, attributes(strings=template.strings)


def check_zoo(decode):
    count = 0
    for family in (containers, instances, callables, running, others):
        for thing, expected in family():
            found = decode(thing)
            assert found.result == DONE, (type(thing), found.result)
            check_one(decode, thing, expected or {}, found)
            count += 1
    print(f"{count} objects of the zoo")


def check_one(decode, thing, expected, found):
    told = {(r.kind, r.label): r for r in found.references}
    assert len(told) == len(found.references) or type(thing) in (type, dict, set) or isinstance(thing, dict), (thing, found.references)
    if ("attribute", "__dict__") in told:
        for reference in decode(thing.__dict__).references:
            if reference.kind == "attribute":
                told["anywhere", reference.label] = reference
            elif reference.kind == "key":
                key = reference
            elif reference.kind == "value":
                told["anywhere", next(k for k in thing.__dict__ if id(k) == key.target)] = reference
    for (kind, label), target in expected.items():
        if kind == "key_of":
            assert id(target) in {r.target for r in found.references if (r.kind, r.strength) == ("value", "owned")}
            continue
        reference = told.get((kind, label)) or (kind == "anywhere" and told.get(("attribute", label)))
        assert reference, (thing, kind, label, sorted(map(str, told)))
        assert reference.target == id(target), (thing, kind, label, hex(reference.target), hex(id(target)))


def check_counts(decode):
    """What is told of suspended frames, tracebacks, tasks and all the rest of the zoo adds up to the reference counts, exactly."""
    loop = asyncio.new_event_loop()
    tasks = [loop.create_task(wait_for_nothing(loop, i)) for i in range(20)]
    loop.run_until_complete(asyncio.sleep(0))
    generators = [make_generator([i]) for i in range(20)]
    for generator in generators:
        next(generator)
    keep = [loop, tasks, generators, [[thing for thing, _ in family()] for family in (containers, instances, callables, running, others)]]
    surplus = check_surplus(decode)
    of_interest = {id(thing): thing for things in (tasks, generators, *keep[3]) for thing in things}
    left = collections.Counter(type_name(type(of_interest[a])) for a in surplus if a in of_interest)
    for known in ("module", "types.GenericAlias", "float", "int", "str"):  # held by C code, or constants of this file
        left.pop(known, None)
    print(f"held more often than told, of {len(of_interest)} objects: {dict(left)}")
    assert not left
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))


async def wait_for_nothing(loop, number):
    mine = [number]
    await loop.create_future()
    return mine


def check_frames(decode):
    """The locals of this very thread's frames, by name, and what only an evaluation stack holds."""

    def inner(parameter):
        own = ["own"]
        found = {(r.kind, r.label): r for r in decode.frame(0)}
        assert found["local", "own"].target == id(own)
        assert found["local", "parameter"].target == id(parameter)
        assert found["closure", "outside"].strength == "owned"
        assert found["attribute", "f_code"].target == id(sys._getframe().f_code)
        caller = decode.frame(1)
        cell = found["closure", "outside"].target
        assert cell in {r.target for r in caller if (r.kind, r.label) == ("closure", "outside")}
        on_stack = [r for r in caller if r.kind == "stack"]
        temporary = [r for r in on_stack if r.target in temporaries]
        assert temporary, (on_stack, temporaries)
        return own, outside

    temporaries = set()
    outside = ["outside"]

    def note(thing):
        temporaries.add(id(thing))
        return thing

    result = [note(["only on the stack"]), inner(outside)]
    assert len(result) == 2 and outside is not None
    print("frames")


def check_names(decode):
    """The full name of every type there is."""
    import_much()
    count = 0
    for cls in (o for o in whole_heap([]).values() if issubclass(type(o), type)):
        static = not cls.__flags__ & 1 << 9
        name = decode.type_name(cls)
        module = cls.__dict__.get("__module__")
        if static:
            assert name.rpartition(".")[2] == cls.__name__, (cls, name)
        else:
            expected = f"{module}.{cls.__qualname__}" if isinstance(module, str) and module != "builtins" else cls.__qualname__
            assert name == expected, (cls, name, expected)
        count += 1
    print(f"{count} names of types")


# StgDict: what ctypes keeps behind a type's dict. bytearray (3.15): its bytes are an object of their own. BufferedReader: its lock.
SIZES_ELSEWHERE = ("StgDict", "bytearray", "_io.BufferedReader")


def explained_size(thing, found):
    """Why sys.getsizeof differs, or None: (what it leaves out or adds)."""
    cls = type(thing)
    heap = bool(cls.__flags__ & 1 << 9)
    if isinstance(thing, type):
        return "room for one more slot, and the keys table of its instances"
    if heap and not isinstance(thing, (int, tuple, bytes)):
        return "the values of an instance's attributes"
    if heap:
        return "room for one more item, attributes"
    if cls in (dict, types.CodeType):
        return "shared keys; what code keeps on demand"
    return None


def check_sizes(decode):
    import_much()
    heap = whole_heap([])
    different, explained = collections.Counter(), collections.Counter()
    for thing in [*heap.values(), 0, 1, -1, 10**100, True, 1.5, 1j, "", "abc", "\xe9", "\u20ac" * 9, "\U0001f40c", b"", b"abc", bytearray(100), range(3), None]:
        try:
            expected = sys.getsizeof(thing)
        except (TypeError, AttributeError, ReferenceError):
            continue
        found = decode(thing)
        size = found.own + found.beside
        if size == expected:
            different["equal"] += 1
        elif reason := explained_size(thing, found):
            explained[reason] += 1
        else:
            different[type_name(type(thing))] += 1
    print(f"sizes equal to sys.getsizeof: {different.pop('equal')}; explained: {dict(explained)}")
    left = {name for name in different if name not in SIZES_ELSEWHERE}
    assert not left, different


if __name__ == "__main__":
    gc.disable()
    globals()[f"check_{sys.argv[2]}"](Decoder(sys.argv[1]))
