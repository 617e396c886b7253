"""Normalising layers: y = γ (x - μ) / √(σ² + ε) + β. The arithmetic is core/layers/norm.hpp."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import real
from .._words import ignored, must_be
from .layer import WORDS, Layer, set_checked

__all__ = ["BatchNorm", "LayerNorm"]


def _momentum(value, settings) -> dict:
    """PyTorch's is how much a batch counts, ours and Keras's how much the past does."""
    return {"momentum": 1 - value if settings["convention"] == "pytorch" else value}


_AFFINE = "Both γ and β are learned."
_NORM: Mapping = WORDS | {
    "eps": "epsilon",
    "axis": must_be("axis", -1, otherwise="Channels are last here."),
    "center": must_be("center", True, otherwise=_AFFINE),
    "scale": must_be("scale", True, otherwise=_AFFINE),
    "affine": must_be("affine", True, otherwise=_AFFINE),
    "elementwise_affine": must_be("elementwise_affine", True, otherwise=_AFFINE),
    "bias": must_be("bias", True, otherwise=_AFFINE),
}


@dataclass(frozen=True)
class BatchNorm(Layer, kind="batch_norm"):
    """Each channel is normalised over the batch and all positions while training, by running statistics afterwards.

    y = γ (x - μ) / √(σ² + ε) + β with the mean μ and the variance σ² = mean((x - μ)²), as in Keras; PyTorch's running
    variance is n / (n - 1) times that. The shape stays.

    Args:
        momentum: m of the running mean and variance, r ← m r + (1 - m) (this batch's), as in Keras. PyTorch's momentum
            is 1 - m: `BatchNorm(momentum=0.1, convention="pytorch")` is `BatchNorm(momentum=0.9, epsilon=1e-5)`.
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
    words: ClassVar[Mapping] = _NORM | {
        "momentum": _momentum,
        "num_features": ignored,
        "synchronized": ignored,
        "track_running_stats": must_be("track_running_stats", True, otherwise="Leave it out."),
    }
    pytorch: ClassVar[Mapping] = {"momentum": 0.9, "epsilon": 1e-5}

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
    words: ClassVar[Mapping] = _NORM | {
        "normalized_shape": ignored,
        "rms_scaling": must_be("rms_scaling", False, otherwise="Leave it out."),
    }
    pytorch: ClassVar[Mapping] = {"epsilon": 1e-5}

    def __post_init__(self) -> None:
        set_checked(self, epsilon=real("LayerNorm", "epsilon", self.epsilon, 0.0, open_low=True))

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape
