"""Optimisers that divide by the gradient's usual size: Adagrad, Adadelta, RMSprop, FTRL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import real
from .contract import WORDS, Optimizer


@dataclass(frozen=True, repr=False)
class Adagrad(Optimizer):
    """s ← s + g²; θ ← θ - η_t g / (√s + ε), with η_t = η / (1 + (t - 1) d).

    Args:
        learning_rate: η, above 0.
        rate_decay: d, from 0.
        weight_decay: λ; adds λ θ to the gradient.
        accumulator: what s starts from.
        epsilon: ε, from 0.
        decoupled: the decay acts on θ directly, θ ← (1 - η λ) θ, as every optimiser of Keras does it.
        epsilon_in_root: divide by √(s + ε), as Keras does.
        groups: other settings for some parameters, see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> path, _ = Adagrad(0.5).minimize(lambda t: (float(t @ t), 2 * t), [1.0], steps=1)
        >>> path.ravel().round(6).tolist()
        [1.0, 0.5]

    Source: Duchi et al. 2011; lecture 5. PyTorch: Adagrad (the same). Keras's form (`convention="keras"`):
    accumulator=0.1, ε = 1e-7 under the root, decoupled decay.
    """

    learning_rate: float = 0.01
    rate_decay: float = 0.0
    weight_decay: float = 0.0
    accumulator: float = 0.0
    epsilon: float = 1e-10
    decoupled: bool = False
    epsilon_in_root: bool = False
    name = "adagrad"
    words: ClassVar[Mapping] = WORDS | {
        "eps": "epsilon",
        "lr_decay": "rate_decay",
        "initial_accumulator_value": "accumulator",
    }
    keras: ClassVar[Mapping] = {
        "learning_rate": 1e-3,
        "accumulator": 0.1,
        "epsilon": 1e-7,
        "epsilon_in_root": True,
        "decoupled": True,
    }

    def _check(self) -> None:
        for setting in ("rate_decay", "accumulator", "epsilon"):
            real("Adagrad", setting, getattr(self, setting), 0.0)


@dataclass(frozen=True, repr=False)
class Adadelta(Optimizer):
    """s ← ρ s + (1 - ρ) g²; step = √(d + ε) / √(s + ε) · g; d ← ρ d + (1 - ρ) step²; θ ← θ - η step.

    Args:
        learning_rate: η, above 0; 1 in the paper.
        rho: ρ, from 0 to 1.
        epsilon: ε, above 0: without it nothing would ever start to move.
        weight_decay: λ; adds λ θ to the gradient.
        decoupled: the decay acts on θ directly, θ ← (1 - η λ) θ, as every optimiser of Keras does it.
        groups: other settings for some parameters, see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> path, _ = Adadelta(epsilon=1e-2).minimize(lambda t: (float(t @ t), 2 * t), [1.0], steps=1)
        >>> path.ravel().round(4).tolist()
        [1.0, 0.6877]

    Source: Zeiler 2012; lecture 5. PyTorch: Adadelta (the same). Keras: Adadelta (ρ = 0.95, ε = 1e-7, η = 0.001).
    """

    learning_rate: float = 1.0
    rho: float = 0.9
    epsilon: float = 1e-6
    weight_decay: float = 0.0
    decoupled: bool = False
    name = "adadelta"
    words: ClassVar[Mapping] = WORDS | {"eps": "epsilon"}
    keras: ClassVar[Mapping] = {"learning_rate": 1e-3, "rho": 0.95, "epsilon": 1e-7, "decoupled": True}

    def _check(self) -> None:
        real("Adadelta", "rho", self.rho, 0.0, 1.0)
        real("Adadelta", "epsilon", self.epsilon, 0.0, open_low=True)


@dataclass(frozen=True, repr=False)
class RMSprop(Optimizer):
    """s ← ρ s + (1 - ρ) g²; θ ← θ - η g / (√s + ε); centred: √(s - m²) with m the mean of g.

    Args:
        learning_rate: η, above 0.
        rho: ρ, from 0 to below 1.
        epsilon: ε, from 0.
        weight_decay: λ; adds λ θ to the gradient.
        momentum: μ, from 0 to below 1; the step is then v ← μ v + g / (√s + ε).
        centred: divide by the spread of the gradient instead of its size.
        decoupled: the decay acts on θ directly, θ ← (1 - η λ) θ, as every optimiser of Keras does it.
        epsilon_in_root: divide by √(s + ε), as Keras does.
        rate_in_velocity: v ← μ v + η g / √… and θ ← θ - v: a step keeps its rate when the rate changes (Keras, optax).
        groups: other settings for some parameters, see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> path, _ = RMSprop(0.1, rho=0.75).minimize(lambda t: (float(t @ t), 2 * t), [1.0], steps=1)
        >>> path.ravel().round(6).tolist()
        [1.0, 0.8]

    Source: Tieleman and Hinton 2012; lecture 5. PyTorch: RMSprop (the same; alpha = ρ). Keras's form
    (`convention="keras"`): ρ = 0.9, ε = 1e-7 under the root, the rate in the velocity, decoupled decay.
    """

    learning_rate: float = 0.01
    rho: float = 0.99
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    momentum: float = 0.0
    centred: bool = False
    decoupled: bool = False
    epsilon_in_root: bool = False
    rate_in_velocity: bool = False
    name = "rmsprop"
    words: ClassVar[Mapping] = WORDS | {"eps": "epsilon", "alpha": "rho", "decay": "rho", "centered": "centred"}
    keras: ClassVar[Mapping] = {
        "learning_rate": 1e-3,
        "rho": 0.9,
        "epsilon": 1e-7,
        "epsilon_in_root": True,
        "rate_in_velocity": True,
        "decoupled": True,
    }

    def _check(self) -> None:
        real("RMSprop", "rho", self.rho, 0.0, 1.0, open_high=True)
        real("RMSprop", "epsilon", self.epsilon, 0.0)
        real("RMSprop", "momentum", self.momentum, 0.0, 1.0, open_high=True)


@dataclass(frozen=True, repr=False)
class Ftrl(Optimizer):
    """Follow the regularised leader: with l1 it sets parameters to exactly 0, which makes sparse models.

    n ← n + g², z ← z + g - (n^-q - n_before^-q) θ / η, θ ← (clip(z, ±l1) - z) / (n^-q / η + 2 l2 + β / η).

    Args:
        learning_rate: η, above 0.
        power: q, from -1 to 0; -½ is the usual one.
        accumulator: what n starts from, from 0.
        l1, l2: penalties inside the rule, from 0.
        l2_shrinkage: adds 2 · l2_shrinkage · θ to the gradient in z, from 0.
        beta: β, from 0.
        groups: other settings for some parameters, see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> path, _ = Ftrl(0.1, l1=20.0).minimize(lambda t: (float(t @ t), 2 * t), [1.0], steps=1)
        >>> path.ravel().tolist()
        [1.0, 0.0]

    Source: McMahan et al. 2013; lecture 5. Keras: Ftrl (the same). PyTorch has none.
    """

    learning_rate: float = 0.001
    power: float = -0.5
    accumulator: float = 0.1
    l1: float = 0.0
    l2: float = 0.0
    l2_shrinkage: float = 0.0
    beta: float = 0.0
    name = "ftrl"
    words: ClassVar[Mapping] = WORDS | {
        "learning_rate_power": "power", "initial_accumulator_value": "accumulator", "l1_regularization_strength": "l1",
        "l2_regularization_strength": "l2", "l2_shrinkage_regularization_strength": "l2_shrinkage",
    }  # fmt: skip

    def _check(self) -> None:
        real("Ftrl", "power", self.power, -1.0, 0.0)
        for setting in ("accumulator", "l1", "l2", "l2_shrinkage", "beta"):
            real("Ftrl", setting, getattr(self, setting), 0.0)
