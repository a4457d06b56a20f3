"""A web server from PyPI under load gives the same answers under limpet; the speed ratio is printed (pytest -rP shows it)."""

import concurrent.futures
import http.client
import json
import pathlib
import subprocess
import sys
import time

import limpet_drive
import limpet_recording
import pytest
from limpet_fixtures import LONG, pythons

HERE = pathlib.Path(__file__).parent
REQUESTS = 6000 if LONG else 1200


@pytest.fixture(scope="module")
def site_packages():
    """The server's packages for each version of Python: markupsafe is the one with code of its own, and can do without."""

    def install(python):
        target = limpet_drive.REPOSITORY / ".cache/guests" / f"web-{python.version[0]}.{python.version[1]}"
        if not (target / "installed").exists():
            version = f"{python.version[0]}.{python.version[1]}"
            argv = [sys.executable, "-m", "pip", "install", "-q", "--upgrade", "--no-deps", "--target", str(target),
                    "--only-binary", ":all:", "--python-version", version, "--platform", "manylinux2014_x86_64",
                    "--platform", "manylinux_2_28_x86_64", "-r", str(HERE / "requirements-web.txt")]  # fmt: skip
            done = subprocess.run(argv, capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"no web server for {version}: {done.stderr.strip().splitlines()[-1][:200]}")
            (target / "installed").touch()
        return target

    return install


def ask(connection, n):
    """One request of a fixed sequence; what a client sees, without the date."""
    kind = n % 4
    if kind == 0:
        connection.request("GET", f"/page/{n}")
    elif kind == 1:
        body = json.dumps({"n": n, "text": "é" * (n % 100), "list": list(range(n % 30))})
        connection.request("POST", "/echo", body, {"Content-Type": "application/json"})
    elif kind == 2:
        connection.request("GET", f"/visit/user-{n % 17}")
    else:
        connection.request("GET", "/fail" if n % 8 == 3 else "/missing")
    response = connection.getresponse()
    headers = sorted((key, value) for key, value in response.getheaders() if key != "Date")
    return n, response.status, headers, response.read()


def load(port):
    """The answers to all requests in order, asked over four connections, and requests per second."""

    def client(first):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        return [ask(connection, n) for n in range(first, REQUESTS, 4)]

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        answers = [answer for part in pool.map(client, range(4)) for answer in part]
    return sorted(answers), REQUESTS / (time.monotonic() - began)


def serve(python, packages, folder, recording):
    argv = python.argv([str(HERE / "programs/web_server.py")])
    environment = {"PYTHONPATH": str(packages)}
    with limpet_drive.paused(argv, prefix=python.prefix, recording=recording, environment=environment, cwd=folder) as ask_line:
        port = int(ask_line())
        answers, rate = load(port)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("POST", "/stop")
        assert connection.getresponse().read() == b"bye"
        assert ask_line.process.wait(timeout=30) == 0
    return answers, rate


PYTHONS = pythons() if LONG else pythons()[1::3]


@pytest.mark.parametrize("python", PYTHONS, ids=lambda python: python.name)
def test_web_server_answers_the_same(python, folder, site_packages):
    packages = site_packages(python)
    plain, plain_rate = serve(python, packages, folder, None)
    watched, watched_rate = serve(python, packages, folder, folder / "r.limpet")
    assert watched == plain
    (process,) = limpet_recording.read_all(folder / "r.limpet")
    process.check()
    assert process.lost_blocks == 0
    print(f"{python.name}: {plain_rate:.0f} requests/s untraced, {watched_rate:.0f} traced: {watched_rate / plain_rate:.2f}")
