"""How scikit-learn's histogram boosting is asked: how large its steps are, how many it takes, when it stops."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["SIZES", "STEPS", "Steps", "boosting_arguments", "steps_of"]

Found = dict[str, Any]

_WIDE = 4_000  # columns from which on there are fewer boosted trees
_SMALL_ROWS, _SMALL_CELLS = 10_000, 500_000  # rows, and numbers times classes, below which boosting takes small steps
_HALF_ROWS, _HALF_CELLS = 100_000, 3_000_000  # of numbers, below which it takes half of the usual ones


@dataclass(frozen=True)
class Steps:
    """How large the steps of boosting are."""

    arguments: Found
    trees: int  # of all classes
    most: int  # of one class
    patience: int  # steps without progress
    unwatched: int  # trees where no rows can be held out to say when to stop


_SHY: Found = {"max_leaf_nodes": 24, "min_samples_leaf": 5, "max_features": 0.3, "l2_regularization": 3.0}
STEPS = {
    "usual": Steps({}, 1_300, 400, 15, 100),
    "medium": Steps({"learning_rate": 0.07, **_SHY}, 1_300, 500, 15, 150),
    "small": Steps({"learning_rate": 0.04, **_SHY}, 2_600, 1_000, 30, 250),
    "half": Steps(
        {"learning_rate": 0.05, "max_leaf_nodes": 48, "min_samples_leaf": 10, "max_features": 0.6,
         "l2_regularization": 1.0}, 1_300, 1_000, 20, 200,
    ),
}  # fmt: skip
SIZES = tuple(STEPS)  # a fit's settings are numbers, of which the last one takes the mean over folds


def steps_of(
    shape: tuple[int, ...], trees_per_step: int, settings: Found, *, two_classes: bool = False, halved: bool = False
) -> str:
    """How large the steps of boosting are: as those of the fit before, whose number of trees goes with them.

    Small ones below 10,000 rows. Measured on rows of five open tables that nothing had seen, three splits each: RMSE
    1.5, 5 and 29 % lower on three tables of numbers, AUC 0.008 and 0.013 higher on two of two classes. On a table of
    20,000 rows they changed less than another split does, and took three times as long.

    Medium ones of two classes above that: on 12,000 rows of adult and of bank, three splits each, AUC 0.0013 and
    0.0014 higher on average, in 1.8 times the time. On numbers they were worse (kin40k by 17 % of the RMSE), for they
    look at a third of the columns at a time.

    Half of the usual ones of numbers above that, with trees of 48 leaves that look at six of ten columns: on all rows
    of California, kin40k and diamonds, two splits each, RMSE 1.6, 15.5 and 0.6 % lower on average, in 2.6, 3.4 and 1.7
    times the time. Two classes gained 0.0001 and 0.0004 of the AUC over medium ones (adult and bank, one split), seven
    classes of covertype half a per cent, too little for twice the time.

    Splits by sets of categories in place of a column each, or target means of them out of fold, lost 0.0007 of adult's
    AUC.
    """
    if "trees" in settings:
        return SIZES[settings.get("steps", 0)]
    rows, cells = shape[0], math.prod(shape)
    if rows < _SMALL_ROWS and cells * trees_per_step < _SMALL_CELLS:
        return "small"
    if two_classes:
        return "medium"
    return "half" if halved and rows < _HALF_ROWS and cells < _HALF_CELLS else "usual"


def boosting_arguments(
    shape: tuple[int, int], trees_per_step: int, seed: int, settings: Found, seconds: float | None,
    steps: str = "usual",
) -> dict[str, Any]:  # fmt: skip
    """Arguments of both boosting models: early stopping on a tenth of the rows, or the number of trees found before.

    The number of steps is bounded so that many classes (a tree for each in every step) take no minutes.
    """
    size = STEPS[steps]
    common: dict[str, Any] = {"random_state": seed, "learning_rate": 0.1 if trees_per_step <= 10 else 0.2}
    common |= size.arguments
    if "trees" in settings:
        return {**common, "max_iter": settings["trees"], "early_stopping": False}
    trees = int(np.clip(size.trees // trees_per_step, 50, size.most))
    rows, features = shape
    if features > _WIDE:  # every node of a tree looks at all columns
        trees = max(trees * _WIDE // features, 50)
    if seconds is not None:
        # Measured on one thread: a tree of 31 leaves takes about 1.5 ms, and 8 ns for every row and feature.
        trees = max(min(trees, int(seconds / (trees_per_step * (1.5e-3 + 8e-9 * rows * features)))), 10)
    stop_early = rows >= 100  # with fewer, the inner validation rows say nothing
    return {
        **common,
        "max_iter": trees if stop_early else min(trees, size.unwatched),
        "early_stopping": stop_early,
        "n_iter_no_change": size.patience,
    }
