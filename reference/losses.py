"""Losses on raw outputs (scores): value per sample and its gradient, side by side.

`scores` is (B, O); `target` is (B, O), or (B,) class indices for cross_entropy. A per-sample value is the mean over the
outputs; the loss of a batch is Σ w_i l_i / B, with w = 1 where no weights are given.
"""

from __future__ import annotations

import numpy as np

from .activations import sigmoid, softplus


def mean_squared_error(scores, target):
    """l = (1/O) Σ_o (s_o - y_o)²."""
    return np.mean((scores - target) ** 2, axis=1)


def d_mean_squared_error(scores, target):
    """∂l/∂s_o = (2/O) (s_o - y_o)."""
    return 2 * (scores - target) / scores.shape[1]


def mean_absolute_error(scores, target):
    """l = (1/O) Σ_o |s_o - y_o|."""
    return np.mean(np.abs(scores - target), axis=1)


def d_mean_absolute_error(scores, target):
    """∂l/∂s_o = (1/O) sign(s_o - y_o), 0 where they are equal."""
    return np.sign(scores - target) / scores.shape[1]


def binary_cross_entropy(scores, target):
    """l = (1/O) Σ_o -[y log σ(s) + (1 - y) log(1 - σ(s))] = (1/O) Σ_o [y softplus(-s) + (1 - y) softplus(s)]."""
    return np.mean(target * softplus(-scores) + (1 - target) * softplus(scores), axis=1)


def d_binary_cross_entropy(scores, target):
    """∂l/∂s_o = (1/O) (σ(s_o) - y_o), written (1 - y) σ(s) - y σ(-s) so that a right answer keeps its small slope."""
    return ((1 - target) * sigmoid(scores) - target * sigmoid(-scores)) / scores.shape[1]


def log_softmax(scores):
    """log p_c = s_c - max s - log Σ_k e^(s_k - max s)."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def softmax(scores):
    """p_c = e^(s_c) / Σ_k e^(s_k)."""
    return np.exp(log_softmax(scores))


def cross_entropy(scores, target):
    """l = -log p_y with p = softmax(s)."""
    return -log_softmax(scores)[np.arange(len(scores)), target]


def d_cross_entropy(scores, target):
    """∂l/∂s_c = p_c - [c = y]."""
    gradient = softmax(scores)
    gradient[np.arange(len(scores)), target] -= 1
    return gradient


NAMES = ("mean_squared_error", "mean_absolute_error", "binary_cross_entropy", "cross_entropy")
PER_SAMPLE = {name: globals()[name] for name in NAMES}
PER_SAMPLE_GRADIENT = {name: globals()["d_" + name] for name in NAMES}


def as_target(name, target):
    """Bring a target to the shape the formulae want: (B, O) numbers, or (B,) indices for cross_entropy."""
    target = np.asarray(target)
    if name == "cross_entropy":
        return target.astype(np.int64)
    target = target.astype(np.float64)
    return target[:, None] if target.ndim == 1 else target


def mean_loss(name, scores, target, weights=None):
    """L = (1/B) Σ_i w_i l_i."""
    values = PER_SAMPLE[name](scores, as_target(name, target))
    return float(np.mean(values if weights is None else weights * values))


def d_mean_loss(name, scores, target, weights=None):
    """∂L/∂s_i = (w_i / B) ∂l_i/∂s_i."""
    gradient = PER_SAMPLE_GRADIENT[name](scores, as_target(name, target)) / len(scores)
    return gradient if weights is None else gradient * np.asarray(weights)[:, None]
