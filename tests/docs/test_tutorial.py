"""The pages of the tutorial show their programs as they are, and the way from the leak to the proof."""

import re

import pytest
import screens

PAGES = [page for page in screens.pages() if page.parent.name == "tutorial"]
names = [page.stem for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_programs_and_fixes_in_the_page_are_the_files(page):
    text = page.read_text(encoding="utf-8")
    assert screens.remade(text, None) == text, "run ./dev docs --screens"


def test_every_page_shows_the_way_from_the_leak_to_the_proof():
    assert len(PAGES) == 6
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        said = [line for _, output in screens.outputs_of_page(text) for line in screens.essence(output)]
        assert sum(line.startswith("LEAK ") for line in said) >= 1
        assert any(line.startswith("to let go") for line in said)
        assert any(line.startswith("gone ") for line in said) and "check passed" in text and "status 0" in said
        assert "<!-- fix: " in text and "<!-- program: " in text


def test_the_essence_tells_another_holder_line_type_or_status_and_no_other_figure():
    text = (screens.DOCS / "tutorial" / "1-global.md").read_text(encoding="utf-8")
    old = [line for _, output in screens.outputs_of_page(text) for line in screens.essence(output)]
    for before, after in ((".SESSIONS", ".OTHERS"), ("sessions.py:15", "sessions.py:16"), ("__main__.Session ", "__main__.Lesson "),
                          ("status 0", "status 1"), ("gone  ", "same  "), ("when they are done with", "never")):
        assert before in text
        new = [line for _, output in screens.outputs_of_page(text.replace(before, after)) for line in screens.essence(output)]
        assert new != old, before
    other = re.sub(r"confidence 0\.\d\d", "confidence 0.77", re.sub(r"frees 4\.\d MB", "frees 3 GB", text))
    other = re.sub(r"\d[\d\u202f]* blocks live \(", "17\u202f226 blocks live (", re.sub(r"LEAK  \+\S+ MB/s", "LEAK  +27 KB/s", other))
    assert other != text
    assert [line for _, output in screens.outputs_of_page(other) for line in screens.essence(output)] == old
