"""Sequences: a long table with a row for every id and time becomes a table with a row for every id.

The numbers of all times of an id, in order of time, are one cell of the column "sequence". What is the same at all
times of an id would be repeated at every step, so it is: constants count as numbers of the sequence too. The target is
the value at the last time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thetastar.data.dates import date_layout, read_dates
from thetastar.data.table import Column, Table
from thetastar.errors import InputError

__all__ = ["SEQUENCE", "Grouping", "windows"]

SEQUENCE = "sequence"
_LONGEST = 65_536


@dataclass(frozen=True)
class Grouping:
    """Which columns of a long table say whose row it is and when; and which numbers make a step.

    Attributes:
        id, time: the columns.
        numbers: the columns of numbers in a step, in order; found when the training table is grouped.
    """

    id: str
    time: str
    numbers: tuple[str, ...] = ()

    def fitted(self, table: Table, target: str) -> Grouping:
        """With the columns of numbers that a step is made of.

        Raises:
            InputError: id or time is no column, is the target, or there is no column of numbers left.
        """
        for name, word in ((self.id, "id"), (self.time, "time")):
            table.column(name)
            if name == target:
                raise InputError(f"{table.source}: {word}={name!r} is the target too. Name another column.")
        if self.id == self.time:
            raise InputError(f"{table.source}: id and time are both {self.id!r}. Name two columns.")
        rest = [c for c in table.columns if c.name not in (self.id, self.time, target)]
        numbers = tuple(c.name for c in rest if c.kind == "number" and not c.unusable and not c.aside)
        if not numbers:
            raise InputError(
                f"{table.source}: besides {self.id!r}, {self.time!r} and the target there is no column of numbers to "
                "make sequences of. Add one, or write categories as numbers."
            )
        return replace(self, numbers=numbers)

    def note(self, table: Table, target: str) -> list[str]:
        """A sentence about the columns that are in no sequence, if there are any."""
        kept = {self.id, self.time, target, *self.numbers}
        left = [repr(name) for name in table.names if name not in kept]
        return [f"Left out of the sequences, because they hold no numbers: {', '.join(left)}."] if left else []

    def grouped(self, table: Table, target: str | None = None) -> Table:
        """One row per id, in the order in which ids first appear: the id, the sequence, and the target if it is there.

        Raises:
            InputError: a column is missing, an id or a time is, a time stands twice, or a sequence is too long.
        """
        ids, times = table.column(self.id), _moments(table, self.time)
        columns = [table.column(name) for name in self.numbers]
        if ids.missing.any() or (times < 0).any():
            row = int(np.argmax(ids.missing | (times < 0)))
            raise InputError(f"{table.place(row)}: the id or the time is missing. Every row needs both.")
        codes = ids.coded[0].astype(np.int64)
        _, first, groups = np.unique(codes, return_index=True, return_inverse=True)
        rank = np.argsort(np.argsort(first))  # ids in the order of first appearance
        groups = rank[groups]
        order = np.lexsort((times, groups))
        groups, times = groups[order], times[order]
        twice = np.flatnonzero((groups[1:] == groups[:-1]) & (times[1:] == times[:-1]))
        if len(twice):
            row = int(order[twice[0] + 1])
            raise InputError(f"{table.place(row, self.time)}: this time stands twice for an id. Keep one of the rows.")
        counts = np.bincount(groups)
        if counts.max() > _LONGEST:
            raise InputError(
                f"{table.source}: a sequence of {counts.max():,} steps; at most {_LONGEST:,} are taken. Cut it."
            )
        step = np.arange(len(groups)) - np.repeat(np.cumsum(counts) - counts, counts)
        samples = np.full((len(counts), counts.max(), len(columns)), np.nan, np.float32)
        for k, column in enumerate(columns):
            if column.kind != "number":
                raise InputError(f"{table.source}: the column {column.name!r} must hold numbers, as it was learned.")
            samples[groups, step, k] = column.numbers[order]
        last = order[np.cumsum(counts) - 1]
        kept = [ids.select(last), Column(SEQUENCE, native="float", samples=samples)]
        if target is not None and target in table:
            kept.append(table.column(target).select(last))
        return Table(tuple(kept), table.source, notes=table.notes, row_numbers=last, locate=table.locate)


def _moments(table: Table, name: str) -> np.ndarray:
    """(n,) whole numbers that rise with the time and differ where it does, to the nanosecond; -1 where it is missing.

    Clocks on walls in several zones, or at a change of the clocks, are put in the order of what really happened.
    """
    column = table.column(name)
    if column.unusable or column.samples is not None:
        raise InputError(f"{table.source}: the time {name!r} must hold dates or numbers. Name another column.")
    if column.kind == "number" and not column.exact:
        _, ranks = np.unique(column.numbers, return_inverse=True)
        return np.where(column.missing, -1, ranks)
    if column.exact:
        return column.codes.astype(np.int64)
    layout = date_layout(list(column.levels))
    if layout is None:
        raise InputError(
            f"{table.source}: the time {name!r} holds neither numbers nor dates of one layout, such as "
            f"{column.levels[0]!r}. Name another column or mend it."
        )
    dates = read_dates(column.levels, layout)
    assert dates.instants is not None and dates.nanoseconds is not None  # the layout was found
    moments = np.stack([dates.instants, dates.nanoseconds], axis=1)
    _, ranks = np.unique(moments, axis=0, return_inverse=True)
    return np.append(ranks.reshape(-1), -1)[column.codes]


def windows(series: Any, history: int, horizon: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Cut a regular series into windows: what was seen, and what came `horizon` steps after.

    Args:
        series: (n,) numbers, or (n, F) whose first column is the one to foretell.
        history: steps in a window.
        horizon: how far after the window's last step the target lies.

    Returns:
        X (m, history, F) and y (m,), in order of time, with m = n - history - horizon + 1.

    Raises:
        InputError: the series is too short, not finite, or no array of numbers.

    Example:
        >>> X, y = windows([1.0, 2.0, 3.0, 4.0, 5.0], history=3)
        >>> X.shape, X[0, :, 0].tolist(), y.tolist()
        ((2, 3, 1), [1.0, 2.0, 3.0], [4.0, 5.0])
    """
    values = np.asarray(series, dtype=np.float64)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or not np.isfinite(values).all():
        raise InputError(
            f"windows: the series must be finite numbers of shape (n,) or (n, F). Got shape {values.shape}. "
            "Fill gaps first."
        )
    if history < 1 or horizon < 1 or len(values) < history + horizon:
        raise InputError(
            f"windows: history={history} and horizon={horizon} need at least one step each and {history + horizon} in "
            f"the series. Got {len(values)}. Shorten the history."
        )
    count = len(values) - history - horizon + 1
    X = np.lib.stride_tricks.sliding_window_view(values, history, axis=0)[:count].transpose(0, 2, 1)
    return np.ascontiguousarray(X, dtype=np.float32), values[history + horizon - 1 :, 0][:count].copy()
