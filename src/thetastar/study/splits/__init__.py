"""From the rows of a problem to folds, a file a kind of split; and the split that a study takes by itself."""

from __future__ import annotations

from thetastar.study.splits.holdout import Holdout
from thetastar.study.splits.kfold import KFold
from thetastar.study.splits.split import Division, FoldRows, Rows, Split

__all__ = ["Division", "FoldRows", "Holdout", "KFold", "Rows", "Split", "usual_split"]

_SMALL = 2_000  # below this many rows a tenth is too few to choose by: five folds are


def usual_split(rows: Rows, folds: int | None, *, ordered: bool) -> Split:
    """The split for options as given: five folds for small tables and fixed validation rows for others, if left open.

    Args:
        folds: 1 for fixed validation rows, k for cross-validation.
        ordered: the rows are in order of time, which no folds keep.
    """
    if ordered or folds == 1:
        return Holdout(ordered)
    if folds is not None:
        return KFold(folds)
    return KFold(5) if len(Holdout().divide(rows).learning) < _SMALL else Holdout()
