"""A recursion 100 calls deep that allocates at the bottom: the worst case for whoever walks stacks."""

DEPTH = 100


def descend(levels):
    if levels:
        return descend(levels - 1)
    return [[number] for number in range(200)]


def run(loops):
    for _ in range(loops):
        descend(DEPTH)
