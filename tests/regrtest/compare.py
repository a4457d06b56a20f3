#!/usr/bin/env python3
"""Runs CPython's own regression tests with and without limpet and compares the result of every single test.

    compare.py                         a quick choice, on every interpreter that has its test suite
    compare.py --all                   all that limpet promises, and more
    compare.py --interpreter 3.14 test_json test_gc

A test that differs is run again, both ways, up to three times: some of CPython's tests fail now and then by themselves,
and only one that can be told apart every time counts. Exit status: 0 the same, 1 different, 2 nothing could be run.
"""

from __future__ import annotations

import argparse
import pathlib
import shutil
import sys
import tempfile
import time
import xml.etree.ElementTree

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "agent"))

import limpet_drive  # noqa: E402
import limpet_recording  # noqa: E402

QUICK = ("test_json", "test_gc")
PROMISED = (
    "test_json", "test_asyncio", "test_threading", "test_multiprocessing_fork", "test_multiprocessing_spawn",
    "test_multiprocessing_forkserver", "test_gc", "test_ssl", "test_subprocess",
)  # fmt: skip
EXTRA = (
    "test_os", "test_sys", "test_tracemalloc", "test_faulthandler", "test_fork1", "test_signal", "test_mmap", "test_ctypes",
    "test_generators", "test_coroutines", "test_sqlite3", "test_re", "test_exceptions", "test_capi", "test_embed", "test_posix",
    "test_threadedtempfile", "test_thread", "test_concurrent_futures", "test_weakref", "test_code", "test_dict", "test_io",
)  # fmt: skip

# Tests that measure the process itself, and so must see that something else lives in it. Each with its reason.
ALLOWED = {
    "test.test_embed": "looks at the raw allocators before Python is up",
    "test.test_sys.SysModuleTest.test_debugmallocstats": "Python tells them only where its own allocator comes first; "
    "under -X tracemalloc it does not either",
}

# Tests that may take minutes by themselves, so that both runs would only tell of the time limit.
TOO_SLOW = {
    "test_threading": "test_print_exception_gh_102056",  # recurses into itself twice at each level: > 400 s untraced on 3.12.1
}


def has_test_suite(python: limpet_drive.Python) -> bool:
    argv = python.argv(["-c", "import test.test_json, test.libregrtest"])
    return limpet_drive.run(argv, prefix=python.prefix).status == 0


def results(python, test: str, folder: pathlib.Path, traced: bool, timeout: float) -> tuple[dict[str, str], float]:
    """Name of each test case -> ok, skipped, failed, error; and the wall time."""
    folder.mkdir(parents=True)
    (folder / "tmp").mkdir()
    xml_file = folder / "results.xml"
    ignored = ["-i", TOO_SLOW[test]] if test in TOO_SLOW else []
    argv = python.argv(["-m", "test", "--junit-xml", str(xml_file), "--tempdir", str(folder / "tmp"), *ignored, test])
    recording = folder / "r.limpet" if traced else None
    began = time.monotonic()
    try:
        outcome = limpet_drive.run(argv, prefix=python.prefix, recording=recording, timeout=timeout, cwd=folder)
        (folder / "output").write_bytes(outcome.stdout + outcome.stderr)
    except AssertionError:
        return {test: "timeout"}, timeout
    seconds = time.monotonic() - began
    found = {test: f"status {outcome.status}"}
    if xml_file.exists():
        for case in xml.etree.ElementTree.parse(xml_file).iter("testcase"):
            kinds = [child.tag for child in case if child.tag in ("skipped", "failure", "error")]
            found[case.get("name") or "?"] = kinds[0] if kinds else case.get("result") or "ok"
    return found, seconds


def differences(untraced: dict[str, str], traced: dict[str, str]) -> dict[str, tuple[str, str]]:
    names = untraced.keys() | traced.keys()
    pairs = {name: (untraced.get(name, "absent"), traced.get(name, "absent")) for name in names}
    different = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    kept = {name: pair for name, pair in different.items() if not name.startswith(tuple(ALLOWED))}
    # The exit status of the whole run differs because of what is allowed to: that alone is no difference.
    if len(kept) < len(different) and all("status" in pair[0] and "status" in pair[1] for pair in kept.values()):
        return {}
    return kept


def compare(python, test: str, folder: pathlib.Path, timeout: float, tries: int = 3) -> dict[str, tuple[str, str]]:
    """What differs in each of `tries` runs; prints one line."""
    lasting: dict[str, tuple[str, str]] | None = None
    for attempt in range(tries):
        here = folder / python.name / test / str(attempt)
        plain, plain_seconds = results(python, test, here / "untraced", False, timeout)
        watched, watched_seconds = results(python, test, here / "traced", True, timeout * 2)
        now = differences(plain, watched)
        lasting = now if lasting is None else {name: now[name] for name in lasting.keys() & now.keys()}
        if not lasting:
            break
    failed = sum(1 for result in plain.values() if result in ("failure", "error", "timeout"))
    word = "DIFFERENT" if lasting else "same" if len(plain) > 1 else "NOT RUN"
    problems = unsound(here / "traced/r.limpet")
    print(f"{python.name:16} {test:32} {word:9} {len(plain) - 1:5} tests, {failed} fail untraced too, "
          f"{plain_seconds:6.1f} s -> {watched_seconds:6.1f} s{', after retries' if attempt and not lasting else ''}", flush=True)
    for name, (before, after) in sorted(lasting.items()):
        print(f"    {name}: untraced {before}, traced {after}", flush=True)
    for problem in problems[:5]:
        print(f"    recording: {problem}", flush=True)
        lasting["recording"] = ("", problem)
    if not lasting:
        shutil.rmtree(folder / python.name / test, ignore_errors=True)
    return lasting


def unsound(recording: pathlib.Path) -> list[str]:
    """What is wrong with the process folders that a test left behind; of very many, some are read."""
    problems = []
    folders = [folder for folder in sorted(recording.glob("p*")) if limpet_recording.is_set_up(folder)]
    for folder in folders[:: len(folders) // 10 + 1]:
        try:
            process = limpet_recording.Process(folder)
            if process.state != "starting" and not process.in_fork:
                process.check()
        except limpet_recording.Unsound as error:
            problems.append(str(error))
        process = None  # before the next one is read: together they may be large
    return problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tests", nargs="*", help="names such as test_json (default: a quick choice)")
    parser.add_argument("--all", action="store_true", help="everything: about an hour per interpreter")
    parser.add_argument("--promised", action="store_true", help="the modules that limpet promises the same results of")
    parser.add_argument("--interpreter", action="append", default=[], help="only interpreters whose name contains this")
    parser.add_argument("--timeout", type=float, default=900, help="seconds for one module, untraced")
    options = parser.parse_args()
    tests = options.tests or (PROMISED + EXTRA if options.all else PROMISED if options.promised else QUICK)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="limpet-regrtest-"))
    different = ran = 0
    for python in limpet_drive.discover():
        if options.interpreter and not any(name in python.name for name in options.interpreter):
            continue
        if not has_test_suite(python):
            print(f"{python.name:16} has no test suite: skipped")
            continue
        for test in tests:
            ran += 1
            different += bool(compare(python, test, folder, options.timeout))
    print(f"{ran} runs compared, {different} different" + (f"; see {folder}" if different else ""))
    return 2 if not ran else 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
