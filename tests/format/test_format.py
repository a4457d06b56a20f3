"""A reader written from docs/format.md alone finds in a real recording what limpet finds."""

import collections
import json
import pathlib
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import read_format  # noqa: E402

PROGRAM = """
import json, threading
KEPT = []
def keep(i):
    KEPT.append([str(i)] * 10)
def churn():
    for i in range(3000):
        json.dumps({"a": [i] * 20})
thread = threading.Thread(target=churn)
thread.start()
for i in range(20000):
    keep(i) if i % 10 == 0 else str(i) * 10
thread.join()
"""


@pytest.fixture(scope="module")
def recording(limpet, any_interpreter, tmp_path_factory):
    if any_interpreter.prefix:
        pytest.skip("the only interpreter lives in another root")
    folder = tmp_path_factory.mktemp("format")
    (folder / "app.py").write_text(PROGRAM)
    argv = [limpet, "run", "-q", "--python", any_interpreter.python, "-o", folder / "app.limpet", folder / "app.py"]
    subprocess.run(list(map(str, argv)), check=True, timeout=120, stdin=subprocess.DEVNULL)
    return folder / "app.limpet"


def rows_of_limpet(limpet, recording, pid):
    argv = [limpet, "stats", recording, "--json", "--group", "stack", "--limit", "0", "--process", pid]
    told = subprocess.run(list(map(str, argv)), check=True, capture_output=True, timeout=120)
    rows = collections.Counter()
    for row in json.loads(told.stdout)["rows"]:
        # A place without a file stands for the empty stack.
        stack = tuple(f"{frame['file']}:{frame['line']} {frame['function']}" for frame in row["stack"] if frame["file"])
        rows[stack, "births"] += row["born"]["blocks"]
        rows[stack, "bytes born"] += row["born"]["bytes"]
        rows[stack, "deaths"] += row["freed"]["blocks"]
        rows[stack, "bytes freed"] += row["freed"]["bytes"]
    return rows


def rows_of_the_page(folders):
    rows = collections.Counter()
    for folder in folders:
        for site in read_format.Process(folder).totals()["sites"]:
            for _, births, birth_bytes, deaths, death_bytes, *_ in site["cohorts"]:
                stack = tuple(site["stack"])
                rows[stack, "births"] += births
                rows[stack, "bytes born"] += birth_bytes
                rows[stack, "deaths"] += deaths
                rows[stack, "bytes freed"] += death_bytes
    return rows


def test_every_stack_has_the_same_births_and_deaths(limpet, recording):
    folders = sorted(path for path in recording.iterdir() if path.is_dir())
    pids = {folder.name[1:].partition(".")[0] for folder in folders}
    assert pids, "nothing was recorded"
    for pid in pids:
        own = rows_of_the_page([f for f in folders if f.name[1:].partition(".")[0] == pid])
        assert sum(value for (_, what), value in own.items() if what == "births") > 20000 or len(pids) > 1
        assert +own == +rows_of_limpet(limpet, recording, pid)


def test_deaths_never_exceed_births(recording):
    for folder in recording.iterdir():
        if folder.is_dir():
            for site in read_format.Process(folder).totals()["sites"]:
                for cohort in site["cohorts"]:
                    _, births, birth_bytes, deaths, death_bytes, *_ = cohort
                    assert deaths <= births and death_bytes <= birth_bytes, (folder, site["stack"], cohort)
