"""pytest --limpet: programs/pytest_suite.py says of each of its tests whether it leaks, in its name or by a comment."""

import json
import os
import shutil
import subprocess
import sys
import xml.etree.ElementTree

import interpreters
import pytest
from package_paths import PACKAGE, PROGRAMS

pytestmark = pytest.mark.xdist_group("pytest-plugin")
LEAKS = {"test_leaks", "test_texts", "TestCase::test_leaks", "test_async_leaks", "test_marked"}


def run_suite(folder, *options, package=PACKAGE, selected="", more_environment=()):
    """Runs the suite of a folder in a pytest of its own, with the plugin of the build tree."""
    others = ("PYTHON", "PYTEST", "LIMPET", "LD_", "CI", "BUILD_NUMBER")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    environment = kept | {"PYTHONPATH": str(package), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "150"}
    environment |= dict(more_environment)
    words = ["-m", "pytest", "-p", "limpet.pytest_plugin", "-p", "no:cacheprovider", "-q", "-rA", *options]
    words += ["-k", selected] if selected else []
    return subprocess.run([sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, timeout=500)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("suite")
    shutil.copy(PROGRAMS / "pytest_suite.py", made / "test_shop.py")
    (made / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    return made


@pytest.fixture(scope="module")
def whole(folder):
    return run_suite(folder, "--limpet", "--strict-markers")


def outcomes(text, word):
    lines = [line.split(" - ")[0].split() for line in text.splitlines() if line.startswith(word + " ")]
    return {line[1].removeprefix("test_shop.py::") for line in lines}


def test_tests_that_leak_each_time_fail_and_others_do_not(whole):
    assert outcomes(whole.stdout, "LEAKS") == LEAKS, whole.stdout + whole.stderr
    assert outcomes(whole.stdout, "FAILED") == {"test_raises", "test_loop"}
    assert outcomes(whole.stdout, "ERROR") == {"test_nonsense", "test_nonsense2"}
    assert "test_warms" in outcomes(whole.stdout, "PASSED") and whole.returncode == 1


def test_the_failure_is_the_finding(whole):
    text = whole.stdout
    assert "held by       module test_shop .SESSIONS -> dict['" in text
    assert "1 test_shop.Session" in text and "in open_session" in text and "would free" in text
    assert "module test_shop .TEXTS -> list[" in text  # a text: the collector does not know of it
    assert "could not be run again" in text and "test_shop.py::test_once" in text


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_the_text_stands_once_where_ci_is_set(folder, tmp_path, workers):
    """There the short summary shows the whole message of each failure: a leak's message is its first line."""
    leaky = ("test_shop.py::test_leaks", "loop in test_shop.py::test_loop")
    junit = tmp_path / "junit.xml"
    words = ("--limpet", "-o", "junit_logging=no", f"--junit-xml={junit}", *workers)
    selected = "(test_leaks and not TestCase) or test_loop"
    in_ci = run_suite(folder, *words, selected=selected, more_environment={"CI": "1"})
    heads = [line for line in in_ci.stdout.splitlines() if any(f"{test} leaks: each" in line for test in leaky)]
    assert len(heads) == 4, in_ci.stdout  # each under "FAILURES" and in the summary
    assert in_ci.stdout.count("left by the last") == 2, in_ci.stdout
    summary = in_ci.stdout.partition("short test summary info")[2]
    assert "test_shop.py::test_leaks leaks: each run leaves" in summary and "allocated at" not in summary, summary
    failures = {case.get("name"): case.find("failure") for case in xml.etree.ElementTree.parse(junit).iter("testcase")}
    for name in ("test_leaks", "test_loop"):
        text, message = failures[name].text, failures[name].get("message")
        assert "leaks: each" in message and "\n" not in message and message.removeprefix("Failed: ") in text, (message, text)
        assert "held by       module test_shop .SESSIONS" in text and text.count("left by the last") == 1, text


def test_nonsense_in_a_marker_is_told_at_the_test(whole):
    assert "the limpet marker: has no max_grwth; there is: iterations, keep, max_growth, max_retained" in whole.stdout
    assert "'lots'" in whole.stdout and "INTERNALERROR" not in whole.stdout + whole.stderr


def test_workers_of_xdist_and_a_baseline(folder):
    baseline = folder / "known.json"
    some = "test_leaks or test_clean or test_warms"
    refused = run_suite(folder, "--limpet", "--limpet-baseline", "known.json", selected=some)
    assert refused.returncode == 4 and "--limpet-update-baseline makes it" in refused.stderr
    made = run_suite(folder, "--limpet", "--limpet-baseline", "known.json", "--limpet-update-baseline", "-n", "2", selected=some)
    assert made.returncode == 0, made.stdout + made.stderr
    known = json.loads(baseline.read_text())["tests"]
    assert set(known) == {"test_shop.py::test_leaks", "test_shop.py::TestCase::test_leaks"}
    known["test_shop.py::test_leaks"]["growth"] //= 10
    known["test_shop.py::TestCase::test_leaks"]["reason"] = "the registry of the process"
    known["test_shop.py::test_clean"] = dict(known["test_shop.py::test_leaks"])
    baseline.write_text(json.dumps({"schema": "limpet.pytest-baseline/1", "tests": known}))
    checked = run_suite(folder, "--limpet", "--limpet-baseline", "known.json", "-n", "2", selected=some)
    assert outcomes(checked.stdout, "LEAKS") == {"test_leaks"}, checked.stdout  # faster than it was
    assert "no longer leaks: test_shop.py::test_clean" in checked.stdout and "1 tests leak, as known" in checked.stdout
    baseline.write_text('{"schema": "another"}')
    broken = run_suite(folder, "--limpet", "--limpet-baseline", "known.json", selected=some)
    assert broken.returncode == 4 and "its schema is 'another'" in broken.stderr


@pytest.fixture(scope="module")
def crashing(tmp_path_factory):
    made = tmp_path_factory.mktemp("crashing")
    shutil.copy(PROGRAMS / "pytest_crash.py", made / "test_crash.py")
    return made


@pytest.mark.parametrize("workers", [(), ("-n", "1")], ids=["alone", "xdist"])
@pytest.mark.parametrize("test", ["test_segfaults", "test_exits", "test_exits_while_it_is_recorded"])
def test_a_crash_says_which_test_ran_and_leaves_what_was_recorded(crashing, test, workers):
    done = run_suite(crashing, "--limpet", f"test_crash.py::{test}", *workers)
    told = done.stdout + done.stderr
    assert done.returncode != 0 and f"ended in the middle of test_crash.py::{test}\n" in told, told
    recording = told.partition("what was recorded until then: limpet report ")[2].partition("\n")[0]
    assert bool(recording) == (test == "test_exits_while_it_is_recorded"), told
    if recording:
        report = subprocess.run([interpreters.limpet_path(), "report", recording, "--json"], capture_output=True, text=True)
        shutil.rmtree(recording)
        assert report.returncode == 0 and json.loads(report.stdout)["schema"] == "limpet.report/1", report.stderr


def test_who_ends_well_says_nothing(crashing):
    done = run_suite(crashing, "--limpet", selected="test_fine or test_forks")
    assert done.returncode == 0 and "ended" not in done.stdout + done.stderr and "2 passed" in done.stdout


def test_without_being_asked_it_does_nothing(folder):
    done = run_suite(folder, selected="test_clean or test_leaks")
    assert done.returncode == 0 and "limpet" not in done.stdout
    code = "import sys, limpet.pytest_plugin; assert not [n for n in sys.modules if n.startswith('limpet._pytest')]"
    assert subprocess.run([sys.executable, "-c", code], env=dict(os.environ, PYTHONPATH=str(PACKAGE))).returncode == 0


def test_where_nothing_can_be_recorded_it_says_so(folder, tmp_path):
    shutil.copytree(PACKAGE / "limpet", tmp_path / "limpet", ignore=shutil.ignore_patterns("_core*", "_bin"))
    refused = run_suite(folder, "--limpet", package=tmp_path)
    assert refused.returncode == 4 and "--limpet: limpet's module does not load" in refused.stderr
    told = run_suite(folder, package=tmp_path, selected="test_marked or test_loop_clean")
    assert told.returncode == 0 and "not looked at by limpet" in told.stdout and "1 passed, 1 skipped" in told.stdout
