"""Softmax over the last axis, and PReLU, whose slope below 0 is learned. The arithmetic is core/layers/softmax.hpp."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from .._words import must_be
from ..initializers import Initializer
from .layer import WORDS, Layer, set_checked, set_initializers

__all__ = ["PReLU", "Softmax", "apart"]


@dataclass(frozen=True)
class Softmax(Layer, kind="softmax"):
    """p = e^z / Σ e^z over the last axis: scores to probabilities that sum to 1.

    `Dense(3, "softmax")` stands for `Dense(3)` and this. A network that ends so is trained with a loss of probabilities
    (`CategoricalCrossentropy`), and the two are computed as one, from the scores. A network without it is trained with
    a loss of scores, `CrossEntropy`, to the same parameters.

    Example:
        >>> Softmax().output_shape((3,))
        (3,)

    Source: Bridle 1990; lecture 4. Keras: Softmax; PyTorch: Softmax(dim=-1).
    """

    words: ClassVar[Mapping] = WORDS | {
        "axis": must_be("Softmax: axis", -1, otherwise="Channels are last here."),
        "dim": must_be("Softmax: dim", -1, otherwise="Channels are last here."),
    }

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape


@dataclass(frozen=True)
class PReLU(Layer, kind="prelu"):
    """y = x above 0 and α x below, with an α for each channel, or one for all, that is learned.

    Args:
        alpha_initializer: how α starts: an initialiser, its name, or a number.
        shared: one α for all channels.

    Parameter "alpha", (C,) or (1,); weight decay leaves it alone.

    Raises:
        InputError: no such initialiser.

    Example:
        >>> PReLU().output_shape((24, 24, 6))
        (24, 24, 6)

    Source: He et al. 2015. PyTorch: PReLU(num_parameters=C); its default is shared=True. Keras:
    PReLU(shared_axes=[1, 2]) for images, where α starts at 0.
    """

    alpha_initializer: str | Initializer | float = 0.25
    shared: bool = False
    words: ClassVar[Mapping] = WORDS | {
        "init": "alpha_initializer",
        "num_parameters": lambda value, settings: {"shared": value == 1},
        "shared_axes": must_be("PReLU: shared_axes", None, [1, 2], (1, 2), [1], (1,),
                               otherwise="There is one α a channel, for all pixels or steps; or shared=True."),
    }  # fmt: skip
    keras: ClassVar[Mapping] = {"alpha_initializer": "zeros"}

    def __post_init__(self) -> None:
        if isinstance(self.alpha_initializer, int | float) and not isinstance(self.alpha_initializer, bool):
            set_checked(self, alpha_initializer={"kind": "constant", "value": self.alpha_initializer})
        set_checked(self, shared=bool(self.shared))
        set_initializers(self, "alpha_initializer")

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        return input_shape

    def native(self) -> dict:
        return {"kind": self.kind, "units": int(self.shared), "bias": self.alpha_initializer.to_dict()}


def apart(layers: Iterable[Layer]) -> tuple[Layer, ...]:
    """Return the layers with every "softmax" that was asked for as an activation in a layer of its own."""
    parts: list[Layer] = []
    for layer in layers:
        if getattr(layer, "activation", None) != "softmax":
            parts.append(layer)
        elif layer.kind == "activation":
            parts.append(Softmax())
        else:
            parts += [replace(layer, activation="identity"), Softmax()]  # type: ignore[call-arg]
    return tuple(parts)
