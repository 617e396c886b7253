"""Keras layers and activations for what Keras has none of its own for. Only files that need Keras import this one.

A model that holds one of them is loaded (`keras.saving.load_model`) after `import thetastar.bridges.keras_layers`.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

__all__ = ["ACTIVATIONS", "CategoryVectors", "Reversed"]

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
