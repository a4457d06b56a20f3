"""Fixtures of all integration tests: the interpreters of this machine, and the limpet command.

A test that takes `interpreter` runs once for each supported Python found (see interpreters.py); one that takes
`any_interpreter` runs on one, for matters that do not depend on the Python. `limpet` is the path of the command.
    pytest --interpreter 3.14       only interpreters whose name contains 3.14 (may be given several times)
    pytest --long                   what takes too long for every day
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import interpreters  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="every program on every interpreter, more rounds: hours")
    if "--long" in sys.argv:  # now, because modules are chosen by it when they are imported, also in xdist's workers
        os.environ["LIMPET_TEST_LONG"] = "1"
    parser.addoption("--interpreter", action="append", default=[], help="only interpreters whose name contains this")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than ten seconds")
    # A shell starts background jobs with these ignored, and programs under test would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGQUIT) is signal.SIG_IGN:
        signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def chosen(config) -> list[interpreters.Interpreter]:
    wanted = config.getoption("--interpreter")
    return [i for i in interpreters.supported() if not wanted or any(name in i.name for name in wanted)]


def pytest_generate_tests(metafunc):
    if "interpreter" in metafunc.fixturenames:
        found = chosen(metafunc.config)
        metafunc.parametrize("interpreter", found, ids=[i.name for i in found], scope="session")


@pytest.fixture(scope="session")
def any_interpreter(request) -> interpreters.Interpreter:
    """One interpreter, of the middle of the range when there is a choice."""
    found = chosen(request.config)
    if not found:
        pytest.skip("no supported Python on this machine")
    return next((i for i in found if i.series == (3, 12)), found[0])


@pytest.fixture(scope="session")
def unsupported_interpreters() -> tuple[interpreters.Interpreter, ...]:
    """Pythons that limpet must leave alone with one clear line (3.10, PyPy, free-threaded); may be empty."""
    return interpreters.unsupported()


@pytest.fixture(scope="session")
def limpet() -> Path:
    path = interpreters.limpet_path()
    if not path.exists():
        pytest.fail(f"{path} is not built: run ./dev build")
    return path


@pytest.fixture
def run():
    """Runs an argv to its end and returns it with its output as text; never raises for an exit status."""

    def run_argv(argv, timeout=120, **options):
        options.setdefault("stdin", subprocess.DEVNULL)
        return subprocess.run(list(map(str, argv)), capture_output=True, text=True, timeout=timeout, **options)

    return run_argv


def pytest_terminal_summary(terminalreporter, config):
    """Says which interpreters the tests ran on, so that a missing one is never taken for a passed one."""
    ran: dict[str, int] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, []):
            for interpreter in interpreters.supported():
                if interpreter.name in report.nodeid:
                    ran[interpreter.name] = ran.get(interpreter.name, 0) + 1
    if ran:
        terminalreporter.write_line("interpreters: " + ", ".join(f"{name} ({n} tests)" for name, n in ran.items()))
    idle = [i.name for i in interpreters.supported() if i.name not in ran]
    if ran and idle:
        terminalreporter.write_line("interpreters not used: " + ", ".join(idle))
    if interpreters.absent():
        terminalreporter.write_line("interpreters absent: " + ", ".join(interpreters.absent()))
