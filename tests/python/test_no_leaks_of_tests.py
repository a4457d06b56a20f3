"""What pytest --limpet is not to call a leak, by its cause; and beside each the like of it that is one."""

import pytest
from test_pytest_plugin import outcomes, run_suite

pytestmark = pytest.mark.xdist_group("pytest-plugin")

NO_LEAKS = '''
import functools, gc, importlib, inspect, linecache, re, sys, unittest, uuid
import pytest

class Node:
    def __init__(self): self.me, self.buffer = self, bytearray(3000)

class TestInstance:
    """Held by pytest, up to the next run: replaced, not piled up."""
    def test_hangs_on_self(self): self.node = Node()

LAST = []
def test_takes_the_place_of_an_older_cycle(): LAST[:] = [Node()]

def test_imports_from_a_folder_of_its_own(tmp_path, monkeypatch):
    folder = tmp_path / uuid.uuid4().hex
    folder.mkdir()
    for n in range(20): (folder / f"module_{n}_of_a_long_name.py").write_text("x = 1")
    monkeypatch.syspath_prepend(folder)
    assert importlib.util.find_spec("module_3_of_a_long_name")

def test_shows_a_class_of_its_own_to_inspect():
    class Plugin:
        one = two = three = 1
    assert [inspect.getattr_static(Plugin(), name) for name in ("one", "two", "three")]

def test_compiles_a_pattern_of_its_own(): re.compile("|".join(uuid.uuid4().hex for _ in range(9)))

def test_lines_of_a_file_of_its_own(tmp_path):
    file = tmp_path / f"{uuid.uuid4().hex}.py"
    file.write_text("x = 1  # a line of some length, and more of them\\n" * 60)
    assert len(linecache.getlines(str(file))) == 60

def test_asks_by_names_that_it_makes():
    for n in range(200): getattr(Node, "asked_for_" + "x" * 50 + str(n), None)

class TestParts(unittest.TestCase):
    def test_has_subtests(self):
        for n in range(50):
            with self.subTest(n=n): pass
'''

LEAKS = '''
import itertools, uuid
import pytest

class Node:
    def __init__(self): self.me, self.buffer = self, bytearray(3000)
class Small:
    def __init__(self): self.buffer = bytearray(300)

KEPT, SMALL, BY_TEST, numbers = [], [], {}, itertools.count()

class TestInstance:
    def test_keeps_what_it_hangs_on_self(self):
        self.node = Node()
        KEPT.append(self.node)

def test_adds_to_older_cycles(): BY_TEST[next(numbers)] = Node()
def test_a_small_instance(): SMALL.append(Small())

def opened():
    cache = {}
    def open(): return cache.setdefault(next(numbers), Node())
    return open
open_node = opened()
@pytest.mark.parametrize("n", range(6))
def test_into_a_closure(n): open_node()
SLOT = {}
def test_into_the_place_of_the_last_one():
    """A place that leaks, beside it: one entry, again and again."""
    open_node.__closure__[0].cell_contents["the same"] = Node()
def test_no_leak(): Node()
'''


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    folder = tmp_path_factory.mktemp("causes")
    (folder / "test_none.py").write_text(NO_LEAKS)
    (folder / "test_some.py").write_text(LEAKS)
    return {name: run_suite(folder, "--limpet", f"test_{name}.py") for name in ("none", "some")}


def test_what_python_would_make_again_or_another_run_replaces_is_no_leak(watched):
    done = watched["none"]
    assert done.returncode == 0 and not outcomes(done.stdout, "LEAKS"), done.stdout + done.stderr
    assert "8 passed" in done.stdout


def test_subtests_are_told_of_once_however_often_a_test_runs(watched):
    assert "50 subtests passed" in watched["none"].stdout, watched["none"].stdout


def test_what_piles_up_is_a_leak_all_the_same(watched):
    told = {test.partition("::")[2] for test in outcomes(watched["some"].stdout, "LEAKS")}
    closures = {f"test_into_a_closure[{n}]" for n in range(6)}
    assert told == closures | {"TestInstance::test_keeps_what_it_hangs_on_self", "test_adds_to_older_cycles", "test_a_small_instance"}, watched["some"].stdout


def test_later_tests_of_a_place_that_leaks_are_told_its_way(watched):
    ways = [line for line in watched["some"].stdout.splitlines() if "held by" in line and "closure variable cache" in line]
    assert len(ways) == 6 and len(set(ways)) == 6, watched["some"].stdout
    assert watched["some"].stdout.count("would free") == 4  # one picture for each place
