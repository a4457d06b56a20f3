"""Hard lives of heap snapshots that a program takes of itself: whatever its heap and its processes are like, the program notices nothing,

what can be read is there, and what cannot is skipped and counted. (From outside and from cores: test_hard_outside.py.)
"""

import os
import signal
import subprocess
import sys
import time

import heap_drive
import limpet_drive
import pytest
from heap_drive import LONG, PROGRAMS, Heap, command, ending, life, state_of, types_of, until


@pytest.fixture
def python(request):
    return heap_drive.chosen(request.config, request.node.name)


# Each kind of damage in an object of its own, between sound ones. Nothing of this is touched again.
DAMAGE = """
import ctypes, gc
gc.disable()
class Kept: pass
class Wild: pass
def word(address): return ctypes.c_uint64.from_address(address)
def kept():
    one = Kept()
    one.own = [one]
    return one
before = [kept() for _ in range(50)]
wild = 0x4141_4141_4000
items = [Kept(), Kept(), Wild()]
word(word(id(items) + 24).value + 16).value = wild           # an item of a list
no_type = [Wild()]
word(id(no_type[0]) + 8).value = wild                        # the type of an object
long_list = [[1, 2, 3]]
word(id(long_list[0]) + 16).value = 1 << 40                  # a length
pair = (Kept(), Wild())
word(id(pair) + 32).value = wild + 4                         # an address that is none
key = {"sound": Kept(), ("a", "tuple"): Kept()}
for at in range(0, 400, 8):                                  # a key, wherever this version keeps it
    table = word(id(key) + 32).value
    if word(table + at).value == id(next(k for k in key if k != "sound")):
        word(table + at).value = wild
        break
after = [kept() for _ in range(50)]
"""


@pytest.mark.parametrize("memory", ["own", "outside"])
def test_damaged_objects_are_skipped_and_counted_and_the_rest_is_whole(memory, python, limpet, tmp_path):
    with life(python, tmp_path, DAMAGE) as told:
        heap = Heap(told.snapshot(limpet) if memory == "own" else told.outside(limpet, tmp_path))
        assert told.ask("len(before) + len(after)") == "100"
    assert heap.end["unreadable"] + heap.end["torn"] >= 3
    assert heap.end["stopped"] == 0
    assert len(heap.of_type("<not an object>")) >= 3
    sound = [node for node in heap.of_type("told.Kept") if heap.references(node)]
    # Numbers stay in step with records behind every damaged one: each still refers to a list that refers back.
    back = [node for node in sound if (node, "list") in {(heap.references(t)[0][1], heap.type_name(t)) for _, t in heap.references(node) if heap.type_name(t) == "list"}]
    assert len(back) == 100
    assert len(heap.of_type("told.Kept")) >= 104


@pytest.fixture(scope="session")
def bad_types(tmp_path_factory):
    source = PROGRAMS / "bad_traverse.c"
    return limpet_drive.compile_c(source, tmp_path_factory.mktemp("bad") / "libbad.so", "-shared", "-fPIC")


BAD_TRAVERSE = """
import ctypes
library = ctypes.PyDLL({library!r})
library.MakeType.restype = ctypes.py_object
class Marker: pass
things = []
for manner in range(6):
    kind = library.MakeType(manner)
    things.append([kind() for _ in range(10)])
    held = Marker()
    library.Hold(ctypes.py_object(things[-1][0]), ctypes.py_object(held))
    del held
good = [kind() for kind in [library.MakeType(99)] for _ in range(10)]
for one in good:
    library.Hold(ctypes.py_object(one), ctypes.py_object(Marker()))
"""


def test_types_whose_traverse_function_loops_or_crashes(python, limpet, bad_types, tmp_path):
    with life(python, tmp_path, BAD_TRAVERSE.format(library=str(bad_types))) as told:
        began = time.monotonic()
        heap = Heap(told.snapshot(limpet))
        assert time.monotonic() - began < 30
        assert told.ask("len(things)") == "6"
        assert "limpet" not in (tmp_path / "errors").read_text()
    assert heap.end["stopped"] == 0
    assert 5 <= heap.end["unreadable"] <= 40
    names = [f"bad.Manner{manner}" for manner in range(6)]
    assert [len(heap.of_type(name)) for name in names] == [10] * 6
    # What the words of a distrusted instance show is kept, what a good one's function shows is shown.
    held = {heap.type_name(target) for name in names for node in heap.of_type(name) for _, target in heap.references(node)}
    assert "told.Marker" in held
    shown = [label for node in heap.of_type("bad.Manner99") for label, target in heap.references(node) if heap.type_name(target) == "told.Marker"]
    assert len(shown) == 10 and all(label.startswith("visited") for label in shown)


def test_a_writer_that_is_killed_in_the_middle(python, limpet, tmp_path):
    with life(python, tmp_path, "rows = [[str(n)] for n in range(300_000)]") as told:
        asking = subprocess.Popen([limpet, "snapshot", str(told.pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        part = until(lambda: list(told.folder.glob("heap.*.part")), "a snapshot under way")[0]
        (child,) = told.children()
        os.kill(child, signal.SIGKILL)
        out, errors = asking.communicate(timeout=60)
        assert asking.returncode == 1 and "died" in errors, out + errors
        assert part.exists()
        assert told.ask("len(rows)") == "300000"
        until(lambda: not told.children(), "the dead writer is buried")
        whole = told.snapshot(limpet)
        assert ending(whole)["nodes"] > 600_000
        shown = command(limpet, "heap", told.recording)
        assert shown.returncode == 0 and "snapshot 1 was never finished" in shown.stderr
        assert command(limpet, "stats", told.recording).returncode == 0
        assert told.ask("len(rows)") == "300000"


def test_a_writer_that_dies_while_the_program_sleeps(python, limpet, tmp_path):
    with life(python, tmp_path, "rows = [[str(n)] for n in range(300_000)]") as told:
        asking = subprocess.Popen([limpet, "snapshot", str(told.pid)], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        until(lambda: list(told.folder.glob("heap.*.part")), "a snapshot under way")
        (child,) = told.children()
        os.kill(told.pid, signal.SIGSTOP)
        os.kill(child, signal.SIGKILL)
        out, errors = asking.communicate(timeout=30)
        assert asking.returncode == 0 and "read instead" in errors, out + errors
        os.kill(told.pid, signal.SIGCONT)
        assert told.ask("len(rows)") == "300000"


DEEP = """
head = None
for n in range({depth}):
    head = [head]
wide = [str(n) for n in range({width})]
class Linked:
    __slots__ = ("next",)
first = last = Linked()
for n in range({depth} // 10):
    last.next = Linked()
    last = last.next
"""


def test_a_deep_list_and_a_wide_one(python, limpet, tmp_path):
    depth, width = (1_000_000, 10_000_000) if LONG else (1_000_000, 1_000_000)
    with life(python, tmp_path, DEEP.format(depth=depth, width=width)) as told:
        file = told.snapshot(limpet)
        assert told.ask("len(wide)") == str(width)
    assert ending(file)["nodes"] > depth + width and ending(file)["stopped"] == 0
    rows = types_of(limpet, file)
    assert rows["list"]["objects"] > depth
    assert rows["told.Linked"]["objects"] in (depth // 10, depth // 10 + 1)
    why = command(limpet, "why", file, "told.Linked")
    assert why.returncode == 0, why.stderr
    assert "first" in why.stdout or "head" in why.stdout


BUSY = """
import gc
table, stop = {}, False
def grow():
    n = 0
    while not stop:
        for _ in range(2000):
            table[str(n)] = [n]
            n += 1
        if n > 200_000:
            table.clear()
            n = 0
        time_.sleep(0.001)
def collect():
    while not stop:
        gc.collect()
import threading, time as time_
for work in (grow, collect):
    threading.Thread(target=work, daemon=True).start()
"""


def test_a_dict_that_grows_while_the_collector_runs_all_the_time(python, limpet, tmp_path):
    with life(python, tmp_path, BUSY, options=("--snapshots", "20ms")) as told:
        time.sleep(2)
        most = max(len(told.children()) for _ in range(300) if not time.sleep(0.002))
        assert most <= 1
        for _ in range(3):
            told.snapshot(limpet)
        files = sorted(told.folder.glob("heap.*[0-9]"), key=lambda path: int(path.suffix[1:]))
        assert len(files) >= 4
        assert told.ask("table is not None") == "True"
    for file in (*files[:2], files[-1]):
        assert command(limpet, "heap", file).returncode == 0
    assert all(ending(file)["stopped"] == 0 and ending(file)["torn"] == ending(file)["unreadable"] == 0 for file in files)


THREADS = """
import threading
class Local: pass
threading.stack_size(64 * 1024)
gate, ready = threading.Event(), []
def wait():
    mine = Local()
    ready.append(1)
    gate.wait()
for _ in range({count}):
    threading.Thread(target=wait, daemon=True).start()
while len(ready) < {count}: pass
"""


def test_many_threads_on_tiny_stacks(python, limpet, tmp_path):
    count = 5000 if LONG else 500
    with life(python, tmp_path, THREADS.format(count=count)) as told:
        heaps = [Heap(told.snapshot(limpet)), Heap(told.outside(limpet, tmp_path))]
        assert told.ask("len(ready)") == str(count)
    for heap in heaps:
        assert len(heap.of_type("<thread>")) == count + 2
        held = {target for frame in heap.of_type("<frame>") for label, target in heap.references(frame) if label.startswith("local mine")}
        assert len(held) == count and {heap.type_name(node) for node in held} == {"told.Local"}


SUSPENDED = """
import asyncio
class Local: pass
def generator():
    mine = Local()
    yield mine
    return mine
async def coroutine():
    mine = Local()
    await asyncio.sleep(3600)
    return mine
async def agen():
    mine = Local()
    yield mine
generators = [generator() for _ in range({count})]
for one in generators: next(one)
coroutines = [coroutine() for _ in range({count})]
loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
tasks = [loop.create_task(one) for one in coroutines]
loop.run_until_complete(asyncio.sleep(0.01))
agens = [agen() for _ in range({count})]
async def begin():
    for one in agens: await one.__anext__()
loop.run_until_complete(begin())
"""


def test_generators_and_coroutines_suspended_by_the_thousand(python, limpet, tmp_path):
    count = 10_000 if LONG else 1000
    with life(python, tmp_path, SUSPENDED.format(count=count)) as told:
        heap = Heap(told.snapshot(limpet))
    for kind in ("generator", "coroutine", "async_generator"):
        held = {heap.target(node, "local mine") for node in heap.of_type(kind) if any(label.startswith("local mine") for label, _ in heap.references(node))}
        assert len(held) == count, kind


GREENLETS = """
import greenlet
class Local: pass
def work():
    mine = Local()
    greenlet.getcurrent().parent.switch()
group = [greenlet.greenlet(work) for _ in range({count})]
for one in group: one.switch()
"""


def test_many_greenlets(python, limpet, tmp_path):
    from test_guests import guest

    count = 10_000 if LONG else 1000
    path = f"import sys; sys.path.insert(0, {str(guest('greenlet', python.series))!r})\n"
    with life(python, tmp_path, path + GREENLETS.format(count=count)) as told:
        files = [told.snapshot(limpet), told.outside(limpet, tmp_path)]
        assert told.ask("sum(not one.dead for one in group)") == str(count)
    for file in files:
        rows = types_of(limpet, file)
        assert rows["greenlet.greenlet"]["objects"] == count + 1
        assert rows["told.Local"]["objects"] == count, "locals of suspended greenlets"
        assert ending(file)["torn"] == ending(file)["unreadable"] == 0
    # Only who traces the process knows where memory of C code begins, which leads to the frames.
    why = command(limpet, "why", files[0], "told.Local").stdout
    assert "local mine of work" in why and "C code holds" not in why, why


SUBINTERPRETERS = """
import sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
CODE = "class Inner: pass\\nkept = [Inner() for _ in range(100)]"
made = [interpreters.create() for _ in range(5)]
for one in made: interpreters.run_string(one, CODE)
"""


def test_objects_of_subinterpreters(python, limpet, tmp_path):
    with life(python, tmp_path, SUBINTERPRETERS) as told:
        files = [told.snapshot(limpet), told.outside(limpet, tmp_path)]
        assert told.ask("len(made)") == "5"
    for file in files:
        heap = Heap(file)
        assert len(heap.of_type("<interpreter>")) == 6
        assert len(heap.of_type("__main__.Inner")) == 500


def test_a_snapshot_that_is_asked_for_while_another_is_taken(python, limpet, tmp_path):
    with life(python, tmp_path, "rows = [[str(n)] for n in range(300_000)]") as told:
        group = [subprocess.Popen([limpet, "snapshot", str(told.pid)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
        ends = [(process.communicate(timeout=60), process.returncode) for process in group]
        assert all(status == 0 and out.startswith("snapshot ") for (out, _), status in ends), ends
        assert told.ask("len(rows)") == "300000"


def test_what_the_program_closes_is_closed_while_a_snapshot_is_taken(python, limpet, tmp_path):
    prepare = "import os, time as time_\nrows = [[str(n)] for n in range(600_000)]\nreader, writer = os.pipe()"
    with life(python, tmp_path, prepare) as told:
        asking = subprocess.Popen([limpet, "snapshot", str(told.pid)], stdout=subprocess.DEVNULL)
        (child,) = until(lambda: list(told.folder.glob("heap.*.part")) and told.children(), "a snapshot under way")
        assert float(told.ask("(time_.monotonic(), os.close(writer), os.read(reader, 1))[0] - time_.monotonic()")) > -0.05
        assert state_of(child) in "RSD", "the test is of no use if the writer is done by then"
        assert asking.wait(timeout=60) == 0


def test_the_program_and_its_children_behave_as_without_snapshots(python, limpet, run, tmp_path):
    program = PROGRAMS / "parent.py"
    plain = run(python.command(program, tmp_path / "plain"))
    traced = run(python.limpet_run(program, tmp_path / "traced", options=("-q", "--snapshots", "20ms", "-o", tmp_path / "r.limpet")))
    assert (traced.returncode, traced.stdout, traced.stderr) == (plain.returncode, plain.stdout, plain.stderr)
    assert plain.returncode == 7 and "done" in plain.stdout
    files = list(tmp_path.glob("r.limpet/p*/heap.*[0-9]"))
    assert len(files) >= 5
    for file in files[:: max(1, len(files) // 6)]:
        assert command(limpet, "heap", file).returncode == 0
    assert not list(tmp_path.rglob("core*"))


NO_CLONE = """
import ctypes, struct
rows = [(0x20, 0, 0, 0), (0x15, 0, 1, 56), (6, 0, 0, 0x0005000B), (6, 0, 0, 0x7FFF0000)]
code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *row) for row in rows))
program = struct.pack("HxxxxxxP", len(rows), ctypes.addressof(code))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0 and libc.syscall(317, 1, 1, ctypes.c_char_p(program)) == 0  # of all threads
"""
LITTLE_MEMORY = """
import resource
rows = [[str(n)] for n in range(300_000)]
used = int(open("/proc/self/statm").read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + (6 << 20), used + (6 << 20)))
"""
SMALL_FILES = """
import resource
rows = [[str(n)] for n in range(300_000)]
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
"""
LIMITS = {"no-clone": (NO_CLONE, "Resource temporarily unavailable"), "little-memory": (LITTLE_MEMORY, "not enough memory"), "small-files": (SMALL_FILES, "File too large")}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_program_under_limits_goes_on_and_limpet_says_what_failed(limit, python, limpet, tmp_path):
    prepare, message = LIMITS[limit]
    with life(python, tmp_path, prepare) as told:
        done = command(limpet, "snapshot", told.pid)
        assert done.returncode == 1 and message in done.stderr, done.stderr
        assert told.ask("6 * 7") == "42"
        until(lambda: not told.children(), "no child is left")
        assert told.end() == 0
    assert command(limpet, "stats", tmp_path / "r.limpet").returncode == 0
    assert (tmp_path / "errors").read_text() == ""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_a_disk_that_is_full(any_interpreter, limpet, tmp_path):
    (tmp_path / "disk").mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "none", tmp_path / "disk"], check=True)
    try:
        with life(any_interpreter, tmp_path, "rows = [[str(n)] for n in range(300_000)]", recording=tmp_path / "disk/r.limpet") as told:
            filler = tmp_path / "disk/filler"
            with open(filler, "wb", buffering=0) as out:
                with pytest.raises(OSError):
                    while True:
                        out.write(b"x" * 65536)
            done = command(limpet, "snapshot", told.pid)
            assert done.returncode == 1 and "No space left" in done.stderr, done.stderr
            outside = command(limpet, "snapshot", told.pid, "-o", tmp_path / "disk/outside.limpet")
            assert outside.returncode in (1, 2) and "No space left" in outside.stderr
            assert not (tmp_path / "disk/outside.limpet").exists()
            assert told.ask("len(rows)") == "300000"
            filler.unlink()
            assert ending(told.snapshot(limpet))["nodes"] > 600_000
    finally:
        subprocess.run(["umount", "-l", tmp_path / "disk"], check=True)


def test_a_daemonised_program(python, limpet, tmp_path):
    prepare = f"""
import os, time as time_
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open({str(tmp_path / 'daemon')!r} + ".new", "w").write(str(os.getpid()))
        os.rename({str(tmp_path / 'daemon')!r} + ".new", {str(tmp_path / 'daemon')!r})
        for _ in range(3000):
            kept = [[n] for n in range(2000)]
            time_.sleep(0.01)
    os._exit(0)
os.wait()
"""
    with life(python, tmp_path, prepare) as told:
        pid = int(until(lambda: (tmp_path / "daemon").exists() and (tmp_path / "daemon").read_text(), "the daemon"))
        try:
            done = command(limpet, "snapshot", pid)
            assert done.returncode == 0 and f"of process {pid}" in done.stdout, done.stderr
            assert command(limpet, "heap", told.recording / f"p{pid}/heap.1").returncode == 0
            assert state_of(pid) != "gone"
        finally:
            os.kill(pid, signal.SIGKILL)


SECRETS = """
def secret(kind): return "".join(["hush", "-", "hush", "-", kind])
class Thing: pass
thing = Thing()
thing.password = secret("attribute")
table = {secret("key"): secret("value"), 8412341234: secret("deep"), (secret("tuple"),): 1, secret("bytes").encode(): 2}
rows = [secret("item"), bytearray(secret("bytearray").encode())]
def frame():
    local = secret("local")
    yield local
suspended = frame()
next(suspended)
"""


@pytest.mark.parametrize("memory", ["own", "outside"])
def test_redacted_snapshots_hold_no_content_of_strings(memory, python, limpet, tmp_path):
    def texts(file):
        snapshot = Heap(file).snapshot
        return "\n".join([*snapshot.names, *(t[0] for t in snapshot.types), *(text for all_of in snapshot.texts.values() for text in all_of)]) + repr(snapshot.data)

    with life(python, tmp_path, SECRETS, options=("--snapshots", "asked", "--redact")) as told:
        if memory == "own":
            file = told.snapshot(limpet)
        else:
            done = command(limpet, "snapshot", told.pid, "--redact", "-o", tmp_path / "outside.limpet")
            assert done.returncode == 0, done.stderr
            file = tmp_path / f"outside.limpet/p{told.pid}/heap.1"
            open_file = told.outside(limpet, tmp_path, "open")
            assert "hush-hush-key" in texts(open_file), "the search would find one that is kept"
            assert "hush-hush-value" not in texts(open_file), "values are never kept"
    assert "hush" not in texts(file)
    assert "password" in texts(file)
    assert "8412341234" not in texts(file)


def test_a_debugger_of_the_program_does_not_get_the_writer(python, limpet, tmp_path):
    if sys.platform != "linux" or subprocess.run(["which", "strace"], capture_output=True).returncode:
        pytest.skip("no strace")
    with life(python, tmp_path, "rows = [[str(n)] for n in range(1000)]", traced=True, wrap=("strace", "-f", "-qq", "-e", "trace=none", "-o", tmp_path / "trace")) as told:
        told.snapshot(limpet)
        assert told.ask("len(rows)") == "1000"
