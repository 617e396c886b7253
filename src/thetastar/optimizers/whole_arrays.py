"""Optimisers whose step of an array depends on the whole of it: Lamb, Adafactor (core/optimizers/whole_arrays.hpp)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import real
from .._words import ignored, must_be
from ..errors import InputError
from .contract import MEANS, WORDS, Optimizer, check_betas


@dataclass(frozen=True, repr=False)
class Lamb(Optimizer):
    """Adam's direction r = m̂ / (√v̂ + ε) + λ θ at the length of the parameters: θ ← θ - η (‖θ‖ / ‖r‖) r, array by array.

    So all layers move by the same share of themselves, which large batches need. The factor is 1 where θ or r is 0.

    Args:
        learning_rate: η, above 0.
        beta_1, beta_2: from 0 to below 1.
        epsilon: ε, from 0.
        weight_decay: λ, from 0.
        decoupled: the decay is no part of r, but θ ← (1 - η λ) θ before the step, as in Keras.
        groups, average: see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule; in training, penalties or clip_value.

    Example:
        >>> path, _ = Lamb(0.25).minimize(lambda t: (float(t @ t), 2 * t), [3.0, 4.0], steps=1)
        >>> path[1].round(4).tolist()  # each number by 0.25 · 5 / √2
        [2.1161, 3.1161]

    Source: You et al. 2020. optax: lamb (the same); Keras: Lamb (`convention="keras"`).
    """

    learning_rate: float = 1e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-6
    weight_decay: float = 0.0
    decoupled: bool = False
    name = "lamb"
    sees_arrays: ClassVar[bool] = True
    words: ClassVar[Mapping] = MEANS
    keras: ClassVar[Mapping] = {"epsilon": 1e-7, "decoupled": True}

    def _check(self) -> None:
        check_betas(self)


def _epsilons(value, settings) -> dict:
    """PyTorch's pair (ε₁ that v is cut at, squared; ε₂), or optax's one number."""
    if isinstance(value, tuple | list) and len(value) == 2:
        first = {} if value[0] is None else {"epsilon_1": value[0] ** 2}
        return first | {"epsilon_2": value[1]}
    if isinstance(value, tuple | list):
        raise InputError(f"eps: it must be a pair, or one number. Got {value!r}. Use for example (None, 1e-3).")
    return {"epsilon_1": value}


@dataclass(frozen=True, repr=False)
class Adafactor(Optimizer):
    """θ ← θ - max(ε₂, rms(θ)) ρ u / max(1, rms(u) / d), with u = g / √v, ρ = min(η, 1 / √t) and β₂ = 1 - t^c.

    The running mean v of g² of a matrix is known by its rows' and columns' means alone, v_ij = r_i c_j / mean(r). Where
    it is at home that saves memory; here it takes as much as Adam.

    Args:
        learning_rate: η, above 0; the most that a step is, relative to the size of the array.
        beta_2_decay: c, up to 0.
        epsilon_1: added to g², from 0.
        epsilon_2: ε₂, the least size that an array counts as, from 0.
        clip_threshold: d, above 0.
        weight_decay: λ, decoupled, from 0: θ ← (1 - η λ) θ.
        groups, average: see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule; in training, penalties or clip_value.

    Example:
        >>> path, _ = Adafactor(0.25).minimize(lambda t: (float(t @ t), 2 * t), [3.0, 4.0], steps=1)
        >>> path[1].round(4).tolist()  # each number by 0.25 · √12.5
        [2.1161, 3.1161]

    Source: Shazeer and Stern 2018. PyTorch: Adafactor; Keras: Adafactor (`convention="keras"`); optax: adafactor, whose
    momentum and decay are not here. A convolution's filters are one matrix, taps and channels against filters.
    """

    learning_rate: float = 0.01
    beta_2_decay: float = -0.8
    epsilon_1: float = 1e-30
    epsilon_2: float = 1e-3
    clip_threshold: float = 1.0
    weight_decay: float = 0.0
    name = "adafactor"
    sees_arrays: ClassVar[bool] = True
    words: ClassVar[Mapping] = WORDS | {
        "beta2_decay": "beta_2_decay",
        "decay_rate": lambda value, settings: {"beta_2_decay": -value},
        "decay_offset": must_be("decay_offset", 0, otherwise="Leave it out."),
        "d": "clip_threshold",
        "clipping_threshold": "clip_threshold",
        "eps": _epsilons,
        "relative_step": ignored,  # Keras takes the smaller of the two rates in either case
        "multiply_by_parameter_scale": must_be("multiply_by_parameter_scale", True, otherwise="Leave it out."),
        "factored": must_be("factored", True, otherwise="Use Adam or RMSprop."),
        "min_dim_size_to_factor": must_be(
            "min_dim_size_to_factor", 0, 1, 2, otherwise="Every matrix is known by its rows and columns here."
        ),
        "momentum": must_be("momentum", None, otherwise="Use Adam."),
        "weight_decay_rate": must_be(
            "weight_decay_rate", None, otherwise="Give weight_decay; it is multiplied by the learning rate."
        ),
        "dtype_momentum": ignored,
    }
    keras: ClassVar[Mapping] = {"learning_rate": 1e-3}

    def _check(self) -> None:
        real("Adafactor", "beta_2_decay", self.beta_2_decay, high=0.0)
        real("Adafactor", "epsilon_1", self.epsilon_1, 0.0)
        real("Adafactor", "epsilon_2", self.epsilon_2, 0.0)
        real("Adafactor", "clip_threshold", self.clip_threshold, 0.0, open_low=True)

    def to_native(self) -> dict:
        settings = super().to_native()
        for ours, core in (("beta_2_decay", "power"), ("epsilon_1", "epsilon"), ("epsilon_2", "least"),
                           ("clip_threshold", "most")):  # fmt: skip
            settings[core] = settings.pop(ours)
        return settings | {"decoupled": True}
