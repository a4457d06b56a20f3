"""The example service is what its README says: the marked leaks grow by the same amount each round, the controls do not."""

import json
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"
sys.path.insert(0, str(EXAMPLES))

import check  # noqa: E402

ROUNDS, VISITS = 5, 130  # visits: no multiple of the batch of audit entries, so that some are always pending


@pytest.fixture(scope="module")
def growth():
    """Bytes per marked line after each round, by tracemalloc (the C library's blocks are counted at malloc and free)."""
    done = subprocess.run(
        [sys.executable, str(HERE / "shop_growth.py"), str(EXAMPLES), str(ROUNDS), str(VISITS)],
        capture_output=True, text=True, timeout=120, check=False,
    )
    assert done.returncode == 0, done.stderr
    return {place: [size for _, size in rows] for place, rows in json.loads(done.stdout).items()}


def places(kind):
    return [f"{file}:{line}" for mark, _, file, line in check.marks(EXAMPLES / "shop") if mark == kind]


def test_four_leaks_and_four_controls_are_planted():
    assert len(places("leak")) == len(places("control")) == 4


@pytest.mark.parametrize("place", places("leak"))
def test_a_leak_grows_steadily(growth, place):
    sizes = growth[place]
    steps = [after - before for before, after in zip([0, *sizes], sizes, strict=False)]
    assert min(steps) > 20_000, steps
    assert max(steps) < 1.5 * min(steps), steps


@pytest.mark.parametrize("place", places("control"))
def test_a_control_stops_growing_after_the_first_round(growth, place):
    first, *others = growth[place]
    assert max(others) <= first + 15_000  # a batch that is still pending is at most 150 entries
    assert others[-1] <= max(others[0], first) + 15_000
