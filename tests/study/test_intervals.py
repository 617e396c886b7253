"""Intervals hold what they promise: exact values, slow references, and coverage by counting."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmarks.coverage import area_of, coverage
from thetastar.model.metrics import METRICS
from thetastar.study.intervals import difference_interval, score_interval, score_intervals

ACCURACY, AUC, RMSE = METRICS["accuracy"], METRICS["auc"], METRICS["rmse"]


def shares(hits, rows):
    """A truth of zeros and predictions of which so many are right."""
    return np.zeros(rows, dtype=int), np.eye(2)[(np.arange(rows) >= hits).astype(int)]


@pytest.mark.parametrize(("hits", "rows"), [(0, 20), (1, 20), (17, 20), (20, 20), (299, 300), (7, 7)])
def test_a_share_has_the_exact_interval(hits, rows):
    expected = stats.binomtest(hits, rows).proportion_ci(0.95, "exact")
    assert score_interval(ACCURACY, *shares(hits, rows), seed=0) == pytest.approx(tuple(expected), abs=1e-9)


@pytest.mark.parametrize("rows", [20, 60, 300])
def test_the_interval_of_a_share_holds_the_truth_at_least_as_often_as_it_says(rows):
    """Not drawn but counted: every number of hits with its probability, so no draw can flatter it."""
    ends = np.array([score_interval(ACCURACY, *shares(hits, rows), seed=0) for hits in range(rows + 1)])
    for true in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99):
        held = (ends[:, 0] <= true) & (true <= ends[:, 1])
        assert stats.binom.pmf(np.arange(rows + 1), rows, true)[held].sum() >= 0.945


@pytest.mark.parametrize(
    ("rows", "true", "spread", "least"),
    [(20, 0.7, 1.0, 0.90), (20, 0.97, 0.3, 0.90), (60, 0.8, 3.0, 0.93), (60, 0.95, 1.0, 0.93)],
)
def test_the_interval_of_an_auc_holds_the_truth(rows, true, spread, least):
    assert coverage("auc", area_of(rows, true, 0.4, spread), true, draws=4000) >= least


def test_placements_give_delongs_variance():
    """Where it is the wider one, the interval is DeLong's on the log odds, here from all pairs."""
    generator = np.random.default_rng(3)
    truth = (np.arange(400) % 5 == 0).astype(int)
    score = np.round(np.where(truth == 1, 2.0 + 3 * generator.normal(size=400), generator.normal(size=400)), 1)
    pairs = (score[truth == 1][:, None] > score[truth == 0]) + 0.5 * (score[truth == 1][:, None] == score[truth == 0])
    area = pairs.mean()
    error = np.sqrt(pairs.mean(1).var(ddof=1) / len(pairs) + pairs.mean(0).var(ddof=1) / pairs.shape[1])
    ends = np.log(area / (1 - area)) + np.array([-1, 1]) * 1.959964 * error / (area * (1 - area))
    found = score_interval(AUC, truth, np.stack([-score, score], axis=1), seed=0)
    assert found == pytest.approx(1 / (1 + np.exp(-ends)), abs=1e-6)


def test_a_perfect_auc_is_not_certain():
    truth = np.repeat([0, 1], 12)
    low, high = score_interval(AUC, truth, np.eye(2)[truth], seed=0)
    assert 0.8 < low < 0.9 and high == 1.0


@given(st.integers(4, 60), st.integers(2, 4), st.integers(0, 2**31))
def test_no_score_of_a_perfect_prediction_has_an_interval_without_width(rows, classes, seed):
    truth = np.random.default_rng(seed).integers(0, classes, rows)
    truth[:classes] = np.arange(classes)
    task = "binary" if classes == 2 else "multiclass"
    for name, interval in score_intervals(task, truth, np.eye(classes)[truth] * 0.9 + 0.05, seed=0).items():
        if name == "log_loss":  # all rows have the same loss, so the mean is known as well as the rows tell
            continue
        assert interval[0] < interval[1] <= 1.0, name


@pytest.mark.parametrize("name", ["auc", "accuracy", "f1", "balanced_accuracy"])
def test_the_difference_of_two_perfect_predictions_is_not_certain(name):
    truth = np.repeat([0, 1], 12)
    sure, less_sure = np.eye(2)[truth], np.eye(2)[truth] * 0.8 + 0.1
    low, high = difference_interval(METRICS[name], truth, sure, less_sure, seed=0)
    assert low < 0 < high


def test_bca_agrees_with_scipys():
    generator = np.random.default_rng(5)
    truth = generator.normal(size=80)
    prediction = truth + 0.5 * generator.standard_t(4, size=80)
    found = score_interval(METRICS["r2"], truth, prediction, seed=0)

    def r2(real, predicted):
        return 1 - np.square(real - predicted).sum() / np.square(real - real.mean()).sum()

    expected = stats.bootstrap(
        (truth, prediction), r2, paired=True, vectorized=False, n_resamples=4000, method="BCa", rng=generator
    ).confidence_interval
    assert found == pytest.approx(tuple(expected), abs=0.03)


def test_a_mean_loss_is_judged_on_the_logarithm():
    """So the ends of an RMSE are as many times below as above it, and never below zero."""
    generator = np.random.default_rng(1)
    truth = np.zeros(12)
    prediction = generator.standard_t(2, size=12)
    low, high = score_interval(RMSE, truth, prediction, seed=0)
    assert 0 < low and low * high == pytest.approx(np.mean(np.square(prediction)))


def test_rows_that_allow_no_interval_have_none():
    assert score_interval(RMSE, np.zeros(5), np.zeros(5), seed=0) is None  # no error was seen: of what size, who knows
    assert score_interval(RMSE, np.zeros(1), np.ones(1), seed=0) is None
    assert score_interval(METRICS["f1"], np.zeros(5, dtype=int), np.eye(2)[np.zeros(5, dtype=int)], seed=0) is None
