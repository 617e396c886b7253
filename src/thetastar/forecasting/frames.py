"""Results as data frames of the caller's own kind."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np

__all__ = ["frame_kind", "like_caller", "make_frame"]

_DAY = 86_400.0


def frame_kind(data: Any) -> str | None:
    """ "pandas", "polars" or "pyarrow" for a frame of that make, None for anything else.

    Example:
        >>> import polars
        >>> frame_kind(polars.DataFrame({"a": [1]})), frame_kind({"a": [1]})
        ('polars', None)
    """
    name = type(data).__module__.split(".")[0]
    return name if name in ("pandas", "polars", "pyarrow") else None


def make_frame(columns: dict[str, Any], kind: str | None) -> Any:
    """A frame of the given kind; where none is wished, of the first kind that is installed (pyarrow always is)."""
    kind = kind or next((name for name in ("pandas", "polars") if importlib.util.find_spec(name)), "pyarrow")
    if kind == "pandas":
        import pandas

        return pandas.DataFrame(columns)
    if kind == "polars":
        import polars

        return polars.DataFrame(columns)
    import pyarrow

    return pyarrow.table(columns)


def time_column(values: np.ndarray, *, dates: bool) -> np.ndarray:
    """Times as a column: datetime64 for dates, whole or float numbers for an index."""
    if dates:
        return np.round(values * 1e6).astype(np.int64).astype("datetime64[us]")
    whole = np.all(values == np.round(values))
    return values.astype(np.int64) if whole else values


def like_caller(values: np.ndarray, data: Any) -> Any:
    """One value a row: a Series with the frame's index for pandas, a Series for polars, otherwise an array."""
    kind = frame_kind(data)
    if kind == "pandas":
        import pandas

        return pandas.Series(values, index=data.index, name="prediction")
    if kind == "polars":
        import polars

        return polars.Series("prediction", values)
    return values
