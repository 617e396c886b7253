"""Losses of numbers: the mean over the outputs of something of scores s and targets y, both (B, O)."""

from __future__ import annotations

import numpy as np

LEAST = 1e-7

NAMES = (
    "mean_squared_error",
    "half_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "huber",
    "smooth_l1",
    "log_cosh",
    "quantile",
    "quantiles",
    "poisson",
    "poisson_nll",
    "gaussian_nll",
    "cosine_similarity",
)


def mean_squared_error(scores, target):
    """l = (1/O) Σ_o (s_o - y_o)²."""
    return np.mean((scores - target) ** 2, axis=1)


def d_mean_squared_error(scores, target):
    """∂l/∂s_o = (2/O) (s_o - y_o)."""
    return 2 * (scores - target) / scores.shape[1]


def half_squared_error(scores, target):
    """l = ½ Σ_o (s_o - y_o)²."""
    return 0.5 * np.sum((scores - target) ** 2, axis=1)


def d_half_squared_error(scores, target):
    """∂l/∂s_o = s_o - y_o."""
    return scores - target


def mean_absolute_error(scores, target):
    """l = (1/O) Σ_o |s_o - y_o|."""
    return np.mean(np.abs(scores - target), axis=1)


def d_mean_absolute_error(scores, target):
    """∂l/∂s_o = (1/O) sign(s_o - y_o), 0 where they are equal."""
    return np.sign(scores - target) / scores.shape[1]


def mean_absolute_percentage_error(scores, target, epsilon=LEAST):
    """l = (100/O) Σ_o |s_o - y_o| / max(|y_o|, ε)."""
    return 100 * np.mean(np.abs(scores - target) / np.maximum(np.abs(target), epsilon), axis=1)


def d_mean_absolute_percentage_error(scores, target, epsilon=LEAST):
    """∂l/∂s_o = (100/O) sign(s_o - y_o) / max(|y_o|, ε)."""
    return 100 * np.sign(scores - target) / np.maximum(np.abs(target), epsilon) / scores.shape[1]


def mean_squared_logarithmic_error(scores, target, epsilon=LEAST):
    """l = (1/O) Σ_o (log(1 + max(s_o, ε)) - log(1 + max(y_o, ε)))²."""
    return np.mean((np.log1p(np.maximum(scores, epsilon)) - np.log1p(np.maximum(target, epsilon))) ** 2, axis=1)


def d_mean_squared_logarithmic_error(scores, target, epsilon=LEAST):
    """∂l/∂s_o = (2/O) (log …) / (1 + s_o), 0 below ε."""
    inside = np.maximum(scores, epsilon)
    error = np.log1p(inside) - np.log1p(np.maximum(target, epsilon))
    return np.where(scores < epsilon, 0, 2 * error / (1 + inside)) / scores.shape[1]


def huber(scores, target, delta=1.0):
    """l = (1/O) Σ_o ½ e² where |e| <= δ, δ (|e| - δ/2) elsewhere, e = s_o - y_o."""
    e = scores - target
    return np.mean(np.where(np.abs(e) <= delta, 0.5 * e**2, delta * (np.abs(e) - 0.5 * delta)), axis=1)


def d_huber(scores, target, delta=1.0):
    """∂l/∂s_o = (1/O) e, cut to [-δ, δ]."""
    return np.clip(scores - target, -delta, delta) / scores.shape[1]


def smooth_l1(scores, target, beta=1.0):
    """l = Huber's with δ = β, divided by β."""
    return huber(scores, target, beta) / beta if beta else mean_absolute_error(scores, target)


def d_smooth_l1(scores, target, beta=1.0):
    """∂l/∂s_o likewise."""
    return d_huber(scores, target, beta) / beta if beta else d_mean_absolute_error(scores, target)


def log_cosh(scores, target):
    """l = (1/O) Σ_o log((e^x + e^-x) / 2) with x = s_o - y_o."""
    e = scores - target
    return np.mean(np.logaddexp(e, -e) - np.log(2), axis=1)


def d_log_cosh(scores, target):
    """∂l/∂s_o = (1/O) tanh(s_o - y_o)."""
    return np.tanh(scores - target) / scores.shape[1]


def quantile(scores, target, quantile=0.5):
    """l = (1/O) Σ_o max(q (y_o - s_o), (q - 1)(y_o - s_o))."""
    below = target - scores
    return np.mean(np.maximum(quantile * below, (quantile - 1) * below), axis=1)


def d_quantile(scores, target, quantile=0.5):
    """∂l/∂s_o = (1/O) (-q below the target, 1 - q above it, 0 at it)."""
    below = target - scores
    return np.where(below > 0, -quantile, np.where(below < 0, 1 - quantile, 0)) / scores.shape[1]


def quantiles(scores, target, levels=(0.1, 0.5, 0.9)):
    """l = (1/O) Σ_o max(q_o (y - s_o), (q_o - 1)(y - s_o)) with one y for all outputs."""
    return quantile(scores, target.reshape(-1, 1), np.asarray(levels))


def d_quantiles(scores, target, levels=(0.1, 0.5, 0.9)):
    """∂l/∂s_o = (1/O) (-q_o below the target, 1 - q_o above it, 0 at it)."""
    return d_quantile(scores, target.reshape(-1, 1), np.asarray(levels))


def _rate(scores, target, epsilon):
    """r - y log(r + ε) and its slope; for r < 0 the tangent at 0 where that slopes down, a level line elsewhere."""
    inside = np.maximum(scores, 0)
    value, slope = inside - target * np.log(inside + epsilon), 1 - target / (inside + epsilon)
    outside = np.minimum(slope, 0)
    return np.where(scores < 0, value + outside * scores, value), np.where(scores < 0, outside, slope)


def poisson(scores, target, epsilon=LEAST):
    """l = (1/O) Σ_o (s_o - y_o log(s_o + ε))."""
    return np.mean(_rate(scores, target, epsilon)[0], axis=1)


def d_poisson(scores, target, epsilon=LEAST):
    """∂l/∂s_o = (1/O) (1 - y_o / (s_o + ε))."""
    return _rate(scores, target, epsilon)[1] / scores.shape[1]


def _exp(z):
    """e^z and its slope; the tangent at 40 beyond 40."""
    e = np.exp(np.minimum(z, 40))
    return np.where(z > 40, e * (z - 39), e), e


def poisson_nll(scores, target, log_input=True, full=False, epsilon=1e-8):
    """l = (1/O) Σ_o (e^s_o - y_o s_o), or as Poisson for rates; + y log y - y + ½ log(2πy) for y > 1 when full."""
    value = _exp(scores)[0] - target * scores if log_input else _rate(scores, target, epsilon)[0]
    if full:
        safe = np.maximum(target, 1)
        value = value + np.where(target > 1, safe * np.log(safe) - safe + 0.5 * np.log(2 * np.pi * safe), 0)
    return np.mean(value, axis=1)


def d_poisson_nll(scores, target, log_input=True, full=False, epsilon=1e-8):
    """∂l/∂s_o = (1/O) (e^s_o - y_o)."""
    return (_exp(scores)[1] - target if log_input else _rate(scores, target, epsilon)[1]) / scores.shape[1]


def _gaussian(scores, target, log_variance, epsilon):
    """Per target: value, slope for the mean, slope for the second half."""
    mean, given = np.split(scores, 2, axis=1)
    e = mean - target
    if log_variance:
        inverse, d_inverse = _exp(-given)
        return 0.5 * (given + e**2 * inverse), e * inverse, 0.5 * (1 - e**2 * d_inverse)
    v = np.maximum(given, epsilon)
    value, slope = 0.5 * (np.log(v) + e**2 / v), 0.5 * (1 / v - e**2 / v**2)
    outside = np.minimum(slope, 0)
    return (
        np.where(given < epsilon, value + outside * (given - epsilon), value),
        e / v,
        np.where(given < epsilon, outside, slope),
    )


def gaussian_nll(scores, target, log_variance=False, full=False, epsilon=1e-6):
    """l = (1/K) Σ_k ½ (log v + (m - y)² / v) (+ ½ log 2π), scores = (m_1 … m_K, v_1 … v_K)."""
    value = _gaussian(scores, target, log_variance, epsilon)[0]
    return np.mean(value + (0.5 * np.log(2 * np.pi) if full else 0), axis=1)


def d_gaussian_nll(scores, target, log_variance=False, full=False, epsilon=1e-6):
    """∂l/∂m = (1/K) (m - y) / v, ∂l/∂v = (1/K) ½ (1/v - (m - y)²/v²)."""
    _, d_mean, d_second = _gaussian(scores, target, log_variance, epsilon)
    return np.concatenate([d_mean, d_second], axis=1) / target.shape[1]


def _unit(x):
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-6)


def cosine_similarity(scores, target):
    """l = -s·y / (|s| |y|), lengths no smaller than 10⁻⁶."""
    return -np.sum(_unit(scores) * _unit(target), axis=1)


def d_cosine_similarity(scores, target):
    """∂l/∂s = -(ŷ - (ŝ·ŷ) ŝ) / |s|, without the second term where |s| < 10⁻⁶."""
    length = np.linalg.norm(scores, axis=1, keepdims=True)
    turn = np.where(length > 1e-6, np.sum(_unit(scores) * _unit(target), axis=1, keepdims=True), 0) * _unit(scores)
    return -(_unit(target) - turn) / np.maximum(length, 1e-6)
