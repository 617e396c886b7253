"""Normalising layers: y = γ x̂ + β with x̂ = (x - μ) / √(σ² + ε)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BatchNorm:
    """Training: μ and σ² (biased) of each channel over the batch and all positions. Prediction: the running ones.

    Each batch moves the running ones: r ← m r + (1 - m) (the batch's).
    """

    momentum: float = 0.99
    epsilon: float = 1e-3

    def output_shape(self, shape):
        return shape

    def parameter_shapes(self, shape):
        return {name: (shape[-1],) for name in ("gamma", "beta", "running_mean", "running_variance")}

    def forward(self, parameters, x, training=False, masks=None):
        mean, variance = parameters["running_mean"], parameters["running_variance"]
        running = {"running_mean": mean, "running_variance": variance}
        if training:
            over = tuple(range(x.ndim - 1))
            mean, variance = x.mean(axis=over), x.var(axis=over)
            now = {"running_mean": mean, "running_variance": variance}
            running = {name: self.momentum * r + (1 - self.momentum) * now[name] for name, r in running.items()}
        root = np.sqrt(variance + self.epsilon)
        normal = (x - mean) / root
        return parameters["gamma"] * normal + parameters["beta"], (normal, (root, training, running))

    def backward(self, parameters, saved, dy):
        normal, (root, training, _) = saved
        over = tuple(range(dy.ndim - 1))
        d_normal = dy * parameters["gamma"]
        if training:
            d_normal = d_normal - d_normal.mean(axis=over) - normal * (d_normal * normal).mean(axis=over)
        none = np.zeros_like(root)
        gradients = {"gamma": (dy * normal).sum(axis=over), "beta": dy.sum(axis=over)}
        return d_normal / root, gradients | {"running_mean": none, "running_variance": none}

    def running(self, saved):
        """The running statistics after the pass that left `saved`."""
        return saved[1][2]


@dataclass(frozen=True)
class LayerNorm:
    """μ and σ² (biased) of each row over its channels."""

    epsilon: float = 1e-3

    def output_shape(self, shape):
        return shape

    def parameter_shapes(self, shape):
        return {"gamma": (shape[-1],), "beta": (shape[-1],)}

    def forward(self, parameters, x, training=False, masks=None):
        root = np.sqrt(x.var(axis=-1, keepdims=True) + self.epsilon)
        normal = (x - x.mean(axis=-1, keepdims=True)) / root
        return parameters["gamma"] * normal + parameters["beta"], (normal, root)

    def backward(self, parameters, saved, dy):
        normal, root = saved
        over = tuple(range(dy.ndim - 1))
        d_normal = dy * parameters["gamma"]
        mean, along = d_normal.mean(axis=-1, keepdims=True), (d_normal * normal).mean(axis=-1, keepdims=True)
        gradients = {"gamma": (dy * normal).sum(axis=over), "beta": dy.sum(axis=over)}
        return (d_normal - mean - normal * along) / root, gradients
