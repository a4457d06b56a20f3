"""What births and deaths alone would misjudge, the heap decides: how many leaks there are, and what is none."""

import json
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "programs/judged.py"


def functions(finding):
    return [frame["function"].split(".")[-1] for frame in finding["site"]]


@pytest.mark.slow
def test_three_leaks_of_one_loop_are_three_findings(judge, sure):
    found = sure(judge("three"))
    told = {name: finding for finding in found for name in ("ORDERS", "USERS", "LOG") if name in finding["holder_text"]}
    assert len(found) == 3 and len(told) == 3, [(functions(f)[:2], f["holder_text"]) for f in found]
    assert "make_order" in functions(told["ORDERS"]) and told["ORDERS"]["types"][0].endswith("Order")
    assert "make_user" in functions(told["USERS"]) and told["USERS"]["types"][0].endswith("User")
    assert "make_line" in functions(told["LOG"]) and told["LOG"]["types"][0] == "str"
    assert "Weak" in told["ORDERS"]["fix"] and "Weak" not in told["LOG"]["fix"]


@pytest.mark.slow
def test_containers_with_a_bound_are_no_leaks(judge, sure):
    report = judge("filling")
    assert not sure(report) and report["verdict"] == "no-leak", report["findings"]
    reasons = " ".join(sentence for one in report["dismissed"] for sentence in one["evidence"])
    assert "an lru_cache of maxsize 100000" in reasons


@pytest.mark.slow
def test_why_not_is_told_for_a_line(judge, limpet, run, tmp_path, sure):
    report = judge("filling")
    line = next(one for one in report["dismissed"] if "maxsize" in " ".join(one["evidence"]))["site"][0]["line"]
    told = run([limpet, "why", tmp_path / "r.limpet", f"judged.py:{line}"])
    assert told.returncode == 0 and "no leak (bounded): held by an lru_cache of maxsize" in " ".join(told.stdout.split())
    as_json = run([limpet, "why", tmp_path / "r.limpet", f"judged.py:{line}", "--json"])
    assert json.loads(as_json.stdout)["judgement"].startswith("no leak (bounded)")


@pytest.mark.slow
@pytest.mark.parametrize("what", ["by_chance", "deferred"])
def test_what_only_looks_like_a_leak_is_dismissed(judge, what, sure):
    report = judge(what)
    assert not sure(report), [(f["confidence"], f["holder_text"], f["evidence"]) for f in report["findings"]]


@pytest.mark.slow
def test_a_callback_is_named_and_not_the_loop(judge, sure):
    (finding,) = sure(judge("callbacks"))
    assert "KEPT" in finding["holder_text"] and functions(finding)[0] in ("on_request", "__init__"), functions(finding)
