"""How a process ended is told: by itself, also by os._exit, which passes no callback of atexit; by execve; by a signal."""

import json
import subprocess

import interpreters

FORK = """
    import multiprocessing, os, signal, sys, threading
    KEPT = [bytearray(1000) for _ in range(2000)]

    def child(end):
        pid = os.fork()
        if pid == 0:
            KEPT.extend(bytearray(1000) for _ in range(200))
            end()
        os.waitpid(pid, 0)
        print(pid, end.__name__)

    def exits(): os._exit(3)
    def dies(): os.kill(os.getpid(), signal.SIGKILL)
    def returns(): sys.exit(0)
    def executes(): os.execv("/bin/true", ["true"])
    def exits_in_a_thread(): threading.Thread(target=os._exit, args=(0,)).start() or threading.Event().wait()
    def work(): KEPT.append(1)

    if __name__ == "__main__":
        main = os.getpid()
        for end in (exits, dies, exits_in_a_thread, executes):
            child(end)
        process = multiprocessing.get_context("fork").Process(target=work)
        process.start()
        process.join()
        print(process.pid, "multiprocessing")
        try:
            child(returns)
        except SystemExit:
            if os.getpid() != main:
                sys.stdout.flush()
                raise
"""
STATES = {
    "exits": "exited",
    "exits_in_a_thread": "exited",
    "multiprocessing": "exited",
    "dies": "killed",
    "executes": "execed",
    "returns": "finished",
}


def processes(shell, recording):
    report = json.loads(shell("report", recording, "--json").stdout)
    return {process["pid"]: process for process in report["processes"]}


def test_each_end_is_told_as_what_it_was(shell):
    shell.write("ends.py", FORK)
    done = shell.run("-q", "-o", "ends.limpet", "ends.py")
    assert done.returncode == 0 and done.stderr == "", done.stderr
    ends = {int(pid): end for pid, end in map(str.split, done.stdout.decode().splitlines())}
    assert set(ends.values()) == set(STATES)
    found = processes(shell, "ends.limpet")
    assert {end: found[pid]["state"] for pid, end in ends.items()} == STATES
    told = shell("report", "ends.limpet", "-v").stdout.decode()
    assert told.count("exited") == 3 and told.count("killed") == 1, told


def test_how_long_it_lived_is_known_to_the_end(shell):
    """The last allocation may be long ago."""
    done = shell.run("-q", "-o", "x.limpet", "-c", "import os, time; time.sleep(1); os._exit(7)")
    assert done.returncode == 7
    [process] = processes(shell, "x.limpet").values()
    assert process["state"] == "exited" and process["seconds"] >= 1


QUICK = """
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static void last(void) { write(1, "last\\n", 5); }
int main(int count, char** arguments) {
  void* volatile kept = malloc(1000);
  (void)kept;
  (void)count;
  at_quick_exit(last);
  if (!strcmp(arguments[1], "quick")) quick_exit(4);
  if (!strcmp(arguments[1], "child") && vfork() == 0) _exit(0);
  if (!strcmp(arguments[1], "child")) return 4;
  _Exit(4);
}
"""


def test_programs_in_c_too(shell):
    """A child of vfork leaves its parent's recording alone."""
    shell.write("ends.c", QUICK)
    subprocess.run(["gcc", "-w", "-o", "ends", "ends.c"], cwd=shell.folder, check=True)
    for end, state, out in (("quick", "exited", b"last\n"), ("now", "exited", b""), ("child", "finished", b"")):
        done = shell("run", "-q", "-o", f"{end}.limpet", "--", "./ends", end)
        assert done.returncode == 4 and done.stdout == out
        assert [process["state"] for process in processes(shell, f"{end}.limpet").values()] == [state]


def test_a_program_that_records_itself(any_interpreter, run, tmp_path):
    """The agent came late, so os._exit reaches it by the slots that it has filled."""
    package = interpreters.build_folder() / "python"
    code = f"import sys; sys.path.insert(0, {str(package)!r}); import limpet, os; limpet.start('x.limpet'); os._exit(3)"
    done = subprocess.run(any_interpreter.command("-c", code), cwd=tmp_path, timeout=120)
    assert done.returncode == 3
    told = run(any_interpreter.limpet("report", tmp_path / "x.limpet", "--json"))
    assert [process["state"] for process in json.loads(told.stdout)["processes"]] == ["exited"]
