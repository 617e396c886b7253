"""Keras layers and activations for what Keras has none of its own for. Only files that need Keras import this one.

A model that holds one of them is loaded (`keras.saving.load_model`) after `import thetastar.bridges.keras_layers`.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

__all__ = [
    "ACTIVATIONS", "BatchEnsemble", "CategoryVectors", "ParametricActivation", "PeriodicEmbedding", "Reversed", "Scale",
]  # fmt: skip

_registered = keras.saving.register_keras_serializable(package="thetastar")


@_registered
def leaky_relu(z: Any) -> Any:
    return ops.leaky_relu(z, negative_slope=0.01)


@_registered
def gelu_tanh(z: Any) -> Any:
    return ops.gelu(z, approximate=True)


@_registered
def gaussian(z: Any) -> Any:
    return ops.exp(-z * z)


@_registered
def step(z: Any) -> Any:
    return ops.cast(z >= 0, z.dtype)


@_registered
class CategoryVectors(keras.layers.Embedding):
    """`Embedding` for whole numbers that arrive as floats; one outside the table gives zeros."""

    def call(self, inputs: Any) -> Any:
        known = ops.logical_and(inputs >= 0, inputs < self.input_dim)
        vectors = super().call(ops.cast(ops.where(known, inputs, ops.zeros_like(inputs)), "int32"))
        return ops.where(ops.expand_dims(known, -1), vectors, ops.zeros_like(vectors))


@_registered
class Reversed(keras.layers.Layer):
    """The time steps of (n, T, F) from the last to the first."""

    def call(self, inputs: Any) -> Any:
        return ops.flip(inputs, axis=1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


_KERAS = ("sigmoid", "hard_sigmoid", "tanh", "hard_tanh", "relu", "relu6", "elu", "selu", "gelu", "silu", "mish",
          "softplus", "softsign")  # fmt: skip
ACTIVATIONS: dict[str, Any] = {name: keras.activations.get(name) for name in _KERAS} | {
    "identity": keras.activations.linear, "leaky_relu": leaky_relu, "gelu_tanh": gelu_tanh, "gaussian": gaussian,
    "step": step,
}  # fmt: skip
"""Each activation's function with our constants; Keras's own leaky_relu has another slope."""


@_registered
class Scale(keras.layers.Layer):
    """s x with a learned s for each number along the last axis."""

    def build(self, input_shape: Any) -> None:
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="scale")

    def call(self, inputs: Any) -> Any:
        return inputs * self.scale

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


@_registered
class PeriodicEmbedding(keras.layers.Layer):
    """x, and behind it `units` numbers for each of some columns: b + W cos(2π f x + p), along the last axis.

    Weights in the order and the shapes of `ts.PeriodicEmbedding`: frequency and phase (N, K), weight (N · D, K), bias.
    """

    def __init__(self, columns: Any, units: int, frequencies: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.columns, self.units, self.frequencies = [int(column) for column in columns], units, frequencies

    def build(self, input_shape: Any) -> None:
        count, waves = len(self.columns), self.frequencies
        self.frequency = self.add_weight(shape=(count, waves), name="frequency")
        self.phase = self.add_weight(shape=(count, waves), name="phase")
        self.weight = self.add_weight(shape=(count * self.units, waves), name="weight")
        self.bias = self.add_weight(shape=(count * self.units,), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        chosen = ops.expand_dims(ops.take(inputs, self.columns, axis=-1), -1)
        waves = ops.cos(2 * math.pi * self.frequency * chosen + self.phase)
        weight = ops.reshape(self.weight, (len(self.columns), self.units, self.frequencies))
        sums = ops.sum(ops.expand_dims(waves, -2) * weight, axis=-1)
        flat = ops.reshape(sums, (*ops.shape(inputs)[:-1], len(self.columns) * self.units))
        return ops.concatenate([inputs, flat + self.bias], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[:-1], input_shape[-1] + len(self.columns) * self.units)

    def get_config(self) -> dict[str, Any]:
        own = {"columns": self.columns, "units": self.units, "frequencies": self.frequencies}
        return super().get_config() | own


@_registered
class ParametricActivation(keras.layers.Layer):
    """x + α (f(x) - x) with a learned α for each number along the last axis.

    Args:
        activation: f, a name in `ACTIVATIONS`.
    """

    def __init__(self, activation: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.activation = activation

    def build(self, input_shape: Any) -> None:
        self.alpha = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="alpha")

    def call(self, inputs: Any) -> Any:
        return inputs + self.alpha * (ACTIVATIONS[self.activation](inputs) - inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"activation": self.activation}


@_registered
class BatchEnsemble(keras.layers.Layer):
    """Members that share a weight W (I, O), each scaled by vectors of its own: (n, I) or (n, k, I) to (n, k, O)."""

    def __init__(self, units: int, members: int, **settings: Any) -> None:
        super().__init__(**settings)
        self.units, self.members = units, members

    def build(self, input_shape: Any) -> None:
        inputs = input_shape[-1]
        self.weight = self.add_weight(shape=(inputs, self.units), name="weight")
        self.input_scale = self.add_weight(shape=(self.members, inputs), initializer="ones", name="input_scale")
        self.output_scale = self.add_weight(shape=(self.members, self.units), initializer="ones", name="output_scale")
        self.bias = self.add_weight(shape=(self.members, self.units), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        rows = inputs if len(inputs.shape) == 3 else ops.expand_dims(inputs, 1)
        return ops.matmul(rows * self.input_scale, self.weight) * self.output_scale + self.bias

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (input_shape[0], self.members, self.units)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"units": self.units, "members": self.members}
