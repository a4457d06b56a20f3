"""report, stats, help and version: reading what is there, and saying clearly what is not."""

import json
import os
import signal
import subprocess

import pytest


def test_version_and_help(shell):
    assert shell("--version").stdout.startswith(b"limpet ")
    text = shell("help").stdout.decode()
    assert all(f"  {name} " in text for name in ("run", "report", "stats", "doctor"))
    assert shell().returncode == 2


@pytest.mark.parametrize("command", ["run", "report", "stats", "check", "diff", "doctor"])
def test_every_command_has_help_with_examples(shell, command):
    result = shell(command, "--help")
    assert result.returncode == 0 and result.stderr == ""
    assert b"usage: limpet " + command.encode() in result.stdout and b"examples:" in result.stdout
    assert shell("help", command).stdout == result.stdout


def test_report_as_text_and_json(shell, recording):
    text = shell("report", recording)
    assert text.returncode == 0 and b"leak.py:5" in text.stdout and text.stderr == ""
    long = shell("report", recording, "-v")
    assert len(long.stdout) > len(text.stdout)
    report = json.loads(shell("report", recording, "--json").stdout)
    assert report["schema"] == "limpet.report/1" and report["verdict"] == "leak"
    assert shell("report", recording, "--json", "out.json").stdout == b""
    assert json.loads((shell.folder / "out.json").read_text()) == report
    assert json.loads(shell("report", "--json", "-", recording).stdout) == report
    assert json.loads(shell("report", "--json", recording).stdout) == report


def test_report_of_one_process(shell, recording):
    pid = json.loads((shell.folder / recording / "run.json").read_text())["pid"]
    assert shell("report", recording, "--process", pid).returncode == 0
    result = shell("report", recording, "--process", "1")
    assert result.returncode == 2 and str(pid) in result.stderr


@pytest.mark.parametrize("by", ["live", "growth", "churn", "peak"])
@pytest.mark.parametrize("group", ["line", "file", "function", "stack"])
def test_stats_tables(shell, recording, by, group):
    result = shell("stats", recording, "--by", by, "--group", group)
    assert result.returncode == 0 and result.stdout and result.stderr == ""
    assert json.loads(shell("stats", recording, "--by", by, "--group", group, "--json").stdout)["schema"] == "limpet.stats/1"


def test_stats_filters(shell, recording):
    only = shell("stats", recording, "--include", "*/leak.py").stdout
    none = shell("stats", recording, "--include", "*/leak.py", "--exclude", "*leak*").stdout
    assert b"leak.py:5" in only and b"leak.py:5" not in none
    native = shell("stats", recording, "--domain", "map", "--limit", "3")
    assert native.returncode == 0
    assert shell("stats", recording, "--cumulative", "--group", "stack").returncode == 2
    assert shell("stats", recording, "--all-frames", "--cumulative", "--include", "*leak.py").returncode == 0


def test_json_and_text_are_the_same_on_every_read(shell, recording):
    assert shell("report", recording, "--json").stdout == shell("report", recording, "--json").stdout


@pytest.mark.parametrize("command", ["report", "stats"])
def test_what_is_no_recording_is_2_and_named(shell, command):
    shell.write("file", "text")
    (shell.folder / "empty").mkdir()
    for path in ("missing.limpet", "file", "empty", "/proc/self"):
        result = shell(command, path)
        assert result.returncode == 2 and result.stdout == b""
        assert path in result.stderr and result.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["report", "stats"])
def test_damaged_recordings_never_crash(shell, recording, command):
    data = next((shell.folder / recording).glob("p*/data"))
    original = data.read_bytes()
    step = len(original) // 12
    for cut in [0, 1, 100, 4095, 4096, 65536, *range(step, len(original), step)]:
        data.write_bytes(original[:cut])
        assert shell(command, recording).returncode in (0, 2)
    for place in range(0, min(len(original), 65536 * 6), 1777):
        broken = bytearray(original)
        broken[place : place + 8] = b"\xff" * 8
        data.write_bytes(broken)
        result = shell(command, recording)
        assert result.returncode in (0, 2), (place, result)
    (shell.folder / recording / "run.json").write_text("{")
    data.write_bytes(original)
    assert shell(command, recording).returncode == 0


@pytest.mark.parametrize("arguments", [["report", "-v"], ["stats", "--limit", "0"], ["help"], ["doctor", "--help"]])
def test_closed_pipe_is_quiet(shell, recording, arguments):
    words = [shell.limpet, *arguments] + ([recording] if arguments[0] in ("report", "stats") else [])
    child = subprocess.Popen(["sh", "-c", '"$@" | true', "sh", *words], cwd=shell.folder, stderr=subprocess.PIPE)
    assert child.communicate(timeout=60)[1] == b""
    reads, writes = os.pipe()
    os.close(reads)
    with os.fdopen(writes, "wb") as closed:
        for restore in (True, False):  # the signal's default is death by SIGPIPE, as with every other tool
            broken = subprocess.run(words, cwd=shell.folder, stdout=closed, stderr=subprocess.PIPE, restore_signals=restore)
            assert broken.stderr == b"" and broken.returncode == (-signal.SIGPIPE if restore else 0)


def test_full_output_is_an_error(shell, recording):
    with open("/dev/full", "wb") as full:
        result = subprocess.run([shell.limpet, "report", recording], cwd=shell.folder, stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 2 and "No space" in result.stderr


def test_running_recording_can_be_read(shell):
    shell.write("busy.py", "import time\nkept = []\nprint('ready', flush=True)\nfor i in range(100):\n    kept.append(bytearray(1000)); time.sleep(0.05)")
    child = shell.start("run", "-q", "-o", "x.limpet", "--python", shell.python, "busy.py")
    child.stdout.readline()
    for command in (["report"], ["report", "--json"], ["stats"]):
        result = shell(*command, "x.limpet")
        assert result.returncode == 0, result.stderr
    child.kill()
    child.communicate()


def test_words_of_the_program_cannot_steer_the_terminal(shell):
    shell.write("evil.py", "code = compile('x = [bytearray(999) for _ in range(5000)]', 'a\\x1b[31m\\n\\x07.py', 'exec')\nexec(code)")
    result = shell.run("-o", "x.limpet", "evil.py")
    shown = shell("stats", "x.limpet").stdout + shell("report", "x.limpet", "-v").stdout + result.stderr.encode()
    assert b"\x1b" not in shown and b"\x07" not in shown
