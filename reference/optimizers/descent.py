"""Rules along the gradient or its sign."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .rule import Rule, mean


@dataclass
class SGD(Rule):
    """g ← g + λ θ;  v ← μ v + (1 - d) g, at first g;  θ ← θ - η v, or with Nesterov θ ← θ - η (g + μ v)."""

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    dampening: float = 0.0
    rate_in_velocity: bool = False

    def moved(self, theta, g, rate, s):
        inside, outside = (rate, 1) if self.rate_in_velocity else (1, rate)
        g = inside * g
        s["v"] = g if "v" not in s else self.momentum * s["v"] + (1 - self.dampening) * g
        if self.momentum == 0:
            return theta - outside * g
        return theta - outside * (g + self.momentum * s["v"] if self.nesterov else s["v"])


@dataclass
class ASGD(Rule):
    """θ ← (1 - λ η_t) θ - η_t g, η_t = η / (1 + λ η (t - 1))^α; s["mean"] is θ's mean since t₀."""

    learning_rate: float = 0.01
    lambd: float = 1e-4
    alpha: float = 0.75
    t0: float = 1e6
    weight_decay: float = 0.0

    def moved(self, theta, g, rate, s):
        eta = rate / (1 + self.lambd * rate * (self.t - 1)) ** self.alpha
        theta = (1 - self.lambd * eta) * theta - eta * g
        s["mean"] = s.get("mean", theta) + (theta - s.get("mean", theta)) / max(1, self.t - 1 - self.t0)
        return theta


@dataclass
class Rprop(Rule):
    """Steps grow by `longer` while the sign stays, shrink by `shorter` at a turn, when nothing moves."""

    learning_rate: float = 0.01
    shorter: float = 0.5
    longer: float = 1.2
    least: float = 1e-6
    most: float = 50.0

    def moved(self, theta, g, rate, s):
        agreement = np.sign(s.get("g", np.zeros_like(g)) * g)
        factor = np.select([agreement > 0, agreement < 0], [self.longer, self.shorter], 1.0)
        s["size"] = np.clip(s.get("size", rate) * factor, self.least, self.most)
        s["g"] = np.where(agreement < 0, 0, g)
        return theta - s["size"] * np.sign(s["g"])


@dataclass
class Lion(Rule):
    """θ ← θ - η sign(β₁ m + (1 - β₁) g);  m ← β₂ m + (1 - β₂) g; the decay is decoupled."""

    learning_rate: float = 1e-4
    beta_1: float = 0.9
    beta_2: float = 0.99
    weight_decay: float = 0.0

    def __post_init__(self):
        self.decoupled = True

    def moved(self, theta, g, rate, s):
        direction = np.sign(self.beta_1 * s.get("m", 0.0) + (1 - self.beta_1) * g)
        mean(s, "m", self.beta_2, g)
        return theta - rate * direction
