"""`limpet why` and `limpet heap` on real programs: each planted leak is found with its true holder."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"
COUNT = 20

# What holds the objects of each class of planted.py, and where the holder is to be cut.
HELD = {
    "InGlobalDict": ("module __main__ .SESSIONS -> dict['…'] -> InGlobalDict", "['…']"),
    "InClosure": ("module __main__ .HANDLER closure variable kept -> list[…] -> InClosure", "[…]"),
    "OnClass": ("module __main__ .OnClass.instances -> list[…] -> OnClass", "[…]"),
    "Listening": ("module __main__ .LISTENERS -> list[…] -> method.__self__ -> Listening", "[…]"),
    "InThreadLocal": ("module __main__ .LOCAL.kept of a thread -> list[…] -> InThreadLocal", "[…]"),
    "InContext": ("context of thread N -> Context[<ContextVar VARIABLE>] -> list[…] -> InContext", "[…]"),
    "InGenerator": ("module __main__ .PRODUCER local waiting of produce -> list[…] -> InGenerator", "[…]"),
    "InLruCache": ("module __main__ .load->cache -> dict['…'] -> InLruCache", "['…']"),
    "InOtherModule": ("module stock .SHELF -> list[…] -> InOtherModule", "[…]"),
    "InTuple": ("module __main__ .PAIRS -> dict['pairs'] -> tuple[…] -> tuple[…] -> InTuple", "[…]"),
}


class Recording:
    def __init__(self, interpreter, path):
        self.interpreter, self.path = interpreter, path

    def limpet(self, *arguments):
        return subprocess.run(self.interpreter.limpet(*arguments), capture_output=True, text=True, timeout=120)

    def why(self, target, *options):
        result = self.limpet("why", self.path, target, "--json", *options)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    def text(self, command, *arguments):
        result = self.limpet(command, self.path, *arguments)
        assert result.returncode == 0 and result.stderr == "", result.stderr
        return result.stdout


@pytest.fixture(scope="module")
def planted(interpreter, tmp_path_factory):
    folder = tmp_path_factory.mktemp("planted")
    path = folder / "planted.limpet"
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    command = interpreter.limpet_run(PROGRAMS / "planted.py", options=["-q", "-o", path])
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder, env=environment)
    assert result.returncode == 0, result.stderr
    return Recording(interpreter, path)


def line(way):
    return re.sub(r"thread \d+", "thread N", way["holder_text"])


@pytest.mark.parametrize("kind", HELD)
def test_the_holder_and_the_cut_are_told(planted, kind):
    answer = planted.why(kind)
    assert answer["objects"] == COUNT and answer["garbage"]["objects"] == 0
    assert len(answer["holdings"]) == 1, answer["holdings"]
    [holding] = answer["holdings"]
    [way] = holding["ways"]
    text, cut = HELD[kind]
    assert line(way) == text
    assert way["holder"][way["cut"]]["edge"] == cut
    assert holding["would_free"]["target_objects"] == COUNT
    assert holding["would_free"]["bytes"] >= COUNT * 1000
    [born] = answer["born"]
    assert born["site"]["file"].endswith("planted.py") and born["objects"] == COUNT


def test_a_second_holder_is_told_since_one_cut_frees_nothing(planted):
    [holding] = planted.why("HeldTwice")["holdings"]
    assert {line(way) for way in holding["ways"]} == {
        "module __main__ .BY_NAME -> dict['…'] -> HeldTwice",
        "module __main__ .BY_AGE -> list[…] -> HeldTwice",
    }
    assert holding["would_free"]["target_objects"] == COUNT
    assert "none of the cuts is enough by itself" in planted.text("why", "HeldTwice")


def test_cycles_wait_for_the_collector(planted):
    answer = planted.why("InCycle")
    assert answer["holdings"] == [] and answer["garbage"]["objects"] == COUNT
    assert answer["garbage"]["cycle_text"] == "InCycle.me -> InCycle"
    assert "which is switched off" in planted.text("why", "InCycle")
    assert re.search(r"InCycle\.me -> InCycle  20 cycles", planted.text("heap"))


def test_what_c_code_holds_is_told_with_its_counts(planted):
    answer = planted.why("HeldByC")
    assert len(answer["holdings"]) == 1, answer["holdings"]
    [holding] = answer["holdings"]
    assert holding["c_code"] == {"objects": COUNT, "references": 1, "not_known": 1}
    assert holding["ways"][0]["cut"] is None


def test_weak_references_do_not_hold(planted):
    answer = planted.why("OnlyWeak")
    assert [way["holder_text"] for way in answer["holdings"][0]["ways"]] == ["module __main__ .ONCE -> list[0] -> OnlyWeak"]
    assert sum(holder["references"] for holder in answer["weak"]) == 1


def test_a_linked_list_is_one_way(planted):
    holdings = planted.why("Linked")["holdings"]
    assert sum(holding["objects"] for holding in holdings) == COUNT
    assert {line(holding["ways"][0]) for holding in holdings} <= {
        "module __main__ .FIRST -> Linked",
        "module __main__ .FIRST.next -> Linked",
    }


def test_paths_lines_and_addresses_are_targets(planted):
    sessions = planted.why("__main__.SESSIONS")
    assert sessions["objects"] == 1 and sessions["retained_bytes"] >= COUNT * 1000
    assert planted.why("planted.SESSIONS['u3']")["retained_objects"] >= 2
    line_number = next(n for n, text in enumerate((PROGRAMS / "planted.py").read_text().splitlines(), 1) if "return InLruCache" in text)
    assert planted.why(f"planted.py:{line_number}")["objects"] >= COUNT
    title = planted.text("why", "planted.SESSIONS").split("\n\n")[1]
    address = re.search(r"0x[0-9a-f]+", title).group()
    assert planted.why(address)["retained_bytes"] == sessions["retained_bytes"]
    assert "a path for each reference" in planted.text("why", address, "--all-paths")


def test_what_is_not_there_is_told_with_what_may_be_meant(planted):
    result = planted.limpet("why", planted.path, "InGlobalDcit")
    assert result.returncode == 1 and "did you mean __main__.InGlobalDict" in result.stderr
    result = planted.limpet("why", planted.path, "__main__.SESIONS")
    assert result.returncode == 1 and "did you mean __main__.SESSIONS?" in result.stderr
    result = planted.limpet("why", planted.path, "InClosure", "--process", "1")
    assert result.returncode == 2 and "no heap snapshot of process 1" in result.stderr
    result = planted.limpet("heap", planted.path, "--snapshot", "99")
    assert result.returncode == 2 and "there are:" in result.stderr


def test_heap_tables(planted):
    heap = json.loads(planted.limpet("heap", planted.path, "--json", "--limit", "0").stdout)
    rows = {row["type"]: row for row in heap["rows"]}
    for kind in [*HELD, "InCycle", "HeldByC", "HeldTwice"]:
        assert rows[f"__main__.{kind}"]["objects"] == COUNT
        assert rows[f"__main__.{kind}"]["retained_bytes"] >= COUNT * 1000
        assert rows[f"__main__.{kind}"]["born"]["file"].endswith("planted.py")
    assert heap["snapshot"]["complete"] and heap["snapshot"]["pause_ns"] > 0
    # The objects that C code took a reference of are counted as its, the cycles as garbage.
    assert heap["garbage"]["bytes"] >= COUNT * 1000 and heap["held_by_c_code"]["objects"] >= COUNT
    assert sum(row["own_bytes"] for row in heap["rows"]) == heap["bytes"]
    # The main module is not: the function that runs it has a reference, but so has sys.modules.
    [main] = [row for row in heap["modules"] if row["module"] == "__main__"]
    assert COUNT * 1000 <= heap["held_by_c_code"]["bytes"] < main["retained_bytes"]
    for group in ("module", "site"):
        text = planted.text("heap", "--group", group, "--by", "own", "--limit", "0")
        assert ("  stock  " in text) if group == "module" else ("planted.py" in text)


def test_a_graph_for_graphviz(planted):
    dot = planted.text("why", "InGlobalDict", "--dot")
    assert dot.startswith("digraph why {") and dot.rstrip().endswith("}") and '".SESSIONS"' in dot
    if shutil.which("dot"):
        assert subprocess.run(["dot", "-Tsvg"], input=dot, text=True, capture_output=True, timeout=60).returncode == 0
    body = dot.splitlines()[1:-1]
    assert all(re.fullmatch(r"  (\w+( -> \w+)? \[.*\]|\w+=.*|node \[.*\]);", row) for row in body), body


GROWING = """
import sys, time
SESSIONS = {}
class Session:
    def __init__(self):
        self.buffer = bytearray(5000)
def open_session(n):
    SESSIONS[n] = Session()
for n in range(3000):
    open_session(n)
    if n % 100 == 0:
        time.sleep(0.02)
"""


def test_growth_names_what_piles_up_between_snapshots(interpreter, tmp_path):
    program = tmp_path / "growing.py"
    program.write_text(GROWING)
    path = tmp_path / "growing.limpet"
    command = interpreter.limpet_run(program, options=["-q", "-o", path, "--snapshots", "200ms"])
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    recording = Recording(interpreter, path)
    listed = recording.text("heap", "--snapshot", "list").splitlines()
    assert len(listed) >= 2
    heap = json.loads(recording.limpet("heap", path, "--json", "--against", "1").stdout)
    grown = [row["holder_text"] for row in heap["growth"]["paths"]]
    assert "module __main__ .SESSIONS" in grown[0]
    assert heap["biggest"][0]["holder_text"] == "module __main__ .SESSIONS -> dict"
    assert "growth" not in json.loads(recording.limpet("heap", path, "--json", "--against", "0").stdout)


def test_there_is_help_for_a_recording_without_snapshots(interpreter, tmp_path):
    path = tmp_path / "none.limpet"
    command = interpreter.limpet_run("-c", "pass", options=["-q", "-o", path, "--snapshots", "off"])
    assert subprocess.run(command, capture_output=True, timeout=120, cwd=tmp_path).returncode == 0
    recording = Recording(interpreter, path)
    for arguments in (["heap", path], ["why", path, "dict"], ["heap", path, "--snapshot", "list"]):
        result = recording.limpet(*arguments)
        assert result.returncode == 2 and "limpet snapshot PID" in result.stderr
    result = recording.limpet("heap", tmp_path / "nothing.limpet")
    assert result.returncode == 2 and "there is no recording" in result.stderr


def test_what_is_gone_at_the_end_is_looked_for_in_earlier_snapshots(any_interpreter, tmp_path):
    (tmp_path / "worker.py").write_text(
        "import time\nclass Result:\n    def __init__(self):\n        self.text = 'x' * 8000\ndef serve():\n    kept = []\n"
        "    for n in range(400):\n        kept.append(Result())\n        time.sleep(0.002)\nserve()\n")
    path = tmp_path / "worker.limpet"
    command = any_interpreter.limpet_run("worker.py", options=["-q", "-o", path, "--snapshots", "100ms"])
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    recording = Recording(any_interpreter, path)
    told = recording.limpet("why", path, "Result")
    assert told.returncode == 0 and "the last snapshot has none" in told.stderr, told.stderr
    assert "local kept of serve (worker.py:" in told.stdout
    last = recording.text("heap", "--snapshot", "list").splitlines()[-1].split()[3]
    told = recording.limpet("why", path, "Result", "--snapshot", last)
    assert told.returncode == 1 and "no type or module 'Result'" in told.stderr
    assert recording.limpet("why", path, "Resutl").returncode == 1
