"""Further runs of a test that left something behind: whether it does so each time, and what."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import runtestprotocol

from . import _agent, _outlived, _repeats
from ._values import bytes_text

if TYPE_CHECKING:
    from ._pytest_suite import Suite

REPEATS = 4  # runs that have to leave something before a test is said to leak: the first warms caches, so may the second
LEAST_ITERATIONS = 3
PYTEST_LEAVES = 2 * 1024  # bytes a run without an instance of a class: pytest's own lists grow by less
PYTEST_KEEPS = 16 * 1024  # bytes a run without an object of the test's own: pytest's fixtures leave some, too
_MARKER_WORDS = {"max_growth", "max_retained", "iterations", "keep"}
_TELLING = {"pytest_runtest_logreport", "pytest_exception_interact"}  # hooks by which a run is told of


class Limits:
    """What a test may leave behind, by its marker."""

    def __init__(self, marker: pytest.Mark | None) -> None:
        words = dict(marker.kwargs) if marker else {}
        if marker and marker.args:
            raise ValueError(f"takes named values only: {', '.join(sorted(_MARKER_WORDS))}")
        if words.keys() - _MARKER_WORDS:
            raise ValueError(f"has no {', '.join(sorted(words.keys() - _MARKER_WORDS))}; there is: {', '.join(sorted(_MARKER_WORDS))}")
        self.marked = marker is not None
        self.max_growth = _repeats.byte_count(words.get("max_growth", _repeats.FLOOR), "max_growth")
        retained = words.get("max_retained")
        self.max_retained = None if retained is None else _repeats.byte_count(retained, "max_retained")
        self.iterations = words.get("iterations", 6)
        if type(self.iterations) is not int or self.iterations < LEAST_ITERATIONS:
            raise ValueError(f"iterations is a whole number, {LEAST_ITERATIONS} or more, not {self.iterations!r}")
        self.keep = words.get("keep")
        if self.keep is not None and (not isinstance(self.keep, str) or not self.keep.strip()):
            raise ValueError(f"keep is a text that says why, not {self.keep!r}")


class Rounds:
    """Further runs of one test that left something behind."""

    def __init__(self, suite: Suite, item: pytest.Function, nextitem: pytest.Item | None, limits: Limits) -> None:
        self._suite = suite
        self._item = item
        self._nextitem = nextitem
        self._limits = limits
        self._kept = (list(getattr(item, "_report_sections", ())), list(item.user_properties))
        self._instances = True  # objects of the program's own types are among what came with the last run
        self._live = self._in_use = 0  # bytes, when all was settled: recorded, and about how many by the allocators' counters
        self.broken = False
        self.bytes = 0
        self.text = ""
        self.what = ""

    def leaves_again(self) -> bool:
        """Runs the test once more, unrecorded: caches are warm now, and what goes to those of the standard library does not count. Where another test was found
        to leak, and both runs of this one left something there, too, all is known."""
        in_use = self._suite.measure()
        full = _outlived.fullness()
        self._suite.renew()
        self._suite.caches.mark()
        before = in_use()
        self._again()
        self._suite.caches.forget()
        growth = in_use() - before
        self._instances = self._suite.left_instances()
        if (lefts := _outlived.left_where_others_did(full)) and growth > self._limits.max_growth and not self.broken and not self._limits.marked:
            self.bytes = growth
            self._tell([growth], lefts)
            return False
        return growth > self._may_leave(self._instances) and not self.broken

    def leaves_for_good(self) -> bool:
        """The same, when what took the place of something older does not count."""
        self._begin()
        before, instances = self._in_use, self._how_many()
        self._once_more()
        # About as many bytes as an instance or two have do not tell against there being more of them.
        return (self._how_many() > instances or self._in_use - before > self._may_leave(False)) and not self.broken

    def run(self, start: int, first: int) -> None:
        """Runs it until it is known whether it leaks: then `text` tells it. `start`: bytes that lived before its first run, which left `first`."""
        count = self._limits.iterations if self._limits.marked else REPEATS
        growth, moments = [first], [0]
        self._begin()
        while len(growth) < count and not self.broken:
            moments.append(_outlived.moment())
            before, in_use, instances = self._live, self._in_use, self._how_many()
            self._once_more()
            growth.append(self._live - before)
            more = self._how_many() > instances
            # What takes the place of something older is no growth, though the recording does not see the older one go.
            grown = min(growth[-1], self._in_use - in_use) if in_use and not more else growth[-1]
            if grown <= self._may_leave(more) and not self._limits.marked:
                return  # caches are warm now: it does not leave something each time
        self.bytes = _repeats.typical(growth)
        retained = self._live - start
        too_much = self._limits.max_retained is not None and retained > self._limits.max_retained
        if not self.broken and (_repeats.steady(growth) > self._limits.max_growth or too_much):
            self._explain(growth, moments)
            if self.text and too_much:
                self.text += f"\nall {count} runs left {bytes_text(retained)}: more than max_retained"

    def _explain(self, growth: list[int], moments: list[int]) -> None:
        lefts = _outlived.left_each_time(moments[-1], moments[-2])
        accounted = any("." in left.type for left in lefts) or sum(left.storage for left in lefts) > PYTEST_LEAVES
        lefts = _outlived.explain(lefts) if accounted or self._limits.marked else []
        if lefts or self._limits.marked or self.bytes >= PYTEST_KEEPS:
            self._tell(growth, lefts)

    def _tell(self, growth: list[int], lefts: list[_outlived.Left]) -> None:
        self.text = _repeats.story(self._item.nodeid, growth, lefts)
        self.what = ", ".join(f"{left.objects} {left.type}" for left in lefts) or f"{bytes_text(self.bytes)} of C code"

    def _may_leave(self, instances: bool) -> int:
        """Bytes that a run may leave without being looked at further. `instances`: it left some of the program's own classes."""
        return self._limits.max_growth if self._limits.marked or instances else PYTEST_LEAVES

    def _how_many(self) -> int:
        """How many objects of the program's own types live. Asked only where a run left some, or they took others' place."""
        return self._suite.instances() if self._instances else 0

    def _begin(self) -> None:
        self._suite.take_back()
        self._suite.caches.find()
        self._suite.caches.mark()
        self._settle()

    def _once_more(self) -> None:
        """Runs the test again, after `_settle`; everything is settled afterwards, too."""
        self._suite.caches.mark()
        self._again()
        self._settle()

    def _settle(self) -> None:
        """Lets go what nobody holds, however old it is, and what the standard library would make again."""
        self._suite.take_back()
        self._suite.caches.forget()
        gc.collect()
        # Now: later there would be Python's free lists, too, of what is done in between.
        self._live = _repeats.live_bytes() if _agent.is_tracing() else 0
        self._in_use = self._suite.in_use()

    def _again(self) -> None:
        """Runs the test once more, which nobody is told of."""
        sections, properties = self._kept
        hung = hung_on_instance(self._item)
        with _untold(self._item.config):
            self.broken = any(report.outcome != "passed" for report in runtestprotocol(self._item, log=False, nextitem=self._nextitem))
        let_go(self._item, hung)
        self._item._report_sections[:] = sections
        self._item.user_properties[:] = properties


def hung_on_instance(item: pytest.Function) -> dict[str, Any]:
    """The attributes of the instance of the test's class."""
    names = getattr(getattr(item, "_instance", None), "__dict__", None)
    return dict(names) if type(names) is dict else {}


def let_go(item: pytest.Function, hung: dict[str, Any]) -> None:
    """Takes back what the test has hung on the instance of its class since: pytest holds that up to the end of the session, or until the test runs again."""
    names = getattr(getattr(item, "_instance", None), "__dict__", None)
    if type(names) is dict:
        for name in names.keys() - hung.keys():
            del names[name]
        names.update(hung)


@contextmanager
def _untold(config: pytest.Config) -> Iterator[None]:
    """Subtests tell of themselves: meanwhile nobody hears. (As pluggy's own `add_hookcall_monitoring` does it.)"""
    manager: Any = config.pluginmanager
    call = manager._inner_hookexec

    def without_telling(name: str, *arguments: Any) -> Any:
        return [] if name in _TELLING else call(name, *arguments)

    manager._inner_hookexec = without_telling
    try:
        yield
    finally:
        manager._inner_hookexec = call
