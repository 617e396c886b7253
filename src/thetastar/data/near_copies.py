"""Blocks of near-copies: rows that differ from one another by far less than rows of a table do.

The same thing measured twice, the same advertisement with another comma, frames of one film: a split at random puts
such rows on both sides, and a network that knows one of them by heart seems to know the other. Exact copies are another
check's (`study/checks/rows.py`); here they belong to the block of their row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from thetastar.data.overlap import row_hashes
from thetastar.data.roles import ColumnRole
from thetastar.data.table import Table

__all__ = ["NEAR_COPIES", "NearCopies", "find_near_copies"]

NEAR_COPIES = "near-copies"
"""What the option `group` calls these blocks, where no column has that name."""

_DISTANCES = (1e-2, 1e-3, 1e-4)  # in every column of numbers, in standard deviations
_GAP, _MOST_MORE = 10, 2.0  # within so many times the distance there are at most so many times the pairs
_SHARE, _LEAST = 0.05, 20  # of the different rows, and how many, that must have a near-copy
_MOST_BESIDE = 50  # near-copies of a row, on average
_ASKED, _MOST_ROWS = 2_000, 200_000
_MEASURED = 20  # different values of a column of numbers, at least, that is more than a few levels


@dataclass(frozen=True, eq=False)
class NearCopies:
    """Blocks of near-copies among the rows of a table.

    Attributes:
        blocks: (n,) the block of every row; a row without a near-copy is a block of its own.
        rows: how many rows have one.
        distance: how far they lie apart at most, in standard deviations of every column.
    """

    blocks: np.ndarray
    rows: int
    distance: float


def find_near_copies(table: Table, roles: Mapping[str, ColumnRole]) -> NearCopies | None:
    """The blocks, by the columns that are learned from; None where rows do not come in blocks.

    Two rows are near-copies if they are equal in all that is not a number (dates aside), and in every number closer
    than a distance at which there is a gap: ten times as far, there are hardly more pairs. Rows that lie densely, or on
    a grid of few levels, have no such gap: with k times the distance there are at least k times as many pairs.

    Example:
        >>> from thetastar.data import infer_roles, read_table
        >>> generator = np.random.default_rng(0)
        >>> x = np.repeat(generator.normal(size=(300, 4)), 2, axis=0) + 1e-3 * generator.normal(size=(600, 4))
        >>> table = read_table({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "y": x[:, 3]})
        >>> found = find_near_copies(table, infer_roles(table, "y"))
        >>> found.rows, len(np.unique(found.blocks)), found.distance
        (600, 300, 0.01)
    """
    names = [name for name, role in roles.items() if role.used and role.role != "date"]
    measured = [
        name
        for name in names
        if roles[name].role == "number" and table.column(name).kind == "number" and roles[name].distinct > _MEASURED
    ]
    if len(measured) < 2 or table.row_count > _MOST_ROWS or any(table.column(n).samples is not None for n in names):
        return None
    _, first, copy_of = np.unique(row_hashes(table, names), return_index=True, return_inverse=True)
    points = _points(table, names, measured, first)
    distance = _gap(points)
    if distance is None:
        return None
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components
    from scipy.spatial import KDTree

    pairs = KDTree(points).query_pairs(distance, p=np.inf, output_type="ndarray")
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(points), len(points)))
    blocks = connected_components(graph, directed=False)[1][copy_of]
    several = np.bincount(blocks)[blocks] > 1
    return NearCopies(blocks.astype(np.int64), int(several.sum()), distance)


def _points(table: Table, names: list[str], measured: list[str], rows: np.ndarray) -> np.ndarray:
    """(m, d) numbers in standard deviations; rows that differ in anything else, or in what is missing, are far."""
    numbers = np.column_stack([table.column(name).numbers[rows] for name in measured])
    missing = np.isnan(numbers)
    with np.errstate(all="ignore"):
        spread = np.nanstd(numbers, axis=0)
    scaled = np.where(missing, 0.0, numbers / np.where(spread > 0, spread, 1.0))
    kinds = row_hashes(table.select(rows), [name for name in names if name not in measured])
    for at in range(len(measured)):
        kinds = kinds * np.uint64(31) + missing[:, at].astype(np.uint64)
    kind = np.unique(kinds, return_inverse=True)[1]
    extent = float(np.ptp(scaled, axis=0).max(initial=0.0)) + 1.0
    return np.column_stack([kind * extent, scaled])


def _gap(points: np.ndarray) -> float | None:
    """The largest distance at which enough rows have a near-copy, and ten times as far hardly more."""
    from scipy.spatial import KDTree

    tree = KDTree(points)
    asked = points[np.linspace(0, len(points) - 1, min(len(points), _ASKED)).astype(np.int64)]
    for distance in _DISTANCES:
        near, wide = (
            tree.query_ball_point(asked, radius, p=np.inf, return_length=True) - 1
            for radius in (distance, _GAP * distance)
        )
        share = float(np.mean(near > 0))
        enough = share >= _SHARE and share * len(points) >= _LEAST
        if enough and near.mean() <= _MOST_BESIDE and wide.sum() <= _MOST_MORE * near.sum():
            return distance
    return None
