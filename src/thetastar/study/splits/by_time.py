"""Learn before, choose later, test last: the rows are divided by a time, and no time is on two sides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from thetastar.errors import InputError
from thetastar.study.splits.split import Division, FoldRows, Rows, Split

__all__ = ["ByTime"]


@final
@dataclass(frozen=True)
class ByTime(Split):
    """The last tenth of the rows tests, the tenth before it chooses.

    Attributes:
        gap: different times that are left out before the rows that choose and before those that test, because what
            is known there reaches into them (a sum of the last week, an outcome that takes a month).
    """

    gap: int = 0

    def divide(self, rows: Rows) -> Division:
        assert rows.times is not None
        times, place = np.unique(rows.times, return_inverse=True)
        order = np.argsort(place, kind="stable").astype(np.int64)
        ends = np.searchsorted(place[order], np.arange(len(times)), side="right")  # rows up to each time
        total = len(order)
        test = len(times) if rows.tested_apart else _from(ends, 0.9 * total)
        known = test - (0 if rows.tested_apart else self.gap)
        before = ends[known - 1] if known > 0 else 0
        choose = _from(ends[:known], 0.9 * before if rows.tested_apart else 0.8 * total) if known > 0 else 0
        learn = choose - self.gap
        if min(known - choose, learn) < 1 or (not rows.tested_apart and test >= len(times)):
            raise InputError(
                f"{rows.source}: {len(times)} different times cannot be divided into rows that learn, choose"
                f"{'' if rows.tested_apart else ' and test'} with a gap of {self.gap}. Give a smaller gap, or a column "
                "with more times."
            )
        at = place[order]
        train, validation = order[at < learn], order[(at >= choose) & (at < known)]
        tested = order[at >= test]
        return Division(train, validation, tested, (FoldRows(train, validation),))


def _from(ends: np.ndarray, wanted: float) -> int:
    """The first time with at least `wanted` rows before it, but neither the first nor beyond the last.

    Args:
        ends: (times,) rows up to and with each time.
    """
    return min(max(int(np.searchsorted(ends, wanted - 1e-9)) + 1, 1), len(ends) - 1)
