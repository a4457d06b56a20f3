"""A recursion with two calls in it: nearly every path through it is a stack that nobody has seen. Prints how many nodes it made and kept."""

import random
import sys

sys.setrecursionlimit(5000)
random.seed(1)
DEPTH = 300


class Node:
    __slots__ = ("left", "right")


def build(depth):
    node = Node()  # here
    if depth == 0:
        return node
    if random.random() < 0.5:
        node.left = build(depth - 1)
    else:
        node.right = build(depth - 1)
    return node


kept = [build(DEPTH) for _ in range(1200)][::50]
print(1200 * (DEPTH + 1), len(kept) * (DEPTH + 1))
