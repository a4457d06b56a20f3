"""Exactness against tracemalloc, in one process: live blocks and bytes of each file:line are equal.

docs/design/exactness.md explains what is left out, and why.
"""

import json
import pathlib

import limpet_drive
import limpet_recording
import pytest
from limpet_fixtures import every_python

HERE = pathlib.Path(__file__).parent
WORKLOADS = sorted((HERE / "workloads").glob("*.py"))


@pytest.fixture(scope="session")
def between(tmp_path_factory):
    return limpet_drive.compile_c(HERE / "between.c", tmp_path_factory.mktemp("between") / "libbetween.so", "-shared", "-fPIC")


def compare(workloads, python, between, folder):
    """Rows (file, line) -> (tracemalloc's count and bytes, limpet's) where they differ, and the number of equal ones."""
    result = folder / "tracemalloc.json"
    recording = folder / "r.limpet"
    oracle = python.argv([str(HERE / "programs/oracle.py"), *map(str, (between, result, *workloads))])
    with limpet_drive.paused(oracle, prefix=python.prefix, recording=recording) as ask:
        assert ask() == "ready"
        (before,) = limpet_recording.read_all(recording)
        assert before.state == "recording", before.reason
        assert ask("go") == "done"
        (after,) = limpet_recording.read_all(recording)
        ask.process.stdin.write("end\n")
        ask.process.stdin.flush()
        ask.process.wait(timeout=30)
    after.check()
    # Only files of which nothing had been allocated when tracemalloc began: it knows all their blocks.
    old = {file for file, _ in before.by_line()} | {"", "<unknown>"}
    theirs = {(file, line): (count, size) for file, line, count, size in json.loads(result.read_text()) if file not in old}
    ours = {row: (amount.live, amount.live_bytes) for row, amount in after.by_line().items() if row[0] not in old and amount.live}
    different = {}
    for row in theirs.keys() | ours.keys():
        if ours.get(row, (0, 0)) != theirs.get(row, (0, 0)):
            different[row] = (theirs.get(row, (0, 0)), ours.get(row, (0, 0)))
    return different, len(ours), after


@every_python()
def test_live_blocks_and_bytes_of_each_line_equal_tracemallocs(python, between, folder):
    different, rows, process = compare(WORKLOADS, python, between, folder)
    detail = "\n".join(
        f"{file}:{line}: tracemalloc {theirs[0]} blocks {theirs[1]} bytes, limpet {mine[0]} blocks {mine[1]} bytes"
        for (file, line), (theirs, mine) in sorted(different.items())[:40]
    )
    assert not different, f"{len(different)} of {rows} lines differ\n{detail}"
    assert rows > 1000, "the workloads did not run"
    assert process.lost_blocks == 0 and process.unrecorded_blocks == 0
