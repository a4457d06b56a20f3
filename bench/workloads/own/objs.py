"""Instances with an attribute dict and a list each; a tenth of every round outlives it."""


class Point:
    def __init__(self, x):
        self.x = x
        self.neighbours = [x]


def run(loops):
    kept = []
    for _ in range(loops):
        points = [Point(number) for number in range(20_000)]
        kept.append(points[::10])
    return kept
