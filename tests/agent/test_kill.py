"""kill -9 at a random moment leaves a sound recording whose counters agree with the shadow table, 200 times."""

import os
import pathlib
import random
import shutil
import signal
import subprocess
import time

import limpet_drive
import limpet_recording
import limpet_shadow
import pytest
from limpet_fixtures import LONG, pythons

PROGRAM = pathlib.Path(__file__).parent / "programs/busy.py"
KINDS = ("objects", "threads", "native", "code", "deep", "growing", "forks")
ROUNDS = 1000 if LONG else 200
GROUPS = 10


def await_recording(process, recording, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        if any(limpet_recording.is_set_up(folder) for folder in recording.glob("p*")):
            return
        time.sleep(0.005)


def kill_once(python, folder, dice):
    """One program, killed; the process folders that it left."""
    kind = dice.choice(KINDS)
    recording = folder / "r.limpet"
    process = limpet_drive.start(
        python.argv([str(PROGRAM), kind, str(dice.random())]),
        prefix=python.prefix, recording=recording, options="main=1,follow=1,shadow=1",
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    # A few are killed while they start; the others work already, however slow the machine is.
    if dice.random() < 0.7:
        await_recording(process, recording)
    time.sleep(dice.choice((0.03, 0.1, 0.3)) * dice.random() + 0.02)
    early_end = process.poll()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert early_end is None, f"{kind} ended by itself with status {early_end}"
    return kind, recording


def judge(kind, recording):
    """What is wrong with the folders of a killed program, and how many of them were whole."""
    wrong, whole = [], 0
    for folder in recording.glob("p*"):
        if not limpet_recording.is_set_up(folder):
            continue
        try:
            process = limpet_recording.Process(folder)
            if process.state == "starting" or process.in_fork:
                continue
            process.check()
            differences = limpet_shadow.differences(process)
        except limpet_recording.Unsound as error:
            wrong.append(f"{kind}: {error}")
            continue
        whole += 1
        # A thread killed inside a hook may have one operation half counted; a realloc is a death and a birth.
        if len(differences) > 2 * process.busy_threads:
            wrong.append(f"{kind}: {process.busy_threads} busy threads, {len(differences)} differences: {differences[:5]}")
    return wrong, whole


@pytest.mark.parametrize("group", range(GROUPS))
def test_killed_programs_leave_sound_recordings(group, folder):
    dice = random.Random(f"kill {group}")
    wrong, whole = [], 0
    available = pythons()
    for number in range(ROUNDS // GROUPS):
        here = folder / str(number)
        python = available[(number + group) % len(available)]
        kind, recording = kill_once(python, here, dice)
        bad, good = judge(f"{python.name} round {number} {kind}", recording)
        wrong += bad
        whole += good
        if not bad:
            shutil.rmtree(here)
    assert not wrong, "\n".join(wrong)
    assert whole >= ROUNDS // GROUPS // 2, "too many programs were killed before they recorded anything"
