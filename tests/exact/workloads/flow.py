"""Everything that makes frames: recursion, generators, coroutines, closures, comprehensions, exceptions, callbacks from C."""

import asyncio
import contextlib
import contextvars
import functools


def deep(n):
    here = [n, str(n)]
    return (here, deep(n - 1)) if n else here


def generate(n):
    for k in range(n):
        yield [k, {k: str(k)}]


def delegate(n):
    yield from generate(n)
    return [n]


async def agenerate(n):
    for k in range(n):
        await asyncio.sleep(0)
        yield {"k": k}


async def leaf(n):
    await asyncio.sleep(0)
    return [n] * 3


async def work(n):
    var.set(str(n))
    results = [await leaf(k) for k in range(n)]
    results += [item async for item in agenerate(n)]
    async with asyncio.Lock():
        results.append(object())
    return results


async def everything():
    return await asyncio.gather(*(work(n) for n in range(20)))


var = contextvars.ContextVar("var")


class Noisy(Exception):
    def __init__(self, n):
        super().__init__(n, [n])
        self.payload = {"n": n}


def fail(n):
    if n == 0:
        raise Noisy(n)
    try:
        fail(n - 1)
    except Noisy as error:
        if n % 2:
            raise ValueError(str(n)) from error
        raise
    except ValueError as error:
        error.notes = [n]
        raise


def failures():
    kept = []
    for n in range(12):
        try:
            fail(n)
        except Exception as error:
            kept.append(error)
    return kept


@contextlib.contextmanager
def managed(n):
    thing = [n]
    try:
        yield thing
    finally:
        thing.append(object())


class Lazy:
    @functools.cached_property
    def value(self):
        return [object() for _ in range(5)]

    @property
    def fresh(self):
        return {"fresh": object()}

    def __getattr__(self, name):
        return [name, object()]

    def __getitem__(self, key):
        return (key, str(key))

    def __lt__(self, other):
        trace.append((id(self), [1]))
        return id(self) < id(other)


trace = []


@functools.lru_cache(maxsize=100)
def cached(n):
    return [n, str(n)]


def closures():
    out = []
    for n in range(200):
        box = [n]
        out.append(lambda extra=(n, [n]): (box, extra))
    return out


def callbacks():
    items = [Lazy() for _ in range(50)]
    return (
        sorted(items),
        sorted(range(100), key=lambda n: (str(n), trace.append([n]))[0]),
        list(map(lambda n: {n}, range(50))),
        list(filter(lambda n: trace.append({"f": n}) is None, range(50))),
        functools.reduce(lambda a, b: [a, b], range(60)),
        [(item.value, item.fresh, item.missing, item[3]) for item in items],
        [cached(n % 150) for n in range(400)],
    )


def run():
    generators = [generate(n) for n in range(5)] + [delegate(6) for _ in range(5)]
    firsts = [next(g, None) for g in generators]
    with managed(1) as one, managed(2) as two:
        pass
    return (
        deep(300),
        generators,
        firsts,
        list(delegate(50)),
        asyncio.run(everything()),
        failures(),
        one,
        two,
        closures(),
        callbacks(),
        {n: {m: [m] for m in range(n % 5)} for n in range(100)},
        [y for x in range(30) if x % 2 for y in ([x], (x, [x]))],
    )
