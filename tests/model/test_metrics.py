"""Every metric against scikit-learn's, with and without weights, and the rules around the table."""

import numpy as np
import pytest
from sklearn import metrics as sk

from thetastar.errors import InputError
from thetastar.model.metrics import METRICS, default_metric, find_metric, score_all
from thetastar.study.intervals import difference_interval, score_intervals

LABELS = {"binary": 2, "multiclass": 4}
LEVELS = (0.2, 0.7)


def asked(name, task):
    """The metric as a study of that task asks for it."""
    return find_metric(name, f"quantiles({LEVELS[0]}, {LEVELS[1]})" if task == "quantiles" else task)


def example(task, rows=300, seed=0):
    generator = np.random.default_rng(seed)
    if task == "regression":
        truth = generator.normal(size=rows)
        return truth, truth + generator.normal(scale=0.5, size=rows)
    if task == "quantiles":
        truth = generator.normal(size=rows)
        return truth, truth[:, None] + np.array([-0.5, 0.5]) + generator.normal(scale=0.5, size=(rows, 1))
    classes = LABELS[task]
    truth = generator.integers(0, classes, rows)
    logits = generator.normal(size=(rows, classes)).round(1) + 1.5 * np.eye(classes)[truth]
    probability = np.exp(logits)
    return truth, probability / probability.sum(axis=1, keepdims=True)


def oracle(name, truth, prediction, weight):
    hard = prediction.argmax(axis=1) if prediction.ndim == 2 else None
    return {
        "rmse": lambda: np.sqrt(sk.mean_squared_error(truth, prediction, sample_weight=weight)),
        "mae": lambda: sk.mean_absolute_error(truth, prediction, sample_weight=weight),
        "r2": lambda: sk.r2_score(truth, prediction, sample_weight=weight),
        "auc": lambda: sk.roc_auc_score(truth, prediction[:, 1], sample_weight=weight),
        "accuracy": lambda: sk.accuracy_score(truth, hard, sample_weight=weight),
        "log_loss": lambda: sk.log_loss(truth, prediction, sample_weight=weight),
        "f1": lambda: sk.f1_score(truth, hard, sample_weight=weight),
        "balanced_accuracy": lambda: sk.balanced_accuracy_score(truth, hard, sample_weight=weight),
        "pinball": lambda: np.mean(
            [
                sk.mean_pinball_loss(truth, prediction[:, k], alpha=level, sample_weight=weight)
                for k, level in enumerate(LEVELS)
            ]
        ),
        "macro_f1": lambda: sk.f1_score(truth, hard, average="macro", sample_weight=weight),
    }[name]()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("name", "task"), [(m.name, task) for m in METRICS.values() for task in m.tasks])
def test_equals_scikit_learn(name, task, weighted):
    truth, prediction = example(task)
    weight = np.random.default_rng(1).integers(0, 4, len(truth)).astype(float) if weighted else None
    found = asked(name, task)(truth, prediction, weight)
    assert found == pytest.approx(oracle(name, truth, prediction, weight), rel=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_perfect_beats_good(name):
    task = METRICS[name].tasks[0]
    metric = asked(name, task)
    truth, prediction = example(task)
    perfect = truth if task in ("regression", "quantiles") else np.eye(LABELS[task])[truth]
    assert metric.better(metric(truth, perfect), metric(truth, prediction))
    assert metric.loss(metric(truth, perfect)) < metric.loss(metric(truth, prediction)) < metric.loss(float("nan"))


def test_undefined_scores_are_not_numbers():
    one_class, probability = np.zeros(5, dtype=int), np.tile([0.5, 0.5], (5, 1))
    assert np.isnan(METRICS["auc"](one_class, probability))
    assert np.isnan(METRICS["r2"](np.ones(5), np.ones(5)))


def test_a_sure_mistake_costs_a_finite_log_loss():
    assert METRICS["log_loss"](np.array([0]), np.array([[0.0, 1.0]])) == pytest.approx(36.05, abs=0.01)


def test_defaults():
    chosen = {task: default_metric(task).name for task in ("regression", "binary", "multiclass")}
    assert chosen == {"regression": "rmse", "binary": "auc", "multiclass": "accuracy"}
    assert find_metric(None, "binary").name == "auc"
    assert set(score_all("regression", *example("regression"))) == {"rmse", "mae", "r2"}


def test_unknown_metric_names_the_nearest():
    with pytest.raises(InputError, match=r"there is no metric 'acuracy'. Did you mean 'accuracy'\? For binary: auc, "):
        find_metric("acuracy", "binary")


def test_unsuited_metric_names_those_that_suit():
    with pytest.raises(InputError, match=r"'rmse' does not suit a binary target. Use one of auc, accuracy"):
        find_metric("rmse", "binary")


def test_intervals_hold_the_score_and_narrow_with_rows():
    widths = []
    for rows in (200, 5_000):
        truth, prediction = example("binary", rows)
        intervals = score_intervals("binary", truth, prediction, seed=0)
        for name, value in score_all("binary", truth, prediction).items():
            low, high = intervals[name]
            assert low < value < high
        widths.append(intervals["accuracy"][1] - intervals["accuracy"][0])
    assert widths[1] < widths[0] / 3
    assert widths[1] == pytest.approx(2 * 1.96 * np.sqrt(0.82 * 0.18 / 5_000), rel=0.3)


def test_difference_interval_is_paired():
    truth, prediction = example("regression", 500)
    same = difference_interval(METRICS["rmse"], truth, prediction, prediction, seed=0)
    assert same == [0.0, 0.0]
    low, high = difference_interval(METRICS["rmse"], truth, prediction, prediction + 0.5, seed=0)
    assert high < 0 and low < high


def test_interval_is_none_where_draws_have_no_score():
    truth, probability = np.array([0, 0, 0]), np.tile([0.6, 0.4], (3, 1))
    assert score_intervals("binary", truth, probability, seed=0)["auc"] is None
