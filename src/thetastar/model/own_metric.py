"""Scores of a user's own: scikit-learn's scorers, and functions of (y, prediction). Slow, but they work.

A scorer is called as scikit-learn calls it, with a stand-in for the estimator whose predictions are the ones to judge,
so that every scorer works, whatever it asks for: labels, probabilities or scores.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from thetastar.data.task import find_task
from thetastar.errors import InputError
from thetastar.model.metrics import METRICS, Metric, Rows, Weighed, find_metric

__all__ = ["any_metric", "of_record"]

_DRAWS = 150  # a call takes about a millisecond, and a study asks for twenty intervals
_HIGHER, _LOWER = ("score",), ("error", "loss", "deviance")  # how scikit-learn ends the names of its functions


def any_metric(given: Any, task: str, classes: tuple[Any, ...] | None = None) -> Metric:
    """The metric that is meant: of ours or of scikit-learn by name, a scorer, a function, or the task's default.

    Args:
        given: one of these, or a `Metric`; None for the default.
        classes: the target's labels, which a metric of one's own is given.

    Raises:
        InputError: there is no such metric, it does not suit, or a function does not say what is better.
    """
    if isinstance(given, Metric):
        return given
    if callable(given):
        return _from_function(given, task, classes)
    if isinstance(given, str) and given not in METRICS and (scorer := _scikit_learns(given)) is not None:
        return _from_function(scorer, task, classes, name=given)
    return find_metric(given, task)


def of_record(scoring: Any, task: str) -> Metric:
    """The metric that a record names; of a user's own only which way is better: no file holds its function."""
    if scoring.name in METRICS:
        return find_metric(scoring.name, task)
    unknown: Callable[[Rows, Rows], Weighed] = lambda truth, prediction: lambda weight: math.nan  # noqa: E731
    return Metric(scoring.name, scoring.words, scoring.direction, (task,), unknown, least=-math.inf)


def _scikit_learns(name: str) -> Callable[..., float] | None:
    """Scikit-learn's scorer of that name, such as "neg_mean_absolute_error"; None where it has none."""
    from sklearn.metrics import get_scorer, get_scorer_names

    return get_scorer(name) if name in get_scorer_names() else None


def _from_function(
    function: Callable[..., Any], task: str, classes: tuple[Any, ...] | None, name: str | None = None
) -> Metric:
    """The metric that a scorer (of estimator, X, y) or a function (of y, prediction) is.

    Raises:
        InputError: a function's name does not say which way is better.
    """
    if find_task(task).targets > 1 and find_task(task).probable:
        return _of_labels(function, task, name)
    labels = None if classes is None else np.asarray(classes, dtype=object)
    labels = labels if labels is None or any(isinstance(label, str) for label in labels) else np.asarray(classes)
    if _takes_estimator(function):
        title: str = name or _scorers_name(function)
        direction: Literal["min", "max"] = "max"

        def judge(truth: Rows, prediction: Rows, **weighed: Rows) -> Any:
            nothing = np.zeros((len(truth), 1))  # the columns: the predictions are made already
            if labels is None:
                return function(_StandIn(prediction), nothing, truth, **weighed)
            return function(_ClassifierStandIn(prediction, labels), nothing, labels[truth], **weighed)
    else:
        title = name or str(getattr(function, "__name__", ""))
        direction = _direction(title)

        def judge(truth: Rows, prediction: Rows, **weighed: Rows) -> Any:
            if labels is None:
                return function(truth, prediction, **weighed)
            return function(labels[truth], labels[prediction.argmax(axis=1)], **weighed)

    title = f"own {title}" if title in METRICS else title
    return Metric(
        title, f"{title}, a function of the user's own", direction, (find_task(task).name,), _formula(title, judge),
        least=-math.inf, draws=_DRAWS, weighs=_takes_weights(function),
    )  # fmt: skip


def _of_labels(function: Callable[..., Any], task: str, name: str | None) -> Metric:
    """The same of several labels: a function gets (n, K) of 0 and 1 twice, a scorer what it asks for."""
    scorer = _takes_estimator(function)
    title = name or (_scorers_name(function) if scorer else str(getattr(function, "__name__", "")))

    def judge(truth: Rows, prediction: Rows, **weighed: Rows) -> Any:
        if scorer:
            return function(_LabelsStandIn(prediction), np.zeros((len(truth), 1)), truth, **weighed)
        return function(truth, (prediction > 0.5).astype(np.int64), **weighed)

    direction: Literal["min", "max"] = "max" if scorer else _direction(title)
    title = f"own {title}" if title in METRICS else title
    return Metric(
        title, f"{title}, a function of the user's own", direction, (find_task(task).name,), _formula(title, judge),
        least=-math.inf, draws=_DRAWS, weighs=_takes_weights(function),
    )  # fmt: skip


def _formula(title: str, judge: Callable[..., Any]) -> Callable[[Rows, Rows], Weighed]:
    def formula(truth: Rows, prediction: Rows) -> Weighed:
        def score(weight: Rows) -> float:
            if np.all(weight == 1):
                return _number(title, judge(truth, prediction))
            counts = np.asarray(weight).astype(np.int64)
            try:
                if not np.array_equal(counts, weight):
                    return _number(title, judge(truth, prediction, sample_weight=np.asarray(weight)))
                drawn = np.repeat(np.arange(len(truth)), counts)  # a row as often as it counts, as in a resample
                return _number(title, judge(truth[drawn], prediction[drawn]))
            except ValueError:  # some rows alone may have no score, such as those of one class
                if np.all(np.asarray(weight) > 0):
                    raise
                return math.nan

        return score

    return formula


def _number(title: str, value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise InputError(
            f"metric: {title} must give a number. Got {type(value).__name__}. Return for example float(np.mean(…))."
        ) from None


def _takes_estimator(function: Callable[..., Any]) -> bool:
    """Whether it needs three arguments, (estimator, X, y), and not two."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a function in C without a signature
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(p.kind in kinds and p.default is inspect.Parameter.empty for p in parameters) >= 3


def _takes_weights(function: Callable[..., Any]) -> bool:
    """Whether it, or what a scorer calls, has a parameter sample_weight."""
    try:
        return "sample_weight" in inspect.signature(getattr(function, "_score_func", function)).parameters
    except (TypeError, ValueError):  # a function in C without a signature
        return False


def _scorers_name(scorer: Any) -> str:
    inner = getattr(scorer, "_score_func", scorer)
    name = getattr(inner, "__name__", type(scorer).__name__)
    return f"neg_{name}" if getattr(scorer, "_sign", 1) < 0 else name


def _direction(name: str) -> Literal["min", "max"]:
    if name.endswith(_HIGHER):
        return "max"
    if name.endswith(_LOWER):
        return "min"
    raise InputError(
        "metric: the name of a function must say which way is better, by its end: score, or error, loss, deviance. "
        f"Got {name or 'a function without a name'!r}. Call it for example {(name.strip('<>') or 'own')}_score, or use "
        "sklearn.metrics.make_scorer(function, greater_is_better=…)."
    )


class _StandIn:
    """A regressor whose predictions are known already."""

    _estimator_type = "regressor"

    def __init__(self, prediction: Rows) -> None:
        self._prediction = prediction

    def fit(self, X: Any, y: Any = None) -> _StandIn:
        """Nothing: scikit-learn asks that there is one."""
        return self

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin

        kind = RegressorMixin if self._estimator_type == "regressor" else ClassifierMixin
        return type("Of", (kind, BaseEstimator), {})().__sklearn_tags__()

    def predict(self, X: Any) -> Rows:
        """Values (n,)."""
        return self._prediction


class _ClassifierStandIn(_StandIn):
    """A classifier whose probabilities are known already."""

    _estimator_type = "classifier"

    def __init__(self, prediction: Rows, labels: Rows) -> None:
        super().__init__(prediction)
        self.classes_ = labels

    def predict(self, X: Any) -> Rows:
        """Labels (n,)."""
        return self.classes_[self._prediction.argmax(axis=1)]

    def predict_proba(self, X: Any) -> Rows:
        """(n, classes)."""
        return self._prediction

    def decision_function(self, X: Any) -> Rows:
        """(n,) log-odds of two classes; (n, classes) logarithms of the probabilities of more."""
        logs = np.log(np.maximum(self._prediction, np.finfo(np.float64).tiny))  # scikit-learn refuses infinite scores
        return logs[:, 1] - logs[:, 0] if logs.shape[1] == 2 else logs


class _LabelsStandIn(_StandIn):
    """A classifier of several labels whose probabilities are known already."""

    _estimator_type = "classifier"

    def __init__(self, prediction: Rows) -> None:
        super().__init__(prediction)
        self.classes_ = [np.array([0, 1])] * prediction.shape[1]

    def predict(self, X: Any) -> Rows:
        """(n, K) of 0 and 1."""
        return (self._prediction > 0.5).astype(np.int64)

    def predict_proba(self, X: Any) -> Rows:
        """(n, K), of each label that it is there."""
        return self._prediction

    def decision_function(self, X: Any) -> Rows:
        """(n, K) log-odds."""
        inside = np.clip(self._prediction, np.finfo(np.float64).tiny, 1 - np.finfo(np.float64).epsneg)
        return np.log(inside) - np.log1p(-inside)
