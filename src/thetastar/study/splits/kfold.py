"""Cross-validation: the rows that are not for the test are dealt into k parts, and each validates once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from thetastar.study.splits.holdout import Holdout
from thetastar.study.splits.split import Division, FoldRows, Rows, Split

__all__ = ["KFold"]


@final
@dataclass(frozen=True)
class KFold(Split):
    """As many folds as `count` says, or as there are rows; classes keep their shares in each."""

    count: int

    def divide(self, rows: Rows) -> Division:
        held = Holdout().divide(rows)
        learning = held.learning
        count = min(self.count, len(learning))
        order = np.random.Generator(np.random.Philox(key=[rows.seed, count])).permutation(learning)
        kinds = rows.kinds
        if kinds is not None:
            order = order[np.argsort(kinds[order], kind="stable")]  # dealt like cards, class after class
        part = np.empty(len(rows), dtype=np.int64)
        part[order] = np.arange(len(order)) % count
        folds = (FoldRows(learning[part[learning] != k], learning[part[learning] == k]) for k in range(count))
        return Division(held.train, held.validation, held.test, tuple(folds))
