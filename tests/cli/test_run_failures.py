"""What cannot be run or recorded is told in one clear line, before anything is started where that is possible."""

import os
import shutil
import subprocess

import pytest

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become another user")


def as_nobody(shell, *arguments):
    """Root may write anywhere, so permissions are tried as nobody."""

    def drop():
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)

    return shell(*arguments, preexec_fn=drop)


def let_everybody_in(folder):
    """Makes a folder and all above it searchable: pytest's own are its user's alone."""
    for place in [folder, *folder.parents]:
        if place.stat().st_mode & 0o055 != 0o055:
            place.chmod(place.stat().st_mode | 0o055)


def one_line(result):
    lines = result.stderr.splitlines()
    assert len(lines) == 1 and lines[0].startswith("limpet: "), result.stderr
    return lines[0]


@pytest.mark.parametrize("words", [["missing.py"], ["missing"], ["./missing"], ["--", "missing"], ["/no/such/thing"]])
def test_missing_program_is_127_and_leaves_nothing_behind(shell, words):
    result = shell.run(*words)
    assert result.returncode == 127
    assert "missing" in one_line(result) or "/no/such" in one_line(result)
    assert shell.recordings() == []


def test_missing_interpreter(shell):
    result = shell("run", "--python", "/no/python", "-c", "pass")
    assert result.returncode == 127 and "--python" in one_line(result)


def test_not_executable_is_126(shell):
    (shell.folder / "binary").write_bytes(b"\x7fELF\0\0\0")
    result = shell("run", "--", "./binary")
    assert result.returncode == 126 and "not executable" in one_line(result)
    (shell.folder / "folder").mkdir()
    for name in ("./folder", "folder", "."):
        result = shell("run", name)
        assert result.returncode == 126 and "__main__.py" in one_line(result)


def test_broken_executable_is_126(shell):
    path = shell.folder / "broken"
    path.write_bytes(b"\x7fELF" + bytes(100))
    path.chmod(0o755)
    result = shell("run", "-q", "--", "./broken")
    assert result.returncode in (126, 127)  # the kernel refuses it; /bin/sh then tries, as execvp has it


@pytest.mark.parametrize(
    "arguments, expected",
    [
        (["run"], "no program"),
        (["run", "-o"], "--output"),
        (["run", "--jsno", "x", "a.py"], "--json"),
        (["run", "-X", "dev", "a.py"], "limpet run python3 -X"),
        (["run", "--epoch", "soon", "-c", "pass"], "30s"),
        (["run", "-m"], "-m"),
        (["rnu", "x"], "'run'"),
        (["nonsense"], "limpet help"),
        (["app.py"], "limpet run app.py"),
        (["--versoin"], "option"),
        (["report"], "recording"),
        (["report", "a", "b"], "'b'"),
        (["stats", "--by", "size", "x"], "live"),
        (["stats", "--limit", "many", "x"], "many"),
        (["doctor", "abc"], "--python"),
    ],
)
def test_wrong_usage_is_2_with_a_way_out(shell, arguments, expected):
    result = shell(*arguments)
    assert result.returncode == 2 and result.stdout == b""
    assert expected in one_line(result)
    assert shell.recordings() == []


def test_existing_output_is_not_touched(shell):
    target = shell.folder / "x.limpet"
    target.mkdir()
    (target / "precious").write_text("data")
    result = shell.run("-o", "x.limpet", "-c", "print('ran')")
    assert result.returncode == 2 and "exists" in one_line(result) and result.stdout == b""
    result = shell.run("-f", "-o", "x.limpet", "-c", "print('ran')")
    assert result.returncode == 2 and "not a recording" in one_line(result)
    assert (target / "precious").read_text() == "data"


def test_force_replaces_a_recording(shell):
    assert shell.run("-q", "-o", "x.limpet", "-c", "pass").returncode == 0
    before = set(os.listdir(shell.folder / "x.limpet"))
    assert shell.run("-q", "-o", "x.limpet", "-c", "pass").returncode == 2
    assert shell.run("-q", "-f", "-o", "x.limpet", "-c", "pass").returncode == 0
    after = set(os.listdir(shell.folder / "x.limpet"))
    assert before != after and len(after) == len(before)


@pytest.mark.parametrize("place", ["none/x.limpet", "file/x.limpet", "/proc/x.limpet"])
def test_place_that_cannot_hold_a_recording_is_told_before_the_start(shell, place):
    shell.write("file", "")
    result = shell.run("-o", place, "-c", "open('ran', 'w')")
    assert result.returncode == 2 and "cannot create the recording" in one_line(result)
    assert not (shell.folder / "ran").exists()


@needs_root
def test_read_only_folder(shell):
    shell.folder.chmod(0o555)
    let_everybody_in(shell.folder.parent)
    result = as_nobody(shell, "run", "--", "/bin/true")
    if result.returncode == 127:
        pytest.skip("nobody cannot reach the build folder")
    assert result.returncode == 2 and "-o DIR/NAME.limpet" in one_line(result)


def test_json_that_cannot_be_written_is_told_before_the_start(shell):
    result = shell.run("--json", "none/x.json", "-c", "open('ran', 'w')")
    assert result.returncode == 2 and "none/x.json" in one_line(result)
    assert not (shell.folder / "ran").exists() and shell.recordings() == []


HELLO = '#include <stdio.h>\n#include <stdlib.h>\nint main(void) { free(malloc(100)); puts("hello"); return 5; }\n'


def compile_c(shell, name, *flags):
    shell.write("hello.c", HELLO)
    built = subprocess.run(["cc", "-o", name, "hello.c", *flags], cwd=shell.folder, capture_output=True, text=True)
    if built.returncode != 0:
        pytest.skip(f"cannot compile with {flags}: {built.stderr.splitlines()[0]}")


def test_program_that_is_not_python_is_counted_and_told(shell):
    compile_c(shell, "hello")
    result = shell("run", "-o", "x.limpet", "--", "./hello")
    assert (result.returncode, result.stdout) == (5, b"hello\n")
    assert "not a Python program" in result.stderr
    assert "hello" in result.stderr and "recording: x.limpet" in result.stderr


@pytest.mark.parametrize("flags, word", [(["-static"], "statically linked"), (["-static-pie"], "statically linked"), (["-m32"], "32-bit")])
def test_program_that_cannot_load_the_agent_runs_and_says_why(shell, flags, word):
    compile_c(shell, "hello", *flags)
    result = shell("run", "--", "./hello")
    assert (result.returncode, result.stdout) == (5, b"hello\n")
    line = result.stderr.splitlines()[-1]
    assert "ran without tracing" in line and word in line
    assert shell("run", "-q", "--", "./hello").stderr == line + "\n"


@needs_root
def test_setuid_program_runs_and_says_why(shell, limpet, tmp_path_factory):
    compile_c(shell, "hello")
    os.chown(shell.folder / "hello", 1, 1)
    (shell.folder / "hello").chmod(0o6755)
    home = tmp_path_factory.mktemp("home")
    for name in ("limpet", "liblimpet_agent.so"):
        shutil.copy(limpet.parent / name, home / name)
    let_everybody_in(home)
    let_everybody_in(shell.folder)
    shell.folder.chmod(0o777)
    shell.limpet = str(home / "limpet")
    result = as_nobody(shell, "run", "--", "./hello")
    assert (result.returncode, result.stdout) == (5, b"hello\n"), result.stderr
    assert "ran without tracing" in result.stderr and "setuid" in result.stderr


def test_unsupported_interpreter_runs_untouched_and_one_line_says_why(shell, unsupported_interpreters):
    old = [i for i in unsupported_interpreters if not i.prefix and i.implementation == "CPython"]
    if not old:
        pytest.skip("no unsupported CPython on this machine")
    result = shell("run", "--python", old[0].python, "-c", "print('ran')")
    assert (result.returncode, result.stdout) == (0, b"ran\n")
    assert "ran without tracing" in one_line(result)


def test_missing_agent_is_told(shell, limpet, tmp_path):
    lonely = tmp_path / "lonely"
    lonely.write_bytes(limpet.read_bytes())
    lonely.chmod(0o755)
    shell.limpet = str(lonely)
    result = shell.run("-c", "open('ran', 'w')")
    assert result.returncode == 2 and "liblimpet_agent.so" in one_line(result)
    assert not (shell.folder / "ran").exists()


def test_closed_stderr_does_not_change_the_exit_status(shell):
    line = f"'{shell.limpet}' run --python '{shell.python}' -c 'raise SystemExit(9)' 2>&-; echo $?"
    result = subprocess.run(["sh", "-c", line], cwd=shell.folder, capture_output=True, text=True, env=shell.environment)
    assert result.stdout == "9\n"
