"""Columns that know too much: one whose values give away the target's later ones."""

from __future__ import annotations

import numpy as np

from thetastar.forecasting.panel import Panel

__all__ = ["suspects"]

_LEFT = 0.1  # share of what the target's own past leaves open that such a column leaves
_FURTHEST = 28  # steps by which a column may have been shifted
_FEWEST, _SERIES = 30, 50  # rows of a series, and series, that are looked at


def suspects(panel: Panel, cut: int, horizon: int = 1) -> dict[str, str]:
    """Columns that tell the target nearly exactly, where its own past does not; name -> a sentence.

    The target is explained by least squares from the value before, the seasonal one and their means; then with the
    column, shifted, as well. A column that takes away nine tenths of the rest knows the future, or is made of the
    target.

    Args:
        panel: the series.
        cut: columns to look at.
        horizon: a column known ahead must not hold the target of less than so many steps before.
    """
    found = {}
    later = range(1, _FURTHEST + 1)
    for name, values in panel.past.items():
        shift, share = _least_left(panel, cut, values, list(later))
        if share < _LEFT:
            whose = "of the next" if shift == 1 else f"{shift} steps later"
            found[name] = (
                f"{name!r} at one step gives away the target {whose} (it leaves {share:.1%} of what the past "
                "leaves open): it seems to hold the future, as a column that was shifted the wrong way does."
            )
    for name, values in panel.known.items():
        shift, share = _least_left(panel, cut, values, [0, *later, *range(-1, -min(horizon, _FURTHEST), -1)])
        if share < _LEFT:
            steps = f"{abs(shift)} step{'s' * (abs(shift) > 1)} {'later' if shift > 0 else 'before'}"
            whose = steps if shift else "of the same step"
            found[name] = (
                f"{name!r}, said to be known ahead, gives away the target {whose} (it leaves {share:.1%} of "
                "what the past leaves open): check that it is known before the target is."
            )
    return found


def _least_left(panel: Panel, cut: int, values: np.ndarray, shifts: list[int]) -> tuple[int, float]:
    """The shift at which the column tells most, and the share of the rest's variance that it leaves there.

    At shift k the column's value stands beside the target k steps later.
    """
    lag = max(panel.season, 1)
    before, after = 0.0, np.zeros(len(shifts))
    for series in range(min(panel.count, _SERIES)):
        first = int(panel.begin[series]) + 2 * lag + max(max(shifts), 0)
        at = np.arange(first, cut + min(min(shifts), 0))
        at = at[~np.isnan(panel.raw[series, at])]
        if len(at) < _FEWEST:
            continue
        y = panel.filled[series]
        own = np.column_stack([y[at - 1], y[at - lag], y[at - 1 - lag] if lag > 1 else y[at - 2], np.ones(len(at))])
        basis = np.linalg.svd(own / np.maximum(np.abs(own).max(axis=0), 1e-12), full_matrices=False)
        basis = basis.U[:, basis.S > 1e-9 * basis.S[0]]
        rest = y[at] - basis @ (basis.T @ y[at])
        open_ = float(rest @ rest)
        if open_ <= 1e-18 * float(y[at] @ y[at]):  # the past tells all: nothing is left to give away
            return shifts[0], 1.0
        before += open_
        column = values[series, at[:, None] - np.array(shifts)]
        column = column - column.mean(axis=0)
        own_part = column - basis @ (basis.T @ column)
        size = np.sum(own_part**2, axis=0)
        varies = size > 1e-12 * np.sum(column**2, axis=0)
        after += open_ - np.where(varies, (rest @ own_part) ** 2 / np.maximum(size, 1e-300), 0.0)
    if before <= 0:
        return shifts[0], 1.0
    best = int(np.argmin(after))
    return shifts[best], float(max(after[best], 0.0)) / before
