"""CPython's own test_tracemalloc, unmodified, against limpet's. Arguments: unittest's."""

import unittest

import limpet

limpet.install_tracemalloc()

from test import test_tracemalloc  # noqa: E402


def below(calls):
    """One of the tests wants a stack as deep as regrtest's."""
    if calls:
        below(calls - 1)
    else:
        unittest.main(module=test_tracemalloc)


assert test_tracemalloc.tracemalloc.__name__ == "limpet.tracemalloc"
below(10)
