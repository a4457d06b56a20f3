"""The judgement of a program under limpet, for all tests of this folder."""

import json
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "agent"))


@pytest.fixture
def judge(interpreter, run, tmp_path, request):
    """Runs PROGRAM of the test's module with these arguments; its report."""
    program = request.module.PROGRAM

    def judge(*arguments):
        report = tmp_path / "report.json"
        done = run(interpreter.limpet_run(program, *arguments, options=("-q", "--json", report, "-o", tmp_path / "r.limpet")))
        assert done.returncode == 0, done.stderr
        return json.loads(report.read_text())

    return judge


@pytest.fixture
def sure():
    """The findings of a report that make its verdict *leak*."""
    return lambda report: [finding for finding in report["findings"] if finding["confidence"] >= 0.5]
