"""Layers and networks of them: each forward beside its backward.

A network is a list of `Dense`, `Dropout` and `Activation` descriptions; its parameters are a dictionary
{"dense_1.weight": (I, O), "dense_1.bias": (O,), …} with the layers numbered per kind from 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .activations import SLOPE, VALUE
from .losses import d_mean_loss, mean_loss


@dataclass(frozen=True)
class Dense:
    """y = φ(x W + b), W (I, O), b (O,)."""

    units: int
    activation: str = "identity"
    use_bias: bool = True


@dataclass(frozen=True)
class Activation:
    """y = φ(x)."""

    activation: str


@dataclass(frozen=True)
class Dropout:
    """Training: y = x m / (1 - rate) with m ∈ {0, 1} and P(m = 1) = 1 - rate. Prediction: y = x."""

    rate: float


def dense(x, W, b):
    """z = x W + b: x (B, I), W (I, O), b (O,) or None."""
    z = x @ W
    return z if b is None else z + b


def d_dense(dz, x, W):
    """dx = dz Wᵀ, dW = xᵀ dz, db = Σ_i dz_i."""
    return dz @ W.T, x.T @ dz, dz.sum(axis=0)


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


def layer_names(layers):
    """["dense_1", "dropout_1", "dense_2", …]: the kind in small letters and its number among its kind."""
    counts, names = {}, []
    for layer in layers:
        kind = type(layer).__name__.lower()
        counts[kind] = counts.get(kind, 0) + 1
        names.append(f"{kind}_{counts[kind]}")
    return names


def forward(layers, parameters, x, masks=None):
    """Outputs (B, O) and what backward needs. `masks` {"dropout_1": (B, units)} switches dropout on."""
    saved = []
    for name, layer in zip(layer_names(layers), layers, strict=True):
        if isinstance(layer, Dense):
            z = dense(x, parameters[name + ".weight"], parameters.get(name + ".bias"))
            saved.append((x, z))
            x = activation(z, layer.activation)
        elif isinstance(layer, Activation):
            saved.append((x, x))
            x = activation(x, layer.activation)
        else:
            saved.append((x, None))
            if masks is not None:
                x = dropout(x, masks[name], layer.rate)
    return x, saved


def backward(layers, parameters, saved, dy, masks=None):
    """Gradients {"dense_1.weight": (I, O), …} and dx, by the chain rule from the last layer to the first."""
    gradients = {}
    for name, layer, (x, z) in reversed(list(zip(layer_names(layers), layers, saved, strict=True))):
        if isinstance(layer, Dense):
            dz = d_activation(dy, z, layer.activation)
            dy, dW, db = d_dense(dz, x, parameters[name + ".weight"])
            gradients[name + ".weight"] = dW
            if layer.use_bias:
                gradients[name + ".bias"] = db
        elif isinstance(layer, Activation):
            dy = d_activation(dy, z, layer.activation)
        elif masks is not None:
            dy = d_dropout(dy, masks[name], layer.rate)
    return gradients, dy


def loss_and_gradients(layers, parameters, x, target, loss, weights=None, masks=None):
    """L and ∂L/∂θ for one batch."""
    scores, saved = forward(layers, parameters, x, masks)
    gradients, _ = backward(layers, parameters, saved, d_mean_loss(loss, scores, target, weights), masks)
    return mean_loss(loss, scores, target, weights), gradients


def central_differences(layers, parameters, x, target, loss, weights=None, masks=None, step=1e-6):
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
                scores, _ = forward(layers, {**parameters, name: moved}, x, masks)
                sides.append(mean_loss(loss, scores, target, weights))
            gradient[j] = (sides[0] - sides[1]) / (2 * h)
        gradients[name] = gradient
    return gradients
