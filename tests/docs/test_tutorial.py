"""Each command of the tutorial runs, and what matters of its screen (verdict, type, line, holder, advice, status) is what the page shows."""

import re
import shutil

import pytest
import screens

PAGES = [page for page in screens.pages() if page.parent.name == "tutorial"]
names = [page.stem for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=names)
def test_programs_and_fixes_in_the_page_are_the_files(page):
    text = page.read_text(encoding="utf-8")
    assert screens.remade(text, None) == text, "run ./dev docs --screens"


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=names)
def test_the_screens_are_what_limpet_says(page, any_interpreter, limpet, tmp_path):
    if any_interpreter.prefix:
        pytest.skip("bash and gcc are outside of that interpreter's root")
    shown = screens.outputs_of_page(page.read_text(encoding="utf-8"))
    if any(command.startswith("gcc") for command, _ in shown):
        if not shutil.which("gcc") or not shutil.which(any_interpreter.python + "-config"):
            pytest.skip("no compiler, or no headers of that Python")
    desk = screens.Desk(tmp_path, limpet, any_interpreter.python)
    for command, output in shown:
        fresh = desk.run(command)
        wanted, found = screens.essence(output), screens.essence(fresh)
        assert found == wanted, f"$ {command}\n{fresh}\n\nrun ./dev docs --screens if that is right"


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
