"""The modes: who watches the workload, and how it is started.

A mode turns `python arguments...` into the command line of the watched run. Every mode starts the same interpreter on the same
child.py; what a mode writes goes into the folder that it is given.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

RECORDING = "bench.limpet"  # limpet's recording, in the folder that a run gets


@dataclass(frozen=True)
class Mode:
    name: str
    summary: str
    needs: tuple[str, ...] = ()  # distributions in the venv
    round_cap: int | None = None  # at most so many rounds unless --all-rounds: it is slow, and far outside the noise

    def command(self, python, arguments, folder, limpet):
        """The argv that runs `python arguments`; `folder` exists and takes what the mode writes."""
        return _COMMANDS[self.name]([str(python)], list(arguments), Path(folder), limpet)


def _memray(python, arguments, folder, *flags):
    return [*python, "-m", "memray", "run", "-q", "-f", *flags, "-o", str(folder / "capture.bin"), *arguments]


_COMMANDS = {
    "untraced": lambda python, arguments, folder, limpet: [*python, *arguments],
    "limpet": lambda python, arguments, folder, limpet: [
        str(limpet), "run", "--quiet", "-o", str(folder / RECORDING), "--", *python, *arguments,
    ],
    "limpet-without-snapshots": lambda python, arguments, folder, limpet: [
        str(limpet), "run", "--quiet", "--snapshots", "off", "-o", str(folder / RECORDING), "--", *python, *arguments,
    ],
    "tracemalloc1": lambda python, arguments, folder, limpet: [*python, "-X", "tracemalloc=1", *arguments],
    "tracemalloc25": lambda python, arguments, folder, limpet: [*python, "-X", "tracemalloc=25", *arguments],
    "memray": lambda python, arguments, folder, limpet: _memray(python, arguments, folder),
    "memray-python": lambda python, arguments, folder, limpet: _memray(
        python, arguments, folder, "--trace-python-allocators"
    ),
}

MODES = (
    Mode("untraced", "the program alone; always run, everything is a ratio to it"),
    Mode("limpet", "limpet run --quiet"),
    Mode("tracemalloc1", "python -X tracemalloc=1", round_cap=2),
    Mode("tracemalloc25", "python -X tracemalloc=25", round_cap=1),
    Mode("memray", "memray run (sees only what reaches malloc)", needs=("memray",)),
    Mode("memray-python", "memray run --trace-python-allocators (like for like with limpet)", needs=("memray",)),
)

# Not among them: what bench/heap.py --cost compares limpet with.
WITHOUT_SNAPSHOTS = Mode("limpet-without-snapshots", "limpet run --quiet --snapshots off")

BY_NAME = {mode.name: mode for mode in MODES}


def why_limpet_cannot_run(limpet):
    """A sentence, or None when `limpet run` works well enough to be measured."""
    if not limpet.exists():
        return f"limpet: not built ({limpet} is missing; run ./dev build, or name it with --limpet)"
    try:
        done = subprocess.run([str(limpet), "run", "--help"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"limpet: {limpet} cannot be started ({error})"
    if done.returncode != 0:
        return f"limpet: `{limpet} run --help` ends with status {done.returncode}"
    return None
