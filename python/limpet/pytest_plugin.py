"""limpet for pytest: `pytest --limpet`, `@pytest.mark.limpet(...)` and the fixture `limpet_watch`. docs/pytest.md tells all.

This is the entry point: it costs next to nothing where none of them is used.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

    from ._pytest_suite import LoopChecks, Suite

MARKER = (
    "limpet(max_growth=..., max_retained=..., iterations=6, keep='why'): runs the test several times and fails it if each "
    "run leaves more than max_growth bytes behind, or all together more than max_retained; keep: what it leaves is meant"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("limpet", "memory leaks (limpet)")
    group.addoption("--limpet", action="store_true", help="fail tests that leave objects behind each time they run")
    group.addoption(
        "--limpet-baseline", metavar="FILE", help="with --limpet: known leaks, which fail only when they grow 1.5 times as fast"
    )
    group.addoption("--limpet-update-baseline", action="store_true", help="write the leaks of this run to the baseline")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    option = config.option
    if option.limpet_baseline and not option.limpet:
        raise pytest.UsageError("--limpet-baseline is for runs with --limpet")
    if option.limpet_update_baseline and not option.limpet_baseline:
        raise pytest.UsageError("--limpet-update-baseline: which file? Name it by --limpet-baseline FILE")
    if option.limpet_baseline:  # xdist's workers may run in another folder
        option.limpet_baseline = os.path.abspath(option.limpet_baseline)
    if option.limpet:
        suite(config)


def suite(config: pytest.Config) -> Suite:
    """What looks at tests, from when it is needed on."""
    from ._pytest_suite import Suite

    found: Any = config.pluginmanager.get_plugin("limpet-suite")
    if found is None:
        found = Suite(config)
        config.pluginmanager.register(found, "limpet-suite")
    made: Suite = found
    return made


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if any(item.get_closest_marker("limpet") for item in items):
        suite(config)


@pytest.fixture
def limpet_watch(request: pytest.FixtureRequest) -> Generator[LoopChecks, None, None]:
    """`for item in limpet_watch(items):` fails the test if each round of the loop leaves memory behind.

    limpet_watch(items, max_growth=256, warmup=None): up to `max_growth` (bytes, or text such as "10KB") each round may leave;
    `warmup` rounds are not judged (by custom half of them). The loop itself is returned: `.growth`, `.growth_per_round`.
    """
    from ._pytest_suite import LoopChecks

    reason = suite(request.config).begin()
    if reason:
        pytest.skip(f"limpet cannot look at this Python: {reason}")
    yield LoopChecks(request.node.nodeid)
