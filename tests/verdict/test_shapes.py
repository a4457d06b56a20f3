"""Leaks of shapes that births and deaths alone do not tell: who holds them, what they are, and where they come from."""

from pathlib import Path

import pytest

PROGRAM = Path(__file__).parent / "programs/shapes.py"

# shape: kind, first type, function of the named line, part of the holder, part of the advice
LEAKS = {
    "callbacks_at_exit": ("python-object", "Link", "callbacks_at_exit", "atexit callbacks", "atexit.unregister"),
    "growing_list": ("python-object", "list", "growing_list", "FLAGS", "truncate"),
    "growing_text": ("python-object", "str", "growing_text", "Log.text", "truncate"),
    "growing_buffer": ("python-object", "bytes", "growing_buffer", "RECORDER", "truncate"),
    "late": ("python-object", "Late", "make_late", "KEPT", "KEPT"),
    "kept_exceptions": ("python-object", "Refused", "check", "KEPT", "KEPT"),
    "views": ("python-object", "bytes", "receive", "KEPT", "KEPT"),
    "plugins": ("python-object", "module", "load_plugin", "sys.modules", "sys.modules"),
    "appended_array": ("python-object", "array", "appended_array", "Series.data", "truncate"),
    "stuck_threads": ("python-object", "Thread", "ask", "_active", "still in wait_for_answer"),
    "grown_elsewhere": ("python-object", "Session", "open_session", "SESSIONS", "SESSIONS"),
    "owned_memory": ("python-object", "Compress", "open_stream", "STREAMS", "STREAMS"),
    "waits_first": ("python-object", "Late", "make_late", "KEPT", "KEPT"),
}


def short(finding):
    keys = ("confidence", "kind", "types", "holder_text", "fix", "evidence")
    return {key: finding[key] for key in keys} | {"site": [frame["function"] for frame in finding["site"][:3]]}


@pytest.mark.slow
@pytest.mark.parametrize("shape", LEAKS)
def test_a_leak_is_one_finding_with_its_type_line_and_holder(judge, shape, sure):
    kind, type_name, function, holder, advice = LEAKS[shape]
    report = judge(shape)
    found = sure(report)
    assert len(found) == 1, ([short(finding) for finding in report["findings"]], [d["evidence"] for d in report["dismissed"][:5]])
    (finding,) = found
    assert finding["kind"] == kind and finding["types"][0].split(".")[-1] == type_name, short(finding)
    assert function in [frame["function"].split(".")[-1] for frame in finding["site"][:2]], short(finding)
    assert holder in finding["holder_text"] and advice in finding["fix"], short(finding)


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["window", "sawtooth", "growing_batches"])
def test_what_is_full_is_no_leak(judge, shape, sure):
    report = judge(shape)
    assert not sure(report), [short(finding) for finding in report["findings"]]


@pytest.mark.slow
def test_tasks_that_asyncio_cancels_at_the_end_were_a_leak(judge, sure):
    report = judge("tasks_that_wait")
    found = sure(report)
    assert len(found) == 1, [short(finding) for finding in report["findings"]]
    (finding,) = found
    assert finding["types"][0].split(".")[-1] in ("Future", "Task", "coroutine"), short(finding)
    assert {"notify", "tasks_that_wait"} & {frame["function"] for frame in finding["site"][:2]}, short(finding)
    assert "_waiters" in finding["holder_text"] and "_waiters" in finding["fix"], short(finding)
