"""What the tests of the command share: a working folder, and `limpet` started in it."""

import os
import subprocess
import textwrap

import pytest


class Shell:
    """Runs limpet in a folder of its own and keeps what it says."""

    def __init__(self, limpet, python, folder):
        self.limpet = str(limpet)
        self.python = python
        self.folder = folder
        self.environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "LD_PRELOAD", "TERM")}

    def write(self, name, text, mode=0o644):
        path = self.folder / name
        path.write_text(textwrap.dedent(text))
        path.chmod(mode)
        return path

    def start(self, *arguments, **options):
        options.setdefault("cwd", self.folder)
        options["env"] = self.environment | options.pop("env", {})
        for stream in ("stdin", "stdout", "stderr"):
            options.setdefault(stream, subprocess.PIPE)
        return subprocess.Popen([self.limpet, *map(str, arguments)], **options)

    def __call__(self, *arguments, input=b"", timeout=120, **options):
        child = self.start(*arguments, **options)
        out, err = child.communicate(input, timeout=timeout)
        return subprocess.CompletedProcess(arguments, child.returncode, out, err.decode() if err is not None else None)

    def run(self, *arguments, **options):
        """limpet run with the chosen interpreter."""
        return self("run", "--python", self.python, *arguments, **options)

    def recordings(self):
        return sorted(path.name for path in self.folder.iterdir() if path.name.endswith(".limpet"))


@pytest.fixture
def shell(limpet, any_interpreter, tmp_path):
    if any_interpreter.prefix:
        pytest.skip("the only interpreter lives in another root")
    return Shell(limpet, any_interpreter.python, tmp_path)


LEAK = """
    import sys
    KEPT = []
    def keep(n):
        KEPT.append(bytearray(n))
    for i in range(40000):
        keep(500)
        sum(range(50))
    print("done")
"""


@pytest.fixture
def leak(shell):
    """A program that keeps 20 MB in 40000 steps, in function keep."""
    return shell.write("leak.py", LEAK)


@pytest.fixture
def recording(shell, leak):
    result = shell.run("-q", "-o", "leak.limpet", "leak.py")
    assert result.returncode == 0, result.stderr
    return "leak.limpet"
