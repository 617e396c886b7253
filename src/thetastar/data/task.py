"""A task: what kind of answer a study looks for, and everything that follows from that.

A task has no state but its name, which for quantiles holds their levels and for several targets their number; what was
learned of a target (its classes, its mean and scale) is in `TargetEncoding`. No other module asks for a task by its
name: it asks the task. What all tasks are is in `task_contract.py`, those of several targets in `task_several.py`.
Another task is one more class, which `find_task` knows by its name.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from functools import cache
from typing import Any, ClassVar, final

import numpy as np

from thetastar.data.task_contract import LOSSES_OF_CLASSES, LOSSES_OF_NUMBERS, Learned, Task, softmax, two_scores
from thetastar.data.task_several import several_of
from thetastar.errors import InputError

__all__ = ["TASKS", "Binary", "Multiclass", "Quantiles", "Regression", "Task", "find_task", "parse_levels"]


@final
class Regression(Task):
    """A number: one output, standardised by the training rows."""

    name = "regression"
    words: ClassVar[str] = "regression: a number"
    metrics: ClassVar[tuple[str, ...]] = ("rmse", "mae", "r2")
    default_metric: ClassVar[str] = "rmse"
    classification: ClassVar[bool] = False
    losses: ClassVar[tuple[str, ...]] = LOSSES_OF_NUMBERS

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

    name = "binary"
    words: ClassVar[str] = "classification: one of two classes"
    metrics: ClassVar[tuple[str, ...]] = ("auc", "accuracy", "log_loss", "f1", "balanced_accuracy")
    default_metric: ClassVar[str] = "auc"  # it needs no threshold and does not flatter a majority class
    classification: ClassVar[bool] = True
    has_positive_class: ClassVar[bool] = True
    losses: ClassVar[tuple[str, ...]] = LOSSES_OF_CLASSES

    def outputs(self, classes: int) -> int:
        return 1

    def loss(self, metric: str) -> str:
        return "binary_cross_entropy"

    def encode(self, truth: np.ndarray, learned: Learned) -> np.ndarray:
        return truth.astype(np.float32)

    def decode(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        return learned.labels(two_scores(outputs).argmax(axis=1))

    def predicted(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        return softmax(two_scores(outputs))

    def sentence(self, target: str, columns: str, classes: tuple[Any, ...]) -> str:
        return f"Is {target!r} {classes[1]!r} or {classes[0]!r}, given {columns}?"


@final
class Multiclass(Task):
    """One of several classes: an output for each, a softmax over them."""

    name = "multiclass"
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
        return softmax(np.asarray(outputs, dtype=np.float64))

    def sentence(self, target: str, columns: str, classes: tuple[Any, ...]) -> str:
        return f"Which of {len(classes)} classes is {target!r}, given {columns}?"


@final
class Quantiles(Task):
    """Quantiles of a number: an output a level, standardised by the training rows, in rising order.

    Outputs that cross are put in order (Chernozhukov, Fernández-Val and Galichon 2010, "Quantile and probability curves
    without crossing"), which never makes their loss larger.

    Example:
        >>> task = find_task("quantiles(0.1, 0.5, 0.9)")
        >>> task.levels, task.outputs(classes=0), task.middle
        ((0.1, 0.5, 0.9), 3, 1)
    """

    words: ClassVar[str] = "regression: quantiles of a number"
    metrics: ClassVar[tuple[str, ...]] = ("pinball",)
    default_metric: ClassVar[str] = "pinball"
    classification: ClassVar[bool] = False

    def __init__(self, levels: Iterable[float]) -> None:
        self.levels = tuple(levels)
        self.name = f"quantiles({', '.join(f'{level:g}' for level in self.levels)})"

    def outputs(self, classes: int) -> int:
        return len(self.levels)

    def loss(self, metric: str) -> dict[str, Any]:
        return {"kind": "quantiles", "levels": list(self.levels)}

    def encode(self, truth: np.ndarray, learned: Learned) -> np.ndarray:
        return TASKS["regression"].encode(truth, learned)

    def decode(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        outputs = np.asarray(outputs)
        rows = outputs.reshape(len(outputs), -1).astype(np.float64)
        return np.sort(rows * learned.scale + learned.mean, axis=1)

    def predicted(self, outputs: np.ndarray, learned: Learned) -> np.ndarray:
        return self.decode(outputs, learned)

    def sentence(self, target: str, columns: str, classes: tuple[Any, ...]) -> str:
        shown = ", ".join(f"{level:g}" for level in self.levels)
        return f"Below which numbers does {target!r} lie with the probabilities {shown}, given {columns}?"


TASKS: dict[str, Task] = {task.name: task for task in (Regression(), Binary(), Multiclass())}
"""Every task that a target's values can suggest, by its name; `find_task` finds quantiles and several targets too."""

_QUANTILES = re.compile(r"quantiles\(([^()]{1,400})\)")
_MOST_LEVELS = 50


def find_task(name: str) -> Task:
    """The task of that name.

    Raises:
        InputError: there is none.

    Example:
        >>> find_task("multiclass").outputs(classes=5)
        5
    """
    if name not in TASKS and (found := several_of(name) or _quantiles(name)) is not None:
        return found
    if name not in TASKS:
        raise InputError(f"{name!r} is not a task. The tasks are {', '.join(TASKS)}.")
    return TASKS[name]


@cache
def _quantiles(name: str) -> Quantiles | None:
    """The task of that name, where it is `quantiles(0.1, 0.9)`."""
    match = _QUANTILES.fullmatch(name)
    if match is None:
        return None
    try:
        task = Quantiles(parse_levels(match[1]))
    except ValueError:
        return None
    return task if task.name == name else None


def parse_levels(given: Any) -> tuple[float, ...]:
    """The levels of quantiles, from a list of numbers or a text such as `0.1,0.5,0.9`.

    Raises:
        ValueError: one is not between 0 and 1, they do not rise, or there are none or too many.

    Example:
        >>> parse_levels("0.1, 0.5, 0.9")
        (0.1, 0.5, 0.9)
    """
    parts = given.split(",") if isinstance(given, str) else list(given) if isinstance(given, Iterable) else [given]
    try:
        levels = tuple(float(part) for part in parts)
    except (TypeError, ValueError):
        raise ValueError("levels must be numbers between 0 and 1, such as 0.1,0.5,0.9") from None
    if not all(1e-4 <= level <= 1 - 1e-4 for level in levels):
        wrong = next(level for level in levels if not 1e-4 <= level <= 1 - 1e-4)
        advice = f"; {wrong:g} % is {wrong / 100:g}" if 1 <= wrong < 100 else ""
        raise ValueError(f"a level must lie between 0 and 1 (0.0001 to 0.9999), and {wrong:g} does not{advice}")
    if not levels or len(levels) > _MOST_LEVELS:
        raise ValueError(f"give 1 to {_MOST_LEVELS} levels, such as 0.1,0.5,0.9")
    levels = tuple(float(f"{level:g}") for level in levels)
    if any(one >= two for one, two in itertools.pairwise(levels)):
        raise ValueError("levels must rise and differ, such as 0.1,0.5,0.9")
    return levels
