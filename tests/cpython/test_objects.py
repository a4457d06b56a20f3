"""The decoders of the interpreter's own types, against live objects of every interpreter there is."""

from pathlib import Path

import pytest
from test_library_types import probe  # noqa: F401

HERE = Path(__file__).resolve().parent


def check(run, interpreter, *argv):
    done = run(interpreter.command("-B", *argv), timeout=600)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("what", ["referents", "surplus"])
def test_a_large_heap_is_told_completely_and_counted_exactly(interpreter, probe, run, what):  # noqa: F811
    check(run, interpreter, HERE / "live_objects.py", probe, what)


@pytest.mark.parametrize("what", ["zoo", "counts", "frames", "names", "sizes"])
def test_an_object_of_every_form_is_told_by_name(interpreter, probe, run, what):  # noqa: F811
    check(run, interpreter, HERE / "live_zoo.py", probe, what)
