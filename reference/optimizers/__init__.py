"""Optimisers on one flat array or a dictionary of them: `step(parameters, gradients, learning_rate)` returns new ones.

Time t is counted once per step for the whole network. Weight decay acts where `decays(name)`
says so: on every array except the biases.
"""

from __future__ import annotations

import numpy as np

from .adam import Adam, Adamax, AdamW, NAdam, RAdam, SparseAdam
from .adaptive import Adadelta, Adagrad, Ftrl, RMSprop
from .curved import LBFGS, Sophia
from .descent import ASGD, SGD, Lion, Rprop
from .muon import Muon
from .rule import decays
from .whole_arrays import Adafactor, Lamb, ScheduleFreeAdamW

RULES = (
    SGD,
    Adam,
    AdamW,
    Adamax,
    NAdam,
    RAdam,
    SparseAdam,
    Adagrad,
    Adadelta,
    RMSprop,
    Ftrl,
    ASGD,
    Rprop,
    Lion,
    LBFGS,
    Sophia,
    Muon,
    Adafactor,
    Lamb,
    ScheduleFreeAdamW,
)
OPTIMIZERS = {rule.__name__: rule for rule in RULES}


def minimize(optimizer, f, theta0, steps):
    """Path (steps + 1, n) and values (steps + 1,) of f(θ) -> (value, gradient) under the optimiser."""
    if isinstance(optimizer, LBFGS | Sophia):
        return optimizer.minimize(f, theta0, steps)
    theta = np.array(theta0, dtype=np.float64)
    path, values = [theta], [f(theta)[0]]
    for _ in range(steps):
        theta = optimizer.step({"theta": theta}, {"theta": np.asarray(f(theta)[1], dtype=np.float64)})["theta"]
        path.append(theta)
        values.append(f(theta)[0])
    return np.array(path), np.array(values)


def penalty(parameters, l1=0.0, l2=0.0):
    """The terms in the cost: l1 Σ|θ| + l2 Σθ², over weights only."""
    weights = [theta for name, theta in parameters.items() if decays(name)]
    return sum(l1 * np.abs(theta).sum() + l2 * (theta**2).sum() for theta in weights)


def d_penalty(parameters, l1=0.0, l2=0.0):
    """l1 sign(θ) + 2 l2 θ on weights, 0 on biases."""
    return {
        name: l1 * np.sign(theta) + 2 * l2 * theta if decays(name) else np.zeros_like(theta)
        for name, theta in parameters.items()
    }


def clip_by_value(gradients, limit):
    """Every element into [-limit, limit]."""
    return {name: np.clip(g, -limit, limit) for name, g in gradients.items()}


def global_norm(gradients):
    """‖g‖ = √ Σ g², over all arrays together."""
    return float(np.sqrt(sum((g**2).sum() for g in gradients.values())))


def clip_by_norm(gradients, limit):
    """g ← g · min(1, limit / ‖g‖): the direction stays."""
    norm = global_norm(gradients)
    return gradients if norm <= limit else {name: g * (limit / norm) for name, g in gradients.items()}


def limit_norms(parameters, limit):
    """After an update: each column of each weight matrix, w ← w · min(1, limit / ‖w‖)."""
    limited = dict(parameters)
    for name, values in parameters.items():
        if name.endswith("weight") and "embedding" not in name:
            lengths = np.sqrt((values**2).sum(axis=0))
            limited[name] = values * np.where(lengths > limit, limit / np.maximum(lengths, 1e-300), 1.0)
    return limited
