"""The file of `pytest --limpet-baseline`: tests whose leaks are known."""

from __future__ import annotations

import json
import os
import time
from typing import Any

import pytest

SCHEMA = "limpet.pytest-baseline/1"
FASTER = 1.5  # less is what two runs of one test differ by


class Baseline:
    """For each known leak: how many bytes a run leaves, what, since when it is known, and a reason for people to write."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._exists = os.path.exists(path)
        self._known: dict[str, dict[str, Any]] = self._read() if self._exists else {}
        self._seen: dict[str, dict[str, Any] | None] = {}

    def must_exist(self) -> None:
        if not self._exists:
            raise pytest.UsageError(f"--limpet-baseline: there is no {self._path}; --limpet-update-baseline makes it")

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            with open(self._path, encoding="utf-8") as file:
                content = json.load(file)
            if content["schema"] != SCHEMA:
                raise ValueError(f"its schema is {content['schema']!r}, not {SCHEMA!r}")
            known = content["tests"]
            for test, entry in known.items():
                if not isinstance(entry["growth"], int):
                    raise ValueError(f"the growth of {test} is no number")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise pytest.UsageError(f"--limpet-baseline: cannot read {self._path}: {error}") from None
        made: dict[str, dict[str, Any]] = known
        return made

    def lets_through(self, fact: dict[str, Any]) -> bool:
        entry = self._known.get(fact["test"])
        return entry is not None and fact["growth"] < FASTER * entry["growth"]

    def saw(self, test: str, fact: dict[str, Any] | None) -> None:
        """A test has run; `fact` says what limpet found, or is None."""
        self._seen[test] = fact

    def mended(self) -> list[str]:
        return [test for test in self._known if test in self._seen and self._seen[test] is None]

    def write(self) -> None:
        """Days, reasons and tests that did not run stay; a growth changes where it did notably; what was not found goes."""
        for test in self.mended():
            del self._known[test]
        for test, fact in self._seen.items():
            if not fact or "growth" not in fact:
                continue
            entry = self._known.setdefault(test, {"growth": 0, "since": time.strftime("%Y-%m-%d"), "reason": ""})
            if not entry["growth"] / FASTER < fact["growth"] < entry["growth"] * FASTER:
                entry["growth"] = fact["growth"]
            entry["what"] = fact["what"]
        part = f"{self._path}.new"
        with open(part, "w", encoding="utf-8") as file:
            json.dump({"schema": SCHEMA, "tests": dict(sorted(self._known.items()))}, file, indent=2)
            file.write("\n")
        os.replace(part, self._path)
