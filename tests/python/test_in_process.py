"""import limpet: recordings of the very process, begun and ended at any time."""

import os
import pathlib
import shutil

import interpreters
import pytest
from package_paths import PACKAGE


def test_start_and_stop_in_all_orders(interpreter, run_program):
    done = run_program(interpreter, "lifecycle")
    temporary = [line.split(" ", 1)[1] for line in done.stdout.splitlines() if line.startswith("temporary")]
    assert temporary and not os.path.exists(temporary[0]) and done.stderr == ""


@pytest.mark.parametrize("program", ["births", "native", "beside_tracemalloc", "heap", "loops"])
def test_a_program(interpreter, run_program, program):
    done = run_program(interpreter, program)
    assert done.stdout.splitlines()[-1] == "ok" and done.stderr == ""


@pytest.mark.parametrize("snapshots", ["auto", "off"])
@pytest.mark.parametrize("end, status", [("return", 0), ("raise", 3), ("daemon", 0), ("stop-late", 0), ("_exit", 3), ("exec", 0)])
def test_ends(interpreter, run_program, end, status, snapshots, tmp_path):
    if interpreter.series in ((3, 11), (3, 14)) and snapshots == "off":
        pytest.skip("the quick run takes one of both")
    done = run_program(interpreter, "ends", end, snapshots, expect=status)
    assert done.stderr == "" and done.stdout == {"exec": "executed\n"}.get(end, "" if status else "ok\n")
    told = interpreters.subprocess.run(
        [interpreters.limpet_path(), "report", tmp_path / "end.limpet", "--json"], capture_output=True, text=True
    )
    assert told.returncode == 0, told.stderr


def test_a_program_under_limpet_run_finds_itself_traced(interpreter, run_program):
    done = run_program(interpreter, "traced", traced=["-q", "-o", "run.limpet"])
    assert done.stdout == "ok\n" and done.stderr == ""


def test_where_the_module_does_not_load_the_import_works_and_start_says_why(any_interpreter, run, tmp_path):
    """As on a Python older than its ABI, or a free-threaded one."""
    shutil.copytree(PACKAGE / "limpet", tmp_path / "limpet", ignore=shutil.ignore_patterns("_core*", "_bin"))
    code = (
        "import limpet\n"
        "assert not limpet.is_tracing() and limpet.allocated_at([]) is None\n"
        "try: limpet.start()\n"
        "except limpet.UnsupportedInterpreter as why: print(why)\n"
    )
    done = run(any_interpreter.command("-c", code), env=dict(os.environ, PYTHONPATH=str(tmp_path)))
    assert "does not load into this Python" in done.stdout and done.stderr == ""


def test_an_older_python_is_told_what_limpet_records(unsupported_interpreters, run):
    code = (
        "import limpet\n"
        "try: limpet.start()\n"
        "except limpet.UnsupportedInterpreter as why: print(why)\n"
    )
    old = [i for i in unsupported_interpreters if not i.prefix and (3, 8) <= i.version[:2] < (3, 11)]
    for one in old or [pytest.skip("no older Python here")]:
        done = run(one.command("-c", code), env=dict(os.environ, PYTHONPATH=str(PACKAGE)))
        assert "limpet records CPython 3.11 and newer; this is " in done.stdout and one.implementation.lower() in done.stdout, done.stdout + done.stderr


def test_a_subinterpreter_is_refused(any_interpreter, run, environment, tmp_path):
    code = (
        "import _xxsubinterpreters as sub\n"
        "it = sub.create()\n"
        "sub.run_string(it, '''import limpet\ntry: limpet.start()\nexcept limpet.UnsupportedInterpreter as e: print(e)''')\n"
    )
    done = run(any_interpreter.command("-c", code), env=environment, cwd=tmp_path)
    assert "main interpreter" in done.stdout or "does not load" in done.stdout, done.stderr


def test_python_m_limpet_is_the_command(any_interpreter, run, environment, tmp_path):
    assert run(any_interpreter.command("-m", "limpet", "--version"), env=environment).stdout.startswith("limpet ")
    script = tmp_path / "p.py"
    script.write_text("import sys; print(sys.version_info[:3], sys.argv[1:])")
    done = run(any_interpreter.command("-m", "limpet", "run", "-q", "-o", tmp_path / "r.limpet", script, "a"), env=environment)
    assert done.stdout.strip() == f"{any_interpreter.version} ['a']", done.stderr
    assert pathlib.Path(tmp_path / "r.limpet").is_dir()


def test_importing_and_starting_import_little_else(interpreter, run, environment, tmp_path):
    """What takes milliseconds to import (typing, re, json, tempfile ...) is left until it is needed."""
    code = (
        "import sys; before = set(sys.modules)\n"
        "import limpet\n"
        "limpet.start(); limpet.allocated_at([]); limpet.stop(snapshot=False)\n"
        "print(*sorted(name for name in set(sys.modules) - before if name.split('.')[0] not in ('limpet', 'encodings')))\n"
    )
    done = run(interpreter.command("-S", "-c", code), env=environment, cwd=tmp_path)
    assert set(done.stdout.split()) <= {"__future__", "atexit", "os", "posixpath", "genericpath", "stat", "_stat", "os.path", "errno", "abc", "_abc", "_collections_abc"}, done.stdout + done.stderr
