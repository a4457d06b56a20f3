"""Other people's code in the same process: greenlet, numpy, allocator hooks; and interpreters that limpet must leave alone."""

import functools
import pathlib
import re
import subprocess
import sys

import interpreters
import limpet_drive
import pytest
from limpet_fixtures import every_python, spread
from test_lives import same

HERE = pathlib.Path(__file__).parent
PROGRAMS = HERE / "programs"
GUESTS = {"greenlet": "greenlet==3.5.6", "numpy": "numpy>=2.3,<2.6"}
WHEELS = ("manylinux2014_x86_64", "manylinux_2_27_x86_64", "manylinux_2_28_x86_64")


@functools.cache
def guest(name: str, version: tuple[int, int]) -> pathlib.Path:
    """A folder with the package for that version of Python, installed once per checkout by the host's pip."""
    target = limpet_drive.REPOSITORY / ".cache/guests" / f"{name}-{version[0]}.{version[1]}"
    if not (target / "installed").exists():
        wheels = [flag for wheel in WHEELS for flag in ("--platform", wheel)]
        argv = [sys.executable, "-m", "pip", "install", "-q", "--upgrade", "--target", str(target), "--no-deps",
                "--only-binary", ":all:", "--python-version", f"{version[0]}.{version[1]}", *wheels, GUESTS[name]]  # fmt: skip
        done = subprocess.run(argv, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no {name} for {version[0]}.{version[1]}: {done.stderr.strip().splitlines()[-1][:200]}")
        (target / "installed").touch()
    return target


@pytest.mark.parametrize("name, python", spread(GUESTS, count=3))
def test_program_with_a_guest_behaves_as_untraced(name, python, folder):
    program = {"greenlet": "greenlets", "numpy": "arrays"}[name]
    environment = {"PYTHONPATH": str(guest(name, python.version[:2])), "OPENBLAS_NUM_THREADS": "2"}
    processes = same(python.argv([str(PROGRAMS / f"{program}.py")]), folder, python, environment=environment)
    assert processes[0].lost_blocks == 0
    if name == "numpy":
        sizes = [site.amount.live_bytes for site in processes[0].sites if site.domain >= 3]
        assert sum(site.amount.birth_bytes for site in processes[0].sites if site.domain >= 3) > 8_000_000, sizes[:5]


@pytest.fixture(scope="session")
def allocator_library(tmp_path_factory):
    output = tmp_path_factory.mktemp("allocators") / "liballocators.so"
    return limpet_drive.compile_c(HERE / "allocator_user.c", output, "-shared", "-fPIC")


@every_python()
def test_program_that_replaces_pythons_allocators_behaves_as_untraced(python, folder, allocator_library):
    argv = python.argv([str(PROGRAMS / "replaces_allocators.py"), str(allocator_library)])
    processes = same(argv, folder, python)
    assert processes[0].lost_blocks == 0


UNSUPPORTED = [item for item in interpreters.unsupported() if item.version >= (3, 8)]


@pytest.mark.parametrize("python", UNSUPPORTED, ids=lambda item: item.name)
def test_unsupported_interpreter_runs_untouched_and_the_recording_says_why(python, folder):
    argv = [python.python, "-c", "import os, sys; print(sorted(os.environ), len([str(n) for n in range(100000)])); sys.exit(4)"]
    untraced, traced = limpet_drive.run_both(argv, folder, prefix=python.prefix)
    assert traced.seen() == untraced.seen()
    (process,) = traced.processes()
    assert process.state == "refused" and re.search(r"3\.\d+|PyPy|free-threaded", process.reason), process.reason


def test_program_that_is_not_python_is_counted_and_named(folder):
    untraced, traced = limpet_drive.run_both(["/bin/ls", "-l", "/usr/bin"], folder)
    assert traced.seen() == untraced.seen()
    (process,) = traced.processes()
    process.check()
    assert process.program == 2 and process.state == "finished" and process.totals().births > 100


def test_static_program_runs_untouched(folder, tmp_path):
    source = tmp_path / "static.c"
    source.write_text('#include <stdio.h>\nint main(void) { puts("static"); return 3; }\n')
    binary = limpet_drive.compile_c(source, tmp_path / "static", "-static")
    untraced, traced = limpet_drive.run_both([str(binary)], folder)
    assert traced.seen() == untraced.seen() and traced.processes() == []


EMBEDDING = """
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char** argv) {
  void* python = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
  if (!python) { fprintf(stderr, "%s\\n", dlerror()); return 9; }
  void (*initialize)(void) = (void (*)(void))dlsym(python, "Py_Initialize");
  int (*run)(const char*) = (int (*)(const char*))dlsym(python, "PyRun_SimpleString");
  int (*finalize)(void) = (int (*)(void))dlsym(python, "Py_FinalizeEx");
  for (int round = 0; round < 3; ++round) {
    initialize();
    if (run("kept = [[str(n)] for n in range(20000)]; print(len(kept), flush=True)")) return 8;
    if (finalize()) return 7;
  }
  return 0;
}
"""


def test_program_that_embeds_python_and_starts_it_three_times(one_python, folder, tmp_path):
    prefix = pathlib.Path(one_python.executable).parents[1]
    libraries = sorted((prefix / "lib").glob("libpython3.*.so.1.0"))
    if not libraries:
        pytest.skip(f"{one_python.name} has no shared libpython")
    source = tmp_path / "embedding.c"
    source.write_text(EMBEDDING)
    binary = limpet_drive.compile_c(source, tmp_path / "embedding")
    environment = {"PYTHONHOME": str(prefix)}
    untraced, traced = limpet_drive.run_both([str(binary), str(libraries[0])], folder, environment=environment)
    assert traced.seen() == untraced.seen() and untraced.status == 0
    for process in traced.processes():
        process.check()
        assert process.lost_blocks == 0
