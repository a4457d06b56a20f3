"""births = deaths + live at every site, held against the shadow table, after everything that can unbalance a tracer."""

import pathlib
import time

import limpet_drive
import limpet_recording
import limpet_shadow
from limpet_fixtures import LONG, pythons, spread
import pytest

PROGRAM = pathlib.Path(__file__).parent / "programs/lives.py"
KINDS = ("plain", "failed_reallocs", "dead_threads", "unlocked", "forked", "forked_by_threads", "code_dies", "spawned", "more_interpreters")
FORKING = ("forked", "forked_by_threads", "spawned")


def watch(python, kind, recording, options, judge):
    """Runs a program of lives.py, judging its processes at each of its pauses; the processes at its end."""
    argv = python.argv([str(PROGRAM), kind])
    with limpet_drive.paused(argv, prefix=python.prefix, recording=recording, options=options) as ask:
        answer = ask()
        while True:
            processes = limpet_recording.read_all(recording)
            # A thread that was joined may still be giving its last memory back: what is counted halfway is not judged.
            for _ in range(100):
                if not any(process.busy_threads for process in processes):
                    break
                time.sleep(0.02)
                processes = limpet_recording.read_all(recording)
            for process in processes:
                process.check()
            judge(answer, processes)
            if answer == "end":
                break
            answer = ask("go on")
        main = next(process for process in processes if process.pid == ask.process.pid)
    assert main.state == "recording" and main.lost_blocks == 0
    return processes, main


@pytest.mark.parametrize("kind, python", spread(KINDS, count=3))
def test_counters_and_shadow_agree(kind, python, folder):
    """The shadow is kept in files here, which forked children cannot share: only the program itself is traced."""

    def judge(answer, processes):
        wrong = [line for process in processes for line in limpet_shadow.differences(process)]
        # A joined thread may still be giving its last memory back, between our look at the counters and that at the rows.
        for _ in range(20):
            if not wrong:
                break
            time.sleep(0.05)
            again = limpet_recording.read_all(processes[0].folder.parent)
            wrong = [line for process in again for line in limpet_shadow.differences(process)]
        assert not wrong, f"{len(wrong)} differences\n" + "\n".join(wrong[:20])

    watch(python, kind, folder / "r.limpet", "main=1,follow=1,shadow=1", judge)


@pytest.mark.parametrize("kind, python", spread(FORKING, count=3))
def test_forked_children_take_over_what_lives_and_count_on(kind, python, folder):
    def judge(answer, processes):
        if kind == "forked" and answer == "look":
            parent, child = processes
            assert child.forked_from == parent.pid
            assert child.inherited_blocks > 10000
            inherited = [cell.amount for cell in child.cells.values() if cell.epoch == 0]
            assert sum(amount.births for amount in inherited) == child.inherited_blocks
            assert sum(amount.birth_bytes for amount in inherited) == child.inherited_bytes
            lines = {site.top.line for site in child.sites if site.top and site.amount.live > 1000}
            assert lines, "the child's own growth is not seen"

    processes, main = watch(python, kind, folder / "r.limpet", "main=1,follow=1", judge)
    if kind == "forked_by_threads":
        assert len(processes) == 11
        assert all(process.forked_from == main.pid for process in processes if process is not main)
    if kind == "spawned":
        assert len(processes) == 4 and all(process.state == "finished" for process in processes[1:])


def test_every_interpreter_was_found():
    if LONG:
        assert {python.version[1] for python in pythons()} == {11, 12, 13, 14, 15}
