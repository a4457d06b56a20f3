"""A line that churns tuples beside a line that keeps some: the interpreter would hand dead tuples of the one to the other."""

import gc
import os

KEPT = []


def churn():
    for number in range(3000):
        pair = (number, None)
        triple = (pair, number, None)
    return triple


def keep():
    for _ in range(100):
        KEPT.append((None, keep))


def keep_triples():
    for _ in range(100):
        KEPT.append((None, keep, churn))


for turn in range(30):
    churn()
    keep()
    keep_triples()
    if turn == 15:
        gc.collect()  # empties the free lists, and opens them again
        churn()
os._exit(0)  # as things are, not as finalisation leaves them
