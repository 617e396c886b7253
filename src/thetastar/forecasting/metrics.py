"""Scores of forecasts. Each says its lag and its scale; a missing truth is left out, a missing forecast has failed."""

from __future__ import annotations

import numpy as np

from thetastar.forecasting.known import known_mean

__all__ = ["coverage", "mase_scale", "scores"]


def mase_scale(raw: np.ndarray, lag: int) -> np.ndarray:
    """(n,) mean absolute difference to the value `lag` steps before, over what was learned from."""
    if raw.shape[1] <= lag:
        return np.full(len(raw), np.nan)
    with np.errstate(all="ignore"):
        moved = np.abs(raw[:, lag:] - raw[:, :-lag])
        return np.array([known_mean(row) if (~np.isnan(row)).any() else np.nan for row in moved])


def scores(forecast: np.ndarray, truth: np.ndarray, scale: np.ndarray) -> dict[str, float | None]:
    """Mean absolute error, root mean squared error, symmetric percentage error and scaled error of (n, O, H) forecasts.

    Args:
        forecast: what was said.
        truth: nan where it is not known.
        scale: (n,) of `mase_scale`.

    Returns:
        {"mae", "rmse", "smape" (0 to 200, in percent, as in the M4 competition), "mase"}, None where not defined.

    Example:
        >>> made = scores(np.full((1, 2, 1), 3.0), np.array([[[1.0], [3.0]]]), np.ones(1))
        >>> made["mae"], made["smape"]
        (1.0, 50.0)
    """
    known = ~np.isnan(truth)
    if not known.any():
        return {"mae": None, "rmse": None, "smape": None, "mase": None}
    error = np.abs(forecast - truth)[known]
    if np.isnan(error).any():  # a forecast that is missing has failed, and is not passed over
        return {"mae": None, "rmse": None, "smape": None, "mase": None}
    size = (np.abs(forecast) + np.abs(truth))[known]
    symmetric = np.where(size > 0, 200 * error / np.where(size > 0, size, 1.0), 0.0)
    unit = np.broadcast_to(scale[:, None, None], truth.shape)[known]
    usable = np.isfinite(unit) & (unit > 0)
    scaled = float(np.mean(error[usable] / unit[usable])) if usable.any() else None
    return {
        "mae": float(error.mean()), "rmse": float(np.sqrt(np.mean(error**2))), "smape": float(symmetric.mean()),
        "mase": scaled,
    }  # fmt: skip


def coverage(
    lower: np.ndarray, upper: np.ndarray, truth: np.ndarray
) -> tuple[float | None, list[float | None], list[int]]:
    """The share of truths from lower to upper, ends included: over all, by step, and how many there were by step.

    Example:
        >>> coverage(np.zeros((1, 2, 1)), np.ones((1, 2, 1)), np.array([[[0.5], [2.0]]]))
        (0.5, [0.5], [2])
    """
    known = ~np.isnan(truth)
    inside = (lower <= truth) & (truth <= upper) & known
    by_step = [
        float(inside[..., step].sum() / known[..., step].sum()) if known[..., step].any() else None
        for step in range(truth.shape[2])
    ]
    counts = [int(known[..., step].sum()) for step in range(truth.shape[2])]
    return (float(inside.sum() / known.sum()) if known.any() else None), by_step, counts
