"""Baselines that every network has to beat: a constant, a linear model and gradient-boosted trees.

They see the same prepared rows as the networks, are fitted on the training rows of each fold and scored on its
validation rows. For the comparison on the test rows they are fitted once more on training and validation rows.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from thetastar.study.metrics import Metric, score_all
from thetastar.study.workers import begun, run_at_once

__all__ = ["Baseline", "BaselineResult", "baselines_for", "fitted_again", "measure_baselines", "most_rows"]

_NUMBERS = 4_000_000  # of images or sequences that a baseline sees

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
    """Scores of one baseline over the folds, and what a later prediction needs."""

    baseline: Baseline
    scores: list[dict[str, float]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    predict: Predict | None = None  # as fitted on the first fold

    def complete(self, parts: list[tuple[dict, dict, float]]) -> None:
        """Take in (scores, settings, seconds) of every fold; settings are the mean over folds."""
        self.scores = [scores for scores, _, _ in parts]
        self.seconds = sum(seconds for _, _, seconds in parts)
        self.settings = {
            name: round(float(np.mean([settings[name] for _, settings, _ in parts]))) for name in parts[0][1]
        }

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


def measure_baselines(
    baselines: list[Baseline], task: str, folds: Sequence[Any], real: np.ndarray, threads: int, most: int | None = None
) -> Iterator[BaselineResult]:
    """Fit every baseline on every fold's training rows and score it on the validation rows; yields each when complete.

    Args:
        real: (n,) the target of every row in its own unit: values or class indices.
        most: training rows that they see, as `most_rows` says.
    """
    results = [BaselineResult(baseline) for baseline in baselines]
    places = [(result, fold) for result in results for fold in folds]

    def call(result: BaselineResult, fold: Any) -> tuple[dict, dict, float]:
        started = time.perf_counter()
        rows = fold.train[:most]
        predict, settings = result.baseline.fit(fold.inputs[rows], real[rows], {})
        if fold.number == 0:
            result.predict = predict
        scores = score_all(task, fold.truth, predict(fold.inputs[fold.validation]))
        return scores, settings, time.perf_counter() - started

    parts: dict[int, tuple[dict, dict, float]] = {}
    for index, part in run_at_once([partial(call, *place) for place in places], threads):
        parts[index] = part
        result = places[index][0]
        own = [k for k, place in enumerate(places) if place[0] is result]
        if all(k in parts for k in own):
            result.complete([parts[k] for k in own])
            yield result


def most_rows(shape: tuple[int, ...]) -> int | None:
    """How many training rows the baselines see: all of a table; of images and sequences as many as take seconds."""
    return None if len(shape) == 1 else max(_NUMBERS // math.prod(shape), 1_000)


@contextmanager
def fitted_again(
    results: list[BaselineResult], inputs: np.ndarray, target: np.ndarray, threads: int
) -> Iterator[Callable[[], dict[str, Predict]]]:
    """Fit every baseline once more, with the settings found, while the caller does something else.

    Yields:
        A function that waits for them and returns, by name, functions from rows to predictions.
    """

    def call(result: BaselineResult) -> Predict:
        return result.baseline.fit(inputs, target, result.settings)[0]

    def fits() -> dict[str, Predict]:
        found = dict(running)
        return {result.baseline.name: found[index] for index, result in enumerate(results)}

    with begun([partial(call, result) for result in results], threads) as running:
        yield fits


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
    common: dict[str, Any] = {"random_state": seed, "learning_rate": 0.1 if trees_per_step <= 10 else 0.2}
    if "trees" in settings:
        return {**common, "max_iter": settings["trees"], "early_stopping": False}
    steps = int(np.clip(1_300 // trees_per_step, 50, 400))
    rows, features = shape
    if seconds is not None:
        # Measured on one thread: a tree of 31 leaves takes about 1.5 ms, and 8 ns for every row and feature.
        steps = max(min(steps, int(seconds / (trees_per_step * (1.5e-3 + 8e-9 * rows * features)))), 10)
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
