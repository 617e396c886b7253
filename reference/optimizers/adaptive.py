"""Rules that divide by the gradient's usual size."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .rule import Rule, divided, mean


def size(s, rule):
    """√s + ε, or √(s + ε)."""
    return np.sqrt(s + rule.epsilon) if rule.epsilon_in_root else np.sqrt(s) + rule.epsilon


@dataclass
class Adagrad(Rule):
    """s ← s + g²;  θ ← θ - η / (1 + (t - 1) d) · g / (√s + ε)."""

    learning_rate: float = 0.01
    rate_decay: float = 0.0
    weight_decay: float = 0.0
    accumulator: float = 0.0
    epsilon: float = 1e-10
    epsilon_in_root: bool = False

    def moved(self, theta, g, rate, s):
        s["s"] = s.get("s", self.accumulator) + g**2
        return theta - rate / (1 + (self.t - 1) * self.rate_decay) * divided(g, size(s["s"], self))


@dataclass
class Adadelta(Rule):
    """s, d: running means of g² and step²;  step = √(d + ε) / √(s + ε) · g, with d from before."""

    learning_rate: float = 1.0
    rho: float = 0.9
    epsilon: float = 1e-6
    weight_decay: float = 0.0

    def moved(self, theta, g, rate, s):
        step = np.sqrt(s.get("d", 0.0) + self.epsilon) / np.sqrt(mean(s, "s", self.rho, g**2) + self.epsilon) * g
        mean(s, "d", self.rho, step**2)
        return theta - rate * step


@dataclass
class RMSprop(Rule):
    """step = g / (√s + ε), or centred g / (√(s - m²) + ε);  v ← μ v + step."""

    learning_rate: float = 0.01
    rho: float = 0.99
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    momentum: float = 0.0
    centred: bool = False
    epsilon_in_root: bool = False
    rate_in_velocity: bool = False

    def moved(self, theta, g, rate, s):
        spread = mean(s, "s", self.rho, g**2)
        if self.centred:
            spread = np.maximum(spread - mean(s, "m", self.rho, g) ** 2, 0)
        inside, outside = (rate, 1) if self.rate_in_velocity else (1, rate)
        s["v"] = self.momentum * s.get("v", 0.0) + inside * divided(g, size(spread, self))
        return theta - outside * s["v"]


@dataclass
class Ftrl(Rule):
    """θ = arg min of the linearised past plus penalties; see McMahan et al. 2013, algorithm 1."""

    learning_rate: float = 0.001
    power: float = -0.5
    accumulator: float = 0.1
    l1: float = 0.0
    l2: float = 0.0
    l2_shrinkage: float = 0.0
    beta: float = 0.0

    def moved(self, theta, g, rate, s):
        before = s.setdefault("n", self.accumulator)
        if rate == 0:
            return theta
        s["n"] = before + g**2
        sigma = (s["n"] ** -self.power - before**-self.power) / rate
        s["z"] = s.get("z", 0.0) + g + 2 * self.l2_shrinkage * theta - sigma * theta
        curvature = s["n"] ** -self.power / rate + 2 * self.l2 + self.beta / rate
        return divided(np.clip(s["z"], -self.l1, self.l1) - s["z"], curvature)
