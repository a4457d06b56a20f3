"""`limpet.leaks()` in a program that sleeps nearly all the time: its own work is not the program's, and a few rounds prove nothing."""

import pytest


def answers(done):
    return [line.split(" | ") for line in done.stdout.splitlines()]


@pytest.mark.parametrize("imports", ["imports", "plain"])
def test_a_few_rounds_are_too_little_and_it_says_what_would_decide(interpreter, run_program, imports):
    for verdict, explanation in answers(run_program(interpreter, "sleeps", "5", imports)):
        assert verdict == "inconclusive" and "let it work longer" in explanation, explanation


def test_what_it_keeps_in_many_rounds_is_no_end_of_growth(interpreter, run_program):
    told = answers(run_program(interpreter, "sleeps", "80", "plain"))
    assert len(told) == 2 and "no-leak" not in [verdict for verdict, _ in told], told
