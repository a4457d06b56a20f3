"""Starting and stopping in all orders, in threads and in forked children."""

import json
import os
import sys
import threading

import limpet


def raises(error, function, *arguments, **options):
    try:
        function(*arguments, **options)
    except error as told:
        return str(told)
    raise AssertionError(f"{function} did not raise {error}")


def born_in(obj, function):
    """A list comprehension is a function of its own up to 3.11."""
    birth = limpet.allocated_at(obj)
    return birth is not None and function in (birth.stack[0].function, *(f.function for f in birth.stack[:2]))


def not_started():
    assert not limpet.is_tracing() and limpet.recording() is None
    assert limpet.allocated_at([]) is None
    limpet.checkpoint("nobody listens")
    for function in (limpet.stop, limpet.leaks, limpet.top, limpet.snapshot):
        assert raises(limpet.NotTracing, function)
    raises(ValueError, limpet.start, "x.limpet", snapshots="never")
    raises(ValueError, limpet.start, "x.limpet", epoch=0)
    raises(FileNotFoundError, limpet.start, "no/such/folder/x.limpet")
    assert not os.path.exists("x.limpet")


def start_twice():
    first = limpet.start("one.limpet", snapshots="off")
    assert limpet.is_tracing() and limpet.recording() is first and first.active
    assert limpet.start() is first
    assert "one.limpet" in raises(limpet.AlreadyTracing, limpet.start, "two.limpet")
    assert not os.path.exists("two.limpet")
    assert raises(limpet.RecordingError, limpet.snapshot)
    limpet.stop()
    assert not first.active
    raises(limpet.NotTracing, limpet.stop)
    info = json.load(open("one.limpet/run.json"))
    assert info["pid"] == os.getpid() and info["ended_ns"] > info["started_ns"]


def replace():
    raises(FileExistsError, limpet.start, "one.limpet")
    os.mkdir("precious")
    open("precious/file", "w").close()
    raises(FileExistsError, limpet.start, "precious", force=True)
    assert os.listdir("precious") == ["file"]
    with limpet.record("one.limpet", force=True, snapshots="off") as recording:
        kept = [bytearray(1000) for _ in range(100)]
    assert recording.top(1)[0].place["line"] == 58, recording.top(1)[0]
    del kept


def again_and_again():
    """Each recording knows its own blocks only, and the lines that allocated them."""
    for turn in range(12):
        recording = limpet.start(f"turn{turn}.limpet", snapshots="off", native=turn % 2 == 0)
        kept = [bytearray(2000) for _ in range(turn + 1)]
        assert born_in(kept[0], "again_and_again")
        gone = [object() for _ in range(100)]
        del gone
        limpet.stop()
        assert limpet.allocated_at(kept[0]) is None
        live = sum(row.live["bytes"] for row in recording.top(0) if row.place["line"] == 67)
        assert 2000 * (turn + 1) <= live < 2000 * (turn + 1) + 4000, (turn, live)


def in_a_thread():
    def work():
        limpet.start("thread.limpet", snapshots="off")
        kept.append([bytearray(3000) for _ in range(10)])

    kept = []
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert born_in(kept[0][0], "in_a_thread.<locals>.work")
    limpet.stop()


def busy_threads():
    """Threads allocate all the time, with and without the interpreter lock, while hooks come and go."""
    import zlib

    over = threading.Event()

    def churn():
        while not over.is_set():
            zlib.compress(b"x" * 20000)
            [str(i) for i in range(100)]

    threads = [threading.Thread(target=churn) for _ in range(3)]
    for thread in threads:
        thread.start()
    for turn in range(8):
        limpet.start(f"busy{turn}.limpet", snapshots="off")
        [bytearray(100) for _ in range(1000)]
        limpet.stop()
    over.set()
    for thread in threads:
        thread.join()


def forked():
    recording = limpet.start("fork.limpet", snapshots="off")
    kept = [bytearray(1000) for _ in range(10)]
    pid = os.fork()
    if pid == 0:
        more = [bytearray(1000) for _ in range(10)]
        ok = born_in(more[0], "forked") and limpet.is_tracing()
        limpet.stop()
        limpet.start("child.limpet", snapshots="off")
        ok = ok and limpet.recording().path.endswith("child.limpet")
        os._exit(0 if ok else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert os.path.isdir(f"fork.limpet/p{pid}") and os.path.isdir(f"child.limpet/p{pid}")
    assert recording.active and limpet.allocated_at(kept[0])
    limpet.stop()
    if os.fork() == 0:  # after stop: the child may begin one of its own
        limpet.start("late.limpet", snapshots="off")
        os._exit(0 if limpet.allocated_at(bytearray(50)) else 1)
    assert os.wait()[1] == 0
    limpet.start("unfollowed.limpet", snapshots="off", follow=False)
    if os.fork() == 0:
        told = "" if limpet.is_tracing() else raises(limpet.RecordingError, limpet.start)
        os._exit(0 if "forked" in told else 1)
    assert os.wait()[1] == 0
    limpet.stop()


def temporary():
    with limpet.record(snapshots="off") as recording:
        assert os.path.isdir(recording.path)
    print("temporary", recording.path)


for check in (not_started, start_twice, replace, again_and_again, in_a_thread, busy_threads, forked, temporary):
    check()
    print("ok", check.__name__, flush=True)
sys.stdout.flush()
