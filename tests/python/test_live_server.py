"""A live server answers a client's questions about its memory: the example of docs/frameworks.md, as it stands there."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import interpreters
import pytest

SERVER = interpreters.ROOT / "examples" / "live" / "server.py"
USERS = 300


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.fixture(params=["in process", "limpet run"])
def get(request, environment, tmp_path):
    """Asks the server, which runs as long as the test."""
    port = str(free_port())
    under = [interpreters.limpet_path(), "run", "-q", "-o", tmp_path / "live.limpet"] if request.param == "limpet run" else []
    with open(tmp_path / "log", "wb") as log, subprocess.Popen(
        [*map(str, under), sys.executable, str(SERVER), port], env=environment, cwd=tmp_path, stdout=log, stderr=log, process_group=0
    ) as server:

        def ask(path):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=300) as answer:
                return answer.read()

        try:
            deadline = time.monotonic() + 120
            while True:
                try:
                    ask("/login/u0")
                    break
                except (urllib.error.URLError, ConnectionError):
                    assert server.poll() is None and time.monotonic() < deadline, (tmp_path / "log").read_text()
                    time.sleep(0.05)
            yield ask
        finally:
            os.killpg(server.pid, 9)


def test_five_questions_of_a_client(get):
    for number in range(USERS):
        assert get(f"/login/u{number}") == b"welcome"

    places = [row["place"] for row in json.loads(get("/memory/top"))]
    assert any(place["file"] == str(SERVER) and place["function"] == "Session.__init__" for place in places)

    report = json.loads(get("/memory/leaks"))
    assert report["schema"] == "limpet.report/1"
    login = report["requests"]["answered_by"][0]
    assert login["name"] == "GET /login/<user>" and login["requests"] == USERS + 1 and login["bytes_per_request"] > 1000

    objects = {row["type"]: row["objects"] for row in json.loads(get("/memory/types"))}
    assert objects["__main__.Session"] == USERS

    why = json.loads(get("/memory/why?user=u7"))
    assert why["holdings"][0]["ways"][0]["holder_text"] == "module __main__ .SESSIONS -> dict['u7'] -> Session"

    born = json.loads(get("/memory/allocated_at?user=u7"))
    assert born["stack"][0]["function"] == "login" and born["stack"][0]["file"] == str(SERVER) and born["age"] > 0

    assert get("/login/after") == b"welcome"  # and it serves on
