"""Leaks, and what only looks like one, of shapes that programs really have: one function each, run by name for about a second."""

import array
import atexit
import hashlib
import io
import sys
import threading
import time
import types
import zlib

TURNS = 3000


def work(turn):
    data = b"%d" % turn
    for _ in range(250):
        data = hashlib.sha256(data).digest()
    return data


class Link:
    def __init__(self, number):
        self.number = number
        self.buffer = bytearray(300)
        atexit.register(self.close)

    def close(self):
        self.buffer = None


def callbacks_at_exit(turn):
    Link(turn)


FLAGS = []


def growing_list(turn):
    FLAGS.extend([True] * 60)


class Log:
    text = ""


def growing_text(turn):
    Log.text += "request %06d served by a worker\n" % turn


RECORDER = io.BytesIO()


def growing_buffer(turn):
    RECORDER.write(work(turn) * 20)


class Series:
    data = array.array("d", [0.0])


def appended_array(turn):
    Series.data = Series.data + array.array("d", range(60))


ANSWERED = threading.Event()


def wait_for_answer(question):
    ANSWERED.wait()
    return question


def ask(question):
    threading.Thread(target=wait_for_answer, args=(question,), daemon=True).start()


def stuck_threads(turn):
    if turn % 20 == 0:
        ask(bytes(10000))


class Late:
    def __init__(self, turn):
        self.turn = turn
        self.text = "%0100d" % turn


KEPT = []


def make_late(turn):
    return Late(turn)


def late(turn):
    made = make_late(turn)
    if turn > TURNS * 0.55:
        KEPT.append(made)


class Refused(Exception):
    pass


def check(turn):
    order = {"number": turn, "text": "%0200d" % turn}
    raise Refused(order["number"])


def kept_exceptions(turn):
    try:
        check(turn)
    except Refused as refused:
        KEPT.append(refused)


def receive(turn):
    return b"%d" % turn * 1500


def views(turn):
    KEPT.append(memoryview(receive(turn))[:8])


def load_plugin(turn):
    module = types.ModuleType("plugin_%d" % turn)
    exec("LIMIT = 7\ndef run(x):\n    return x + LIMIT\n", module.__dict__)
    sys.modules[module.__name__] = module


def plugins(turn):
    load_plugin(turn)


def waits_first(turn):
    if turn == 0:
        time.sleep(3)  # for a compiler, a database, its turn
    KEPT.append(make_late(turn))


WINDOW = []


def window(turn):
    """A list that is full after a third of the run, and then loses an entry for each new one. Its dicts are recycled by CPython."""
    WINDOW.append({"at": turn * 0.5, "text": "sample %050d" % turn})
    if len(WINDOW) > TURNS // 3:
        del WINDOW[0]


BATCH = []


def sawtooth(turn):
    BATCH.append("row %050d" % turn)
    if len(BATCH) == TURNS * 34 // 100:
        BATCH.clear()


SESSIONS = {}


class Session:
    def __init__(self):
        self.seen = []


def open_session(turn):
    SESSIONS[turn] = Session()


def grown_elsewhere(turn):
    """Objects are made in one function; another one lets their lists grow, by nothing new."""
    open_session(turn)
    SESSIONS[turn].seen.extend([True] * 60)


STREAMS = {}


def open_stream(turn):
    return zlib.compressobj(1, zlib.DEFLATED, -9, 1)


def owned_memory(turn):
    """Small objects with kilobytes of C code's memory each, by number."""
    STREAMS[turn] = open_stream(turn)


ROWS = []


def growing_batches(turn):
    """Batches that are each a little larger than the one before, and dropped as a whole."""
    global ROWS
    if turn % 100 == 0:
        ROWS = []
    for number in range(turn // 100):
        ROWS.append({"number": number * 0.5, "text": "row %050d" % number})


class Room:
    ready = None


async def notify(turn):
    message = bytearray(300)
    await Room.ready.wait()
    return message


async def tasks_that_wait(turn):
    """For an event that never comes; asyncio.run() cancels them at the end."""
    import asyncio

    Room.ready = Room.ready or asyncio.Event()
    asyncio.get_running_loop().create_task(notify(turn))
    await asyncio.sleep(0)


async def run(shape):
    for turn in range(TURNS):
        await shape(turn)
        work(turn)


def main(shape):
    if shape is tasks_that_wait:
        import asyncio

        return asyncio.run(run(shape))
    # The functions registered for the exit have run when the last snapshot is taken: the one before it must show them.
    for turn in range(TURNS * 2 if shape is callbacks_at_exit else TURNS):
        shape(turn)
        work(turn)


if __name__ == "__main__":
    main(globals()[sys.argv[1]])
