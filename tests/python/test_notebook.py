"""The magics, in a real Jupyter kernel."""

import os

import nbclient
import nbformat
import pytest
from package_paths import PACKAGE

CELLS = [
    "%load_ext limpet",
    "class Session:\n    def __init__(self, n):\n        self.name = '<b>%d</b>' % n\nSESSIONS = {}\nkept = Session(0)",
    "%%limpet\nfor n in range(50):\n    SESSIONS['<i>%d</i>' % n] = Session(n)",
    "%limpet why kept",
    "%limpet why __main__.Session",
    "%limpet top growth",
    "%limpet heap",
    "%limpet leaks",
    "%limpet",
    "%limpet why no_such_name_anywhere",
    "%limpet dance",
    "%%limpet with words\n1",
    "%%limpet\nraise KeyError('mine')",
    "%%limpet\n1 + 1",
]


@pytest.fixture(scope="module")
def cells(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notebook")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "LIMPET", "LD_", "JUPYTER"))}
    client = nbclient.NotebookClient(
        book, timeout=300, startup_timeout=300, allow_errors=True, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    client.execute(env=kept | {"PYTHONPATH": str(PACKAGE), "IPYTHONDIR": str(folder)})
    return {source: cell.outputs for source, cell in zip(CELLS, book.cells)}


def shown(outputs, kind="text/plain"):
    return "\n".join(output["data"].get(kind, "") for output in outputs if output.output_type == "execute_result")


def error(outputs):
    """Of a usage error (a line on stderr) or an exception."""
    return "\n".join(output.get("text", "") or "\n".join(output.get("traceback", ())) for output in outputs if output.output_type != "execute_result")


def test_a_cell_tells_what_it_left_and_who_holds_it(cells):
    assert cells[CELLS[0]] == [] and cells[CELLS[1]] == []
    text, page = shown(cells[CELLS[2]]), shown(cells[CELLS[2]], "text/html")
    assert "50 __main__.Session" in text and "module __main__ .SESSIONS -> dict[" in text
    assert "<td>__main__.Session</td>" in page and "SESSIONS" in page
    assert "&lt;i&gt;" in page and "<i>" not in page  # the program's own texts are no markup
    assert "more than before the cell" in shown(cells[CELLS[13]])


def test_the_line_magic_answers(cells):
    assert ".kept" in shown(cells["%limpet why kept"]) and "<pre>" in shown(cells["%limpet why kept"], "text/html")
    assert "51 __main__.Session" in shown(cells["%limpet why __main__.Session"])
    assert "allocated at" in shown(cells["%limpet top growth"])
    assert "objects" in shown(cells["%limpet heap"]) and "<table>" in shown(cells["%limpet heap"], "text/html")
    assert shown(cells["%limpet leaks"])
    assert "%%limpet" in error(cells["%limpet"])


def test_mistakes_are_told_in_one_line(cells):
    for cell, words in ((CELLS[9], "limpet: "), (CELLS[10], "invalid choice: 'dance'"), (CELLS[11], "nothing more on its line")):
        assert words in error(cells[cell]) and "Traceback" not in error(cells[cell]), cell
    assert "KeyError" in error(cells[CELLS[12]]) and "mine" in error(cells[CELLS[12]])
    assert not shown(cells[CELLS[12]])
