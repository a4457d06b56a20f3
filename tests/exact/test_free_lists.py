"""Blocks belong to the line that made the object in them, also where the interpreter recycles dead objects by itself."""

import pathlib

import limpet_drive
import limpet_recording
from limpet_fixtures import every_python

PROGRAM = pathlib.Path(__file__).parent / "programs/recycled.py"


@every_python()
def test_tuples_are_born_at_the_line_that_keeps_them(python, folder):
    recording = folder / "r.limpet"
    limpet_drive.run(python.argv([str(PROGRAM)]), prefix=python.prefix, recording=recording)
    (process,) = limpet_recording.read_all(recording)
    live = {}
    for site in process.sites:
        if site.top and site.top.file == str(PROGRAM) and site.domain == limpet_recording.OBJECT:
            live[site.top.function] = live.get(site.top.function, 0) + site.amount.live
    # The list itself may stand beside the tuples; what churned may hold its last few.
    assert 3000 <= live["keep"] <= 3002, live
    assert 3000 <= live["keep_triples"] <= 3002, live
    assert live.get("churn", 0) < 10, live
