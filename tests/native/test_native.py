"""Native programs: every call of the malloc family and of mmap is counted once, to the byte."""

import pathlib

import limpet_drive
import limpet_recording
import pytest
from limpet_recording import FILE_MAP, MALLOC, MAP

HERE = pathlib.Path(__file__).parent


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("native")
    return {
        "calls": limpet_drive.compile_c(HERE / "calls.c", folder / "calls", "-pthread"),
        "calls-static-pie": limpet_drive.compile_c(HERE / "calls.c", folder / "calls-now", "-pthread", "-Wl,-z,now"),
        "calls-no-pie": limpet_drive.compile_c(HERE / "calls.c", folder / "calls-no-pie", "-pthread", "-no-pie"),
        "operators": limpet_drive.compile_c(HERE / "operators.cc", folder / "operators"),
        "maps": limpet_drive.compile_c(HERE / "maps.c", folder / "maps"),
        "loaded": limpet_drive.compile_c(HERE / "loaded.c", folder / "libloaded.so", "-shared", "-fPIC"),
    }


def domain_counts(recording):
    (process,) = limpet_recording.read_all(recording)
    process.check()
    by_domain = process.by_domain()
    mapped = by_domain[MAP]
    mapped.add(by_domain[FILE_MAP])
    counts = []
    for amount in (by_domain[MALLOC], mapped):
        counts += [amount.births, amount.birth_bytes, amount.deaths, amount.death_bytes]
    return counts


@pytest.mark.parametrize("program", ["calls", "calls-static-pie", "calls-no-pie", "operators", "maps"])
def test_every_phase_is_counted_to_the_byte(program, programs, folder):
    recording = folder / "r.limpet"
    environment = {"LOADED_LIBRARY": str(programs["loaded"])}
    wrong = []
    before = None
    with limpet_drive.paused([str(programs[program])], recording=recording, environment=environment) as ask:
        line = ask()
        while True:
            _, name, *expected = line.split()
            now = domain_counts(recording)
            if before is not None and name not in ("warm-up", "loaded"):
                seen = [a - b for a, b in zip(now, before)]
                if seen != list(map(int, expected)):
                    wrong.append(f"{name}: expected {expected}, limpet {seen}")
            before = now
            if name in ("mixed", "growth"):
                break
            line = ask("next")
    assert not wrong, "\n".join(wrong)
    (process,) = limpet_recording.read_all(recording)
    assert process.program == 2, "the program is not Python, and limpet should know it"
