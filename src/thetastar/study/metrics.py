"""Every score the study knows: one table that drives choosing, testing, `--metric` and the tests.

Truth and prediction have one form each. Regression: real values (n,) and predicted values (n,). Classes: class
indices (n,) and probabilities (n, C), column order as in the target's classes; a binary target's positive class is
index 1. Every function takes row weights, which is what the bootstrap of `intervals.py` needs: a resample is a count
per row, so nothing is gathered or sorted again.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from thetastar.errors import InputError

__all__ = ["METRICS", "Metric", "default_metric", "find_metric", "score_all"]

Rows = np.ndarray


@dataclass(frozen=True)
class Metric:
    """A score: its name, what it says in words, which way is better, for which tasks, and how it is computed."""

    name: str
    words: str
    direction: str
    tasks: tuple[str, ...]
    compute: Callable[[Rows, Rows, Rows], float]

    def __call__(self, truth: Rows, prediction: Rows, weight: Rows | None = None) -> float:
        """The score of `prediction` (n,) or (n, C) against `truth` (n,), each row counted `weight` (n,) times."""
        weight = np.ones(len(truth)) if weight is None else weight
        return float(self.compute(truth, np.asarray(prediction, dtype=np.float64), weight))

    def better(self, left: float, right: float) -> bool:
        """True if the score `left` is strictly better than `right`."""
        return left < right if self.direction == "min" else left > right

    def loss(self, score: float) -> float:
        """The score turned so that smaller is better; what is not a number comes last."""
        value = score if self.direction == "min" else -score
        return value if np.isfinite(value) else float("inf")


def _mean(values: Rows, weight: Rows) -> float:
    return values @ weight / weight.sum()


def _rmse(truth, prediction, weight):
    return np.sqrt(_mean(np.square(prediction - truth), weight))


def _mae(truth, prediction, weight):
    return _mean(np.abs(prediction - truth), weight)


def _r2(truth, prediction, weight):
    """1 - residual / total sum of squares; not a number where the truth does not vary."""
    total = np.square(truth - _mean(truth, weight)) @ weight
    return 1.0 - np.square(prediction - truth) @ weight / total if total > 0 else np.nan


def _accuracy(truth, probability, weight):
    return _mean((probability.argmax(axis=1) == truth).astype(float), weight)


def _log_loss(truth, probability, weight):
    """Mean of -log p(true class); p is kept off zero so that one sure mistake stays finite (36 at most)."""
    chosen = np.take_along_axis(probability, truth[:, None].astype(np.intp), axis=1)[:, 0]
    return _mean(-np.log(np.clip(chosen, 2.2e-16, 1.0)), weight)


def _auc(truth, probability, weight):
    """Area under the ROC curve = P(score of a positive > score of a negative), ties count one half."""
    order = np.argsort(probability[:, 1], kind="stable")
    scores, positive = probability[order, 1], truth[order] == 1
    sorted_weight = weight[order]
    group = np.cumsum(np.r_[True, scores[1:] != scores[:-1]]) - 1
    positives = np.bincount(group, sorted_weight * positive)
    negatives = np.bincount(group, sorted_weight * ~positive)
    pairs = positives.sum() * negatives.sum()
    below = np.cumsum(negatives) - negatives
    return positives @ (below + negatives / 2) / pairs if pairs > 0 else np.nan


def _counts(truth, probability, weight):
    """Per class (C,): hits, rows predicted, rows real."""
    classes = probability.shape[1]
    predicted = probability.argmax(axis=1)
    hits = np.bincount(truth, weight * (predicted == truth), classes)
    return hits, np.bincount(predicted, weight, classes), np.bincount(truth, weight, classes)


def _f1_per_class(truth, probability, weight):
    hits, predicted, real = _counts(truth, probability, weight)
    return 2 * hits / np.maximum(predicted + real, 1e-300), (predicted + real) > 0


def _f1(truth, probability, weight):
    return _f1_per_class(truth, probability, weight)[0][1]


def _macro_f1(truth, probability, weight):
    """Mean of F1 over the classes that appear in the truth or in the prediction."""
    f1, present = _f1_per_class(truth, probability, weight)
    return f1[present].mean()


def _balanced_accuracy(truth, probability, weight):
    """Mean over the classes that are present of the share found (recall)."""
    hits, _, real = _counts(truth, probability, weight)
    return (hits[real > 0] / real[real > 0]).mean()


_BOTH = ("binary", "multiclass")
METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("rmse", "root mean squared error", "min", ("regression",), _rmse),
        Metric("mae", "mean absolute error", "min", ("regression",), _mae),
        Metric("r2", "share of the variance explained", "max", ("regression",), _r2),
        Metric("auc", "area under the ROC curve", "max", ("binary",), _auc),
        Metric("accuracy", "share of rows classified correctly", "max", _BOTH, _accuracy),
        Metric("log_loss", "mean negative log-probability of the true class", "min", _BOTH, _log_loss),
        Metric("f1", "F1 of the positive class", "max", ("binary",), _f1),
        Metric("balanced_accuracy", "mean share found per class", "max", _BOTH, _balanced_accuracy),
        Metric("macro_f1", "mean F1 over the classes", "max", ("multiclass",), _macro_f1),
    )
}

# AUC for two classes: it needs no threshold and does not flatter a majority class, where accuracy does both.
_DEFAULTS = {"regression": "rmse", "binary": "auc", "multiclass": "accuracy"}


def default_metric(task: str) -> Metric:
    """The metric that chooses where none is named: rmse, auc (two classes) or accuracy (more classes)."""
    return METRICS[_DEFAULTS[task]]


def find_metric(name: str | None, task: str) -> Metric:
    """The metric called `name`, or the task's default.

    Raises:
        InputError: there is no such metric, or it does not suit the task.
    """
    if name is None:
        return default_metric(task)
    suited = [metric.name for metric in METRICS.values() if task in metric.tasks]
    if name not in METRICS:
        near = difflib.get_close_matches(name, METRICS, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise InputError(f"metric: there is no metric {name!r}. {hint}For {task}: {', '.join(suited)}.")
    if name not in suited:
        raise InputError(f"metric: {name!r} does not suit a {task} target. Use one of {', '.join(suited)}.")
    return METRICS[name]


def score_all(task: str, truth: Rows, prediction: Rows) -> dict[str, float]:
    """Every metric of the task for one set of rows, by name."""
    return {metric.name: metric(truth, prediction) for metric in METRICS.values() if task in metric.tasks}
