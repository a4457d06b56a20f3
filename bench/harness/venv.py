"""One virtual environment per interpreter, with what bench/requirements.txt pins, made once and then reused."""

import hashlib
import json
import os
import shutil
import subprocess
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


def probe(python):
    """What interpreter `python` is, asked of itself."""
    try:
        done = subprocess.run([str(python), "-c", _PROBE], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BenchError(f"--python {python}: cannot be started ({error})") from error
    if done.returncode != 0:
        raise BenchError(f"--python {python}: is not a Python that works:\n{done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)


def prepare(python, folder, say):
    """The environment for `python` below `folder`, installed now if it is not there or its pins have changed."""
    facts = probe(python)
    if facts["implementation"] != "cpython":
        raise BenchError(f"--python {python}: is {facts['implementation']}, not CPython")
    key = hashlib.sha256(f"{facts['base']}\n{facts['version']}".encode()).hexdigest()[:8]
    home = folder / f"cpython-{facts['version']}-{key}"
    stamp, pins = home / "installed-from.txt", REQUIREMENTS.read_text(encoding="utf-8")
    inside = home / "bin" / "python"
    if not (stamp.exists() and stamp.read_text(encoding="utf-8") == pins):
        say(f"installing the pinned packages for CPython {facts['version']} into {home.name} (once)")
        _create(python, home, facts["version"])
        _install(inside, pins, say)
        stamp.write_text(pins, encoding="utf-8")
    facts = probe(inside)
    return Environment(inside, facts["version"], facts["installed"])


def _create(python, home, version):
    home.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(home, ignore_errors=True)
    done = subprocess.run([str(python), "-m", "venv", str(home)], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        minor = version.rsplit(".", 1)[0]
        shutil.rmtree(home, ignore_errors=True)
        raise BenchError(
            f"{python} -m venv failed (on Debian the package python{minor}-venv brings it):\n"
            f"{(done.stdout + done.stderr).strip()[-500:]}"
        )


def _install(python, pins, say):
    """All at once; if that fails one by one, so that one package without a build takes only its own workloads away."""
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "-r", str(REQUIREMENTS)], capture_output=True, check=False).returncode == 0:
        return
    lines = [line for line in pins.splitlines() if line.strip() and not line.startswith("#")]
    for line in lines:
        done = subprocess.run([*pip, line], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            say(f"cannot install {line}: {reason}")
