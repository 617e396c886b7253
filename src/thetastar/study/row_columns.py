"""Columns that say how rows belong together: groups, times and strata, as the numbers that a split takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from thetastar.data.near_copies import NEAR_COPIES, find_near_copies
from thetastar.data.roles import ColumnRole
from thetastar.data.table import Column, Table, describe_names
from thetastar.errors import InputError
from thetastar.study.options import StudyOptions

__all__ = ["in_order_of", "left_out", "rows_by_column", "times_of"]

_BINS = 10  # of a stratum of numbers


def left_out(table: Table, options: StudyOptions, targets: Sequence[str]) -> dict[str, str]:
    """The role of the column of groups: what is true of one group alone is of no use for the next."""
    if options.group is None or options.group in targets or options.group not in table:
        return {}
    return {options.group: "ignore"}


def in_order_of(table: Table, options: StudyOptions) -> tuple[Table, list[str]]:
    """The rows in order of `by_time`, the oldest first, and a note if they were not; else the table as it is.

    Raises:
        InputError: there is no such column, or it holds no times.
    """
    if options.by_time is None:
        return table, []
    times = times_of(_column(table, "by_time", options.by_time), table)
    if np.all(np.diff(times) >= 0):
        return table, []
    order = np.argsort(times, kind="stable")
    return table.select(order), [f"The rows were put in order of {options.by_time!r}, the oldest first."]


def rows_by_column(
    table: Table, options: StudyOptions, targets: Sequence[str], roles: Mapping[str, ColumnRole]
) -> dict[str, Any]:
    """The fields `groups`, `times` and `strata` of `Rows` that the options ask for.

    Raises:
        InputError: a column is not there, is the target, or has rows without a value.
    """
    found: dict[str, Any] = {}
    if options.group == NEAR_COPIES and NEAR_COPIES not in table:
        copies = find_near_copies(table, roles)
        if copies is None:
            raise InputError(
                f"group={NEAR_COPIES!r}: {table.source} has no blocks of rows that are nearly the same, and no such "
                "column. Leave it out, or name a column."
            )
        found["groups"] = copies.blocks
    elif options.group is not None:
        column = _column(table, "group", options.group)
        if options.group in targets:
            raise InputError(f"group={options.group!r}: this is the target. Name another column.")
        _refuse_missing(
            column, table, "group", "Rows of unknown groups may stand on both sides: fill them or drop them."
        )
        found["groups"] = np.unique(column.coded[0], return_inverse=True)[1].astype(np.int64)
    if options.by_time is not None:
        found["times"] = times_of(_column(table, "by_time", options.by_time), table)
    if options.stratify is not None:
        found["strata"] = _strata(_column(table, "stratify", options.stratify))
    return found


def times_of(column: Column, table: Table) -> np.ndarray:
    """(n,) seconds of dates, or numbers as they are.

    Raises:
        InputError: a row has no time, or the column is neither of dates nor of numbers.
    """
    from thetastar.data import infer_roles
    from thetastar.data.blocks import dates_of

    _refuse_missing(column, table, "by_time", "Fill them or drop these rows.")
    if column.kind == "number" and not column.exact:
        return column.numbers
    alone = Table((column,), table.source)
    role = infer_roles(alone, "", {})[column.name]
    if role.role != "date":
        raise InputError(
            f"by_time={column.name!r}: its values are neither dates nor numbers, such as "
            f"{column.examples(1)[0]!r}. Name a column that orders the rows in time."
        )
    seconds, _, _ = dates_of(column, role.layout, role.unknown, lambda row: "")
    if np.isnan(seconds).any():
        row = int(np.flatnonzero(np.isnan(seconds))[0])
        raise InputError(
            f"by_time={column.name!r}: {int(np.isnan(seconds).sum())} values are no dates, the first in "
            f"{table.place(row)}. Correct them or drop these rows."
        )
    return seconds


def _column(table: Table, option: str, name: str) -> Column:
    if name not in table:
        raise InputError(f"{option}={name!r}: {table.source} has no such column. {describe_names(name, table.names)}")
    return table.column(name)


def _refuse_missing(column: Column, table: Table, option: str, advice: str) -> None:
    missing = int(column.missing.sum())
    if missing:
        row = int(np.argmax(column.missing))
        rows = "1 row has" if missing == 1 else f"{missing:,} rows have"
        raise InputError(f"{option}={column.name!r}: {rows} no value, the first in {table.place(row)}. {advice}")


def _strata(column: Column) -> np.ndarray:
    """(n,) codes; a missing value is a kind of its own."""
    if column.kind == "number" and column.distinct > _BINS:
        known = column.numbers[~column.missing]
        edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
        codes = np.searchsorted(edges, column.numbers, side="right") + 1
        return np.where(column.missing, 0, codes).astype(np.int64)
    return column.coded[0].astype(np.int64) + 1
