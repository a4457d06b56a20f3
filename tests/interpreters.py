#!/usr/bin/env python3
"""Finds the CPythons on this machine that limpet is to be tested on.

Run as a program it lists them. There are three sources: pyenv, Debian's own python3, and root file systems that
`./dev pythons` has unpacked into .pythons/ and that are entered by tools/in_root (the checkout and /tmp are at the
same paths inside, so no path needs to be mapped).
"""

import functools
import glob
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SERIES = [(3, 11), (3, 12), (3, 13), (3, 14), (3, 15)]

# Printed by each candidate about itself: version, implementation, free-threaded, libpython loaded.
QUESTION = (
    "import sys, sysconfig, platform; v = sys.version_info; "
    "print(v[0], v[1], v[2], platform.python_implementation(), "
    "int(bool(sysconfig.get_config_var('Py_GIL_DISABLED'))), int('libpython' in open('/proc/self/maps').read()))"
)


@dataclass(frozen=True)
class Interpreter:
    """One Python and how to run programs under it."""

    name: str  # pyenv-3.12.1, debian-3.11.2, sid-3.15.2
    version: tuple[int, int, int]
    python: str  # its path, as it is seen where it runs
    implementation: str = "CPython"
    free_threaded: bool = False
    shared: bool = False  # built with a libpython3.x.so
    prefix: tuple[str, ...] = field(default=(), repr=False)  # what stands before a command to run it there

    @property
    def series(self) -> tuple[int, int]:
        return self.version[:2]

    @property
    def supported(self) -> bool:
        return self.series in SERIES and self.implementation == "CPython" and not self.free_threaded

    def wrap(self, argv) -> list[str]:
        """The argv that runs any command where this interpreter lives (its root file system)."""
        return [*self.prefix, *map(str, argv)]

    def command(self, *args) -> list[str]:
        """The argv that runs this interpreter with arguments."""
        return self.wrap([self.python, *args])

    def limpet(self, *args) -> list[str]:
        """The argv that runs the limpet command where this interpreter lives."""
        return self.wrap([limpet_path(), *args])

    def limpet_run(self, *args, options=()) -> list[str]:
        """The argv of `limpet run OPTIONS -- this-python ARGS`."""
        return self.limpet("run", *options, "--", self.python, *args)


def build_folder() -> Path:
    """The build tree under test; LIMPET_BUILD names another one than build/."""
    return Path(os.environ.get("LIMPET_BUILD", ROOT / "build")).resolve()


def limpet_path() -> Path:
    return build_folder() / "limpet"


def ask(python: str, prefix: tuple[str, ...] = ()) -> tuple | None:
    """What a Python says about itself, or None if it does not run."""
    try:
        answer = subprocess.run([*prefix, python, "-c", QUESTION], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    fields = answer.stdout.split()
    if answer.returncode or len(fields) != 6:
        return None
    return tuple(map(int, fields[:3])), fields[3], fields[4] == "1", fields[5] == "1"


def make(origin: str, python: str, prefix: tuple[str, ...] = ()) -> Interpreter | None:
    answer = ask(python, prefix)
    if answer is None:
        return None
    version, implementation, free_threaded, shared = answer
    name = f"{origin}-{'.'.join(map(str, version))}{'t' if free_threaded else ''}"
    return Interpreter(name, version, python, implementation, free_threaded, shared, prefix)


def pyenv_root() -> Path:
    if os.environ.get("PYENV_ROOT"):
        return Path(os.environ["PYENV_ROOT"])
    if shutil.which("pyenv"):
        answer = subprocess.run(["pyenv", "root"], capture_output=True, text=True)
        if answer.returncode == 0 and answer.stdout.strip():
            return Path(answer.stdout.strip())
    return Path.home() / ".pyenv"


def candidates():
    """Yields (origin, path, prefix) of everything that may be a Python 3."""
    for folder in sorted(glob.glob(f"{pyenv_root()}/versions/*")):
        yield "pyenv", f"{folder}/bin/python3", ()
    for minor in range(8, 20):
        yield "debian", f"/usr/bin/python3.{minor}", ()
        found = shutil.which(f"python3.{minor}", path=os.environ.get("PATH", "").replace("/shims", "/no-shims"))
        if found and not os.path.realpath(found).startswith("/usr/bin/"):
            yield "path", found, ()
    for root in sorted((ROOT / ".pythons").glob("*/usr")):
        root = root.parent
        for python in sorted(root.glob("usr/bin/python3.[0-9]*")):
            if python.name.replace("python3.", "").isdigit():
                yield root.name, f"/usr/bin/{python.name}", (str(ROOT / "tools" / "in_root"), str(root))


@functools.cache
def every() -> tuple[Interpreter, ...]:
    """Every Python 3 that runs here, also those that limpet does not support."""
    found, seen = [], set()
    for origin, python, prefix in candidates():
        key = (prefix, os.path.realpath(python))
        if key in seen or (not prefix and not os.access(python, os.X_OK)) or origin.endswith(".partial"):
            continue
        seen.add(key)
        interpreter = make(origin, python, prefix)
        if interpreter and interpreter.version[0] == 3:
            found.append(interpreter)
    return tuple(sorted(found, key=lambda i: (i.version, i.name)))


def supported() -> tuple[Interpreter, ...]:
    return tuple(i for i in every() if i.supported)


def unsupported() -> tuple[Interpreter, ...]:
    return tuple(i for i in every() if not i.supported)


def absent() -> list[str]:
    """The series that limpet supports and this machine has no interpreter of."""
    present = {i.series for i in supported()}
    return [".".join(map(str, series)) for series in SERIES if series not in present]


def main() -> int:
    for interpreter in supported():
        kind = "shared libpython" if interpreter.shared else "static"
        print(f"{interpreter.name:<16} {kind:<17} {' '.join(interpreter.command())}")
    if absent():
        print(f"absent: {', '.join(absent())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
