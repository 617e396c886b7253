"""The contract of tasks: what follows from the kind of answer that a study looks for.

outputs     how many numbers the network gives for a row
loss        what it learns with
metrics     the scores that suit, by name, and the one that chooses
decoding    from outputs to values or labels, and to what metrics take
words       the question in a sentence
targets     how many columns are answered, and what one of them is asked
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol

import numpy as np

from thetastar.errors import InputError

__all__ = ["LOSSES_OF_CLASSES", "LOSSES_OF_NUMBERS", "Learned", "Task", "softmax", "two_scores"]

LOSSES_OF_NUMBERS = ("mean_squared_error", "mean_absolute_error", "huber", "smooth_l1", "log_cosh")
"""What networks that answer with numbers may learn with."""

LOSSES_OF_CLASSES = ("binary_cross_entropy", "binary_focal_cross_entropy")
"""What networks that answer with log-odds may learn with."""


class Learned(Protocol):
    """What a task needs to know of a target: `TargetEncoding` has it."""

    @property
    def classes(self) -> tuple[Any, ...] | None:
        """The labels by class index; None where answers are numbers."""

    @property
    def mean(self) -> Any:
        """The network learns (value - mean) / scale; of several targets (K,)."""

    @property
    def scale(self) -> Any:
        """The network learns (value - mean) / scale; of several targets (K,)."""

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
        levels: the levels of the quantiles that an answer consists of, rising; none of other tasks.
        targets: how many columns an answer consists of.
        one: the name of the task of one of them; its own where there is one.

    Example:
        >>> from thetastar.data.task import find_task
        >>> task = find_task("binary")
        >>> task.default_metric, task.classification, task.outputs(classes=2)
        ('auc', True, 1)
    """

    name: str
    words: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]
    default_metric: ClassVar[str]
    classification: ClassVar[bool]
    has_positive_class: ClassVar[bool] = False
    losses: ClassVar[tuple[str, ...]] = ()
    levels: tuple[float, ...] = ()
    targets: int = 1

    @property
    def one(self) -> str:
        """The name of the task of one of its targets."""
        return self.name

    @property
    def probable(self) -> bool:
        """Whether what metrics take of it are probabilities."""
        return self.classification

    def truth_of(self, truth: np.ndarray, target: int) -> np.ndarray:
        """(n,) what is true of one target, as metrics of its task take it."""
        return truth

    def predicted_of(self, predicted: np.ndarray, target: int) -> np.ndarray:
        """What is predicted of one target, as metrics of its task take it."""
        return predicted

    def kinds(self, truth: np.ndarray) -> np.ndarray | None:
        """(n,) codes of the kinds of rows whose shares every part of a split keeps; None where there are none."""
        return truth if self.classification else None

    @property
    def middle(self) -> int:
        """Where the level nearest one half stands: what is shown where there is room for one number."""
        return min(range(len(self.levels)), key=lambda k: abs(self.levels[k] - 0.5), default=0)

    def loss_of(self, metric: str, wanted: str | None) -> str | dict[str, Any]:
        """The loss that a candidate wants, or the usual one.

        Raises:
            InputError: its outputs would not mean what this task's do.
        """
        if wanted is None:
            return self.loss(metric)
        if not self.losses:
            raise InputError(
                f"loss: a study of {self.words.split(': ')[-1]} has its own loss. Got {wanted!r}. Leave loss out."
            )
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
    def loss(self, metric: str) -> str | dict[str, Any]:
        """The loss to learn with where that metric chooses, as `losses.get` takes it."""

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


def two_scores(outputs: np.ndarray) -> np.ndarray:
    """(n, 2) float64 scores of two classes: as they are, or log-odds (n,) or (n, 1) beside a zero."""
    scores = np.asarray(outputs, dtype=np.float64)
    if scores.ndim == 2 and scores.shape[1] == 2:
        return scores
    return np.column_stack([np.zeros(len(scores)), scores.reshape(len(scores))])


def softmax(scores: np.ndarray) -> np.ndarray:
    """(n, C) scores to probabilities."""
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
