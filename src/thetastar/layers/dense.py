"""Layers over any shape: Dense, Activation, Dropout, Flatten. What they compute is in core/layers/."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import WIDEST, real, whole
from .._words import ignored, must_be
from ..initializers import Initializer
from .layer import WORDS, Layer, activation_name, set_checked, set_initializers

__all__ = ["Activation", "Dense", "Dropout", "Flatten"]


@dataclass(frozen=True)
class Dense(Layer, kind="dense"):
    """Fully connected layer: y = f(b + xᵀ W) over the last axis, so at every step or pixel alike.

    Args:
        units: O, the number of neurons.
        activation: f, a name from `thetastar.activations`, or "softmax", which becomes a `Softmax` layer behind it.
        kernel_initializer: how W (I, O) starts, a name or an `Initializer`.
        bias_initializer: how b (O,) starts.
        use_bias: False leaves b out.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> Dense(100, activation="relu").output_shape((56,))
        (100,)

    Source: lectures 1 to 5.
    """

    units: int
    activation: str = "identity"
    kernel_initializer: str | Initializer = "glorot_uniform"
    bias_initializer: str | Initializer = "zeros"
    use_bias: bool = True
    words: ClassVar[Mapping] = WORDS | {"out_features": "units", "bias": "use_bias", "in_features": ignored}

    def __post_init__(self) -> None:
        set_checked(self, units=whole("Dense", "units", self.units, 1, WIDEST), use_bias=bool(self.use_bias),
                    activation=activation_name(self.activation, "Dense(activation)"))  # fmt: skip
        set_initializers(self, "kernel_initializer", "bias_initializer")

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return (*input_shape[:-1], self.units)


@dataclass(frozen=True)
class Activation(Layer, kind="activation"):
    """An activation as a layer of its own: y = f(x), number by number.

    Args:
        activation: a name from `thetastar.activations`.

    Raises:
        InputError: no activation has that name.

    Example:
        >>> Activation("relu").output_shape((8, 8, 16))
        (8, 8, 16)

    Source: lecture 4; `thetastar.activations` names the source of each function. Keras: Activation.
    """

    activation: str

    def __post_init__(self) -> None:
        set_checked(self, activation=activation_name(self.activation, "Activation"))

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape


@dataclass(frozen=True)
class Dropout(Layer, kind="dropout"):
    """During training each number is 0 with probability `rate`, and otherwise divided by 1 - rate.

    The mean is kept, so prediction passes its input through unchanged.

    Args:
        rate: from 0 up to, and without, 1.

    Raises:
        InputError: the rate is outside that range.

    Example:
        >>> Dropout(0.5).output_shape((100,))
        (100,)

    Source: Srivastava et al. 2014; lectures 4 and 5.
    """

    rate: float
    words: ClassVar[Mapping] = WORDS | {
        "p": "rate",
        "seed": must_be("Dropout: seed", None, otherwise="Give seed to ts.train."),
        "noise_shape": must_be("Dropout: noise_shape", None, otherwise="Every number is dropped by itself."),
    }

    def __post_init__(self) -> None:
        set_checked(self, rate=real("Dropout", "rate", self.rate, 0.0, 1.0, open_high=True))

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape


@dataclass(frozen=True)
class Flatten(Layer, kind="flatten"):
    """Any shape to a vector: (H, W, C) to (H·W·C,), (T, F) to (T·F,), row by row.

    Example:
        >>> Flatten().output_shape((5, 5, 16))
        (400,)

    Source: Keras and PyTorch: Flatten, whose order differs in PyTorch because its channels come first.
    """

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return (math.prod(input_shape),)
