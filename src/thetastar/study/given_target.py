"""What `fit` is given as its target: names of columns, or the values themselves beside an array."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["with_values"]


def with_values(data: Any, target: Any) -> tuple[Any, Any]:
    """Data and target as a study takes them: values that were given beside an array become columns of their own.

    A list stands for names of columns where the data has names: a file, a frame, a mapping, or two arrays in a tuple,
    whose target columns are `target`, or `target_0` and so on. As long as a frame it holds the values of its rows.

    Example:
        >>> with_values({"x": [1], "a": [2], "b": [3]}, ["a", "b"])[1]
        ('a', 'b')
        >>> with_values(np.zeros((4, 2)), [0, 1, 1, 0])[1], with_values(np.zeros((2, 3)), np.eye(2))[1]
        ('target', ('target_0', 'target_1'))
    """
    if isinstance(target, str) or not hasattr(target, "__len__"):
        return data, target
    names = target.tolist() if hasattr(target, "tolist") and np.ndim(target) == 1 else target  # such as frame.columns
    listed = isinstance(names, list | tuple) and all(isinstance(one, str | int) for one in names)
    if listed and _has_names(data, len(names)):
        return data, tuple(names)
    values = np.asanyarray(target)  # a mask stays
    several = values.ndim == 2 and values.shape[1] > 1
    columns = tuple(f"target_{k}" for k in range(values.shape[1])) if several else "target"
    return (np.asanyarray(data), values), columns


def _has_names(data: Any, listed: int) -> bool:
    """Whether a list of that length names columns of the data."""
    if isinstance(data, str | os.PathLike | Mapping):
        return True
    if isinstance(data, tuple) and len(data) == 2 and all(isinstance(part, np.ndarray) for part in data):
        return True
    frame = hasattr(data, "columns") or hasattr(data, "column_names")
    rows = isinstance(data, list) and bool(data) and all(isinstance(row, Mapping) for row in data)
    return (frame or rows) and not (hasattr(data, "__len__") and len(data) == listed)
