"""Baselines that every network has to beat: a constant, a linear model and gradient-boosted trees.

They see the same prepared rows as the networks, are fitted on the training rows of each fold and scored on its
validation rows. For the comparison on the test rows they are fitted once more on training and validation rows.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thetastar.study.metrics import Metric, score_all

__all__ = ["Baseline", "BaselineResult", "baselines_for", "fit_baseline", "measure"]

Predict = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Baseline:
    """A baseline: its name, what it is in words, and how it is fitted.

    `fit(X, y, settings)` returns a function from rows to what metrics take and settings worth keeping for the last
    fit (the number of trees that early stopping found).
    """

    name: str
    description: str
    fit: Callable[[np.ndarray, np.ndarray, dict], tuple[Predict, dict]]


@dataclass
class BaselineResult:
    """Scores of one baseline over the folds."""

    baseline: Baseline
    scores: list[dict[str, float]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def row(self, metric: Metric) -> dict[str, Any]:
        """Its leaderboard row."""
        known = [score[metric.name] for score in self.scores if np.isfinite(score[metric.name])]
        return {
            "rank": 0, "name": self.baseline.name, "kind": "baseline", "description": self.baseline.description,
            "validation_mean": float(np.mean(known)) if known else None,
            "validation_std": float(np.std(known, ddof=1)) if len(known) > 1 else None,
            "scores": known, "runs": len(self.scores), "parameters": None, "epochs": None,
            "seconds": round(self.seconds, 3), "status": "finished", "chosen": False,
        }  # fmt: skip


def fit_baseline(
    baseline: Baseline, inputs: np.ndarray, target: np.ndarray, settings: dict[str, Any], threads: int
) -> tuple[Predict, dict, float]:
    """Fit on rows (n, F); returns the prediction function, settings for a later fit, and the seconds it took."""
    started = time.perf_counter()
    with _quiet(threads):
        predict, settings = baseline.fit(inputs, target, settings)
    return predict, settings, time.perf_counter() - started


def measure(result: BaselineResult, task: str, fold: Any, real: np.ndarray, threads: int) -> None:
    """Fit one baseline on a fold's training rows and add its scores on the validation rows.

    Args:
        real: (n,) the target of every row in its own units: values or class indices.
    """
    predict, settings, seconds = fit_baseline(
        result.baseline, fold.inputs[fold.train], real[fold.train], {}, threads
    )  # fmt: skip
    with _quiet(threads):
        result.scores.append(score_all(task, fold.truth, predict(fold.inputs[fold.validation])))
    result.settings = settings if not result.settings else {
        name: round((value + result.settings[name]) / 2) for name, value in settings.items()
    }  # fmt: skip
    result.seconds += seconds


@contextmanager
def _quiet(threads: int) -> Iterator[None]:
    """At most `threads` threads in scikit-learn's libraries; its hints about more iterations are not for our user."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(threads), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def baselines_for(task: str, metric: Metric, classes: int, seed: int, seconds: float | None = None) -> list[Baseline]:
    """The three baselines of a task; `seconds`, where given, bounds the number of boosted trees of one fit."""
    if task == "regression":
        middle = "median" if metric.name == "mae" else "mean"
        return [
            Baseline(f"always the {middle}", f"predicts the {middle} of the training rows", _constant(middle)),
            Baseline("linear regression", "ridge regression, its penalty chosen by leave-one-out", _ridge),
            Baseline("gradient boosting", _BOOSTING, _boosted_regression(metric.name, seed, seconds)),
        ]
    return [
        Baseline(
            "always the majority", "predicts each class as often as the training rows have it", _majority(classes)
        ),
        Baseline("logistic regression", "multinomial logistic regression with an L2 penalty", _logistic(classes)),
        Baseline("gradient boosting", _BOOSTING, _boosted_classes(classes, seed, seconds)),
    ]


_BOOSTING = "histogram gradient-boosted trees of scikit-learn with early stopping"


def _constant(middle: str) -> Callable:
    def fit(inputs, target, settings):
        value = float(np.median(target) if middle == "median" else np.mean(target))
        return (lambda rows: np.full(len(rows), value)), {}

    return fit


def _majority(classes: int) -> Callable:
    def fit(inputs, target, settings):
        share = np.bincount(target, minlength=classes) / len(target)
        return (lambda rows: np.tile(share, (len(rows), 1))), {}

    return fit


def _ridge(inputs, target, settings):
    from sklearn.linear_model import RidgeCV

    model = RidgeCV(alphas=np.logspace(-3, 3, 7)).fit(inputs.astype(np.float64), target)
    return (lambda rows: model.predict(rows.astype(np.float64))), {}


def _logistic(classes: int) -> Callable:
    def fit(inputs, target, settings):
        from sklearn.linear_model import LogisticRegression

        model = LogisticRegression(max_iter=200, tol=1e-3).fit(inputs, target)
        return _spread(model, classes), {}

    return fit


def _boosted_regression(metric: str, seed: int, seconds: float | None) -> Callable:
    def fit(inputs, target, settings):
        from sklearn.ensemble import HistGradientBoostingRegressor

        loss = "absolute_error" if metric == "mae" else "squared_error"
        model = HistGradientBoostingRegressor(loss=loss, **_boosting(inputs.shape, 1, seed, settings, seconds))
        model.fit(inputs, target)
        return model.predict, {"trees": model.n_iter_}

    return fit


def _boosted_classes(classes: int, seed: int, seconds: float | None) -> Callable:
    def fit(inputs, target, settings):
        from sklearn.ensemble import HistGradientBoostingClassifier

        rarest = np.bincount(target, minlength=classes)
        stop_early = rarest[rarest > 0].min() >= 2  # its inner split is stratified and needs two rows of a class
        chosen = settings if stop_early else {"trees": 100, **settings}
        trees = 1 if classes == 2 else classes
        model = HistGradientBoostingClassifier(**_boosting(inputs.shape, trees, seed, chosen, seconds))
        model.fit(inputs, target)
        return _spread(model, classes), {"trees": model.n_iter_}

    return fit


def _boosting(
    shape: tuple[int, int], trees_per_step: int, seed: int, settings: dict[str, Any], seconds: float | None
) -> dict[str, Any]:
    """Arguments of both boosting models: early stopping on a tenth of the rows, or the number of trees found before.

    The number of steps is bounded so that many classes (a tree for each in every step) take no minutes.
    """
    common: dict[str, Any] = {"random_state": seed, "learning_rate": 0.1}
    if "trees" in settings:
        return {**common, "max_iter": settings["trees"], "early_stopping": False}
    steps = int(np.clip(2_000 // trees_per_step, 60, 400))
    rows, features = shape
    if seconds is not None:
        # Measured: a tree of 31 leaves takes about 3 ms and 2 ns for every row and feature.
        steps = max(min(steps, int(seconds / (trees_per_step * (3e-3 + 2e-9 * rows * features)))), 10)
    stop_early = rows >= 100  # with fewer, the inner validation rows say nothing
    return {
        **common,
        "max_iter": steps if stop_early else min(steps, 100),
        "early_stopping": stop_early,
        "n_iter_no_change": 15,
    }


def _spread(model: Any, classes: int) -> Predict:
    """Probabilities with a column for every class, also for classes that the training rows lacked."""

    def predict(rows: np.ndarray) -> np.ndarray:
        wide = np.zeros((len(rows), classes))
        wide[:, model.classes_.astype(np.intp)] = model.predict_proba(rows)
        return wide

    return predict
