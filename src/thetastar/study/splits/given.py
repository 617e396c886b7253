"""Folds as somebody gives them: a splitter of scikit-learn's, or pairs of row numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from thetastar.errors import InputError
from thetastar.study.splits.split import Division, FoldRows, Rows, Split

__all__ = ["Given", "cv_in_words"]


def cv_in_words(cv: Any) -> str:
    """What study.toml holds of it: enough to tell it from another one.

    Example:
        >>> cv_in_words([([0, 1], [2]), ([1, 2], [0])])
        '2 pairs, d2ec1c45ca6c'
    """
    if hasattr(cv, "split"):
        return repr(cv)
    digest = hashlib.sha256()
    for pair in cv:
        for rows in pair:
            digest.update(np.asarray(rows).astype(np.int64).tobytes() + b";")
    return f"{len(cv)} pairs, {digest.hexdigest()[:12]}"


@final
@dataclass(frozen=True)
class Given(Split):
    """The folds of a splitter, on the rows that are not for the test; or of pairs (train, validation) of row numbers.

    Attributes:
        cv: an object with `split(X, y, groups)`, or a list of pairs.
        before: the split that sets the test rows apart. Rows that no pair names are the test instead.
    """

    cv: Any
    before: Split

    def divide(self, rows: Rows) -> Division:
        held = self.before.divide(rows)
        test, learning = held.test, np.sort(held.learning)
        if hasattr(self.cv, "split"):
            pairs = self._of_splitter(rows, learning)
        else:
            pairs = [tuple(_numbers(part, len(rows)) for part in pair) for pair in self.cv]
            named = np.unique(np.concatenate([part for pair in pairs for part in pair]))
            if not rows.tested_apart and len(named) < len(rows):
                test = np.setdiff1d(np.arange(len(rows)), named)
            pairs = [tuple(part[~np.isin(part, test)] for part in pair) for pair in pairs]
            learning = np.setdiff1d(named, test)
        folds = tuple(FoldRows(train, validation) for train, validation in pairs)
        for number, fold in enumerate(folds, start=1):
            _check(number, fold)
        rest = np.setdiff1d(learning, folds[0].validation) if len(folds) > 1 else folds[0].train
        return Division(rest, folds[0].validation, test, folds)

    def _of_splitter(self, rows: Rows, learning: np.ndarray) -> list[tuple[np.ndarray, ...]]:
        groups = None if rows.groups is None else rows.groups[learning]
        try:
            found = list(self.cv.split(np.zeros((len(learning), 1)), rows.truth[learning], groups))
        except (TypeError, ValueError) as error:
            raise InputError(f"cv: {self.cv!r} cannot split these {len(learning)} rows: {error}") from None
        return [tuple(learning[np.asarray(part)] for part in pair) for pair in found]


def _numbers(part: Sequence[int], count: int) -> np.ndarray:
    found = np.asarray(part)
    if found.dtype == bool and found.shape == (count,):
        return np.flatnonzero(found)
    if found.ndim != 1 or (found.size and not np.issubdtype(found.dtype, np.integer)):
        raise InputError(
            f"cv: a pair must hold two lists of row numbers. Got {part!r}. Give for example ([0, 1], [2])."
        )
    if found.size and (found.min() < 0 or found.max() >= count):
        raise InputError(
            f"cv: row numbers must be from 0 to {count - 1}. Got {found.min()} to {found.max()}. Count the data's rows "
            "from 0."
        )
    return np.unique(found).astype(np.int64)


def _check(number: int, fold: FoldRows) -> None:
    both = np.intersect1d(fold.train, fold.validation)
    if len(both):
        raise InputError(
            f"cv: no row may train and validate in one fold. In fold {number} {len(both)} do, the first is {both[0]}. "
            "Take them out of one of the two."
        )
    if not len(fold.train) or not len(fold.validation):
        raise InputError(
            f"cv: every fold must have rows to train on and rows to validate. Fold {number} has {len(fold.train)} and "
            f"{len(fold.validation)}, without the test rows. Give other folds, or the test rows apart by test=."
        )
