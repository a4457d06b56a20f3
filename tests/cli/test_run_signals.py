"""Signals, the terminal and sudden ends: the program lives and dies as it would without limpet."""

import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

WAITS = """
    import signal, sys, time
    def got(number, frame):
        print("got", signal.Signals(number).name, flush=True)
        if number in (signal.SIGTERM, signal.SIGINT):
            sys.exit(7)
    for name in ("SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT"):
        signal.signal(getattr(signal, name), got)
    print("ready", flush=True)
    for _ in range(600):
        time.sleep(0.1)
"""


def read_until(stream, text, timeout=30):
    data = b""
    deadline = time.monotonic() + timeout
    while text not in data:
        ready, _, _ = select.select([stream], [], [], max(0, deadline - time.monotonic()))
        assert ready, f"waited for {text!r}, got {data!r}"
        chunk = os.read(stream if isinstance(stream, int) else stream.fileno(), 4096)
        assert chunk, f"ended before {text!r}: {data!r}"
        data += chunk
    return data


@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR1", "SIGUSR2", "SIGQUIT"])
def test_signal_sent_to_limpet_reaches_the_program(shell, name):
    shell.write("waits.py", WAITS)
    child = shell.start("run", "-q", "--python", shell.python, "waits.py")
    read_until(child.stdout, b"ready")
    child.send_signal(getattr(signal, name))
    read_until(child.stdout, f"got {name}".encode())
    child.terminate()
    out, err = child.communicate(timeout=30)
    assert b"got SIGTERM" in out and child.returncode == 7 and err == b""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_program_chooses_its_exit_status_on(shell, name):
    shell.write("waits.py", WAITS)
    child = shell.start("run", "-o", "x.limpet", "--python", shell.python, "waits.py")
    read_until(child.stdout, b"ready")
    child.send_signal(getattr(signal, name))
    _out, err = child.communicate(timeout=30)
    assert child.returncode == 7
    assert b"recording: x.limpet" in err


def test_unhandled_sigterm_ends_both_by_that_signal(shell):
    child = shell.start("run", "-q", "--python", shell.python, "-c", "import time; print('ready', flush=True); time.sleep(60)")
    read_until(child.stdout, b"ready")
    child.terminate()
    child.communicate(timeout=30)
    assert child.returncode == -signal.SIGTERM


@pytest.mark.parametrize("name", ["SIGKILL", "SIGSEGV", "SIGABRT", "SIGTERM", "SIGPIPE"])
def test_program_that_dies_of_a_signal(shell, name):
    code = f"import os, signal; x = [bytearray(100) for _ in range(10000)]; os.kill(os.getpid(), signal.{name})"
    if name == "SIGPIPE":  # Python ignores it
        code = "import signal; signal.signal(signal.SIGPIPE, signal.SIG_DFL); " + code
    result = shell.run("-o", "x.limpet", "-c", code)
    assert result.returncode == -getattr(signal, name)
    assert "recording: x.limpet" in result.stderr
    assert not [p for p in shell.folder.iterdir() if p.name.startswith("core")]


def test_killed_limpet_leaves_program_and_recording_alone(shell):
    shell.write("goes_on.py", "import time\nprint('ready', flush=True)\ntime.sleep(1)\nopen('done', 'w').close()")
    child = shell.start("run", "-q", "-o", "x.limpet", "--python", shell.python, "goes_on.py")
    read_until(child.stdout, b"ready")
    child.kill()
    child.wait(timeout=30)
    for _ in range(100):
        if (shell.folder / "done").exists():
            break
        time.sleep(0.1)
    assert (shell.folder / "done").exists()
    time.sleep(0.5)
    assert shell("report", "x.limpet").returncode == 0


class Terminal:
    """A program in the foreground of a terminal of its own."""

    def __init__(self, argv, folder, environment):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests in the background ignores it
            os.chdir(folder)
            os.execve(argv[0], argv, environment)
        self.seen = b""

    def expect(self, text, timeout=30):
        self.seen += read_until(self.fd, text, timeout)

    def type(self, data):
        os.write(self.fd, data)

    def wait(self, timeout=30):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            ready, _, _ = select.select([self.fd], [], [], 0.1)
            if ready:
                try:
                    self.seen += os.read(self.fd, 4096)
                except OSError:
                    pass
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                return status
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError(f"did not end: {self.seen!r}")


@pytest.fixture
def terminal(shell):
    opened = []

    def open_terminal(*arguments, env=None):
        environment = shell.environment | {"TERM": "xterm"} | (env or {})
        opened.append(Terminal([shell.limpet, *map(str, arguments)], shell.folder, environment))
        return opened[-1]

    yield open_terminal
    for one in opened:
        os.close(one.fd)


def test_ctrl_c_reaches_the_program_once(shell, terminal):
    shell.write("count.py", "import time\nn = 0\nwhile n < 2:\n  try:\n    if n == 0: print('ready', flush=True)\n"
                            "    time.sleep(1.5 if n else 30)\n    break\n"
                            "  except KeyboardInterrupt:\n    n += 1\nprint('interrupts:', n, flush=True)")
    tty = terminal("run", "-o", "x.limpet", "--python", shell.python, "count.py")
    tty.expect(b"ready")
    tty.type(b"\x03")
    status = tty.wait()
    assert os.waitstatus_to_exitcode(status) == 0
    assert b"interrupts: 1" in tty.seen and b"recording: x.limpet" in tty.seen


def test_ctrl_c_unhandled_ends_both_by_sigint(shell, terminal):
    tty = terminal("run", "-q", "--python", shell.python, "-c",
                   "import signal, time; signal.signal(2, signal.SIG_DFL); print('ready', flush=True); time.sleep(60)")
    tty.expect(b"ready")
    tty.type(b"\x03")
    assert os.waitstatus_to_exitcode(tty.wait()) == -signal.SIGINT


def test_ctrl_z_stops_and_fg_continues(shell, terminal):
    """The job as a whole stops, so that a shell would show its prompt, and goes on as a whole."""
    shell.write("slow.py", "import time\nprint('ready', flush=True)\nfor i in range(20): time.sleep(0.1)\nprint('end', flush=True)")
    line = f"set -m; '{shell.limpet}' run -q --python '{shell.python}' slow.py; echo stopped; fg; echo status $?"
    pid, fd = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # whoever runs the tests in the background ignores it
        os.chdir(shell.folder)
        os.execve("/bin/bash", ["bash", "--norc", "-c", line], shell.environment)
    read_until(fd, b"ready")
    os.write(fd, b"\x1a")
    read_until(fd, b"stopped", 10)
    data = read_until(fd, b"status 0", 20)
    assert b"end" in data
    os.close(fd)
    os.waitpid(pid, 0)


@pytest.mark.parametrize("name", ["SIGSTOP", "SIGTSTP"])
def test_stopped_program_is_waited_for_where_no_shell_would_continue_it(shell, name):
    shell.write("stops.py", f"import os, signal\nprint(os.getpid(), flush=True)\nos.kill(os.getpid(), signal.{name})\nprint('on')")
    # In a session without a terminal, and in a process group that has a parent there: in an orphaned group (as CI may
    # start this) the kernel drops SIGTSTP.
    parent = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:], process_group=0).returncode)"
    argv = [sys.executable, "-c", parent, shell.limpet, "run", "-q", "--python", shell.python, "stops.py"]
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=shell.folder,
                             env=shell.environment, start_new_session=True)
    pid = int(child.stdout.readline())
    state = ""
    for _ in range(100):
        state = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()[0]
        if state == "T":
            break
        time.sleep(0.05)
    assert state == "T"
    os.kill(pid, signal.SIGCONT)
    out, _err = child.communicate(timeout=30)
    assert out == b"on\n" and child.returncode == 0


def test_program_has_the_terminal(shell, terminal):
    code = "import os, sys; print(os.isatty(0), os.isatty(1), os.isatty(2), os.tcgetpgrp(0) == os.getpgid(0), input())"
    tty = terminal("run", "-q", "--python", shell.python, "-c", code)
    tty.type(b"typed\n")
    tty.wait()
    assert b"True True True True typed" in tty.seen


@pytest.mark.parametrize("variable, coloured", [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)])
def test_colour_only_on_a_terminal_that_wants_it(shell, leak, terminal, variable, coloured):
    tty = terminal("run", "-o", "x.limpet", "--python", shell.python, "leak.py", env=variable)
    tty.wait()
    assert (b"\033[" in tty.seen) == coloured


def test_live_line_is_one_line_that_goes_away(shell, terminal):
    code = "import time\nkept = []\nfor i in range(35):\n    kept.append(bytearray(100000)); time.sleep(0.1)"
    tty = terminal("run", "-q", "--live", "--python", shell.python, "-c", code)
    tty.wait()
    assert b"live " in tty.seen and b"\n" not in tty.seen.strip()
    assert tty.seen.endswith(b"\r\033[K")


def test_live_needs_a_terminal(shell):
    result = shell.run("-q", "--live", "-c", "pass")
    assert result.returncode == 0 and "no terminal" in result.stderr


def test_background_jobs_of_the_program_do_not_hold_limpet(shell):
    """A daemon that outlives the program keeps neither limpet nor its exit status."""
    code = "import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(3); os._exit(0)"
    start = time.monotonic()
    child = shell.start("run", "-q", "--python", shell.python, "-c", code, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert child.wait(timeout=30) == 0
    assert time.monotonic() - start < 2.9
