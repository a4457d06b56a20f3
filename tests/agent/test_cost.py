"""What an event costs, in instructions, and a live block, in bytes: counted, not timed, so that the figures can be frozen.

The instructions of a block's life are the slope between two runs that differ only in the number of blocks. The limits are
what was measured, rounded up by a tenth or so: a change that makes the hot path longer has to say so here.
"""

import os
import pathlib
import re
import shutil
import subprocess

import limpet_drive
import limpet_recording
import pytest
from limpet_fixtures import pythons

PROGRAMS = pathlib.Path(__file__).parent / "programs"
FEW, MANY = 2_000, 42_000
VALGRIND = shutil.which("valgrind")
needs_valgrind = pytest.mark.skipif(VALGRIND is None, reason="valgrind is not installed")

# An iteration makes two blocks in the object domain and lets them go: the loop's number and the sum.
LOOP = "import sys\ndef run(n):\n for i in range(1000, 1000 + n): x = i + 100000\nrun(int(sys.argv[1]))\n"
BLOCKS_PER_TURN = 2
# The same below 60 calls: the stack must not be walked anew for each block.
DEEP = LOOP.replace("run(int(sys.argv[1]))", "def down(k):\n return down(k - 1) if k else run(int(sys.argv[1]))\ndown(60)")


def instructions(argv, recording=None):
    environment = dict(os.environ, PYTHONHASHSEED="0")
    if recording:
        recording.mkdir()
        environment |= {"LD_PRELOAD": str(limpet_drive.AGENT), "LIMPET_AGENT": f"1:{recording}:main=1,follow=1"}  # valgrind itself execs
    return counted(argv, environment)


def counted(argv, environment):
    """Instructions of the program's own process: the copy of it that writes the heap at the exit is told of by valgrind as well."""
    words = [VALGRIND, "--tool=callgrind", "--callgrind-out-file=/dev/null", *map(str, argv)]
    with subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        told = process.communicate(timeout=300)[1]
    assert process.returncode == 0, told
    return int(re.search(rf"=={process.pid}== Collected : (\d+)", told)[1])


def added_per_turn(argv, folder):
    """Instructions that the agent adds to one turn of the program's loop."""
    slopes = []
    for traced in (False, True):
        few, many = (instructions([*argv, n], folder / f"r{n}.limpet" if traced else None) for n in (FEW, MANY))
        slopes.append((many - few) / (MANY - FEW))
    return slopes[1] - slopes[0]


def instructions_of_program(program, count, recording, options):
    """As `instructions`, for a program that is no Python: valgrind's own launcher must not take the agent's variable for itself,
    so the dynamic linker is what brings the agent in."""
    recording.mkdir()
    environment = dict(os.environ, LIMPET_AGENT=f"1:{recording}:main=1,follow=1,{options}")
    linker = ["/lib64/ld-linux-x86-64.so.2", "--preload", str(limpet_drive.AGENT)]
    cost = counted([*linker, program, count], environment)
    (process,) = limpet_recording.read_all(recording)
    assert sum(site.amount.births for site in process.sites) >= count, "the program was not traced"
    return cost


@needs_valgrind
@pytest.mark.parametrize("options, most", [("native=0", 320), ("native=1", 950)], ids=["plain", "with-native-stacks"])
def test_instructions_of_a_native_block(options, most, folder):
    program = limpet_drive.compile_c(PROGRAMS / "pairs.c", folder / "pairs")
    few, many = (instructions_of_program(program, n, folder / f"t{n}.limpet", options) for n in (FEW, MANY))
    plain = (instructions([program, MANY]) - instructions([program, FEW])) / (MANY - FEW)
    added = (many - few) / (MANY - FEW) - plain
    assert 150 < added < most, f"malloc and free of a block cost {added:.0f} instructions more"


@needs_valgrind
@pytest.mark.parametrize("program", [LOOP, DEEP], ids=["flat", "deep"])
def test_instructions_of_a_python_block(program, folder):
    python = next((p for p in pythons() if p.version[:2] == (3, 12) and not p.prefix), None)
    if python is None:
        pytest.skip("no 3.12 outside a root")
    script = folder / "loop.py"
    script.write_text(program)
    added = added_per_turn([python.executable, script], folder) / BLOCKS_PER_TURN
    assert 50 < added < 320, f"a block's birth and death cost {added:.0f} instructions more"


@pytest.mark.parametrize("size", [16, 64, 500])
def test_bytes_of_a_live_block(size, one_python, folder):
    """Shadow memory is a quarter of the heap that blocks stand in; all else does not grow with the number of blocks."""
    script = f"kept = [bytearray({size}) for _ in range(200000)]"
    recording = folder / "r.limpet"
    limpet_drive.run([one_python.executable, "-c", script], recording=recording)
    (process,) = limpet_recording.read_all(recording)
    live, own = process.peak_bytes, process.agent_bytes  # the agent gives shadow memory back to nobody, so both are the most there was
    assert 0.15 * live < own < 0.30 * live + (4 << 20), f"{own} bytes for {live} live ones"
