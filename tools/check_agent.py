#!/usr/bin/env python3
"""Checks that a library of ours can be loaded into any process that has a glibc: it needs libc and nothing else.

usage: tools/check_agent.py [--python] liblimpet_agent.so

A needed libstdc++ would be a second C++ run time inside the program, or none at all in a container that has only
Python; an undefined symbol without a glibc version would be looked up in whatever the program has loaded; one of a newer glibc
than 2.17 would keep the library out of systems that are still in use (src/base/glibc_floor.h is where to ask for an older
version of it). --python: the extension module, which takes Python's functions from the interpreter that loads it.
"""

import re
import subprocess
import sys

FLOOR = (2, 17)
ALLOWED = {"libc.so.6", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libdl.so.2", "libpthread.so.0"}


def needed(dynamic: str) -> list[str]:
    """The NEEDED entries of `readelf -d`."""
    return re.findall(r"\(NEEDED\).*\[(.+?)\]", dynamic)


def foreign(symbols: str) -> list[str]:
    """The strong undefined symbols of `readelf --dyn-syms` that glibc does not define."""
    found = []
    for line in symbols.splitlines():
        fields = line.split()
        if len(fields) >= 8 and fields[6] == "UND" and fields[4] == "GLOBAL" and "@GLIBC_" not in fields[7]:
            found.append(fields[7])
    return found


def too_new(symbols: str) -> list[str]:
    """The symbols of `readelf --dyn-syms` that only a glibc newer than FLOOR has."""
    found = re.findall(r"(\S+@GLIBC_([0-9.]+))", symbols)
    return [name for name, version in found if tuple(map(int, version.split("."))) > FLOOR]


def main() -> int:
    library = sys.argv[-1]
    python = sys.argv[1] == "--python"

    def readelf(*options: str) -> str:
        command = ["readelf", *options, library]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    problems = [f"needs {name}" for name in needed(readelf("-dW")) if name not in ALLOWED]
    symbols = readelf("--dyn-syms", "-W")
    problems += [f"undefined: {name}" for name in foreign(symbols) if not (python and re.match("_?Py", name))]
    problems += [f"newer than glibc {FLOOR[0]}.{FLOOR[1]}: {name}" for name in too_new(symbols)]
    for problem in problems:
        print(f"{library}: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
