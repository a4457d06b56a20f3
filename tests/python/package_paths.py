"""Where the tests of the Python package find it, and their programs."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import interpreters  # noqa: E402

PROGRAMS = pathlib.Path(__file__).parent / "programs"
PACKAGE = interpreters.build_folder() / "python"
