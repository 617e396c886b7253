"""Learning-rate schedules: the factor of the base learning rate as training goes on.

`Step`, `Exponential` and `CosineRestarts` follow epochs; `Cosine` and `OneCycle` follow single steps over the whole
training; `ReduceOnPlateau` watches the validation loss (the training loss where there is no validation).

Example:
    >>> get("cosine").factors(steps_per_epoch=1, epochs=4).round(3).tolist()
    [1.0, 0.854, 0.5, 0.146]
"""

from __future__ import annotations

from abc import ABC
from dataclasses import asdict, dataclass, fields
from typing import ClassVar

import numpy as np

from ._checks import nearest, plain_name, real, whole
from .errors import InputError

__all__ = [
    "NAMES", "Constant", "Cosine", "CosineRestarts", "Exponential", "OneCycle", "ReduceOnPlateau", "Schedule", "Step",
    "get",
]  # fmt: skip


@dataclass(frozen=True)
class Schedule(ABC):
    """The contract of a schedule: settings that the core knows.

    Example:
        >>> schedule = Step(every=2, factor=0.5)
        >>> schedule.to_dict()
        {'kind': 'step', 'every': 2, 'factor': 0.5}
        >>> get(schedule.to_dict()) == schedule
        True
    """

    name: ClassVar[str]

    def to_dict(self) -> dict:
        """Return the settings as plain data: {"kind": name, …}; `get` reads it back, and the core takes it."""
        return {"kind": self.name} | asdict(self)

    def factors(self, steps_per_epoch: int, epochs: int) -> np.ndarray:
        """Return the factor at every step, shape (steps_per_epoch · epochs,), as a picture would show it.

        Example:
            >>> Step(every=1, factor=0.5).factors(steps_per_epoch=2, epochs=2).tolist()
            [1.0, 1.0, 0.5, 0.5]
        """
        from ._native import engine

        steps = whole(type(self).__name__, "steps_per_epoch", steps_per_epoch, 1)
        return engine.schedule_factors(self.to_dict(), steps, whole(type(self).__name__, "epochs", epochs, 1))


@dataclass(frozen=True)
class Constant(Schedule):
    """The learning rate stays as it is.

    Example:
        >>> Constant().factors(steps_per_epoch=1, epochs=3).tolist()
        [1.0, 1.0, 1.0]

    Source: lecture 2 (gradient descent with one learning rate). PyTorch: ConstantLR(factor=1).
    """

    name = "constant"


@dataclass(frozen=True)
class Step(Schedule):
    """Multiplied by `factor` after every `every` epochs.

    Raises:
        InputError: every < 1, or a factor outside (0, 1].

    Example:
        >>> Step(every=2, factor=0.5).factors(steps_per_epoch=1, epochs=5).tolist()
        [1.0, 1.0, 0.5, 0.5, 0.25]

    Source: PyTorch: StepLR(step_size=every, gamma=factor).
    """

    every: int = 10
    factor: float = 0.1
    name = "step"

    def __post_init__(self) -> None:
        whole("Step", "every", self.every, 1)
        real("Step", "factor", self.factor, 0.0, 1.0, open_low=True)


@dataclass(frozen=True)
class Exponential(Schedule):
    """Multiplied by `factor` after every epoch.

    Raises:
        InputError: a factor outside (0, 1].

    Example:
        >>> Exponential(factor=0.5).factors(steps_per_epoch=1, epochs=3).tolist()
        [1.0, 0.5, 0.25]

    Source: PyTorch: ExponentialLR(gamma=factor).
    """

    factor: float = 0.95
    name = "exponential"

    def __post_init__(self) -> None:
        real("Exponential", "factor", self.factor, 0.0, 1.0, open_low=True)


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine from 1 to `minimum` over the whole training, after a linear warm-up.

    Args:
        minimum: the factor at the end.
        warmup: the fraction of all steps over which the factor rises from nearly 0 to 1.

    Raises:
        InputError: minimum outside [0, 1], or warmup outside [0, 1).

    Example:
        >>> Cosine(warmup=0.25).factors(steps_per_epoch=1, epochs=4).round(3).tolist()
        [0.5, 1.0, 0.75, 0.25]

    Source: Loshchilov and Hutter 2017.
    """

    minimum: float = 0.0
    warmup: float = 0.0
    name = "cosine"

    def __post_init__(self) -> None:
        real("Cosine", "minimum", self.minimum, 0.0, 1.0)
        real("Cosine", "warmup", self.warmup, 0.0, 1.0, open_high=True)


@dataclass(frozen=True)
class CosineRestarts(Schedule):
    """Half a cosine from 1 to `minimum` over `every` epochs, then again over `multiplier` times as many, and so on.

    Raises:
        InputError: every < 1, multiplier < 1, or minimum outside [0, 1].

    Example:
        >>> CosineRestarts(every=2).factors(steps_per_epoch=1, epochs=4).round(3).tolist()
        [1.0, 0.5, 1.0, 0.5]

    Source: Loshchilov and Hutter 2017 (SGDR).
    """

    every: int = 10
    multiplier: float = 1.0
    minimum: float = 0.0
    name = "cosine_restarts"

    def __post_init__(self) -> None:
        whole("CosineRestarts", "every", self.every, 1)
        real("CosineRestarts", "multiplier", self.multiplier, 1.0)
        real("CosineRestarts", "minimum", self.minimum, 0.0, 1.0)


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Up from `start` to 1 over the first `peak` of the training and down to `end`, each along half a cosine.

    Raises:
        InputError: peak outside [0, 1], or start or end outside [0, 1].

    Example:
        >>> OneCycle(peak=0.5).factors(steps_per_epoch=1, epochs=6).round(3).tolist()
        [0.04, 0.52, 1.0, 0.75, 0.25, 0.0]

    Source: Smith and Topin 2018.
    """

    peak: float = 0.3
    start: float = 0.04
    end: float = 1e-4
    name = "one_cycle"

    def __post_init__(self) -> None:
        for field in ("peak", "start", "end"):
            real("OneCycle", field, getattr(self, field), 0.0, 1.0)


@dataclass(frozen=True)
class ReduceOnPlateau(Schedule):
    """Multiplied by `factor` after more than `patience` epochs without a lower loss, and never below `minimum`.

    Raises:
        InputError: a factor outside (0, 1), patience < 0, or minimum outside [0, 1].

    Example:
        >>> from thetastar import Dense, Network, optimizers, train
        >>> still = optimizers.SGD(1e-12)  # it moves too little for the loss to fall
        >>> run = train(Network([Dense(1)], input_shape=(1,)), [[1.0], [2.0]], [1.0, 2.0], optimizer=still,
        ...             schedule=ReduceOnPlateau(factor=0.5, patience=1), epochs=5)
        >>> (run.history["learning_rate"] * 1e12).round(3).tolist()
        [1.0, 1.0, 1.0, 0.5, 0.5]

    Source: PyTorch: ReduceLROnPlateau; Keras: ReduceLROnPlateau, which waits one epoch less.
    """

    factor: float = 0.1
    patience: int = 10
    minimum: float = 0.0
    name = "reduce_on_plateau"

    def __post_init__(self) -> None:
        real("ReduceOnPlateau", "factor", self.factor, 0.0, 1.0, open_low=True, open_high=True)
        whole("ReduceOnPlateau", "patience", self.patience)
        real("ReduceOnPlateau", "minimum", self.minimum, 0.0, 1.0)


_SCHEDULES = {s.name: s for s in (Constant, Step, Exponential, Cosine, CosineRestarts, OneCycle, ReduceOnPlateau)}
NAMES = tuple(_SCHEDULES)
_BY_NAME = {plain_name(name): schedule for name, schedule in _SCHEDULES.items()}


def get(schedule: str | dict | Schedule | None) -> Schedule:
    """Return the schedule for a name, for a dict from `to_dict`, for None (constant), or the schedule itself.

    Raises:
        InputError: no schedule has that name; the message names the nearest.

    Example:
        >>> get("one_cycle")
        OneCycle(peak=0.3, start=0.04, end=0.0001)
    """
    if schedule is None:
        return Constant()
    if isinstance(schedule, Schedule):
        return schedule
    settings = dict(schedule) if isinstance(schedule, dict) else {"kind": schedule}
    name = settings.pop("kind", None)
    found = _BY_NAME.get(plain_name(name)) if isinstance(name, str) else None
    if found is None:
        raise InputError(f"schedules.get: there is no schedule {name!r}. {nearest(str(name), NAMES)}")
    try:
        return found(**settings)
    except TypeError:
        known = ", ".join(field.name for field in fields(found)) or "none"
        raise InputError(
            f"schedules.get: {name!r} has the settings {known}. Got {', '.join(settings)}. Remove the others."
        ) from None
