"""Whether a series only scatters about one level, so that nothing but its mean can be said."""

from __future__ import annotations

import numpy as np

from thetastar.forecasting.panel import Panel

__all__ = ["only_scatters"]

_LAGS, _SURE = 14, 3.5  # lags that are looked at, and standard errors: chance passes one of them once in 150 series
_FEWEST, _SERIES = 20, 50  # values that a test needs, and series that are looked at


def only_scatters(panel: Panel, cut: int) -> bool:
    """Whether most series are like independent draws before a column: no correlation with their own past.

    Args:
        panel: the series.
        cut: columns to look at.

    Source: Box and Jenkins 1970 (of independent values an autocorrelation has the standard error 1 / √n).
    """
    return bool(np.mean([_independent(row[:cut]) for row in panel.raw[:_SERIES]]) > 0.5)


def _independent(values: np.ndarray) -> bool:
    known = ~np.isnan(values)
    if known.sum() < _FEWEST:
        return True
    low, high = np.quantile(values[known], [0.02, 0.98])  # a single odd value must not hide what the others do
    x = np.where(known, np.clip(values, low, high), np.nan)
    x = np.where(known, x - np.nanmean(x), 0.0)
    size = float(x @ x)
    if size <= 0:
        return True
    lags = range(1, min(_LAGS, int(known.sum()) // 4) + 1)
    return all(abs(float(x[lag:] @ x[:-lag])) / size * np.sqrt(known.sum()) <= _SURE for lag in lags)
