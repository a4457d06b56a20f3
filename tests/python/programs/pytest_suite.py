import functools, re, unittest
import pytest

SESSIONS = {}
TEXTS = []

class Session:
    def __init__(self, name):
        self.name = name
        self.buffer = bytearray(2000)

def open_session(name):
    session = SESSIONS[name] = Session(name)
    return session

counter = 0
def test_leaks():
    global counter
    counter += 1
    open_session(f"u{counter}")

def test_clean():
    Session("x")

@functools.lru_cache
def table():
    return [bytearray(1000) for _ in range(20)]

def test_warms():
    assert len(table()) == 20 and re.compile("a+b*c")

def test_texts():
    TEXTS.append("x" * 3000 + str(len(TEXTS)))

def test_cycle():
    s = Session("a"); s.me = s

def test_raises():
    SESSIONS[3] = Session("y")
    with pytest.raises(KeyError):
        {}["a"]
    assert False

@pytest.fixture(scope="session")
def store():
    return [bytearray(100000)]

def test_uses(store): pass

@pytest.mark.parametrize("n", [1, 2])
def test_param(n, tmp_path, caplog, capsys, monkeypatch):
    import logging
    logging.getLogger("x").warning("hello %s", n)
    print("hello" * 100)
    (tmp_path / "x").write_text("y")

class TestCase(unittest.TestCase):
    kept = []
    def setUp(self): self.s = Session("z")
    def test_leaks(self): self.kept.append(self.s)
    def test_clean(self): pass

@pytest.mark.asyncio
async def test_async_leaks():
    import asyncio
    await asyncio.sleep(0)
    TEXTS.append(Session("async"))

@pytest.mark.asyncio
async def test_async_clean():
    import asyncio
    await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))

def test_once():
    if hasattr(test_once, "ran"): raise RuntimeError("twice")
    test_once.ran = [bytearray(10000)]

@pytest.mark.limpet(max_growth="1MB")
def test_allowed(): open_session(f"allowed{len(SESSIONS)}")

@pytest.mark.limpet(keep="a registry")
def test_keep(): open_session(f"kept{len(SESSIONS)}")

@pytest.mark.limpet(iterations=5, max_retained=1000)
def test_marked(): open_session(f"kept{len(SESSIONS)}")

@pytest.mark.limpet(max_grwth=5)
def test_nonsense(): pass
@pytest.mark.limpet(max_growth="lots")
def test_nonsense2(): pass

def test_loop(limpet_watch):
    for n in limpet_watch(range(20)): open_session(f"l{n}")
def test_loop_clean(limpet_watch):
    rounds = limpet_watch(range(20))
    for n in rounds: Session("x")
    assert rounds.rounds == 20
@pytest.fixture(scope="session")
def collector(): return []
def test_collects_for_the_session(collector): collector.append(Session("kept on purpose"))
