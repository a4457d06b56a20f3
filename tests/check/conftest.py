"""Fixtures of the tests of check and diff; what they are made of is in check_drive.py."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from check_drive import Bench  # noqa: E402


@pytest.fixture
def bench(any_interpreter, tmp_path):
    return Bench(any_interpreter, tmp_path / "app")


@pytest.fixture(scope="module")
def recorded(any_interpreter, tmp_path_factory):
    """Recordings that several tests read: one leak, two leaks, none, one that is too short."""
    bench = Bench(any_interpreter, tmp_path_factory.mktemp("recorded") / "app")
    bench.record("one.limpet", "shop.py", 2, "sessions")
    bench.record("two.limpet", "shop.py", 2, "sessions", "records=300")
    bench.record("none.limpet", "shop.py", 2)
    bench.record("short.limpet", "shop.py", 0)
    return bench
