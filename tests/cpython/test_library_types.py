"""The decoders of the standard library's C types, and numpy's, against objects that live interpreters have made."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
LONG = os.environ.get("LIMPET_TEST_LONG") == "1"
NUMPY = ["1.26.4", "2.0.2", "2.2.6", "2.5.5"] if LONG else ["1.26.4", "2.5.5"]


@pytest.fixture(scope="module")
def probe():
    """The decoders as a library that Python can load, built with the agent's flags."""
    folder = Path(tempfile.mkdtemp(prefix="limpet-probe-", dir="/tmp"))  # /tmp is the same inside the other roots
    library = folder / "decode_probe.so"
    flags = ["-std=c++20", "-O2", "-fPIC", "-shared", "-fno-exceptions", "-fno-rtti", "-fno-threadsafe-statics"]
    flags += ["-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'src'}"]
    sources = [HERE / "decode_probe.cc", ROOT / "src/cpython/text.cc"]
    subprocess.run(["c++", *flags, *sources, "-o", library, "-nodefaultlibs", "-lc"], check=True)
    yield library
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def numpy_folder():
    """A numpy of one version for one version of Python, installed beside everything else."""

    def install(version, series):
        python = f"{series[0]}.{series[1]}"
        target = ROOT / ".cache/guests" / f"numpy-{version}-{python}"
        if not (target / "installed").exists():
            argv = [sys.executable, "-m", "pip", "install", "-q", "--upgrade", "--no-deps", "--target", str(target)]
            argv += ["--only-binary", ":all:", "--python-version", python, "--platform", "manylinux2014_x86_64"]
            argv += ["--platform", "manylinux_2_28_x86_64", "--ignore-requires-python", f"numpy=={version}"]
            done = subprocess.run(argv, capture_output=True, text=True)
            if done.returncode:
                pytest.skip(f"no numpy {version} for {python}: {done.stderr.strip().splitlines()[-1][:200]}")
            (target / "installed").touch()
        return target

    return install


def test_every_object_is_told_as_the_interpreter_made_it(interpreter, probe, run):
    done = run(interpreter.command("-B", HERE / "live_library.py", probe), timeout=300)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("version", NUMPY)
def test_numpy_is_told_without_importing_it(interpreter, probe, run, numpy_folder, version):
    folder = numpy_folder(version, interpreter.series)
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    argv = interpreter.command("-B", HERE / "live_library.py", probe, "numpy_types", "numpy")
    done = run(argv, timeout=300, env=environment)
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
