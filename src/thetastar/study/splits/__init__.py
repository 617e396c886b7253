"""From the rows of a problem to folds, a file a kind of split; and the split that a study takes by itself."""

from __future__ import annotations

from thetastar.study.splits.by_time import ByTime
from thetastar.study.splits.given import Given, cv_in_words
from thetastar.study.splits.grouped import Grouped
from thetastar.study.splits.holdout import Holdout
from thetastar.study.splits.kfold import KFold
from thetastar.study.splits.nested import Nested, Outer
from thetastar.study.splits.split import Division, FoldRows, Rows, Split

__all__ = [
    "ByTime", "Division", "FoldRows", "Given", "Grouped", "Holdout", "KFold", "Nested", "Outer", "Rows", "Split",
    "cv_in_words", "usual_split",
]  # fmt: skip

_DEALT = ((2_000, 5),)  # below this many rows a tenth is too few to choose by: five folds are


def usual_split(
    rows: Rows, folds: int | None, *, ordered: bool, gap: int = 0, dealt: tuple[tuple[int, int], ...] = _DEALT
) -> Split:
    """The split for options as given: five folds for small tables and fixed validation rows for others, if left open.

    Args:
        folds: 1 for fixed validation rows, k for cross-validation.
        ordered: the rows are in order of time, which no folds keep.
        gap: times to leave out between the parts, where rows have times.
        dealt: (rows, folds): how many folds tables of fewer rows get, smaller ones first.
    """
    if rows.times is not None:
        return ByTime(gap)
    if rows.groups is not None:
        return Grouped(folds or _folds_of(len(rows) * (1.0 if rows.tested_apart else 0.9), dealt))
    if ordered or folds == 1:
        return Holdout(ordered)
    if folds is not None:
        return KFold(folds)
    found = _folds_of(len(Holdout().divide(rows).learning), dealt)
    return KFold(found) if found > 1 else Holdout()


def _folds_of(learning: float, dealt: tuple[tuple[int, int], ...]) -> int:
    """How many folds so many rows to learn from get."""
    return next((folds for below, folds in dealt if learning < below), 1)
