"""Heap snapshots as memlab and Shark read them: counts, sizes, what objects retain, and a path, to the byte as limpet has them."""

import fcntl
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import read_snapshot

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache/export"


def installed(tool, name, argv, missing=pytest.fail, **options) -> Path:
    """A folder with what a package manager fetched, once per checkout. `missing` is told where it cannot be had."""
    folder = CACHE / name
    if not (folder / "installed").exists() and not shutil.which(tool):
        missing(f"no {tool} here")
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tests run in several processes
        if (folder / "installed").exists():
            return folder
        for file in (HERE / name).iterdir():
            shutil.copy(file, folder)
        done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=400, **options)
        if done.returncode:
            missing(f"{name} cannot be had: {(done.stderr or done.stdout).strip()[-200:]}")
        (folder / "installed").touch()
    return folder


@pytest.fixture(scope="module")
def heap(shop):
    """limpet's own figures of the process that has the sessions."""
    return shop.json("heap", "--limit", "0")


@pytest.fixture(scope="module")
def memlab(shop):
    argv = ["npm", "ci", "--silent",  # as package-lock.json names them; after a change: npm install, and web/lock.mjs here
            "--ignore-scripts", "--no-audit", "--no-fund"]
    folder = installed("npm", "memlab", argv, env={**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"})
    done = subprocess.run(["node", folder / "read_heapsnapshot.js", shop.file("heapsnapshot")], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def shark(shop):
    # Debian's Maven and a JDK are 126 MB to fetch and 272 MB to unpack, for two tests: they are used where they are.
    argv = ["mvn", "-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"]
    folder = installed("mvn", "shark", argv, missing=pytest.skip)

    def read(*addresses):
        argv = ["java", "-cp", f"{folder}/lib/*", folder / "ReadHprof.java", shop.file("hprof"), *addresses]
        done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
        return [line.split("\t") for line in done.stdout.splitlines()]

    return read


class TestMemlab:
    def test_objects_and_bytes_are_limpets(self, memlab, heap):
        objects = [node for node in memlab["nodes"] if node[1] != "synthetic"]
        assert memlab["bytes"] == heap["bytes"] + heap["native_memory"]["bytes"]
        named = ("module ", "class ", "function ", "code ")
        by_type = {}
        for node in objects:
            if node[1] == "object" and not node[2].startswith(named):
                count, size = by_type.get(node[2], (0, 0))
                by_type[node[2]] = (count + 1, size + node[3])
        own = {row["type"]: (row["objects"], row["own_bytes"]) for row in heap["rows"]}
        for name in ("dict", "list", "bytearray", "tuple", "__main__.Session"):
            assert by_type[name] == own[name], name
        assert sum(node[1] == "string" for node in objects) == own["str"][0]

    def test_what_the_twenty_biggest_retain_is_limpets(self, memlab, shop, heap):
        snapshot = read_snapshot.Snapshot(sorted((shop.path / f"p{heap['snapshot']['pid']}").glob("heap.*"))[-1])
        top = sorted((node for node in memlab["nodes"] if node[1] != "synthetic"), key=lambda node: -node[4])[:20]
        for number, _, name, _, retained, _ in top:
            address = snapshot.nodes[(number - 1) // 2 - 3][1]  # behind three nodes that stand for no object
            assert retained == shop.json("why", hex(address))["retained_bytes"], name

    def test_garbage_is_told_apart(self, memlab, heap):
        garbage = next(node for node in memlab["nodes"] if node[2].startswith("(garbage"))
        assert garbage[4] == heap["garbage"]["bytes"] > 100_000

    def test_a_path_is_the_one_that_limpet_tells(self, memlab, shop):
        paths = [[step[0] for step in node[5] or []] for node in memlab["nodes"] if node[2] == "__main__.Session"]
        # (To the module leads sys.modules, or what the C code that ran it holds while the last snapshot is taken.)
        assert any(path[-3:] == ["__dict__", "['SESSIONS']", "['u0']"] for path in paths), paths[:5]
        ways = shop.json("why", "__main__.Session")["holdings"][0]["ways"]
        assert [step["edge"] for step in ways[0]["holder"]] == ["module __main__", ".SESSIONS", "['\u2026']"]


class TestShark:
    def test_objects_and_bytes_of_every_type_are_limpets(self, shark, heap):
        lines = shark()
        found = {line[3]: (int(line[1]), int(line[2])) for line in lines if line[0] == "type"}
        for row in heap["rows"]:
            assert found[row["type"]] == (row["objects"], row["own_bytes"]), row["type"]
        reachable = next(int(line[1]) for line in lines if line[0] == "reachable")
        assert reachable == heap["bytes"] + heap["native_memory"]["bytes"] - heap["garbage"]["bytes"]

    def test_what_objects_retain_and_their_fields_are_limpets(self, shark, shop):
        addresses = dict(line.split() for line in (shop.path.parent / "addresses").read_text().splitlines())
        lines = shark(*addresses.values())
        retained = {line[2]: int(line[1]) for line in lines if line[0] == "retained"}
        for name, address in addresses.items():
            assert retained[address] == shop.json("why", address)["retained_bytes"] > 1000, name
        fields = {(line[2], line[3]) for line in lines if line[0] == "field" and line[1] == addresses["session"]}
        assert {("__class__", "type"), ("key", "str"), ("buffer", "bytearray"), ("peer", "NoneType")} <= fields
