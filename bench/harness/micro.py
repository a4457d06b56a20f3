"""The micro benchmark of bench/micro: built once with the C++ compiler that is there, run under every mode."""

import os
import shutil
import subprocess
from pathlib import Path

from .errors import BenchError

HERE = Path(__file__).resolve().parent.parent / "micro"
SOURCE, PROBE = HERE / "micro.cc", HERE / "probe.py"

# What each figure is, in the order of the table.
FIGURES = {
    "free_untracked": "free of an untracked block",
    "malloc_free": "malloc + free",
    "raw_pair": "PyMem_RawMalloc + RawFree",
    "mem_pair": "PyMem_Malloc + Free",
    "object_pair": "PyObject_Malloc + Free",
    "malloc_free_depth100": "malloc + free, 100 frames deep",
    "object_pair_depth100": "PyObject_Malloc + Free, 100 deep",
}


def build(folder):
    """The path of the built library; built anew only when its source is newer."""
    library = folder / "libbench_micro.so"
    if library.exists() and library.stat().st_mtime >= SOURCE.stat().st_mtime:
        return library
    compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++")
    if compiler is None:
        raise BenchError("no C++ compiler on PATH: the micro benchmark is left out (or use --no-micro)")
    folder.mkdir(parents=True, exist_ok=True)
    # -fno-builtin: malloc and free are the subject, the compiler must not know what they do.
    flags = ["-std=c++20", "-O2", "-Wall", "-Wextra", "-Werror", "-fno-builtin", "-fPIC", "-shared"]
    done = subprocess.run(
        [compiler, *flags, str(SOURCE), "-o", str(library)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BenchError(f"the micro benchmark does not compile:\n{done.stderr.strip()[-1500:]}")
    return library
