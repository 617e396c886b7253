"""Adam and its family: m, v running means of g and g²; m̂ = m/(1-β₁ᵗ), v̂ = v/(1-β₂ᵗ)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .rule import Rule, divided, mean


@dataclass
class Adam(Rule):
    """θ ← θ - η m̂ / (√v̂ + ε). Kingma and Ba 2015. AMSGrad: the largest v so far in place of v."""

    learning_rate: float = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    amsgrad: bool = False
    early_epsilon: bool = False

    def means(self, g, s):
        """m̂ and v."""
        return mean(s, "m", self.beta_1, g) / (1 - self.beta_1**self.t), mean(s, "v", self.beta_2, g**2)

    def moved(self, theta, g, rate, s):
        m_hat, v = self.means(g, s)
        if self.amsgrad:
            v = s["most"] = np.maximum(s.get("most", 0.0), v)
        correction = np.sqrt(1 - self.beta_2**self.t)
        if self.early_epsilon:
            return theta - rate * divided(m_hat * correction, np.sqrt(v) + self.epsilon)
        return theta - rate * divided(m_hat, np.sqrt(v) / correction + self.epsilon)


@dataclass
class AdamW(Adam):
    """Adam with decoupled decay: θ ← θ - η λ θ, and g stays as it is. Loshchilov and Hutter 2019."""

    weight_decay: float = 0.01

    def __post_init__(self):
        self.decoupled = True


@dataclass
class Adamax(Adam):
    """u ← max(β₂ u, |g| + ε);  θ ← θ - η m̂ / u."""

    learning_rate: float = 2e-3

    def moved(self, theta, g, rate, s):
        m_hat, _ = self.means(g, s)
        s["u"] = np.maximum(self.beta_2 * s.get("u", 0.0), np.abs(g) + self.epsilon)
        return theta - rate * divided(m_hat, s["u"])


@dataclass
class NAdam(Adam):
    """θ ← θ - η ((1 - μ_t) g / (1 - Π μ) + μ_{t+1} m / (1 - μ_{t+1} Π μ)) / (√v̂ + ε), μ_t = β₁ (1 - ½ 0.96^(tψ))."""

    learning_rate: float = 2e-3
    momentum_decay: float = 4e-3

    def moved(self, theta, g, rate, s):
        _, v = self.means(g, s)
        mu = [self.beta_1 * (1 - 0.5 * 0.96 ** (k * self.momentum_decay)) for k in range(1, self.t + 2)]
        now, after = np.prod(mu[:-1]), np.prod(mu)
        ahead = (1 - mu[-2]) / (1 - now) * g + mu[-1] / (1 - after) * s["m"]
        return theta - rate * divided(ahead, np.sqrt(v / (1 - self.beta_2**self.t)) + self.epsilon)


@dataclass
class RAdam(Adam):
    """ρ_t = ρ_∞ - 2 t β₂ᵗ / (1 - β₂ᵗ); above 5 the rate is rectified, below it θ ← θ - η m̂."""

    def moved(self, theta, g, rate, s):
        m_hat, v = self.means(g, s)
        most, power = 2 / (1 - self.beta_2) - 1, self.beta_2**self.t
        length = most - 2 * self.t * power / (1 - power)
        if length <= 5:
            return theta - rate * m_hat
        r = np.sqrt((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length))
        return theta - rate * r * m_hat * np.sqrt(1 - power) / (np.sqrt(v) + self.epsilon)


@dataclass
class SparseAdam(Adam):
    """Rows (of a matrix) or numbers (of a vector) without a gradient stay, states and all. ε before the correction."""

    def moved(self, theta, g, rate, s):
        touched = (g != 0).any(axis=1, keepdims=True) if g.ndim == 2 else g != 0
        for key, beta, new in (("m", self.beta_1, g), ("v", self.beta_2, g**2)):
            old = s.get(key, np.zeros_like(g))
            s[key] = np.where(touched, beta * old + (1 - beta) * new, old)
        size = rate * np.sqrt(1 - self.beta_2**self.t) / (1 - self.beta_1**self.t)
        return np.where(touched, theta - size * divided(s["m"], np.sqrt(s["v"]) + self.epsilon), theta)
