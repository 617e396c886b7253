"""Whether a table's rows follow one another in time, and whether the target depends on that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import sqrt

import numpy as np

from thetastar.data.roles import ColumnRole
from thetastar.data.table import Table

__all__ = ["TimeOrder", "rank_dependence", "time_order"]

_FEWEST = 50
_SURE = 5.0  # standard deviations: chance reaches that once in three million tables
_STRONG = 0.2  # rank correlation of neighbours from which it matters


@dataclass(frozen=True)
class TimeOrder:
    """A column of dates in whose order the rows stand, the oldest first.

    Attributes:
        column: its name.
        correlation: rank correlation of the target with its value one row before, 0 for rows in random order.
        depends: whether that is more than chance, and enough to matter.
    """

    column: str
    correlation: float
    depends: bool


def time_order(table: Table, roles: Mapping[str, ColumnRole], truth: np.ndarray) -> TimeOrder | None:
    """The first column of dates that never fall from row to row, or None.

    Args:
        table: the rows that are learned from.
        roles: of its columns.
        truth: (n,) the target as numbers, or the class of each row.

    Example:
        >>> from thetastar.data import infer_roles, read_table
        >>> days = [str(day) for day in np.datetime64("2024-01-01") + np.arange(60)]
        >>> table = read_table({"day": days, "y": np.arange(60.0)})
        >>> time_order(table, infer_roles(table, "y"), np.arange(60.0)).depends
        True
    """
    from thetastar.data.blocks import dates_of

    if table.row_count < _FEWEST:
        return None
    for name, role in roles.items():
        if not role.used or role.role != "date" or name not in table:
            continue
        seconds, _, _ = dates_of(table.column(name), role.layout, role.unknown, lambda row: "")
        if np.isnan(seconds).any() or np.any(np.diff(seconds) < 0) or seconds[0] == seconds[-1]:
            continue
        correlation, sure = rank_dependence(np.asarray(truth, dtype=np.float64))
        return TimeOrder(name, correlation, sure > _SURE and correlation >= _STRONG)
    return None


def rank_dependence(values: np.ndarray) -> tuple[float, float]:
    """The correlation of ranks with those of the row before, and how sure it is, in standard deviations.

    von Neumann's ratio of ranks, Σ (R_i − R_{i+1})² / Σ (R_i − R̄)², has mean 2 and variance 4 / n for rows in random
    order. Classes are ranked by their number.

    Source: Bartels 1982.

    Example:
        >>> rank_dependence(np.arange(100.0))[0] > 0.99
        True
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    spread = float(np.sum((ranks - ranks.mean()) ** 2))
    if spread == 0:
        return 0.0, 0.0
    ratio = float(np.sum(np.diff(ranks) ** 2)) / spread
    return 1 - ratio / 2, (2 - ratio) / (2 / sqrt(len(values)))
