"""The demo's judge bites: it sees a leak that was not named, a control that was accused, and a report that is none."""

import json
import pathlib
import subprocess
import sys

import pytest

EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"
sys.path.insert(0, str(EXAMPLES))

import check  # noqa: E402

MARKED = check.marks(EXAMPLES / "shop")


def finding(file, line, confidence=0.9, kind="python-object"):
    frames = [{"function": "f", "file": f"/srv/{file}", "line": line}, {"function": "main", "file": "/srv/x.py", "line": 1}]
    return {"kind": kind, "confidence": confidence, "bytes_per_second": 2000.0, "site": frames}


def judge(tmp_path, findings):
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"schema": "limpet.report/1", "verdict": "leak", "findings": findings}))
    done = subprocess.run([sys.executable, str(EXAMPLES / "check.py"), str(path), str(EXAMPLES / "shop")],
                          capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


def leaks():
    return [finding(file, line) for kind, _, file, line in MARKED if kind == "leak"]


def test_all_leaks_named_is_right(tmp_path):
    status, text = judge(tmp_path, leaks())
    assert status == 0 and text.count("named (python-object, 2.0 KB/s)") == 4 and "WRONG" not in text


@pytest.mark.parametrize("missing", range(4))
def test_a_leak_that_is_not_named_is_wrong(tmp_path, missing):
    findings = leaks()
    del findings[missing]
    status, text = judge(tmp_path, findings)
    assert status == 1 and text.count("NOT NAMED") == 1


def test_a_leak_named_without_confidence_or_on_another_line_is_wrong(tmp_path):
    findings = leaks()
    findings[0]["confidence"] = 0.4
    findings[1]["site"][0]["line"] += 1
    status, text = judge(tmp_path, findings)
    assert status == 1 and text.count("NOT NAMED") == 2


@pytest.mark.parametrize("place", [(file, line) for kind, _, file, line in MARKED if kind == "control"])
def test_an_accused_control_is_wrong(tmp_path, place):
    status, text = judge(tmp_path, [*leaks(), finding(*place)])
    assert status == 1 and text.count("REPORTED AS A LEAK") == 1


def test_what_is_no_report_is_said_to_be_none(tmp_path):
    for text in ("", "[]", '{"findings": [{}]}', '{"findings": null}'):
        (tmp_path / "r.json").write_text(text)
        done = subprocess.run([sys.executable, str(EXAMPLES / "check.py"), str(tmp_path / "r.json"), str(EXAMPLES / "shop")],
                              capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2 and "is no report" in done.stderr
