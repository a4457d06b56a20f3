"""limpet diff: what became of each leak, also between runs of different length and speed."""

import json

import pytest

pytestmark = pytest.mark.slow


def diff(bench, before, after):
    done = bench("diff", before, after, "--json", "-")
    assert done.returncode in (0, 1, 3), done.stderr
    result = json.loads(done.stdout)
    assert result["schema"] == "limpet.diff/1"
    text = bench("diff", before, after)
    assert text.returncode == done.returncode and all(change["change"].split("-")[0] in text.stdout for change in result["changes"])
    changes = {(change["after"] or change["before"])["place"]: change["change"] for change in result["changes"]}
    return done.returncode, changes


def test_the_same_twice(recorded):
    assert diff(recorded, "one.limpet", "one.limpet") == (1, {recorded_place(recorded): "same"})


def recorded_place(recorded):
    return next(f["place"] for f in recorded.report("one.limpet")["findings"] if f["confidence"] >= 0.5)


def test_gone_and_new(recorded):
    place = recorded_place(recorded)
    assert diff(recorded, "one.limpet", "none.limpet") == (0, {place: "gone"})
    assert diff(recorded, "none.limpet", "one.limpet") == (1, {place: "new"})
    assert diff(recorded, "one.limpet", "two.limpet") == (1, {place: "same", "shop.py:record": "new"})
    assert diff(recorded, "two.limpet", "one.limpet") == (1, {place: "same", "shop.py:record": "gone"})
    assert diff(recorded, "none.limpet", "none.limpet") == (0, {})


def test_a_second_run_that_is_too_short_cannot_tell(recorded):
    status, changes = diff(recorded, "one.limpet", "short.limpet")
    assert status == 3 and set(changes.values()) == {"cannot-tell"}
    assert "too short" in recorded("diff", "one.limpet", "short.limpet").stdout


def test_length_does_not_matter_and_size_does(recorded):
    recorded.record("longer.limpet", "shop.py", 4, "sessions")
    recorded.record("larger.limpet", "shop.py", 2, "sessions=20000")
    place = recorded_place(recorded)
    assert diff(recorded, "one.limpet", "longer.limpet") == (1, {place: "same"})
    assert diff(recorded, "longer.limpet", "one.limpet") == (1, {place: "same"})
    assert diff(recorded, "one.limpet", "larger.limpet") == (1, {place: "larger"})
    assert diff(recorded, "larger.limpet", "one.limpet") == (0, {place: "smaller"})


def test_misuse(recorded):
    for wrong in ([], ["one.limpet"], ["one.limpet", "missing.limpet"], ["missing.limpet", "one.limpet"]):
        done = recorded("diff", *wrong)
        assert done.returncode == 2 and done.stdout == "" and done.stderr.count("\n") == 1
