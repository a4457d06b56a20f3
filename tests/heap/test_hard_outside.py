"""Hard lives of heap snapshots that are read from outside, and from core files: limpet always ends, says in one line what it could not do,

leaves nothing half-done behind, and whoever was read goes on.
"""

import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import heap_drive
import interpreters
import limpet_drive
import pytest
from heap_drive import Heap, command, ending, life, state_of, until

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
needs_gcore = pytest.mark.skipif(not shutil.which("gcore"), reason="needs gcore")
ROWS = "rows = [[str(n)] for n in range(200_000)]"


@pytest.fixture
def python(request):
    return heap_drive.chosen(request.config, request.node.name)


def failed(done, *words):
    """It said in one line why there is no snapshot."""
    assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
    assert done.stderr.count("\n") == 1 and done.stderr.startswith("limpet: "), done.stderr
    assert all(word in done.stderr for word in words), (words, done.stderr)


@pytest.mark.parametrize("end", ["dies", "executes another program"])
def test_a_process_that_ends_while_it_is_read(end, python, limpet, tmp_path):
    outcomes = []
    for attempt in range(12 if heap_drive.LONG else 6):
        with life(python, tmp_path, "import os\n" + ROWS, traced=False) as told:
            output = tmp_path / f"{attempt}.limpet"
            asking = subprocess.Popen([limpet, "snapshot", str(told.pid), "-o", output], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            time.sleep(0.008 * attempt)
            if end == "dies":
                os.kill(told.pid, signal.SIGKILL)
            else:
                told.tell("os.execv('/bin/sleep', ['sleep', '5'])")
            _, errors = asking.communicate(timeout=60)
            outcomes.append(asking.returncode)
            assert asking.returncode in (0, 1), errors
            if asking.returncode == 1:
                assert errors.count("\n") == 1 and not output.exists(), errors
            else:
                assert command(limpet, "heap", output).returncode == 0
    assert 1 in outcomes, "no attempt hit the moment"


def test_limpet_that_is_killed_while_it_reads_leaves_the_program_running(python, limpet, tmp_path):
    with life(python, tmp_path, ROWS, traced=False) as told:
        for attempt in range(8):
            asking = subprocess.Popen([limpet, "snapshot", str(told.pid), "-f", "-o", tmp_path / "o.limpet"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(0.004 * attempt)
            asking.kill()
            asking.wait()
            assert told.ask("len(rows)") == "200000"
        assert state_of(told.pid) in "RS"
        assert ending(told.outside(limpet, tmp_path))["nodes"] > 400_000


def test_a_stopped_program_is_read_and_stays_stopped(python, limpet, tmp_path):
    with life(python, tmp_path, ROWS, traced=False) as told:
        os.kill(told.pid, signal.SIGSTOP)
        until(lambda: state_of(told.pid) == "T", "it is stopped")
        assert ending(told.outside(limpet, tmp_path))["nodes"] > 400_000
        assert state_of(told.pid) == "T"
        os.kill(told.pid, signal.SIGCONT)
        assert told.ask("len(rows)") == "200000"


@needs_root
@pytest.mark.skipif(not shutil.which("setpriv"), reason="needs setpriv")
def test_without_the_right_limpet_says_what_grants_it(python, limpet, tmp_path):
    with life(python, tmp_path, traced=False) as told, tempfile.TemporaryDirectory() as open_to_all:
        os.chmod(open_to_all, 0o777)
        shutil.copy(limpet, open_to_all)  # the checkout may be where nobody else can read
        output = pathlib.Path(open_to_all) / "o.limpet"
        argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", f"{open_to_all}/{limpet.name}", "snapshot", told.pid, "-o", output]
        done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, timeout=60)
        failed(done, "as that user or as root")
        assert not output.exists()
        assert told.ask("1 + 1") == "2"


def test_a_process_in_a_root_of_its_own_is_read_from_here(request, limpet, tmp_path):
    found = [i for i in interpreters.supported() if i.prefix]
    if not found:
        pytest.skip("no interpreter in a root of its own")
    with life(found[-1], tmp_path, ROWS, traced=False) as told:
        assert ending(told.outside(limpet, tmp_path))["nodes"] > 400_000
    with life(found[0], tmp_path, ROWS) as told:
        assert ending(told.snapshot(limpet))["nodes"] > 400_000


def test_a_traced_program_may_be_read_from_outside_all_the_same(python, limpet, tmp_path):
    with life(python, tmp_path, ROWS) as told:
        own, outside = told.snapshot(limpet), told.outside(limpet, tmp_path)
        assert abs(ending(own)["nodes"] - ending(outside)["nodes"]) < 3000
        assert told.ask("len(rows)") == "200000"


BUSY = """
import gc, threading
table = {}
def grow():
    n = 0
    while True:
        table[n] = [n]
        n += 1
        if n % 100_000 == 0: table.clear()
def collect():
    while True: gc.collect()
for work in (grow, collect):
    threading.Thread(target=work, daemon=True).start()
"""


def test_a_busy_program_is_read_between_collections(python, limpet, tmp_path):
    with life(python, tmp_path, BUSY, traced=False) as told:
        for _ in range(3):
            end = ending(told.outside(limpet, tmp_path))
            assert end["nodes"] > 10_000 and end["stopped"] == 0
            assert end["torn"] + end["unreadable"] < 20
        assert command(limpet, "heap", tmp_path / "outside.limpet").returncode == 0
        assert told.ask("6 * 7") == "42"


def test_limpet_itself_has_no_heap_of_python(limpet, tmp_path, any_interpreter):
    process = subprocess.Popen([limpet, "run", "-q", "-o", tmp_path / "r.limpet", "--", "/bin/sleep", "20"])
    try:
        until(lambda: (tmp_path / "r.limpet").exists(), "limpet runs")
        failed(command(limpet, "snapshot", process.pid, cwd=tmp_path), "no Python")
    finally:
        process.terminate()
        process.wait(timeout=30)


FAKES = {
    "3.10": ("unsigned long Py_Version = 0x030a0cf0; char _PyRuntime[4096];", "3.10.12"),
    "3.16": ("unsigned long Py_Version = 0x031000f0; char _PyRuntime[4096];", "3.16.0"),
    "no version": ("char _PyRuntime[4096];", "3.11 to 3.15"),
    "not initialised": ("unsigned long Py_Version = 0x030d00f0; char _PyRuntime[1 << 20];", "not initialised"),
    "rubbish": ("unsigned long Py_Version = 0x030c00f0; char _PyRuntime[1 << 20] = {[0 ... (1 << 20) - 1] = 0x41};", ""),
    "free-threaded": ('unsigned long Py_Version = 0x030d00f0; struct { char cookie[8]; unsigned long long version, free_threaded; char rest[1 << 20]; } _PyRuntime = {"xdebugpy", 0x030d00f0, 1, ""};', "free-threaded"),
}


@pytest.mark.parametrize("kind", FAKES)
def test_interpreters_that_limpet_cannot_read(kind, limpet, tmp_path):
    declarations, message = FAKES[kind]
    source = tmp_path / "fake.c"
    source.write_text(f"#include <unistd.h>\n{declarations}\nint main(void) {{ write(1, \"go\\n\", 3); pause(); return 0; }}\n")
    program = limpet_drive.compile_c(source, tmp_path / "fake", "-rdynamic")
    process = subprocess.Popen([program], stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        failed(command(limpet, "snapshot", process.pid, "-o", tmp_path / "o.limpet"), message)
        assert not (tmp_path / "o.limpet").exists()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def gcore(pid: int, folder: pathlib.Path) -> pathlib.Path:
    subprocess.run(["gcore", "-o", str(folder / "core"), str(pid)], check=True, capture_output=True, stdin=subprocess.DEVNULL)
    return folder / f"core.{pid}"


@needs_gcore
def test_cores_that_are_cut_short(any_interpreter, limpet, tmp_path):
    with life(any_interpreter, tmp_path, "class Kept: pass\nkept = [Kept() for _ in range(1000)]", traced=False) as told:
        core = gcore(told.pid, tmp_path)
    whole = command(limpet, "snapshot", "--core", core, "-o", tmp_path / "whole.limpet")
    assert whole.returncode == 0, whole.stderr
    size = core.stat().st_size
    outcomes = []
    for share in (0.97, 0.9, 0.7, 0.5, 0.3, 0.1, 0.01):
        os.truncate(core, int(size * share))
        outcomes.append(cut(limpet, core, tmp_path))
    for bytes_left in (5000, 64, 63, 20, 4, 0):
        os.truncate(core, bytes_left)
        outcomes.append(cut(limpet, core, tmp_path))
    assert outcomes[-5:] == [1] * 5


def cut(limpet, core, folder) -> int:
    """The exit status for a core that lacks its end: what there is may be read, and then it is told that some is missing."""
    output = folder / "cut.limpet"
    done = command(limpet, "snapshot", "--core", core, "-f", "-o", output)
    assert done.stderr.strip(), "nothing was said of what is missing"
    if done.returncode == 0:
        assert command(limpet, "heap", output).returncode == 0
    else:
        assert done.returncode == 1 and not output.exists()
    return done.returncode


@needs_gcore
def test_cores_of_others(any_interpreter, limpet, tmp_path):
    process = subprocess.Popen(["/bin/sleep", "100"])
    try:
        failed(command(limpet, "snapshot", "--core", gcore(process.pid, tmp_path), "-o", tmp_path / "o.limpet"), "no Python")
        failed(command(limpet, "snapshot", process.pid, "-o", tmp_path / "o.limpet"), "no Python")
    finally:
        process.kill()
        process.wait()


@needs_gcore
@pytest.mark.skipif(not shutil.which("strip"), reason="needs strip")
def test_a_stripped_interpreter(limpet, tmp_path):
    found = [i for i in interpreters.supported() if not i.shared and not i.prefix]
    if not found:
        pytest.skip("no static interpreter outside a root")
    stripped = tmp_path / "python"
    subprocess.run(["strip", "-s", "-o", stripped, os.path.realpath(found[0].python)], check=True)
    code = "class Kept: pass\nkept = [Kept() for _ in range(1000)]\nprint('go', flush=True)\ninput()"
    process = subprocess.Popen([stripped, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        core = gcore(process.pid, tmp_path)
        # What is exported stays in a stripped file, and that is enough.
        for arguments in ((process.pid,), ("--core", core)):
            done = command(limpet, "snapshot", *arguments, "-f", "-o", tmp_path / "o.limpet")
            assert done.returncode == 0, done.stderr
            heap = Heap(next(tmp_path.glob("o.limpet/p*/heap.1")))
            assert len(heap.of_type("__main__.Kept")) == 1000
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()


@needs_root
@needs_gcore
def test_a_disk_that_is_full(any_interpreter, limpet, tmp_path):
    (tmp_path / "disk").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", tmp_path / "disk"], check=True)
    try:
        with life(any_interpreter, tmp_path, ROWS, traced=False) as told:
            core = gcore(told.pid, tmp_path)
            for arguments in ((told.pid,), ("--core", core)):
                failed(command(limpet, "snapshot", *arguments, "-o", tmp_path / "disk/o.limpet"), "No space left")
                assert not list((tmp_path / "disk").iterdir())
            assert told.ask("len(rows)") == "200000"
    finally:
        subprocess.run(["umount", "-l", tmp_path / "disk"], check=True)


def test_limits_of_limpet_itself(python, limpet, tmp_path):
    def under(limit):
        argv = ["sh", "-c", f'ulimit {limit}; exec "$@"', "sh", limpet, "snapshot", told.pid, "-f", "-o", tmp_path / "o.limpet"]
        return subprocess.run(list(map(str, argv)), capture_output=True, text=True, timeout=60)

    with life(python, tmp_path, ROWS, traced=False) as told:
        failed(under("-f 40"), "File too large")
        assert not (tmp_path / "o.limpet").exists()
        for kilobytes in (50_000, 80_000, 120_000, 160_000, 200_000, 250_000, 300_000):
            done = under(f"-v {kilobytes}")
            if done.returncode != 0:
                failed(done)
                assert not (tmp_path / "o.limpet").exists()
        failed(under("-v 80000"))
        assert told.ask("len(rows)") == "200000"


def test_wrong_usage(limpet, tmp_path):
    (tmp_path / "text").write_text("no core file\n" * 1000)
    (tmp_path / "empty").touch()
    for arguments in ((), ("0",), ("-1",), ("abc",), ("12x",), ("99999999999999999999",), ("1", "--core", "x"), ("1", "2")):
        done = command(limpet, "snapshot", *arguments, cwd=tmp_path)
        assert done.returncode in (1, 2) and done.stderr.count("\n") == 1, (arguments, done.stderr)
    failed(command(limpet, "snapshot", "4194303", cwd=tmp_path), "there is no process")
    for name in ("text", "empty", "missing", "."):
        failed(command(limpet, "snapshot", "--core", tmp_path / name, cwd=tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "text"]
    assert command(limpet, "snapshot", "--core", tmp_path / "text", "-o", tmp_path / "text", cwd=tmp_path).returncode == 2
    assert (tmp_path / "text").read_text().startswith("no core file")
