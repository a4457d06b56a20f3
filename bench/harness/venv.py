"""One virtual environment per interpreter, with what bench/requirements.txt pins, made once and then reused."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from .errors import BenchError

REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements.txt"
_PROBE = (
    "import sys, json, importlib.metadata as m; "
    "print(json.dumps({'version': '.'.join(map(str, sys.version_info[:3])), 'base': sys.base_prefix,"
    " 'implementation': sys.implementation.name,"
    " 'installed': {d.metadata['Name'].lower(): d.version for d in m.distributions()}}))"
)


@dataclass
class Environment:
    """An interpreter ready to run the workloads."""

    python: Path
    version: str
    prefix: tuple[str, ...] = ()  # what stands before a command to run it where the interpreter lives
    installed: dict[str, str] = field(default_factory=dict)  # lower-case distribution name -> version

    def missing(self, distributions):
        return [name for name in distributions if name.lower() not in self.installed]


def default_python():
    """pyenv's newest 3.12 if there is one, else the python3 of PATH."""
    roots = [os.environ.get("PYENV_ROOT"), os.path.expanduser("~/.pyenv")]
    for root in filter(None, roots):
        found = sorted(Path(root).glob("versions/3.12.*/bin/python3.12"))
        if found:
            return found[-1]
    python = shutil.which("python3")
    if python is None:
        raise BenchError("no python3 on PATH; name an interpreter with --python")
    return Path(python)


def probe(python, prefix=()):
    """What interpreter `python` is, asked of itself."""
    try:
        done = _run([*prefix, str(python), "-c", _PROBE], timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchError(f"--python {python}: cannot be started ({error})") from error
    if done.returncode != 0:
        raise BenchError(f"--python {python}: is not a Python that works:\n{done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)


def prepare(python, prefix, folder, say):
    """The environment for `python` below `folder`, installed now if it is not there or its pins have changed."""
    facts = probe(python, prefix)
    if facts["implementation"] != "cpython":
        raise BenchError(f"--python {python}: is {facts['implementation']}, not CPython")
    key = hashlib.sha256("\n".join([facts["base"], facts["version"], *prefix]).encode()).hexdigest()[:8]
    home = folder / f"cpython-{facts['version']}-{key}"
    stamp, pins = home / "installed-from.txt", REQUIREMENTS.read_text(encoding="utf-8")
    inside = home / "bin" / "python"
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == pins):
        say(f"installing the pinned packages for CPython {facts['version']} into {home.name} (once)")
        _install(_create(python, prefix, home, facts["version"]), pins, say)
        stamp.write_text(pins, encoding="utf-8")
    facts = probe(inside, prefix)
    return Environment(inside, facts["version"], tuple(prefix), facts["installed"])


def _create(python, prefix, home, version):
    """Makes the environment; returns the pip command that installs into it."""
    home.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(home, ignore_errors=True)
    options = ["--quiet", "--disable-pip-version-check", "--no-input"]
    # Into a root file system, and where Debian keeps ensurepip in a package of its own, this Python's pip installs wheels from outside.
    if not prefix and _run([str(python), "-m", "venv", str(home)]).returncode == 0:
        return [str(home / "bin" / "python"), "-m", "pip", "install", *options]
    done = _run([*prefix, str(python), "-m", "venv", "--clear", "--without-pip", str(home)])
    if done.returncode != 0:
        shutil.rmtree(home, ignore_errors=True)
        raise BenchError(f"{python} -m venv failed:\n{(done.stdout + done.stderr).strip()[-500:]}")
    minor = version.rsplit(".", 1)[0]
    target = ["--target", str(home / "lib" / f"python{minor}" / "site-packages"), "--only-binary=:all:"]
    platforms = [f"--platform=manylinux{tag}_x86_64" for tag in ("2014", "_2_28", "_2_27", "_2_17")]
    return [sys.executable, "-m", "pip", "install", *options, *target, *platforms, f"--python-version={minor}"]


def _install(pip, pins, say):
    """All at once; if that fails one by one, so that one package without a build takes only its own workloads away."""
    if _run([*pip, "-r", str(REQUIREMENTS)]).returncode == 0:
        return
    for line in [line for line in pins.splitlines() if line.strip() and not line.startswith("#")]:
        done = _run([*pip, line])
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            say(f"cannot install {line}: {reason}")


def _run(command, timeout=None):
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
