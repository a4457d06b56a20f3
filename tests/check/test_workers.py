"""A server of several processes is one program: one finding, with what each worker has of it, in report, check and diff."""

import json
import subprocess
import sys
import time
import urllib.request

import interpreters
import pytest
from check_drive import sure

pytestmark = pytest.mark.slow


def test_a_pool_of_workers_has_one_finding(bench, tmp_path):
    bench.record("pool.limpet", "prefork.py", 2)
    (finding,) = sure(bench.report("pool.limpet"))
    shares = finding["per_process"]
    assert len(shares) == 3 and sorted(share["pid"] for share in shares) == sorted(finding["processes"])
    assert sum(share["live_bytes"] for share in shares) == finding["live_bytes"]
    assert abs(sum(share["bytes_per_second"] for share in shares) - finding["bytes_per_second"]) < 1
    assert finding["place"] == "prefork.py:handle"
    text = bench("report", "pool.limpet", "-v").stdout
    assert all(f"{share['pid']}: " in text for share in shares)
    # The same leak, however many workers have it: one entry, and the same pace.
    baseline = tmp_path / "baseline.json"
    assert bench("check", "pool.limpet", "-q", "--baseline", baseline, "--update-baseline").returncode == 0
    assert len(json.loads(baseline.read_text())["known"]) == 1
    bench.edit("prefork.py", ".Pool(3)", ".Pool(2)")
    bench.record("two.limpet", "prefork.py", 2)
    assert bench("check", "two.limpet", "-q", "--baseline", baseline).returncode == 0
    done = bench("diff", "pool.limpet", "two.limpet", "--json", "-")
    assert [change["change"] for change in json.loads(done.stdout)["changes"]] == ["same"]


APPLICATION = """
SEEN = []


def application(environ, start_response):
    SEEN.append(bytearray(2000))
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"ok"]
"""


@pytest.fixture(scope="module")
def gunicorn(any_interpreter):
    """The folder of gunicorn, from PyPI."""
    target = interpreters.ROOT / ".cache/guests/gunicorn"
    if not (target / "installed").exists():
        argv = [sys.executable, "-m", "pip", "install", "-q", "--upgrade", "--target", str(target)]
        done = subprocess.run([*argv, "-r", f"{__file__.rsplit('/', 1)[0]}/requirements-server.txt"], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no gunicorn: {done.stderr.strip().splitlines()[-1][:200]}")
        (target / "installed").touch()
    return target


def test_gunicorn(bench, gunicorn):
    (bench.folder / "shop_app.py").write_text(APPLICATION)
    environment = {"PYTHONPATH": str(gunicorn), "PATH": "/usr/bin:/bin", "HOME": str(bench.folder)}
    words = ["-m", "gunicorn", "-w", "2", "-b", "127.0.0.1:0", "--worker-tmp-dir", "/tmp", "shop_app:application"]
    server = subprocess.Popen([str(w) for w in bench.interpreter.limpet("run", "-q", "-o", "g.limpet", "--", bench.interpreter.python, *words)],
                              cwd=bench.folder, env=environment, stderr=subprocess.PIPE, text=True)  # fmt: skip
    try:
        address = next(line.split("Listening at: ")[1].split()[0] for line in server.stderr if "Listening at" in line)
        end = time.monotonic() + 4
        while time.monotonic() < end:
            with urllib.request.urlopen(address, timeout=60) as answer:
                assert answer.read() == b"ok"
    finally:
        server.terminate()
        server.communicate(timeout=60)
    found = [finding for finding in sure(bench.report("g.limpet")) if finding["place"] == "shop_app.py:application"]
    assert len(found) == 1
    assert len(found[0]["per_process"]) == len(found[0]["processes"]) >= 1
    assert bench("check", "g.limpet", "-q").returncode == 1
