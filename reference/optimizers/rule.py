"""What the rules share: the count of steps, the decay, and a state for every array."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


def decays(name):
    """Weight decay and the L1 and L2 terms act on weights; biases, scales and running statistics are left alone."""
    return name.endswith("weight") or name == "theta"


@dataclass(kw_only=True)
class Rule:
    """`moved(theta, g, rate, s)` gives the new θ; `s` is the array's own state, an empty dictionary at first."""

    decoupled: bool = False
    t: int = 0
    states: dict = field(default_factory=dict)

    def step(self, parameters, gradients, learning_rate=None):
        rate = self.learning_rate if learning_rate is None else learning_rate
        self.t += 1
        new = {}
        for name, theta in parameters.items():
            g, decay = gradients[name], getattr(self, "weight_decay", 0.0) if decays(name) else 0.0
            if self.decoupled:
                theta = theta - rate * decay * theta
            else:
                g = g + decay * theta
            new[name] = self.moved(theta, g, rate, self.states.setdefault(name, {}))
        return new


def mean(s, key, beta, new):
    """s[key] ← β s[key] + (1 - β) new, from 0."""
    s[key] = beta * s.get(key, 0.0) + (1 - beta) * new
    return s[key]


def divided(a, b):
    """a / b, 0 where both are 0."""
    return np.divide(a, b, out=np.zeros_like(np.broadcast_arrays(a, b)[0]), where=b != 0)
