"""A task: what kind of answer a study looks for, and everything that follows from that.

outputs     how many numbers the network gives for a row
loss        what it learns with
metrics     the scores that suit, by name, and the one that chooses
decoding    from outputs to values or labels, and to what metrics take
words       the question in a sentence

A task has no state; what was learned of a target (its classes, its mean and scale) is in `TargetEncoding`. No other
module asks for a task by its name: it asks the task. Another task, such as quantiles (as many outputs as levels) or
several targets (as many outputs as targets), is one more class here and a line in `TASKS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol, final

import numpy as np

from thetastar.errors import InputError

__all__ = ["TASKS", "Binary", "Multiclass", "Regression", "Task", "find_task"]


class Learned(Protocol):
    """What a task needs to know of a target: `TargetEncoding` has it."""

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """The labels by class index; None where answers are numbers."""

    @property
    def mean(self) -> float:
        """The network learns (value - mean) / scale."""

    @property
    def scale(self) -> float:
        """The network learns (value - mean) / scale."""

    def labels(self, indices: np.ndarray) -> np.ndarray:
        """Class indices (n,) to labels."""


class Task(ABC):
    """The contract of all tasks.

    Attributes:
        name: as options, files and records have it.
        words: what kind of answer it is, for readers.
        metrics: the scores that suit, in the order in which they are shown; they are in `METRICS`.
        default_metric: the one that chooses where none is named.
        classification: True if an answer is one of several labels; rows are then split class by class.
        has_positive_class: True if there are two labels and the second one is what is looked for.
        losses: what a candidate may learn with in place of the usual one; outputs keep their meaning under all of them.

    Example:
        >>> task = find_task("binary")
        >>> task.default_metric, task.classification, task.outputs(classes=2)
        ('auc', True, 1)
    """

    name: ClassVar[str]
    words: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]
    default_metric: ClassVar[str]
    classification: ClassVar[bool]
    has_positive_class: ClassVar[bool] = False
    losses: ClassVar[tuple[str, ...]] = ()

    def loss_of(self, metric: str, wanted: str | None) -> str:
        """The loss that a candidate wants, or the usual one.

        Raises:
            InputError: its outputs would not mean what this task's do.
        """
        if wanted is None:
            return self.loss(metric)
        if wanted not in self.losses:
            raise InputError(
                f"loss: a study of {self.words.split(':')[0]} learns with {', '.join(self.losses)}. Got {wanted!r}. "
                "Use one of them, or ts.train for every other loss."
            )
        return wanted

    @abstractmethod
    def outputs(self, classes: int) -> int:
        """Neurons of the last layer for that many classes (0 where answers are numbers)."""

    @abstractmethod
    def loss(self, metric: str) -> str:
        """The name of the loss to learn with where that metric chooses."""

    @abstractmethod
    def encode(self, truth: np.ndarray, learned: Learned) -> np.ndarray:
        """(n,) truth (values in the target's unit, or class indices) to (n,) float32 that the network learns."""

    @abstractmethod
    def decode(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        """(n,) or (n, O) raw outputs to (n,) values in the target's unit, or labels."""

    @abstractmethod
    def predicted(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        """Raw outputs to what metrics take: (n,) values in the target's unit, or (n, C) probabilities."""

    @abstractmethod
    def sentence(self, target: str, columns: str, classes: tuple[Any, ...]) -> str:
        """The question in words; `columns` says what is given, such as `3 columns`."""


@final
class Regression(Task):
    """A number: one output, standardised by the training rows."""

    name: ClassVar[str] = "regression"
    words: ClassVar[str] = "regression: a number"
    metrics: ClassVar[tuple[str, ...]] = ("rmse", "mae", "r2")
    default_metric: ClassVar[str] = "rmse"
    classification: ClassVar[bool] = False
    losses: ClassVar[tuple[str, ...]] = (
        "mean_squared_error", "mean_absolute_error", "huber", "smooth_l1", "log_cosh",
    )  # fmt: skip

    def outputs(self, classes: int) -> int:
        return 1

    def loss(self, metric: str) -> str:
        return "mean_absolute_error" if metric == "mae" else "mean_squared_error"

    def encode(self, truth: np.ndarray, learned: Learned) -> np.ndarray:
        with np.errstate(over="ignore"):  # a target 1e39 spreads away is infinite for single precision
            return ((truth - learned.mean) / learned.scale).astype(np.float32)

    def decode(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        outputs = np.asarray(outputs)
        return outputs.reshape(len(outputs)).astype(np.float64) * learned.scale + learned.mean

    def predicted(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        return self.decode(outputs, learned)

    def sentence(self, target: str, columns: str, classes: tuple[Any, ...]) -> str:
        return f"Which number does {target!r} hold, given {columns}?"


@final
class Binary(Task):
    """One of two classes: one output, the log-odds of the second (positive) class."""

    name: ClassVar[str] = "binary"
    words: ClassVar[str] = "classification: one of two classes"
    metrics: ClassVar[tuple[str, ...]] = ("auc", "accuracy", "log_loss", "f1", "balanced_accuracy")
    default_metric: ClassVar[str] = "auc"  # it needs no threshold and does not flatter a majority class
    classification: ClassVar[bool] = True
    has_positive_class: ClassVar[bool] = True
    losses: ClassVar[tuple[str, ...]] = ("binary_cross_entropy", "binary_focal_cross_entropy")

    def outputs(self, classes: int) -> int:
        return 1

    def loss(self, metric: str) -> str:
        return "binary_cross_entropy"

    def encode(self, truth: np.ndarray, learned: Learned) -> np.ndarray:
        return truth.astype(np.float32)

    def decode(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        return learned.labels(_two_scores(outputs).argmax(axis=1))

    def predicted(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        return _softmax(_two_scores(outputs))

    def sentence(self, target: str, columns: str, classes: tuple[Any, ...]) -> str:
        return f"Is {target!r} {classes[1]!r} or {classes[0]!r}, given {columns}?"


@final
class Multiclass(Task):
    """One of several classes: an output for each, a softmax over them."""

    name: ClassVar[str] = "multiclass"
    words: ClassVar[str] = "classification: one of several classes"
    metrics: ClassVar[tuple[str, ...]] = ("accuracy", "log_loss", "balanced_accuracy", "macro_f1")
    default_metric: ClassVar[str] = "accuracy"
    classification: ClassVar[bool] = True
    losses: ClassVar[tuple[str, ...]] = ("cross_entropy", "focal_cross_entropy", "generalized_cross_entropy")

    def outputs(self, classes: int) -> int:
        return classes

    def loss(self, metric: str) -> str:
        return "cross_entropy"

    def encode(self, truth: np.ndarray, learned: Learned) -> np.ndarray:
        return truth.astype(np.float32)

    def decode(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        return learned.labels(np.asarray(outputs).argmax(axis=1))

    def predicted(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        return _softmax(np.asarray(outputs, dtype=np.float64))

    def sentence(self, target: str, columns: str, classes: tuple[Any, ...]) -> str:
        return f"Which of {len(classes)} classes is {target!r}, given {columns}?"


TASKS: dict[str, Task] = {task.name: task for task in (Regression(), Binary(), Multiclass())}
"""Every task by its name."""


def find_task(name: str) -> Task:
    """The task of that name.

    Raises:
        InputError: there is none.

    Example:
        >>> find_task("multiclass").outputs(classes=5)
        5
    """
    if name not in TASKS:
        raise InputError(f"{name!r} is not a task. The tasks are {', '.join(TASKS)}.")
    return TASKS[name]


def _two_scores(outputs: np.ndarray) -> np.ndarray:
    """(n, 2) float64 scores of two classes: as they are, or log-odds (n,) or (n, 1) beside a zero."""
    scores = np.asarray(outputs, dtype=np.float64)
    if scores.ndim == 2 and scores.shape[1] == 2:
        return scores
    return np.column_stack([np.zeros(len(scores)), scores.reshape(len(scores))])


def _softmax(scores: np.ndarray) -> np.ndarray:
    """(n, C) scores to probabilities."""
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
