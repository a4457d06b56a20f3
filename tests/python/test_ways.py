"""Many tests with one leak: who holds what the later ones leave is found where the first one's was, and only there."""

import os
import subprocess
import sys

import pytest
from package_paths import PACKAGE
from test_pytest_plugin import outcomes, run_suite

pytestmark = pytest.mark.xdist_group("pytest-plugin")

SUITE = '''
import pytest
class Session:
    def __init__(self): self.buffer = bytearray(2000)
class Store:
    def __init__(self): self.sessions = {}
STORE, OTHERS, counter = Store(), [], 0
@pytest.mark.parametrize("n", range(4))
def test_store(n):
    global counter
    counter += 1
    STORE.sessions[f"u{counter}"] = [None, Session()]
@pytest.mark.parametrize("n", range(2))
def test_others(n): OTHERS.append(Session())
'''

WAYS = """
import sys, types
from limpet import _ways

class Bad:
    def __getattribute__(self, name): raise SystemExit("code of the program ran")
    def __eq__(self, other): raise SystemExit("code of the program ran")
    __hash__ = None
class Key:
    def __eq__(self, other): raise SystemExit("code of the program ran")
    def __hash__(self): return 0
    def __repr__(self): raise SystemExit("code of the program ran")
class Holder:
    table = {}
    @property
    def lazy(self): raise SystemExit("code of the program ran")

app = sys.modules["app"] = types.ModuleType("app")
app.HOLDER, app.TABLE, app.Holder = Holder(), {"a": [0, Bad()]}, Holder
app.HOLDER.items = [Bad()]
def learn(kind, text, *edges): _ways.learn(kind, {"holder": [{"edge": edge} for edge in edges], "holder_text": text})
learn("Bad", "module app .TABLE -> dict['a'] -> list[1] -> Bad", "module app", ".TABLE", "['a']", "[1]")
new = app.TABLE["long " * 20 + "b"] = [0, Bad()]
print(_ways.find("Bad", id(new[1])))
new = app.TABLE["b"] = [0, Bad(), Bad()]
print(_ways.find("Bad", id(new[1])))
print(_ways.find("Bad", id(app.TABLE["a"][1])))
print(_ways.find("Bad", id(new[2])) or None)  # two steps are others: not looked for
print(_ways.find("Other", id(new[1])) or None)
app.TABLE[Key()] = [0, key := Bad()]
print(_ways.find("Bad", id(key)))
learn("I", "module app .HOLDER -> Holder.items -> list[0] -> Bad", "module app", ".HOLDER", ".items", "[0]")
app.HOLDER.items.append(Bad())
print(_ways.find("I", id(app.HOLDER.items[1])))
learn("L", "module app .HOLDER -> Holder.lazy -> list[0] -> Bad", "module app", ".HOLDER", ".lazy", "[0]")
learn("L", "module gone .X -> list[0] -> Bad", "module gone", ".X", "[0]")
learn("C", "module app .Holder -> type.table -> dict['x'] -> Bad", "module app", ".Holder", ".table", "['x']")
Holder.table[3] = Bad()
print(_ways.find("L", id(new[1])) or None, _ways.find("C", id(Holder.table[3])))
"""


def test_a_way_is_gone_again_without_running_code():
    done = subprocess.run([sys.executable, "-c", WAYS], env=dict(os.environ, PYTHONPATH=str(PACKAGE)), capture_output=True, text=True)
    assert done.stdout.splitlines() == [
        "module app .TABLE -> dict[<str>] -> list[1] -> Bad",
        "module app .TABLE -> dict['b'] -> list[1] -> Bad",
        "module app .TABLE -> dict['a'] -> list[1] -> Bad",
        "None",
        "None",
        "module app .TABLE -> dict[<Key>] -> list[1] -> Bad",
        "module app .HOLDER -> Holder.items -> list[1] -> Bad",
        "None module app .Holder -> type.table -> dict[3] -> Bad",
    ], done.stdout + done.stderr


def test_many_tests_with_one_leak_take_one_picture(tmp_path):
    (tmp_path / "test_shop.py").write_text(SUITE)
    told = run_suite(tmp_path, "--limpet")
    assert len(outcomes(told.stdout, "LEAKS")) == 6, told.stdout + told.stderr
    ways = [line.split("held by")[1].strip() for line in told.stdout.splitlines() if "held by  " in line]
    keys = [way.removeprefix("module test_shop .STORE.sessions -> dict['u").removesuffix("'] -> list[1] -> Session") for way in ways[:4]]
    assert all(key.isdecimal() for key in keys) and len(set(keys)) == 4, ways  # each its own
    assert all(way.startswith("module test_shop .OTHERS -> list[") for way in ways[4:]) and len(set(ways)) == 6, ways
    # What would be freed is known of a picture only. One for each place; OTHERS is not STORE, though the type is the same.
    assert told.stdout.count("would free") == 2
