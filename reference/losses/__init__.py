"""Losses on raw outputs: value per sample and its gradient, side by side, by families.

`scores` is (B, O), or (B · m, O) for pairs and triplets, whose m members are one after another. A loss is a name or
{"kind": name, setting: value, …}. The loss of a batch is Σ w_i l_i / B, with w = 1 where no weights are given.
"""

from __future__ import annotations

import numpy as np

from . import classification, ctc, margins, overlap, pairs, regression
from .classification import log_softmax, softmax

FAMILIES = (regression, classification, overlap, margins, pairs, ctc)
NAMES = tuple(name for family in FAMILIES for name in family.NAMES)
PER_SAMPLE = {name: getattr(family, name) for family in FAMILIES for name in family.NAMES}
PER_SAMPLE_GRADIENT = {name: getattr(family, "d_" + name) for family in FAMILIES for name in family.NAMES}
CLASS_INDICES = ("cross_entropy", "focal_cross_entropy", "generalized_cross_entropy", "nll", "multi_margin")

__all__ = [
    "NAMES",
    "PER_SAMPLE",
    "PER_SAMPLE_GRADIENT",
    "as_target",
    "d_mean_loss",
    "log_softmax",
    "mean_loss",
    "members",
    "parts",
    "softmax",
]


def parts(loss):
    """(name, settings) of a loss."""
    settings = {"kind": loss} if isinstance(loss, str) else dict(loss)
    return settings.pop("kind"), settings


def members(loss):
    """How many rows of scores make a sample."""
    name, settings = parts(loss)
    if name == "hinge_embedding":
        return 1 if settings.get("distance") is None else 2
    return pairs.MEMBERS.get(name, 1)


def as_target(loss, target):
    """Bring a target to the shape the formulae want: (B, O) numbers, or (B,) indices of classes."""
    if target is None:
        return None
    target, name = np.asarray(target), parts(loss)[0]
    if name in CLASS_INDICES:
        return target.astype(np.int64)
    target = target.astype(np.float64)
    return target[:, None] if target.ndim == 1 else target


def per_sample(loss, scores, target):
    """l_i, (B,)."""
    name, settings = parts(loss)
    return PER_SAMPLE[name](scores, as_target(loss, target), **settings)


def d_per_sample(loss, scores, target):
    """∂l_i/∂s, of the scores' shape."""
    name, settings = parts(loss)
    return PER_SAMPLE_GRADIENT[name](scores, as_target(loss, target), **settings)


def mean_loss(loss, scores, target, weights=None):
    """L = (1/B) Σ_i w_i l_i."""
    values = per_sample(loss, scores, target)
    return float(np.mean(values if weights is None else weights * values))


def d_mean_loss(loss, scores, target, weights=None):
    """∂L/∂s_i = (w_i / B) ∂l_i/∂s_i."""
    m = members(loss)
    gradient = d_per_sample(loss, scores, target) * m / len(scores)
    return gradient if weights is None else gradient * np.repeat(weights, m)[:, None]
