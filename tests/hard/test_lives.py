"""Hard lives: programs that do what programs should not have to survive behave under the agent as they do without it."""

import ctypes.util
import os
import pathlib
import resource

import limpet_drive
import pytest
from limpet_fixtures import needs_root, spread

PROGRAMS = pathlib.Path(__file__).parent / "programs"

# Programs that say the same in every run. Those that need more than a plain start have tests of their own below.
PLAIN = (
    "asyncio_children", "close_everything", "count_files", "daemonise", "dies_of_sigabrt", "dies_of_sigkill", "dies_of_sigquit",
    "dies_of_sigterm", "environment", "exec_chain", "fork_in_threads", "grower", "interrupted", "load_and_unload", "lost_directory",
    "many_children", "many_threads", "mappings", "multiprocessing_fork", "multiprocessing_forkserver", "multiprocessing_spawn",
    "native_signal_storm", "odd_ends", "os_exit", "recursion_error", "rlimit_as", "segfault", "segfault_in_thread", "signal_storm",
    "subinterpreters", "tiny_switch", "uses_tracemalloc",
)  # fmt: skip
AS_ROOT = ("chroot_away", "seccomp", "setuid_drop")


def same(argv, folder, python, *, record=True, **options):
    """Runs both ways and compares what the user sees; the traced run's main process."""
    untraced, traced = limpet_drive.run_both(argv, folder, prefix=python.prefix, **options)
    assert traced.seen() == untraced.seen()
    if not record:
        return None
    processes = traced.processes()
    assert processes, "nothing was recorded"
    for process in processes:
        process.check()
        assert process.state in ("finished", "recording", "exited", "execed", "stopped"), process.reason
    return processes


@pytest.mark.parametrize("program, python", spread(PLAIN, count=1))
def test_program_behaves_as_untraced(program, python, folder):
    processes = same(python.argv([str(PROGRAMS / f"{program}.py")]), folder, python, timeout=120)
    assert sum(process.totals().births for process in processes) > 10000


@needs_root
@pytest.mark.parametrize("program, python", spread(AS_ROOT))
def test_program_that_gives_rights_away_behaves_as_untraced(program, python, folder):
    same(python.argv([str(PROGRAMS / f"{program}.py")]), folder, python)


@pytest.mark.parametrize("size", [0, 1, 4095, 65536, 300_000])
def test_standard_streams_are_the_programs_own(size, one_python, folder):
    argv = one_python.argv([str(PROGRAMS / "standard_streams.py")])
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    same(argv, folder, one_python, stdin=data)


# name of the limit, its value, the program: the limit holds from before the program starts
LIMITS = {
    "address-space-4g": (resource.RLIMIT_AS, 4 << 30, "grower"),
    "address-space-512m": (resource.RLIMIT_AS, 512 << 20, "grower"),
    "address-space-128m": (resource.RLIMIT_AS, 128 << 20, "standard_streams"),
    "data-256m": (resource.RLIMIT_DATA, 256 << 20, "grower"),
    "files-8": (resource.RLIMIT_NOFILE, 8, "count_files"),
    "files-5": (resource.RLIMIT_NOFILE, 5, "standard_streams"),
    "file-size-1m": (resource.RLIMIT_FSIZE, 1 << 20, "file_size_limit"),
    "file-size-64k": (resource.RLIMIT_FSIZE, 64 << 10, "file_size_limit"),
    "file-size-2k": (resource.RLIMIT_FSIZE, 2 << 10, "file_size_limit"),
    "locked-0": (resource.RLIMIT_MEMLOCK, 0, "grower"),
    "stack-512k": (resource.RLIMIT_STACK, 512 << 10, "grower"),
}


@pytest.mark.parametrize("name, python", spread(LIMITS, count=1))
def test_program_under_a_tight_limit_behaves_as_untraced(name, python, folder):
    which, value, program = LIMITS[name]
    argv = python.argv([str(PROGRAMS / f"{program}.py")])
    untraced, traced = limpet_drive.run_both(argv, folder, prefix=python.prefix, limits={which: value})
    assert traced.seen() == untraced.seen()


ENVIRONMENTS = {
    "malloc": {"PYTHONMALLOC": "malloc"},
    "debug": {"PYTHONMALLOC": "debug"},
    "pymalloc-debug": {"PYTHONMALLOC": "pymalloc_debug"},
    "malloc-debug": {"PYTHONMALLOC": "malloc_debug"},
    "dev-mode": {"PYTHONDEVMODE": "1"},
    "tracemalloc": {"PYTHONTRACEMALLOC": "3"},
    "malloc-stats": {"MALLOC_PERTURB_": "165", "MALLOC_CHECK_": "3"},
    "huge-pages": {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"},
    "one-arena": {"MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": "1024"},
    "no-jit": {"PYTHON_JIT": "0"},
}


@pytest.mark.parametrize("name, python", spread(ENVIRONMENTS, count=1))
def test_program_with_other_allocators_behaves_as_untraced(name, python, folder):
    argv = python.argv([str(PROGRAMS / "grower.py")])
    processes = same(argv, folder, python, environment=ENVIRONMENTS[name])
    assert processes[0].totals().births > 10000, processes[0].reason


def allocator_library(name):
    return ctypes.util.find_library(name)


@pytest.mark.parametrize("library", ["jemalloc", "tcmalloc_minimal"])
@pytest.mark.parametrize("program", ["grower", "environment", "fork_in_threads", "multiprocessing_spawn"])
def test_users_own_preload_is_kept(library, program, one_python, folder):
    found = allocator_library(library)
    if not found:
        pytest.skip(f"lib{library} is not installed")
    argv = one_python.argv([str(PROGRAMS / f"{program}.py")])
    processes = same(argv, folder, one_python, preload=found)
    assert processes[0].totals().births > 10000


def test_users_own_preload_is_seen_by_the_program(one_python, folder):
    argv = one_python.argv(["-c", "import os; print(os.environ['LD_PRELOAD'], open('/proc/self/maps').read().count('libm.so') > 0)"])
    same(argv, folder, one_python, preload="libm.so.6")


@needs_root
def test_tiny_shared_memory_is_no_matter(one_python, folder):
    inner = one_python.argv([str(PROGRAMS / "grower.py")])
    argv = ["unshare", "-m", "/bin/sh", "-c", 'mount -t tmpfs -o size=4k none /dev/shm && exec "$@"', "sh", *inner]
    same(argv, folder, one_python, record=False)


def test_recordings_of_followed_children_name_their_parents(one_python, folder):
    program = str(PROGRAMS / "many_children.py")
    outcome = limpet_drive.run(one_python.argv([program]), recording=folder / "r.limpet")
    processes = outcome.processes()
    assert len(processes) == 201
    pids = {process.pid for process in processes}
    assert all(process.forked_from in pids for process in processes if process.pid != processes[0].pid)
    assert sum(1 for process in processes if process.state == "finished") >= 1


def test_children_are_left_alone_without_follow(one_python, folder):
    program = str(PROGRAMS / "multiprocessing_spawn.py")
    outcome = limpet_drive.run(one_python.argv([program]), recording=folder / "r.limpet", options="main=1,follow=0")
    assert len(outcome.processes()) == 1 and outcome.status == 0


def test_an_exec_chain_is_one_pid_with_many_images(one_python, folder):
    outcome = limpet_drive.run(one_python.argv([str(PROGRAMS / "exec_chain.py")]), recording=folder / "r.limpet")
    processes = outcome.processes()
    assert len({process.pid for process in processes}) == 1
    assert [process.state for process in processes[:16]] == ["execed"] * 16
    assert sorted(process.image for process in processes) == list(range(len(processes)))
    assert os.WEXITSTATUS(outcome.status << 8) == 9
