"""Scores of several targets at once: truth and prediction are (n, K), and every target counts alike.

Numbers: R² of each target, or its error in units of its own spread in the rows that are judged, averaged over targets.
Labels: truth is 1 where it is a yes, predictions are the probabilities of yes. A macro score is the mean of the
labels' own; a micro score takes every cell of every label as one row. A target that has no score on these rows (a
label that is always or never there, a number that does not vary) is left out of the means.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

__all__ = ["FORMULAS", "flattened", "mean_of_targets", "of_labels"]

Rows = np.ndarray[Any, Any]
Weighed = Callable[[Rows], float]
Formula = Callable[[Rows, Rows], Weighed]

_HALF = 0.5  # the probability above which a label is named


def mean_of_targets(formula: Formula, split: Callable[[Rows], list[Rows]] | None = None) -> Formula:
    """The mean over targets of a formula of one.

    Args:
        split: from (n, K) to what the formula takes of each target as its prediction; its column if not given.
    """

    def several(truth: Rows, prediction: Rows) -> Weighed:
        columns = list(prediction.T) if split is None else split(prediction)
        parts = [formula(real, said) for real, said in zip(truth.T, columns, strict=True)]

        def score(weight: Rows) -> float:
            values = np.array([part(weight) for part in parts], dtype=np.float64)
            known = values[~np.isnan(values)]
            return float(known.mean()) if len(known) else float("nan")

        return score

    return several


def flattened(formula: Formula) -> Formula:
    """A formula of two classes on the cells of all labels, a row of K labels as K rows of its weight."""

    def several(truth: Rows, prediction: Rows) -> Weighed:
        labels = truth.shape[1]
        yes = prediction.reshape(-1)
        one = formula(truth.reshape(-1), np.column_stack([1.0 - yes, yes]))
        return lambda weight: one(np.repeat(weight, labels))

    return several


def _two_columns(prediction: Rows) -> list[Rows]:
    """(n, 2) probabilities of each label."""
    return [np.column_stack([1.0 - yes, yes]) for yes in prediction.T]


def _scaled(error: Callable[[Rows], Rows], whole: Callable[[float], float]) -> Formula:
    """The mean error over the spread (standard deviation) of the truth in the same rows; of one target."""

    def formula(truth: Rows, prediction: Rows) -> Weighed:
        errors = error(prediction - truth)

        def score(weight: Rows) -> float:
            total = weight.sum()
            mean = np.sum(truth * weight) / total
            spread = np.sqrt(np.sum(np.square(truth - mean) * weight) / total)
            return whole(float(np.sum(errors * weight) / total)) / spread if spread > 0 else np.nan

        return score

    return formula


def _subset_accuracy(truth: Rows, prediction: Rows) -> Weighed:
    """The share of rows in which every label is right."""
    right = ((prediction > _HALF) == (truth == 1)).all(axis=1).astype(float)
    return lambda weight: float(np.sum(right * weight) / weight.sum())


def _macro_f1(truth: Rows, prediction: Rows) -> Weighed:
    """The mean F1 of the labels that are there or are named in these rows."""
    named, real = prediction > _HALF, truth == 1

    def score(weight: Rows) -> float:
        hits, said, so = (np.sum(part * weight[:, None], axis=0) for part in (named & real, named, real))
        concerned = said + so > 0
        return float((2 * hits[concerned] / (said + so)[concerned]).mean()) if concerned.any() else 0.0

    return score


FORMULAS: dict[str, Formula] = {
    "scaled_rmse": mean_of_targets(_scaled(np.square, np.sqrt)),
    "scaled_mae": mean_of_targets(_scaled(np.abs, float)),
    "subset_accuracy": _subset_accuracy,
    "macro_f1": _macro_f1,
}
"""The scores that only several targets have, by name; the others are made of those of one target."""


def of_labels(formula: Formula) -> Formula:
    """The mean over labels of a formula of two classes."""
    return mean_of_targets(formula, _two_columns)
