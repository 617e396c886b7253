"""Losses that ask for a margin between right and wrong. Two cases are the targets 1 and -1."""

from __future__ import annotations

import numpy as np

from ..activations import sigmoid, softplus

NAMES = (
    "hinge", "squared_hinge", "soft_margin", "categorical_hinge", "multi_margin", "multi_label_margin",
    "multi_label_soft_margin",
)  # fmt: skip


def hinge(scores, target):
    """l = (1/O) Σ_o max(0, 1 - y_o s_o)."""
    return np.mean(np.maximum(0, 1 - target * scores), axis=1)


def d_hinge(scores, target):
    """∂l/∂s_o = -(1/O) y_o where the margin is not kept."""
    return np.where(target * scores < 1, -target, 0) / scores.shape[1]


def squared_hinge(scores, target):
    """l = (1/O) Σ_o max(0, 1 - y_o s_o)²."""
    return np.mean(np.maximum(0, 1 - target * scores) ** 2, axis=1)


def d_squared_hinge(scores, target):
    """∂l/∂s_o = -(2/O) y_o max(0, 1 - y_o s_o)."""
    return -2 * target * np.maximum(0, 1 - target * scores) / scores.shape[1]


def soft_margin(scores, target):
    """l = (1/O) Σ_o log(1 + e^(-y_o s_o))."""
    return np.mean(softplus(-target * scores), axis=1)


def d_soft_margin(scores, target):
    """∂l/∂s_o = -(1/O) y_o σ(-y_o s_o)."""
    return -target * sigmoid(-target * scores) / scores.shape[1]


def categorical_hinge(scores, target):
    """l = max(0, 1 + max_c (1 - y_c) s_c - Σ_c y_c s_c)."""
    return np.maximum(0, 1 + ((1 - target) * scores).max(axis=1) - (target * scores).sum(axis=1))


def d_categorical_hinge(scores, target):
    """∂l/∂s = (1 - y_k) [c = k] - y where the loss is above 0, k the place of the maximum."""
    rivals = (1 - target) * scores
    worst = np.eye(scores.shape[1])[rivals.argmax(axis=1)]
    return ((1 - target) * worst - target) * (categorical_hinge(scores, target) > 0)[:, None]


def multi_margin(scores, target, power=1, margin=1.0, class_weights=None):
    """l = (1/C) Σ_{c ≠ y} w_y max(0, m - s_y + s_c)^p."""
    rows, classes = np.arange(len(scores)), scores.shape[1]
    short = np.maximum(0, margin - scores[rows, target][:, None] + scores)
    short[rows, target] = 0
    weight = 1 if class_weights is None else np.asarray(class_weights)[target]
    return weight * (short**power).sum(axis=1) / classes


def d_multi_margin(scores, target, power=1, margin=1.0, class_weights=None):
    """∂l/∂s_c = (1/C) w_y p short_c^(p-1) for the others, minus their sum for y."""
    rows, classes = np.arange(len(scores)), scores.shape[1]
    short = np.maximum(0, margin - scores[rows, target][:, None] + scores)
    slope = np.where(short > 0, power * short ** (power - 1), 0.0)
    slope[rows, target] = 0
    slope[rows, target] = -slope.sum(axis=1)
    weight = np.ones(len(scores)) if class_weights is None else np.asarray(class_weights)[target]
    return weight[:, None] * slope / classes


def _label_gaps(scores, target):
    """(B, C, C): max(0, 1 - s_r + s_w) for right classes r and wrong classes w, 0 elsewhere."""
    asked = (target[:, :, None] == 1) & (target[:, None, :] == 0)
    return np.where(asked, np.maximum(0, 1 - scores[:, :, None] + scores[:, None, :]), 0)


def multi_label_margin(scores, target):
    """l = (1/C) Σ_r Σ_w max(0, 1 - s_r + s_w)."""
    return _label_gaps(scores, target).sum(axis=(1, 2)) / scores.shape[1]


def d_multi_label_margin(scores, target):
    """∂l/∂s_c = (1/C) (how often c is a wrong class too near - how often a right one)."""
    short = _label_gaps(scores, target) > 0
    return (short.sum(axis=1) - short.sum(axis=2).astype(float)) / scores.shape[1]


def multi_label_soft_margin(scores, target, class_weights=None):
    """l = (1/C) Σ_c w_c [y_c softplus(-s_c) + (1 - y_c) softplus(s_c)]."""
    weights = 1 if class_weights is None else np.asarray(class_weights)
    return np.mean(weights * (target * softplus(-scores) + (1 - target) * softplus(scores)), axis=1)


def d_multi_label_soft_margin(scores, target, class_weights=None):
    """∂l/∂s_c = (1/C) w_c [(1 - y_c) σ(s_c) - y_c σ(-s_c)]."""
    weights = 1 if class_weights is None else np.asarray(class_weights)
    return weights * ((1 - target) * sigmoid(scores) - target * sigmoid(-scores)) / scores.shape[1]
