"""Metrics of every epoch of a training: accuracy and its like, from the parameters that each epoch ended with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from ._checks import nearest
from .errors import InputError
from .link import last_activation
from .network import Network

__all__ = ["METRICS", "measured", "named_metrics"]

Metric = Callable[[np.ndarray, np.ndarray], float]


def accuracy(y: np.ndarray, outputs: np.ndarray, *, middle: float) -> float:
    """The share of rows whose class is right: of one output above or below the middle, of several the largest."""
    if outputs.shape[1] == 1:
        return float(np.mean((outputs[:, 0] > middle) == (y.reshape(-1) > 0.5)))
    truth = y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)
    return float(np.mean(outputs.argmax(axis=1) == truth))


def mean_absolute_error(y: np.ndarray, outputs: np.ndarray) -> float:
    """Mean of |f - y|."""
    return float(np.mean(np.abs(outputs - y.reshape(outputs.shape))))


def root_mean_squared_error(y: np.ndarray, outputs: np.ndarray) -> float:
    """√ mean of (f - y)²."""
    return float(np.sqrt(np.mean((outputs - y.reshape(outputs.shape)) ** 2)))


METRICS = {"accuracy": accuracy, "mae": mean_absolute_error, "rmse": root_mean_squared_error}


def named_metrics(metrics: Any, network: Network) -> dict[str, Metric]:
    """Return metrics under the names that they have in a history.

    Args:
        metrics: names ("accuracy", "mae", "rmse"), functions f(y, outputs) -> number, or {name: function}.
        network: whose outputs they judge: scores are cut at 0, probabilities at ½.

    Raises:
        InputError: no such name, or something that is neither a name nor a function.

    Example:
        >>> from thetastar import Dense
        >>> list(named_metrics(["accuracy", max], Network([Dense(1)], input_shape=(2,))))
        ['accuracy', 'max']
    """
    given = metrics if isinstance(metrics, Iterable) and not isinstance(metrics, str) else [metrics]
    pairs = given.items() if isinstance(given, Mapping) else [(None, metric) for metric in given]
    found: dict[str, Metric] = {}
    for name, metric in pairs:
        if callable(metric):
            found[name or getattr(metric, "__name__", "metric")] = metric
        elif metric in METRICS:
            found[name or metric] = _at_the_middle(network) if metric == "accuracy" else METRICS[metric]
        else:
            raise InputError(f"train: there is no metric {metric!r}. {nearest(str(metric), METRICS)}")
    return found


def _at_the_middle(network: Network) -> Metric:
    middle = 0.5 if last_activation(network) in ("sigmoid", "hard_sigmoid") else 0.0
    return lambda y, outputs: accuracy(y, outputs, middle=middle)


def measured(network: Network, X: Any, y: Any, metrics: Mapping[str, Metric]) -> dict[str, float]:
    """Return each metric of a network's outputs, by name.

    Raises:
        InputError: a metric gives no number.
    """
    outputs, found = network.predict(X), {}
    for name, metric in metrics.items():
        value = metric(np.asarray(y), outputs)
        try:
            found[name] = float(value)
        except (TypeError, ValueError):
            raise InputError(
                f"train: the metric {name!r} must give a number of (y, outputs). Got {type(value).__name__}. "
                "Return for example float(np.mean(…))."
            ) from None
    return found
