"""pytest over a suite of 1 500 small tests with fixtures, tmp_path, capsys and monkeypatch, twice."""

import pathlib
import sys
import tempfile

import pytest

SUITE = '''
import pytest
@pytest.fixture
def rows():
    return [{"id": i, "name": "name %d" % i} for i in range(50)]
@pytest.mark.parametrize("number", range(450))
def test_rows(rows, number):
    assert len(rows) == 50
@pytest.mark.parametrize("number", range(150))
def test_file(tmp_path, number):
    (tmp_path / "x").write_text("x" * number)
@pytest.mark.parametrize("number", range(150))
def test_print(capsys, monkeypatch, number):
    monkeypatch.setenv("NUMBER", str(number))
    print(number)
    assert capsys.readouterr().out
'''
with tempfile.TemporaryDirectory() as folder:
    for name in ("test_one.py", "test_two.py"):
        pathlib.Path(folder, name).write_text(SUITE)
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", folder]))
