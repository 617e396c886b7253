"""The plan: it fits the effort, says what it leaves out, and does not look at the clock."""

import pytest

from thetastar.recipes import Candidate, default_candidates
from thetastar.study.plan import Shape, core_seconds_within, default_effort, epochs_for, make_plan, run_cost

SHAPES = {
    "small": Shape(10, 1, 740, 185, 5, 8),
    "middle": Shape(16, 26, 16_000, 2_000, 1, 16),
    "large": Shape(100, 1, 400_000, 50_000, 1, 25),
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_default_plans_fit_the_default_effort(shape):
    effort = default_effort(shape.train_rows + shape.validation_rows)
    plan = make_plan(default_candidates("binary", 20), shape, 3, effort, given=False)
    assert plan.cost <= effort and len(plan.candidates) >= 3
    assert set(plan.candidates) | set(plan.left_out) == set(default_candidates("binary", 20))
    assert plan.rounds[-1].starts == 3


def test_much_effort_means_one_round_of_full_runs():
    plan = make_plan(default_candidates("binary"), SHAPES["middle"], 3, 1e6, given=False)
    assert len(plan.rounds) == 1 and plan.rounds[0].keep == 9 and not plan.left_out
    assert plan.rounds[0].epochs == epochs_for(16_000) and plan.rows == plan.all_rows == 16_000


def test_less_effort_means_two_rounds_then_fewer_candidates_then_fewer_rows():
    shape, candidates = SHAPES["large"], default_candidates("binary", 20)
    plans = [make_plan(candidates, shape, 3, effort, given=False) for effort in (2_000, 300, 60, 2)]
    costs = [plan.cost for plan in plans]
    assert costs == sorted(costs, reverse=True)
    assert [len(plan.left_out) for plan in plans] == sorted(len(plan.left_out) for plan in plans)
    assert not plans[0].left_out and plans[2].left_out and plans[2].rows == shape.train_rows
    assert plans[3].rows < shape.train_rows
    some = make_plan(candidates, SHAPES["middle"], 3, 50.0, given=False)
    assert len(some.rounds) == 2 and not some.left_out and some.rounds[0].epochs < some.rounds[1].epochs


def test_given_candidates_are_never_left_out():
    wide = (Candidate(hidden=(2_000, 2_000)), Candidate(hidden=(1_000,)), Candidate(), Candidate(hidden=(3_000,)))
    plan = make_plan(wide, SHAPES["large"], 3, 1.0, given=True)
    assert plan.candidates == wide and not plan.left_out


def test_the_plan_does_not_depend_on_the_clock():
    plans = [make_plan(default_candidates("binary"), SHAPES["middle"], 3, 20.0, given=False) for _ in range(3)]
    assert plans[0] == plans[1] == plans[2]


def test_cost_grows_with_everything():
    base = run_cost(Candidate(hidden=(32,)), SHAPES["small"], 740, 64, 10)
    assert run_cost(Candidate(hidden=(64,)), SHAPES["small"], 740, 64, 10) > base
    assert run_cost(Candidate(hidden=(32,), pieces=20), SHAPES["small"], 740, 64, 10) > base
    assert run_cost(Candidate(hidden=(32,)), SHAPES["small"], 740, 8, 10) > base
    assert run_cost(Candidate(hidden=(32,), epochs=99), SHAPES["small"], 740, 64, 10) > base


def test_epochs_fall_with_rows():
    assert [epochs_for(rows) for rows in (100, 20_000, 10**7)] == [150, 40, 12]


def test_effort_within_seconds_is_positive_and_short():
    few, many = core_seconds_within(0.1, 1), core_seconds_within(100.0, 1)
    assert 0 < few < many and float(f"{many:.2g}") == many
