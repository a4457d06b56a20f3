"""Binary trees of tuples: the allocation is nearly the whole work, from a stack of varying depth."""


def grow(depth):
    return (grow(depth - 1), grow(depth - 1)) if depth else None


def run(loops):
    for _ in range(loops):
        grow(15)
