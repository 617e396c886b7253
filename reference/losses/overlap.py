"""Dice's and Tversky's losses: the overlap of a target and a prediction, both between 0 and 1."""

from __future__ import annotations

import numpy as np

from .classification import sigmoid

NAMES = ("dice", "tversky")


def _parts(scores, target, prediction, alpha, beta, epsilon):
    """I, D of each sample, p and its slope."""
    p = sigmoid(scores) if prediction == "scores" else scores
    inner = p * (1 - p) if prediction == "scores" else np.ones_like(p)
    found = np.sum(target * p, axis=1, keepdims=True)
    alarms, misses = (np.sum(part, axis=1, keepdims=True) for part in ((1 - target) * p, target * (1 - p)))
    return found, found + alpha * alarms + beta * misses + epsilon, inner


def tversky(scores, target, alpha=0.5, beta=0.5, prediction="scores", epsilon=1e-7):
    """l = 1 - I / (I + α A + β M + ε)."""
    found, all_, _ = _parts(scores, target, prediction, alpha, beta, epsilon)
    return (1 - found / all_)[:, 0]


def d_tversky(scores, target, alpha=0.5, beta=0.5, prediction="scores", epsilon=1e-7):
    """∂l/∂p = -y / D + I (y + α (1 - y) - β y) / D²."""
    found, all_, inner = _parts(scores, target, prediction, alpha, beta, epsilon)
    return inner * (found * (target + alpha * (1 - target) - beta * target) / all_**2 - target / all_)


def dice(scores, target, prediction="scores", epsilon=1e-7):
    """l = 1 - 2 Σ y p / (Σ y + Σ p + ε)."""
    p = sigmoid(scores) if prediction == "scores" else scores
    return 1 - 2 * np.sum(target * p, axis=1) / (np.sum(target + p, axis=1) + epsilon)


def d_dice(scores, target, prediction="scores", epsilon=1e-7):
    """∂l/∂p = 2 (Σ y p / S - y) / S."""
    p = sigmoid(scores) if prediction == "scores" else scores
    size = np.sum(target + p, axis=1, keepdims=True) + epsilon
    slope = 2 * (np.sum(target * p, axis=1, keepdims=True) / size - target) / size
    return slope * p * (1 - p) if prediction == "scores" else slope
