"""A snapshot holds what the interpreter itself says of its heap, whichever of the three memories it was read from."""

import collections
import contextlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import compare_heap
import pytest
import read_snapshot

PROGRAM = Path(__file__).parent / "programs/oracle.py"

# References that gc shows and that are told of something in between: (type, why).
INDIRECT = {
    "functools._lru_cache_wrapper": "its entries hang on the elements of its list, objects that gc does not show",
    "_ctypes.PyCPointerType": "what its StgDict or StgInfo holds",
    "_ctypes.PyCArrayType": "what its StgDict or StgInfo holds",
    "_ctypes.PyCFuncPtrType": "what its StgDict or StgInfo holds",
    "_ctypes.PyCStructType": "what its StgDict or StgInfo holds",
    "PyCapsule": "what the traverse function of its owner shows",
    "module": "the state of an extension, which is searched word by word from outside: what the collector does not track is not found there",
}
# Objects that gc does not show: not tracked, or static. Each is come to by a reference of something that is.
HIDDEN = {"int", "str", "bytes", "tuple", "list", "dict", "set", "code", "float", "type", "frame", "frozenset", "complex", "NoneType", "bool",
          "ellipsis", "NotImplementedType", "weakref.ReferenceType", "functools._lru_list_elem"}


@contextlib.contextmanager
def standing_still(interpreter, folder, kind):
    """The oracle's program under limpet, when it has written its answer: (pid, recording, answer)."""
    answer = folder / "answer"
    recording = folder / "r.limpet"
    command = interpreter.limpet_run(PROGRAM, answer, kind, options=("-q", "--snapshots", "asked", "-o", recording))
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        for _ in range(1200):
            if answer.exists() or process.poll() is not None:
                break
            time.sleep(0.05)
        assert answer.exists(), "the program ended before it had written its answer"
        yield int((folder / "answer.pid").read_text()), recording, answer
    finally:
        (folder / "answer.end").touch()
        process.wait(timeout=60)


def snapshots(interpreter, limpet, run, folder, kind):
    """{memory: snapshot file} and the oracle's answer."""
    with standing_still(interpreter, folder, kind) as (pid, recording, answer):
        asked = run([limpet, "snapshot", pid], cwd=folder)
        assert asked.returncode == 0, asked.stdout + asked.stderr
        files = {"own": next(recording.glob(f"p{pid}/heap.*"))}
        outside = run([limpet, "snapshot", pid, "-o", folder / "outside.limpet"])
        assert outside.returncode == 0, outside.stdout + outside.stderr
        files["outside"] = next((folder / "outside.limpet").glob("p*/heap.1"))
        if shutil.which("gcore"):
            subprocess.run(["gcore", "-o", folder / "core", str(pid)], check=True, capture_output=True, stdin=subprocess.DEVNULL)
            core = run([limpet, "snapshot", "--core", folder / f"core.{pid}", "-o", folder / "core.limpet"])
            os.remove(folder / f"core.{pid}")
            assert core.returncode == 0, core.stdout + core.stderr
            files["core"] = next((folder / "core.limpet").glob("p*/heap.1"))
    return files, answer


def is_native(snapshot, node):
    """Blocks of C code: only who traces the process knows where they begin."""
    return snapshot.types[snapshot.classes[snapshot.nodes[node][0]][0]][2] & 32 != 0


def told(snapshot, addresses):
    """address -> (type, size, references by name) of the objects at these addresses whose structure is known."""
    out = {}
    for node in snapshot.nodes:
        type_record = snapshot.types[snapshot.classes[node[0]][0]]
        if node[1] not in addresses or type_record[2] & 16 or type_record[0] == "module":
            continue
        told = [
            (label, snapshot.nodes[target][1])
            for label, target in zip(snapshot.labels(node), node[5])
            if target != read_snapshot.MISSING and not is_native(snapshot, target)
        ]
        out[node[1]] = (type_record[0], node[2], tuple(told))
    return out


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["start", "library"])
def test_a_snapshot_holds_what_the_interpreter_says_of_its_heap(kind, interpreter, limpet, run, tmp_path):
    if kind == "library" and interpreter.series not in ((3, 12), (3, 15)) and "LIMPET_TEST_LONG" not in os.environ:
        pytest.skip("two versions in the short run")
    files, answer = snapshots(interpreter, limpet, run, tmp_path, kind)
    read = {memory: read_snapshot.Snapshot(file) for memory, file in files.items()}
    oracle = compare_heap.read_oracle(answer)
    compared = {memory: compare_heap.Comparison(snapshot, oracle) for memory, snapshot in read.items()}
    for memory, comparison in compared.items():
        tables = f"{memory}\n{comparison.tables()}"
        assert comparison.objects > 10_000, tables
        # What lived when the answer was written and is gone or another now: the oracle's own traces, on its frame.
        assert sum(comparison.missing.values()) <= 3, tables
        assert not comparison.renamed, tables
        assert not {name for name, _ in comparison.unseen} - set(INDIRECT), tables
        assert sum(comparison.unseen.values()) < comparison.references / 200, tables
        surprising = collections.Counter()
        for (name, _, _), count in comparison.extra.items():
            if name not in HIDDEN:
                surprising[name] += count
        assert sum(surprising.values()) < comparison.objects / 100, f"{surprising.most_common(10)}\n{tables}"
    addresses = {line[0] for line in oracle}
    first = told(read["own"], addresses)
    for memory in files.keys() - {"own"}:
        other = told(read[memory], addresses)
        different = [key for key in first.keys() & other.keys() if first[key] != other[key]]
        # A frame or the module's own dict may have moved on between the moments at which the two were taken.
        assert len(different) <= 5, [(first[key], other[key]) for key in different[:3]]
        assert abs(len(first) - len(other)) <= 5, (memory, len(first), len(other))
