"""What the tests of check and diff are made of: a folder with the programs, in which they are recorded."""

import json
import shutil
import subprocess
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"


class Bench:
    """A folder with copies of the programs, in which limpet runs under one interpreter."""

    def __init__(self, interpreter, folder):
        self.interpreter = interpreter
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        for program in PROGRAMS.iterdir():
            if program.suffix == ".py":
                shutil.copy(program, folder)

    def __call__(self, *arguments, timeout=300, **options):
        argv = [str(word) for word in self.interpreter.limpet(*arguments)]
        options.setdefault("cwd", self.folder)
        return subprocess.run(argv, capture_output=True, text=True, timeout=timeout, **options)

    def record(self, name, program, *arguments, options=(), **how):
        """A recording of a program of this folder; its path from the folder."""
        done = self("run", "-q", "-f", "-o", name, *options, "--", self.interpreter.python, program, *arguments, **how)
        assert done.returncode == 0, done.stderr
        return name

    def report(self, recording, *arguments):
        done = self("report", recording, "--json", "-", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def edit(self, name, old, new):
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def sure(report):
    return [finding for finding in report["findings"] if finding["confidence"] >= 0.5]
