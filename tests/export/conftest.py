"""Fixtures of the tests of limpet export; what they are made of is in export_drive.py."""

import sys
from pathlib import Path

import pytest

for folder in (".", "../format"):
    sys.path.insert(0, str((Path(__file__).parent / folder).resolve()))

import export_drive  # noqa: E402


@pytest.fixture(scope="session")
def shop(any_interpreter, tmp_path_factory):
    """A recording with growth, churn, a cycle, odd names and two processes."""
    return export_drive.record(any_interpreter, tmp_path_factory.mktemp("shop"), "shop.py")


@pytest.fixture(scope="session")
def larger(any_interpreter, tmp_path_factory):
    """The same program, which keeps more."""
    return export_drive.record(any_interpreter, tmp_path_factory.mktemp("larger"), "shop.py", "--sessions", "9000")
