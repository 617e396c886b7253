"""Every metric against scikit-learn's, with and without weights, and the rules around the table."""

import numpy as np
import pytest
from sklearn import metrics as sk

from thetastar.errors import InputError
from thetastar.model.metrics import METRICS, default_metric, find_metric, score_all
from thetastar.study.intervals import difference_interval, score_intervals

LABELS = {"binary": 2, "multiclass": 4}
LEVELS = (0.2, 0.7)
SEVERAL = {
    "multioutput": ("r2", "scaled_rmse", "scaled_mae"),
    "multilabel": ("macro_auc", "micro_auc", "log_loss", "macro_f1", "micro_f1", "subset_accuracy"),
}


def asked(name, task):
    """The metric as a study of that task asks for it."""
    named = {"quantiles": f"quantiles({LEVELS[0]}, {LEVELS[1]})"} | {kind: f"{kind}(3)" for kind in SEVERAL}
    return find_metric(name, named.get(task, task))


def example(task, rows=300, seed=0):
    generator = np.random.default_rng(seed)
    if task == "regression":
        truth = generator.normal(size=rows)
        return truth, truth + generator.normal(scale=0.5, size=rows)
    if task == "multioutput":
        truth = generator.normal(size=(rows, 3)) * [1.0, 100.0, 0.01]
        return truth, truth + generator.normal(scale=0.5, size=(rows, 3)) * [1.0, 100.0, 0.01]
    if task == "multilabel":
        truth = (generator.random((rows, 3)) < [0.5, 0.2, 0.05]).astype(int)
        return truth, np.clip(0.4 * truth + 0.6 * generator.random((rows, 3)).round(2), 1e-3, 1 - 1e-3)
    if task == "quantiles":
        truth = generator.normal(size=rows)
        return truth, truth[:, None] + np.array([-0.5, 0.5]) + generator.normal(scale=0.5, size=(rows, 1))
    classes = LABELS[task]
    truth = generator.integers(0, classes, rows)
    logits = generator.normal(size=(rows, classes)).round(1) + 1.5 * np.eye(classes)[truth]
    probability = np.exp(logits)
    return truth, probability / probability.sum(axis=1, keepdims=True)


def oracle_of_several(name, truth, prediction, weight):
    """scikit-learn's, whose averages are over targets; a spread is the deviation of the truth by the same weights."""
    named, columns = prediction > 0.5, range(truth.shape[1])
    spread = np.sqrt(np.diag(np.cov(truth.T, aweights=np.ones(len(truth)) if weight is None else weight, bias=True)))
    kept = {"sample_weight": weight}
    return {
        "r2": lambda: sk.r2_score(truth, prediction, **kept),
        "scaled_rmse": lambda: np.mean(
            sk.root_mean_squared_error(truth, prediction, multioutput="raw_values", **kept) / spread
        ),
        "scaled_mae": lambda: np.mean(
            sk.mean_absolute_error(truth, prediction, multioutput="raw_values", **kept) / spread
        ),
        "macro_auc": lambda: sk.roc_auc_score(truth, prediction, average="macro", **kept),
        "micro_auc": lambda: sk.roc_auc_score(truth, prediction, average="micro", **kept),
        "log_loss": lambda: np.mean([sk.log_loss(truth[:, k], prediction[:, k], **kept) for k in columns]),
        "macro_f1": lambda: sk.f1_score(truth, named, average="macro", **kept),
        "micro_f1": lambda: sk.f1_score(truth, named, average="micro", **kept),
        "subset_accuracy": lambda: sk.accuracy_score(truth, named, **kept),
    }[name]()


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
@pytest.mark.parametrize(
    ("name", "task"),
    [(m.name, task) for m in METRICS.values() for task in m.tasks if task not in SEVERAL]
    + [(name, task) for task, names in SEVERAL.items() for name in names],
)
def test_equals_scikit_learn(name, task, weighted):
    truth, prediction = example(task)
    weight = np.random.default_rng(1).integers(0, 4, len(truth)).astype(float) if weighted else None
    found = asked(name, task)(truth, prediction, weight)
    expected = (oracle_of_several if task in SEVERAL else oracle)(name, truth, prediction, weight)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", METRICS)
def test_perfect_beats_good(name):
    task = METRICS[name].tasks[0]
    metric = asked(name, task)
    truth, prediction = example(task)
    perfect = np.eye(LABELS[task])[truth] if task in LABELS else truth
    assert metric.better(metric(truth, perfect), metric(truth, prediction))
    assert metric.loss(metric(truth, perfect)) < metric.loss(metric(truth, prediction)) < metric.loss(float("nan"))


def test_a_target_without_a_score_is_left_out_of_the_mean():
    truth, prediction = example("multilabel")
    alone = asked("macro_auc", "multilabel")(truth[:, :2], prediction[:, :2])
    truth[:, 2] = 0  # a label that no row has
    assert asked("macro_auc", "multilabel")(truth, prediction) == pytest.approx(alone)
    numbers, said = example("multioutput")
    numbers[:, 0] = 7.0  # a number that does not vary
    assert asked("r2", "multioutput")(numbers, said) == pytest.approx(sk.r2_score(numbers[:, 1:], said[:, 1:]))
    assert np.isnan(asked("macro_auc", "multilabel")(np.zeros((5, 3), int), np.full((5, 3), 0.5)))


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
