"""A leak keeps its fingerprint: in another run, folder, version of Python, after edits, without a snapshot. Another leak has another."""

import interpreters
import pytest
from check_drive import Bench, sure

pytestmark = pytest.mark.slow


def fingerprints(bench, *leaks, options=(), **how):
    report = bench.report(bench.record("r.limpet", "shop.py", 1.5, *leaks, options=options, **how))
    found = {finding["place"]: finding["fingerprint"] for finding in sure(report)}
    assert len(found) == len(leaks), [(f["place"], f["confidence"]) for f in report["findings"]]
    return found


@pytest.fixture(scope="module")
def known(any_interpreter, tmp_path_factory):
    return fingerprints(Bench(any_interpreter, tmp_path_factory.mktemp("known") / "app"), "sessions", "records=300")


def test_two_leaks_have_two(known):
    assert len(set(known.values())) == 2
    assert {place.split(":")[0] for place in known} == {"shop.py"}


def test_another_interpreter_folder_and_hash_seed(known, any_interpreter, tmp_path):
    others = [i for i in interpreters.supported() if i.series != any_interpreter.series and not i.prefix]
    if not others:
        pytest.skip("only one version of Python")
    for other in (others[0], others[-1]):
        bench = Bench(other, tmp_path / other.name / "deep" / "folder")
        assert fingerprints(bench, "sessions", "records=300") == known


def test_the_folder_that_it_is_started_in_does_not_matter(known, any_interpreter, tmp_path):
    bench = Bench(any_interpreter, tmp_path / "one" / "two")
    name = tmp_path / "r.limpet"
    done = bench("run", "-q", "-o", name, "--", any_interpreter.python, "one/two/shop.py", 1.5, "sessions", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = sure(bench.report(name))
    assert [f["fingerprint"] for f in found] == [known[f["place"]] for f in found] and found


def test_edits_that_shift_lines_and_add_callers(known, bench):
    bench.edit("shop.py", "SESSIONS = {}", "# a comment\n\n\ndef unused():\n    return 1\n\n\nSESSIONS = {}")
    bench.edit("shop.py", "        for leak, size in chosen:\n            leak(number, size)",
               "        def each():\n            for leak, size in chosen:\n                leak(number, size)\n\n        each()")  # fmt: skip
    assert fingerprints(bench, "sessions", "records=300") == known


def test_without_snapshots(known, bench):
    # Without the heap a leak may be named after another of its lines; it is known by the same one.
    assert fingerprints(bench, "sessions", "records=300", options=["--snapshots", "off"]) == known
