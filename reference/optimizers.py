"""Optimisers on one flat array or a dictionary of them: `step(parameters, gradients, learning_rate)` returns new ones.

Time t is counted once per step for the whole network. Weight decay acts where `decays(name)`
says so: on every array except the biases.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


def decays(name):
    """Weight decay and the L1 and L2 terms act on weights; biases, scales and running statistics are left alone."""
    return name.endswith("weight") or name == "theta"


@dataclass
class SGD:
    """g ← g + λ θ;  v ← μ v + g;  θ ← θ - η v, or with Nesterov θ ← θ - η (g + μ v). v starts as 0."""

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    v: dict = field(default_factory=dict)

    def step(self, parameters, gradients, learning_rate=None):
        rate = self.learning_rate if learning_rate is None else learning_rate
        new = {}
        for name, theta in parameters.items():
            g = gradients[name] + (self.weight_decay * theta if decays(name) else 0)
            self.v[name] = self.momentum * self.v.get(name, 0) + g
            new[name] = theta - rate * (g + self.momentum * self.v[name] if self.nesterov else self.v[name])
        return new


@dataclass
class Adam:
    """m ← β₁ m + (1-β₁) g;  s ← β₂ s + (1-β₂) g²;  θ ← θ - η m̂ / (√ŝ + ε),  m̂ = m/(1-β₁ᵗ), ŝ = s/(1-β₂ᵗ).

    Kingma and Ba 2015. Weight decay is coupled: g ← g + λ θ before anything else.
    """

    learning_rate: float = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    t: int = 0
    m: dict = field(default_factory=dict)
    s: dict = field(default_factory=dict)

    def decay(self, theta, g, rate):
        return theta, g + self.weight_decay * theta

    def step(self, parameters, gradients, learning_rate=None):
        rate = self.learning_rate if learning_rate is None else learning_rate
        self.t += 1
        new = {}
        for name, theta in parameters.items():
            g = gradients[name]
            if decays(name):
                theta, g = self.decay(theta, g, rate)
            self.m[name] = self.beta_1 * self.m.get(name, 0) + (1 - self.beta_1) * g
            self.s[name] = self.beta_2 * self.s.get(name, 0) + (1 - self.beta_2) * g * g
            m_hat = self.m[name] / (1 - self.beta_1**self.t)
            s_hat = self.s[name] / (1 - self.beta_2**self.t)
            new[name] = theta - rate * m_hat / (np.sqrt(s_hat) + self.epsilon)
        return new


@dataclass
class AdamW(Adam):
    """Adam with decoupled decay: θ ← θ - η λ θ, and g stays as it is. Loshchilov and Hutter 2019."""

    weight_decay: float = 0.01

    def decay(self, theta, g, rate):
        return theta - rate * self.weight_decay * theta, g


OPTIMIZERS = {"SGD": SGD, "Adam": Adam, "AdamW": AdamW}


def minimize(optimizer, f, theta0, steps):
    """Path (steps + 1, n) and values (steps + 1,) of f(θ) -> (value, gradient) under the optimiser."""
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
