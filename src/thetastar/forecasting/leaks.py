"""Columns that know too much: one whose value at a step gives away the target's next one."""

from __future__ import annotations

import numpy as np

from thetastar.forecasting.panel import Panel

__all__ = ["suspects"]

_LEFT = 0.1  # share of what the target's own past leaves open that such a column leaves


def suspects(panel: Panel, cut: int) -> dict[str, str]:
    """Columns that tell the target's next value nearly exactly, where its own past does not; name -> a sentence.

    The next value is explained by least squares from the last value, the seasonal one and their means; then with the
    column as well. A column that takes away nine tenths of the rest knows the future, or is made of the target.
    """
    found = {}
    for name, values in panel.past.items():
        share = _left(panel, cut, values, ahead=0)
        if share < _LEFT:
            found[name] = (
                f"{name!r} at one step gives away the target of the next (it leaves {share:.1%} of what the past "
                "leaves open): it seems to hold the future, as a column that was shifted the wrong way does."
            )
    for name, values in panel.known.items():
        share = _left(panel, cut, values, ahead=1)
        if share < _LEFT:
            found[name] = (
                f"{name!r}, said to be known ahead, gives away the target of the same step (it leaves {share:.1%} of "
                "what the past leaves open): check that it is known before the target is."
            )
    return found


def _left(panel: Panel, cut: int, values: np.ndarray, *, ahead: int) -> float:
    """The share of the rest's variance that is left once the column is known; 1 where it tells nothing."""
    lag = max(panel.season, 1)
    rows = []
    for series in range(min(panel.count, 50)):
        first = int(panel.begin[series]) + 2 * lag
        at = np.arange(first, cut - 1)
        at = at[~np.isnan(panel.raw[series, at + 1])]
        if len(at) < 30:
            continue
        y = panel.filled[series]
        own = np.column_stack([y[at], y[at + 1 - lag], y[at - lag] if lag > 1 else y[at - 1], np.ones(len(at))])
        rows.append((own, values[series, at + ahead], y[at + 1]))
    if not rows:
        return 1.0
    before, after = 0.0, 0.0
    for own, column, target in rows:
        spread = column.std()
        if spread <= 0:
            return 1.0
        z = np.column_stack([own, (column - column.mean()) / spread])
        size = np.maximum(np.abs(own).max(axis=0), 1e-12)
        rest = target - own @ (np.linalg.lstsq(own / size, target, rcond=None)[0] / size)
        size = np.maximum(np.abs(z).max(axis=0), 1e-12)
        less = target - z @ (np.linalg.lstsq(z / size, target, rcond=None)[0] / size)
        before += float(rest @ rest)
        after += float(less @ less)
        if before <= 1e-18 * float(target @ target):  # the past tells all: nothing is left to give away
            return 1.0
    return after / before if before > 0 else 1.0
