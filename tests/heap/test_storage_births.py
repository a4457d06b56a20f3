"""A snapshot tells where the storage of an object was born, if that is not where the object was: read by the reader of docs/format.md alone."""

import json
from pathlib import Path

from read_snapshot import Snapshot

PROGRAM = Path(__file__).parent / "programs/grows_elsewhere.py"


def test_storage_that_was_born_elsewhere_is_told(interpreter, run, tmp_path):
    recording = tmp_path / "r.limpet"
    done = run(interpreter.limpet_run(PROGRAM, options=("-q", "-o", recording)))
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    snapshot = Snapshot(max(recording.glob("p*/heap.*")))
    number_of = {node[1]: number for number, node in enumerate(snapshot.nodes)}
    born = {}
    for node, birth in snapshot.storage:
        assert 0 < birth <= len(snapshot.births)
        born.setdefault(node, set()).add(snapshot.births[birth - 1][0])
    sites = []
    kinds = (
        told["filled"] if interpreter.version < (3, 15) else told["filled"][:2]
    )  # there a bytearray's is an object of its own
    for kind in kinds:
        places = [born.get(number_of[address], set()) for address in kind]
        missing = sum(not place for place in places)
        assert missing <= len(kind) // 20, (
            f"{missing} of {len(kind)} have none"
        )  # a free list handed on the table, or the object
        sites.append(max(set.union(*places), key=lambda site: sum(site in place for place in places)))
        assert sum(sites[-1] in place for place in places) >= len(kind) - 90, (
            "they were filled on one line; free lists hand on up to 80 tables"
        )
    assert len(set(sites)) == len(kinds), "each kind has its line"
    made_there = [number_of[address] for address in told["whole"]]
    others = sum(node in born for node in made_there)
    assert others <= 100, "what is filled where it is made has none, unless a free list handed on the object (80 lists)"
