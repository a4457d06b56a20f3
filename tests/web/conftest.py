"""Fixtures of the viewer's tests: recordings, and one browser for all of them. What they are made of is in web_drive.py."""

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import web_drive  # noqa: E402


@pytest.fixture(scope="session")
def recordings(any_interpreter, tmp_path_factory):
    return tmp_path_factory.mktemp("web")


@pytest.fixture(scope="session")
def leaky(any_interpreter, recordings):
    """Growth, garbage cycles, markup in names, two processes."""
    return web_drive.record(any_interpreter, recordings, "leaky.py", "3000", name="leaky")


@pytest.fixture(scope="session")
def milder(any_interpreter, recordings):
    """The same program after its sessions were mended."""
    return web_drive.record(any_interpreter, recordings, "leaky.py", "20", name="milder")


@pytest.fixture(scope="session")
def browser():
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.fail("no chromium: tools/dev/packages-test.txt names it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        with playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]) as started:
            yield started
