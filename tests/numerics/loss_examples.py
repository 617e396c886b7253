"""Scores and targets that suit each loss, and the loss as the package and as the reference know it."""

from __future__ import annotations

import numpy as np
from registry import LOSSES

import thetastar as ts

# for 4 frames of 3 classes, blank 0; -1 - t behind the labels: only t of the frames belong to the sample
LABELS = np.array([[1, 2, -1], [1, 1, -5], [2, -3, -1], [2, 1, 2], [-1, -1, -1]])
EVERY = {
    "argvalues": [(entry.name, settings) for entry in LOSSES for settings in entry.legal],
    "ids": [entry.label(settings) for entry in LOSSES for settings in entry.legal],
}


def package(name, settings):
    return ts.losses.get({"kind": name, **settings})


def described(name, settings):
    return {"kind": name, **settings}


def width(name, columns=3):
    """Outputs: of each target mean and variance, 4 frames of 3 classes, or one a column."""
    return {"gaussian_nll": 2 * (columns - columns // 3), "ctc": 12}.get(name, columns)


def target(name, settings, rows, seed=0, columns=3):
    """A target as a person gives it; every number fits single precision."""
    random = np.random.default_rng(77 + seed)
    normal = random.standard_normal((rows, columns)).astype(np.float32).astype(np.float64)
    if name in ("cross_entropy", "focal_cross_entropy", "generalized_cross_entropy", "nll", "multi_margin"):
        return random.integers(0, columns, rows)
    if name in ("binary_cross_entropy", "binary_focal_cross_entropy", "multi_label_soft_margin", "dice", "tversky"):
        y = random.random((rows, columns)).astype(np.float32).astype(np.float64)
        y[::3] = np.round(y[::3])  # zeros and ones among the probabilities
        return y
    if name in ("categorical_cross_entropy", "categorical_focal_cross_entropy", "kl_divergence"):
        y = np.floor(random.dirichlet(np.ones(columns), rows) * 64) / 64
        y[:, -1] = 1 - y[:, :-1].sum(axis=1)
        y[0] = np.eye(columns)[1]
        return y
    if name == "categorical_hinge":
        return np.eye(columns)[random.integers(0, columns, rows)]
    if name == "multi_label_margin":
        return random.integers(0, 2, (rows, columns)).astype(float)
    if name in ("hinge", "squared_hinge", "soft_margin") or (
        name == "hinge_embedding" and settings.get("distance") is None
    ):
        return np.where(normal > 0, 1.0, -1.0)
    if name in ("margin_ranking", "hinge_embedding", "cosine_embedding"):
        return np.where(normal[:, 0] > 0, 1.0, -1.0)
    if name.startswith("triplet") or name == "circle":
        return None
    if name == "quantiles":
        return normal[:, 0]
    if name == "gaussian_nll":
        return normal[:, : columns - columns // 3]
    if name in ("poisson", "poisson_nll", "mean_squared_logarithmic_error"):
        return random.integers(0, 6, (rows, columns)).astype(float)
    if name == "ctc":
        labels = LABELS[np.arange(rows) % len(LABELS)]
        return (
            np.where(labels > 0, labels - 1, labels)
            if settings["blank" if "blank" in settings else "classes"] == 2
            else labels
        )
    return normal


def scores(name, settings, rows, seed=0, columns=3):
    """Raw outputs (B · members, O) inside the loss's domain: rates, variances above 0, probabilities that are some."""
    random = np.random.default_rng(99 + seed)
    z = random.standard_normal((rows * package(name, settings).members, width(name, columns)))
    if settings.get("prediction") in ("probabilities", "log_probabilities") or name == "nll":
        p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        return p if settings.get("prediction") == "probabilities" else np.log(p)
    if name in ("poisson", "mean_squared_logarithmic_error") or settings.get("log_input") is False:
        return np.abs(z) + 0.1
    if name == "gaussian_nll" and not settings.get("log_variance"):
        means, spreads = np.split(z, 2, axis=1)
        return np.concatenate([means, np.abs(spreads) + 0.1], axis=1)
    return z


def members(array, count):
    """What the package takes for (B · members, O): the array, or a tuple of the members' arrays."""
    return array if count == 1 else tuple(array[m::count] for m in range(count))


def joined(gradient):
    """(B · members, O) from what the package gives back."""
    return np.stack(gradient, axis=1).reshape(-1, gradient[0].shape[1]) if isinstance(gradient, tuple) else gradient
