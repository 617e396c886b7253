"""Activations in C: an expression of `z` each, in single precision, and which functions it needs."""

from __future__ import annotations

__all__ = ["ACTIVATIONS"]

ACTIVATIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "sigmoid": ("model_sigmoid(z)", ("sigmoid",)),
    "hard_sigmoid": ("z <= -3 ? 0 : z >= 3 ? 1.0f : z / 6 + 0.5f", ()),
    "tanh": ("tanhf(z)", ()),
    "relu": ("z > 0 ? z : 0", ()),
    "leaky_relu": ("z > 0 ? z : 0.01f * z", ()),
    "elu": ("z > 0 ? z : expm1f(z)", ()),
    "selu": ("1.05070099f * (z > 0 ? z : 1.67326324f * expm1f(z))", ()),
    "gelu": ("z * 0.5f * erfcf(-0.707106781f * z)", ()),
    "gelu_tanh": ("z * model_sigmoid(1.59576912f * (z + 0.044715f * z * z * z))", ("sigmoid",)),
    "silu": ("z * model_sigmoid(z)", ("sigmoid",)),
    "mish": ("z * tanhf(model_softplus(z))", ("softplus",)),
    "softplus": ("model_softplus(z)", ("softplus",)),
    "softsign": ("z / (1 + fabsf(z))", ()),
    "gaussian": ("expf(-z * z)", ()),
    "step": ("z >= 0 ? 1.0f : 0", ()),
}
"""By name; "identity" is left out because nothing is to be done."""
