"""One of the outer folds of a nested cross-validation: it is the test, and the split of the study divides the rest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from thetastar.study.splits.grouped import Grouped
from thetastar.study.splits.kfold import KFold
from thetastar.study.splits.split import Division, FoldRows, Rows, Split

__all__ = ["Nested", "Outer"]


@dataclass(frozen=True)
class Outer:
    """Which outer fold: `number` of `folds`, as they are dealt the `repeat`-th time, from 0."""

    folds: int
    repeat: int
    number: int

    @property
    def name(self) -> str:
        """Repeat and number, counted from 1, such as `1-3`."""
        return f"{self.repeat + 1}-{self.number + 1}"


@final
@dataclass(frozen=True)
class Nested(Split):
    """Varma and Simon 2006: no row of the test takes part in any choice.

    Attributes:
        inner: the split of the other rows, by what they are.
        outer: which fold tests.
    """

    inner: Callable[[Rows], Split]
    outer: Outer

    def divide(self, rows: Rows) -> Division:
        seed = int(np.random.SeedSequence([rows.seed, 35, self.outer.repeat]).generate_state(1)[0] >> 1)
        dealt: Split = KFold(self.outer.folds) if rows.groups is None else Grouped(self.outer.folds)
        folds = dealt.divide(replace(rows, tested_apart=True, seed=seed)).folds
        test = folds[self.outer.number % len(folds)].validation
        rest = np.setdiff1d(np.arange(len(rows)), test)

        def of(values: np.ndarray | None) -> np.ndarray | None:
            return None if values is None else values[rest]

        own = replace(
            rows, truth=rows.truth[rest], tested_apart=True, groups=of(rows.groups), times=of(rows.times),
            strata=of(rows.strata),
        )  # fmt: skip
        found = self.inner(own).divide(own)
        inside = tuple(FoldRows(rest[fold.train], rest[fold.validation]) for fold in found.folds)
        return Division(rest[found.train], rest[found.validation], test, inside)
