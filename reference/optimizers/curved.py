"""L-BFGS and Sophia on a function f(θ) -> (value, gradient) of one vector: a step asks for more than one gradient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..rng import draw
from .rule import Rule, mean


@dataclass
class Sophia(Rule):
    """θ ← (1 - η λ) θ - η clip(m / max(γ h, ε), ±1);  h ← β₂ h + (1 - β₂) u ⊙ H u at the first step and every k-th."""

    learning_rate: float = 1e-3
    beta_1: float = 0.965
    beta_2: float = 0.99
    gamma: float = 0.01
    epsilon: float = 1e-12
    weight_decay: float = 0.1
    every: int = 10
    curvature: str = "hutchinson"

    def minimize(self, f, theta0, steps, seed=0):
        theta, s = np.array(theta0, dtype=np.float64), {}
        path, values = [theta], [f(theta)[0]]
        for step in range(steps):
            if step % self.every == 0:
                u = signs(seed, step, theta.size)
                far = np.cbrt(np.finfo(float).eps) * max(1, np.abs(theta).max())
                turned = (np.asarray(f(theta + far * u)[1]) - f(theta - far * u)[1]) / (2 * far)
                mean(s, "h", self.beta_2, u * turned)
            m = mean(s, "m", self.beta_1, np.asarray(f(theta)[1]))
            kept = theta * (1 - self.learning_rate * self.weight_decay)
            theta = kept - self.learning_rate * np.clip(m / np.maximum(self.gamma * s["h"], self.epsilon), -1, 1)
            path.append(theta)
            values.append(f(theta)[0])
        return np.array(path), np.array(values)


def signs(seed, step, n):
    """The random signs of a step: the first word of each draw, odd for 1."""
    return np.array([1.0 if draw(seed, 9, step, k)[0] & 1 else -1.0 for k in range(n)])


@dataclass
class LBFGS:
    """d = -H g, with H a whole matrix that the last steps have corrected one after another; then a line search."""

    learning_rate: float = 1.0
    history: int = 10
    line_search: str = "strong_wolfe"
    tolerance_gradient: float = 1e-7
    tolerance_change: float = 1e-9

    def matrix(self, pairs, n):
        """H ← (I - s yᵀ/yᵀs) H (I - y sᵀ/yᵀs) + s sᵀ/yᵀs for every pair, from yᵀs/yᵀy of the last one."""
        if not pairs:
            return np.eye(n)
        s, y = pairs[-1]
        H = np.eye(n) * (s @ y) / (y @ y)
        for s, y in pairs:
            V = np.eye(n) - np.outer(y, s) / (s @ y)
            H = V.T @ H @ V + np.outer(s, s) / (s @ y)
        return H

    def minimize(self, f, theta0, steps):
        theta, pairs = np.array(theta0, dtype=np.float64), []
        path, values, before, first = [theta], [f(theta)[0]], None, True
        for _ in range(steps):
            value, g = f(theta)
            g = np.asarray(g, dtype=np.float64)
            if before is not None and (theta - before[0]) @ (g - before[1]) > 1e-10:
                pairs = [*pairs, (theta - before[0], g - before[1])][-self.history :]
            d = -self.matrix(pairs, theta.size) @ g
            if np.abs(g).max() > self.tolerance_gradient and g @ d <= -self.tolerance_change:
                t = self.learning_rate * (min(1.0, 1 / np.abs(g).sum()) if first else 1.0)
                before, first = (theta, g), False
                theta = (
                    theta + self.length(lambda t, x=theta, d=d: along(f, x, d, t), value, g @ d, t, np.abs(d).max()) * d
                )
            path.append(theta)
            values.append(f(theta)[0])
        return np.array(path), np.array(values)

    def length(self, phi, value, slope, t, size):
        if self.line_search == "none":
            return t
        if self.line_search == "backtracking":
            for _ in range(25):
                if phi(t)[1] <= value + 1e-4 * t * slope:
                    return t
                t /= 2
            return 0.0
        return wolfe(phi, (0.0, value, slope), t, size, self.tolerance_change)


def along(f, theta, d, t):
    """(t, value, slope along d) at θ + t d."""
    value, g = f(theta + t * d)
    return t, value, np.asarray(g) @ d


def cubic(a, b, low, high):
    """The minimum of the cubic with the values and slopes of two trials (t, value, slope), within [low, high]."""
    (x1, f1, g1), (x2, f2, g2) = sorted([a, b])
    d1 = g1 + g2 - 3 * (f1 - f2) / (x1 - x2)
    if d1**2 < g1 * g2:
        return (low + high) / 2
    d2 = np.sqrt(d1**2 - g1 * g2)
    return min(max(x2 - (x2 - x1) * (g2 + d2 - d1) / (g2 - g1 + 2 * d2), low), high)


def wolfe(phi, here, t, size, tolerance, most=25):
    """A t with value <= value₀ + 10⁻⁴ t slope₀ and |slope| <= 0.9 |slope₀|."""
    before, now, count = here, phi(t), 0
    while not (now[1] > here[1] + 1e-4 * now[0] * here[2] or (count > 1 and now[1] >= before[1])):
        if abs(now[2]) <= -0.9 * here[2]:
            return now[0]
        if now[2] >= 0 or count == most:
            break
        before, now = now, phi(cubic(before, now, now[0] + 0.01 * (now[0] - before[0]), 10 * now[0]))
        count += 1
    best, other = sorted([before, now], key=lambda trial: trial[1])
    crept = False
    while count < most and abs(best[0] - other[0]) * size >= tolerance:
        low, high = sorted([best[0], other[0]])
        t, margin = cubic(best, other, low, high), 0.1 * (high - low)
        close = min(high - t, t - low) < margin
        if close and (crept or t >= high or t <= low):
            t, close = (high - margin if high - t < t - low else low + margin), False
        crept, trial, count = close, phi(t), count + 1
        if trial[1] > here[1] + 1e-4 * t * here[2] or trial[1] >= best[1]:
            best, other = sorted([best, trial], key=lambda trial: trial[1])
        elif abs(trial[2]) <= -0.9 * here[2]:
            return t
        else:
            best, other = trial, best if trial[2] * (other[0] - best[0]) >= 0 else other
    return best[0]
