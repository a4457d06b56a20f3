"""`limpet report --html`: one file that needs nothing else, with the same figures as every other face."""

import shutil

import export_drive
import pytest
from page_reader import Page, cells_of, stacks_of


def page_of(recorded, path, *arguments) -> Page:
    done = recorded.limpet("report", recorded.path, "--html", path, *arguments)
    assert done.returncode == 0 and done.stdout == "", done.stderr
    assert str(path) in done.stderr
    return Page(path.read_text())


@pytest.fixture(scope="module")
def page(shop, tmp_path_factory) -> Page:
    return page_of(shop, tmp_path_factory.mktemp("page") / "shop.html")


def test_the_page_loads_nothing(page, shop):
    assert page.policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in page.policy and "connect-src" not in page.policy and "http" not in page.policy
    for tag, attributes in page.elements:
        assert "src" not in attributes, tag
        assert attributes.get("href", "data:,") == "data:,", tag
    # The markup is the page's own, whatever the functions of the program are called: two scripts, one of them data.
    assert [tag for tag, _ in page.elements].count("script") == 2


def test_it_is_small(shop, tmp_path):
    page_of(shop, tmp_path / "shop.html")
    assert (tmp_path / "shop.html").stat().st_size < 1_500_000


def test_the_document_has_the_report(page, shop):
    report = page.document["runs"][0]["report"]
    assert report == shop.json("report", "-")


def test_sums_are_those_of_stats(page, shop):
    document = page.document
    assert document["schema"] == "limpet.viewer/1" and document["running"] is False
    assert len(document["runs"][0]["processes"]) == 2
    for process in document["runs"][0]["processes"]:
        total = shop.json("stats", "--process", process["pid"])["total"]
        cells = process["sites"]["cells"]
        assert sum(cells["born_bytes"]) == total["born"]["bytes"]
        assert sum(cells["freed_objects"]) == total["freed"]["blocks"]
        assert sum(cells["live_bytes"]) == total["live"]["bytes"]
        assert sum(process["sites"]["peak_bytes"]) == total["peak"]["bytes"]


def test_stacks_are_those_of_the_other_exports(page, shop):
    document = page.document
    process = document["runs"][0]["processes"][0]
    rows = shop.json("stats", "--group", "stack", "--limit", "0", "--process", process["pid"])["rows"]
    want = {}
    for row in rows:
        stack = tuple((frame["function"], frame["file"], frame["line"]) for frame in row["stack"] if frame["file"])
        want[stack] = want.get(stack, 0) + row["live"]["bytes"]
    got = dict.fromkeys(want, 0)
    for row, stack in enumerate(stacks_of(document, process)):
        got[tuple(stack)] += sum(cells_of(process, row, "live_bytes"))
    assert got == want


def test_findings_lead_to_their_sites(page):
    document = page.document
    run = document["runs"][0]
    findings = run["report"]["findings"]
    number = next(i for i, finding in enumerate(findings) if "Session" in "".join(finding["types"]))
    process = next(process for process in run["processes"] if process["findings"][number])
    stacks = stacks_of(document, process)
    place = findings[number]["site"][0]
    assert any((place["function"], place["file"], place["line"]) in stacks[row] for row in process["findings"][number])
    assert sum(sum(cells_of(process, row, "live_objects")) for row in process["findings"][number]) > 0


def test_the_source_is_quoted_unless_told_not_to(page, shop, tmp_path):
    document = page.document
    quoted = {document["strings"][source["file"]]: source["excerpts"] for source in document["sources"]}
    file = next(name for name in quoted if name.endswith("/shop.py") or name == "shop.py")
    text = (shop.path.parent / "shop.py").read_text().splitlines()
    for excerpt in quoted[file]:
        assert excerpt["lines"] == text[excerpt["first"] - 1 : excerpt["first"] - 1 + len(excerpt["lines"])]
    assert page_of(shop, tmp_path / "without.html", "--no-source").document["sources"] == []


def test_odd_names_come_through_as_they_are(page, shop):
    strings = page.document["strings"]
    for name in ('quote"s and \\back', "semi;colon", "new\nline", "\u202eright to left", "=cmd"):
        assert name in strings
    assert any(len(name) >= 10_000 for name in strings)


def test_time_is_told(page):
    process = page.document["runs"][0]["processes"][0]
    epochs = process["epochs"]
    assert epochs["start"][0] == 0 and epochs["start"][1:] == epochs["end"][:-1]
    assert len(process["samples"]["rss"]) == len(process["samples"]["seconds"]) >= 1
    for ledger in process["ledgers"]:
        assert sum(part["bytes"] for part in ledger["parts"]) + ledger["rest"] == ledger["own"]
    assert len(process["ledgers"]) >= 1 and len(process["snapshots"]) >= 1


def test_a_damaged_recording_is_shown_as_far_as_it_goes(shop, tmp_path):
    damaged = tmp_path / "damaged.limpet"
    shutil.copytree(shop.path, damaged)
    data = next(damaged.glob("p*/data"))
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 2])
    document = page_of(export_drive.Recorded(shop.interpreter, damaged), tmp_path / "page.html").document
    assert document["runs"][0]["report"]["problems"]


def test_a_page_that_cannot_be_written_is_said(shop, tmp_path):
    done = shop.limpet("report", shop.path, "--html", tmp_path / "nowhere" / "page.html")
    assert done.returncode != 0 and "page.html" in done.stderr
