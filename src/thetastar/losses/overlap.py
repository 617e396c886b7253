"""Losses of the overlap of two sets, as of a mask and its prediction. A sample is one mask: all of its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from .._checks import one_of, real
from .._words import must_be
from ..errors import InputError
from .contract import WORDS, Loss
from .targets import binary_targets


def _axis(value, settings) -> dict:
    """Keras's axis: of a batch (n, …) all axes but the first is one value a sample."""
    if isinstance(value, tuple) and value and 0 not in value:
        return {}
    raise InputError(
        f"axis: here every sample has its own overlap, over all its outputs. Got {value!r}, which mixes samples. "
        "Give axis=(1, 2, 3) for images, or leave it out."
    )


_WORDS: Mapping = WORDS | {
    "axis": _axis,
    "from_logits": lambda value, settings: {"prediction": "scores" if value else "probabilities"},
    "smooth": must_be("smooth", 0, 0.0, otherwise="epsilon is in the denominator alone."),
}


def _keras_alpha(value, settings) -> dict:
    """What Keras multiplies by alpha are the misses."""
    return {"beta" if settings["convention"] == "keras" else "alpha": value}


def _keras_beta(value, settings) -> dict:
    return {"alpha" if settings["convention"] == "keras" else "beta": value}


def _check(loss) -> None:
    where = type(loss).__name__
    real(where, "epsilon", loss.epsilon, 0.0, open_low=True)
    one_of(where, "prediction", loss.prediction, ("scores", "probabilities"))


@dataclass(frozen=True)
class Dice(Loss):
    """1 - 2 Σ y p / (Σ y + Σ p + ε) over the outputs of a sample, with p = σ(z) for raw scores z and y from 0 to 1.

    What is rare counts as much as what is common: a mask of few pixels is not won by predicting none.

    Args:
        prediction: "scores", or "probabilities" in place of σ(z).
        epsilon: ε, above 0; a sample without any target costs 1, whatever is predicted.

    Raises:
        InputError: an argument breaks its rule; targets outside [0, 1].

    Example:
        >>> Dice("probabilities")([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]).__round__(5)
        0.33333

    Source: Milletari, Navab and Ahmadi 2016. Keras: Dice, which takes probabilities, and by default one overlap of the
    whole batch; with axis=(1, 2, 3) it is this one.
    """

    prediction: str = "scores"
    epsilon: float = 1e-7
    name = "dice"
    words: ClassVar[Mapping] = _WORDS
    keras: ClassVar[Mapping] = {"prediction": "probabilities"}

    def __post_init__(self) -> None:
        _check(self)

    def target_array(self, where, y, samples, outputs, dtype):
        return binary_targets(where, "the Dice loss", y, samples, outputs, dtype)


@dataclass(frozen=True)
class Tversky(Loss):
    """1 - Σ y p / (Σ y p + α Σ (1 - y) p + β Σ y (1 - p) + ε): false alarms weigh α, misses β. α = β = ½ is `Dice`.

    Args:
        alpha: α, from 0.
        beta: β, from 0.
        prediction: "scores", or "probabilities" in place of σ(z).
        epsilon: ε, above 0.

    Raises:
        InputError: an argument breaks its rule; targets outside [0, 1].

    Example:
        >>> Tversky(alpha=0.3, beta=0.7, prediction="probabilities")([[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]).__round__(5)
        0.23077

    Source: Salehi, Erdogmus and Gholipour 2017. Keras: Tversky, whose alpha multiplies the misses, and beta the false
    alarms: the other way round than its page says. `get("Tversky", alpha=…)` takes them as Keras computes.
    """

    alpha: float = 0.5
    beta: float = 0.5
    prediction: str = "scores"
    epsilon: float = 1e-7
    name = "tversky"
    words: ClassVar[Mapping] = _WORDS | {"alpha": _keras_alpha, "beta": _keras_beta}
    keras: ClassVar[Mapping] = {"prediction": "probabilities"}

    def __post_init__(self) -> None:
        real("Tversky", "alpha", self.alpha, 0.0)
        real("Tversky", "beta", self.beta, 0.0)
        _check(self)

    def target_array(self, where, y, samples, outputs, dtype):
        return binary_targets(where, "the Tversky loss", y, samples, outputs, dtype)
