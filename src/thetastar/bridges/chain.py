"""What is read from a framework: layers one after another, their parameters, and the shape that each gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..layers import Activation, Conv2D, Dense, Layer

__all__ = ["Chain", "under"]


@dataclass
class Chain:
    """Layers with their parameters, in the order in which a sample passes them.

    Args:
        input_shape: the shape of one sample, channels last.
    """

    input_shape: tuple[int, ...]
    layers: list[Any] = field(default_factory=list)
    own: list[dict[str, np.ndarray]] = field(default_factory=list)
    shape: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.shape = self.input_shape

    def add(self, layer: Layer, **parameters: np.ndarray | None) -> None:
        """Put a layer behind the others; a parameter that is None is left out.

        Raises:
            InputError: the layer cannot take what arrives.
        """
        self.shape = layer.output_shape(self.shape)
        self.layers.append(layer)
        self.own.append({name: value for name, value in parameters.items() if value is not None})

    def activate(self, name: str) -> None:
        """Put an activation behind the others, into the layer before it where that has none yet."""
        before = self.layers[-1] if self.layers else None
        if isinstance(before, Dense | Conv2D) and before.activation == "identity":
            self.layers[-1] = replace(before, activation=name)
        else:
            self.add(Activation(name))

    @property
    def parameters(self) -> dict[str, np.ndarray]:
        """{"dense_1.weight": …}, numbered per kind as a network numbers its layers."""
        counts: Counter[str] = Counter()
        found = {}
        for layer, own in zip(self.layers, self.own, strict=True):
            counts[layer.kind] += 1
            found.update({f"{layer.kind}_{counts[layer.kind]}.{name}": value for name, value in own.items()})
        return found


def under(parameters: Mapping[str, np.ndarray], name: str) -> dict[str, np.ndarray]:
    """Return the parameters of one layer: {"weight": …} of {"dense_1.weight": …}."""
    return {key[len(name) + 1 :]: value for key, value in parameters.items() if key.startswith(name + ".")}
