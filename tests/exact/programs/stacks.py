"""Allocates from every kind of stack and tells what each stack was. usage: stacks.py RESULT.json

`grab()` takes a block of a size of its own and notes the caller's frames as CPython reports them; the test looks for
the site with that one block in limpet's recording.
"""

import asyncio
import collections
import functools
import gc
import itertools
import json
import sys
import threading
import weakref

sizes = itertools.count(50000, 16)
noted = []
kept = []


def frames_of(frame):
    while frame is not None:
        code = frame.f_code
        yield code.co_filename, code.co_qualname, frame.f_lineno, frame.f_lasti
        frame = frame.f_back


def grab(how):
    size = next(sizes)
    noted.append((how, size, list(frames_of(sys._getframe(1)))))
    kept.append(bytes(size - 33))
    return kept


def recurse(n):
    if n == 0:
        return grab("recursion")
    return recurse(n - 1)


def mutual(n):
    if n == 0:
        return [grab("mutual recursion")]
    return [item for item in mutual(n - 1)]


def generator():
    yield grab("generator")
    yield from inner_generator()


def inner_generator():
    yield grab("yield from")
    try:
        yield
    finally:
        grab("closed generator")


class Hooks:
    def __init__(self):
        grab("__init__")

    def __del__(self):
        grab("__del__")

    def __getattr__(self, name):
        return grab("__getattr__")

    def __getitem__(self, key):
        return grab("__getitem__")

    def __call__(self, *args, **kwargs):
        return grab("__call__")

    def __lt__(self, other):
        grab("__lt__ from C")
        return False

    def __hash__(self):
        grab("__hash__ from C")
        return 1

    def __iter__(self):
        grab("__iter__")
        return iter(())

    def __enter__(self):
        grab("__enter__")

    def __exit__(self, *error):
        grab("__exit__")

    @property
    def value(self):
        return grab("property")

    @functools.cached_property
    def cached(self):
        return grab("cached_property")

    @classmethod
    def made(cls, *args, key=None):
        return grab("classmethod")


class Meta(type):
    def __new__(cls, name, bases, space):
        grab("metaclass")
        return super().__new__(cls, name, bases, space)


async def coroutine(n):
    await asyncio.sleep(0)
    grab("coroutine")
    if n:
        await coroutine(n - 1)
    async for _ in agenerator():
        grab("async for")


async def agenerator():
    grab("async generator")
    yield 1


async def tasks():
    await asyncio.gather(coroutine(2), coroutine(1))
    asyncio.get_running_loop().call_soon(grab, "callback of the loop")
    await asyncio.sleep(0)


def hooked():
    it = Hooks()
    it.missing, it[0], it(), it(1, *[2], **{"k": 3}), list(it), it.value, it.cached, Hooks.made(1, key=2)
    with it:
        pass
    sorted([it, Hooks()])
    {it}
    del it
    sorted([3, 1], key=lambda n: grab("key function"))
    list(map(lambda n: grab("map"), [1]))
    functools.partial(grab, "partial")()
    Meta("Made", (), {})
    exec("def made():\n  return grab('exec')\n\nmade(); eval(\"grab('eval')\")", {"grab": grab})
    type("Late", (), {"__set_name__": lambda self, owner, name: grab("never")})
    collections.defaultdict(lambda: grab("defaultdict"))[1]
    weakref.finalize(Hooks.made, grab, "finalize")()
    [grab("comprehension") for _ in (1,) if [grab("nested comprehension") for _ in (1,)]]
    next(grab("generator expression") for _ in (1,))


def garbage():
    class Cycle:
        def __del__(self):
            grab("__del__ in the collector")

    it = Cycle()
    it.me = it
    del it
    gc.collect()


def failing(n):
    try:
        if n:
            failing(n - 1)
        raise KeyError(n)
    except KeyError:
        grab("except")
        if n < 3:
            raise
    finally:
        grab("finally")


def traced_thread(name):
    grab(name)
    recurse(5)


def run():
    grab("plain")
    for depth in (1, 50, 400, 399, 51, 50):
        recurse(depth)
    mutual(30)
    walker = generator()
    next(walker), next(walker)
    next(walker)
    walker.close()
    hooked()
    garbage()
    failing(6)
    asyncio.run(tasks())
    group = [threading.Thread(target=traced_thread, args=("thread %d" % n,)) for n in range(4)]
    for thread in group:
        thread.start()
    for thread in group:
        thread.join()
    deep = threading.Thread(target=recurse, args=(600,))
    deep.start()
    deep.join()


if __name__ == "__main__":
    grab("module")
    run()
    with open(sys.argv[1], "w") as out:
        json.dump(noted, out)
    print("done", flush=True)
    sys.stdin.readline()
