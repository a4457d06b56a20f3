"""What grows on purpose is marked in the source or in a file, and told apart from leaks."""

import json

import fastjsonschema
import pytest
from check_drive import sure
from test_check_command import SCHEMA

pytestmark = pytest.mark.slow
MARK = "  # limpet: keep: the table itself"

# (file, line to mark)
MARKS = [
    ("store.py", "    return [number, bytes(size)]"),
    ("store.py", "def make_row(number, size):"),
    ("store.py", "        self.rows = []"),
    ("store.py", "class Table:"),
    ("store.py", "TABLE = Table()"),
]


@pytest.mark.parametrize("file, line", MARKS, ids=[line.strip() for _, line in MARKS])
def test_a_mark_in_the_source(bench, file, line):
    bench.edit(file, line + "\n", line + MARK + "\n")
    bench.record("r.limpet", "shop.py", 1.5, "rows", "sessions")
    report = bench.report("r.limpet")
    assert [f["place"].split(":")[0] for f in sure(report)] == ["shop.py"], report["kept"]
    kept = report["kept"][0]
    number = (bench.folder / file).read_text().split("\n").index(line + MARK) + 1
    assert kept["reason"] == "the table itself" and kept["kept_by"] == f"{file}:{number}"
    text = bench("report", "r.limpet").stdout
    assert "Kept on purpose" in text and "the table itself" in text


@pytest.fixture(scope="module")
def rows(recorded):
    return recorded, recorded.record("rows.limpet", "shop.py", 2, "rows")


@pytest.mark.parametrize("pattern", ["site store.py:make_row", "site *.py:make_*", "site store.py", "type list", "held module store .TABLE", "leak {}"])
def test_a_pattern(rows, pattern, tmp_path):
    bench, recording = rows
    finding = sure(bench.report(recording))[0]
    keep = tmp_path / "patterns"
    keep.write_text("# what grows on purpose\n\n" + pattern.format(finding["fingerprint"]) + "  # because\n")
    report = bench.report(recording, "--keep", keep)
    assert report["verdict"] == "no-leak" and report["findings"] == []
    assert report["kept"][0]["reason"] == "because" and report["kept"][0]["kept_by"] == f"{keep}:3"
    assert bench("check", recording, "-q", "--keep", keep).returncode == 0
    assert bench("check", recording, "-q").returncode == 1


def test_patterns_that_match_nothing_else(rows, tmp_path):
    bench, recording = rows
    keep = tmp_path / "patterns"
    keep.write_text("site shop.py\nsite store.py:make\ntype dict\nheld module store .TAB\nleak 0000000000000000\n".replace(".TAB\n", ".X\n"))
    assert bench.report(recording, "--keep", keep)["verdict"] == "leak"
    keep.write_text("sites store.py\n")
    done = bench("report", recording, "--keep", keep)
    assert done.returncode == 2 and f"{keep}:1" in done.stderr


def test_the_file_of_the_folder_counts_and_the_baseline_remembers(bench, tmp_path):
    (bench.folder / ".limpet-keep").write_text("site store.py  # the table\n")
    bench.record("r.limpet", "shop.py", 1.5, "rows")
    baseline, sarif = tmp_path / "baseline.json", tmp_path / "limpet.sarif"
    done = bench("check", "r.limpet", "--baseline", baseline, "--update-baseline", "--sarif", sarif)
    assert done.returncode == 0 and "0 known and 1 kept on purpose" in done.stderr
    known = json.loads(baseline.read_text())
    assert known["known"] == [] and known["kept"][0]["reason"] == "the table"
    log = json.loads(sarif.read_text())
    fastjsonschema.compile(json.loads(SCHEMA.read_text()), formats={"uri": ".*", "uri-reference": ".*"})(log)
    assert log["runs"][0]["results"][0]["suppressions"][0]["justification"] == "the table"


def test_a_source_that_changed_is_not_believed(bench):
    bench.record("r.limpet", "shop.py", 1.5, "rows")
    bench.edit("store.py", "class Table:", "class Table:" + MARK)
    report = bench.report("r.limpet")
    assert report["verdict"] == "leak" and report["kept"] == []
    assert any("store.py was changed after" in note for note in report["notes"])
