"""One session of measuring: the rounds, interleaved, and everything that is known about it as one JSON value."""

import datetime
import os
import platform
import subprocess
from pathlib import Path

from . import micro, summary
from .errors import BenchError

SCHEMA = "limpet.bench/1"
REPOSITORY = Path(__file__).resolve().parent.parent.parent


class Session:
    """Measures `workloads` under `modes`; failures of single runs are kept in `errors`, the rest goes on without them."""

    def __init__(self, runner, workloads, modes, say):
        self.runner_ = runner
        self.workloads_ = workloads
        self.modes_ = list(modes)
        self.say_ = say
        self.runs = {workload.name: {mode.name: [] for mode in modes} for workload in workloads}
        self.startup = {mode.name: [] for mode in modes}
        self.micro = {mode.name: [] for mode in modes}
        self.errors = []
        self._broken = set()

    def _try(self, what, mode, measure, results):
        """One run; after a failure the pair is not tried again and what it gave before is dropped, so that no mean mixes."""
        if (what, mode.name) in self._broken:
            return
        try:
            results[mode.name].append(measure())
        except BenchError as error:
            self._broken.add((what, mode.name))
            results[mode.name].clear()
            self.errors.append({"what": what, "mode": mode.name, "error": without_paths(str(error))})
            self.say_(f"{what} under {mode.name} failed: {error}", keep=True)

    def leave_out_broken_modes(self, seconds=30):
        """Runs an empty program under each mode once: a tool that hangs or fails on that is not tried on every workload."""
        for mode in list(self.modes_):
            self.say_(f"trying {mode.name}")
            before = len(self.errors)
            self._try("an empty program", mode, lambda mode=mode: self.runner_.run_nothing(mode, seconds), {mode.name: []})
            if len(self.errors) > before:
                self.modes_.remove(mode)

    def measure_workloads(self, rounds, scale, all_rounds):
        for turn in range(rounds):
            for position, workload in enumerate(self.workloads_, 1):
                self.say_(f"round {turn + 1}/{rounds}: {workload.name} ({position}/{len(self.workloads_)})")
                for mode in self.modes_:
                    if mode.round_cap is not None and turn >= mode.round_cap and not all_rounds:
                        continue
                    self._try(
                        workload.name, mode,
                        lambda workload=workload, mode=mode, first=turn == 0: self.runner_.run(workload, mode, scale, first),
                        self.runs[workload.name],
                    )

    def measure_startup(self, rounds):
        self.say_("start-up and exit of an empty program")
        for _ in range(rounds):
            for mode in self.modes_:
                self._try("start-up", mode, lambda mode=mode: self.runner_.run_nothing(mode), self.startup)

    def measure_micro(self, rounds, folder):
        self.say_("micro benchmark")
        try:
            library = micro.build(folder)
        except BenchError as error:
            self.errors.append({"what": "micro", "mode": "", "error": without_paths(str(error))})
            self.say_(str(error), keep=True)
            return
        for _ in range(rounds):
            for mode in self.modes_:
                self._try(
                    "micro", mode,
                    lambda mode=mode: self.runner_.run_probe(micro.PROBE, [str(library)], mode),
                    self.micro,
                )

    def result(self, options):
        """Everything, ready for json.dump; paths of this machine are left out."""
        environment = self.runner_.environment_
        table = summary.medians(self.runs)
        names = [mode.name for mode in self.modes_]
        return {
            "schema": SCHEMA,
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "commit": commit_of_checkout(),
            "machine": machine(),
            "python": environment.version,
            "packages": environment.installed,
            "options": options,
            "modes": names,
            "load_average_at_end": os.getloadavg(),
            "medians": table,
            "by_mode": summary.by_mode(table, names),
            "startup_seconds": self.startup,
            "micro_ns": self.micro,
            "goals": summary.goals(table, self.startup, self.micro, environment.version),
            "errors": self.errors,
            "runs": self.runs,
        }


def machine():
    """What a reader needs to place the figures: no host name, no user, no path."""
    model = "unknown"
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            model = next((line.split(":", 1)[1].strip() for line in file if line.startswith("model name")), model)
    except OSError:
        pass
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {"cpu": model, "cores": os.cpu_count(), "memory_gib": round(pages / 2**30), "kernel": platform.release()}


def commit_of_checkout():
    done = subprocess.run(
        ["git", "-C", str(REPOSITORY), "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else None


def without_paths(text):
    for path, name in ((str(REPOSITORY), "REPOSITORY"), (os.path.expanduser("~"), "HOME")):
        text = text.replace(path, name)
    return text
