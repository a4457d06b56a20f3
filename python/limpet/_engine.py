"""Asks the limpet program: verdicts and heap graphs are computed there, in a process of its own, and nowhere else."""

from __future__ import annotations

import os
from typing import Any

from . import _files
from ._errors import NotFound, RecordingError

NO_SUCH_OBJECT = 1


def environment() -> dict[str, str]:
    """For the program: it is not to be traced itself, whatever traces us."""
    variables = {name: value for name, value in os.environ.items() if name != "LD_PRELOAD"}
    variables["LIMPET_AGENT"] = ""
    return variables


def run(*arguments: str) -> str:
    """What `limpet ARGUMENTS` prints. RecordingError with its words where it fails."""
    import subprocess

    try:
        done = subprocess.run(
            [_files.PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True, env=environment(), check=False
        )
    except OSError as error:
        raise RecordingError(f"cannot run {_files.PROGRAM}: {error.strerror}") from error
    if done.returncode == 0:
        return done.stdout.decode("utf-8", "replace")
    words = done.stderr.decode("utf-8", "replace").strip().removeprefix("limpet: ")
    words = words or f"limpet {arguments[0]} ended with status {done.returncode}"
    if done.returncode == NO_SUCH_OBJECT and arguments[0] == "why":
        raise NotFound(words)
    raise RecordingError(words)


def ask(*arguments: str) -> dict[str, Any]:
    """The JSON that `limpet ARGUMENTS` prints."""
    import json

    answer: dict[str, Any] = json.loads(run(*arguments))
    return answer
