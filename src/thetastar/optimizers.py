"""Optimisers: how parameters move along the gradient. Settings only; the fused steps are in core/optimizers.hpp.

In the formulae g is the gradient, η the learning rate, θ the parameters, and t counts the steps from 1.
Weight decay acts on weights and not on biases when a network trains, and on everything in `minimize`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import ClassVar

import numpy as np

from ._checks import nearest, plain_name, real, whole
from .errors import InputError

__all__ = ["NAMES", "SGD", "Adam", "AdamW", "Optimizer", "get"]


@dataclass(frozen=True)
class Optimizer(ABC):
    """The contract of an optimiser: settings that the core knows, and `minimize` for a function of one's own."""

    name: ClassVar[str]

    @abstractmethod
    def to_native(self) -> dict:
        """Return the settings as the core wants them."""

    def to_dict(self) -> dict:
        """Return the settings as plain data: {"kind": name, …}; `get` reads it back."""
        return {"kind": self.name} | asdict(self)

    def minimize(self, f: Callable, theta0, steps: int) -> tuple[np.ndarray, np.ndarray]:
        """Descend on a function of one's own, in double precision.

        Args:
            f: f(theta) -> (value, gradient), with theta and gradient of shape (n,).
            theta0: (n,) where to start.
            steps: how many steps to take.

        Returns:
            The path, (steps + 1, n), and the values along it, (steps + 1,).

        Raises:
            InputError: theta0 is not a vector, or f's gradient has another shape.

        Example:
            >>> path, values = SGD(learning_rate=0.1).minimize(lambda t: (float(t @ t), 2 * t), [1.0], steps=2)
            >>> path.ravel().round(2).tolist()
            [1.0, 0.8, 0.64]
        """
        from ._native import engine

        theta = np.array(theta0, dtype=np.float64)
        if theta.ndim != 1 or theta.size == 0:
            raise InputError(f"minimize: theta0 must have shape (n,). Got {theta.shape}. Use [{theta0!r}] for one number.")
        steps = whole("minimize", "steps", steps)
        first, second = np.zeros_like(theta), np.zeros_like(theta)
        path, values, settings = [theta.copy()], [], self.to_native()
        for step in range(1, steps + 2):
            value, gradient = f(theta.copy())
            values.append(float(value))
            if step > steps:
                break
            gradient = np.ascontiguousarray(gradient, dtype=np.float64)
            if gradient.shape != theta.shape:
                raise InputError(
                    f"minimize: f must return a gradient of theta's shape {theta.shape}. Got {gradient.shape}. "
                    "Return (value, gradient)."
                )
            engine.optimizer_step(settings, settings["learning_rate"], step, theta, gradient, first, second)
            path.append(theta.copy())
        return np.array(path), np.array(values)


def _check_common(where: str, optimizer) -> None:
    real(where, "learning_rate", optimizer.learning_rate, 0.0, open_low=True)
    real(where, "weight_decay", optimizer.weight_decay, 0.0)


@dataclass(frozen=True)
class SGD(Optimizer):
    """Stochastic gradient descent: θ ← θ - η v with v ← μ v + g (and v = g without momentum).

    Args:
        learning_rate: η, above 0.
        momentum: μ, from 0 to below 1.
        nesterov: step along g + μ v instead, which looks ahead; needs momentum.
        weight_decay: λ; adds λ θ to the gradient.

    Raises:
        InputError: an argument breaks its rule.

    Source: lecture 2; Sutskever et al. 2013 (momentum).
    """

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    name = "sgd"

    def __post_init__(self) -> None:
        _check_common("SGD", self)
        real("SGD", "momentum", self.momentum, 0.0, 1.0, open_high=True)
        if self.nesterov and self.momentum == 0:
            raise InputError("SGD: nesterov needs a momentum above 0. Got momentum=0. Use for example momentum=0.9.")

    def to_native(self) -> dict:
        return self.to_dict()


@dataclass(frozen=True)
class Adam(Optimizer):
    """m ← β₁m + (1-β₁)g, v ← β₂v + (1-β₂)g²; θ ← θ - η m̂ / (√v̂ + ε), with m̂ = m/(1-β₁ᵗ) and v̂ = v/(1-β₂ᵗ).

    Args:
        learning_rate: η, above 0.
        beta_1, beta_2: from 0 to below 1.
        epsilon: ε, from 0.
        weight_decay: λ; adds λ θ to the gradient (coupled). For the decoupled form use AdamW.

    Raises:
        InputError: an argument breaks its rule.

    Source: Kingma and Ba 2015; lecture 4.
    """

    learning_rate: float = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    name = "adam"
    _decoupled: ClassVar[bool] = False

    def __post_init__(self) -> None:
        where = type(self).__name__
        _check_common(where, self)
        real(where, "beta_1", self.beta_1, 0.0, 1.0, open_high=True)
        real(where, "beta_2", self.beta_2, 0.0, 1.0, open_high=True)
        real(where, "epsilon", self.epsilon, 0.0)

    def to_native(self) -> dict:
        return self.to_dict() | {"kind": "adam", "decoupled": self._decoupled}


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay: θ ← (1 - η λ) θ before Adam's step, so the decay is not scaled by √v̂.

    Args:
        weight_decay: λ, from 0. The others as in `Adam`.

    Raises:
        InputError: an argument breaks its rule.

    Source: Loshchilov and Hutter 2019; lecture 4.
    """

    weight_decay: float = 0.01
    name = "adamw"
    _decoupled: ClassVar[bool] = True


_OPTIMIZERS = {optimizer.name: optimizer for optimizer in (SGD, Adam, AdamW)}
NAMES = tuple(_OPTIMIZERS)


def get(optimizer: str | dict | Optimizer) -> Optimizer:
    """Return the optimiser for a name ("Adam", "sgd"), for a dict from `to_dict`, or the optimiser itself.

    Raises:
        InputError: no optimiser has that name; the message names the nearest.

    Example:
        >>> get("sgd").learning_rate
        0.01
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    settings = dict(optimizer) if isinstance(optimizer, dict) else {"kind": optimizer}
    name = settings.pop("kind", None)
    found = _OPTIMIZERS.get(plain_name(name)) if isinstance(name, str) else None
    if found is None:
        raise InputError(f"optimizers.get: there is no optimiser {name!r}. {nearest(str(name), NAMES)}")
    try:
        return found(**settings)
    except TypeError:
        known = ", ".join(field.name for field in fields(found))
        raise InputError(
            f"optimizers.get: {name!r} has the settings {known}. Got {', '.join(settings)}. Remove the others."
        ) from None
