"""Runs tests under limpet: each once, and those that left something behind again, until it is known whether they always do."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import warnings
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

import pytest
from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback
from _pytest.runner import runtestprotocol

from . import _agent, _outlived, _repeats
from ._errors import LimpetError
from ._pytest_baseline import Baseline
from ._pytest_crash import Witness
from ._values import bytes_text
from ._watch import T, Watch

REPEATS = 4  # runs that have to leave something before a test is said to leak: the first warms caches, so may the second
LEAST_ITERATIONS = 3
PYTEST_LEAVES = 2 * 1024  # bytes a run without an instance of a class: pytest's own lists grow by less
PYTEST_KEEPS = 16 * 1024  # bytes a run without an object of the test's own: pytest's fixtures leave some, too
TIDY_EVERY = 200  # tests: what was set aside is collected, too
_NOT_THE_TESTS = frozenset(sys.stdlib_module_names) | {"builtins", "_pytest", "pytest", "pluggy", "xdist", "pytest_asyncio", "limpet"}
_MARKER_WORDS = {"max_growth", "max_retained", "iterations", "keep"}


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


class Suite:
    """The hooks that are needed while limpet looks at tests. Registered by `pytest_plugin` when it does."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._all = bool(config.option.limpet)
        self._worker = hasattr(config, "workerinput")
        self._ran = 0
        self._kinds: weakref.WeakKeyDictionary[type, bool] = weakref.WeakKeyDictionary()  # whether it is one of the program's
        self._set_aside = _repeats.SetAside()
        self._reason: str | None = None
        self._ours: _agent.Recording | None = None
        # Where nobody else records, a recording is begun only when a test left something twice: most of a suite runs at its own speed.
        self._count: Callable[[], int] | None = None
        self._witness: Witness | None = None
        self._facts: list[dict[str, Any]] = []
        self._baseline = Baseline(config.option.limpet_baseline) if config.option.limpet_baseline else None
        if self._baseline is not None and not config.option.limpet_update_baseline:
            self._baseline.must_exist()
        if self._all and self._runs_tests():
            if self.begin():
                raise pytest.UsageError(f"--limpet: {self._reason}")
            if self._ours is not None:
                self._count = _repeats.unrecorded_counter()
            self.pause()
            self._witness = Witness(config)

    def _runs_tests(self) -> bool:
        return self._worker or not getattr(self._config.option, "numprocesses", None)

    def begin(self) -> str:
        """Begins to record, if it has not; returns why that is impossible, or ""."""
        if not self._reason:
            try:
                if _agent.recording() is None:
                    self._ours = _agent.start(snapshots="asked", follow=False)
                self._reason = ""
            except (LimpetError, OSError) as error:
                self._reason = str(error)
        return self._reason

    def pause(self) -> None:
        """Ends a recording that only some tests need."""
        if self._count is not None and self._ours is not None and self._ours.active:
            path = self._ours.path
            self._ours.stop(snapshot=False)
            shutil.rmtree(path, ignore_errors=True)

    def measure(self) -> Callable[[], int]:
        """A function that tells the bytes that live, or about so many, when the collector has taken what nobody holds."""
        count = self._count
        if count is None or _agent.is_tracing():
            return _repeats.settled

        def settled() -> int:
            gc.collect()
            return count()

        return settled

    def about_in_use(self) -> int:
        """The same, while a recording is under way that does not know what was there before it."""
        return self._count() if self._count is not None else 0

    @pytest.hookimpl(trylast=True)
    def pytest_unconfigure(self) -> None:
        self._set_aside.end()
        if self._witness is not None:
            self._witness.end()
        if self._ours is not None and self._ours.active:
            self._ours.stop(snapshot=False)

    def pytest_report_header(self) -> str | None:
        return "limpet: tests that leave objects behind fail" if self._all else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        marker = item.get_closest_marker("limpet")
        wrong = ""
        try:
            Limits(marker)
        except ValueError as error:
            wrong = str(error)
        if wrong:
            pytest.fail(f"the limpet marker: {wrong}", pytrace=False)
        if marker and self._reason:
            warnings.warn(pytest.PytestWarning(f"not looked at by limpet: {self._reason}"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        marker = item.get_closest_marker("limpet")
        # A doctest's names are gone after its first run.
        if not (self._all or marker) or not isinstance(item, pytest.Function):
            return None
        try:
            limits = Limits(marker)
        except ValueError:
            return None  # told by the set-up
        if (marker or self._count is None) and self.begin():
            return None
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        self._say("in the middle of", item)
        for report in self._look(item, nextitem, limits):
            item.ihook.pytest_runtest_logreport(report=report)
        self.pause()
        self._say("after", item)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _say(self, when: str, item: pytest.Item) -> None:
        if self._witness is not None:
            self._witness.say(f"{when} {item.nodeid}", self._ours.path if self._ours is not None and self._ours.active else "")

    def _first_run(self, item: pytest.Function, nextitem: pytest.Item | None) -> tuple[list[pytest.TestReport], int]:
        """Runs the test as always; its reports, and about how many bytes it left besides."""
        self._ran += 1
        if self._ran % TIDY_EVERY == 0:
            self._set_aside.end()
        self._set_aside.renew()
        in_use = self.measure()  # the test may begin and end recordings
        before = in_use()
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        return reports, in_use() - before - sum(map(_report_bytes, reports))

    def renew(self) -> None:
        """What is there now is told from what comes."""
        self._set_aside.renew()

    def left_instances(self) -> bool:
        """Whether objects of the program's own types are among those that came since the others were set aside."""
        if self._set_aside.active:
            for obj in gc.get_objects():
                kind = type(obj)
                if kind not in self._kinds:
                    module, dot, _ = _outlived.type_name(kind).partition(".")
                    self._kinds[kind] = bool(dot) and module not in _NOT_THE_TESTS
                if self._kinds[kind]:
                    return True
        return False

    def _look(self, item: pytest.Function, nextitem: pytest.Item | None, limits: Limits) -> list[pytest.TestReport]:
        start = _repeats.settled() if limits.marked else 0
        reports, growth = self._first_run(item, nextitem)
        passed = all(report.outcome == "passed" and not hasattr(report, "wasxfail") for report in reports)
        # What was given back meanwhile, by the teardown of a module for example, may be more than what the test leaves: an
        # instance is reason enough to look again.
        suspect = limits.marked or growth > PYTEST_LEAVES or self.left_instances()
        if not passed or not suspect or limits.keep:
            return reports
        rounds = _Rounds(self, item, nextitem, limits)
        # Runs are quick and recordings are not: most of what leaves something twice does so no third time.
        if _agent.is_tracing() or (rounds.leaves_again() and rounds.leaves_again() and not self.begin()):
            self._say("in the middle of", item)
            rounds.run(start, growth)
        if rounds.broken:
            self._tell(reports, {"test": item.nodeid, "kind": "unrepeatable"})
        elif rounds.text:
            fact = {"test": item.nodeid, "kind": "leak", "growth": rounds.bytes, "what": rounds.what, "text": rounds.text}
            self._judge(item, reports, fact)
        return reports

    def _judge(self, item: pytest.Function, reports: list[pytest.TestReport], fact: dict[str, Any]) -> None:
        known = self._baseline is not None and self._baseline.lets_through(fact)
        if known or self._config.option.limpet_update_baseline:
            fact["kind"] = "known"
        else:
            for report in reports:
                if report.when == "call":
                    report.outcome = "failed"
                    report.longrepr = _failure(item, fact["text"])
        self._tell(reports, fact)

    def _tell(self, reports: list[pytest.TestReport], fact: dict[str, Any]) -> None:
        for report in reports:
            if report.when == "call":
                report.__dict__["limpet"] = fact  # goes from xdist's workers to their controller

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
        outcome = yield
        if call.excinfo is not None and isinstance(getattr(call.excinfo.value, "msg", None), LoopStory):
            where = getattr(outcome.get_result().longrepr, "reprcrash", None)
            if where is not None:
                where.message = _first_line(where.message)

    @pytest.hookimpl(hookwrapper=True, trylast=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> Generator[None, Any, None]:
        outcome = yield
        fact = getattr(report, "limpet", None)
        if fact and fact["kind"] == "leak":
            outcome.force_result(("failed", "L", "LEAKS"))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        fact = getattr(report, "limpet", None)
        if report.when == "call" and self._baseline is not None:
            self._baseline.saw(report.nodeid, fact)
        if fact:
            self._facts.append(fact)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        if self._baseline is not None and self._config.option.limpet_update_baseline and not self._worker:
            self._baseline.write()

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        lines = []
        for kind, words in (("leak", "leak"), ("known", "leak, as known"), ("unrepeatable", "could not be run again, so are not judged")):
            facts = [fact for fact in self._facts if fact["kind"] == kind]
            if facts:
                lines.append(f"{len(facts)} tests {words}:")
                lines += [f"  {fact['test']}  {fact.get('what', '')}".rstrip() for fact in facts]
        if self._baseline is not None:
            lines += [f"no longer leaks: {test}" for test in self._baseline.mended()]
        if lines:
            terminalreporter.write_sep("=", "limpet")
            for line in lines:
                terminalreporter.write_line(line)


def _report_bytes(report: pytest.TestReport) -> int:
    """What pytest keeps of a test is not what the test leaves. At least so much it is."""
    texts = sum(sys.getsizeof(text) for section in report.sections for text in section)
    return 300 + sys.getsizeof(report.__dict__) + sys.getsizeof(report.keywords) + texts


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _failure(item: pytest.Function, text: str) -> ReprExceptionInfo:
    """The text of a leak as pytest has those of exceptions, which xdist's workers can send. A bare text would stand twice where CI is set: the short
    summary shows a failure's whole message there. The message is the first line."""
    path, line, _ = item.reportinfo()
    whole = ReprTraceback([ReprEntryNative([text + "\n"])], None, "native")
    return ReprExceptionInfo(reprtraceback=whole, reprcrash=ReprFileLocation(os.fspath(path), (line or 0) + 1, _first_line(text)))


class LoopStory(str):
    """What a test fails with whose loop leaves memory behind each round, told by its type from other failures."""


class _Rounds:
    """Further runs of one test that left something behind."""

    def __init__(self, suite: Suite, item: pytest.Function, nextitem: pytest.Item | None, limits: Limits) -> None:
        self._suite = suite
        self._item = item
        self._nextitem = nextitem
        self._limits = limits
        self._kept = (list(getattr(item, "_report_sections", ())), list(item.user_properties))
        self.broken = False
        self.bytes = 0
        self.text = ""
        self.what = ""

    def leaves_again(self) -> bool:
        """Runs the test once more, unrecorded: caches are warm now."""
        in_use = self._suite.measure()
        self._suite.renew()
        before = in_use()
        self._again()
        return in_use() - before > self._least() and not self.broken

    def _least(self) -> int:
        """What the last run may have left without being looked at further."""
        return self._limits.max_growth if self._limits.marked or self._suite.left_instances() else PYTEST_LEAVES

    def run(self, start: int, first: int) -> None:
        limit = self._limits.max_growth
        count = self._limits.iterations if self._limits.marked else REPEATS
        growth = [first]
        since = 0
        before = _repeats.settled()
        while len(growth) < count and not self.broken:
            if len(growth) == count - 1:
                since = _outlived.moment()
            self._suite.renew()
            about = self._suite.about_in_use()
            self._again()
            after = _repeats.settled()
            growth.append(after - before)
            before = after
            # What takes the place of something older is no growth, though the recording does not see the older one go.
            grown = min(growth[-1], self._suite.about_in_use() - about) if about else growth[-1]
            if grown <= self._least() and not self._limits.marked:
                return  # caches are warm now: it does not leave something each time
        self.bytes = _repeats.typical(growth)
        if self.broken:
            return
        retained = before - start
        too_much = self._limits.max_retained is not None and retained > self._limits.max_retained
        if _repeats.steady(growth) > limit or too_much:
            # From here on all that matters is known when most of what the last run left is.
            lefts = _outlived.left_since(since, enough=growth[-1] - growth[-1] // 4)
            accounted = any("." in left.type for left in lefts) or sum(left.storage for left in lefts) > PYTEST_LEAVES
            lefts = _outlived.explain(lefts) if accounted or self._limits.marked else []
            if not lefts and not self._limits.marked and self.bytes < PYTEST_KEEPS:
                return
            self.text = _repeats.story(self._item.nodeid, growth, lefts)
            if too_much:
                self.text += f"\nall {count} runs left {bytes_text(retained)}: more than max_retained"
            self.what = ", ".join(f"{left.objects} {left.type}" for left in lefts) or f"{bytes_text(self.bytes)} of C code"

    def _again(self) -> None:
        """Runs the test once more, which nobody is told of."""
        sections, properties = self._kept
        self.broken = any(report.outcome != "passed" for report in runtestprotocol(self._item, log=False, nextitem=self._nextitem))
        self._item._report_sections[:] = sections
        self._item.user_properties[:] = properties


class LoopChecks:
    """The fixture `limpet_watch`: makes loops that are watched."""

    def __init__(self, test: str) -> None:
        self._test = test

    def __call__(
        self, items: Iterable[T], max_growth: int | str = _repeats.FLOOR, warmup: int | None = None, name: str = "loop"
    ) -> CheckedLoop[T]:
        if isinstance(items, (str, bytes)):
            raise TypeError("limpet_watch(items) takes what a loop goes over, not a text")
        if warmup is not None and (type(warmup) is not int or warmup < 0):
            raise ValueError(f"warmup is a number of rounds, not {warmup!r}")
        return CheckedLoop(items, name, self._test, _repeats.byte_count(max_growth, "max_growth"), warmup)


class CheckedLoop(Watch[T]):
    """A loop that fails its test if each round leaves memory behind."""

    def __init__(self, items: Iterable[T], name: str, test: str, limit: int, warmup: int | None) -> None:
        super().__init__(items, name)
        self._test = test
        self._limit = limit
        self._warmup = warmup

    def __iter__(self) -> Iterator[T]:
        since = 0
        with _repeats.SetAside():
            before = _repeats.settled()
            for item in self._items:
                # A stretch of its own for each round; where there are very many, for some: stretches are remembered.
                if self.rounds < 64 or self.rounds % 64 == 0:
                    since = _outlived.moment()
                yield item
                del item
                after = _repeats.settled()
                self.growth.append(after - before)
                before = after
        late = self.growth[len(self.growth) // 2 if self._warmup is None else self._warmup :]
        if len(late) < LEAST_ITERATIONS:
            pytest.fail(f"limpet_watch: {self.rounds} rounds are too few to tell growth by", pytrace=False)
        if min(late) > self._limit:
            lefts = _outlived.explain(_outlived.left_since(since))
            pytest.fail(LoopStory(_repeats.story(f"{self.name} in {self._test}", self.growth, lefts, "round")), pytrace=False)
