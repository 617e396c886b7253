"""A split maps the rows of a problem to folds: which rows train, which ones choose, which ones test.

Rows that test are set apart first and take part in no fold. A fold is a pair of rows to train on and rows to score.
Another split (rolling origin, groups, nested) is one more file with one final class: it reads `Rows`, which also has
room for groups and times, and returns a `Division`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from thetastar.data.task import Task

__all__ = ["Division", "FoldRows", "Rows", "Split"]


@dataclass(frozen=True)
class Rows:
    """What a split may look at; never at the columns that are learned from.

    Attributes:
        truth: (n,) the target in its own unit, or class indices; (n, K) of several targets.
        task: says whether there are classes, whose shares every part keeps.
        seed: of the shuffling.
        tested_apart: True if the test rows are in a table of their own.
        groups: (n,) codes; rows of one group may not stand on both sides. None if rows are independent.
        times: (n,) what orders the rows. None if nothing does.
        strata: (n,) codes whose shares every part keeps, beside the classes'. None if only these count.
        source: what messages call the table.
    """

    truth: np.ndarray
    task: Task
    seed: int
    tested_apart: bool = False
    groups: np.ndarray | None = None
    times: np.ndarray | None = None
    strata: np.ndarray | None = None
    source: str = ""

    def __len__(self) -> int:
        return len(self.truth)

    @property
    def kinds(self) -> np.ndarray | None:
        """(n,) codes of the kinds of rows whose shares every part keeps; None where there are none."""
        kinds = self.task.kinds(self.truth)
        if self.strata is None or kinds is None:
            return kinds if self.strata is None else self.strata
        return np.unique(np.column_stack([self.strata, kinds]), axis=0, return_inverse=True)[1].reshape(-1)


@dataclass(frozen=True)
class FoldRows:
    """The row numbers of one fold, both int64."""

    train: np.ndarray
    validation: np.ndarray


@dataclass(frozen=True)
class Division:
    """All rows, divided.

    Attributes:
        train, validation: the rows that are learned from in the end, in that order; with one fold they are the fold.
        test: scored once, after every choice; empty if there is a table of test rows.
        folds: every one a pair out of `learning`.
    """

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    folds: tuple[FoldRows, ...]

    @property
    def learning(self) -> np.ndarray:
        """The rows that are not for the test: what the final network learns from."""
        return np.concatenate([self.train, self.validation])


class Split(ABC):
    """The contract of all splits."""

    @abstractmethod
    def divide(self, rows: Rows) -> Division:
        """The division; the same rows and the same seed give the same one.

        Raises:
            InputError: the rows cannot be divided so.
        """
