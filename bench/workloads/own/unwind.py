"""A recursion 100 calls deep that allocates at every level, going down and coming back: no two allocations in a row share a stack."""

DEPTH = 100


def descend(levels):
    before = [levels]
    below = descend(levels - 1) if levels else None
    return [before, below]


def run(loops):
    for _ in range(loops):
        descend(DEPTH)
