"""Descriptors, threads and children that become more are told; those that come and go, or stop growing, are not."""

import json
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "programs/holds.py"


def record(interpreter, run, tmp_path, kind):
    report = tmp_path / "report.json"
    done = run(interpreter.limpet_run(PROGRAM, kind, options=("--json", report, "-o", tmp_path / "r.limpet")))
    assert done.returncode == 0, done.stderr
    found = json.loads(report.read_text())
    growing = {key: one["growth"] for key, one in found["memory"]["resources"].items() if one["growth"]}
    return found, growing, done.stderr


@pytest.mark.parametrize("kind", ["files", "pipes", "eventfds", "threads", "children"])
def test_what_no_finding_explains_is_a_note(kind, any_interpreter, run, tmp_path):
    _, growing, screen = record(any_interpreter, run, tmp_path, kind)
    assert list(growing) == [kind]
    growth = growing[kind]
    steps = {"pipes": 160, "children": 27}.get(kind, 80)  # a pipe is two descriptors
    assert steps * 0.5 <= growth["last"] - growth["first"] <= steps
    assert growth["per_second"] > 0
    if not growth["explained"]:
        assert "note" in screen and " grow: " in screen


def test_sockets_are_evidence_for_the_objects_that_hold_them(interpreter, run, tmp_path):
    found, growing, screen = record(interpreter, run, tmp_path, "sockets")
    assert growing["sockets"]["explained"], found["findings"]
    finding = next(one for one in found["findings"] if any("grow with it" in s for s in one["evidence"]))
    sentence = next(s for s in finding["evidence"] if "grow with it" in s)
    assert sentence.startswith("open sockets grow with it: ") and "/s" in sentence
    assert "open sockets grow:" not in screen


@pytest.mark.parametrize("kind", ["pool", "bursts"])
def test_pools_and_bursts_are_no_growth(kind, any_interpreter, run, tmp_path):
    _, growing, screen = record(any_interpreter, run, tmp_path, kind)
    assert growing == {} and " grow: " not in screen
