"""Fixtures and interpreter choice that the integration tests share. Each folder's conftest.py imports them.

Quick runs (CI) spread programs over the interpreters; --long (or LIMPET_TEST_LONG=1) runs every program on every interpreter.
"""

from __future__ import annotations

import functools
import os
import pathlib
import zlib

import limpet_drive
import pytest

LONG = os.environ.get("LIMPET_TEST_LONG", "") not in ("", "0")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


@functools.cache
def pythons() -> list[limpet_drive.Python]:
    only = os.environ.get("LIMPET_TEST_PYTHONS", "")
    found = limpet_drive.discover()
    return [python for python in found if not only or any(name in python.name for name in only.split(","))]


def spread(names, count: int = 2):
    """(name, python) pairs: each name on `count` interpreters in a quick run, chosen evenly; on all in a long one."""
    chosen = []
    available = pythons()
    for name in names:
        first = zlib.crc32(str(name).encode())
        picks = available if LONG else [available[(first + k * 3) % len(available)] for k in range(min(count, len(available)))]
        for python in dict.fromkeys(picks):
            chosen.append(pytest.param(name, python, id=f"{pathlib.PurePath(str(name)).stem}-{python.name}"))
    return chosen


def every_python():
    return pytest.mark.parametrize("python", [pytest.param(python, id=python.name) for python in pythons()])


@pytest.fixture(scope="session")
def one_python() -> limpet_drive.Python:
    """An interpreter without a root of its own, for tests of what does not depend on the version."""
    for python in reversed(pythons()):
        if not python.prefix:
            return python
    pytest.skip("no interpreter outside a root")


@pytest.fixture(scope="session", autouse=True)
def agent_is_built() -> None:
    if not limpet_drive.AGENT.exists():
        pytest.fail(f"{limpet_drive.AGENT} is missing: run ./dev build, or set LIMPET_BUILD")


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    """An empty directory that every interpreter sees at the same path, whichever root it lives in."""
    return tmp_path
