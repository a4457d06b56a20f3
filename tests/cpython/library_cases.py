"""One object (or more) of each C type of the standard library that limpet knows by structure, with what must be told of it.

Each family is a function that makes objects and has each checked while it is in the state in question. What this interpreter does not
have (a module left out, an older version) is left out.
"""

import sys
from dataclasses import dataclass, field
from typing import Any

MINOR = sys.version_info[1]
FAMILIES = []


@dataclass
class Case:
    """An object and what must be told of it."""

    name: str
    value: Any
    names: dict = field(default_factory=dict)  # (kind, name or index) -> the object that must be there
    sized: bool = False  # bytes must be those of __sizeof__
    unlisted: int = 0  # that __sizeof__ leaves out
    bytes: int | None = None  # besides the object itself
    elsewhere: tuple = ()  # gc shows these, but they are another object's


class Thing:
    """Distinct from all else, and can be referred to weakly."""

    def __init__(self, text="thing"):
        self.text = text

    def __repr__(self):
        return f"<{self.text}>"


def family(function):
    FAMILIES.append(function)
    return function


def attributes(**names):
    return {("attribute", name): value for name, value in names.items()}


def fields(**names):
    return {("field", name): value for name, value in names.items()}


def items(values):
    return {("item", index): value for index, value in enumerate(values)}


@family
def collection_types(check):
    import collections

    things = [Thing(str(i)) for i in range(300)]
    for count in (0, 1, 31, 32, 33, 64, 65, 300):
        check(f"deque of {count}", collections.deque(things[:count]), items(things[:count]), sized=True)
    turned = collections.deque(things, 300)
    turned.rotate(77)
    for _ in range(100):
        turned.popleft()
    check("deque, rotated and shortened", turned, items(list(turned)))
    check("deque iterator", iter(turned), fields(deque=turned))
    check("deque reverse iterator", reversed(turned), fields(deque=turned))

    for count in (0, 1, 5, 200):
        ordered = collections.OrderedDict((f"key {i} of {count}", Thing()) for i in range(count))
        check(f"OrderedDict of {count}", ordered, sized=True)
    for key in list(ordered)[::2]:
        del ordered[key]
    ordered.move_to_end("key 1 of 200")
    nodes = {("element", i): key for i, key in enumerate(ordered)}
    check("OrderedDict, reordered", ordered, nodes, sized=True)
    iterator = iter(ordered.items())
    next(iterator)
    check("OrderedDict iterator", iterator, fields(di_odict=ordered))

    factory = Thing.__repr__
    check("defaultdict", collections.defaultdict(factory, {"a": things[0]}), attributes(default_factory=factory))
    getter = collections.namedtuple("Point", "x y").x
    check("tuplegetter", getter, attributes(__doc__=getter.__doc__))


@family
def function_types(check):
    import functools
    import operator

    things = [Thing(str(i)) for i in range(300)]
    function = things.append
    partial = functools.partial(function, things[0], end=things[1])
    check("partial", partial, attributes(func=function, args=partial.args, keywords=partial.keywords))
    if hasattr(functools, "Placeholder"):
        held = functools.partial(function, functools.Placeholder, things[2])
        check("partial with a placeholder", held, fields(placeholder=functools.Placeholder))

    keys = [Thing(f"argument {i}") for i in range(100)]
    for size in (None, 64, 0):
        cached = functools.lru_cache(size)(lambda argument: Thing("result"))
        results = [cached(key) for key in keys]
        links = [x for x in gc_referents(gc_referents(cached, dict)) if type(x).__name__ == "_lru_list_elem"]
        assert len(links) == (size or 0)
        inner = [x for link in links for x in (key_of(link), result_of(link))]
        names = {("field", "func"): cached.__wrapped__, **items(links)}
        check(f"lru_cache({size})", cached, names, elsewhere=tuple(inner) + tuple({id(t): t for t in map(type, links)}.values()))
        for link in links[:2]:
            check("lru_cache link", link, fields(key=key_of(link), result=result_of(link)))
    del results

    compare = functools.cmp_to_key(lambda a, b: 0)
    wrapped = compare(things[5])
    check("cmp_to_key", wrapped, attributes(obj=things[5]))
    check("itemgetter", operator.itemgetter("one", "two"))
    check("attrgetter", operator.attrgetter("one.two", "three"))
    check("methodcaller", operator.methodcaller("call", things[0], key=things[1]), fields(name=sys.intern("call")))
    called = operator.methodcaller("append", things[0], things[1])
    try:
        called(things)
    except TypeError:
        pass
    check("methodcaller, called", called)


def gc_referents(value, kind=None):
    import gc

    found = gc.get_referents(value)
    return found if kind is None else next((x for x in found if type(x) is kind), {})


def word(value, offset):
    import ctypes

    return ctypes.cast(ctypes.c_void_p.from_address(id(value) + offset).value, ctypes.py_object).value


def key_of(link):
    return word(link, 40)


def result_of(link):
    return word(link, 48)


@family
def context_types(check):
    import contextvars
    import gc

    variables = [contextvars.ContextVar(f"variable {i}", default=Thing) for i in range(400)]
    values = [Thing(f"value {i}") for i in range(400)]
    context = contextvars.copy_context()
    tokens = context.run(lambda: [v.set(x) for v, x in zip(variables, values)])
    check("ContextVar", variables[0], {**attributes(name=variables[0].name), **fields(var_default=Thing)})
    again = context.run(variables[0].set, values[1])
    check("Token", again, attributes(var=variables[0], old_value=again.old_value))
    (hamt,) = [x for x in gc.get_referents(context) if type(x).__name__ == "hamt"]
    check("Context", context, fields(ctx_vars=hamt))
    todo, kinds, held = [hamt], set(), set()
    while todo:
        node = todo.pop()
        kinds.add(type(node).__name__)
        below = gc.get_referents(node)
        held |= {id(x) for x in below}
        check(f"{type(node).__name__}", node)
        todo += [x for x in below if type(x).__name__.startswith("hamt_")]
    assert {"hamt", "hamt_array_node", "hamt_bitmap_node"} <= kinds, kinds
    assert {id(v) for v in variables} <= held and {id(x) for x in values[1:]} <= held
    for view in (context.keys(), context.values(), context.items()):
        check("Context view", iter(view))
    inside = []
    contextvars.copy_context().run(lambda: inside.append(contextvars.copy_context()))
    context.run(lambda: inside.append(list(gc.get_referents(context))))
    assert tokens


@family
def thread_types(check):
    import queue
    import threading
    import _queue
    import _thread

    lock = _thread.allocate_lock()
    check("lock", lock)
    check("RLock", threading.RLock())
    local = threading.local()
    local.value = Thing()
    done, go = threading.Event(), threading.Event()

    def work():
        local.value = Thing()
        done.set()
        go.wait(60)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    done.wait(60)
    check("local of two threads", local)
    go.set()
    thread.join()
    check("local after a thread", local)

    class Session(threading.local):
        def __init__(self, *args, **keys):
            self.value = args

    check("derived local", Session(Thing(), key=Thing()))
    if hasattr(thread, "_handle"):
        check("thread handle", thread._handle, bytes=72)
    things = [Thing() for _ in range(50)]
    for rounds in (0, 3, 20):
        simple = _queue.SimpleQueue()
        for _ in range(rounds):
            simple.put(Thing())
        for _ in range(rounds):
            simple.get()
        for thing in things:
            simple.put(thing)
        for _ in range(7):
            simple.get()
        check(f"SimpleQueue after {rounds}", simple, items(things[7:]) if MINOR >= 13 else {})
    check("empty SimpleQueue", queue.SimpleQueue())


@family
def future_types(check):
    import asyncio
    import contextvars

    loop = asyncio.new_event_loop()
    context = contextvars.copy_context()
    future = loop.create_future()
    callbacks = [Thing.__init__, Thing.__repr__, repr]
    for callback in callbacks:
        future.add_done_callback(callback, context=context)
    names = {**attributes(_loop=loop), **fields(callback=callbacks[0], callback_context=context)}
    check("Future with callbacks", future, names)
    failed = loop.create_future()
    error = ValueError(Thing())
    failed.set_exception(error)
    failed.exception()
    check("failed Future", failed, attributes(_exception=error))
    cancelled = loop.create_future()
    message = Thing("message")
    cancelled.cancel(message)
    check("cancelled Future", cancelled, attributes(_cancel_message=message))
    again = loop.create_future()
    check("FutureIter", iter(again), fields(future=again))
    loop.set_debug(True)
    debugged = loop.create_future()
    loop.set_debug(False)
    check("debugged Future", debugged, attributes(_source_traceback=debugged._source_traceback))

    class Mine(asyncio.Future):
        pass

    mine = Mine(loop=loop)
    mine.extra = Thing()
    check("derived Future", mine, attributes(_loop=loop))
    loop.close()


@family
def task_types(check):
    import asyncio

    import _asyncio

    async def main():
        loop = asyncio.get_running_loop()
        waited = loop.create_future()

        async def wait():
            return await waited

        coroutine = wait()
        task = loop.create_task(coroutine, name="the name of the task")
        waiters = [asyncio.ensure_future(asyncio.shield(task))]
        await asyncio.sleep(0)
        names = {**attributes(_coro=coroutine, _fut_waiter=waited, _loop=loop), **fields(name=task.get_name())}
        check("waiting Task", task, names)
        check("awaited Future", waited)
        for callback, *_ in waited._callbacks:
            inner = getattr(callback, "__self__", callback)
            check("wakeup of a Task", inner if type(inner) is not _asyncio.Task else task)
        result = Thing()
        waited.set_result(result)
        check("done Future", waited, attributes(_result=result))
        await task
        check("done Task", task, attributes(_result=result))
        both = asyncio.gather(loop.create_task(asyncio.sleep(0)), loop.create_task(asyncio.sleep(0)))
        check("gathering Future", both)
        await both
        assert waiters
        await asyncio.sleep(0)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()


@family
def io_types(check):
    import io
    import tempfile

    check("BytesIO", io.BytesIO(b"x" * 1000))
    bytesio = io.BytesIO()
    bytesio.write(b"y" * 5000)
    check("written BytesIO", bytesio)
    check("BytesIO's buffer", bytesio.getbuffer().obj, fields(source=bytesio))
    file = tempfile.TemporaryFile("w+b", buffering=0)
    check("FileIO", file, bytes=144 if MINOR >= 14 else 0)
    with open(__file__, "rb") as reader:
        reader.read(10)
        check("BufferedReader", reader, attributes(raw=reader.raw), sized=True, unlisted=32)
    with tempfile.TemporaryFile("w+b") as both:
        both.write(b"abc")
        check("BufferedRandom", both, attributes(raw=both.raw), sized=True, unlisted=32)
        writer = io.BufferedWriter(both.raw, 100)
        check("BufferedWriter", writer, attributes(raw=both.raw), sized=True, unlisted=32)
        writer.detach()
    pair = io.BufferedRWPair(io.BytesIO(), io.BytesIO())
    check("BufferedRWPair", pair)
    with open(__file__, encoding="utf-8") as text:
        text.readline()
        text.tell()
        check("TextIOWrapper", text, attributes(buffer=text.buffer, encoding=text.encoding, errors=text.errors))
    wrapper = io.TextIOWrapper(io.BytesIO(), "utf-8", newline="\r\n")
    wrapper.write("pending" * 3)
    check("written TextIOWrapper", wrapper, attributes(buffer=wrapper.buffer))
    check("StringIO", io.StringIO("text" * 100))
    string = io.StringIO(newline=None)
    for i in range(100):
        string.write(f"part {i}\r\n")
    check("written StringIO", string)
    string.getvalue()
    string.seek(0)
    string.readline()
    check("read StringIO", string)
    decoder = io.IncrementalNewlineDecoder(Thing(), True)
    check("newline decoder", decoder)
    check("IOBase", io.IOBase())


@family
def itertools_types(check):
    import itertools

    things = [Thing(str(i)) for i in range(130)]
    pool = tuple(things[:5])

    def started(iterator, count=1):
        for _ in range(count):
            next(iterator)
        return iterator

    check("chain", started(itertools.chain(things, pool)))
    check("chain.from_iterable", started(itertools.chain.from_iterable([things, pool])))
    check("cycle", started(itertools.cycle(iter(pool)), 7))
    check("repeat", itertools.repeat(things[0]), fields(element=things[0]))
    check("count", itertools.count(1 << 70, 1 << 71))
    check("islice", started(itertools.islice(things, 1, 20, 2)))
    first, second = itertools.tee(iter(things), 2)
    started(first, 100)
    check("tee, ahead", first)
    check("tee, behind", second)
    data = gc_referents(second, itertools._tee_dataobject)
    check("tee data", data, items(things[:57]))
    check("tee data, the next", gc_referents(data, itertools._tee_dataobject), items(things[57:100]))
    groups = itertools.groupby(things, key=lambda thing: thing.text[0])
    _, group = started(groups, 2) and next(groups)
    check("groupby", groups)
    check("group", started(group), fields(parent=groups))
    check("product", started(itertools.product(pool, pool, repeat=2)), sized=True)
    check("permutations", started(itertools.permutations(pool, 3)), sized=True)
    check("combinations", started(itertools.combinations(pool, 3)), sized=True)
    check("combinations_with_replacement", started(itertools.combinations_with_replacement(pool, 3)), sized=True)
    check("accumulate", started(itertools.accumulate(things, lambda a, b: b, initial=Thing())))
    check("starmap", started(itertools.starmap(lambda a: a, [(1,), (2,)])))
    check("takewhile", itertools.takewhile(bool, things))
    check("dropwhile", itertools.dropwhile(bool, things))
    check("filterfalse", itertools.filterfalse(bool, things))
    check("compress", itertools.compress(things, things))
    check("zip_longest", started(itertools.zip_longest(pool, things, fillvalue=Thing()), 8))
    check("pairwise", started(itertools.pairwise(things)))
    if hasattr(itertools, "batched"):
        check("batched", started(itertools.batched(things, 3)))
