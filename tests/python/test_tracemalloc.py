"""limpet in the place of the standard tracemalloc: CPython's own tests of it, and comparisons with it."""

import json
import os
import re

import pytest
from interpreters import build_folder, supported

# docs/python.md has the table. Before 3.13 nobody outside of the interpreter is told that a list is made of a free one.
EXPECTED_FAILURES = {(3, 11): {"test_new_reference"}, (3, 12): {"test_new_reference"}}
CLASSES = ["TestTraceback", "TestTracemallocEnabled", "TestSnapshot", "TestFilters", "TestCAPI"]


def suite_is_here(interpreter, run):
    return run(interpreter.command("-c", "import test.test_tracemalloc, _testcapi")).returncode == 0


def failures(output):
    """Names of the tests that failed; an output without a count of tests is one that did not come to its end."""
    count = re.search(r"^Ran (\d+) tests? in", output, re.MULTILINE)
    assert count and int(count[1]) >= 38, output[-4000:]
    return set(re.findall(r"^(?:FAIL|ERROR): (\w+)", output, re.MULTILINE))


def test_cpythons_own_tests_in_process(interpreter, run, environment, tmp_path):
    """All but those of the command line, which start Pythons that know nothing of limpet."""
    if not suite_is_here(interpreter, run):
        pytest.skip("this Python has no test suite")
    program = os.path.join(os.path.dirname(__file__), "programs", "trace_own_tests.py")
    done = run(interpreter.command(program, *CLASSES), timeout=500, env=environment, cwd=tmp_path)
    assert failures(done.stderr) == EXPECTED_FAILURES.get(interpreter.series, set()), done.stderr[-4000:]


QUICK = ("pyenv-3.12.1", "sid-3.14")


@pytest.mark.parametrize("python", supported(), ids=lambda python: python.name)
def test_cpythons_own_tests_under_limpet_run(python, run, environment, tmp_path):
    if not python.name.startswith(QUICK) and "LIMPET_TEST_LONG" not in os.environ:
        pytest.skip("the quick run takes two")
    if not suite_is_here(python, run):
        pytest.skip("this Python has no test suite")
    del environment["PYTHONPATH"]  # the program itself knows nothing of limpet
    words = ["-m", "test", "-v", "--tempdir", tmp_path, "test_tracemalloc"]
    options = ["-q", "--snapshots", "off", "--tracemalloc", "-o", tmp_path / "r.limpet"]
    done = run(python.limpet_run(*words, options=options), timeout=500, env=environment, cwd=tmp_path)
    assert failures(done.stdout + done.stderr) == EXPECTED_FAILURES.get(python.series, set()), done.stdout[-4000:]


def test_lines_are_those_of_the_standard_module(interpreter, run_program):
    standard, limpets = (json.loads(run_program(interpreter, "trace_lines", which).stdout) for which in ("standard", "limpet"))
    assert limpets["peak is right"] and limpets["current is the sum"]
    lines, others = ({line: (count, size) for line, count, size in told["lines"]} for told in (standard, limpets))
    for line in lines.keys() | others.keys():
        # Threads take turns as they like; and limpet also sees what is made of objects that were freed before, as
        # many as the interpreter's lists of free ones hold: up to 100 ints (3.14) and 20 tuples of each length.
        for mine, theirs, few, free in zip(others.get(line, (0, 0)), lines.get(line, (0, 0)), (5, 500), (120, 120 * 64)):
            told = f"line {line}: {others.get(line)}, standard {lines.get(line)}"
            assert theirs - few - theirs * 0.03 <= mine <= theirs + few + free + theirs * 0.03, told


@pytest.mark.parametrize("program", ["trace_more", "trace_late_module"])
def test_a_program(interpreter, run, run_program, program):
    if program == "trace_late_module" and run(interpreter.command("-c", "import _testcapi")).returncode:
        pytest.skip("this Python has no _testcapi")
    done = run_program(interpreter, program)
    assert done.stdout == "ok\n" and done.stderr == ""


@pytest.mark.parametrize("how", ["option", "variable"])
def test_what_an_option_began_goes_on(interpreter, run_program, environment, how):
    if how == "variable":
        environment["PYTHONTRACEMALLOC"] = "7"
    options = ["-X", "tracemalloc=7"] if how == "option" else []
    assert run_program(interpreter, "trace_options", options=options).stdout == "ok\n"


def test_under_limpet_run_the_program_s_own_import_gets_it(interpreter, run, environment, tmp_path):
    code = (
        "import sys, tracemalloc, _tracemalloc\n"
        "assert 'limpet' in _tracemalloc.__doc__ and 'limpet' not in sys.modules\n"
        "print(tracemalloc.is_tracing(), tracemalloc.get_traceback_limit())\n"
        "tracemalloc.start(2)\n"
        "block = bytes(12345)\n"
        "print(tracemalloc.get_object_traceback(block))\n"
    )
    (tmp_path / "p.py").write_text(code)
    del environment["PYTHONPATH"]
    options = ["-q", "--snapshots", "off", "--tracemalloc", "-o", tmp_path / "r.limpet"]
    done = run(interpreter.limpet_run(tmp_path / "p.py", options=options), env=environment)
    assert done.stdout.splitlines() == ["False 1", f"{tmp_path}/p.py:5"], done.stderr
    done = run(interpreter.limpet_run("-X", "tracemalloc=3", tmp_path / "p.py", options=["-f", *options]), env=environment)
    assert done.stdout.splitlines() == ["True 3", f"{tmp_path}/p.py:5"], done.stderr


def test_without_the_package_beside_the_agent_the_option_is_refused(run, tmp_path):
    for name in ("limpet", "liblimpet_agent.so"):
        os.link(build_folder() / name, tmp_path / name) if os.stat(tmp_path).st_dev == os.stat(build_folder()).st_dev else pytest.skip("another disk")
    done = run([tmp_path / "limpet", "run", "--tracemalloc", "-o", tmp_path / "r.limpet", "-c", "pass"])
    assert done.returncode == 2 and "pip install limpet" in done.stderr and not (tmp_path / "r.limpet").exists()
