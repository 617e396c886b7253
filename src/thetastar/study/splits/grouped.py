"""Groups stay together: no group has rows on two sides of any split."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from thetastar.errors import InputError
from thetastar.study.splits.split import Division, FoldRows, Rows, Split

__all__ = ["Grouped"]

_SHARE = 0.1  # of the rows test, and as many choose where there are no folds


@final
@dataclass(frozen=True)
class Grouped(Split):
    """Whole groups for the test, and for each fold; as many rows in each as whole groups allow.

    Attributes:
        count: folds; 1 for fixed validation rows.
    """

    count: int

    def divide(self, rows: Rows) -> Division:
        assert rows.groups is not None
        sizes = np.bincount(rows.groups)
        groups = int(np.count_nonzero(sizes))
        needed = 2 if rows.tested_apart else 3
        if groups < needed:
            raise InputError(
                f"{rows.source}: {groups} group{'s' * (groups != 1)} cannot be divided into training, validation"
                f"{'' if rows.tested_apart else ' and test'} rows. Name a column with more values, or leave group out."
            )
        order = np.random.Generator(np.random.Philox(key=[rows.seed, 0x6A])).permutation(len(sizes))
        order = order[sizes[order] > 0]
        tests = 0 if rows.tested_apart else _first(sizes[order], _SHARE * len(rows), leave=2)
        learning = order[tests:]
        test = _rows_of(rows.groups, order[:tests])
        folds = []
        for part in self._parts(sizes, learning, len(rows)):
            rest = np.setdiff1d(learning, part, assume_unique=True)
            folds.append(FoldRows(_rows_of(rows.groups, rest), _rows_of(rows.groups, part)))
        return Division(folds[0].train, folds[0].validation, test, tuple(folds))

    def _parts(self, sizes: np.ndarray, learning: np.ndarray, count: int) -> list[np.ndarray]:
        """The groups that validate in each fold: the largest first, each to the part with the fewest rows."""
        if self.count == 1:
            return [learning[: _first(sizes[learning], _SHARE * count, leave=1)]]
        parts: list[list[int]] = [[] for _ in range(min(self.count, len(learning)))]
        held = np.zeros(len(parts))
        for group in learning[np.argsort(-sizes[learning], kind="stable")]:
            smallest = int(np.argmin(held))
            parts[smallest].append(int(group))
            held[smallest] += sizes[group]
        return [np.asarray(part, dtype=np.int64) for part in parts]


def _first(sizes: np.ndarray, wanted: float, leave: int) -> int:
    """How many of the first groups come nearest to `wanted` rows: at least one, and `leave` groups are left."""
    ends = np.cumsum(sizes)
    return min(max(int(np.argmin(np.abs(ends - wanted))) + 1, 1), len(sizes) - leave)


def _rows_of(groups: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    return np.flatnonzero(np.isin(groups, chosen)).astype(np.int64)
