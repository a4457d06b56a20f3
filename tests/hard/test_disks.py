"""Recordings on bad disks: the program never notices, and the recording says what it is missing."""

import contextlib
import os
import pathlib
import subprocess

import limpet_drive
import limpet_recording
import pytest
from limpet_fixtures import needs_root, spread

PROGRAM = pathlib.Path(__file__).parent / "programs/grower.py"


@contextlib.contextmanager
def tmpfs(target: pathlib.Path, options: str):
    target.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", str(target)], check=True)
    try:
        yield target
    finally:
        subprocess.run(["umount", "-l", str(target)], check=True)


def untraced(python, folder):
    (folder / "plain").mkdir()
    return limpet_drive.run(python.argv([str(PROGRAM)]), prefix=python.prefix, cwd=folder / "plain").seen()


def traced(python, folder, recording):
    (folder / "traced").mkdir()
    return limpet_drive.run(python.argv([str(PROGRAM)]), prefix=python.prefix, cwd=folder / "traced", recording=recording)


@needs_root
@pytest.mark.parametrize("size, python", spread(["100k", "200k", "400k", "800k", "1500k"], count=2))
def test_disk_that_fills_up_while_recording(size, python, folder):
    with tmpfs(folder / "disk", f"size={size}") as disk:
        outcome = traced(python, folder, disk / "r.limpet")
        assert outcome.seen() == untraced(python, folder)
        sound = []
        for data in (disk / "r.limpet").glob("p*/data"):
            with contextlib.suppress(limpet_recording.Unsound):
                process = limpet_recording.Process(data.parent)
                process.check()
                sound.append(process)
        if size in ("400k", "800k", "1500k"):
            assert any("disk" in process.limits for process in sound), [process.limits for process in sound]


@needs_root
def test_disk_that_is_full_at_the_start(one_python, folder):
    with tmpfs(folder / "disk", "size=8k") as disk:
        (disk / "r.limpet").mkdir()
        with contextlib.suppress(OSError):
            (disk / "filler").write_bytes(b"x" * 8192)
        assert traced(one_python, folder, disk / "r.limpet").seen()[:2] == untraced(one_python, folder)[:2]


@needs_root
def test_disk_without_inodes(one_python, folder):
    with tmpfs(folder / "disk", "size=8m,nr_inodes=2") as disk:
        (disk / "r.limpet").mkdir()
        assert traced(one_python, folder, disk / "r.limpet").seen()[:2] == untraced(one_python, folder)[:2]


@needs_root
def test_read_only_folder(one_python, folder):
    with tmpfs(folder / "disk", "size=8m") as disk:
        (disk / "r.limpet").mkdir()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        assert traced(one_python, folder, disk / "r.limpet").seen()[:2] == untraced(one_python, folder)[:2]


def test_recording_that_is_deleted_while_the_program_runs(one_python, folder):
    recording = folder / "r.limpet"
    code = "import sys\nfor n in range(3):\n  kept=[[str(k)] for k in range(30000)]\n  print(len(kept), flush=True); sys.stdin.readline()"
    with limpet_drive.paused(one_python.argv(["-c", code]), recording=recording) as ask:
        assert ask() == "30000"
        for path in sorted(recording.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        os.rmdir(recording)
        assert ask("go") == "30000"
        assert ask("go") == "30000"
        ask.process.stdin.write("end\n")
        ask.process.stdin.flush()
        assert ask.process.wait(timeout=30) == 0
