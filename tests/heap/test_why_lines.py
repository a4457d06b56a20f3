"""`limpet why FILE:LINE` of a line of each kind: whether it leaks, and who holds what it allocated, in sentences of their own."""

import json
import subprocess

import pytest

PROGRAM = """
import ctypes, gc
gc.disable()
memory = ctypes.pythonapi.PyMem_Malloc
memory.restype, memory.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
KEPT = []

class Session:
    pass

class Node:
    def __init__(self):
        self.me = self

for n in range(30_000):
    KEPT.append(Session())  # python-object
    memory(2000)  # raw-block
    libc.malloc(2000)  # native
    Node()  # cycle
    sum(range(1000))
"""
LINES = {
    kind: number
    for number, text in enumerate(PROGRAM.splitlines(), 1)
    for mark, kind in [text.split("# ") if "# " in text else ("", "")]
    if kind
}


@pytest.fixture(scope="module")
def kinds(any_interpreter, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "kinds.py").write_text(PROGRAM)
    command = any_interpreter.limpet_run(
        "kinds.py", options=["-q", "--snapshots", "1000s", "-o", folder / "kinds.limpet"]
    )  # the last one alone: others may show a call's arguments
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def why(interpreter, folder, kind, *options):
    target = f"kinds.py:{LINES[kind]}"
    return subprocess.run(
        interpreter.limpet("why", folder / "kinds.limpet", target, *options),
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_memory_that_is_no_object_has_a_verdict_and_the_reason_why_no_holder_is_told(any_interpreter, kinds):
    told = why(any_interpreter, kinds, "raw-block")
    assert told.returncode == 0 and told.stderr == ""
    line = f"kinds.py:{LINES['raw-block']}"
    verdict, holder = told.stdout.splitlines()
    assert verdict.startswith(f"{line}: a leak, confidence 0.") and "blocks" in verdict and "?" not in verdict, (
        told.stdout
    )
    assert holder == f"who holds it cannot be told: no object in this snapshot was allocated at {line}"
    assert told.stdout.endswith("\n")


@pytest.mark.parametrize("kind, holder", [("python-object", "    .KEPT "), ("cycle", "nobody holds ")])
def test_objects_have_a_verdict_and_a_holder(any_interpreter, kinds, kind, holder):
    told = why(any_interpreter, kinds, kind)
    assert told.returncode == 0 and told.stderr == "", told.stderr
    assert told.stdout.count("a leak, confidence 0.") == 1 and holder in told.stdout, told.stdout
    assert "…" not in told.stdout.partition("a leak, confidence")[2].partition("\n\n")[0], "the verdict was cut off"
    assert json.loads(why(any_interpreter, kinds, kind, "--json").stdout)["judgement"].startswith("a leak")


def test_native_memory_has_a_verdict(any_interpreter, kinds):
    told = why(any_interpreter, kinds, "native")
    assert told.returncode == 0 and "a leak, confidence 0." in told.stdout and "?" not in told.stdout, told.stdout
