"""CPython's own regression tests give the same results under limpet: a quick choice of them (compare.py runs the rest)."""

import compare
import pytest
from limpet_fixtures import LONG, pythons

WITH_SUITE = [python for python in pythons() if compare.has_test_suite(python)]
# Modules that take longer go to one interpreter each, so that all interpreters have their share in a quick run.
SHARED_OUT = ("test_threading", "test_generators", "test_coroutines", "test_weakref", "test_thread", "test_fork1")


def choice():
    if LONG:
        return [(python, test) for python in WITH_SUITE for test in compare.PROMISED]
    quick = [(python, test) for test in compare.QUICK for python in (WITH_SUITE if test == "test_gc" else WITH_SUITE[::2])]
    return quick + [(WITH_SUITE[k % len(WITH_SUITE)], test) for k, test in enumerate(SHARED_OUT) if WITH_SUITE]


@pytest.mark.parametrize("python, test", choice(), ids=lambda item: getattr(item, "name", item))
def test_module_gives_the_same_results(python, test, folder):
    assert not compare.compare(python, test, folder, timeout=1800 if LONG else 60)


def test_a_difference_is_noticed(one_python, folder):
    assert compare.differences({"a": "ok", "b": "ok"}, {"a": "ok", "b": "failure"}) == {"b": ("ok", "failure")}
    assert compare.differences({"a": "ok"}, {}) == {"a": ("ok", "absent")}
    allowed = next(iter(compare.ALLOWED))
    assert compare.differences({allowed: "ok", "m": "status 0"}, {allowed: "failure", "m": "status 2"}) == {}
    assert compare.differences({"a": "ok", "m": "status 0"}, {"a": "ok", "m": "status -11"}) == {"m": ("status 0", "status -11")}
