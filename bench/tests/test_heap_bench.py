"""The figures of bench/heap.py on runs worked out by hand, and its program and its harness on small heaps."""

import json
import os
import struct
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))

import heap as heap_bench  # noqa: E402
from harness import heap_measures, heap_session, snapshot_cost, snapshot_file, venv  # noqa: E402
from harness.errors import BenchError  # noqa: E402


def own(pause=0.01, objects=10_000_000):
    return {
        "pause_seconds": pause, "rss_bytes": 1e9, "nodes": objects, "walk_seconds": 1.0, "file_bytes": 4 * objects, "gap_seconds": 0.02,
        "command_seconds": 1.5, "added_bytes": 0, "copied_bytes": None, "edges": 0, "heap_bytes": 0,
        "analysis": {"seconds": 4.5, "cpu_seconds": 6.0, "rss_bytes": 60 * objects, "objects": objects},
    }  # fmt: skip


def test_goals_are_those_of_the_largest_heap_and_ratios_to_guppy3():
    medians = {
        "1000000": {"own": own(9.0, 1_000_000)},
        "10000000": {"own": own(), "guppy3 heap()": {"seconds": 9.0, "gap_seconds": 3.0}},
    }
    found = {goal["goal"]: (goal["measured"], goal["met"]) for goal in heap_session.goals(medians)}
    assert found["pause, ms per GB of resident memory"] == (10, True)
    assert found["limpet heap, s per 10 M objects"] == (4.5, True)
    assert found["snapshot and whole analysis, times guppy3's heap()"] == (pytest.approx(6 / 9), True)
    assert found["guppy3's standstill, times limpet's pause"] == (pytest.approx(300), True)
    medians["10000000"].pop("guppy3 heap()")
    missing = {goal["goal"]: goal["met"] for goal in heap_session.goals(medians)}
    assert missing["snapshot and whole analysis, times guppy3's heap()"] is None


def test_a_figure_that_some_runs_lack_is_the_median_of_the_others():
    runs = [{"a": 1, "b": {"c": 1}}, {"a": None, "b": {"c": 3}}, {"a": 3, "b": {"c": 5}}]
    assert heap_session.middle(runs) == {"a": 2, "b": {"c": 3}}
    assert heap_session.middle([]) is None


def test_a_question_that_took_too_long_stands_in_the_table_as_such():
    errors = [{"what": "guppy3 byrcs", "objects": 10, "error": "no answer within 5 s", "too_long": True}]
    lines = heap_session.peer_table({"own": own()}, errors, "10")
    assert any("guppy3 byrcs" in line and "no answer within 5 s" in line for line in lines)


def test_what_snapshots_add_is_the_ratio_of_medians():
    def run(wall, snapshots):
        return {"wall_seconds": wall, "cpu_seconds": wall, "process_wall_seconds": wall + 0.1, "snapshots": snapshots,
                "snapshot_pause_seconds": 0.01, "snapshot_walk_seconds": 0.1}  # fmt: skip

    with_them, without = (mode.name for mode in snapshot_cost.PAIR)
    found = snapshot_cost.costs({with_them: [run(1.02, 2), run(1.02, 2), run(9, 2)], without: [run(1, 0), run(1, 0), run(1, 0)]})
    assert found["wall_added"] == pytest.approx(0.02) and found["snapshots"] == 2 and found["wall_added_best"] == pytest.approx(0.02)


def test_a_file_is_a_snapshot_only_with_both_its_ends(tmp_path):
    header = b"LIMPHEAP" + bytes(64) + struct.pack("<Q", 5_000_000)
    end = struct.pack("<7QI", 10, 20, 300, 2_000_000_000, 0, 0, 0, 0) + bytes(4)
    file = tmp_path / "heap.1"
    file.write_bytes(header + end)
    figures = snapshot_file.read_snapshot_figures(file)
    assert (figures["pause_seconds"], figures["walk_seconds"], figures["nodes"], figures["edges"]) == (0.005, 2.0, 10, 20)
    for broken in (b"", header, b"X" + (header + end)[1:], header + end[:56] + b"\1" + end[57:]):
        file.write_bytes(broken)
        with pytest.raises(BenchError):
            snapshot_file.read_snapshot_figures(file)


def test_the_program_measures_itself():
    command = [sys.executable, str(heap_measures.PROGRAM), "20000"]
    with heap_measures.program(command, 60) as (running, told):
        assert told["rss_bytes"] > 1 << 20
        assert 0 < running.ask("fork")["seconds"] < 5
        assert 0.05 <= running.ask("tick 0.05")["seconds"] < 5


def test_a_program_that_does_not_answer_is_too_slow_and_one_that_ends_has_failed():
    with pytest.raises(heap_measures.TooLong), heap_measures.program([sys.executable, "-c", "import time; time.sleep(60)"], 1):
        pass
    with pytest.raises(BenchError, match="ended before"), heap_measures.program([sys.executable, "-c", "pass"], 30):
        pass


def test_a_whole_session_on_a_small_heap():
    limpet = Path(os.environ.get("LIMPET_BUILD", BENCH.parent / "build")) / "limpet"
    if not limpet.exists():
        pytest.skip("limpet is not built")
    environment = venv.Environment(Path(sys.executable), "3.11.0")
    session = heap_session.HeapSession(heap_measures.HeapRunner(environment, limpet, 60), [20_000], [], lambda *_args, **_kwargs: None)
    session.run({20_000: 1})
    result = json.loads(json.dumps(session.result(environment, {"seconds": 1.0})))
    assert result["errors"] == []
    assert result["medians"]["20000"]["own"]["nodes"] > 20_000
    assert abs(result["medians"]["20000"]["own"]["nodes"] - result["medians"]["20000"]["outside"]["nodes"]) < 5_000  # what only traverse functions show


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--objects", "many"], "--objects many: is not a list of numbers"),
        (["--objects", "100"], "1000 or more"),
        (["--objects", "1000000000000"], "GiB are available"),
        (["--show", "absent.json"], "--show absent.json: cannot be read"),
        (["--limpet", "/nonexistent/limpet"], "not built"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_status_two(arguments, message, monkeypatch, capsys):
    monkeypatch.setattr(heap_bench.venv, "prepare", lambda *_: venv.Environment(Path(sys.executable), "3.11.0"))
    monkeypatch.setattr(heap_bench.modes, "why_limpet_cannot_run",
                        lambda limpet: "limpet: not built" if "nonexistent" in str(limpet) else None)  # fmt: skip
    assert heap_bench.main(arguments) == 2
    assert message in capsys.readouterr().err
