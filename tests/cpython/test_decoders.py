"""The decoders of src/cpython against every interpreter there is: what they read is what the interpreter says of itself."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


@pytest.fixture(scope="session")
def probe():
    """The decoders as a library that Python can load, built with the agent's flags."""
    folder = Path(tempfile.mkdtemp(prefix="limpet-probe-", dir="/tmp"))  # /tmp is the same inside the other roots
    library = folder / "probe.so"
    sources = [ROOT / "src/cpython" / f"{name}.cc" for name in ("line_table", "text", "gc_state")]
    flags = ["-std=c++20", "-O2", "-fPIC", "-shared", "-fno-exceptions", "-fno-rtti", "-Wall", "-Wextra", "-Werror"]
    link = ["-nodefaultlibs", "-lc"]
    subprocess.run(["c++", *flags, f"-I{ROOT / 'src'}", HERE / "probe.cc", *sources, "-o", library, *link], check=True)
    yield library
    shutil.rmtree(folder)


@pytest.mark.parametrize("what", ["positions", "text", "frames", "gc"])
def test_decoder_agrees_with_the_interpreter(interpreter, probe, run, what):
    done = run(interpreter.command(HERE / "live.py", probe, what), timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)
