"""How large the steps of boosting are: by rows, numbers and classes, and the same in the last fit."""

import numpy as np
import pytest

from thetastar.recipes.baselines import baselines_for
from thetastar.recipes.boosting import boosting_arguments, steps_of


@pytest.mark.parametrize(
    ("rows", "features", "trees", "two", "steps"),
    [
        (9_999, 10, 1, True, "small"),
        (9_999, 10, 1, False, "small"),
        (9_999, 51, 1, False, "usual"),  # more than half a million numbers
        (9_999, 51, 1, True, "medium"),
        (10_000, 10, 1, True, "medium"),
        (10_000, 10, 1, False, "usual"),
        (6_000, 10, 10, False, "usual"),  # ten trees in each step
        (6_000, 8, 10, False, "small"),
    ],
)
def test_steps_follow_the_table(rows, features, trees, two, steps):
    assert steps_of((rows, features), trees, {}, two_classes=two) == steps


@pytest.mark.parametrize(
    ("rows", "features", "halved", "steps"),
    [
        (9_999, 10, True, "small"),
        (10_000, 10, True, "half"),
        (10_000, 10, False, "usual"),  # within a budget
        (99_999, 30, True, "half"),
        (100_000, 2, True, "usual"),
        (50_000, 60, True, "usual"),  # three million numbers
    ],
)
def test_numbers_of_tables_of_some_size_take_half_steps(rows, features, halved, steps):
    assert steps_of((rows, features), 1, {}, halved=halved) == steps


def test_smaller_steps_are_more_of_them_and_see_some_columns():
    found = [boosting_arguments((20_000, 20), 1, 0, {}, None, steps) for steps in ("usual", "medium", "half", "small")]
    assert [one["learning_rate"] for one in found] == [0.1, 0.07, 0.05, 0.04]
    assert [one["max_iter"] for one in found] == [400, 500, 1_000, 1_000]
    assert "max_features" not in found[0] and found[1]["max_features"] == found[3]["max_features"] == 0.3


def test_the_last_fit_takes_the_steps_that_the_trees_were_counted_in():
    generator = np.random.default_rng(0)
    rows = generator.normal(size=(10_500, 2)).astype(np.float32)
    target = (rows[:, 0] + generator.normal(size=10_500) > 0).astype(np.int64)
    boosting = baselines_for("binary", "auc", 2, 0)[-1]
    _, found = boosting.fit(rows, target, {})
    assert found["steps"] == 1
    few = rows[:500]
    _, kept = boosting.fit(few, target[:500], found)
    assert kept == found  # not small ones, though rows are few
