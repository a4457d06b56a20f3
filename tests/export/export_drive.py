"""What the tests of limpet export are made of: recordings, the command, and what other people's tools say."""

import json
import os
import re
import shutil
import subprocess
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs"
MEASURES = ("allocated", "churned", "peak", "grown", "live")


@dataclass
class Recorded:
    """A recording, and limpet over it."""

    interpreter: object
    path: Path

    def limpet(self, *arguments, text=True, **options):
        argv = [str(word) for word in self.interpreter.limpet(*arguments)]
        return subprocess.run(argv, capture_output=True, text=text, timeout=120, stdin=subprocess.DEVNULL, **options)

    def export(self, form, *arguments) -> bytes:
        done = self.limpet("export", self.path, "--to", form, *arguments, text=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def text(self, form, *arguments) -> str:
        return self.export(form, *arguments).decode()  # whatever the names are: valid UTF-8

    def file(self, form, *arguments) -> Path:
        name = re.sub(r"\W", "-", "-".join((form, *map(str, arguments))))
        path = self.path.parent / f"{name}.{form}"
        done = self.limpet("export", self.path, "--to", form, "-o", path, *arguments)
        assert done.returncode == 0 and done.stdout == "", done.stderr
        return path

    def json(self, command, *arguments):
        done = self.limpet(command, self.path, "--json", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    @property
    def pids(self) -> list[int]:
        return sorted(process["pid"] for process in self.json("report", "-")["processes"])


def record(interpreter, folder, program, *arguments, options=("--snapshots", "auto")) -> Recorded:
    shutil.copy(PROGRAMS / program, folder)
    path = folder / "r.limpet"
    argv = [str(word) for word in interpreter.limpet_run(program, *arguments, options=("-q", *options, "-o", path))]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=120, cwd=folder, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stderr
    return Recorded(interpreter, path)


def go_pprof(*arguments, timeout=300) -> str:
    """What Go's pprof prints."""
    go = shutil.which("go") or "/usr/lib/go-1.19/bin/go"
    if not os.path.exists(go):
        pytest.fail("no Go: tools/dev/packages-test.txt names it")
    environment = {**os.environ, "PPROF_TMPDIR": "/tmp", "GOFLAGS": "-mod=mod"}
    done = subprocess.run([go, "tool", "pprof", *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                          env=environment)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@dataclass
class RawSample:
    values: dict
    stack: list  # location ids, innermost first
    labels: dict = field(default_factory=dict)


@dataclass
class RawProfile:
    """What `pprof -raw` shows."""

    samples: list
    locations: dict  # id -> (function, file, line); none of names with a line's end in them
    default: str = ""

    def totals(self) -> dict:
        sums = defaultdict(int)
        for sample in self.samples:
            for name, value in sample.values.items():
                sums[name] += value
        return sums


def read_raw(text: str) -> RawProfile:
    _, _, rest = text.partition("\nSamples:\n")
    body, _, locations = rest.partition("\nLocations\n")
    names_line, _, body = body.partition("\n")
    names = [name.split("/")[0] for name in names_line.replace("[dflt]", "").split()]
    profile = RawProfile([], {})
    for name in names_line.split():
        if "[dflt]" in name:
            profile.default = name.split("/")[0]
    for line in body.splitlines():
        numbers, colon, stack = line.partition(":")
        if colon and re.fullmatch(r"[ \d-]+", numbers) and re.fullmatch(r"[ \d]*", stack):
            values = dict(zip(names, map(int, numbers.split())))
            profile.samples.append(RawSample(values, list(map(int, stack.split()))))
        else:
            for key, value in re.findall(r"(\w+):\[([^\]]*)\]", line):
                profile.samples[-1].labels[key] = value
    for line in locations.partition("\nMappings")[0].splitlines():
        found = re.match(r"\s*(\d+): 0x0 (?:M=\d+ )?(.*) (\S*?):(\d+)(?::\d+)? s=\d+", line)
        if found:
            profile.locations[int(found[1])] = (found[2], found[3], int(found[4]))
    return profile
