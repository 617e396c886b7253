"""Optimisers that step along the gradient or its sign: SGD, ASGD, Rprop, Lion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import real
from ..errors import InputError
from .contract import MEANS, WORDS, Optimizer, check_betas


@dataclass(frozen=True, repr=False)
class SGD(Optimizer):
    """Stochastic gradient descent: θ ← θ - η v with v ← μ v + (1 - d) g (and v = g without momentum and at first).

    Args:
        learning_rate: η, above 0.
        momentum: μ, from 0 to below 1.
        nesterov: step along g + μ v instead, which looks ahead; needs momentum and no dampening.
        weight_decay: λ; adds λ θ to the gradient.
        dampening: d, from 0 to 1; how much of the gradient the velocity leaves out.
        decoupled: the decay acts on θ directly, θ ← (1 - η λ) θ, as every optimiser of Keras does it.
        rate_in_velocity: v ← μ v + η g and θ ← θ - v, so that a step keeps its rate when the rate changes (Keras).
        groups: other settings for some parameters, see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> path, _ = SGD(0.1, momentum=0.5).minimize(lambda t: (float(t @ t) / 2, t), [1.0], steps=2)
        >>> path.ravel().round(4).tolist()
        [1.0, 0.9, 0.76]

    Source: lecture 2; Sutskever et al. 2013 (momentum). PyTorch and Keras: SGD. Keras's form (`convention="keras"`)
    has decoupled=True and rate_in_velocity=True; the latter is the same while η is constant.
    """

    learning_rate: float = 0.01
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    dampening: float = 0.0
    decoupled: bool = False
    rate_in_velocity: bool = False
    name = "sgd"
    words: ClassVar[Mapping] = WORDS
    keras: ClassVar[Mapping] = {"decoupled": True, "rate_in_velocity": True}

    def _check(self) -> None:
        real("SGD", "momentum", self.momentum, 0.0, 1.0, open_high=True)
        real("SGD", "dampening", self.dampening, 0.0, 1.0)
        if self.nesterov and self.momentum == 0:
            raise InputError("SGD: nesterov needs a momentum above 0. Got momentum=0. Use for example momentum=0.9.")
        if self.nesterov and self.dampening != 0:
            raise InputError(
                f"SGD: nesterov needs dampening 0. Got dampening={self.dampening!r}. Leave one of them out."
            )


@dataclass(frozen=True, repr=False)
class ASGD(Optimizer):
    """Averaged descent: θ ← (1 - λ η_t) θ - η_t g, η_t = η / (1 + λ η (t - 1))^α; what counts is θ's mean since t₀.

    Training measures and returns the mean; `minimize` shows the path of θ itself.

    Args:
        learning_rate: η, above 0.
        lambd: λ, from 0: how fast the rate falls, and a decay of θ with it.
        alpha: α, the power of that fall.
        t0: the step from which θ is averaged; before it the mean is θ.
        weight_decay: adds weight_decay · θ to the gradient.
        decoupled: the decay acts on θ directly, θ ← (1 - η λ) θ, as every optimiser of Keras does it.
        groups: other settings for some parameters, see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> path, _ = ASGD(0.5, lambd=0.0).minimize(lambda t: (float(t @ t) / 2, t), [1.0], steps=2)
        >>> path.ravel().tolist()
        [1.0, 0.5, 0.25]

    Source: Polyak and Juditsky 1992; lecture 5. PyTorch: ASGD (the same; its mean stays hidden in its state).
    """

    learning_rate: float = 0.01
    lambd: float = 1e-4
    alpha: float = 0.75
    t0: float = 1e6
    weight_decay: float = 0.0
    decoupled: bool = False
    name = "asgd"
    keeps_mean: ClassVar[bool] = True
    words: ClassVar[Mapping] = WORDS

    def _check(self) -> None:
        real("ASGD", "lambd", self.lambd, 0.0)
        real("ASGD", "alpha", self.alpha, 0.0)
        real("ASGD", "t0", self.t0, 0.0)

    def to_native(self) -> dict:
        settings = super().to_native()
        return settings | {"lambda": float(settings.pop("lambd")), "start": float(settings.pop("t0"))}


@dataclass(frozen=True, repr=False)
class Rprop(Optimizer):
    """Each parameter has its own step: times `longer` while the gradient keeps its sign, times `shorter` at a turn.

    It looks at signs only, so it wants the whole batch: batch_size = the number of rows.

    Args:
        learning_rate: the size of the first steps, above 0.
        shorter: between 0 and 1.
        longer: above 1.
        least, most: the bounds of a step, 0 < least <= most.
        groups: other settings for some parameters, see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> path, _ = Rprop(0.1).minimize(lambda t: (float(t @ t), 2 * t), [1.0], steps=2)
        >>> path.ravel().round(3).tolist()
        [1.0, 0.9, 0.78]

    Source: Riedmiller and Braun 1993; lecture 5. PyTorch: Rprop (etas = (shorter, longer), step_sizes = (least, most)).
    """

    learning_rate: float = 0.01
    shorter: float = 0.5
    longer: float = 1.2
    least: float = 1e-6
    most: float = 50.0
    name = "rprop"
    words: ClassVar[Mapping] = WORDS | {
        "etas": lambda value, _: {"shorter": value[0], "longer": value[1]},
        "step_sizes": lambda value, _: {"least": value[0], "most": value[1]},
        "etaminus": "shorter", "etaplus": "longer", "eta_minus": "shorter", "eta_plus": "longer",
        "step_size_min": "least", "step_size_max": "most",
    }  # fmt: skip

    def _check(self) -> None:
        real("Rprop", "shorter", self.shorter, 0.0, 1.0, open_low=True, open_high=True)
        real("Rprop", "longer", self.longer, 1.0, open_low=True)
        real("Rprop", "least", self.least, 0.0, open_low=True)
        real("Rprop", "most", self.most, self.least)


@dataclass(frozen=True, repr=False)
class Lion(Optimizer):
    """θ ← (1 - η λ) θ - η sign(β₁ m + (1 - β₁) g), then m ← β₂ m + (1 - β₂) g: every parameter moves by η.

    Args:
        learning_rate: η, above 0; about a tenth of Adam's.
        beta_1, beta_2: from 0 to below 1.
        weight_decay: λ, decoupled, from 0.
        groups: other settings for some parameters, see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> path, _ = Lion(0.5).minimize(lambda t: (float(t @ t), 2 * t), [1.0], steps=2)
        >>> path.ravel().tolist()
        [1.0, 0.5, 0.0]

    Source: Chen et al. 2023; lecture 4. PyTorch has none; Keras and optax: Lion (the same).
    """

    learning_rate: float = 1e-4
    beta_1: float = 0.9
    beta_2: float = 0.99
    weight_decay: float = 0.0
    name = "lion"
    words: ClassVar[Mapping] = MEANS
    keras: ClassVar[Mapping] = {"learning_rate": 1e-3}

    def _check(self) -> None:
        check_betas(self)

    def to_native(self) -> dict:
        return super().to_native() | {"decoupled": True}
