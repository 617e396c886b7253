"""Losses that ask for a margin: a right answer must not only win but win by enough.

In the formulae f is the raw score and y the target. Two cases are written 1 and -1; where all targets are 0 or 1, 0
counts as -1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import real
from ..errors import InputError
from .contract import WORDS, Loss
from .targets import class_targets, class_weights, one_hot_targets, several_targets, sign_targets, value_targets, within


@dataclass(frozen=True)
class _SignLoss(Loss):
    def target_array(self, where, y, samples, outputs, dtype):
        return sign_targets(where, f"{self.name.replace('_', ' ')} loss", y, samples, outputs, dtype)


@dataclass(frozen=True)
class Hinge(_SignLoss):
    """Mean over the outputs of max(0, 1 - y f), y = 1 or -1 (or 1 and 0).

    Example:
        >>> Hinge()([[0.25]], [[1.0]])
        0.75

    Source: lecture 5. Keras: Hinge (the same).
    """

    name = "hinge"


@dataclass(frozen=True)
class SquaredHinge(_SignLoss):
    """Mean over the outputs of max(0, 1 - y f)², y = 1 or -1 (or 1 and 0).

    Example:
        >>> SquaredHinge()([[0.5]], [[1.0]])
        0.25

    Source: lecture 5. Keras: SquaredHinge (the same).
    """

    name = "squared_hinge"


@dataclass(frozen=True)
class SoftMargin(_SignLoss):
    """Mean over the outputs of log(1 + e^(-y f)), y = 1 or -1 (or 1 and 0): the logistic loss.

    Example:
        >>> round(SoftMargin()([[0.0]], [[-1.0]]), 5)
        0.69315

    Source: lecture 5. PyTorch: SoftMarginLoss (the same).
    """

    name = "soft_margin"


@dataclass(frozen=True)
class CategoricalHinge(Loss):
    """max(0, 1 + max_c (1 - y_c) f_c - Σ_c y_c f_c) for one-hot y (C,).

    As in Keras the right class takes part in the maximum with 0, so a wrong class counts only from a score of 0 on.

    Raises:
        InputError: a row of the targets is not one-hot.

    Example:
        >>> CategoricalHinge()([[0.5, 1.0]], [[1, 0]])
        1.5

    Source: lecture 5. Keras: CategoricalHinge (the same).
    """

    name = "categorical_hinge"

    def target_array(self, where, y, samples, outputs, dtype):
        return one_hot_targets(where, "the categorical hinge loss", y, samples, outputs, dtype)


@dataclass(frozen=True)
class MultiMargin(Loss):
    """Σ_{c ≠ y} w_y max(0, margin - f_y + f_c)^p / C for a class index y.

    Args:
        power: p, 1 or 2.
        margin: how far the right class must be ahead.
        class_weights: w (C,), or None for ones.

    Raises:
        InputError: an argument breaks its rule; targets that are not class indices.

    Example:
        >>> MultiMargin()([[0.0, 0.5]], [0])
        0.75

    Source: Crammer and Singer 2001; lecture 5. PyTorch: MultiMarginLoss (the same).
    """

    power: int = 1
    margin: float = 1.0
    class_weights: tuple[float, ...] | None = None
    name = "multi_margin"
    words: ClassVar[Mapping] = WORDS | {"p": "power", "weight": "class_weights"}

    def __post_init__(self) -> None:
        if self.power not in (1, 2):
            raise InputError(f"MultiMargin: power must be 1 or 2. Got {self.power!r}. Use one of the two.")
        real("MultiMargin", "margin", self.margin)
        object.__setattr__(self, "class_weights", class_weights("MultiMargin", self.class_weights))

    def target_array(self, where, y, samples, outputs, dtype):
        target = class_targets(where, "the multi-margin loss", y, samples, outputs, dtype)
        class_weights(where, self.class_weights, outputs)
        return target


@dataclass(frozen=True)
class MultiLabelMargin(Loss):
    """Σ over the classes r that a sample has, and w that it has not, of max(0, 1 - f_r + f_w) / C.

    Targets are (n, C) with 1 for each class that the sample has and 0 for the others.

    Raises:
        InputError: a target is neither 0 nor 1.

    Example:
        >>> MultiLabelMargin()([[0.1, 0.2, 0.4, 0.8]], [[1, 0, 0, 1]]).__round__(5)
        0.85

    Source: lecture 5. PyTorch: MultiLabelMarginLoss, whose targets are the indices of the classes, filled up with -1.
    """

    name = "multi_label_margin"

    def target_array(self, where, y, samples, outputs, dtype):
        return several_targets(where, "the multi-label margin loss", y, samples, outputs, dtype)


@dataclass(frozen=True)
class MultiLabelSoftMargin(Loss):
    """Mean over the classes of w_c (-y_c log σ(f_c) - (1 - y_c) log(1 - σ(f_c))), y (C,) in [0, 1].

    Args:
        class_weights: w (C,), or None for ones.

    Raises:
        InputError: class_weights break their rule; targets outside [0, 1].

    Example:
        >>> round(MultiLabelSoftMargin()([[0.0, 0.0]], [[1, 0]]), 5)
        0.69315

    Source: lecture 5. PyTorch: MultiLabelSoftMarginLoss (the same).
    """

    class_weights: tuple[float, ...] | None = None
    name = "multi_label_soft_margin"
    words: ClassVar[Mapping] = WORDS | {"weight": "class_weights"}

    def __post_init__(self) -> None:
        object.__setattr__(self, "class_weights", class_weights("MultiLabelSoftMargin", self.class_weights))

    def target_array(self, where, y, samples, outputs, dtype):
        class_weights(where, self.class_weights, outputs)
        target = value_targets(where, y, samples, outputs, dtype)
        return within(
            where, "the multi-label soft margin loss", target, 0, 1, "Use 1 for each class that the sample has."
        )
