"""Names in the interpreter's cache of attributes are held by it, and not by C code that nobody knows."""

import json
import subprocess
from pathlib import Path

PROGRAM = Path(__file__).parent / "programs/made_up_names.py"


def test_names_that_were_looked_up_are_held_by_the_attribute_cache(interpreter, run, tmp_path):
    recording = tmp_path / "r.limpet"
    done = run(interpreter.limpet_run(PROGRAM, options=("-q", "-o", recording)))
    assert done.returncode == 0, done.stderr
    line = next(i for i, text in enumerate(PROGRAM.read_text().splitlines(), 1) if '"do_" +' in text)
    why = interpreter.limpet("why", recording, f"made_up_names.py:{line}", "--json")
    result = subprocess.run(why, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    text = json.dumps(json.loads(result.stdout), ensure_ascii=False)
    assert "attribute cache" in text, text[:2000]
    assert "C code" not in text, text[:2000]
