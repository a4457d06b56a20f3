"""`python -m limpet ARGS` is the command `limpet ARGS`; scripts run on this Python then."""

from __future__ import annotations

import os
import sys

from . import _files


def main() -> None:
    """Becomes the limpet program. Never returns."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["run"] and not any(word.startswith("--python") for word in arguments):
        arguments[1:1] = ["--python", sys.executable]
    try:
        os.execv(_files.PROGRAM, [_files.PROGRAM, *arguments])
    except OSError as error:
        sys.exit(f"limpet: cannot run {_files.PROGRAM}: {error.strerror}")


if __name__ == "__main__":
    main()
