"""Ridge regression whose penalty is chosen by leave-one-out, in the memory of a few thousand rows.

With centred rows X, G = XᵀX = V diag(s) Vᵀ and a penalty α, the prediction of a row by all others follows from that
of the fit to all rows: its error is e / (1 - h), where h is the share of the row in its own prediction. V and s are the
same for every penalty, and e and h of a row need that row alone, so the rows are read three times, some thousand at a
time.

Source: Golub, Heath and Wahba 1979, "Generalized cross-validation as a method for choosing a good ridge parameter".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

__all__ = ["ROWS_AT_ONCE", "ridge"]

ROWS_AT_ONCE = 4096


def ridge(
    inputs: np.ndarray, target: np.ndarray, penalties: np.ndarray, weights: np.ndarray | None = None
) -> tuple[np.ndarray, float, float]:
    """The weights (F,), the constant, and the penalty with the least mean squared error of leave-one-out.

    The constant is not penalised. It takes time and memory for F² numbers, so there should be no fewer rows than
    features.

    Args:
        inputs: (n, F), n >= F.
        target: (n,)
        penalties: candidates, above 0.
        weights: (n,) how much each row counts; alike if not given.

    Example:
        >>> x = np.linspace(-1, 1, 50)[:, None]
        >>> weight, constant, _ = ridge(x, 2 * x[:, 0] + 1, np.array([1e-6]))
        >>> round(float(weight[0]), 3), round(constant, 3)
        (2.0, 1.0)
    """
    own = np.ones(len(inputs)) if weights is None else np.asarray(weights, dtype=np.float64)
    total = float(own.sum())
    centre = sum((w @ x for x, _, w in _parts(inputs, target, own)), start=np.zeros(inputs.shape[1])) / total
    middle = float(own @ np.asarray(target, dtype=np.float64)) / total
    gram, moment = np.zeros((inputs.shape[1], inputs.shape[1])), np.zeros(inputs.shape[1])
    for x, y, w in _parts(inputs, target, own):
        x -= centre
        weighed = x * w[:, None]
        gram += weighed.T @ x
        moment += weighed.T @ (y - middle)
    sizes, axes = np.linalg.eigh(gram)
    shrunk = 1.0 / (np.maximum(sizes, 0.0)[:, None] + np.asarray(penalties, dtype=np.float64))  # (F, penalties)
    along = axes.T @ moment
    errors = np.zeros(len(penalties))
    for x, y, w in _parts(inputs, target, own):
        x -= centre
        turned = x @ axes
        wrong = (y - middle)[:, None] - turned @ (along[:, None] * shrunk)
        turned *= turned
        share = (turned @ shrunk + 1.0 / total) * w[:, None]
        errors += w @ np.square(wrong / np.maximum(1.0 - share, 1e-12))
    best = int(np.argmin(errors))
    weight = axes @ (along * shrunk[:, best])
    return weight, middle - float(centre @ weight), float(penalties[best])


def _parts(
    inputs: np.ndarray, target: np.ndarray, weights: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Some thousand rows at a time in double precision; the inputs are copies."""
    for start in range(0, len(inputs), ROWS_AT_ONCE):
        part = slice(start, start + ROWS_AT_ONCE)
        yield inputs[part].astype(np.float64), np.asarray(target[part], dtype=np.float64), weights[part]
