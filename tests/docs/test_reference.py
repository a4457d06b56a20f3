"""What the reference says is there is there, and no command or option is left out of the documentation."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTED = "\n".join(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").rglob("*.md")))
COMMANDS = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
FIELDS = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")


def options(text):
    return set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))


@pytest.fixture(scope="module")
def helps(limpet):
    """{command: what its --help says}"""

    def ask(*words):
        done = subprocess.run([limpet, *words], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout

    commands = re.findall(r"^  (\w+) {2,}", ask("--help").partition("examples:")[0], re.MULTILINE)
    return {command: ask(command, "--help") for command in commands if command != "limpet"}


def test_every_command_and_option_is_documented(helps):
    assert len(helps) >= 10
    for command, text in helps.items():
        assert f"limpet {command}" in DOCUMENTED, command
        missing = options(text.partition("examples:")[0]) - options(DOCUMENTED) - {"--help"}
        assert not missing, f"limpet {command}: document these, and run ./dev docs --screens docs/commands.md"


def test_no_option_is_documented_that_is_gone(helps):
    for part in COMMANDS.split("\n## limpet ")[1:]:
        command = part.split("\n", 1)[0]
        assert command in helps, command
        shown = part.partition("Options:")[2].partition("examples:")[0]
        gone = options(shown) - options(helps[command])
        assert not gone, f"limpet {command}: run ./dev docs --screens docs/commands.md"


def test_the_fields_of_the_report_are_there(any_interpreter, tmp_path):
    program = ("import time\nKEPT = []\nfor n in range(400):\n    KEPT.append(bytearray(5000))\n"
               "    time.sleep(0.001)\n")
    (tmp_path / "grow.py").write_text(program)
    done = subprocess.run(any_interpreter.limpet_run("grow.py", options=["-q", "-o", "r.limpet", "--json", "r.json"]),
                          cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "r.json").read_text())
    parts = dict(zip(("document", "finding", "memory", "requests"), FIELDS.split("\n## ")[1:], strict=True))

    def first_column(part):
        return [re.findall(r"`([a-z_.]+)`", row.split("|")[1]) for row in parts[part].splitlines() if row.startswith("| `")]

    for names in first_column("document"):
        assert set(names) <= set(report), names
    assert report["findings"], report["explanation"]
    for names in first_column("finding"):
        assert set(names) <= set(report["findings"][0]), names
    for names in first_column("memory"):
        section = names[0].split(".")[0]
        fields = {names[0].split(".")[1], *names[1:]}
        assert fields <= set(report[section]), (section, fields - set(report[section]))
