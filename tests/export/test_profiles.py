"""Allocation stacks, as other people's tools read them: each is asked for figures, and they are limpet's to the byte."""

import csv
import io
import json
from pathlib import Path

import fastjsonschema
import pytest
from export_drive import MEASURES, go_pprof, read_raw

SAMPLE_TYPES = {"live": "inuse", "allocated": "alloc", "churned": "freed", "peak": "peak", "grown": "grown"}
KEYS = {"live": "live", "allocated": "born", "churned": "freed", "peak": "peak", "grown": "growth"}  # of limpet stats --json


def stats(recorded, *arguments):
    return recorded.json("stats", "--group", "stack", "--limit", "0", *arguments)


def rows_of(recorded, *arguments):
    """{stack, innermost first: row} as limpet stats has them."""
    return {tuple((p["function"], p["file"], p["line"]) for p in row["stack"]): row for row in stats(recorded, *arguments)["rows"]}


@pytest.fixture(scope="module")
def raw(shop):
    return read_raw(go_pprof("-raw", shop.file("pprof")))


@pytest.fixture(scope="module")
def valid():
    """Checks against the schema that comes with speedscope."""
    return fastjsonschema.compile(json.loads((Path(__file__).parent / "speedscope-file-format-schema.json").read_text()))


class TestPprof:
    def test_the_totals_are_those_of_limpet_stats(self, shop, raw):
        total, found = stats(shop)["total"], raw.totals()
        for measure, name in SAMPLE_TYPES.items():
            if measure == "grown":
                continue  # a sum of rows: see the next test
            assert found[f"{name}_space"] == total[KEYS[measure]]["bytes"], measure
            assert found[f"{name}_objects"] == total[KEYS[measure]]["blocks"], measure

    def test_every_stack_has_the_figures_of_its_row(self, shop, raw):
        by_stack = {}
        for sample in raw.samples:
            sums = by_stack.setdefault(tuple(raw.locations.get(i) for i in sample.stack), dict.fromkeys(sample.values, 0))
            for name, value in sample.values.items():
                sums[name] += value
        rows = rows_of(shop)
        read = set(raw.locations.values())
        plain = {stack: row for stack, row in rows.items() if read.issuperset(stack)}  # all but those with odd names
        assert len(plain) > 20
        for stack, row in plain.items():
            for measure, name in SAMPLE_TYPES.items():
                assert by_stack[stack][f"{name}_space"] == row[KEYS[measure]]["bytes"], (stack, measure)
                assert by_stack[stack][f"{name}_objects"] == row[KEYS[measure]]["blocks"], (stack, measure)
        assert sum(row["growth"]["bytes"] for row in rows.values()) == raw.totals()["grown_space"] > 1_000_000

    def test_labels_tell_allocator_type_epoch_and_process(self, shop, raw):
        assert {sample.labels.get("kind") for sample in raw.samples} >= {"object", "mem", "raw", "malloc"}
        assert {int(sample.labels["pid"].split()[0]) for sample in raw.samples} == set(shop.pids)
        assert len({sample.labels.get("epoch") for sample in raw.samples}) > 5
        buffers = [s for s in raw.samples if s.labels.get("type") == "bytearray" and s.values["inuse_space"]]
        assert any(raw.locations.get(s.stack[0], [""])[0] == "Session.__init__" for s in buffers)

    def test_top_names_the_line_that_leaks_and_what_was_asked_for(self, shop):
        top = go_pprof("-top", "-lines", shop.file("pprof"))
        assert "Type: inuse_space" in top
        assert any("Session.__init__" in line for line in top.split("flat%")[1].splitlines()[1:4])
        assert "Type: grown_objects" in go_pprof("-top", shop.file("pprof", "--what", "grown", "--unit", "objects"))
        assert "Type: alloc_space" in go_pprof("-top", "-sample_index=alloc_space", shop.file("pprof"))

    def test_names_in_angle_brackets_stay(self, shop):
        assert "<module>" in go_pprof("-top", "-cum", shop.file("pprof"))

    def test_a_tag_chooses_one_process(self, shop):
        pid = shop.pids[-1]
        focused = read_raw(go_pprof("-raw", f"-tagfocus=pid={pid}:{pid}", shop.file("pprof"))).totals()
        alone = read_raw(go_pprof("-raw", shop.file("pprof", "--process", pid))).totals()
        assert alone == focused and alone["inuse_space"] == stats(shop, "--process", str(pid))["total"]["live"]["bytes"]

    def test_diff_base_is_the_difference_of_two_recordings(self, shop, larger):
        diff = read_raw(go_pprof("-raw", f"-diff_base={shop.file('pprof')}", larger.file("pprof"))).totals()
        assert diff["inuse_space"] == stats(larger)["total"]["live"]["bytes"] - stats(shop)["total"]["live"]["bytes"]
        same = read_raw(go_pprof("-raw", f"-diff_base={shop.file('pprof')}", shop.file("pprof"))).totals()
        assert set(same.values()) <= {0}


class TestSpeedscope:
    @pytest.mark.parametrize("measure", MEASURES)
    def test_every_profile_has_the_totals_of_limpet_stats(self, shop, valid, measure):
        file = json.loads(shop.text("speedscope", "--what", measure))
        valid(file)
        by_pid = {}
        for profile in file["profiles"]:
            assert len(profile["samples"]) == len(profile["weights"]) and min(profile["weights"], default=1) > 0
            assert profile["endValue"] == sum(profile["weights"])
            unit = "bytes" if profile["unit"] == "bytes" else "blocks"
            by_pid.setdefault(int(profile["name"].split("pid ")[1].rstrip(")")), {})[unit] = profile["endValue"]
        for pid in shop.pids:
            rows = stats(shop, "--process", str(pid))["rows"]
            assert by_pid[pid] == {unit: sum(row[KEYS[measure]][unit] for row in rows) for unit in ("bytes", "blocks")}

    def test_stacks_are_those_of_limpet_stats(self, shop):
        pid = shop.pids[0]
        file = json.loads(shop.text("speedscope", "--process", pid))
        frames, found = file["shared"]["frames"], {}
        for sample, weight in zip(file["profiles"][0]["samples"], file["profiles"][0]["weights"]):
            stack = tuple((frames[i]["name"], frames[i].get("file", ""), frames[i].get("line", 0)) for i in reversed(sample))
            found[stack] = found.get(stack, 0) + weight
        assert found == {stack: row["live"]["bytes"] for stack, row in rows_of(shop, "--process", str(pid)).items() if row["live"]["bytes"]}

    def test_no_two_frames_are_the_same_place(self, shop):
        frames = json.loads(shop.text("speedscope"))["shared"]["frames"]
        assert len({json.dumps(frame) for frame in frames}) == len(frames)


class TestCollapsed:
    @pytest.mark.parametrize("measure", MEASURES)
    @pytest.mark.parametrize(("unit", "key"), [("bytes", "bytes"), ("objects", "blocks")])
    def test_the_lines_add_up(self, shop, measure, unit, key):
        lines = shop.text("collapsed", "--what", measure, "--unit", unit).splitlines()
        stacks, weights = zip(*(line.rsplit(" ", 1) for line in lines))
        assert sum(map(int, weights)) == sum(row[KEYS[measure]][key] for row in stats(shop)["rows"])
        assert all(stack and "" not in stack.split(";") for stack in stacks)

    def test_odd_names_neither_part_stacks_nor_lines_nor_turn_the_writing_round(self, shop):
        text = shop.text("collapsed", "--process", shop.pids[0])
        assert "semi:colon" in text and "semi;colon" not in text and "\\n" in text
        assert "\u202e" not in text and "\\u202e" in text and "x" * 10_000 in text
        assert "\n=cmd" not in text


class TestTables:
    def test_csv_and_json_have_the_same_rows_and_the_totals_of_limpet_stats(self, shop):
        rows = list(csv.DictReader(io.StringIO(shop.text("csv"), newline="")))
        sites = json.loads(shop.text("json"))
        assert sites["schema"] == "limpet.sites/1" and len(sites["sites"]) == len(rows)
        for row, site in zip(rows, sites["sites"]):
            assert (row["function"], row["file"], int(row["line"])) == tuple(site["stack"][0][key] for key in ("function", "file", "line"))
            assert row["type"] == site.get("type", "") and row["kind"] == site["kind"]
            for measure in MEASURES:
                assert {"bytes": int(row[f"{measure}_bytes"]), "objects": int(row[f"{measure}_objects"])} == site[measure]
        total = stats(shop)["total"]
        for measure in ("live", "allocated", "churned", "peak"):
            assert sum(int(row[f"{measure}_bytes"]) for row in rows) == total[KEYS[measure]]["bytes"]
            assert sum(int(row[f"{measure}_objects"]) for row in rows) == total[KEYS[measure]]["blocks"]

    def test_odd_names_come_through_whole(self, shop):
        names = {row["function"] for row in csv.DictReader(io.StringIO(shop.text("csv"), newline=""))}
        assert {'quote"s and \\back', "semi;colon", "new\nline", "\u202eright to left", "x" * 10_000} <= names
        assert any(name.startswith("bad ") and name.endswith(" surrogate") for name in names)

    def test_types_are_those_of_limpet_heap(self, shop):
        pid = shop.pids[0]
        heap = {row["type"]: (row["objects"], row["own_bytes"]) for row in shop.json("heap", "--limit", "0", "--process", str(pid))["rows"]}
        types = json.loads(shop.text("json", "--of", "types", "--process", pid))["types"]
        assert {row["type"]: (row["objects"], row["bytes"]) for row in types} == heap
        rows = list(csv.DictReader(io.StringIO(shop.text("csv", "--of", "types", "--process", pid), newline="")))
        assert {row["type"]: (int(row["objects"]), int(row["bytes"])) for row in rows} == heap


class TestPrometheus:
    def test_its_own_parser_reads_the_totals_and_the_heaviest_lines(self, shop):
        from prometheus_client.parser import text_string_to_metric_families

        samples = [sample for family in text_string_to_metric_families(shop.text("prometheus")) for sample in family.samples]
        for pid in shop.pids:
            total = stats(shop, "--process", str(pid))["total"]
            mine = {sample.name: sample.value for sample in samples if sample.labels["pid"] == str(pid)}
            assert mine["limpet_live_bytes"] == total["live"]["bytes"]
            assert mine["limpet_allocated_bytes_total"] == total["born"]["bytes"]
            lines = {(s.labels["function"], s.labels["line"]): s.value for s in samples if s.name == "limpet_line_live_bytes" and s.labels["pid"] == str(pid)}
            table = shop.json("stats", "--process", str(pid), "--limit", "50")["rows"]
            assert lines == {(row["place"]["function"], str(row["place"]["line"])): row["live"]["bytes"] for row in table if row["live"]["bytes"]}

    def test_odd_names_are_read_back(self, shop):
        from prometheus_client.parser import text_string_to_metric_families

        families = text_string_to_metric_families(shop.text("prometheus", "--lines", "0"))
        names = {sample.labels.get("function") for family in families for sample in family.samples}
        assert {'quote"s and \\back', "new\nline", "x" * 10_000} <= names


def test_sarif_is_what_limpet_check_writes(shop):
    done = shop.limpet("check", shop.path, "-q", "--sarif", "-")
    assert done.returncode in (0, 1, 3)
    assert json.loads(shop.text("sarif")) == json.loads(done.stdout)


def test_dot_is_what_limpet_why_draws(shop):
    done = shop.limpet("why", shop.path, "__main__.Session", "--dot")
    assert done.stdout.startswith("digraph") and shop.text("dot", "--target", "__main__.Session") == done.stdout


