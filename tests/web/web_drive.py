"""What the tests of the viewer are made of: recordings, `limpet serve`, and a browser."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parent / "programs"


@dataclass
class Recorded:
    """A recording, and limpet over it."""

    interpreter: object
    path: Path

    def limpet(self, *arguments) -> subprocess.CompletedProcess:
        argv = [str(word) for word in self.interpreter.limpet(*arguments)]
        return subprocess.run(argv, capture_output=True, text=True, timeout=240, stdin=subprocess.DEVNULL)

    def json(self, command, *arguments):
        done = self.limpet(command, self.path, "--json", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def record(interpreter, folder: Path, program: str, *arguments, name="r") -> Recorded:
    if not (folder / program).exists():  # a source that is younger than its recording is not believed
        shutil.copy(PROGRAMS / program, folder)
    path = folder / f"{name}.limpet"
    argv = interpreter.limpet_run(program, *arguments, options=("-q", "--snapshots", "auto", "-o", path))
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True, timeout=240, cwd=folder,
                          stdin=subprocess.DEVNULL)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return Recorded(interpreter, path)


class Served:
    """A running `limpet serve`."""

    def __init__(self, limpet, *arguments):
        self.child = subprocess.Popen([str(limpet), "serve", *map(str, arguments)], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)  # fmt: skip
        self.url = self.child.stdout.readline().strip()

    def __enter__(self):
        assert self.url.startswith("http://127.0.0.1:"), self.child.communicate(timeout=60)[1]
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.communicate(timeout=60)

    def open(self, path="", **headers):
        """An answer, whatever its status. A name of a header has _ for -."""
        return ask(self.url + path, headers)

    def json(self, path):
        answer = self.open(path)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)


@dataclass
class Answer:
    status: int
    headers: dict
    body: str


def ask(url, headers=()) -> Answer:
    request = urllib.request.Request(url, headers={name.replace("_", "-"): value for name, value in dict(headers).items()})
    try:
        with urllib.request.urlopen(request, timeout=240) as reply:
            return Answer(reply.status, dict(reply.headers), reply.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, dict(error.headers), error.read().decode())


def wait_for(condition, seconds=240):
    """Until it holds; generous, for machines with much else to do."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not come true in time")
