"""Activations φ and their slopes φ', element by element, in double precision.

At a kink the slope is the one of PyTorch: relu'(0) = 0, leaky_relu'(0) = 0.01, elu'(0) = 1, selu'(0) = λα,
hard_sigmoid'(±3) = 0, hard_tanh'(±1) = 0, relu6'(0) = relu6'(6) = 0, step' = 0 everywhere.
"""

from __future__ import annotations

import math

import numpy as np

LEAK = 0.01
SELU_LAMBDA = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772
GELU_TANH_SCALE = math.sqrt(2 / math.pi)
GELU_TANH_CUBE = 0.044715

_erfc = np.vectorize(math.erfc, otypes=[float])


def identity(z):
    """φ(z) = z."""
    return z + 0.0


def d_identity(z):
    """φ'(z) = 1."""
    return np.ones_like(z)


def sigmoid(z):
    """φ(z) = 1 / (1 + e^-z), written with e^-|z| so that nothing overflows."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def d_sigmoid(z):
    """φ'(z) = φ(z) φ(-z); the second factor is 1 - φ(z) without the cancellation."""
    return sigmoid(z) * sigmoid(-z)


def hard_sigmoid(z):
    """φ(z) = min(max(z/6 + 1/2, 0), 1)."""
    return np.clip(z / 6 + 0.5, 0, 1)


def d_hard_sigmoid(z):
    """φ'(z) = 1/6 strictly inside -3 < z < 3, else 0."""
    return np.where(np.abs(z) < 3, 1 / 6, 0.0)


def hard_tanh(z):
    """φ(z) = min(max(z, -1), 1)."""
    return np.clip(z, -1, 1)


def d_hard_tanh(z):
    """φ'(z) = 1 strictly inside -1 < z < 1, else 0."""
    return np.where(np.abs(z) < 1, 1.0, 0.0)


def relu6(z):
    """φ(z) = min(max(z, 0), 6)."""
    return np.clip(z, 0, 6)


def d_relu6(z):
    """φ'(z) = 1 strictly inside 0 < z < 6, else 0."""
    return np.where((z > 0) & (z < 6), 1.0, 0.0)


def tanh(z):
    """φ(z) = tanh z."""
    return np.tanh(z)


def d_tanh(z):
    """φ'(z) = 1 / cosh² z = 4 e^-2|z| / (1 + e^-2|z|)², which does not cancel where tanh is near ±1."""
    e = np.exp(-2 * np.abs(z))
    return 4 * e / (1 + e) ** 2


def relu(z):
    """φ(z) = max(z, 0)."""
    return np.maximum(z, 0)


def d_relu(z):
    """φ'(z) = 1 if z > 0 else 0."""
    return np.where(z > 0, 1.0, 0.0)


def leaky_relu(z):
    """φ(z) = z if z > 0 else 0.01 z."""
    return np.where(z > 0, z, LEAK * z)


def d_leaky_relu(z):
    """φ'(z) = 1 if z > 0 else 0.01."""
    return np.where(z > 0, 1.0, LEAK)


def elu(z):
    """φ(z) = z if z > 0 else e^z - 1."""
    return np.where(z > 0, z, np.expm1(np.minimum(z, 0)))


def d_elu(z):
    """φ'(z) = 1 if z > 0 else e^z."""
    return np.where(z > 0, 1.0, np.exp(np.minimum(z, 0)))


def selu(z):
    """φ(z) = λ z if z > 0 else λ α (e^z - 1). Klambauer et al. 2017."""
    return SELU_LAMBDA * np.where(z > 0, z, SELU_ALPHA * np.expm1(np.minimum(z, 0)))


def d_selu(z):
    """φ'(z) = λ if z > 0 else λ α e^z."""
    return SELU_LAMBDA * np.where(z > 0, 1.0, SELU_ALPHA * np.exp(np.minimum(z, 0)))


def normal_cdf(z):
    """Φ(z) = erfc(-z / √2) / 2."""
    return 0.5 * _erfc(-z / math.sqrt(2))


def gelu(z):
    """φ(z) = z Φ(z). Hendrycks and Gimpel 2016."""
    return z * normal_cdf(z)


def d_gelu(z):
    """φ'(z) = Φ(z) + z e^(-z²/2) / √(2π)."""
    return normal_cdf(z) + z * np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def _gelu_inner(z):
    return GELU_TANH_SCALE * (z + GELU_TANH_CUBE * z**3)


def gelu_tanh(z):
    """φ(z) = z/2 (1 + tanh u) with u = √(2/π) (z + 0.044715 z³); (1 + tanh u)/2 is sigmoid(2u)."""
    return z * sigmoid(2 * _gelu_inner(z))


def d_gelu_tanh(z):
    """φ'(z) = sigmoid(2u) + z/2 (1 - tanh² u) √(2/π) (1 + 3 · 0.044715 z²)."""
    u = _gelu_inner(z)
    return sigmoid(2 * u) + 0.5 * z * d_tanh(u) * GELU_TANH_SCALE * (1 + 3 * GELU_TANH_CUBE * z * z)


def silu(z):
    """φ(z) = z σ(z)."""
    return z * sigmoid(z)


def d_silu(z):
    """φ'(z) = σ(z) + z σ'(z)."""
    return sigmoid(z) + z * d_sigmoid(z)


def softplus(z):
    """φ(z) = log(1 + e^z) = max(z, 0) + log(1 + e^-|z|)."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


def d_softplus(z):
    """φ'(z) = σ(z)."""
    return sigmoid(z)


def mish(z):
    """φ(z) = z tanh(log(1 + e^z)). Misra 2019."""
    return z * np.tanh(softplus(z))


def d_mish(z):
    """φ'(z) = tanh s + z (1 - tanh² s) σ(z) with s = softplus(z)."""
    s = softplus(z)
    return np.tanh(s) + z * d_tanh(s) * sigmoid(z)


def softsign(z):
    """φ(z) = z / (1 + |z|)."""
    return z / (1 + np.abs(z))


def d_softsign(z):
    """φ'(z) = 1 / (1 + |z|)²."""
    return 1 / (1 + np.abs(z)) ** 2


def gaussian(z):
    """φ(z) = e^(-z²)."""
    return np.exp(-z * z)


def d_gaussian(z):
    """φ'(z) = -2 z e^(-z²)."""
    return -2 * z * np.exp(-z * z)


def step(z):
    """φ(z) = 1 if z >= 0 else 0."""
    return np.where(z >= 0, 1.0, 0.0)


def d_step(z):
    """φ'(z) = 0: nothing flows back through a step."""
    return np.zeros_like(z)


NAMES = (
    "identity sigmoid hard_sigmoid tanh hard_tanh relu relu6 leaky_relu elu selu gelu gelu_tanh "
    "silu mish softplus softsign gaussian step"
).split()
VALUE = {name: globals()[name] for name in NAMES}
SLOPE = {name: globals()["d_" + name] for name in NAMES}
