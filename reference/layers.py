"""Layers over any shape, and networks of layers: each forward beside its backward.

A layer is a frozen description with four methods:
    output_shape(shape)                       the shape of one sample's output for that of its input
    parameter_shapes(shape)                   {"weight": (I, O), …}
    forward(parameters, x, training, masks)   output, and what backward needs
    backward(parameters, saved, dy)           dx, and the gradients under the parameters' names
Samples come as (B, F), (B, T, F) or (B, H, W, C). A network is a list of layers; its parameters are a dictionary
{"dense_1.weight": (I, O), "dense_1.bias": (O,), …} with the layers numbered per kind from 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .activations import SLOPE, VALUE
from .losses import d_mean_loss, mean_loss


@dataclass(frozen=True)
class Dense:
    """y = φ(x W + b) over the last axis, W (I, O), b (O,)."""

    units: int
    activation: str = "identity"
    use_bias: bool = True

    def output_shape(self, shape):
        return (*shape[:-1], self.units)

    def parameter_shapes(self, shape):
        return {"weight": (shape[-1], self.units)} | ({"bias": (self.units,)} if self.use_bias else {})

    def forward(self, parameters, x, training=False, masks=None):
        z = dense(x, parameters["weight"], parameters.get("bias"))
        return activation(z, self.activation), (x, z)

    def backward(self, parameters, saved, dy):
        x, z = saved
        dx, dW, db = d_dense(d_activation(dy, z, self.activation), x, parameters["weight"])
        return dx, {"weight": dW} | ({"bias": db} if self.use_bias else {})


class WithoutParameters:
    """A layer that learns nothing."""

    def output_shape(self, shape):
        return shape

    def parameter_shapes(self, shape):
        return {}


@dataclass(frozen=True)
class Activation(WithoutParameters):
    """y = φ(x)."""

    activation: str

    def forward(self, parameters, x, training=False, masks=None):
        return activation(x, self.activation), (x, x)

    def backward(self, parameters, saved, dy):
        return d_activation(dy, saved[1], self.activation), {}


@dataclass(frozen=True)
class Dropout(WithoutParameters):
    """Training: y = x m / (1 - rate) with m ∈ {0, 1} and P(m = 1) = 1 - rate. Prediction: y = x."""

    rate: float

    def forward(self, parameters, x, training=False, masks=None):
        mask = None if masks is None else masks[""]
        return (x if mask is None else dropout(x, mask, self.rate)), (x, mask)

    def backward(self, parameters, saved, dy):
        mask = saved[1]
        return (dy if mask is None else d_dropout(dy, mask, self.rate)), {}


@dataclass(frozen=True)
class Flatten(WithoutParameters):
    """(H, W, C) or (T, F) to one vector, in the order in which it lies."""

    def output_shape(self, shape):
        return (math.prod(shape),)

    def forward(self, parameters, x, training=False, masks=None):
        return x.reshape(len(x), -1), (x, None)

    def backward(self, parameters, saved, dy):
        return dy.reshape(saved[0].shape), {}


@dataclass(frozen=True)
class Softmax(WithoutParameters):
    """y_c = e^(x_c) / Σ e^(x_k) over the last axis."""

    def forward(self, parameters, x, training=False, masks=None):
        e = np.exp(x - x.max(axis=-1, keepdims=True))
        y = e / e.sum(axis=-1, keepdims=True)
        return y, (x, y)

    def backward(self, parameters, saved, dy):
        y = saved[1]
        return y * (dy - (dy * y).sum(axis=-1, keepdims=True)), {}


@dataclass(frozen=True)
class PReLU:
    """y = max(0, x) + α min(0, x) with an α for each channel, or one for all."""

    shared: bool = False

    def output_shape(self, shape):
        return shape

    def parameter_shapes(self, shape):
        return {"alpha": (1 if self.shared else shape[-1],)}

    def forward(self, parameters, x, training=False, masks=None):
        return np.maximum(x, 0) + parameters["alpha"] * np.minimum(x, 0), (x, parameters["alpha"])

    def backward(self, parameters, saved, dy):
        x, alpha = saved
        part = (dy * np.minimum(x, 0)).reshape(-1, x.shape[-1]).sum(axis=0)
        return dy * np.where(x > 0, 1, alpha), {"alpha": part.sum(keepdims=True) if self.shared else part}


def dense(x, W, b):
    """z = x W + b: x (…, I), W (I, O), b (O,) or None."""
    z = x @ W
    return z if b is None else z + b


def d_dense(dz, x, W):
    """dx = dz Wᵀ, dW = xᵀ dz, db = Σ_i dz_i, over all rows."""
    x, rows = x.reshape(-1, x.shape[-1]), dz.reshape(-1, dz.shape[-1])
    return dz @ W.T, x.T @ rows, rows.sum(axis=0)


def activation(z, name):
    """y = φ(z)."""
    return VALUE[name](z)


def d_activation(dy, z, name):
    """dz = dy φ'(z)."""
    return dy * SLOPE[name](z)


def dropout(x, mask, rate):
    """y = x m / (1 - rate)."""
    return x * mask / (1 - rate)


def d_dropout(dy, mask, rate):
    """dx = dy m / (1 - rate)."""
    return dy * mask / (1 - rate)


# Networks


KIND = {
    "SimpleRNN": "simple_rnn",
    "Conv2D": "conv2d",
    "MaxPool2D": "max_pool2d",
    "AveragePool2D": "average_pool2d",
    "GlobalAveragePool2D": "global_average_pool2d",
    "BatchNorm": "batch_norm",
    "LayerNorm": "layer_norm",
    "PeriodicEmbedding": "periodic_embedding",
    "ParametricActivation": "parametric_activation",
    "BatchEnsemble": "batch_ensemble",
}  # all others: the class's name in small letters


def layer_names(layers):
    """["dense_1", "dropout_1", "dense_2", …]: the kind and its number among its kind."""
    counts, names = {}, []
    for layer in layers:
        kind = KIND.get(type(layer).__name__, type(layer).__name__.lower())
        counts[kind] = counts.get(kind, 0) + 1
        names.append(f"{kind}_{counts[kind]}")
    return names


def own(values, name):
    """What of {"dense_1.weight": …} belongs to the layer `name`, under the names that it has there."""
    mine = [key for key in values if f"{key}.".startswith(f"{name}.")]
    return {key.removeprefix(name).removeprefix("."): values[key] for key in mine}


def under(name, values):
    """The reverse of `own`."""
    return {f"{name}.{key}": value for key, value in values.items()}


def shapes(layers, shape):
    """The shape of a sample at the input and after each layer."""
    found = [tuple(shape)]
    for layer in layers:
        found.append(layer.output_shape(found[-1]))
    return found


def parameter_shapes(layers, shape):
    """{"dense_1.weight": (I, O), …} for one sample's shape."""
    found = {}
    for name, layer, inputs in zip(layer_names(layers), layers, shapes(layers, shape), strict=False):
        found |= under(name, layer.parameter_shapes(inputs))
    return found


def forward(layers, parameters, x, masks=None, training=False):
    """Outputs and what backward needs. `masks` {"dropout_1": (B, …)} switches dropout on."""
    saved = []
    for name, layer in zip(layer_names(layers), layers, strict=True):
        x, kept = layer.forward(own(parameters, name), x, training, None if masks is None else own(masks, name))
        saved.append(kept)
    return x, saved


def backward(layers, parameters, saved, dy):
    """Gradients {"dense_1.weight": (I, O), …} and dx, by the chain rule from the last layer to the first."""
    gradients = {}
    for name, layer, kept in reversed(list(zip(layer_names(layers), layers, saved, strict=True))):
        dy, found = layer.backward(own(parameters, name), kept, dy)
        gradients |= under(name, found)
    return gradients, dy


def running_statistics(layers, saved):
    """What batch normalisation remembers after a forward pass in training: {"batch_norm_1.running_mean": (C,), …}."""
    found = {}
    for name, layer, kept in zip(layer_names(layers), layers, saved, strict=True):
        if hasattr(layer, "running"):
            found |= under(name, layer.running(kept))
    return found


def gradients_between(layers, parameters, x, target, loss, weights=None):
    """∂L/∂x, ∂L/∂(output of each layer), … of one batch, from the input to the last layer."""
    scores, saved = forward(layers, parameters, x)
    dy = d_mean_loss(loss, rows(scores), target, weights).reshape(scores.shape)
    seen = [dy]
    for name, layer, kept in reversed(list(zip(layer_names(layers), layers, saved, strict=True))):
        dy, _ = layer.backward(own(parameters, name), kept, dy)
        seen.append(dy)
    return seen[::-1]


def rows(scores):
    """What a loss sees: one row a sample."""
    return scores.reshape(len(scores), -1)


def loss_and_gradients(layers, parameters, x, target, loss, weights=None, masks=None, training=False):
    """L and ∂L/∂θ for one batch."""
    value, gradients, _ = step_of_training(layers, parameters, x, target, loss, weights, masks, training)
    return value, gradients


def step_of_training(layers, parameters, x, target, loss, weights=None, masks=None, training=True):
    """L, ∂L/∂θ and the new running statistics of one batch."""
    scores, saved = forward(layers, parameters, x, masks, training)
    dy = d_mean_loss(loss, rows(scores), target, weights).reshape(scores.shape)
    gradients, _ = backward(layers, parameters, saved, dy)
    running = running_statistics(layers, saved) if training else {}
    return mean_loss(loss, rows(scores), target, weights), gradients, running


def central_differences(layers, parameters, x, target, loss, weights=None, masks=None, step=1e-6, training=False):
    """∂L/∂θ_j ≈ (L(θ + h e_j) - L(θ - h e_j)) / 2h with h = step · max(1, |θ_j|): knows nothing of any backward."""
    gradients = {}
    for name, values in parameters.items():
        gradient = np.zeros_like(values)
        for j in np.ndindex(values.shape):
            h = step * max(1.0, abs(values[j]))
            sides = []
            for side in (h, -h):
                moved = values.copy()
                moved[j] += side
                scores, _ = forward(layers, {**parameters, name: moved}, x, masks, training)
                sides.append(mean_loss(loss, rows(scores), target, weights))
            gradient[j] = (sides[0] - sides[1]) / (2 * h)
        gradients[name] = gradient
    return gradients
