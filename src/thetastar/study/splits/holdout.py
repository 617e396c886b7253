"""Fixed validation and test rows: a tenth each, drawn class by class, or the last ones of rows in order of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from thetastar.data.split import split_rows
from thetastar.study.splits.split import Division, FoldRows, Rows, Split

__all__ = ["Holdout"]


@final
@dataclass(frozen=True)
class Holdout(Split):
    """One fold.

    Attributes:
        ordered: the rows are in order of time: the first ones train, those after them choose, the last ones test.
    """

    ordered: bool = False

    def divide(self, rows: Rows) -> Division:
        shares = (0.9, 0.1, 0.0) if rows.tested_apart else (0.8, 0.1, 0.1)
        if self.ordered:
            train, validation, test = _in_order(len(rows), shares)
        else:
            kinds = rows.kinds
            truth, task = (rows.truth, rows.task.name) if kinds is None else (kinds, "multiclass")
            train, validation, test = split_rows(truth, task, rows.seed, shares)
        return Division(train, validation, test, (FoldRows(train, validation),))


def _in_order(count: int, shares: tuple[float, ...]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    ends = np.floor(np.cumsum(shares) * count + 1e-9).astype(np.int64)
    train, validation, test = np.split(np.arange(count, dtype=np.int64), ends[:2])
    return train, validation, test
