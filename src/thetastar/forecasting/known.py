"""Means over what is known: nan where nothing is, without a warning."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["known_mean"]


def known_mean(x: np.ndarray, axis: int | tuple[int, ...] | None = None, *, keepdims: bool = False) -> Any:
    """The mean of the numbers that are not nan.

    Example:
        >>> known_mean(np.array([[1.0, np.nan], [np.nan, np.nan]]), axis=1).tolist()
        [1.0, nan]
    """
    known = ~np.isnan(x)
    count = known.sum(axis=axis, keepdims=keepdims)
    total = np.where(known, x, 0.0).sum(axis=axis, keepdims=keepdims)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
