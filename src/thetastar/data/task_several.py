"""The tasks of several targets at once: several numbers, or several answers of yes or no.

One network has an output for each target and learns from the mean of their losses, in which each counts alike: numbers
are standardised target by target, and the loss of a yes or no has no unit. The score that chooses counts each target
alike too: the mean of their R², which is what the sum of standardised squared errors comes to, or of their AUC.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, ClassVar, final

import numpy as np

from thetastar.data.task_contract import LOSSES_OF_CLASSES, LOSSES_OF_NUMBERS, Learned, Task

__all__ = ["MOST_TARGETS", "MultiLabel", "MultiOutput", "several_of"]

MOST_TARGETS = 100
"""Targets of one study at most: each adds its own baselines, trees among them."""

_FEWEST_ALIKE = 20  # rows with the same labels, from which on splits keep their share

_SEVERAL = re.compile(r"(multioutput|multilabel)\(([1-9]\d{0,2})\)")


class _Several(Task):
    """What tasks of several targets have in common: a column of truth and an output of the network for each."""

    kind: ClassVar[str]

    def __init__(self, targets: int) -> None:
        self.targets = targets
        self.name = f"{self.kind}({targets})"

    def truth_of(self, truth: np.ndarray, target: int) -> np.ndarray:
        return truth[:, target]

    def outputs(self, classes: int) -> int:
        return self.targets


@final
class MultiOutput(_Several):
    """Several numbers: an output for each, standardised by its own training rows.

    Example:
        >>> task = several_of("multioutput(3)")
        >>> task.targets, task.outputs(classes=0), task.one, task.default_metric
        (3, 3, 'regression', 'r2')
    """

    kind: ClassVar[str] = "multioutput"
    words: ClassVar[str] = "regression: several numbers"
    metrics: ClassVar[tuple[str, ...]] = ("r2", "scaled_rmse", "scaled_mae")
    default_metric: ClassVar[str] = "r2"
    classification: ClassVar[bool] = False
    losses: ClassVar[tuple[str, ...]] = LOSSES_OF_NUMBERS

    @property
    def one(self) -> str:
        return "regression"

    def predicted_of(self, predicted: np.ndarray, target: int) -> np.ndarray:
        return predicted[:, target]

    def loss(self, metric: str) -> str:
        return "mean_absolute_error" if metric == "scaled_mae" else "mean_squared_error"

    def encode(self, truth: np.ndarray, learned: Learned) -> np.ndarray:
        with np.errstate(over="ignore"):  # as of a single number
            return ((truth - learned.mean) / learned.scale).astype(np.float32)

    def decode(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        return np.asarray(outputs).reshape(-1, self.targets).astype(np.float64) * learned.scale + learned.mean

    def predicted(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        return self.decode(outputs, learned)

    def sentence(self, target: str, columns: str, classes: tuple[Any, ...]) -> str:
        return f"Which numbers do {target} hold, given {columns}?"


@final
class MultiLabel(_Several):
    """Several answers of yes or no: an output for each, the log-odds of yes.

    Example:
        >>> task = several_of("multilabel(4)")
        >>> task.targets, task.outputs(classes=0), task.one, task.default_metric
        (4, 4, 'binary', 'macro_auc')
    """

    kind: ClassVar[str] = "multilabel"
    words: ClassVar[str] = "classification: several labels, each yes or no"
    metrics: ClassVar[tuple[str, ...]] = (
        "macro_auc", "micro_auc", "log_loss", "macro_f1", "micro_f1", "subset_accuracy",
    )  # fmt: skip
    default_metric: ClassVar[str] = "macro_auc"  # it needs no threshold and does not flatter a rare label's "no"
    classification: ClassVar[bool] = False
    losses: ClassVar[tuple[str, ...]] = LOSSES_OF_CLASSES

    @property
    def one(self) -> str:
        return "binary"

    @property
    def probable(self) -> bool:
        return True

    def predicted_of(self, predicted: np.ndarray, target: int) -> np.ndarray:
        yes = predicted[:, target]
        return np.column_stack([1.0 - yes, yes])

    def kinds(self, truth: np.ndarray) -> np.ndarray | None:
        """The sets of labels; the rare ones together, for parts of a split could not hold shares of them."""
        _, kinds, counts = np.unique(truth, axis=0, return_inverse=True, return_counts=True)
        kinds = kinds.reshape(-1)
        return np.where(counts[kinds] >= _FEWEST_ALIKE, kinds + 1, 0)

    def loss(self, metric: str) -> str:
        return "binary_cross_entropy"

    def encode(self, truth: np.ndarray, learned: Learned) -> np.ndarray:
        return truth.astype(np.float32)

    def decode(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        return learned.labels((self.predicted(outputs, learned) > 0.5).astype(np.int64))

    def predicted(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        scores = np.asarray(outputs, dtype=np.float64).reshape(-1, self.targets)
        with np.errstate(over="ignore"):  # exp of a large number is infinite, and 1 / inf the right answer
            return 1.0 / (1.0 + np.exp(-scores))

    def sentence(self, target: str, columns: str, classes: tuple[Any, ...]) -> str:
        return f"Which of {target} hold, given {columns}?"


@cache
def several_of(name: str) -> Task | None:
    """The task of that name where it is of several targets, such as `multioutput(3)`; None of all others."""
    match = _SEVERAL.fullmatch(name)
    if match is None or not 2 <= int(match[2]) <= MOST_TARGETS:
        return None
    return (MultiOutput if match[1] == MultiOutput.kind else MultiLabel)(int(match[2]))
