"""Learning-rate schedules: the factor of the base learning rate as training goes on.

`Step`, `Exponential` and `CosineRestarts` follow epochs; `Cosine`, `OneCycle`, `LogCosine` and `FlatCosine` follow
single steps over the whole training; `ReduceOnPlateau` watches the validation loss (the training loss where there is no
validation).

Example:
    >>> get("cosine").factors(steps_per_epoch=1, epochs=4).round(3).tolist()
    [1.0, 0.854, 0.5, 0.146]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np

from ._checks import nearest, plain_name, real, whole
from ._words import Described, ignored, must_be, own_settings
from .errors import InputError

__all__ = [
    "NAMES", "Constant", "Cosine", "CosineRestarts", "Exponential", "FlatCosine", "LogCosine", "OneCycle",
    "ReduceOnPlateau", "Schedule", "Step", "get",
]  # fmt: skip


_RATE = "A schedule is a factor here: give learning_rate to the optimiser."
_WORDS: Mapping = {
    "name": ignored,
    "last_epoch": must_be("last_epoch", -1, otherwise="A training begins at its first epoch."),
    "verbose": ignored,
}


def _lowest(value: Any, settings: Mapping) -> dict:
    """A lowest rate, which PyTorch and Keras give as it is, and we as a factor of the learning rate."""
    if value == 0:
        return {"minimum": 0.0}
    raise InputError(
        f"schedules: the lowest rate is a factor of the learning rate here. Got {value!r}. "
        f"Use minimum={value!r} / learning_rate."
    )


def _steps(value: Any, settings: Mapping) -> dict:
    """A length in updates, which Keras and optax count, and we in epochs."""
    raise InputError(
        f"schedules: this schedule goes by epochs. Got {value!r} updates. Use every={value!r} / (rows / batch_size)."
    )


def _whole_training(value: Any, settings: Mapping) -> dict:
    """How long a schedule lasts; here it is the whole training, which knows its own length."""
    return {}


@dataclass(frozen=True)
class Schedule(metaclass=Described):
    """The contract of a schedule: settings that the core knows.

    Example:
        >>> schedule = Step(every=2, factor=0.5)
        >>> schedule.to_dict()
        {'kind': 'step', 'every': 2, 'factor': 0.5}
        >>> get(schedule.to_dict()) == schedule
        True
    """

    name: ClassVar[str]
    words: ClassVar[Mapping] = _WORDS

    def to_dict(self) -> dict:
        """Return the settings as plain data: {"kind": name, …}; `get` reads it back."""
        return {"kind": self.name} | asdict(self)

    def native(self) -> dict:
        """Return the settings as the core takes them."""
        return self.to_dict()

    def factors(self, steps_per_epoch: int, epochs: int) -> np.ndarray:
        """Return the factor at every step, shape (steps_per_epoch · epochs,), as a picture would show it.

        Example:
            >>> Step(every=1, factor=0.5).factors(steps_per_epoch=2, epochs=2).tolist()
            [1.0, 1.0, 0.5, 0.5]
        """
        from ._native import engine

        steps = whole(type(self).__name__, "steps_per_epoch", steps_per_epoch, 1)
        return engine.schedule_factors(self.native(), steps, whole(type(self).__name__, "epochs", epochs, 1))


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
    words: ClassVar[Mapping] = _WORDS | {"step_size": "every", "gamma": "factor"}

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
    words: ClassVar[Mapping] = _WORDS | {
        "gamma": "factor",
        "decay_rate": "factor",
        "decay_steps": _steps,
        "transition_steps": _steps,
        "initial_learning_rate": must_be("initial_learning_rate", None, otherwise=_RATE),
        "init_value": must_be("init_value", 1.0, 1, otherwise=_RATE),
        "staircase": must_be("staircase", True, otherwise="The rate falls once an epoch."),
    }

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
    words: ClassVar[Mapping] = _WORDS | {
        "T_max": _whole_training,
        "decay_steps": _whole_training,
        "eta_min": _lowest,
        "alpha": "minimum",
        "initial_learning_rate": must_be("initial_learning_rate", None, otherwise=_RATE),
        "init_value": must_be("init_value", 1.0, 1, otherwise=_RATE),
    }

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
    words: ClassVar[Mapping] = _WORDS | {
        "T_0": "every",
        "T_mult": "multiplier",
        "t_mul": "multiplier",
        "eta_min": _lowest,
        "alpha": "minimum",
        "first_decay_steps": _steps,
        "m_mul": must_be("m_mul", 1.0, 1, otherwise="Every restart begins at the same rate."),
        "initial_learning_rate": must_be("initial_learning_rate", None, otherwise=_RATE),
    }

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

    Source: Smith and Topin 2018. PyTorch: OneCycleLR, which ends at 4e-6 of its highest rate:
    `get("OneCycleLR")`, or OneCycle(convention="pytorch").
    """

    peak: float = 0.3
    start: float = 0.04
    end: float = 1e-4
    name = "one_cycle"
    words: ClassVar[Mapping] = _WORDS | {
        "pct_start": "peak",
        "div_factor": lambda value, settings: {"start": 1 / value},
        "final_div_factor": lambda value, settings: {"end": 1 / (settings.get("div_factor", 25.0) * value)},
        "max_lr": must_be("max_lr", None, otherwise=_RATE),
        "peak_value": must_be("peak_value", 1.0, 1, otherwise=_RATE),
        "total_steps": _whole_training,
        "transition_steps": _whole_training,
        "epochs": _whole_training,
        "steps_per_epoch": _whole_training,
        "anneal_strategy": must_be("anneal_strategy", "cos", otherwise="It goes along cosines."),
        "three_phase": must_be("three_phase", False, otherwise="It has two phases, up and down."),
        "cycle_momentum": must_be("cycle_momentum", False, otherwise="The momentum stays as it is."),
    }
    pytorch: ClassVar[Mapping] = {"end": 4e-6}

    def __post_init__(self) -> None:
        for field in ("peak", "start", "end"):
            real("OneCycle", field, getattr(self, field), 0.0, 1.0)


@dataclass(frozen=True)
class LogCosine(Schedule):
    """Up from 0 to 1 and back to 0, `cycles` times over the training, each time for twice as long.

    The factor is (1 - cos(2π log2(1 + (2^cycles - 1) t))) / 2 at the fraction t of the training.

    Args:
        cycles: how often, from 1.

    Raises:
        InputError: cycles below 1 or above 32.

    Example:
        >>> LogCosine(cycles=2).factors(steps_per_epoch=1, epochs=6).round(3).tolist()
        [0.0, 0.93, 0.0, 0.718, 0.93, 0.324]

    Source: Holzmüller, Grinsztajn and Steinwart 2024: coslog4 is LogCosine(4).
    """

    cycles: int = 4
    name = "log_cosine"

    def __post_init__(self) -> None:
        whole("LogCosine", "cycles", self.cycles, 1, 32)

    def to_dict(self) -> dict:
        return {"kind": self.name, "cycles": self.cycles}

    def native(self) -> dict:
        return {"kind": self.name, "multiplier": float(self.cycles)}


@dataclass(frozen=True)
class FlatCosine(Schedule):
    """1 over the first `flat` of the training, then half a cosine down to 0.

    Args:
        flat: the fraction of the training.

    Raises:
        InputError: flat outside [0, 1).

    Example:
        >>> FlatCosine().factors(steps_per_epoch=1, epochs=4).round(3).tolist()
        [1.0, 1.0, 1.0, 0.5]

    Source: Holzmüller, Grinsztajn and Steinwart 2024: flat_cos.
    """

    flat: float = 0.5
    name = "flat_cosine"

    def __post_init__(self) -> None:
        real("FlatCosine", "flat", self.flat, 0.0, 1.0, open_high=True)

    def native(self) -> dict:
        return {"kind": self.name, "peak": float(self.flat)}


def _patience(value: Any, settings: Mapping) -> Any:
    """Keras and optax act at the patience-th epoch without a gain, PyTorch and we after it."""
    return max(value - 1, 0) if settings["convention"] in ("keras", "optax") and isinstance(value, int) else value


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

    Source: PyTorch: ReduceLROnPlateau(threshold=0). Keras's and optax's act one epoch before: `convention="keras"`.
    """

    factor: float = 0.1
    patience: int = 10
    minimum: float = 0.0
    name = "reduce_on_plateau"
    words: ClassVar[Mapping] = _WORDS | {
        "patience": lambda value, settings: {"patience": _patience(value, settings)},
        "min_lr": _lowest,
        "mode": must_be("mode", "min", "auto", otherwise="It watches a loss, which should fall."),
        "monitor": must_be("monitor", "val_loss", otherwise="It watches the validation loss."),
        "cooldown": must_be("cooldown", 0, otherwise="Use a larger patience."),
        "threshold": must_be("threshold", 0, 0.0, otherwise="Any lower loss counts."),
        "min_delta": must_be("min_delta", 0, 0.0, otherwise="Any lower loss counts."),
        "eps": ignored,
    }

    def __post_init__(self) -> None:
        real("ReduceOnPlateau", "factor", self.factor, 0.0, 1.0, open_low=True, open_high=True)
        whole("ReduceOnPlateau", "patience", self.patience)
        real("ReduceOnPlateau", "minimum", self.minimum, 0.0, 1.0)


_SCHEDULES = {s.name: s for s in (
    Constant, Step, Exponential, Cosine, CosineRestarts, OneCycle, LogCosine, FlatCosine, ReduceOnPlateau,
)}  # fmt: skip
NAMES = tuple(_SCHEDULES)
_BY_NAME = {plain_name(name): schedule for name, schedule in _SCHEDULES.items()}
# the frameworks' names -> ours, and whose they are where it matters
_OTHER_NAMES: dict[str, tuple[type[Schedule], str | None]] = {
    "steplr": (Step, None),
    "exponentiallr": (Exponential, None),
    "exponentialdecay": (Exponential, None),
    "cosineannealinglr": (Cosine, None),
    "cosinedecay": (Cosine, None),
    "cosinedecayschedule": (Cosine, None),
    "cosineannealingwarmrestarts": (CosineRestarts, None),
    "cosinedecayrestarts": (CosineRestarts, None),
    "onecyclelr": (OneCycle, "pytorch"),
    "cosineonecycleschedule": (OneCycle, None),
    "reducelronplateau": (ReduceOnPlateau, None),
    "plateau": (ReduceOnPlateau, None),
    "constantlr": (Constant, None),
}


def get(schedule: str | dict | Schedule | None, *, convention: str | None = None, **settings: Any) -> Schedule:
    """Return the schedule for a name, for a dict from `to_dict`, for None (constant), or the schedule itself.

    Args:
        schedule: a name of this library, Keras, PyTorch or optax; a dict {"kind": name, setting: value, …}; a schedule.
        convention: "keras", "pytorch" or "optax" where these mean different things by a word: a plateau's patience,
            one-cycle's end.
        settings: of the schedule, in its own or the framework's words: step_size, gamma, T_0, pct_start, ….

    Raises:
        InputError: no schedule has that name, or it no such setting; the message names the nearest.

    Example:
        >>> get("one_cycle")
        OneCycle(peak=0.3, start=0.04, end=0.0001)
        >>> get("StepLR", step_size=30, gamma=0.1)
        Step(every=30, factor=0.1)
        >>> get("ReduceLROnPlateau", patience=5, convention="keras").patience
        4
    """
    if schedule is None:
        return Constant()
    if isinstance(schedule, Schedule):
        return schedule
    given = (dict(schedule) if isinstance(schedule, dict) else {"kind": schedule}) | settings
    name = given.pop("kind", None)
    found = _BY_NAME.get(plain_name(name)) if isinstance(name, str) else None
    if found is None and isinstance(name, str) and plain_name(name) in _OTHER_NAMES:
        found, whose = _OTHER_NAMES[plain_name(name)]
        convention = convention or whose
    if found is None:
        raise InputError(f"schedules.get: there is no schedule {name!r}. {nearest(str(name), NAMES)}")
    return found(**own_settings(found, given, convention, where=f"schedules.get({name!r})"))
