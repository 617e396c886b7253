"""Answers in the form of the question: a frame's predictions come back as its own library's series, with its index."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["as_frame", "as_series"]


def as_series(data: Any, values: np.ndarray, name: str) -> Any:
    """Return (n,) values as a pandas Series with the frame's index, or as a polars Series; an array for other data.

    Args:
        data: what the values are an answer to.
        values: (n,) one for each of its rows; where they are not, as of sequences of many rows, they stay an array.
        name: of the series.

    Example:
        >>> import pandas
        >>> frame = pandas.DataFrame({"x": [1.0, 2.0]}, index=["a", "b"])
        >>> as_series(frame, np.array([3.0, 4.0]), "y").to_dict()
        {'a': 3.0, 'b': 4.0}
        >>> as_series({"x": [1.0]}, np.array([3.0]), "y")
        array([3.])
    """
    library = _library(data)
    if library is None or len(data) != len(values):
        return values
    if library == "pandas":
        import pandas

        return pandas.Series(values, index=data.index, name=name)
    import polars

    return polars.Series(name, values.tolist() if values.dtype == object else values)


def as_frame(data: Any, values: np.ndarray, columns: Sequence[Any]) -> Any:
    """Return (n, C) values as a frame of the library that `data` is a frame of, a column a class; likewise an array.

    Example:
        >>> import pandas
        >>> import pandas
        >>> frame = pandas.DataFrame({"x": [1.0]}, index=[7])
        >>> float(as_frame(frame, np.array([[0.25, 0.75]]), ["no", "yes"]).loc[7, "yes"])
        0.75
    """
    library = _library(data)
    if library is None or len(data) != len(values):
        return values
    if library == "pandas":
        import pandas

        return pandas.DataFrame(values, index=data.index, columns=list(columns))
    import polars

    return polars.DataFrame({str(column): values[:, i] for i, column in enumerate(columns)})


def _library(data: Any) -> str | None:
    """ "pandas" or "polars" of a frame of theirs; nothing is imported to find out."""
    kind = type(data)
    root = kind.__module__.partition(".")[0]
    return root if root in ("pandas", "polars") and kind.__name__ == "DataFrame" else None
