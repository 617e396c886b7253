"""Losses of classes and of distributions over them."""

from __future__ import annotations

import numpy as np

from ..activations import sigmoid, softplus

NAMES = (
    "binary_cross_entropy",
    "cross_entropy",
    "categorical_cross_entropy",
    "binary_focal_cross_entropy",
    "focal_cross_entropy",
    "categorical_focal_cross_entropy",
    "generalized_cross_entropy",
    "nll",
    "kl_divergence",
)
LEAST = 1e-7  # the smallest probability whose logarithm is taken; below it the tangent goes on


def log_softmax(scores):
    """log p_c = s_c - max s - log Σ_k e^(s_k - max s)."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def softmax(scores):
    """p_c = e^(s_c) / Σ_k e^(s_k)."""
    return np.exp(log_softmax(scores))


def log_probability(p):
    """log p, its tangent below 10⁻⁷, 0 above 1."""
    inside = np.clip(p, LEAST, 1)
    return np.where(p > 1, 0, np.log(inside) + np.where(p < LEAST, (p - LEAST) / LEAST, 0))


def d_log_probability(p):
    """1/p, 10⁷ below 10⁻⁷, 0 above 1."""
    return np.where(p > 1, 0, 1 / np.maximum(p, LEAST))


def binary_cross_entropy(scores, target, prediction="scores", label_smoothing=0.0, class_weights=(1, 1)):
    """l = (1/O) Σ_o -[w₁ y log σ(s) + w₀ (1 - y) log(1 - σ(s))], y smoothed to (1 - ε) y + ε/2."""
    y, (w0, w1) = (1 - label_smoothing) * target + label_smoothing / 2, class_weights
    if prediction == "scores":
        return np.mean(w1 * y * softplus(-scores) + w0 * (1 - y) * softplus(scores), axis=1)
    return np.mean(-w1 * y * log_probability(scores) - w0 * (1 - y) * log_probability(1 - scores), axis=1)


def d_binary_cross_entropy(scores, target, prediction="scores", label_smoothing=0.0, class_weights=(1, 1)):
    """∂l/∂s_o = (1/O) (w₀ (1 - y) σ(s) - w₁ y σ(-s)): a right answer keeps its small slope."""
    y, (w0, w1) = (1 - label_smoothing) * target + label_smoothing / 2, class_weights
    if prediction == "scores":
        return (w0 * (1 - y) * sigmoid(scores) - w1 * y * sigmoid(-scores)) / scores.shape[1]
    return (w0 * (1 - y) * d_log_probability(1 - scores) - w1 * y * d_log_probability(scores)) / scores.shape[1]


def _weighted(target, smoothing, weights):
    """w_c ((1 - ε) y_c + ε / C)."""
    return (1 if weights is None else np.asarray(weights)) * ((1 - smoothing) * target + smoothing / target.shape[1])


def categorical_cross_entropy(scores, target, prediction="scores", label_smoothing=0.0, class_weights=None):
    """l = -Σ_c w_c y_c log p_c with p = softmax(s), or p = s."""
    logs = log_softmax(scores) if prediction == "scores" else log_probability(scores)
    return -np.sum(_weighted(target, label_smoothing, class_weights) * logs, axis=1)


def d_categorical_cross_entropy(scores, target, prediction="scores", label_smoothing=0.0, class_weights=None):
    """∂l/∂s_c = p_c Σ_k w_k y_k - w_c y_c, or -w_c y_c / p_c."""
    q = _weighted(target, label_smoothing, class_weights)
    if prediction == "scores":
        return softmax(scores) * q.sum(axis=1, keepdims=True) - q
    return -q * d_log_probability(scores)


def cross_entropy(scores, target, **settings):
    """l = -log p_y: the categorical one of a one-hot target."""
    return categorical_cross_entropy(scores, np.eye(scores.shape[1])[target], **settings)


def d_cross_entropy(scores, target, **settings):
    """∂l/∂s_c = p_c - [c = y]."""
    return d_categorical_cross_entropy(scores, np.eye(scores.shape[1])[target], **settings)


def _missed(scores, target, prediction, label_smoothing):
    """1 - p_t = y (1 - p) + (1 - y) p, and its slope with respect to s."""
    y = (1 - label_smoothing) * target + label_smoothing / 2
    if prediction == "scores":
        p, rest = sigmoid(scores), sigmoid(-scores)
        return y * rest + (1 - y) * p, (1 - 2 * y) * p * rest
    p = np.clip(scores, 0, 1)
    return y * (1 - p) + (1 - y) * p, np.where((scores < 0) | (scores > 1), 0, 1 - 2 * y)


def binary_focal_cross_entropy(
    scores, target, gamma=2.0, prediction="scores", label_smoothing=0.0, class_weights=(1, 1)
):
    """l = (1/O) Σ_o (1 - p_t)^γ · the binary cross-entropy of output o."""
    each = [
        binary_cross_entropy(scores[:, [o]], target[:, [o]], prediction, label_smoothing, class_weights)
        for o in range(scores.shape[1])
    ]
    missed, _ = _missed(scores, target, prediction, label_smoothing)
    return np.mean(missed**gamma * np.stack(each, axis=1), axis=1)


def d_binary_focal_cross_entropy(
    scores, target, gamma=2.0, prediction="scores", label_smoothing=0.0, class_weights=(1, 1)
):
    """∂l/∂s_o = (1/O) ((1 - p_t)^γ h' + γ (1 - p_t)^(γ-1) (1 - p_t)' h), with h the cross-entropy."""
    settings = (prediction, label_smoothing, class_weights)
    columns = [(scores[:, [o]], target[:, [o]]) for o in range(scores.shape[1])]
    h = np.stack([binary_cross_entropy(*column, *settings) for column in columns], axis=1)
    d_h = np.concatenate([d_binary_cross_entropy(*column, *settings) for column in columns], axis=1)
    missed, turn = _missed(scores, target, prediction, label_smoothing)
    grows = gamma * np.divide(turn, missed, out=np.zeros_like(missed), where=missed > 0)
    return missed**gamma * (d_h + grows * h) / scores.shape[1]


def categorical_focal_cross_entropy(
    scores, target, gamma=2.0, prediction="scores", label_smoothing=0.0, class_weights=None, alpha=1.0
):
    """l = -α Σ_c w_c y_c (1 - p_c)^γ log p_c."""
    logs = log_softmax(scores) if prediction == "scores" else log_probability(scores)
    rest = -np.expm1(logs) if prediction == "scores" else np.maximum(1 - scores, 0)
    return -alpha * np.sum(_weighted(target, label_smoothing, class_weights) * rest**gamma * logs, axis=1)


def d_categorical_focal_cross_entropy(
    scores, target, gamma=2.0, prediction="scores", label_smoothing=0.0, class_weights=None, alpha=1.0
):
    """With k_c = α w_c y_c (1 - p_c)^γ (1 - γ p_c log p_c / (1 - p_c)): ∂l/∂s_c = p_c Σ_j k_j - k_c."""
    q = alpha * _weighted(target, label_smoothing, class_weights)
    logs = log_softmax(scores) if prediction == "scores" else log_probability(scores)
    rest = -np.expm1(logs) if prediction == "scores" else np.maximum(1 - scores, 0)
    per_rest = np.divide(logs, rest, out=-np.ones_like(rest), where=rest > 0)
    if prediction != "scores":
        return -q * rest**gamma * (d_log_probability(scores) - gamma * per_rest)
    k = q * rest**gamma * (1 - gamma * np.exp(logs) * per_rest)
    return softmax(scores) * k.sum(axis=1, keepdims=True) - k


def focal_cross_entropy(scores, target, **settings):
    """The categorical one of a one-hot target."""
    return categorical_focal_cross_entropy(scores, np.eye(scores.shape[1])[target], **settings)


def d_focal_cross_entropy(scores, target, **settings):
    """Its gradient."""
    return d_categorical_focal_cross_entropy(scores, np.eye(scores.shape[1])[target], **settings)


def _of_class(scores, target, prediction):
    """log p of the right class, and ∂ log p / ∂ s."""
    rows = np.arange(len(scores))
    if prediction == "scores":
        return log_softmax(scores)[rows, target], np.eye(scores.shape[1])[target] - softmax(scores)
    slope = np.eye(scores.shape[1])[target] * d_log_probability(scores)
    return log_probability(scores)[rows, target], slope


def generalized_cross_entropy(scores, target, q=0.5, prediction="scores"):
    """l = (1 - p_y^q) / q."""
    return (1 - np.exp(q * _of_class(scores, target, prediction)[0])) / q


def d_generalized_cross_entropy(scores, target, q=0.5, prediction="scores"):
    """∂l/∂s = -p_y^q ∂ log p_y / ∂s."""
    log, slope = _of_class(scores, target, prediction)
    return -np.exp(q * log)[:, None] * slope


def nll(scores, target, class_weights=None):
    """l = -w_y s_y, s being logarithms of probabilities."""
    return np.sum(d_nll(scores, target, class_weights) * scores, axis=1)


def d_nll(scores, target, class_weights=None):
    """∂l/∂s_c = -w_y [c = y]."""
    return -_weighted(np.eye(scores.shape[1])[target], 0, class_weights)


def kl_divergence(scores, target, prediction="scores"):
    """l = Σ_c y_c (log y_c - log p_c), 0 log 0 = 0."""
    entropy = -np.sum(target * np.log(np.where(target > 0, target, 1)), axis=1)
    if prediction == "log_probabilities":
        return -np.sum(target * scores, axis=1) - entropy
    return categorical_cross_entropy(scores, target, prediction) - entropy


def d_kl_divergence(scores, target, prediction="scores"):
    """∂l/∂s as of the categorical cross-entropy; -y for logarithms."""
    return -target if prediction == "log_probabilities" else d_categorical_cross_entropy(scores, target, prediction)
