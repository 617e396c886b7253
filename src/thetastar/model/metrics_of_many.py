"""Scores of many predictions of the same rows at once, each with the very digits that it has by itself.

A call of NumPy takes longer than the arithmetic of some dozen rows, so thousands of small networks are scored together:
sums go along the rows of each prediction, in the same order as of one alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from thetastar.model.metrics import METRICS, Metric, metrics_of

__all__ = ["score_many", "scores_of_many"]

_OfMany = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]  # truth, predictions (K, n, …), weight -> (K,)


def scores_of_many(
    metric: Metric, truth: np.ndarray, predictions: np.ndarray, weight: np.ndarray | None = None
) -> np.ndarray:
    """(K,) the metric of K predictions, (K, n) values or (K, n, C) probabilities, of the same rows.

    Args:
        truth: (n,) values or class indices.
        weight: (n,) how much each row counts; alike if not given.

    Example:
        >>> scores_of_many(METRICS["mae"], np.array([1.0, 2.0]), np.array([[1.0, 3.0], [0.0, 0.0]])).tolist()
        [0.5, 1.5]
    """
    form = _FORMS.get(metric.formula)
    if form is None or truth.ndim > 1 or len(predictions) < 2:
        return np.array([metric(truth, one, weight) for one in predictions], dtype=np.float64)
    weight = np.ones(len(truth)) if weight is None else weight
    return form(truth, np.ascontiguousarray(predictions, dtype=np.float64), weight)


def score_many(
    task: str, truth: np.ndarray, predictions: np.ndarray, *, own: Metric | None = None,
    weight: np.ndarray | None = None,
) -> list[dict[str, float]]:  # fmt: skip
    """`score_all` of each of K predictions (K, n) or (K, n, C) of the same rows.

    Args:
        own: the metric that chooses, which is scored too where it is a user's own.
        weight: (n,) how much each row counts; alike if not given.

    Example:
        >>> score_many("regression", np.array([1.0, 3.0]), np.array([[1.0, 3.0], [2.0, 2.0]]))[1]
        {'rmse': 1.0, 'mae': 1.0, 'r2': 0.0}
    """
    metrics = metrics_of(task, own)
    found = [scores_of_many(metric, truth, predictions, weight).tolist() for metric in metrics]
    names = [metric.name for metric in metrics]
    return [dict(zip(names, values, strict=True)) for values in zip(*found, strict=True)]


def _means(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return np.sum(values * weight, axis=1) / weight.sum()


def _rmse(truth: np.ndarray, predictions: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return np.sqrt(_means(np.square(predictions - truth), weight))


def _mae(truth: np.ndarray, predictions: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return _means(np.abs(predictions - truth), weight)


def _r2(truth: np.ndarray, predictions: np.ndarray, weight: np.ndarray) -> np.ndarray:
    middle = np.sum(truth * weight) / weight.sum()
    total = np.sum(np.square(truth - middle) * weight)
    left = np.sum(np.square(predictions - truth) * weight, axis=1)
    return 1.0 - left / total if total > 0 else np.full(len(predictions), np.nan)


def _accuracy(truth: np.ndarray, predictions: np.ndarray, weight: np.ndarray) -> np.ndarray:
    return _means((predictions.argmax(axis=2) == truth).astype(float), weight)


def _log_loss(truth: np.ndarray, predictions: np.ndarray, weight: np.ndarray) -> np.ndarray:
    # Chosen by one index a row, the numbers lie network by network, and their sum goes another way.
    chosen = np.ascontiguousarray(predictions[:, np.arange(len(truth)), truth.astype(np.intp)])
    return _means(-np.log(np.clip(chosen, 2.2e-16, 1.0)), weight)


_FORMS: dict[Callable[..., object], _OfMany] = {
    METRICS["rmse"].formula: _rmse, METRICS["mae"].formula: _mae, METRICS["r2"].formula: _r2,
    METRICS["accuracy"].formula: _accuracy, METRICS["log_loss"].formula: _log_loss,
}  # fmt: skip
