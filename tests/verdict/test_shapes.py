"""Leaks of shapes that births and deaths alone do not tell: who holds them, what they are, and where they come from."""

import json
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "programs/shapes.py"

# shape: kind, first type, function of the named line, part of the holder, part of the advice
LEAKS = {
    "callbacks_at_exit": ("python-object", "Link", "callbacks_at_exit", "atexit callbacks", "atexit.unregister"),
    "growing_list": ("python-object", "list", "growing_list", "FLAGS", "truncate"),
    "growing_text": ("python-object", "str", "growing_text", "Log.text", "truncate"),
    "growing_buffer": ("python-object", "bytes", "growing_buffer", "RECORDER", "truncate"),
    "late": ("python-object", "Late", "make_late", "KEPT", "KEPT"),
    "kept_exceptions": ("python-object", "Refused", "check", "KEPT", "KEPT"),
    "views": ("python-object", "bytes", "receive", "KEPT", "KEPT"),
    "plugins": ("python-object", "module", "load_plugin", "sys.modules", "sys.modules"),
    "waits_first": ("python-object", "Late", "make_late", "KEPT", "KEPT"),
}


@pytest.fixture
def judge(interpreter, run, tmp_path):
    def judge(shape):
        report = tmp_path / "report.json"
        done = run(interpreter.limpet_run(PROGRAM, shape, options=("-q", "--json", report, "-o", tmp_path / "r.limpet")))
        assert done.returncode == 0, done.stderr
        return json.loads(report.read_text())

    return judge


def sure(report):
    return [finding for finding in report["findings"] if finding["confidence"] >= 0.5]


def short(finding):
    keys = ("confidence", "kind", "types", "holder_text", "fix", "evidence")
    return {key: finding[key] for key in keys} | {"site": [frame["function"] for frame in finding["site"][:3]]}


@pytest.mark.slow
@pytest.mark.parametrize("shape", LEAKS)
def test_a_leak_is_one_finding_with_its_type_line_and_holder(judge, shape):
    kind, type_name, function, holder, advice = LEAKS[shape]
    report = judge(shape)
    found = sure(report)
    assert len(found) == 1, ([short(finding) for finding in report["findings"]], [d["evidence"] for d in report["dismissed"][:5]])
    (finding,) = found
    assert finding["kind"] == kind and finding["types"][0].split(".")[-1] == type_name, short(finding)
    assert function in [frame["function"].split(".")[-1] for frame in finding["site"][:2]], short(finding)
    assert holder in finding["holder_text"] and advice in finding["fix"], short(finding)


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["window", "sawtooth"])
def test_what_is_full_is_no_leak(judge, shape):
    report = judge(shape)
    assert not sure(report), [short(finding) for finding in report["findings"]]
