"""Scores of many predictions at once have the very digits of each by itself."""

import numpy as np
import pytest

from thetastar.model.metrics import METRICS, score_all
from thetastar.model.metrics_of_many import score_many, scores_of_many


def rows(task, count, n, draw):
    if task == "regression":
        return draw.normal(size=n) * 7 + 3, draw.normal(size=(count, n)) * 7
    classes = 2 if task == "binary" else 4
    raw = np.exp(draw.normal(size=(count, n, classes)) * 3)
    return draw.integers(0, classes, n), raw / raw.sum(axis=2, keepdims=True)


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize(("count", "n"), [(1, 12), (2, 7), (33, 12), (5, 128), (3, 129), (4, 1_000), (2, 20_001)])
@pytest.mark.parametrize("weighed", [False, True])
def test_many_are_as_each_alone_to_the_bit(task, count, n, weighed):
    draw = np.random.default_rng([count, n])
    truth, predictions = rows(task, count, n, draw)
    weight = draw.random(n) + 0.1 if weighed else None
    alone = [score_all(task, truth, one, weight=weight) for one in predictions]
    together = score_many(task, truth, predictions, weight=weight)
    assert [list(one) for one in together] == [list(one) for one in alone]
    assert np.array_equal(
        [list(one.values()) for one in together], [list(one.values()) for one in alone], equal_nan=True
    )


def test_a_truth_that_does_not_vary_has_no_share_explained():
    found = scores_of_many(METRICS["r2"], np.ones(4), np.zeros((3, 4)))
    assert np.isnan(found).all()


def test_a_score_of_one_s_own_is_asked_for_each():
    from thetastar.model.own_metric import any_metric

    def largest_error(y, prediction):
        return float(np.abs(y - prediction).max())

    own = any_metric(largest_error, "regression", None)
    found = score_many("regression", np.array([1.0, 2.0]), np.array([[1.0, 4.0], [0.5, 2.0]]), own=own)
    assert [one[own.name] for one in found] == [2.0, 0.5]
