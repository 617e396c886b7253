"""Initialisers of W (I, O): how they are drawn, and which mean, standard deviation and bound the numbers must show."""

from __future__ import annotations

import math

import numpy as np


def fan(scale, shape):
    """The number that the variance is divided by: I for "in", (I + O) / 2 for "average"."""
    return shape[0] if scale == "in" else (shape[0] + shape[1]) / 2


# variance = gain / fan. Glorot and Bengio 2010; He et al. 2015; LeCun et al. 1998.
SCALED = {"glorot": (1.0, "average"), "he": (2.0, "in"), "lecun": (1.0, "in")}


def standard_deviation(name, shape, **settings):
    """√(gain / fan) for the scaled families, std for normal, limit/√3 for uniform, 0 for the constants."""
    if name == "unit_variance":  # until it has seen data
        name = "lecun_normal"
    if name == "random_signs":
        return 1.0
    family, _, kind = name.partition("_")
    if kind:
        gain, scale = SCALED[family]
        return math.sqrt(gain / fan(scale, shape))
    if name == "normal":
        return settings.get("std", 0.05)
    if name == "uniform":
        return settings.get("limit", 0.05) / math.sqrt(3)
    if name == "orthogonal":
        return settings.get("gain", 1.0) / math.sqrt(max(shape))
    return 0.0


def mean(name, **settings):
    """0, but 1 for ones and the value of constant."""
    return {"ones": 1.0, "constant": settings.get("value", 0.0)}.get(name, 0.0)


def bound(name, shape, **settings):
    """The largest |w| that can occur: √3 σ for a uniform law, none for a normal one."""
    if name == "random_signs":
        return 1.0
    if name == "uniform" or name.endswith("_uniform"):
        return math.sqrt(3) * standard_deviation(name, shape, **settings)
    return math.inf


def orthogonal(shape, gain, generator):
    """Q of the QR decomposition of a normal matrix, with the signs of R's diagonal: WᵀW = gain² 1 (or WWᵀ if I < O).

    Saxe, McClelland, Ganguli 2014; the signs after Mezzadri 2007.
    """
    rows, columns = shape
    q, r = np.linalg.qr(generator.standard_normal((max(shape), min(shape))))
    q = q * np.sign(np.diag(r))
    return gain * (q if rows >= columns else q.T)


def draw(name, shape, generator, **settings):
    """W (I, O) from a NumPy generator."""
    if name == "orthogonal":
        return orthogonal(shape, settings.get("gain", 1.0), generator)
    if name == "random_signs":
        return generator.choice([-1.0, 1.0], shape)
    limit = bound(name, shape, **settings)
    if math.isfinite(limit):
        return generator.uniform(-limit, limit, shape)
    return mean(name, **settings) + standard_deviation(name, shape, **settings) * generator.standard_normal(shape)
