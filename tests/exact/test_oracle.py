"""Exactness against tracemalloc, in one process: live blocks and bytes of each file:line are equal.

docs/design/exactness.md explains what is left out, and why.
"""

import collections
import json
import pathlib

import limpet_drive
import limpet_recording
import pytest
from limpet_fixtures import every_python

HERE = pathlib.Path(__file__).parent
WORKLOADS = sorted((HERE / "workloads").glob("*.py"))

# tracemalloc keeps each distinct traceback in a block of the interpreter's raw allocator, taken while the traced line runs:
# hash, two lengths, one packed frame (pointer and line), rounded up to 8.
TRACEBACK_BYTES = 24


def compare(argv, python, folder):
    """Rows (file, line) -> (tracemalloc's count and bytes, limpet's) where they differ, and the number of equal ones."""
    result = folder / "tracemalloc.json"
    recording = folder / "r.limpet"
    oracle = python.argv([str(HERE / "programs/oracle.py"), str(result), *map(str, argv)])
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
    ours = collections.Counter()
    our_bytes = collections.Counter()
    for (file, line), amount in after.by_line().items():
        if file not in old:
            ours[file, line] = amount.live - 1
            our_bytes[file, line] = amount.live_bytes - TRACEBACK_BYTES
    different = {}
    for row in theirs.keys() | ours.keys():
        mine = (ours.get(row, 0), our_bytes.get(row, 0))
        if mine != theirs.get(row, (0, 0)):
            different[row] = (theirs.get(row, (0, 0)), mine)
    return different, len(ours), after


@every_python()
def test_live_blocks_and_bytes_of_each_line_equal_tracemallocs(python, folder):
    different, rows, process = compare(WORKLOADS, python, folder)
    detail = "\n".join(
        f"{file}:{line}: tracemalloc {theirs[0]} blocks {theirs[1]} bytes, limpet {mine[0]} blocks {mine[1]} bytes"
        for (file, line), (theirs, mine) in sorted(different.items())[:40]
    )
    assert not different, f"{len(different)} of {rows} lines differ\n{detail}"
    assert rows > 1000, "the workloads did not run"
    assert process.lost_blocks == 0 and process.unrecorded_blocks == 0
