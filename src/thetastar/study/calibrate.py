"""Calibrating the answer's probabilities on the validation rows of all folds, which its members had not learned from.

Two classes get beta calibration, more classes a temperature, or a scale and a shift for each class where these are
better still; several labels a beta calibration each. Isotonic regression is not among them: on rows in the hundreds it
makes probabilities of 0 and 1. A calibration is kept only if it lowers the log loss of rows that it was not fitted on:
the validation rows are dealt into ten parts, each is judged by what the other nine fitted, and the gain over what is
simpler has to be above one standard error of itself. What is kept is then fitted on all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from thetastar.model.calibration import LEAST, Beta, Calibration, Temperature
from thetastar.model.conclusion import number
from thetastar.model.metrics import METRICS, brier
from thetastar.model.record import Calibrated, ProbabilityScores
from thetastar.study.evidence import calibration as reliability
from thetastar.study.vector_scaling import MOST_CLASSES, fit_vector

__all__ = ["calibrate", "fit_beta", "fit_temperature", "probability_scores"]

LEAST_ROWS = 100  # below which ten parts say nothing
LEAST_OF_A_CLASS = 20  # rows of the rarer of two classes

_PARTS = 10
_PROOF = 1.0  # standard errors that the log loss must fall by
_PRIOR = 1.0  # each number is drawn to "nothing changes" as if by one more row of weight: few rows make no extremes
_STEPS = 60
_HALVINGS = 30
_STEEPEST = 50.0  # of 1 / temperature

Form = Callable[[np.ndarray, np.ndarray, np.ndarray | None], Calibration]
"""Fits a calibration to probabilities (m, C), classes (m,) and how much each row counts (m,)."""


def calibrate(
    predicted: np.ndarray | None, truth: np.ndarray, classes: int, seed: int, weight: np.ndarray | None = None
) -> tuple[Calibration | None, Calibrated]:
    """A calibration that pays on rows it was not fitted on, or None; and what to say of it.

    Args:
        predicted: (m, C) the answer's probabilities of the validation rows; None where not every row has them.
        truth: (m,) class indices.
        classes: of the target.
        seed: deals the rows into parts.
        weight: (m,) how much each row counts, with a mean near 1; alike if not given.
    """
    reason = _why_not(predicted, truth, classes)
    if predicted is None or reason is not None:
        words = f"Probabilities are not calibrated: {reason}."
        return None, Calibrated(kind=None, rows=len(truth), why=words)
    trials = _trials(_forms(classes), predicted, truth, seed, weight)
    kept = _kept(trials, weight)
    shown = trials[kept] if kept else trials[1]
    before, after = (probability_scores(each.predicted, truth, weight) for each in (trials[0], shown))
    figures = (
        f"log loss on {len(truth):,} validation rows {number(before.log_loss)} before, {number(after.log_loss)} after"
    )
    found = None if shown.form is None or not kept else shown.form(predicted, truth, weight)
    if found is not None:
        words = f"Probabilities are calibrated ({found.kind}): {figures}, each row judged by a fit on others."
    else:
        words = f"Probabilities are left as they are, for a calibration brings nothing beyond chance: {figures}."
    return found, Calibrated(
        kind=None if found is None else found.kind, rows=len(truth), why=words, validation_before=before,
        validation_after=after, reliability_before=reliability(truth, predicted, weight),
        reliability_after=reliability(truth, shown.predicted, weight),
    )  # fmt: skip


def _forms(classes: int) -> list[Form]:
    """What may calibrate so many classes, the simplest first."""
    if classes == 2:
        return [fit_beta]
    return [fit_temperature, fit_vector] if classes <= MOST_CLASSES else [fit_temperature]


@dataclass(frozen=True)
class _Trial:
    """What a form makes of the validation rows (m, C), each row by a fit on others, and the log loss of each (m,)."""

    form: Form | None
    predicted: np.ndarray
    losses: np.ndarray


def _trials(
    forms: list[Form], predicted: np.ndarray, truth: np.ndarray, seed: int, weight: np.ndarray | None
) -> list[_Trial]:
    """What is, and each form of calibration."""
    found = [_Trial(None, predicted, _surprise(predicted, truth))]
    for form in forms:
        crossed = _cross_fitted(form, predicted, truth, seed, weight)
        found.append(_Trial(form, crossed, _surprise(crossed, truth)))
    return found


def _kept(trials: list[_Trial], weight: np.ndarray | None) -> int:
    """The place of the trial that is kept: each has to prove itself against the best of those before."""
    kept = 0
    for place, trial in enumerate(trials):
        if _pays(trials[kept].losses - trial.losses, weight):
            kept = place
    return kept


def _why_not(predicted: np.ndarray | None, truth: np.ndarray, classes: int) -> str | None:
    """Why the rows do not suffice, without a full stop; None where they do."""
    if predicted is None:
        return "the budget left no validation rows that all members have predicted"
    if len(truth) < LEAST_ROWS:
        return f"that needs {LEAST_ROWS} validation rows, and there are {len(truth)}"
    rarest = int(np.bincount(truth, minlength=classes).min())
    if classes == 2 and rarest < LEAST_OF_A_CLASS:
        return f"that needs {LEAST_OF_A_CLASS} validation rows of the rarer class, and there are {rarest}"
    return None


def probability_scores(predicted: np.ndarray, truth: np.ndarray, weight: np.ndarray | None = None) -> ProbabilityScores:
    """Log loss and Brier score of (m, C) probabilities; rows count by `weight` (m,), alike without one."""
    return ProbabilityScores(
        log_loss=METRICS["log_loss"](truth, predicted, weight), brier=brier(truth, predicted, weight)
    )


def _pays(gain: np.ndarray, weight: np.ndarray | None) -> bool:
    """Whether the mean of what each row (m,) gains is above its standard error."""
    count = len(gain)
    if weight is None:
        return float(gain.mean()) > _PROOF * float(gain.std(ddof=1)) / count**0.5
    share = weight / weight.sum()
    mean = float(np.sum(share * gain))
    return mean > _PROOF * float(np.sum(np.square(share * (gain - mean))) * count / (count - 1)) ** 0.5


def _cross_fitted(
    form: Form, predicted: np.ndarray, truth: np.ndarray, seed: int, weight: np.ndarray | None
) -> np.ndarray:
    """(m, C) every row calibrated by a fit on the rows of the other parts."""
    part = np.random.default_rng([seed, 0xCA1]).permutation(len(truth)) % _PARTS
    found = np.empty_like(predicted)
    for k in range(_PARTS):
        own = part == k
        others = None if weight is None else weight[~own]
        found[own] = form(predicted[~own], truth[~own], others)(predicted[own])
    return found


def _surprise(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """(m,) minus the logarithm of the probability that the truth was given."""
    return -np.log(np.maximum(predicted[np.arange(len(truth)), truth], LEAST))


def fit_beta(predicted: np.ndarray, truth: np.ndarray, weight: np.ndarray | None = None) -> Beta:
    """Beta calibration by maximum likelihood; a or b that would fall below zero is zero.

    Args:
        predicted: (m, 2) probabilities.
        truth: (m,) class indices, 0 or 1.
        weight: (m,) how much each row counts: 2 is the row twice; 1 each if not given.

    Example:
        >>> sure = np.array([[0.02, 0.98], [0.98, 0.02]] * 60)
        >>> right = np.array([1, 0] * 40 + [0, 1] * 10 + [1, 0] * 10)  # 50 of 60 each: five in six
        >>> fit_beta(sure, right)(sure[:1]).round(1).tolist()
        [[0.2, 0.8]]
    """
    logs = np.log(np.maximum(predicted, LEAST))
    columns = np.stack([logs[:, 1], -logs[:, 0], np.ones(len(truth))])
    aim = np.array([1.0, 1.0, 0.0])
    able = np.ones(3, dtype=bool)
    counts = np.ones(len(truth)) if weight is None else weight
    while True:
        weights = _logistic(columns, truth.astype(np.float64), counts, aim, able)
        below = able & (weights < 0) & np.array([True, True, False])
        if not below.any():
            return Beta(*(float(value) for value in weights))
        able[int(np.argmin(np.where(below, weights, 0.0)))] = False


def _logistic(
    columns: np.ndarray, truth: np.ndarray, counts: np.ndarray, aim: np.ndarray, able: np.ndarray
) -> np.ndarray:
    """(3,) weights of a logistic regression drawn to `aim`, by Newton's method; those that are not able to are zero.

    Row i counts counts[i] times.

    Sums run without BLAS, so that they do not depend on the number of threads.
    """
    weights = np.where(able, aim, 0.0)
    free = np.flatnonzero(able)

    def loss(at: np.ndarray) -> float:
        odds = np.sum(at[:, None] * columns, axis=0)
        losses = counts * (np.logaddexp(0.0, odds) - truth * odds)
        return float(np.sum(losses) + _PRIOR / 2 * np.sum(np.square(at - aim)[free]))

    value = loss(weights)
    for _ in range(_STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(np.sum(weights[:, None] * columns, axis=0), -700, 700)))
        slope = np.sum(columns * (counts * (chance - truth)), axis=1) + _PRIOR * (weights - aim)
        bend = counts * chance * (1 - chance)
        curve = np.array([[np.sum(one * other * bend) for other in columns] for one in columns])
        curve += _PRIOR * np.eye(3)
        step = np.zeros(3)
        step[free] = np.linalg.solve(curve[np.ix_(free, free)], slope[free])
        share, moved = 1.0, value
        for _ in range(_HALVINGS):
            if (moved := loss(weights - share * step)) < value:
                break
            share /= 2
        if not moved < value:
            break
        weights, value = weights - share * step, moved
        if float(np.abs(step).max()) < 1e-9:
            break
    return weights


def fit_temperature(predicted: np.ndarray, truth: np.ndarray, weight: np.ndarray | None = None) -> Temperature:
    """The temperature with the highest likelihood, by Newton's method on its inverse, in which the loss is convex.

    Args:
        predicted: (m, C) probabilities.
        truth: (m,) class indices.
        weight: (m,) how much each row counts: 2 is the row twice; 1 each if not given.

    Example:
        >>> sure = np.full((60, 3), 0.01) + 0.97 * np.eye(3)[np.arange(60) % 3]
        >>> right = np.where(np.arange(60) < 48, np.arange(60) % 3, (np.arange(60) + 1) % 3)  # 48 of 60
        >>> fit_temperature(sure, right)(sure[:1]).round(1).tolist()
        [[0.8, 0.1, 0.1]]
    """
    logs = np.log(np.maximum(predicted, LEAST))
    own = logs[np.arange(len(truth)), truth]
    counts = np.ones(len(truth)) if weight is None else weight
    inverse = 1.0
    for _ in range(_STEPS):
        powers = np.exp(inverse * logs - (inverse * logs).max(axis=1, keepdims=True))
        shares = powers / powers.sum(axis=1, keepdims=True)
        mean = np.sum(shares * logs, axis=1)
        slope = float(np.sum(counts * (mean - own))) + _PRIOR * (inverse - 1.0)
        curve = float(np.sum(counts[:, None] * shares * np.square(logs - mean[:, None]))) + _PRIOR
        moved = float(np.clip(inverse - np.clip(slope / curve, -inverse / 2, inverse), 1 / _STEEPEST, _STEEPEST))
        if abs(moved - inverse) < 1e-10:
            break
        inverse = moved
    return Temperature(1.0 / inverse)
