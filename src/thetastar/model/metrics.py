"""Every score the study knows: one table that drives choosing, testing, `--metric` and the tests.

Truth and prediction have one form each. Regression: real values (n,) and predicted values (n,). Classes: class
indices (n,) and probabilities (n, C), column order as in the target's classes; a binary target's positive class is
index 1. Several targets: (n, K) both, as `metrics_several.py` says. Every function takes row weights, which is what the
bootstrap of `intervals.py` needs: a resample is a count per row, so nothing is gathered or sorted again.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from thetastar.data.task import find_task
from thetastar.errors import InputError
from thetastar.model.metrics_several import FORMULAS, flattened, mean_of_targets, of_labels

__all__ = [
    "METRICS", "Metric", "Thresholds", "brier", "default_metric", "find_metric", "judged", "metrics_of", "named",
    "score_all",
]  # fmt: skip

Rows = np.ndarray[Any, Any]
Weighed = Callable[[Rows], float]  # a score as a function of the weights of the rows
Thresholds = float | tuple[float, ...] | None
"""From which probability on the second of two classes is named, or each of several labels; None: the likelier one."""


@dataclass(frozen=True)
class Metric:
    """A score: its name, what it says in words, which way is better, for which tasks, and how it is computed."""

    name: str
    words: str
    direction: Literal["min", "max"]
    tasks: tuple[str, ...]
    formula: Callable[[Rows, Rows], Weighed]
    least: float = 0.0  # no score is lower …
    most: float = math.inf  # … or higher than these
    in_target_unit: bool = False
    of_labels: bool = False  # it sees which class is named, and no probability
    draws: int = 1000  # resamples for an interval, at most; fewer where a call is slow
    weighs: bool = True  # rows may count by any weights; a user's own function has to take sample_weight for that

    def __call__(self, truth: Rows, prediction: Rows, weight: Rows | None = None) -> float:
        """The score of `prediction` (n,) or (n, C) against `truth` (n,), each row counted `weight` (n,) times."""
        return self.bound(truth, prediction)(np.ones(len(truth)) if weight is None else weight)

    def bound(self, truth: Rows, prediction: Rows) -> Weighed:
        """The score as a function of the weights (n,); what does not depend on them is done once."""
        score = self.formula(truth, np.asarray(prediction, dtype=np.float64))
        return lambda weight: float(score(weight))

    def better(self, left: float, right: float) -> bool:
        """True if the score `left` is strictly better than `right`."""
        return left < right if self.direction == "min" else left > right

    def loss(self, score: float) -> float:
        """The score turned so that smaller is better; what is not a number comes last."""
        value = score if self.direction == "min" else -score
        return value if np.isfinite(value) else float("inf")


def _dot(left: Rows, right: Rows) -> float:
    """The inner product without BLAS, whose threads spin on busy cores and change the last bits with their number."""
    return np.sum(left * right)


def _mean(values: Rows, weight: Rows) -> float:
    return _dot(values, weight) / weight.sum()


def _rmse(truth: Rows, prediction: Rows) -> Weighed:
    squares = np.square(prediction - truth)
    return lambda weight: np.sqrt(_mean(squares, weight))


def _mae(truth: Rows, prediction: Rows) -> Weighed:
    sizes = np.abs(prediction - truth)
    return lambda weight: _mean(sizes, weight)


def _r2(truth: Rows, prediction: Rows) -> Weighed:
    """1 - residual / total sum of squares; not a number where the truth does not vary."""
    squares = np.square(prediction - truth)

    def score(weight: Rows) -> float:
        total = _dot(np.square(truth - _mean(truth, weight)), weight)
        return 1.0 - _dot(squares, weight) / total if total > 0 else np.nan

    return score


def _accuracy(truth: Rows, probability: Rows) -> Weighed:
    hits = (probability.argmax(axis=1) == truth).astype(float)
    return lambda weight: _mean(hits, weight)


def _log_loss(truth: Rows, probability: Rows) -> Weighed:
    """Mean of -log p(true class); p is kept off zero so that one sure mistake stays finite (36 at most)."""
    chosen = np.take_along_axis(probability, truth[:, None].astype(np.intp), axis=1)[:, 0]
    surprise = -np.log(np.clip(chosen, 2.2e-16, 1.0))
    return lambda weight: _mean(surprise, weight)


def _auc(truth: Rows, probability: Rows) -> Weighed:
    """Area under the ROC curve = P(score of a positive > score of a negative), ties count one half."""
    order = np.argsort(probability[:, 1], kind="stable")
    scores, positive = probability[order, 1], truth[order] == 1
    group = np.cumsum(np.r_[True, scores[1:] != scores[:-1]]) - 1

    def score(weight: Rows) -> float:
        ordered = weight[order]
        positives = np.bincount(group, ordered * positive)
        negatives = np.bincount(group, ordered * ~positive)
        pairs = positives.sum() * negatives.sum()
        below = np.cumsum(negatives) - negatives
        return _dot(positives, below + negatives / 2) / pairs if pairs > 0 else np.nan

    return score


def _counted(truth: Rows, probability: Rows, summary: Callable[[Rows, Rows, Rows], float]) -> Weighed:
    """A score from counts per class (C,): hits, rows predicted, rows real."""
    classes = probability.shape[1]
    predicted = probability.argmax(axis=1)
    hit = predicted == truth

    def score(weight: Rows) -> float:
        hits = np.bincount(truth, weight * hit, classes)
        return summary(hits, np.bincount(predicted, weight, classes), np.bincount(truth, weight, classes))

    return score


def _f1_of(hits: Rows, predicted: Rows, real: Rows) -> Rows:
    return 2 * hits / np.maximum(predicted + real, 1e-300)


def _f1(truth: Rows, probability: Rows) -> Weighed:
    return _counted(truth, probability, lambda *counts: _f1_of(*counts)[1])


def _macro_f1(truth: Rows, probability: Rows) -> Weighed:
    """Mean of F1 over the classes that appear in the truth or in the prediction."""
    return _counted(truth, probability, lambda *counts: _f1_of(*counts)[(counts[1] + counts[2]) > 0].mean())


def _balanced_accuracy(truth: Rows, probability: Rows) -> Weighed:
    """Mean over the classes that are present of the share found (recall)."""
    return _counted(truth, probability, lambda hits, _, real: (hits[real > 0] / real[real > 0]).mean())


def brier(truth: Rows, probability: Rows, weight: Rows | None = None) -> float:
    """The Brier score: mean squared distance of probabilities (n, C) from what was so; of two classes the positive's.

    Brier 1950. It chooses nothing; it stands beside the log loss where probabilities are judged. Rows count by `weight`
    (n,), alike without one.

    Example:
        >>> brier(np.array([1, 0]), np.array([[0.5, 0.5], [1.0, 0.0]]))
        0.125
    """
    so = np.eye(probability.shape[1])[truth]
    squares = np.square(probability - so)
    distances = squares[:, 1] if probability.shape[1] == 2 else squares.sum(axis=1)
    return float(np.mean(distances) if weight is None else _mean(distances, weight))


def _no_levels(truth: Rows, prediction: Rows) -> Weighed:
    raise InputError("metric: 'pinball' is of quantiles, whose levels the task says. Ask `metrics_of` for it.")


def _pinball(levels: tuple[float, ...]) -> Callable[[Rows, Rows], Weighed]:
    """Mean over rows and levels of q (y - f) where f is below y, and (1 - q)(f - y) above. Koenker and Bassett 1978."""
    at = np.asarray(levels)

    def formula(truth: Rows, prediction: Rows) -> Weighed:
        error = truth[:, None] - prediction.reshape(len(truth), -1)  # one number a row stands for every level
        losses = np.maximum(at * error, (at - 1) * error).mean(axis=1)
        return lambda weight: _mean(losses, weight)

    return formula


_BOTH = ("binary", "multiclass")
METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("rmse", "root mean squared error", "min", ("regression",), _rmse, in_target_unit=True),
        Metric("mae", "mean absolute error", "min", ("regression",), _mae, in_target_unit=True),
        Metric("r2", "share of the variance explained", "max", ("regression",), _r2, least=-math.inf, most=1.0),
        Metric("pinball", "mean quantile loss over the levels", "min", ("quantiles",), _no_levels, in_target_unit=True),
        Metric("auc", "area under the ROC curve", "max", ("binary",), _auc, most=1.0),
        Metric("accuracy", "share of rows classified correctly", "max", _BOTH, _accuracy, most=1.0, of_labels=True),
        Metric("log_loss", "mean negative log-probability of the true class", "min", _BOTH, _log_loss),
        Metric("f1", "F1 of the positive class", "max", ("binary",), _f1, most=1.0, of_labels=True),
        Metric(
            "balanced_accuracy",
            "mean share found per class",
            "max",
            _BOTH,
            _balanced_accuracy,
            most=1.0,
            of_labels=True,
        ),
        Metric("macro_f1", "mean F1 over the classes", "max", ("multiclass",), _macro_f1, most=1.0, of_labels=True),
    )
}


_Ends = dict[str, Any]
_SCORES_OF_SEVERAL: dict[str, tuple[tuple[str, str, Literal["min", "max"], Any, _Ends], ...]] = {
    "multioutput": (
        ("r2", "share of the variance explained, mean over targets", "max", mean_of_targets(_r2),
         {"least": -math.inf, "most": 1.0}),
        ("scaled_rmse", "root mean squared error over the target's spread, mean over targets", "min",
         FORMULAS["scaled_rmse"], {}),
        ("scaled_mae", "mean absolute error over the target's spread, mean over targets", "min",
         FORMULAS["scaled_mae"], {}),
    ),
    "multilabel": (
        ("macro_auc", "area under the ROC curve, mean over labels", "max", of_labels(_auc), {"most": 1.0}),
        ("micro_auc", "area under the ROC curve of all labels' rows together", "max", flattened(_auc), {"most": 1.0}),
        ("log_loss", "mean negative log-probability of what is so, mean over labels", "min", of_labels(_log_loss), {}),
        ("macro_f1", "F1 of yes, mean over labels", "max", FORMULAS["macro_f1"], {"most": 1.0, "of_labels": True}),
        ("micro_f1", "F1 of yes over all labels' rows together", "max", flattened(_f1),
         {"most": 1.0, "of_labels": True}),
        ("subset_accuracy", "share of rows in which every label is right", "max", FORMULAS["subset_accuracy"],
         {"most": 1.0, "of_labels": True}),
    ),
}  # fmt: skip
_SEVERAL: dict[str, dict[str, Metric]] = {
    kind: {
        name: Metric(name, words, direction, (kind,), formula, **ends) for name, words, direction, formula, ends in rows
    }
    for kind, rows in _SCORES_OF_SEVERAL.items()
}
"""The metrics of several targets, by task: some have the name of a metric of one target, and another formula."""

METRICS |= {name: metric for metrics in _SEVERAL.values() for name, metric in metrics.items() if name not in METRICS}


def default_metric(task: str) -> Metric:
    """The metric that chooses where none is named: rmse, auc (two classes) or accuracy (more classes)."""
    return _of_task(find_task(task).default_metric, task)


def find_metric(name: str | None, task: str) -> Metric:
    """The metric called `name`, or the task's default.

    Raises:
        InputError: there is no such metric, or it does not suit the task.
    """
    if name is None:
        return default_metric(task)
    suited = find_task(task).metrics
    if name not in METRICS:
        near = difflib.get_close_matches(name, METRICS, n=1)
        hint = f"Did you mean {near[0]!r}? " if near else ""
        raise InputError(f"metric: there is no metric {name!r}. {hint}For {task}: {', '.join(suited)}.")
    if name not in suited:
        raise InputError(f"metric: {name!r} does not suit a {task} target. Use one of {', '.join(suited)}.")
    return _of_task(name, task)


def _of_task(name: str, task: str) -> Metric:
    """The metric as the task asks for it: the quantile loss at its levels, or the mean over several targets."""
    levels = find_task(task).levels
    if (several := _SEVERAL.get(task.partition("(")[0])) is not None:
        return several[name]
    return replace(METRICS[name], formula=_pinball(levels)) if levels and name == "pinball" else METRICS[name]


def score_all(
    task: str, truth: Rows, prediction: Rows, threshold: Thresholds = None, *, own: Metric | None = None,
    weight: Rows | None = None,
) -> dict[str, float]:  # fmt: skip
    """Every metric of the task for one set of rows, by name, and the one that chooses where it is a user's own.

    Args:
        threshold: that of the model.
        own: the metric that chooses.
        weight: (n,) how much each row counts; alike if not given.
    """
    return {
        metric.name: metric(truth, judged(metric, prediction, threshold), weight) for metric in metrics_of(task, own)
    }


def metrics_of(task: str, own: Metric | None = None) -> list[Metric]:
    """The metrics of a task in their order, and the one that chooses where it is a user's own."""
    known = [_of_task(name, task) for name in find_task(task).metrics]
    return known if own is None or own.name in METRICS else [*known, own]


def judged(metric: Metric, prediction: Rows, threshold: Thresholds) -> Rows:
    """What a metric judges of predictions: of one that sees named classes these, as probabilities of 0 and 1.

    Args:
        prediction: (n,) values or (n, C) probabilities.
        threshold: from which probability on the second of two classes is named, or each of several labels; None where
            the likeliest class is.
    """
    if threshold is None or not metric.of_labels:
        return prediction
    place = named(prediction, threshold)
    return place.astype(np.float64) if isinstance(threshold, tuple) else np.eye(2)[place]


def named(probability: Rows, threshold: Thresholds) -> Rows:
    """(n,) the class that is named: the likeliest, or of two the second from the threshold on; of several labels
    (n, K) 1 where one is named.
    """
    if threshold is None:
        return probability.argmax(axis=1)
    if isinstance(threshold, tuple):
        return (probability >= np.asarray(threshold)).astype(np.intp)
    return (probability[:, 1] >= threshold).astype(np.intp)
