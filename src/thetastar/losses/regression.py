"""Losses of numbers: of values, counts, quantiles, directions and whole normal distributions.

In the formulae f is the prediction and y the target, both (O,); a sample's loss is the mean over the outputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from .._checks import real
from ..errors import InputError
from .contract import WORDS, Loss
from .targets import value_targets, within


@dataclass(frozen=True)
class _ValueLoss(Loss):
    """A loss whose targets are numbers, one an output."""

    def target_array(self, where, y, samples, outputs, dtype):
        return value_targets(where, y, samples, outputs, dtype)


@dataclass(frozen=True)
class MeanSquaredError(_ValueLoss):
    """Mean over the outputs of (f - y)²; gradient 2 (f - y) / O. Minimised by the conditional mean.

    Example:
        >>> MeanSquaredError()([[3.0], [1.0]], [[1.0], [1.0]])
        2.0

    Source: lectures 2 and 4. Keras: MeanSquaredError; PyTorch: MSELoss.
    """

    name = "mean_squared_error"


@dataclass(frozen=True)
class HalfSquaredError(_ValueLoss):
    """½ Σ (f - y)² = ½ ‖f - y‖², the sum over the outputs; gradient f - y. Minimised by the conditional mean.

    O / 2 times the mean squared error, so that its gradient has no factor in front: what one computes by hand.

    Example:
        >>> HalfSquaredError()([[3.0, 1.0]], [[1.0, 0.0]])
        2.5

    Source: lecture 4. Neither framework has it: PyTorch's 0.5 * MSELoss(reduction="sum") is its sum over the samples.
    """

    name = "half_squared_error"


@dataclass(frozen=True)
class MeanAbsoluteError(_ValueLoss):
    """Mean over the outputs of |f - y|; gradient sign(f - y) / O, 0 at no error. Minimised by the conditional median.

    Example:
        >>> MeanAbsoluteError()([[3.0], [1.0]], [[1.0], [1.0]])
        1.0

    Source: lecture 1. Keras: MeanAbsoluteError; PyTorch: L1Loss.
    """

    name = "mean_absolute_error"


@dataclass(frozen=True)
class MeanAbsolutePercentageError(_ValueLoss):
    """Mean over the outputs of 100 |f - y| / max(|y|, ε), in per cent of the target.

    Args:
        epsilon: ε, above 0: the smallest size of a target that is divided by.

    Raises:
        InputError: epsilon is not above 0.

    Example:
        >>> MeanAbsolutePercentageError()([[110.0]], [[100.0]])
        10.0

    Source: lecture 5. Keras: MeanAbsolutePercentageError (the same, ε = 1e-7).
    """

    epsilon: float = 1e-7
    name = "mean_absolute_percentage_error"

    def __post_init__(self) -> None:
        real("MeanAbsolutePercentageError", "epsilon", self.epsilon, 0.0, open_low=True)


@dataclass(frozen=True)
class MeanSquaredLogarithmicError(_ValueLoss):
    """Mean over the outputs of (log(1 + max(f, ε)) - log(1 + y))², natural logarithms, for targets from 0.

    A prediction below ε counts as ε and has the slope 0, as in Keras: give the network an output that stays above 0
    ("softplus").

    Args:
        epsilon: ε, above 0.

    Raises:
        InputError: epsilon is not above 0; a target is negative.

    Example:
        >>> round(MeanSquaredLogarithmicError()([[np.e - 1]], [[0.0]]), 5)
        1.0

    Source: lecture 5. Keras: MeanSquaredLogarithmicError (the same).
    """

    epsilon: float = 1e-7
    name = "mean_squared_logarithmic_error"

    def __post_init__(self) -> None:
        real("MeanSquaredLogarithmicError", "epsilon", self.epsilon, 0.0, open_low=True)

    def target_array(self, where, y, samples, outputs, dtype):
        target = value_targets(where, y, samples, outputs, dtype)
        return within(
            where, "the squared logarithmic error", target, 0, np.inf, "Use the squared error for signed targets."
        )


@dataclass(frozen=True)
class Huber(_ValueLoss):
    """½ e² for |e| ≤ δ and δ (|e| - ½ δ) beyond, with e = f - y: squared near the target, absolute for outliers.

    Args:
        delta: δ, above 0.

    Raises:
        InputError: delta is not above 0.

    Example:
        >>> Huber(delta=1.0)([[3.0]], [[0.0]])
        2.5

    Source: Huber 1964; lecture 5. Keras: Huber; PyTorch: HuberLoss (both the same).
    """

    delta: float = 1.0
    name = "huber"

    def __post_init__(self) -> None:
        real("Huber", "delta", self.delta, 0.0, open_low=True)


@dataclass(frozen=True)
class SmoothL1(_ValueLoss):
    """½ e² / β for |e| < β and |e| - ½ β beyond, with e = f - y: Huber's loss with δ = β, divided by β.

    Args:
        beta: β, from 0; with 0 it is the absolute error.

    Raises:
        InputError: beta is negative.

    Example:
        >>> SmoothL1(beta=2.0)([[1.0]], [[0.0]])
        0.25

    Source: Girshick 2015; lecture 5. PyTorch: SmoothL1Loss (the same).
    """

    beta: float = 1.0
    name = "smooth_l1"

    def __post_init__(self) -> None:
        real("SmoothL1", "beta", self.beta, 0.0)

    def to_native(self) -> dict:
        settings = super().to_native()
        return settings | {"delta": float(settings.pop("beta"))}


@dataclass(frozen=True)
class LogCosh(_ValueLoss):
    """log cosh(f - y): ½ e² for small errors, |e| - log 2 for large ones; gradient tanh(e) / O.

    Example:
        >>> round(LogCosh()([[1e4]], [[0.0]]), 3)
        9999.307

    Source: lecture 5. Keras: LogCosh (the same).
    """

    name = "log_cosh"


@dataclass(frozen=True)
class Quantile(_ValueLoss):
    """q (y - f) where f is below y and (1 - q)(f - y) where it is above. Minimised by the conditional quantile q.

    Args:
        quantile: q, between 0 and 1; ½ is half the absolute error, and its minimum the median.

    Raises:
        InputError: quantile is not between 0 and 1.

    Example:
        >>> Quantile(0.9)([[0.0]], [[10.0]])
        9.0

    Source: Koenker and Bassett 1978. Neither framework has it; it is also known as the pinball loss.
    """

    quantile: float = 0.5
    name = "quantile"
    words: ClassVar[Mapping] = WORDS | {"alpha": "quantile", "q": "quantile", "tau": "quantile"}

    def __post_init__(self) -> None:
        real("Quantile", "quantile", self.quantile, 0.0, 1.0, open_low=True, open_high=True)


@dataclass(frozen=True)
class Quantiles(Loss):
    """Mean over the outputs of their quantile losses, each at a level of its own, against one number y.

    Minimised by the conditional quantiles at these levels: one network says them all.

    Args:
        levels: (O,) between 0 and 1, one an output.

    Raises:
        InputError: a level is not between 0 and 1, or there are not as many as outputs.

    Example:
        >>> Quantiles((0.1, 0.9))([[0.0, 0.0]], [10.0])
        5.0

    Source: Koenker and Bassett 1978. Neither framework has it.
    """

    levels: tuple[float, ...] = (0.1, 0.5, 0.9)
    name = "quantiles"
    words: ClassVar[Mapping] = WORDS | {"quantiles": "levels", "taus": "levels", "alphas": "levels"}

    def __post_init__(self) -> None:
        given = self.levels
        if not isinstance(given, list | tuple | np.ndarray) or not len(given):
            raise InputError(f"Quantiles: levels must be a list of numbers. Got {given!r}. Use for example (0.1, 0.9).")
        levels = tuple(
            real(
                "Quantiles",
                "levels",
                getattr(level, "item", lambda v=level: v)(),
                0.0,
                1.0,
                open_low=True,
                open_high=True,
            )
            for level in given
        )
        object.__setattr__(self, "levels", levels)

    def target_array(self, where, y, samples, outputs, dtype):
        if outputs != len(self.levels):
            raise InputError(
                f"{where}: Quantiles needs one output a level, {len(self.levels)} here. Got {outputs}. "
                "Make the last layer as wide as the levels."
            )
        return value_targets(where, y, samples, 1, dtype)


def _counts(where, what, y, samples, outputs, dtype) -> np.ndarray:
    target = value_targets(where, y, samples, outputs, dtype)
    return within(where, what, target, 0, np.inf, "Counts are never negative.")


@dataclass(frozen=True)
class Poisson(Loss):
    """f - y log(f + ε) for a predicted rate f and a count y.

    A rate below 0 is answered along a straight line that leads back to 0. Give the network an output that stays above
    0 ("softplus"), or use `PoissonNLL`, whose raw score is the rate's logarithm.

    Args:
        epsilon: ε, above 0.

    Raises:
        InputError: epsilon is not above 0; a target is negative.

    Example:
        >>> round(Poisson()([[1.0]], [[2.0]]), 5)
        1.0

    Source: lecture 5. Keras: Poisson (the same, ε = 1e-7); PyTorch: PoissonNLLLoss(log_input=False).
    """

    epsilon: float = 1e-7
    name = "poisson"
    words: ClassVar[Mapping] = WORDS | {"eps": "epsilon"}

    def __post_init__(self) -> None:
        real("Poisson", "epsilon", self.epsilon, 0.0, open_low=True)

    def target_array(self, where, y, samples, outputs, dtype):
        return _counts(where, "the Poisson loss", y, samples, outputs, dtype)


@dataclass(frozen=True)
class PoissonNLL(Loss):
    """e^f - y f for a raw score f = log(rate) and a count y: -log P(y) without the part that f cannot change.

    Beyond f = 40 the exponential goes on along its tangent, so that a score of 10,000 is only a very bad one.

    Args:
        log_input: f is the rate's logarithm; otherwise the rate itself, and the loss f - y log(f + ε).
        full: add Stirling's y log y - y + ½ log(2 π y) for counts above 1.
        epsilon: ε, above 0, for log_input=False.

    Raises:
        InputError: epsilon is not above 0; a target is negative.

    Example:
        >>> PoissonNLL()([[0.0]], [[3.0]])
        1.0

    Source: lecture 5. PyTorch: PoissonNLLLoss (the same).
    """

    log_input: bool = True
    full: bool = False
    epsilon: float = 1e-8
    name = "poisson_nll"
    words: ClassVar[Mapping] = WORDS | {"eps": "epsilon"}

    def __post_init__(self) -> None:
        real("PoissonNLL", "epsilon", self.epsilon, 0.0, open_low=True)

    def target_array(self, where, y, samples, outputs, dtype):
        return _counts(where, "the Poisson loss", y, samples, outputs, dtype)


@dataclass(frozen=True)
class GaussianNLL(Loss):
    """½ (log v + (m - y)² / v): the network gives the mean m and the variance v of a normal distribution.

    For K targets the network has 2 K outputs, first the means and then the variances. Below ε, and below 0, the loss
    goes on along its tangent at ε where that leads back above ε, and level where it does not: so a variance that a
    network gets wrong is finite and learns. With log_variance the second half is log v, so every raw score is allowed.

    Args:
        log_variance: the second half of the outputs is log v.
        full: add ½ log 2π, so that the value is a true negative logarithm of a density.
        epsilon: ε, above 0: the least variance.

    Raises:
        InputError: epsilon is not above 0; an odd number of outputs; y is not as wide as half of them.

    Example:
        >>> GaussianNLL()([[1.0, 4.0]], [[3.0]]).__round__(5)
        1.19315

    Source: Nix and Weigend 1994; lecture 5. PyTorch: GaussianNLLLoss takes mean and variance as two
    arguments, refuses negative variances, and below ε has the value at ε and the slope at the given variance.
    """

    log_variance: bool = False
    full: bool = False
    epsilon: float = 1e-6
    name = "gaussian_nll"
    words: ClassVar[Mapping] = WORDS | {"eps": "epsilon"}

    def __post_init__(self) -> None:
        real("GaussianNLL", "epsilon", self.epsilon, 0.0, open_low=True)

    def target_array(self, where, y, samples, outputs, dtype):
        if outputs % 2:
            raise InputError(
                f"{where}: the Gaussian loss needs two outputs a target, the mean and the variance. "
                f"Got {outputs} outputs. Make the last layer twice as wide as the target."
            )
        return value_targets(where, y, samples, outputs // 2, dtype)


@dataclass(frozen=True)
class CosineSimilarity(_ValueLoss):
    """-cos(f, y) = -f·y / (|f| |y|), from -1 (the same direction) to 1 (opposite); lengths below 1e-6 count as 1e-6.

    Example:
        >>> CosineSimilarity()([[3.0, 0.0]], [[1.0, 0.0]])
        -1.0

    Source: lecture 5. Keras: CosineSimilarity (the same sign: smaller is more alike). PyTorch: CosineSimilarity is the
    cosine itself, a measure and not a loss; its loss is CosineEmbeddingLoss.
    """

    name = "cosine_similarity"
