"""Very many different stacks: recursion is folded, so that neither the recording nor the agent's tables grow without end; lines stay exact."""

import json
import pathlib
import subprocess

import limpet_recording

PROGRAM = pathlib.Path(__file__).parent / "programs/two_ways_down.py"
MOST_NODES = 220_000  # folding begins at 200 000
MOST_BYTES = 64 << 20


def test_stacks_of_a_recursion_are_bounded_and_lines_exact(interpreter, run, tmp_path):
    recording = tmp_path / "r.limpet"
    done = run(interpreter.limpet_run(PROGRAM, options=("-q", "--snapshots", "off", "-o", recording)), timeout=300)
    assert done.returncode == 0, done.stderr
    made, kept = map(int, done.stdout.split())
    (process,) = (process for process in limpet_recording.read_all(recording) if process.nodes)
    assert 200_000 < len(process.nodes) < MOST_NODES
    assert sum(path.stat().st_blocks * 512 for path in recording.rglob("*") if path.is_file()) < MOST_BYTES
    line = next(number for number, text in enumerate(PROGRAM.read_text().splitlines(), 1) if "# here" in text)
    asked = interpreter.limpet("stats", recording, "--include", "*two_ways_down.py", "--limit", "0", "--json")
    told = json.loads(subprocess.run(asked, capture_output=True, text=True, timeout=300, check=True).stdout)
    (row,) = (row for row in told["rows"] if row["place"]["line"] == line)
    # (Up to one in a hundred more were born: what the interpreter makes for a call, like a number.)
    assert row["live"]["blocks"] == kept and made <= row["born"]["blocks"] <= made + made // 100, row
