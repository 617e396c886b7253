"""Residual: a stack of layers beside a shortcut. The arithmetic is core/layers/residual.hpp."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .. import initializers
from ..errors import InputError
from .layer import Layer, from_dict, set_checked, shapes_through
from .softmax import apart

__all__ = ["Residual"]


@dataclass(frozen=True)
class Residual(Layer, kind="residual"):
    """y = F(x) + S(x): F is any stack of layers, S the identity, or a projection where F changes the shape.

    The projection is learned and has no bias: a dense layer over the channels, or, where the height or width changes, a
    1 × 1 convolution with the whole stride that leads to F's height and width.

    Args:
        layers: F, from its input to its output.

    Parameters are named "….dense_1.weight" and so on, and "….projection.weight".

    Raises:
        InputError: no layers, something that is not a layer, or a shape that no projection can reach.

    Example:
        >>> from thetastar.layers import Conv2D
        >>> block = Residual([Conv2D(16, 3, padding="same", activation="relu"), Conv2D(16, 3, padding="same")])
        >>> block.output_shape((8, 8, 16))
        (8, 8, 16)

    Source: He et al. 2016; lecture 1.
    """

    layers: Iterable[Layer]

    def __post_init__(self) -> None:
        layers = self.layers if isinstance(self.layers, Iterable) else (self.layers,)
        parts = tuple(from_dict(part) if isinstance(part, dict) else part for part in layers)
        if not parts or not all(isinstance(part, Layer) for part in parts):
            raise InputError(
                f"Residual: layers must be a list of at least one layer. Got {list(parts)!r:.200}. "
                "Use for example [Dense(32, activation='relu'), Dense(32)]."
            )
        set_checked(self, layers=apart(parts))

    def output_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        shape = shapes_through(self.layers, input_shape)[-1]
        same_rank = len(shape) == len(input_shape)
        if same_rank and shape[:-1] == input_shape[:-1]:
            return shape
        if same_rank and len(shape) == 3:  # a 1 × 1 window with whole strides must land on the same pixels
            pairs = list(zip(input_shape[:2], shape[:2], strict=True))
            if all((before - 1) // -(-before // after) + 1 == after for before, after in pairs):
                return shape
        raise InputError(
            f"Residual: the inner layers must keep the shape up to channels and a whole stride. "
            f"They make {shape} of {input_shape}. Use padding='same'."
        )

    def native(self) -> dict:
        counts: dict[str, int] = {}
        inner = []
        for layer in self.layers:
            counts[layer.kind] = counts.get(layer.kind, 0) + 1
            inner.append(layer.native() | {"name": f"{layer.kind}_{counts[layer.kind]}"})
        return {"kind": self.kind, "inner": inner, "kernel": initializers.get("glorot_uniform").to_dict()}
