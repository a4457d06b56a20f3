"""Runs tests under limpet: each once, and those that left something behind again, until it is known whether they always do."""

from __future__ import annotations

import gc
import os
import shutil
import sys
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any

import pytest
from _pytest._code.code import ReprEntryNative, ReprExceptionInfo, ReprFileLocation, ReprTraceback
from _pytest.runner import runtestprotocol

from . import _agent, _outlived, _repeats
from ._errors import LimpetError
from ._library_caches import LibraryCaches, forget_names
from ._pytest_baseline import Baseline
from ._pytest_crash import Witness
from ._pytest_rounds import LEAST_ITERATIONS, PYTEST_LEAVES, Limits, Rounds, hung_on_instance, let_go
from ._watch import T, Watch

TIDY_EVERY = 500  # tests: what was set aside is collected, too
_NOT_THE_TESTS = frozenset(sys.stdlib_module_names) | {"builtins", "_pytest", "pytest", "pluggy", "xdist", "pytest_asyncio", "limpet"}


class Suite:
    """The hooks that are needed while limpet looks at tests. Registered by `pytest_plugin` when it does."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._all = bool(config.option.limpet)
        self._worker = hasattr(config, "workerinput")
        self._ran = 0
        self._told = 0  # bytes of the reports that pytest got meanwhile: of subtests
        self._set_aside = _repeats.SetAside()
        self.caches = LibraryCaches()
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
        count = _repeats.live_bytes if self._count is None or _agent.is_tracing() else self._count

        def settled() -> int:
            forget_names()
            gc.collect()
            return count()

        return settled

    def in_use(self) -> int:
        """About how many bytes are in use, recorded or not; 0 where that cannot be told."""
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
        if self._ran % TIDY_EVERY == 1:
            self.take_back()
            self.caches.find()
        in_use = self.measure()  # the test may begin and end recordings
        before, self._told = in_use(), 0
        self._set_aside.begin()
        hung = hung_on_instance(item)
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        if all(report.passed for report in reports):
            let_go(item, hung)
        return reports, in_use() - before - self._told - sum(map(_report_bytes, reports))

    def renew(self) -> None:
        """What is there now is told from what comes."""
        self._set_aside.renew()

    def take_back(self) -> None:
        """The collector looks at all objects again: what is old dies, too, when something new takes its place."""
        self._set_aside.end()

    def left_instances(self) -> bool:
        """Whether objects of the program's own types are among those that came since the others were set aside."""
        kinds = {id(kind): kind for kind in map(type, gc.get_objects())} if self._set_aside.active else {}
        return any(map(_is_programs, kinds.values()))

    def instances(self) -> int:
        """How many objects of the program's own types there are, but for those that are set aside."""
        types = list(map(type, gc.get_objects()))  # told apart by address: to hash a type may be to run the program's code
        kinds = {id(kind): kind for kind in types}
        return sum(count for kind, count in Counter(map(id, types)).items() if _is_programs(kinds[kind]))

    def _look(self, item: pytest.Function, nextitem: pytest.Item | None, limits: Limits) -> list[pytest.TestReport]:
        start = _repeats.settled() if limits.marked else 0
        reports, growth = self._first_run(item, nextitem)
        passed = all(report.outcome == "passed" and not hasattr(report, "wasxfail") for report in reports)
        # What was given back meanwhile, by the teardown of a module for example, may be more than what the test leaves: an
        # instance is reason enough to look again.
        suspect = limits.marked or growth > PYTEST_LEAVES or self.left_instances()
        if not passed or not suspect or limits.keep:
            return reports
        rounds = Rounds(self, item, nextitem, limits)
        # Runs are quick and recordings are not: most of what leaves something twice does so no third time.
        if _agent.is_tracing() or (rounds.leaves_again() and rounds.leaves_for_good() and not self.begin()):
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
        self._told += _report_bytes(report)
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


def _is_programs(kind: type) -> bool:
    module, dot, _ = _outlived.type_name(kind).partition(".")
    return bool(dot) and module not in _NOT_THE_TESTS


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
