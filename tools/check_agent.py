#!/usr/bin/env python3
"""Checks that the agent can be loaded into any process that has a glibc: it needs libc and nothing else.

usage: tools/check_agent.py liblimpet_agent.so

A needed libstdc++ would be a second C++ run time inside the program, or none at all in a container that has only
Python; an undefined symbol without a glibc version would be looked up in whatever the program has loaded.
"""

import re
import subprocess
import sys

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


def main() -> int:
    library = sys.argv[1]

    def readelf(*options: str) -> str:
        command = ["readelf", *options, library]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    problems = [f"needs {name}" for name in needed(readelf("-dW")) if name not in ALLOWED]
    problems += [f"undefined: {name}" for name in foreign(readelf("--dyn-syms", "-W"))]
    for problem in problems:
        print(f"{library}: {problem}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
