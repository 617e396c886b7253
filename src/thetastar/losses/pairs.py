"""Losses of pairs and triplets: the same network sees 2 or 3 inputs, and the loss compares its outputs.

`loss((f1, f2), y)` and `loss((anchor, positive, negative))` take a tuple of predictions (B, O), `gradient` returns a
tuple. In training X is a tuple too: `ts.train(net, (X1, X2), y, loss=…)`, `ts.train(net, (A, P, N), None, loss=…)`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .._checks import one_of, real
from .._words import must_be
from ..errors import InputError
from .contract import WORDS, Loss
from .targets import no_targets, sign_targets

# name -> how the core knows it
DISTANCES = {
    "euclidean": {"distance": "norm", "power": 2.0},
    "manhattan": {"distance": "norm", "power": 1.0},
    "squared_euclidean": {"distance": "squared_euclidean"},
    "cosine": {"distance": "cosine"},
}


def _distance_function(value, settings) -> dict:
    if callable(value):
        raise InputError(
            f"distance_function: a distance must be one of {', '.join(DISTANCES)}, which run in the core. "
            f"Got a Python function. Use distance=."
        )
    return {"distance": "euclidean" if value is None else value}


@dataclass(frozen=True)
class MarginRanking(Loss):
    """Mean over the outputs of max(0, margin - y (f1 - f2)): y = 1 where f1 should be the larger, -1 where f2 should.

    Args:
        margin: how far the larger one must be ahead.

    Raises:
        InputError: margin is not a number; targets other than 1 and -1 (or 1 and 0).

    Example:
        >>> MarginRanking(margin=1.0)(([[2.0]], [[1.5]]), [1.0])
        0.5

    Source: lecture 5. PyTorch: MarginRankingLoss (the same; margin 0 by default).
    """

    margin: float = 0.0
    name = "margin_ranking"

    def __post_init__(self) -> None:
        real("MarginRanking", "margin", self.margin)

    @property
    def members(self) -> int:
        return 2

    def target_array(self, where, y, samples, outputs, dtype):
        flat = outputs == 1 or np.ndim(y) < 2  # one sign for all outputs of a sample, or one each
        return sign_targets(where, "the margin ranking loss", y, samples, 1 if flat else outputs, dtype)


@dataclass(frozen=True)
class HingeEmbedding(Loss):
    """d where y = 1 (alike) and max(0, margin - d) where y = -1 (different).

    Args:
        margin: how far apart different ones should be.
        distance: None: d is the prediction itself, (B, O), and the loss the mean over the outputs, as in PyTorch.
            "euclidean", "manhattan", "squared_euclidean" or "cosine": d is that distance between a pair's two
            predictions, (B, O) each.

    Raises:
        InputError: an argument breaks its rule; targets other than 1 and -1 (or 1 and 0).

    Example:
        >>> HingeEmbedding(distance="manhattan")(([[1.0, 2.0]], [[1.0, 2.25]]), [-1.0]).__round__(4)
        0.75

    Source: Hadsell, Chopra and LeCun 2006; lecture 5. PyTorch: HingeEmbeddingLoss.
    """

    margin: float = 1.0
    distance: str | None = None
    name = "hinge_embedding"

    def __post_init__(self) -> None:
        real("HingeEmbedding", "margin", self.margin)
        if self.distance is not None:
            one_of("HingeEmbedding", "distance", self.distance, DISTANCES)

    @property
    def members(self) -> int:
        return 1 if self.distance is None else 2

    def to_native(self) -> dict:
        return super().to_native() | DISTANCES.get(self.distance, {}) | {"epsilon": 1e-6}

    def target_array(self, where, y, samples, outputs, dtype):
        return sign_targets(
            where, "the hinge embedding loss", y, samples, outputs if self.distance is None else 1, dtype
        )


@dataclass(frozen=True)
class CosineEmbedding(Loss):
    """1 - cos(f1, f2) where y = 1 (alike) and max(0, cos(f1, f2) - margin) where y = -1 (different).

    Args:
        margin: from -1 to 1; what cosine different ones may have.

    Raises:
        InputError: margin is outside [-1, 1]; targets other than 1 and -1 (or 1 and 0).

    Example:
        >>> CosineEmbedding()(([[1.0, 0.0]], [[0.0, 2.0]]), [1.0]).__round__(6)
        1.0

    Source: lecture 5. PyTorch: CosineEmbeddingLoss (the same).
    """

    margin: float = 0.0
    name = "cosine_embedding"

    def __post_init__(self) -> None:
        real("CosineEmbedding", "margin", self.margin, -1.0, 1.0)

    @property
    def members(self) -> int:
        return 2

    def to_native(self) -> dict:
        return super().to_native() | {"distance": "cosine"}

    def target_array(self, where, y, samples, outputs, dtype):
        return sign_targets(where, "the cosine embedding loss", y, samples, 1, dtype)


@dataclass(frozen=True)
class _Triplet(Loss):
    @property
    def members(self) -> int:
        return 3

    def target_array(self, where, y, samples, outputs, dtype):
        return no_targets(where, y, samples, dtype)


@dataclass(frozen=True)
class TripletMargin(_Triplet):
    """max(0, ‖a - p + ε‖_q - ‖a - n + ε‖_q + margin): the anchor a nearer to the positive p than to the negative n.

    Args:
        margin: how much nearer, above 0.
        power: q of the norm, from 1.
        epsilon: ε, from 0; keeps the slope defined where two predictions are equal.
        swap: use the distance of p from n where it is smaller than that of a from n.

    Raises:
        InputError: an argument breaks its rule; a target is given.

    Example:
        >>> TripletMargin(margin=1.0)(([[0.0]], [[1.0]], [[1.5]])).__round__(5)
        0.5

    Source: Balntas et al. 2016; lecture 5. PyTorch: TripletMarginLoss (the same; its p is our power).
    """

    margin: float = 1.0
    power: float = 2.0
    epsilon: float = 1e-6
    swap: bool = False
    name = "triplet_margin"
    words: ClassVar[Mapping] = WORDS | {"p": "power", "eps": "epsilon"}

    def __post_init__(self) -> None:
        real("TripletMargin", "margin", self.margin, 0.0, open_low=True)
        real("TripletMargin", "power", self.power, 1.0)
        real("TripletMargin", "epsilon", self.epsilon, 0.0)

    def to_native(self) -> dict:
        return super().to_native() | {"distance": "norm"}


@dataclass(frozen=True)
class TripletMarginWithDistance(_Triplet):
    """max(0, d(a, p) - d(a, n) + margin) with a distance d of choice.

    Args:
        distance: "euclidean", "manhattan", "squared_euclidean" or "cosine" (1 - cos).
        margin: how much nearer, above 0.
        swap: use d(p, n) where it is smaller than d(a, n).

    Raises:
        InputError: an argument breaks its rule; a target is given.

    Example:
        >>> TripletMarginWithDistance("squared_euclidean")(([[0.0]], [[2.0]], [[1.0]]))
        4.0

    Source: lecture 5. PyTorch: TripletMarginWithDistanceLoss, which takes a Python function; ours run in the core.
    """

    distance: str = "euclidean"
    margin: float = 1.0
    swap: bool = False
    name = "triplet_margin_with_distance"
    words: ClassVar[Mapping] = WORDS | {"distance_function": _distance_function}

    def __post_init__(self) -> None:
        one_of("TripletMarginWithDistance", "distance", self.distance, DISTANCES)
        real("TripletMarginWithDistance", "margin", self.margin, 0.0, open_low=True)

    def to_native(self) -> dict:
        return super().to_native() | DISTANCES[self.distance] | {"epsilon": 1e-6}


@dataclass(frozen=True)
class Circle(_Triplet):
    """log(1 + exp(γ (α_p (d_p - m) + α_n (1 - m - d_n)))) with cosine distances d_p of the anchor from the positive and
    d_n from the negative, α_p = max(0, d_p + m) and α_n = max(0, 1 + m - d_n).

    Each distance is pulled the harder the farther it is from its optimum.

    Args:
        gamma: γ, above 0: how sharply.
        margin: m, from 0 to below 1.

    Raises:
        InputError: an argument breaks its rule; a target is given.

    Example:
        >>> Circle(gamma=1)(([[1.0, 0.0]], [[1.0, 0.0]], [[0.0, 1.0]])).__round__(5)
        0.54589

    Source: Sun et al. 2020, with one positive and one negative a sample. Keras: Circle, which takes a batch of
    embeddings and their labels, and every row against all others; of a batch of three it is this one.
    """

    gamma: float = 80.0
    margin: float = 0.4
    name = "circle"
    words: ClassVar[Mapping] = WORDS | {
        "remove_diagonal": must_be("remove_diagonal", True, otherwise="An anchor is never its own positive here.")
    }

    def __post_init__(self) -> None:
        real("Circle", "gamma", self.gamma, 0.0, open_low=True)
        real("Circle", "margin", self.margin, 0.0, 1.0, open_high=True)

    def to_native(self) -> dict:
        return super().to_native() | {"distance": "cosine"}
