"""Learning curves as the journal keeps them: six digits a number, and of a long training some of its epochs.

A curve of all epochs is most of what a network leaves behind: of a hundred thousand steps it would be a megabyte. Kept
are the first epoch, the last, the best, and others evenly between.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["EPOCHS_KEPT", "EPOCHS_KEPT_OF_MANY", "kept_places", "rounded", "value_at"]

EPOCHS_KEPT = 1_000
"""Epochs of a run that its curves tell of, at most."""

EPOCHS_KEPT_OF_MANY = 16
"""The same in a study of so many networks that they share lines of the journal: it is mostly curves."""

_POWERS = np.array([float(f"1e{k}") for k in range(22)])


def kept_places(length: int, best: np.ndarray, most: int) -> np.ndarray:
    """(K, most) places among `length` > `most` epochs that K curves of that length keep, each in rising order.

    Args:
        best: (K,) the place of each one's best epoch; below 0 where it lies before the first.
        most: places to keep, 3 at least.

    Example:
        >>> kept_places(101, np.array([50, 3, 100]), 5).tolist()
        [[0, 25, 50, 75, 100], [0, 3, 50, 75, 100], [0, 25, 50, 75, 100]]
    """
    even = np.linspace(0, length - 1, most).round().astype(np.int64)
    places = np.tile(even, (len(best), 1))
    above = np.clip(np.searchsorted(even, best), 1, most - 1)
    nearer = above - (best - even[above - 1] < even[above] - best)
    at = np.clip(nearer, 1, most - 2)
    inside = (best > 0) & (best != even[above]) & (best != even[above - 1])
    rows = np.flatnonzero(inside)
    places[rows, at[rows]] = best[rows]
    return places


def rounded(curves: np.ndarray) -> list[list[float]]:
    """(K, E) finite numbers as lists of six digits each.

    A whole number divided by a power of ten that is exact is the nearest number to its decimal digits. Far from 1,
    where powers of ten are not exact, numbers go through text.

    Example:
        >>> rounded(np.array([[0.12345678, 1e-300]]))
        [[0.123457, 1e-300]]
    """
    sizes = np.abs(curves)
    places = 5 - np.floor(np.log10(np.where(sizes > 0, sizes, 1.0))).astype(np.int64)
    if curves.size == 0 or max(places.max(), -places.min()) < len(_POWERS):
        up, down = _POWERS[np.maximum(places, 0)], _POWERS[np.maximum(-places, 0)]
        return (np.rint(curves * up / down) * down / up).tolist()
    return [list(map(float, ("%.6g " * len(one) % tuple(one)).split())) for one in curves.tolist()]


def value_at(epoch: int, curve: Sequence[float], epochs: Sequence[int] | None) -> float:
    """The value of a curve at an epoch from 1 on, or at the last kept before it.

    Args:
        epochs: that the curve tells of; all if None.

    Example:
        >>> value_at(7, [0.5, 0.4, 0.3], [1, 6, 11]), value_at(9, [0.5, 0.4], None)
        (0.4, 0.4)
    """
    if epochs is None:
        return curve[min(epoch, len(curve)) - 1]
    before = int(np.searchsorted(epochs[: len(curve)], epoch, side="right"))
    return curve[max(before, 1) - 1]
