"""Normalising layers: y = γ (x - μ) / √(σ² + ε) + β. The arithmetic is core/layers/norm.hpp."""

from __future__ import annotations

from dataclasses import dataclass

from .._checks import real
from .layer import Layer, set_checked

__all__ = ["BatchNorm", "LayerNorm"]


@dataclass(frozen=True)
class BatchNorm(Layer, kind="batch_norm"):
    """Each channel is normalised over the batch and all positions while training, by running statistics afterwards.

    y = γ (x - μ) / √(σ² + ε) + β with the mean μ and the variance σ² = mean((x - μ)²), as in Keras; PyTorch's running
    variance is n / (n - 1) times that. The shape stays.

    Args:
        momentum: m of the running mean and variance, r ← m r + (1 - m) (this batch's).
        epsilon: ε, above 0.

    Parameters "gamma", "beta", "running_mean" and "running_variance", each (C,); the running ones are not learned.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> BatchNorm().output_shape((24, 24, 6))
        (24, 24, 6)

    Source: Ioffe and Szegedy 2015; lecture 4.
    """

    momentum: float = 0.99
    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        set_checked(self, momentum=real("BatchNorm", "momentum", self.momentum, 0.0, 1.0, open_high=True),
                    epsilon=real("BatchNorm", "epsilon", self.epsilon, 0.0, open_low=True))  # fmt: skip

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape


@dataclass(frozen=True)
class LayerNorm(Layer, kind="layer_norm"):
    """Each row (a sample, a time step, a pixel) is normalised over its channels. The shape stays.

    Args:
        epsilon: ε, above 0.

    Parameters "gamma" and "beta", each (C,).

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> LayerNorm().output_shape((56, 64))
        (56, 64)

    Source: Ba, Kiros and Hinton 2016.
    """

    epsilon: float = 1e-3

    def __post_init__(self) -> None:
        set_checked(self, epsilon=real("LayerNorm", "epsilon", self.epsilon, 0.0, open_low=True))

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape
