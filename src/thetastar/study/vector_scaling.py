"""Calibration of more than two classes by a scale and a shift for each, drawn towards one temperature for all.

A temperature makes all classes surer or less sure alike. Where a network takes one class too often and another too
seldom, each wants a shift; and where some are better known than others, a scale. That is twice as many numbers as
classes, which few rows would bend to their chance: so each is drawn to what the common temperature says, by a penalty
that weighs as much as some rows do, and only what many rows say moves far.
"""

from __future__ import annotations

import numpy as np

from thetastar.model.calibration import LEAST, VectorScaling

__all__ = ["MOST_CLASSES", "fit_vector", "vector_loss"]

MOST_CLASSES = 50
"""Of a vector scaling: a step solves for twice as many numbers as there are classes."""

_DRAWN = 10.0  # how strongly scales and shifts are drawn to a temperature, chosen on letter, covertype and wine
_PRIOR = 1.0  # how strongly the common inverse temperature is drawn to 1, as a temperature by itself is
_STEPS = 60
_ENOUGH = 1e-9  # of the loss that a step would bring, summed over the rows
_HALVINGS = 30
_MOST_TERMS = 10_000_000  # rows times squared classes that a fit sums over: of more rows it takes every k-th


def fit_vector(predicted: np.ndarray, truth: np.ndarray, weight: np.ndarray | None = None) -> VectorScaling:
    """The scales and shifts with the highest penalised likelihood, by Newton's method; the loss is convex.

    Args:
        predicted: (m, C) probabilities.
        truth: (m,) class indices.
        weight: (m,) how much each row counts: 2 is the row twice; 1 each if not given.

    Example:
        >>> said = np.full((300, 3), 1 / 3)
        >>> fit_vector(said, np.arange(300) % 5 // 2)(said[:1]).round(2).tolist()  # 2, 2 and 1 of five
        [[0.4, 0.4, 0.21]]
    """
    rows = slice(None, None, max(1, -(-predicted.size * predicted.shape[1] // _MOST_TERMS)))
    logs = np.log(np.maximum(predicted[rows], LEAST))
    real = truth[rows]
    counts = np.ones(len(real)) if weight is None else weight[rows]
    classes = logs.shape[1]
    numbers = np.concatenate([[1.0], np.zeros(2 * classes)])  # the inverse temperature, deviations from it, shifts
    value, slope, curve = vector_loss(numbers, logs, real, counts)
    for _ in range(_STEPS):
        step = np.linalg.solve(curve, slope)
        if float(np.sum(slope * step)) < _ENOUGH:
            break
        share = 1.0
        for _ in range(_HALVINGS):
            moved = vector_loss(numbers - share * step, logs, real, counts)
            if moved[0] < value:
                break
            share /= 2
        if not moved[0] < value:
            break
        numbers = numbers - share * step
        value, slope, curve = moved
    scale = np.maximum(numbers[0] + numbers[1 : classes + 1], 0.0)
    return VectorScaling(tuple(scale.tolist()), tuple(numbers[classes + 1 :].tolist()))


def vector_loss(
    numbers: np.ndarray, logs: np.ndarray, truth: np.ndarray, counts: np.ndarray
) -> tuple[float, np.ndarray, np.ndarray]:
    """The penalised loss, its slopes (2 C + 1,) and its curvature (2 C + 1, 2 C + 1).

    Sums run without BLAS, so that they do not depend on the number of threads.

    Args:
        numbers: (2 C + 1,) the inverse temperature, C deviations of scales from it, C shifts.
        logs: (m, C) logarithms of probabilities.
        truth: (m,) class indices.
        counts: (m,) how often each row counts.

    Example:
        >>> value, slope, _ = vector_loss(np.array([1.0, 0, 0, 0, 0]), np.log([[0.5, 0.5]]), np.array([1]), np.ones(1))
        >>> round(value, 4), slope[-2:].tolist()
        (0.6931, [0.5, -0.5])
    """
    rows, classes = np.arange(len(truth)), logs.shape[1]
    scores = logs * (numbers[0] + numbers[1 : classes + 1]) + numbers[classes + 1 :]
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    totals = powers.sum(axis=1, keepdims=True)
    shares = powers / totals
    losses = np.log(totals[:, 0]) + scores.max(axis=1) - scores[rows, truth]
    drawn = np.concatenate([[_PRIOR], np.full(2 * classes, _DRAWN)])
    aim = np.concatenate([[1.0], np.zeros(2 * classes)])
    value = float(np.sum(counts * losses) + np.sum(drawn * np.square(numbers - aim)) / 2)
    excess = shares.copy()
    excess[rows, truth] -= 1.0
    excess *= counts[:, None]
    by_scale, by_shift = np.sum(excess * logs, axis=0), np.sum(excess, axis=0)
    slope = np.concatenate([[by_scale.sum()], by_scale, by_shift]) + drawn * (numbers - aim)
    both = np.concatenate([shares * logs, shares], axis=1)
    own = -np.einsum("mi,mj->ij", counts[:, None] * both, both)
    weighed = counts[:, None] * shares
    for k in range(classes):
        own[k, k] += np.sum(weighed[:, k] * np.square(logs[:, k]))
        cross = np.sum(weighed[:, k] * logs[:, k])
        own[k, classes + k] += cross
        own[classes + k, k] += cross
        own[classes + k, classes + k] += np.sum(weighed[:, k])
    common = own[:classes].sum(axis=0)  # of the inverse temperature, which moves all scales
    curve = np.zeros((2 * classes + 1, 2 * classes + 1))
    curve[1:, 1:] = own
    curve[0, 1:] = curve[1:, 0] = common
    curve[0, 0] = common[:classes].sum()
    return value, slope, curve + np.diag(drawn)
