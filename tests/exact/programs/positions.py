"""Allocates blocks of telling sizes in every kind of expression. A block of 20000 + n bytes and more comes from `block(n)`,

whose source text must be what limpet's columns cut out of this file. Every size occurs once.
"""

import sys

OVERHEAD = sys.getsizeof(b"")
block = bytes
kept = []


def multi_line():
    kept.append(
        [
            block(20001), block(20002),
            {
                "a": block(
                    20003
                ),
                block(20004)[:1]: (lambda: block(20005))(),
            },
        ]
    )
    return block(20006) + b"" if block(20007) else None, block(20008)


def keep(first, *rest, key=None):
    return [first, rest, key]


def conditional(flag):
    value = block(20011) if flag else block(20012)
    other = flag and block(20013) or block(20014)
    return value, other, f"{len(block(20015))}{len(block(20016))}" and block(20017)


def statements():
    for item in [block(20021)]:
        with memoryview(block(20022)) as view, memoryview(block(20023)):
            kept.append(bytes(view) and block(20024))
    try:
        raise ValueError(block(20025))
    except ValueError as error:
        kept.append((error, block(20026)))
    finally:
        kept.append(block(20027))
    match [block(20028)]:
        case [x] if kept.append(block(20029)) is None:
            kept.append((x, block(20030)))
    a, b = block(20031), block(20032)
    kept.append(keep(block(20033), *[block(20034)], key=block(20035)))
    del item
    return a, b, (c := block(20036)), c


def comprehension():
    yield [block(n) for n in (20041,)], {n: block(20042) for n in (1,)}
    yield from (block(20043) for _ in (1,))
    yield block(20044)


async def coroutine():
    return block(20051), [block(20052) for _ in (1,)]


def decorate(payload):
    return lambda thing: keep(thing, payload)


@decorate(block(20061))
class Thing:
    attribute = block(20062)

    def method(self, default=block(20063)): return default, block(20064); pass


def run():
    kept.append(multi_line())
    kept.append(conditional(True))
    kept.append(conditional(False))
    kept.append(statements())
    kept.append(list(comprehension()))
    try:
        coroutine().send(None)
    except StopIteration as stop:
        kept.append(stop.value)
    kept.append(Thing[0]().method())
    kept.append((block(20071), block(20072)))  # two on one line
    é = "é", block(20073)  # columns count bytes, not characters
    kept.append(é)


if __name__ == "__main__":
    run()
    print("done", flush=True)
    sys.stdin.readline()
