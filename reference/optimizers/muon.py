"""Muon: matrices along the orthogonal factor of their momentum, everything else by Adam."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .adam import Adam


def orthogonalized(matrix, iterations=5):
    """X ← a X + (b A + c A²) X with A = X Xᵀ, from X = V / ‖V‖: its singular values go to about 1."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrix / max(np.linalg.norm(matrix), 1e-7)
    for _ in range(iterations):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x


@dataclass
class Muon(Adam):
    """v ← μ v + g;  W ← W - η s O(g + μ v), s = √max(1, O / I), 0.2 √max(I, O) or 1."""

    momentum: float = 0.95
    nesterov: bool = True
    weight_decay: float = 0.1
    iterations: int = 5
    scale: str = "spectral"
    vector_rate: float = 1.0

    def __post_init__(self):
        self.decoupled = True

    def moved(self, theta, g, rate, s):
        if theta.ndim < 2 or min(theta.shape) < 2:
            return super().moved(theta, g, rate * self.vector_rate, s)
        s["v"] = self.momentum * s.get("v", 0.0) + g
        direction = orthogonalized(g + self.momentum * s["v"] if self.nesterov else s["v"], self.iterations)
        rows, columns = theta.shape
        scales = {"spectral": max(1, columns / rows) ** 0.5, "rms": 0.2 * max(rows, columns) ** 0.5, "none": 1.0}
        return theta - rate * scales[self.scale] * direction
