"""Schedule-free AdamW: a mean of the path in place of a falling rate (core/optimizers/schedule_free.hpp)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import real
from .._words import ignored, must_be
from .contract import MEANS, Optimizer, check_betas


@dataclass(frozen=True, repr=False)
class ScheduleFreeAdamW(Optimizer):
    """v ← β₂v + (1-β₂)g²; z ← z - η (g / (√v̂ + ε) + λ y); x ← x + c (z - x), c = w / Σ w; y = (1-β₁) z + β₁ x.

    The gradient g is taken at y, the parameters while training goes on; x, the mean of all z, is what is measured and
    returned. No schedule is needed, and the end need not be known beforehand. w = (the highest η so far)^power.

    Args:
        learning_rate: η, above 0; about ten times as large as with a schedule.
        beta_1: between z and x, above 0 and below 1.
        beta_2: from 0 to below 1.
        epsilon: ε, from 0.
        weight_decay: λ, from 0.
        weight_power: how much steps of a warm-up count less; 0 counts all alike, as Keras does.
        groups: other settings for some parameters, see `Optimizer`.

    Raises:
        InputError: an argument breaks its rule; in training, max_norm.

    Example:
        >>> from thetastar import Dense, Network, train
        >>> net = Network([Dense(8, activation="tanh"), Dense(1)], input_shape=(2,))
        >>> X = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
        >>> train(net, X, [0.0, 1.0, 1.0, 0.0], optimizer=ScheduleFreeAdamW(0.1), epochs=300).loss < 0.01
        True

    Source: Defazio et al. 2024. optax: contrib.schedule_free_adamw (the same); Keras: ScheduleFreeAdamW, which decays y
    alone and never evaluates x. In `minimize` the path is that of y.
    """

    learning_rate: float = 2.5e-3
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    weight_power: float = 2.0
    name = "schedule_free_adamw"
    keeps_mean: ClassVar[bool] = True
    words: ClassVar[Mapping] = MEANS | {
        "warmup_steps": must_be("warmup_steps", None, 0, otherwise="Give ts.train a schedule that warms up."),
        "weight_lr_power": "weight_power",
        "r": must_be("r", 0, 0.0, otherwise="Leave it out."),
        "state_dtype": ignored,
    }
    keras: ClassVar[Mapping] = {"weight_power": 0.0}

    def _check(self) -> None:
        check_betas(self)
        real("ScheduleFreeAdamW", "beta_1", self.beta_1, 0.0, 1.0, open_low=True, open_high=True)
        real("ScheduleFreeAdamW", "weight_power", self.weight_power, 0.0)

    def to_native(self) -> dict:
        settings = super().to_native()
        return {"power": settings.pop("weight_power")} | settings | {"decoupled": True}
