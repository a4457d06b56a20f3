"""The doors of the house: ./dev and its help, the way into another root file system, the counting of results."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import interpreters
import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = ["build", "test", "demo", "docs", "bench", "fuzz", "pythons", "lint", "format", "web", "wheel"]


def dev(*args):
    return subprocess.run([ROOT / "dev", *args], capture_output=True, text=True, timeout=60)


class TestDev:
    def test_alone_it_lists_every_command(self):
        result = dev()
        assert result.returncode == 0
        listed = [line.split()[0] for line in result.stdout.splitlines() if line.startswith("  ")]
        assert sorted(listed) == sorted(COMMANDS)

    @pytest.mark.parametrize("command", COMMANDS)
    def test_every_command_has_help(self, command):
        result = dev(command, "--help")
        assert result.returncode == 0
        assert result.stdout.startswith(f"{command}: ")
        assert f"usage: ./dev {command}" in result.stdout

    @pytest.mark.parametrize("command", ["nonsense", "common", "../dev/build"])
    def test_an_unknown_command_is_refused(self, command):
        result = dev(command)
        assert result.returncode == 2
        assert "no command" in result.stderr


@pytest.fixture
def inside():
    """The argv that enters the first fetched root file system."""
    for interpreter in interpreters.every():
        if interpreter.prefix:
            return list(interpreter.prefix)
    pytest.skip("no root file system in .pythons (./dev pythons)")


class TestInRoot:
    def test_exit_status_and_arguments_pass_through(self, inside, run):
        result = run([*inside, "sh", "-c", 'printf "%s|" "$@"; exit 7', "sh", "a b", "", "*"])
        assert (result.returncode, result.stdout) == (7, "a b||*|")

    def test_the_folder_and_the_files_are_the_same(self, inside, run, tmp_path):
        (tmp_path / "there").write_text("yes")
        result = run([*inside, "sh", "-c", "pwd; cat there"], cwd=tmp_path)
        assert result.stdout.split() == [str(tmp_path), "yes"]
        result = run([*inside, "cat", ROOT / "dev"])
        assert result.stdout == (ROOT / "dev").read_text()

    def test_the_command_keeps_its_process_id_and_gets_its_signals(self, inside):
        with subprocess.Popen([*inside, "sh", "-c", "echo $$; exec sleep 60"], stdout=subprocess.PIPE) as child:
            assert int(child.stdout.readline()) == child.pid
            os.kill(child.pid, signal.SIGTERM)
            assert child.wait(timeout=30) == -signal.SIGTERM

    def test_no_mount_is_left_behind(self, inside, run):
        assert run([*inside, "grep", "-c", str(ROOT), "/proc/self/mounts"]).stdout.strip() != "0"
        assert inside[-1] not in Path("/proc/self/mounts").read_text()

    def test_a_missing_root_is_a_clear_error(self, run, tmp_path):
        result = run([ROOT / "tools" / "in_root", tmp_path, "true"])
        assert result.returncode == 2
        assert "./dev pythons" in result.stderr


class TestCounting:
    def count(self, tmp_path, xml):
        path = tmp_path / "results.xml"
        path.write_text(xml)
        tool = [sys.executable, ROOT / "tools" / "dev" / "count_junit.py", path]
        return subprocess.run(tool, capture_output=True, text=True)

    def test_ctest_and_pytest_outcomes_are_told_apart(self, tmp_path):
        cases = [
            '<testcase name="a" status="run"/>',
            '<testcase name="b" status="fail"><failure/></testcase>',
            '<testcase name="c" status="notrun"><skipped/></testcase>',
            '<testcase name="d"/>',
            '<testcase name="e"><error/></testcase>',
        ]
        result = self.count(tmp_path, f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
        assert result.stdout.split() == ["2", "2", "1"]

    def test_a_broken_file_is_not_zero_tests(self, tmp_path):
        assert self.count(tmp_path, "<testsuites>").returncode != 0


class TestInterpreters:
    def test_every_interpreter_runs_as_the_version_it_is_listed_as(self, interpreter, run):
        result = run(interpreter.command("-c", "import sys; print(*sys.version_info[:3])"))
        assert tuple(map(int, result.stdout.split())) == interpreter.version

    def test_the_command_starts_where_the_interpreter_lives(self, interpreter, limpet, run):
        result = run(interpreter.limpet("--help"))
        assert result.returncode == 0, result.stderr
        assert "run" in result.stdout
