"""`limpet run X` is X: the same arguments, input, output and exit status, whatever X is."""

import json
import os
import stat
import subprocess

import pytest


def test_script_gets_all_arguments_behind_its_name(shell):
    shell.write("echo.py", "import sys; print(sys.argv)")
    result = shell.run("-q", "echo.py", "-o", "x", "--json", "--", "-q", "--help")
    assert result.stdout.decode() == "['echo.py', '-o', 'x', '--json', '--', '-q', '--help']\n"
    assert result.returncode == 0 and result.stderr == ""


def test_module_and_code(shell):
    shell.write("mod.py", "import sys; print(__name__, sys.argv[1:])")
    assert shell.run("-q", "-m", "mod", "-o", "1").stdout == b"__main__ ['-o', '1']\n"
    assert shell.run("-q", "-c", "import sys; print(sys.argv)", "a b").stdout == b"['-c', 'a b']\n"


def test_any_command_and_an_interpreter_by_name(shell):
    shell.write("echo.py", "import sys; print(sys.flags.dev_mode, sys.argv)")
    assert shell("run", "-q", "--", "echo", "-n", "x").stdout == b"x"
    assert shell("run", "-q", shell.python, "-X", "dev", "echo.py", "1").stdout == b"True ['echo.py', '1']\n"


def test_executable_script_without_suffix_runs_by_its_first_line(shell):
    shell.write("tool", f"#!{shell.python}\nprint('tool')", mode=0o755)
    assert shell.run("-q", "./tool").stdout == b"tool\n"


def test_plain_text_file_is_a_python_script(shell):
    shell.write("job", "print('job', __file__)")
    assert shell.run("-q", "job").stdout.startswith(b"job ")


def test_shell_script_without_first_line(shell):
    shell.write("plain", "echo plain $1", mode=0o755)
    assert shell("run", "-q", "--", "./plain", "7").stdout == b"plain 7\n"


def test_package_folder_runs_as_a_program(shell):
    (shell.folder / "pack").mkdir()
    shell.write("pack/__main__.py", "print('pack')")
    assert shell.run("-q", "pack").stdout == b"pack\n"


@pytest.mark.parametrize("status", [0, 1, 3, 127, 255])
def test_exit_status_is_the_programs(shell, status):
    assert shell.run("-q", "-c", f"raise SystemExit({status})").returncode == status


def test_uncaught_exception_looks_as_untraced(shell):
    shell.write("bad.py", "def f():\n    return 1 / 0\nf()")
    plain = subprocess.run([shell.python, "bad.py"], cwd=shell.folder, capture_output=True, text=True)
    traced = shell.run("-q", "bad.py")
    assert (traced.returncode, traced.stderr) == (plain.returncode, plain.stderr)


def test_input_and_output_pass_byte_by_byte(shell):
    shell.write("cat.py", "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read())")
    data = bytes(range(256)) * 5000
    result = shell.run("-q", "cat.py", input=data)
    assert result.stdout == data and result.stderr == ""


def test_environment_is_as_without_limpet(shell):
    shell.write("env.py", "import json, os; print(json.dumps(dict(os.environ)))")
    plain = subprocess.run([shell.python, "env.py"], cwd=shell.folder, capture_output=True, env=shell.environment)
    assert json.loads(shell.run("-q", "env.py").stdout) == json.loads(plain.stdout)


def test_files_and_signals_are_inherited_untouched(shell):
    shell.write(
        "state.py",
        """
        import os, signal
        print(sorted(os.listdir('/proc/self/fd')))
        fields = dict(l.split(':', 1) for l in open('/proc/self/status').read().splitlines())
        print([fields[k].strip() for k in ('SigBlk', 'SigIgn', 'SigCgt')])
        print(os.getpgid(0) == os.getpgid(os.getppid()), os.getsid(0) == os.getsid(os.getppid()))
        """,
    )
    plain = subprocess.run([shell.python, "state.py"], cwd=shell.folder, capture_output=True, stdin=subprocess.PIPE)
    traced = shell.run("-q", "state.py")
    assert traced.stdout == plain.stdout


def test_ignored_child_signal_is_kept_for_the_program(shell):
    code = "import signal; print(signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN)"
    line = f"trap '' CHLD; exec '{shell.limpet}' run -q --python '{shell.python}' -c '{code}'"
    result = subprocess.run(["bash", "-c", line], cwd=shell.folder, capture_output=True, text=True)
    assert result.stdout == "True\n" and result.returncode == 0, result.stderr


def test_default_name_tells_the_program_and_never_overwrites(shell):
    shell.write("app.py", "pass")
    for _ in range(3):
        assert shell.run("-q", "app.py").returncode == 0
    names = shell.recordings()
    assert len(names) == 3 and all(name.startswith("limpet-app-") for name in names)


def test_end_screen_is_short_and_on_stderr_only(shell, leak):
    result = shell.run("-o", "x.limpet", leak)
    assert result.stdout == b"done\n"
    lines = result.stderr.splitlines()
    assert 2 <= len(lines) <= 25
    assert lines[-1] == "recording: x.limpet   (limpet report x.limpet -v)"
    assert "\033" not in result.stderr


def test_leak_is_named_with_file_line_and_function(shell, leak):
    result = shell.run("-o", "x.limpet", "leak.py")
    assert "leak.py:5 in keep" in result.stderr, result.stderr


def test_json_report_follows_the_contract(shell, leak):
    shell.run("-q", "-o", "x.limpet", "--json", "x.json", "leak.py")
    report = json.loads((shell.folder / "x.json").read_text())
    assert report["schema"] == "limpet.report/1"
    assert report["verdict"] == "leak"
    assert report["findings"][0]["site"][0]["function"] == "keep"


def test_run_json_says_what_ran_and_how_it_ended(shell):
    shell.run("-q", "-o", "x.limpet", "-c", "raise SystemExit(4)")
    info = json.loads((shell.folder / "x.limpet" / "run.json").read_text())
    assert info["exit_status"] == 4 and info["command"][1:] == ["-c", "raise SystemExit(4)"]
    assert info["ended_ns"] > info["started_ns"] > 0
    assert info["directory"] == os.path.realpath(shell.folder)


def test_path_with_spaces_colons_and_commas(shell):
    folder = shell.folder / "a b:c,d"
    folder.mkdir()
    (folder / "my app.py").write_text("print('ok')")
    result = shell.run("-o", "out: 1,2.limpet", "my app.py", cwd=folder)
    assert result.stdout == b"ok\n"
    assert list((folder / "out: 1,2.limpet").glob("p*/data")), result.stderr
    assert "limpet report 'out: 1,2.limpet' -v" in result.stderr


def test_agent_in_a_folder_with_a_space(shell, limpet, tmp_path):
    home = tmp_path / "with space"
    home.mkdir()
    for name in ("limpet", "liblimpet_agent.so"):
        (home / name).symlink_to(limpet.parent / name)
    # /proc/self/exe looks through links, so the files must really be there.
    for name in ("limpet", "liblimpet_agent.so"):
        (home / name).unlink()
        (home / name).write_bytes((limpet.parent / name).read_bytes())
        (home / name).chmod(0o755)
    shell.limpet = str(home / "limpet")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    result = shell.run("-q", "-o", "x.limpet", "-c", "import os; print(os.environ.get('LD_PRELOAD'))", env={"TMPDIR": str(temporary)})
    assert result.stdout == b"None\n" and result.stderr == ""
    assert list((shell.folder / "x.limpet").glob("p*/data"))
    assert list(temporary.iterdir()) == []


def test_users_own_preload_is_kept(shell, tmp_path):
    source = tmp_path / "own.c"
    source.write_text("int own_library(void) { return 42; }")
    library = tmp_path / "own.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    code = "import ctypes, os; print(ctypes.CDLL(None).own_library(), os.environ['LD_PRELOAD'])"
    result = shell.run("-q", "-c", code, env={"LD_PRELOAD": str(library)})
    assert result.stdout.decode() == f"42 {library}\n"


def test_children_are_followed_unless_told_otherwise(shell):
    shell.write("parent.py", "import subprocess, sys\nsubprocess.run([sys.executable, '-c', 'pass'])")
    shell.run("-q", "-o", "all.limpet", "parent.py")
    shell.run("-q", "-o", "one.limpet", "--no-follow", "parent.py")
    pids = {name: {p.name.split(".")[0] for p in (shell.folder / name).glob("p*")} for name in ("all.limpet", "one.limpet")}
    assert len(pids["all.limpet"]) == 2 and len(pids["one.limpet"]) == 1


def test_data_files_end_where_their_blocks_end(shell, leak):
    shell.run("-q", "-o", "x.limpet", "leak.py")
    for data in (shell.folder / "x.limpet").glob("p*/data"):
        info = os.stat(data)
        assert stat.S_ISREG(info.st_mode) and info.st_size % 65536 == 0
        assert info.st_size < 32 << 20
    assert shell("report", "x.limpet").returncode == 0


def test_start_up_adds_little(shell):
    import time

    def best(argv):
        times = []
        for _ in range(7):
            start = time.perf_counter()
            subprocess.run(argv, cwd=shell.folder, check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        return min(times)

    plain = best([shell.python, "-c", "pass"])
    traced = best([shell.limpet, "run", "-q", "--python", shell.python, "-c", "pass"])
    # A loaded machine slows both; bench/ measures this properly.
    assert traced - plain < 0.060 + plain, f"{plain * 1000:.0f} ms -> {traced * 1000:.0f} ms"
