"""How much each row counts: a column of weights, or an array that becomes one.

An array of weights stands in the table as a column of its own, so that it goes wherever rows go. Rows of weight zero
count for nothing, so they are left out before anything looks at them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from thetastar.data.table import Column, Table, describe_names
from thetastar.errors import InputError

__all__ = ["effective", "known_rows", "weights_of", "with_weights"]

_OPTION = "sample_weight"


def with_weights(table: Table, given: Any) -> tuple[Table, str]:
    """The table with a column of weights, and that column's name.

    Args:
        given: the name of a column, or (n,) numbers, one a row.

    Raises:
        InputError: there is no such column, or there is not one number for each row.

    Example:
        >>> from thetastar.data import read_table
        >>> table, name = with_weights(read_table({"x": [1, 2]}), [0.5, 2.0])
        >>> table.names, name
        (['x', 'sample_weight'], 'sample_weight')
    """
    if isinstance(given, str):
        if given not in table:
            raise InputError(
                f"{_OPTION}={given!r}: {table.source} has no such column. {describe_names(given, table.names)}"
            )
        return table, given
    name = _OPTION
    while name in table:
        name += "_"
    column = Column(name, numbers=_numbers(given, table.row_count), native="float")
    return replace(table, columns=(*table.columns, column)), name


def _numbers(given: Any, rows: int) -> np.ndarray:
    """(n,) float64 of an array, a series or a list.

    Raises:
        InputError: it is not one number a row.
    """
    try:
        array = np.asarray(given)
        numbers = array.astype(np.float64)
    except (TypeError, ValueError):
        array = numbers = np.empty(0, dtype=object)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise InputError(
            f"{_OPTION}: it must be the name of a column, or one number a row, such as [1.0, 2.5, …]. "
            f"Got {type(given).__name__}."
        )
    if len(numbers) != rows:
        raise InputError(
            f"{_OPTION}: there must be one number for each of the {rows:,} rows. Got {len(numbers):,}. "
            "Rows without a target count too."
        )
    return numbers


def known_rows(table: Table, name: str | None, what: str = "") -> tuple[Table, list[str]]:
    """The rows that count for something, and a note if there are others.

    Args:
        name: of the column of weights; None where all rows count alike.
        what: the table, at the beginning of the note: "Test data: ", or nothing.

    Raises:
        InputError: a weight is missing, negative, infinite or no number, or all are zero.
    """
    if name is None:
        return table, []
    values = weights_of(table, name)
    kept = values > 0
    if kept.all():
        return table, []
    gone = int((~kept).sum())
    rows = "1 row has" if gone == 1 else f"{gone:,} rows have"
    it = "it was" if gone == 1 else "they were"
    return table.select(kept), [f"{what}{rows} the weight zero in {name!r}; {it} left out."]


def weights_of(table: Table, name: str) -> np.ndarray:
    """(n,) float64 the weights in a column, none below zero and some above it.

    Raises:
        InputError: the column holds no numbers, or a weight is missing, negative or infinite, or all are zero.
    """
    column = table.column(name)
    title = _OPTION if name.strip("_") == _OPTION else f"{_OPTION}={name!r}"
    if column.missing.any():
        row, count = int(np.argmax(column.missing)), int(column.missing.sum())
        rows = "1 row has" if count == 1 else f"{count:,} rows have"
        raise InputError(
            f"{title}: {rows} no weight, the first in {table.place(row)}. Fill them in (0 leaves a row out)."
        )
    if column.kind != "number" or column.exact:
        raise InputError(
            f"{title}: weights are numbers, and this column holds {_kind(column)}, such as {column.examples(1)[0]!r}. "
            "Name another column."
        )
    values = column.numbers
    for wrong, rule in ((values < 0, "must not be negative"), (np.isinf(values), "must be finite")):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InputError(
                f"{title}: a weight {rule}. Got {values[row]:g} in {table.place(row)}. Mend it, or drop the row."
            )
    if not values.any():
        raise InputError(f"{title}: every row has the weight zero, so none is left to learn from. Name another column.")
    return values


def _kind(column: Column) -> str:
    return {"text": "texts", "number": "numbers too long for a weight"}.get(column.kind, f"{column.kind}s")


def effective(weight: np.ndarray | None, rows: int) -> float:
    """How many rows of equal weight tell as much as these: (sum w)² / sum w² (Kish 1965).

    Args:
        weight: (n,) of the rows; None where all count alike.
        rows: n.

    Example:
        >>> effective(np.array([1.0, 1.0, 4.0]), 3)
        2.0
    """
    return float(rows) if weight is None or not rows else float(weight.sum() ** 2 / np.sum(np.square(weight)))
