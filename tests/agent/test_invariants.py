"""births = deaths + live at every site, held against the shadow table, after everything that can unbalance a tracer."""

import pathlib

import limpet_drive
import limpet_recording
import limpet_shadow
from limpet_fixtures import LONG, pythons, spread
import pytest

PROGRAM = pathlib.Path(__file__).parent / "programs/lives.py"
KINDS = ("plain", "failed_reallocs", "dead_threads", "unlocked", "forked", "forked_by_threads", "code_dies", "spawned")


def look(recording):
    """The running processes' counters against their shadow tables; every process must be sound."""
    processes = limpet_recording.read_all(recording)
    wrong = []
    for process in processes:
        process.check()
        wrong += limpet_shadow.differences(process)
    return processes, wrong


@pytest.mark.parametrize("kind, python", spread(KINDS, count=3))
def test_counters_and_shadow_agree(kind, python, folder):
    recording = folder / "r.limpet"
    argv = python.argv([str(PROGRAM), kind])
    options = "main=1,follow=1,shadow=1"
    with limpet_drive.paused(argv, prefix=python.prefix, recording=recording, options=options) as ask:
        answer = ask()
        while answer != "end":
            processes, wrong = look(recording)
            assert not wrong, "\n".join(wrong[:20])
            answer = ask("go on")
        processes, wrong = look(recording)
        assert not wrong, "\n".join(wrong[:20])
        main = next(process for process in processes if process.pid == ask.process.pid)
    assert main.state == "recording" and main.lost_blocks == 0
    if kind == "forked":
        (child,) = (process for process in processes if process.forked_from)
        assert child.forked_from == main.pid and child.inherited_blocks > 10000
    if kind == "forked_by_threads":
        assert len(processes) == 11
    if kind == "spawned":
        assert len(processes) == 4 and all(process.state == "finished" for process in processes[1:])


def test_every_interpreter_was_found():
    if LONG:
        assert {python.version[1] for python in pythons()} == {11, 12, 13, 14, 15}
