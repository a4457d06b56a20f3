"""Fixtures of the Python package's tests: programs that import limpet from the build tree, on every interpreter."""

import os

import pytest
from package_paths import PACKAGE, PROGRAMS


@pytest.fixture(scope="session", autouse=True)
def package_is_built():
    if not (PACKAGE / "limpet" / "_core.abi3.so").exists():
        pytest.fail(f"{PACKAGE} is not built: run ./dev build")


@pytest.fixture
def environment():
    """For programs that import limpet: nothing of this shell's Python, and the package of the build tree."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LIMPET", "LD_"))}
    return kept | {"PYTHONPATH": str(PACKAGE), "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture
def run_program(run, environment, tmp_path):
    """Runs programs/NAME.py on an interpreter in an empty folder; it has to end well."""

    def start(interpreter, name, *arguments, options=(), traced=None, expect=0):
        words = [*options, PROGRAMS / f"{name}.py", *arguments]
        argv = interpreter.command(*words) if traced is None else interpreter.limpet_run(*words, options=traced)
        done = run(argv, timeout=500, env=environment, cwd=tmp_path)
        assert done.returncode == expect, f"{name} on {interpreter.name}:\n{done.stdout}\n{done.stderr}"
        return done

    return start
