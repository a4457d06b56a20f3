"""The leaks of every tutorial: the report names each one's type, its holder, its kind, and what letting go would free."""

import json
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "programs/classics.py"

# (function that allocates, kind, type, what the holder or the cycle says)
EXPECTED = {
    "dict": ("open_session", "python-object", "Session", "SESSIONS"),
    "listener": ("__init__", "python-object", "method", "listeners"),
    "cache": ("parse", "python-object", "dict", "parse"),
    "cycle": ("connect", "cycle", "Peer", "other"),
}


def held(finding):
    steps = finding["holder"] + finding["cycle"]
    return finding["holder_text"] + " " + " ".join(f"{step['edge']} {step['type']}" for step in steps)


@pytest.mark.slow
@pytest.mark.parametrize("classic", EXPECTED)
def test_a_classic_is_named_with_its_holder(classic, interpreter, run, tmp_path):
    if (interpreter.version[1] + list(EXPECTED).index(classic)) % 2:
        pytest.skip("every other one on each version")
    report = tmp_path / "report.json"
    done = run(interpreter.limpet_run(PROGRAM, classic, options=("-q", "--json", report, "-o", tmp_path / "r.limpet")))
    assert done.returncode == 0, done.stderr
    function, kind, type_name, holder = EXPECTED[classic]
    found = json.loads(report.read_text())
    assert found["verdict"] == "leak"
    sure = [finding for finding in found["findings"] if finding["confidence"] >= 0.5]
    assert len(sure) == 1, [held(finding) for finding in sure]
    finding = sure[0]
    assert holder in held(finding), held(finding)
    functions = [frame["function"] for frame in finding["site"]] + [part["function"] for part in finding["parts"]]
    assert any(name.split(".")[-1] == function for name in functions), functions
    assert any(name.split(".")[-1] == type_name for name in finding["types"]), finding["types"]
    assert finding["kind"] == kind
    assert finding["would_free_bytes"] > 20_000 and finding["fix"]
