"""Rules whose step of an array depends on the whole of it; and schedule-free AdamW, whose answer is a mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .adam import Adam
from .rule import Rule, decays, divided, mean


@dataclass
class Lamb(Adam):
    """r = m̂ / (√v̂ + ε) + λ θ;  θ ← θ - η (‖θ‖ / ‖r‖) r, the factor 1 where one of the two is 0."""

    epsilon: float = 1e-6

    def step(self, parameters, gradients, learning_rate=None):
        rate = self.learning_rate if learning_rate is None else learning_rate
        self.t += 1
        return {name: self._moved(name, theta, gradients[name], rate) for name, theta in parameters.items()}

    def _moved(self, name, theta, g, rate):
        decay = self.weight_decay if decays(name) else 0.0
        if self.decoupled:
            theta = theta - rate * decay * theta
        m_hat, v = self.means(g, self.states.setdefault(name, {}))
        r = divided(m_hat, np.sqrt(v / (1 - self.beta_2**self.t)) + self.epsilon)
        r = r if self.decoupled else r + decay * theta
        lengths = np.linalg.norm(theta), np.linalg.norm(r)
        return theta - rate * (lengths[0] / lengths[1] if all(lengths) else 1.0) * r


@dataclass
class Adafactor(Rule):
    """u = g / √v;  θ ← θ - max(ε₂, rms(θ)) min(η, 1 / √t) u / max(1, rms(u) / d); of a matrix v = r cᵀ / mean(r)."""

    learning_rate: float = 0.01
    beta_2_decay: float = -0.8
    epsilon_1: float = 1e-30
    epsilon_2: float = 1e-3
    clip_threshold: float = 1.0
    weight_decay: float = 0.0

    def __post_init__(self):
        self.decoupled = True

    def step(self, parameters, gradients, learning_rate=None):
        self.sizes = {name: np.sqrt(np.mean(theta**2)) for name, theta in parameters.items()}  # before the decay
        for name in parameters:
            self.states.setdefault(name, {})["rms"] = self.sizes[name]
        return super().step(parameters, gradients, learning_rate)

    def moved(self, theta, g, rate, s):
        beta, square = 1 - self.t**self.beta_2_decay, g**2 + self.epsilon_1
        if theta.ndim == 2 and min(theta.shape) > 1:
            r, c = mean(s, "r", beta, square.mean(axis=1)), mean(s, "c", beta, square.mean(axis=0))
            v = np.outer(r, c) / r.mean()
        else:
            v = mean(s, "v", beta, square)
        u = g / np.sqrt(v)
        reach = max(self.epsilon_2, s["rms"]) * min(rate, self.t**-0.5)
        return theta - reach * u / max(1.0, np.sqrt(np.mean(u**2)) / self.clip_threshold)


@dataclass
class ScheduleFreeAdamW(Rule):
    """z ← z - η (g / (√v̂ + ε) + λ y);  x ← x + (w / Σ w) (z - x);  y = (1 - β₁) z + β₁ x is what moves."""

    learning_rate: float = 2.5e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    weight_power: float = 2.0
    highest: float = 0.0
    weights: float = 0.0

    def step(self, parameters, gradients, learning_rate=None):
        rate = self.learning_rate if learning_rate is None else learning_rate
        self.t += 1
        self.highest = max(self.highest, rate)
        self.weights += self.highest**self.weight_power
        return {name: self._moved(name, theta, gradients[name], rate) for name, theta in parameters.items()}

    def _moved(self, name, y, g, rate):
        s = self.states.setdefault(name, {"z": y, "mean": y})
        v = mean(s, "v", self.beta_2, g**2) / (1 - self.beta_2**self.t)
        decay = self.weight_decay if decays(name) else 0.0
        s["z"] = s["z"] - rate * (divided(g, np.sqrt(v) + self.epsilon) + decay * y)
        s["mean"] = s["mean"] + self.highest**self.weight_power / self.weights * (s["z"] - s["mean"])
        return (1 - self.beta_1) * s["z"] + self.beta_1 * s["mean"]

    def answer(self, parameters):
        """What is handed out and judged: the mean x, of arrays that were moved."""
        return {name: self.states[name]["mean"] if name in self.states else y for name, y in parameters.items()}
