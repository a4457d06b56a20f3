"""The arithmetic of the tables on figures worked out by hand, and the harness on the smallest real session."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(BENCH))

from harness import catalog, modes, runs, session, summary, tables, venv  # noqa: E402

MIB = summary.MIB


def figures(cpu, rss_mib=20.0, wall=None, traced=None, written=0):
    run = {
        "cpu_seconds": cpu, "wall_seconds": wall or cpu, "peak_rss_kib": rss_mib * 1024, "peak_rss_before_kib": 1024,
        "file_rss_kib": 5 * 1024, "process_wall_seconds": (wall or cpu) + 0.1, "process_cpu_seconds": cpu,
        "written_bytes": written, "written_block_bytes": written, "python": "3.12.1",
    }
    return run | ({"traced_peak_bytes": traced} if traced is not None else {})


def two_workloads():
    return {
        "a": {"untraced": [figures(1.0), figures(1.2), figures(5.0)], "limpet": [figures(1.8, 60.0)]},
        "b": {"untraced": [figures(2.0)], "limpet": [figures(8.0)], "memray-python": [figures(14.0)]},
    }


def test_a_ratio_is_that_of_medians_so_one_disturbed_round_does_not_count():
    assert summary.medians(two_workloads())["a"]["limpet"]["cpu_ratio"] == pytest.approx(1.5)


def test_the_mean_over_workloads_is_geometric_and_the_worst_is_named():
    total = summary.by_mode(summary.medians(two_workloads()), ["untraced", "limpet"])["limpet"]
    assert total["cpu_ratio"] == pytest.approx((1.5 * 4.0) ** 0.5)
    assert (total["worst"], total["worst_cpu_ratio"]) == ("b", pytest.approx(4.0))


def test_a_share_of_a_peers_added_time_goes_over_the_workloads_that_both_ran():
    table = summary.medians(two_workloads())
    assert summary.added_share(table, "limpet", "memray-python") == pytest.approx((4.0 - 1) / (7.0 - 1))
    assert summary.added_share(table, "limpet", "tracemalloc25") is None


def test_the_memory_allowance_is_thirty_percent_of_the_traced_heap_and_sixteen_megabytes():
    run = {"a": {"untraced": [figures(1.0, 100)], "limpet": [figures(1.0, 150)],
                 "tracemalloc1": [figures(4.0, 200, traced=80 * MIB)]}}
    assert summary.memory_excess(summary.medians(run)["a"]["limpet"]) == pytest.approx((50 - 24 - 16) * MIB)


def test_without_tracemalloc_the_heap_is_the_untraced_peak_less_file_pages():
    assert summary.medians(two_workloads())["b"]["limpet"]["heap_bytes"] == pytest.approx(15 * MIB)


def test_a_workload_whose_untraced_run_failed_is_left_out():
    assert summary.medians({"a": {"untraced": [], "limpet": [figures(1.0)]}}) == {}


def test_thread_penalty_is_beyond_what_the_interpreter_lock_costs_anyway():
    run = {
        "threads": {"untraced": [figures(1.2)], "limpet": [figures(3.0)]},
        "threads_serial": {"untraced": [figures(1.0)], "limpet": [figures(2.0)]},
    }
    assert summary.thread_penalty(summary.medians(run), "limpet") == pytest.approx(1.5 / 1.2)


def test_goals_say_met_missed_or_not_measured():
    wanted = summary.goals(summary.medians(two_workloads()), {}, {}, "3.12.1")
    verdict = {goal["goal"]: goal["met"] for goal in wanted}
    assert verdict["geometric mean of CPU, times untraced"] is False
    assert verdict["start-up added, ms"] is None
    assert verdict["100-deep recursion, times untraced"] is None
    worst = next(goal for goal in wanted if goal["goal"].startswith("worst"))
    assert (worst["where"], worst["met"]) == ("b", False)


def test_deep_recursion_has_a_tighter_goal_where_the_interpreter_helps():
    limits = {
        version: next(goal["limit"] for goal in summary.goals({}, {}, {}, version) if "100-deep" in goal["goal"])
        for version in ("3.14.10", "3.15.2")
    }
    assert limits == {"3.14.10": 3.0, "3.15.2": 1.5}


def test_a_cell_that_was_not_measured_prints_as_a_dash():
    lines = tables.ratios(summary.medians(two_workloads()), ["untraced", "limpet", "memray-python"], "cpu")
    assert next(line for line in lines if line.startswith("a ")).split()[-2:] == ["1.50", "-"]


def test_a_sparse_file_counts_by_its_blocks(tmp_path):
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(1 << 24)
    length, blocks = runs.folder_bytes(tmp_path)
    assert length == 1 << 24 and blocks < 1 << 20


@pytest.mark.parametrize("name", ["objs", "strings", "tree", "deep", "unwind", "threads", "threads_serial", "asyncio", "records"])
def test_each_workload_of_our_own_writes_its_figures(name, tmp_path):
    workload = catalog.BY_NAME[name]
    command = [sys.executable, str(runs.CHILD), workload.source, workload.program, "1", str(tmp_path / "out.json")]
    subprocess.run(command, check=True, timeout=60)
    measured = json.loads((tmp_path / "out.json").read_text())
    assert measured["cpu_seconds"] > 0 and measured["peak_rss_kib"] >= measured["peak_rss_before_kib"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--workloads", "nothing"], "no such workload: nothing"),
        (["--show", "absent.json"], "--show absent.json: cannot be read"),
        (["--python", "/nonexistent/python"], "--python /nonexistent/python: cannot be started"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_status_two(arguments, message):
    done = subprocess.run([sys.executable, str(BENCH / "run.py"), *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and message in done.stderr and "Traceback" not in done.stderr


FAKE_LIMPET = """#!/bin/sh
# limpet run --quiet -o DIR -- COMMAND...: records a file of 8 KB and runs the command; limpet stats: says %d allocations
[ "$1" = stats ] && { echo '{"total": {"born": {"blocks": %d}}}'; exit; }
[ "$1 $2 $3" = "run --quiet -o" ] || exit 9
mkdir "$4" && head -c 8192 /dev/zero >"$4/data"
shift 5
%s
"""


def session_with_fake_limpet(tmp_path, then, births=1_000_000, timeout=30):
    limpet = tmp_path / "limpet"
    limpet.write_text(FAKE_LIMPET % (births, births, then))
    limpet.chmod(0o755)
    runner = runs.Runner(venv.Environment(Path(sys.executable), "3.11.0"), limpet, timeout)
    wanted = [modes.BY_NAME["untraced"], modes.BY_NAME["limpet"], modes.BY_NAME["tracemalloc1"]]
    return session.Session(runner, [catalog.BY_NAME["deep"]], wanted, lambda *_args, **_kwargs: None)


def test_a_whole_session_with_every_part_becomes_one_json_value(tmp_path):
    measuring = session_with_fake_limpet(tmp_path, 'exec "$@"')
    measuring.leave_out_broken_modes()
    measuring.measure_workloads(rounds=2, scale=0.01, all_rounds=False)
    measuring.measure_startup(rounds=1)
    measuring.measure_micro(1, tmp_path / "build")
    result = json.loads(json.dumps(measuring.result({"rounds": 2, "scale": 0.01, "seconds": 1.0})))
    assert result["errors"] == []
    assert [len(result["runs"]["deep"][mode]) for mode in result["modes"]] == [2, 2, 2]
    assert result["medians"]["deep"]["limpet"]["written_bytes"] == 8192
    assert result["medians"]["deep"]["tracemalloc1"]["traced_peak_bytes"] > 1000
    assert result["micro_ns"]["limpet"][0]["free_untracked"] > 0
    assert all(goal["measured"] is not None for goal in result["goals"] if "start-up" in goal["goal"])


def test_a_limpet_that_did_not_trace_is_a_failure_not_a_fast_run(tmp_path):
    measuring = session_with_fake_limpet(tmp_path, 'exec "$@"', births=10_001)
    measuring.measure_workloads(rounds=1, scale=0.01, all_rounds=False)  # 80 loops of at least 200 allocations
    result = measuring.result({})
    assert "it did not trace" in result["errors"][0]["error"]
    assert "limpet" not in result["medians"]["deep"]


def test_a_mode_that_hangs_on_an_empty_program_is_stopped_and_left_out(tmp_path):
    measuring = session_with_fake_limpet(tmp_path, "sleep 60")
    measuring.leave_out_broken_modes(seconds=1)
    measuring.measure_workloads(rounds=1, scale=0.01, all_rounds=False)
    result = measuring.result({})
    assert result["modes"] == ["untraced", "tracemalloc1"]
    assert "longer than 1 s" in result["errors"][0]["error"]
    assert "limpet" not in result["medians"]["deep"]


def test_a_failing_run_takes_its_mode_out_of_that_workload_and_its_last_words_are_kept(tmp_path):
    measuring = session_with_fake_limpet(tmp_path, "echo first; echo the reason >&2; exit 3")
    measuring.measure_workloads(rounds=2, scale=0.01, all_rounds=False)
    result = measuring.result({})
    assert len(result["errors"]) == 1 and "status 3:\nthe reason" in result["errors"][0]["error"]
    assert len(result["runs"]["deep"]["untraced"]) == 2 and "limpet" not in result["medians"]["deep"]
