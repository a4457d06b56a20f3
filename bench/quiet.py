#!/usr/bin/env python3
"""Ten and more real programs that do not leak, under limpet: what does it say?

usage: bench/quiet.py [--seconds S] [--only NAME ...] [--write]

Servers, scripts and tools from PyPI under load, and CPython's own tests in a loop (bench/quiet/*.py, versions pinned in
bench/quiet/requirements.txt, installed into .cache/quiet). For each the table tells seconds, allocations, the verdict and the
findings of confidence >= 0.5, each with what is known to be true of it (bench/quiet/truth.json). A finding that nobody looked into
yet is "not looked into" and makes the exit status 1; so does one that is known to be false. --write puts the table into docs/quiet.md.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PROGRAMS = HERE / "quiet"
VENV = ROOT / ".cache" / "quiet"
SURE = 0.5


def interpreter(python):
    path = VENV / "bin" / "python3"
    if not path.exists():
        subprocess.run([python, "-m", "venv", str(VENV)], check=True)
    requirements = str(PROGRAMS / "requirements.txt")
    subprocess.run(
        [str(path), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", requirements], check=True
    )
    return str(path)


def run(limpet, python, name, seconds):
    """The report on one program."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        command = [limpet, "run", "--quiet", "-o", f"{folder}/{name}.limpet", "--json", str(report), "--python", python]
        done = subprocess.run(
            [*command, f"{name}.py"],
            cwd=PROGRAMS,
            env=dict(os.environ, QUIET_SECONDS=str(seconds)),
            capture_output=True,
            text=True,
            timeout=600,
        )
        if done.returncode != 0 or not report.exists():
            sys.exit(f"{name}: exit status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return json.loads(report.read_text())


def where(finding):
    site = finding["site"][0] if finding["site"] else {"file": "?", "line": 0}
    parts = Path(site["file"]).parts
    mark = next(
        (i for i, part in enumerate(parts) if part in ("site-packages", "quiet") or part.startswith("python3.")), None
    )
    file = "/".join(parts[mark + 1 :]) if mark is not None else parts[-1]
    return f"{file}:{site['line']}"


def truth_of(truths, name, finding):
    for known in truths.get(name, []):
        if known["site"] in where(finding) or known["site"] == "*":
            return known["real"], known["truth"]
    return None, "not looked into"


def rows(name, report, truths):
    """The lines of the table for one program, and whether a finding in it is not known to be real."""
    main = max(report["processes"], key=lambda process: process["seconds"])
    events = sum(process["recording"]["events"] for process in report["processes"])
    findings = [finding for finding in report["findings"] if finding["confidence"] >= SURE]
    head = f"| {name} | {main['seconds']:.0f} | {events / 2e6:.1f} M | {report['verdict']} |"
    if not findings:
        return [f"{head} none | |"], False
    lines, wrong = [], False
    for finding in findings:
        real, truth = truth_of(truths, name, finding)
        wrong |= not real
        text = f"{finding['confidence']:.2f} {finding['kind']} {where(finding)}, {finding['live_bytes'] / 1000:.0f} KB"
        lines.append(f"{head} {text} | {truth} |")
        head = "| | | | |"
    return lines, wrong


def write(table):
    page = ROOT / "docs" / "quiet.md"
    text = page.read_text()
    begin, rest = text.split("<!-- table -->\n", 1)
    end = rest.split("<!-- end -->\n", 1)[1]
    page.write_text(f"{begin}<!-- table -->\n{table}\n<!-- end -->\n{end}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seconds", type=float, default=12, help="of work for each program (default: 12)")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="only these programs")
    parser.add_argument("--python", default=sys.executable, help="the interpreter to make the environment of")
    parser.add_argument("--limpet", default=str(ROOT / "build" / "limpet"), help="the command (default: build/limpet)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/quiet.md")
    args = parser.parse_args()
    python = interpreter(args.python)
    truths = json.loads((PROGRAMS / "truth.json").read_text())
    names = args.only or sorted(path.stem for path in PROGRAMS.glob("*.py") if path.stem != "load")
    lines = ["| program | s | allocations | verdict | findings >= 0.5 | truth |", "|---|---|---|---|---|---|"]
    any_wrong = False
    for name in names:
        more, wrong = rows(name, run(args.limpet, python, name, args.seconds), truths)
        any_wrong |= wrong
        lines += more
        print("\n".join(more), flush=True)
    if args.write:
        write("\n".join(lines))
    return 1 if any_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
