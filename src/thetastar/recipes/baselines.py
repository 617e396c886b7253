"""Baselines that every network has to beat: a constant, a linear model, boosted and randomised trees of scikit-learn.

A baseline says its name, what it is, and how it is fitted; `study/baselines.py` measures them beside the networks. What
is kept of a fit is plain arrays (`recipes/fitted.py`, `recipes/trees.py`), so that one that wins can be the answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import numpy as np

from thetastar.data.task import find_task
from thetastar.recipes.boosting import SIZES, STEPS, boosting_arguments, steps_of
from thetastar.recipes.fit_memory import (
    boosted_bytes,
    forest_bytes,
    linear_quantile_bytes,
    logistic_bytes,
    ridge_bytes,
)  # fmt: skip
from thetastar.recipes.fitted import Constant, Fitted, Linear, Link
from thetastar.recipes.quantiles import boosted_quantiles, linear_quantiles, row_quantiles
from thetastar.recipes.ridge import ridge
from thetastar.recipes.targets import FittedTargets
from thetastar.recipes.trees import boosted_trees, forest

__all__ = ["CONSTANT", "Baseline", "Predict", "baselines_for", "least_leaf"]

CONSTANT = "always the"
"""How the name of the baseline begins that knows nothing of a row: what it reaches is chance."""

Predict = Callable[[np.ndarray], np.ndarray]
Found = dict[str, Any]
"""Settings that a fit found and that the last fit takes, such as the number of trees."""
Weights = np.ndarray | None
"""(n,) how much each row counts, with a mean near 1; None where all count alike."""


Takes = Callable[[tuple[int, ...]], int]
"""Bytes that a fit takes at most, beside rows of this shape."""


class Fit(Protocol):
    """Gives what was fitted, a function from rows to what metrics take, and settings worth keeping for the last fit
    (the number of trees that early stopping found).
    """

    def __call__(
        self, inputs: np.ndarray, target: np.ndarray, settings: Found, weights: Weights = None
    ) -> tuple[Fitted, Found]: ...


class MonotoneFit(Protocol):
    """The same, held to directions of the features (F,): 1 must rise, -1 must fall, 0 is free; None: all are free."""

    def __call__(
        self, inputs: np.ndarray, target: np.ndarray, settings: Found, weights: Weights = None,
        directions: Sequence[int] | None = None,
    ) -> tuple[Fitted, Found]: ...  # fmt: skip


def _hardly_any(shape: tuple[int, ...]) -> int:
    return 40 * shape[0]


@dataclass(frozen=True)
class Baseline:
    """A baseline: its name, what it is in words, and how it is fitted.

    `fit(X, y, settings, weights)` is given what an earlier fit found, and how much each row counts. Where it names
    `columns`, their own numbers stand behind the prepared ones in each row of X. Where it can be `held`, `fit` takes
    directions too. `takes(shape)` is how many bytes a fit takes at most, beside the rows.
    """

    name: str
    description: str
    fit: Fit
    columns: tuple[str, ...] = ()
    held: bool = False
    takes: Takes = _hardly_any


def baselines_for(
    task: str, metric: str, classes: int, seed: int, seconds: float | None = None, *, forest: bool = False
) -> list[Baseline]:
    """The three baselines of a task, and a fourth where it is asked for.

    Args:
        seconds: bounds the number of trees of one fit, where given.
        forest: with extra trees.
    """
    kind = find_task(task)
    if kind.levels:
        return _of_quantiles(kind.levels, seed, seconds)
    if kind.targets > 1:
        share = None if seconds is None else seconds / kind.targets
        classes, middle = (2 if kind.probable else 0), "mae" if metric == "scaled_mae" else "rmse"
        return [_of_each(one, classes) for one in baselines_for(kind.one, middle, classes, seed, share, forest=forest)]
    found = _usual(task, metric, classes, seed, seconds)
    extra = Baseline(
        "extra trees", _RANDOMISED, _extra_trees(classes, seed, seconds), held=True, takes=_forest_takes(classes)
    )
    return [*found, extra] if forest else found


def _usual(task: str, metric: str, classes: int, seed: int, seconds: float | None) -> list[Baseline]:
    """A constant, a linear model and boosted trees."""
    if not find_task(task).classification:
        middle = "median" if metric == "mae" else "mean"
        return [
            Baseline(f"{CONSTANT} {middle}", f"predicts the {middle} of the training rows", _constant(middle)),
            Baseline(
                "linear regression",
                "ridge regression, its penalty chosen by leave-one-out",
                _ridge,
                held=True,
                takes=ridge_bytes,
            ),
            Baseline(
                "gradient boosting",
                _BOOSTING,
                _boosted_regression(metric, seed, seconds),
                held=True,
                takes=_boosting_takes(0, halved=seconds is None),
            ),
        ]
    return [
        Baseline(
            f"{CONSTANT} majority", "predicts each class as often as the training rows have it", _majority(classes)
        ),
        Baseline(
            "logistic regression",
            "multinomial logistic regression with an L2 penalty",
            _logistic(classes, seconds),
            held=True,
            takes=partial(logistic_bytes, classes=classes),
        ),
        Baseline(
            "gradient boosting",
            _BOOSTING,
            _boosted_classes(classes, seed, seconds),
            held=True,
            takes=_boosting_takes(classes),
        ),
    ]


def _of_each(baseline: Baseline, classes: int) -> Baseline:
    """The baseline for several targets: fitted to each by itself.

    A label that is the same in all rows of a fold is predicted so; there is nothing to fit.
    """

    def fit(inputs: np.ndarray, target: np.ndarray, settings: Found, weights: Weights = None) -> tuple[Fitted, Found]:
        parts: list[Fitted] = []
        found: Found = {}
        for k, column in enumerate(np.ascontiguousarray(target.T)):
            own = {name.removesuffix(f" {k}"): value for name, value in settings.items() if name.endswith(f" {k}")}
            own["targets"] = target.shape[1]  # whose forests share the room of one
            lone = classes and len(np.unique(column)) < 2
            part, kept = (
                _majority(classes)(inputs, column, {}, weights) if lone else baseline.fit(inputs, column, own, weights)
            )
            parts.append(part)
            found |= {f"{name} {k}": value for name, value in kept.items()}
        return FittedTargets(tuple(parts), classes), found

    return Baseline(baseline.name, f"for each target: {baseline.description}", fit, takes=baseline.takes)


def _of_quantiles(levels: tuple[float, ...], seed: int, seconds: float | None) -> list[Baseline]:
    """The training rows' own quantiles, linear quantile regression and boosted trees with a quantile loss."""

    def constant(
        inputs: np.ndarray, target: np.ndarray, settings: Found, weights: Weights = None
    ) -> tuple[Fitted, Found]:
        return row_quantiles(target, levels, weights), {}

    def linear(
        inputs: np.ndarray, target: np.ndarray, settings: Found, weights: Weights = None
    ) -> tuple[Fitted, Found]:
        return linear_quantiles(inputs, target, levels, weights, seconds), {}

    def boosted(
        inputs: np.ndarray, target: np.ndarray, settings: Found, weights: Weights = None
    ) -> tuple[Fitted, Found]:
        share = None if seconds is None else seconds / len(levels)
        found = [{"trees": settings[f"trees {level:g}"]} if settings else {} for level in levels]
        arguments = [boosting_arguments(inputs.shape, 1, seed, each, share) for each in found]
        fitted, trees = boosted_quantiles(inputs, target, levels, weights, arguments)
        return fitted, {f"trees {level:g}": count for level, count in zip(levels, trees, strict=True)}

    return [
        Baseline(f"{CONSTANT} same quantiles", "predicts the quantiles of the training rows", constant),
        Baseline(
            "linear quantiles",
            "linear quantile regression, of more than 2,000 rows on as many of them",
            linear,
            takes=linear_quantile_bytes,
        ),
        Baseline(
            "boosted quantiles",
            f"{_BOOSTING}, a quantile loss for each level",
            boosted,
            takes=partial(boosted_bytes, scores=1, steps="usual"),
        ),
    ]


_BOOSTING = "histogram gradient-boosted trees of scikit-learn with early stopping"
_RANDOMISED = "extremely randomised trees of scikit-learn, averaged; of more than 200,000 rows they see a sample"

_TREES, _FEWEST_TREES = 100, 10
_FOREST_ROWS = 200_000  # more bring a forest little and cost much
_FOREST_BYTES = 8e6  # of a forest in the model file, whatever the table: leaves are as large as that needs
_TRIED = 30  # columns that a node of a regression tries at most


def _constant(middle: str) -> Fit:
    def fit(inputs: np.ndarray, target: np.ndarray, settings: Found, weights: Weights = None) -> tuple[Fitted, Found]:
        if weights is None:
            value = float(np.median(target) if middle == "median" else np.mean(target))
        else:
            value = _weighted_median(target, weights) if middle == "median" else np.average(target, weights=weights)
        return Constant(np.array([float(value)]), 0), {}

    return fit


def _weighted_median(values: np.ndarray, weights: np.ndarray) -> float:
    """The value with half of the weight on either side; between two of them their mean, as of repeated rows."""
    order = np.argsort(values, kind="stable")
    ranked, heavy = values[order], np.cumsum(weights[order])
    half = heavy[-1] / 2
    at = int(np.searchsorted(heavy, half * (1 - 1e-12)))
    level = abs(heavy[at] - half) <= 1e-12 * half and at + 1 < len(ranked)
    return float((ranked[at] + ranked[at + 1]) / 2 if level else ranked[at])


def _majority(classes: int) -> Fit:
    def fit(inputs: np.ndarray, target: np.ndarray, settings: Found, weights: Weights = None) -> tuple[Fitted, Found]:
        counts = np.bincount(target, weights, classes)
        share = counts / (len(target) if weights is None else counts.sum())
        return Constant(share, classes), {}

    return fit


def _ridge(
    inputs: np.ndarray, target: np.ndarray, settings: Found, weights: Weights = None,
    directions: Sequence[int] | None = None,
) -> tuple[Fitted, Found]:  # fmt: skip
    penalties = np.logspace(-3, 3, 7)
    if len(inputs) >= inputs.shape[1]:
        slope, constant, penalty = ridge(inputs, target, penalties, weights)
    else:  # a few rows of many columns
        from sklearn.linear_model import RidgeCV

        model = RidgeCV(alphas=penalties).fit(inputs.astype(np.float64), target, weights)
        slope, constant, penalty = np.asarray(model.coef_, dtype=np.float64), float(model.intercept_), model.alpha_
    if directions is not None:
        from thetastar.recipes.monotone import bounded_ridge

        slope, constant = bounded_ridge(inputs, target, float(penalty), directions, weights)
    weight, bias = np.reshape(slope, (-1, 1)), np.array([constant])
    return Linear(weight, bias, "identity", np.zeros(0, dtype=np.int64), 0), {}


def _logistic(classes: int, seconds: float | None) -> MonotoneFit:
    def fit(
        inputs: np.ndarray, target: np.ndarray, settings: Found, weights: Weights = None,
        directions: Sequence[int] | None = None,
    ) -> tuple[Fitted, Found]:  # fmt: skip
        from sklearn.linear_model import LogisticRegression

        iterations = 200
        if seconds is not None:
            # Measured on one thread from 10,000 to 1,500,000 cells: a pass takes 0.2 ms, and for every cell 3 ns where
            # there are two classes, 0.5 to 1 ns for each class where there are more.
            cell = 3e-9 if classes == 2 else 1e-9 * classes
            iterations = int(np.clip(seconds / (2e-4 + cell * inputs.size), 5, iterations))
        if directions is not None and len(np.unique(target)) == 2:
            from thetastar.recipes.monotone import bounded_logistic

            found, start = bounded_logistic(inputs, target, directions, weights, 10 * iterations)
            return Linear(found[:, None], np.array([start]), "sigmoid", np.arange(2), classes), {}
        model = LogisticRegression(max_iter=iterations, tol=1e-3).fit(inputs, target, weights)
        weight, bias = model.coef_.T.astype(np.float64), model.intercept_.astype(np.float64)
        link: Link = "sigmoid" if weight.shape[1] == 1 else "softmax"
        return Linear(np.ascontiguousarray(weight), bias, link, model.classes_.astype(np.int64), classes), {}

    return fit


def _boosted_regression(metric: str, seed: int, seconds: float | None) -> MonotoneFit:
    def fit(
        inputs: np.ndarray, target: np.ndarray, settings: Found, weights: Weights = None,
        directions: Sequence[int] | None = None,
    ) -> tuple[Fitted, Found]:  # fmt: skip
        from sklearn.ensemble import HistGradientBoostingRegressor

        # Leaves are set anew to medians for an absolute error, by which they would not be held.
        loss = "absolute_error" if metric == "mae" and directions is None else "squared_error"
        steps = steps_of(inputs.shape, 1, settings, halved=seconds is None)  # a budget may have no time for as many
        arguments = boosting_arguments(inputs.shape, 1, seed, settings, seconds, steps)
        model = HistGradientBoostingRegressor(loss=loss, monotonic_cst=directions, **arguments)
        model.fit(inputs, target, weights)
        return boosted_trees(model, 0), {"trees": model.n_iter_, "steps": SIZES.index(steps)}

    return fit


def _boosted_classes(classes: int, seed: int, seconds: float | None) -> MonotoneFit:
    def fit(
        inputs: np.ndarray, target: np.ndarray, settings: Found, weights: Weights = None,
        directions: Sequence[int] | None = None,
    ) -> tuple[Fitted, Found]:  # fmt: skip
        from sklearn.ensemble import HistGradientBoostingClassifier

        rarest = np.bincount(target, minlength=classes)
        # Its inner split is stratified: it needs two rows of a class, and in its tenth of the rows one of every class.
        stop_early = rarest[rarest > 0].min() >= 2 and np.ceil(0.1 * len(target)) >= np.count_nonzero(rarest)
        trees = 1 if classes == 2 else classes
        steps = steps_of(inputs.shape, trees, settings, two_classes=classes == 2)
        chosen = settings if stop_early else {"trees": STEPS[steps].unwatched, **settings}
        arguments = boosting_arguments(inputs.shape, trees, seed, chosen, seconds, steps)
        model = HistGradientBoostingClassifier(monotonic_cst=directions, **arguments)
        model.fit(inputs, target, weights)
        return boosted_trees(model, classes), {"trees": model.n_iter_, "steps": SIZES.index(steps)}

    return fit


def _extra_trees(classes: int, seed: int, seconds: float | None) -> MonotoneFit:
    """Geurts, Ernst and Wehenkel 2006, "Extremely randomized trees"."""

    def fit(
        inputs: np.ndarray, target: np.ndarray, settings: Found, weights: Weights = None,
        directions: Sequence[int] | None = None,
    ) -> tuple[Fitted, Found]:  # fmt: skip
        from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor

        if len(inputs) > _FOREST_ROWS:
            some = np.linspace(0, len(inputs) - 1, _FOREST_ROWS).astype(np.int64)
            inputs, target = inputs[some], target[some]
            weights = None if weights is None else weights[some]
        rows, features = inputs.shape
        tried = max(int(features**0.5), 1) if classes else min(features, _TRIED)
        leaf = least_leaf(rows, classes, settings.get("targets", 1))
        trees = _TREES
        if seconds is not None:
            # Measured on one thread: 12 ns for every row, column tried and level.
            levels = max(np.log2(rows / leaf), 1.0)
            trees = int(np.clip(seconds / (1e-3 + 12e-9 * rows * tried * levels), _FEWEST_TREES, _TREES))
        kind = ExtraTreesClassifier if classes else ExtraTreesRegressor
        model = kind(
            trees, min_samples_leaf=leaf, max_features=tried, random_state=seed, n_jobs=1, monotonic_cst=directions
        )
        return forest(model.fit(inputs, target, weights), classes), {}

    return fit


def _boosting_takes(classes: int, *, halved: bool = False) -> Takes:
    """What boosted trees take: of a number, of which a budget has no time for half steps, or of classes."""
    scores = classes if classes > 2 else 1

    def takes(shape: tuple[int, ...]) -> int:
        steps = steps_of(shape, scores, {}, two_classes=classes == 2, halved=halved)
        return boosted_bytes(shape, scores, steps)

    return takes


def _forest_takes(classes: int) -> Takes:
    """What randomised trees take, with the copy of a sample of many rows."""

    def takes(shape: tuple[int, ...]) -> int:
        rows = min(shape[0], _FOREST_ROWS)
        sample = 4 * rows * math.prod(shape[1:]) if shape[0] > rows else 0
        return sample + forest_bytes(rows, least_leaf(rows, classes), _TREES, classes)

    return takes


def least_leaf(rows: int, classes: int, targets: int = 1) -> int:
    """Rows that a leaf of a forest must have so that it, or those of all targets, take up to 8 MB in a model file.

    Args:
        rows: that it is grown on.
        classes: of the target; 0 where it is a number.
        targets: that have a forest each.

    Example:
        >>> least_leaf(1_000, 0), least_leaf(16_000, 26), least_leaf(1_000, 0, targets=20)
        (1, 47, 8)
    """
    node = 12 + 4 * max(classes, 1)  # bytes: feature, threshold, child, and what a leaf adds
    return max(1, int(np.ceil(_TREES * 2 * rows * targets * node / _FOREST_BYTES)))
