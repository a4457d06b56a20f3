"""limpet check: exit status, baselines, limits, and the files for code hosts and CI servers."""

import json
from pathlib import Path

import fastjsonschema
import junitparser
import pytest
from check_drive import sure

pytestmark = pytest.mark.slow
SCHEMA = Path(__file__).parent / "sarif-schema-2.1.0.json"


@pytest.fixture(scope="session")
def valid_sarif():
    return fastjsonschema.compile(json.loads(SCHEMA.read_text()), formats={"uri": ".*", "uri-reference": ".*"})


def test_exit_status(recorded):
    assert recorded("check", "one.limpet").returncode == 1
    assert recorded("check", "none.limpet").returncode == 0
    short = recorded("check", "short.limpet")
    assert short.returncode == 3 and "too short" in short.stdout
    for wrong in (["missing.limpet"], ["one.limpet", "--baseline", "missing.json"], ["one.limpet", "--max-growth", "fast"],
                  ["one.limpet", "--max-retained", "much"], ["one.limpet", "--update-baseline"], ["one.limpet", "--keep", "no"]):  # fmt: skip
        done = recorded("check", *wrong)
        assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1, wrong


def test_limits(recorded):
    def status(*limits):
        return recorded("check", "two.limpet", "-q", *limits).returncode

    assert status("--max-growth", "1KB/s") == 1
    assert status("--max-growth", "1 GB/s") == 0
    assert status("--max-growth", "1/s") == 1  # objects
    assert status("--max-growth", "1GB/s", "--max-growth", "1 object/s") == 1  # each of them holds
    assert status("--max-growth", "1GB/s", "--max-retained", "1KB") == 1
    assert status("--max-retained", "1GB") == 0
    none = recorded("check", "two.limpet", "--max-growth", "1KB/iteration")
    assert none.returncode == 3 and "no iterations" in none.stdout


def test_limits_hold_for_all_together(recorded):
    found = sure(recorded.report("two.limpet"))
    rates = [finding["bytes_per_second"] for finding in found]
    assert len(rates) == 2
    between = (max(rates) + sum(rates)) / 2
    assert recorded("check", "two.limpet", "-q", "--max-growth", f"{between:.0f}B/s").returncode == 1
    assert recorded("check", "two.limpet", "-q", "--max-growth", f"{sum(rates) * 1.1:.0f}B/s").returncode == 0


def test_a_baseline_lets_known_leaks_through_and_no_others(recorded, tmp_path):
    baseline = tmp_path / "baseline.json"
    assert recorded("check", "one.limpet", "--baseline", baseline, "--update-baseline").returncode == 0
    first = baseline.read_text()
    assert recorded("check", "one.limpet", "-q", "--baseline", baseline).returncode == 0
    result = tmp_path / "result.json"
    two = recorded("check", "two.limpet", "--baseline", baseline, "--json", result)
    assert two.returncode == 1 and "1 new, 1 known" in two.stdout, two.stdout
    found = json.loads(result.read_text())
    assert found["schema"] == "limpet.check/1" and found["result"] == "leak"
    standing = {finding["place"]: finding["status"] for finding in found["findings"] if finding["confidence"] >= 0.5}
    assert sorted(standing.values()) == ["known", "new"] and standing["shop.py:record"] == "new"
    # Once more changes nothing; the new one is put in beside the old one; what people wrote stays.
    assert recorded("check", "one.limpet", "-q", "--baseline", baseline, "--update-baseline").returncode == 0
    assert baseline.read_text() == first
    baseline.write_text(first.replace('"reason": ""', '"reason": "ticket 4711"'))
    assert recorded("check", "two.limpet", "-q", "--baseline", baseline, "--update-baseline").returncode == 0
    entries = json.loads(baseline.read_text())["known"]
    assert sorted(entry["reason"] for entry in entries) == ["", "ticket 4711"]
    assert recorded("check", "two.limpet", "-q", "--baseline", baseline).returncode == 0


def test_what_is_fixed_is_told_and_goes(recorded, tmp_path):
    baseline = tmp_path / "baseline.json"
    recorded("check", "one.limpet", "-q", "--baseline", baseline, "--update-baseline")
    fixed = recorded("check", "none.limpet", "--baseline", baseline)
    assert fixed.returncode == 0 and "remove it from the baseline" in fixed.stdout
    short = recorded("check", "short.limpet", "--baseline", baseline)
    assert short.returncode == 3 and "remove" not in short.stdout
    before = baseline.read_text()
    assert recorded("check", "short.limpet", "-q", "--baseline", baseline, "--update-baseline").returncode == 3
    assert baseline.read_text() == before  # a run that cannot tell takes nothing away
    assert recorded("check", "none.limpet", "-q", "--baseline", baseline, "--update-baseline").returncode == 0
    assert json.loads(baseline.read_text())["known"] == []


def test_a_known_leak_that_grows_faster_fails(recorded, tmp_path):
    baseline = tmp_path / "baseline.json"
    recorded("check", "one.limpet", "-q", "--baseline", baseline, "--update-baseline")
    kept = json.loads(baseline.read_text())
    for entry in kept["known"]:
        for rate in ("bytes_per_second", "bytes_per_allocated_byte"):
            entry[rate] /= 3
    baseline.write_text(json.dumps(kept))
    faster = recorded("check", "one.limpet", "--baseline", baseline)
    assert faster.returncode == 1 and "faster than in the baseline" in faster.stdout
    assert recorded("check", "one.limpet", "-q", "--baseline", baseline, "--max-growth", "1GB/s").returncode == 0


@pytest.mark.parametrize("text", ["", "{", "[]", "<<<<<<< HEAD", '{"schema": "other/1"}', '{"schema": "limpet.baseline/1", "known": 7}',
                                  '{"schema": "limpet.baseline/1", "known": [{}]}'])  # fmt: skip
def test_a_broken_baseline_is_refused(recorded, tmp_path, text):
    baseline = tmp_path / "baseline.json"
    baseline.write_text(text)
    for more in ([], ["--update-baseline"]):
        done = recorded("check", "one.limpet", "--baseline", baseline, *more)
        assert done.returncode == 2 and str(baseline) in done.stderr
    assert baseline.read_text() == text


def test_sarif_is_valid_and_points_at_the_line(recorded, tmp_path, valid_sarif):
    baseline, sarif = tmp_path / "baseline.json", tmp_path / "limpet.sarif"
    recorded("check", "one.limpet", "-q", "--baseline", baseline, "--update-baseline")
    for recording, options in [("one.limpet", []), ("two.limpet", ["--baseline", baseline]), ("none.limpet", []), ("short.limpet", [])]:
        recorded("check", recording, "-q", "--sarif", sarif, *options)
        valid_sarif(json.loads(sarif.read_text()))
    recorded("check", "two.limpet", "-q", "--sarif", sarif, "--baseline", baseline)
    log = json.loads(sarif.read_text())
    results = {one["partialFingerprints"]["limpetFingerprint/v1"]: one for one in log["runs"][0]["results"]}
    findings = sure(recorded.report("two.limpet"))
    assert len(findings) == 2
    for finding in findings:
        result = results[finding["fingerprint"]]
        place = result["locations"][0]["physicalLocation"]
        assert place["artifactLocation"] == {"uri": "shop.py", "uriBaseId": "SRCROOT"}
        assert place["region"]["startLine"] == finding["site"][0]["line"]
        assert place["region"]["startColumn"] == finding["site"][0]["column"] + 1
        assert result["stacks"][0]["frames"][-1]["location"]["physicalLocation"]["region"]["startLine"] == finding["site"][-1]["line"]
        flow = result["codeFlows"][0]["threadFlows"][0]["locations"]
        assert flow[-1]["location"]["physicalLocation"]["region"]["startLine"] == finding["site"][0]["line"]
        new = finding["place"] == "shop.py:record"
        assert (result["level"], result["baselineState"]) == (("error", "new") if new else ("note", "unchanged"))


def test_junit_is_read_by_others(recorded, tmp_path):
    file, baseline = tmp_path / "limpet.xml", tmp_path / "baseline.json"

    def outcomes(recording, *options):
        recorded("check", recording, "-q", "--junit", file, *options)
        suites = junitparser.JUnitXml.fromfile(str(file))
        suite = next(iter(suites))
        cases = list(suite)
        assert suite.tests == len(cases) and suites.tests == len(cases)
        kinds = [type(case.result[0]).__name__ if case.result else "Passed" for case in cases]
        assert (suite.failures, suite.errors, suite.skipped) == tuple(kinds.count(kind) for kind in ("Failure", "Error", "Skipped"))
        return kinds

    assert outcomes("one.limpet").count("Failure") == 1
    assert outcomes("none.limpet") == ["Passed"]
    assert outcomes("short.limpet") == ["Error"]
    recorded("check", "one.limpet", "-q", "--baseline", baseline, "--update-baseline")
    both = outcomes("two.limpet", "--baseline", baseline)
    assert both.count("Failure") == 1 and both.count("Skipped") >= 1


def test_standard_output_takes_one_document(recorded):
    done = recorded("check", "one.limpet", "--json", "-")
    assert done.returncode == 1 and json.loads(done.stdout)["result"] == "leak"
    full = recorded("check", "one.limpet", "-q", "--sarif", "/dev/full")
    assert full.returncode == 2 and "No space" in full.stderr
