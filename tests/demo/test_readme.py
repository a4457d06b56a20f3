"""The README leads with the two commands, points at files that exist, and shows the figures that were measured."""

import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), ROOT / "examples" / "shop" / "README.md"]

sys.path.insert(0, str(ROOT / "docs"))

import figures  # noqa: E402


def test_the_two_commands_come_first():
    head = README[: README.index("## ")]
    assert head.index("./dev demo") < head.index("./dev test")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page):
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (page.parent / target).exists()]
    assert not missing


def test_the_table_is_the_one_that_was_measured():
    done = subprocess.run([sys.executable, str(ROOT / "docs" / "figures.py")],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_table_typed_by_hand_is_found_out():
    text = "a\n<!-- bench -->\n| limpet | 1.00x |\n<!-- end -->\nb\n"
    assert figures.put(text, "bench", "| limpet | 1.20x |") == text.replace("1.00x", "1.20x") != text
    with pytest.raises(ValueError, match="no <!-- screen -->"):
        figures.put(text, "screen", "x")


def test_a_screen_is_shown():
    screen = README.partition("<!-- screen -->")[2].partition("<!-- end -->")[0]
    assert "LEAK" in screen and ".py:" in screen
