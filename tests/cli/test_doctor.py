"""doctor looks, and then really tries."""

import json
import subprocess
import sys

import pytest


def checks(shell, *arguments, **options):
    result = shell("doctor", "--json", *arguments, **options)
    answer = json.loads(result.stdout)
    assert answer["schema"] == "limpet.doctor/1" and answer["can_trace"] == (result.returncode == 0)
    return result.returncode, answer["checks"]


def find(found, name, level=None):
    return [c for c in found if c["name"] == name and (level is None or c["level"] == level)]


def test_healthy_machine(shell):
    status, found = checks(shell, "--python", shell.python)
    assert status == 0, found
    assert find(found, "trial", "ok") and find(found, "agent", "ok") and find(found, "interpreter", "ok")
    assert not [c for c in found if c["level"] == "problem"]


def test_text_has_one_line_for_each_check(shell):
    result = shell("doctor", "--python", shell.python)
    assert result.returncode == 0 and result.stderr == ""
    lines = result.stdout.decode().splitlines()
    assert lines[0].startswith("limpet ") and lines[-1] == "limpet can trace here"
    assert all(line.split()[0] in ("ok", "note", "->") for line in lines[1:-1])


def test_every_interpreter(interpreter, limpet, run):
    result = run(interpreter.limpet("doctor", "--json", "--python", interpreter.python))
    found = json.loads(result.stdout)["checks"]
    assert result.returncode == 0, found
    linking = find(found, "linking", "ok")[0]["text"]
    assert ("libpython" in linking) and (("no libpython" not in linking) == interpreter.shared)


def test_unsupported_interpreter_is_a_problem(shell, unsupported_interpreters):
    old = [i for i in unsupported_interpreters if not i.prefix]
    if not old:
        pytest.skip("no unsupported Python on this machine")
    status, found = checks(shell, "--python", old[0].python)
    assert status == 1 and find(found, "interpreter", "problem")[0]["way_out"]


@pytest.mark.parametrize("python", ["/no/such/python", "no-such-python", "/bin/true", "/etc/passwd", "/"])
def test_what_is_no_interpreter(shell, python):
    status, found = checks(shell, "--python", python)
    assert status == 1 and find(found, "interpreter", "problem")


def test_environment_that_changes_the_figures(shell):
    status, found = checks(shell, "--python", shell.python,
                           env={"PYTHONMALLOC": "debug", "PYTHONTRACEMALLOC": "1", "PYTHONDEVMODE": "1"})
    assert status == 0
    notes = " ".join(c["text"] for c in find(found, "environment", "note"))
    assert "PYTHONMALLOC" in notes and "PYTHONTRACEMALLOC" in notes and "PYTHONDEVMODE" in notes


def test_folder_that_takes_no_recording(shell):
    status, found = checks(shell, "--python", shell.python, cwd="/proc")
    assert status == 1 and find(found, "recordings", "problem")[0]["way_out"]


def test_limits_are_noted(shell):
    import resource

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (32 << 20, 32 << 20))

    _status, found = checks(shell, "--python", shell.python, preexec_fn=limit)
    assert find(found, "limits", "note")


def test_running_process(shell):
    child = subprocess.Popen([shell.python, "-c", "print('up', flush=True); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    child.stdout.readline()
    try:
        status, found = checks(shell, child.pid)
        assert status == 0 and "not traced" in find(found, "process")[0]["text"]
        assert find(found, "trial", "ok")
    finally:
        child.communicate(b"\n")
    status, found = checks(shell, child.pid)
    assert status == 1 and "no process" in find(found, "process", "problem")[0]["text"]


def test_traced_process_is_recognised(shell):
    child = shell.start("run", "-q", "--python", shell.python, "-c", "import os; print(os.getpid(), flush=True); input()")
    pid = int(child.stdout.readline())
    _status, found = checks(shell, pid)
    assert "is being traced" in find(found, "process")[0]["text"]
    child.communicate(b"\n")


def test_nothing_is_left_behind(shell, tmp_path):
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    checks(shell, "--python", sys.executable, env={"TMPDIR": str(temporary)})
    assert list(temporary.iterdir()) == [] and shell.recordings() == []
