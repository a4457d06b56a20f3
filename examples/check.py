"""Compares a report (limpet.report/1) with the `# leak:` and `# control:` comments in the shop's source.

    python3 check.py REPORT.json FOLDER

Every leak must be named, with file and line, by a finding of its own; no finding may name a control. Exit status 0 if
so, 1 if not, 2 where the report cannot be read.
"""
import json
import pathlib
import re
import sys

SURE = 0.5  # findings below this confidence are hints, not statements
MARK = re.compile(r"# (leak|control): (.+?)\s*$")


def marks(folder):
    """[(kind, name, file name, line number)] of the marked lines."""
    found = []
    for path in sorted(pathlib.Path(folder).glob("*.py")):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            match = MARK.search(line)
            if match:
                found.append((match[1], match[2], path.name, number))
    return found


def names(finding, file, line):
    """Whether the finding's stack goes through the line."""
    frames = finding.get("site") or []
    return any(pathlib.PurePath(frame.get("file") or "").name == file and frame.get("line") == line for frame in frames)


def compare(report, marked):
    """[(right, sentence)], one for each mark."""
    sure = [finding for finding in report["findings"] if finding["confidence"] >= SURE]
    rows = []
    for kind, name, file, line in marked:
        finding = next((one for one in sure if names(one, file, line)), None)
        if kind == "leak":
            rate = finding.get("bytes_per_second") if finding else None
            said = f"named ({finding['kind']}, {(rate or 0) / 1000:.1f} KB/s)" if finding else "NOT NAMED"
        else:
            said = "REPORTED AS A LEAK" if finding else "not reported"
        rows.append(((finding is not None) == (kind == "leak"), f"{kind:8}{name:32}{file}:{line:<5}{said}"))
    return rows


def main():
    if len(sys.argv) != 3:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    marked = marks(sys.argv[2])
    try:
        report = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
        rows = compare(report, marked)
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"check.py: {sys.argv[1]} is no report: {error!r}", file=sys.stderr)
        return 2
    for right, sentence in rows:
        print(f"  {'ok   ' if right else 'WRONG'} {sentence}")
    wrong = sum(not right for right, _ in rows)
    if not marked:
        print(f"check.py: no marked lines in {sys.argv[2]}", file=sys.stderr)
    return 1 if wrong or not marked else 0


if __name__ == "__main__":
    sys.exit(main())
