"""Calibration: from probabilities to probabilities that come true as often as they say.

A calibration is fitted on predictions of rows that the members had not learned from (`study/calibrate.py`), stands in
the model file as a few numbers, and is the last step before a probability is handed out. Both forms keep the order of
rows by the probability of a class, so no ranking changes. Quantiles are corrected in the same place, each by a number,
and a number that the user knows the bounds of is kept within them.

Probabilities below `LEAST` count as `LEAST`: a logarithm needs a number above zero.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import numpy as np

from thetastar.errors import InputError

__all__ = ["LEAST", "Beta", "Bounds", "Calibration", "Conformal", "Temperature", "calibration_from_state"]

LEAST = 1e-12
"""The exporters have the same number."""

_MOST = 1e6  # of any number in a file: what is fitted lies within a few units of 1 and 0


class Calibration(ABC):
    """The contract: (n, C) probabilities, (n, Q) quantiles or (n,) numbers in and out, and a state that gives the same
    bits again.
    """

    kind: ClassVar[Literal["beta", "temperature", "conformal"]]

    @abstractmethod
    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        """(n, C) calibrated probabilities, or (n, Q) quantiles; a row's do not depend on the others."""

    @abstractmethod
    def to_state(self) -> dict[str, Any]:
        """A JSON-able dict: the kind and its numbers."""

    @abstractmethod
    def check(self, classes: int, levels: int = 0) -> None:
        """That it suits a target of so many classes, or so many levels of quantiles.

        Raises:
            InputError: it does not.
        """


@final
@dataclass(frozen=True)
class Beta(Calibration):
    """Of two classes: log-odds = a ln p - b ln(1 - p) + c, with a and b not below zero.

    With a = b = 1 and c = 0 nothing changes; a and b below 1 draw probabilities that are too sure towards the middle,
    each side by its own measure. Kull, Silva Filho and Flach 2017, "Beta calibration".

    Example:
        >>> Beta(0.5, 0.5, 0.0)(np.array([[0.1, 0.9]])).round(2).tolist()
        [[0.25, 0.75]]
    """

    a: float
    b: float
    c: float

    kind: ClassVar[Literal["beta", "temperature", "conformal"]] = "beta"

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        logs = np.log(np.maximum(probabilities, LEAST))
        odds = self.a * logs[:, 1] - self.b * logs[:, 0] + self.c
        with np.errstate(over="ignore"):  # exp of a large number is infinite, and 1 / inf the right answer
            return np.column_stack([1.0 / (1.0 + np.exp(odds)), 1.0 / (1.0 + np.exp(-odds))])

    def to_state(self) -> dict[str, Any]:
        return {"kind": self.kind, "a": self.a, "b": self.b, "c": self.c}

    def check(self, classes: int, levels: int = 0) -> None:
        _must(classes == 2, self.kind, f"it is for two classes, and the target has {classes}")


@final
@dataclass(frozen=True)
class Temperature(Calibration):
    """Of any number of classes: softmax(ln p / temperature); above 1 it makes less sure, below 1 surer.

    The likeliest class stays the likeliest. Guo, Pleiss, Sun and Weinberger 2017, "On calibration of modern neural
    networks".

    Example:
        >>> Temperature(2.0)(np.array([[0.64, 0.32, 0.04]])).round(2).tolist()
        [[0.51, 0.36, 0.13]]
    """

    temperature: float

    kind: ClassVar[Literal["beta", "temperature", "conformal"]] = "temperature"

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        scores = np.log(np.maximum(probabilities, LEAST)) / self.temperature
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def to_state(self) -> dict[str, Any]:
        return {"kind": self.kind, "temperature": self.temperature}

    def check(self, classes: int, levels: int = 0) -> None:
        _must(classes >= 2, self.kind, f"it is for classes, and the target has {classes}")


@final
@dataclass(frozen=True)
class Conformal(Calibration):
    """Of quantiles: a number is added to each level, and the levels of a row are put in rising order.

    The number is the residuals' own quantile on rows that nothing had learned from, so that as many of them lie below
    as the level says; from the lowest to the highest level that is conformalised quantile regression with an end of its
    own on either side. Romano, Patterson and Candès 2019, "Conformalized quantile regression".

    Example:
        >>> Conformal((-1.0, 0.0, 2.0))(np.array([[1.0, 2.0, 3.0]])).tolist()
        [[0.0, 2.0, 5.0]]
    """

    shifts: tuple[float, ...]

    kind: ClassVar[Literal["beta", "temperature", "conformal"]] = "conformal"

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        return np.sort(probabilities + np.asarray(self.shifts), axis=1)

    def to_state(self) -> dict[str, Any]:
        return {"kind": self.kind, "shifts": list(self.shifts)}

    def check(self, classes: int, levels: int = 0) -> None:
        _must(
            levels == len(self.shifts),
            self.kind,
            f"it is for {len(self.shifts)} quantiles, and the target has {levels}",
        )


@final
@dataclass(frozen=True)
class Bounds(Calibration):
    """Of a number: what lies below `low` becomes `low`, what lies above `high` becomes `high`; None bounds nothing.

    Where the truth lies within the bounds, no answer comes to lie further from it.

    Example:
        >>> Bounds(0.0, None)(np.array([-1.0, 2.0])).tolist()
        [0.0, 2.0]
    """

    low: float | None
    high: float | None

    kind: ClassVar[Literal["bounds"]] = "bounds"  # type: ignore[assignment]  # the others are of probabilities

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        return np.clip(probabilities, self.low, self.high)

    def to_state(self) -> dict[str, Any]:
        return {"kind": self.kind, "low": self.low, "high": self.high}

    def check(self, classes: int, levels: int = 0) -> None:
        _must(classes == 0 and levels == 0, self.kind, "it is for a number")


def _bounds(state: Mapping[str, Any]) -> Bounds:
    low, high = state.get("low"), state.get("high")
    plain = all(one is None or (type(one) in (int, float) and math.isfinite(one)) for one in (low, high))
    _must(plain and set(state) == {"kind", "low", "high"}, "bounds", "its parts are not two numbers")
    _must(low is None or high is None or low < high, "bounds", "the lower is not below the upper")
    return Bounds(low, high)


def calibration_from_state(state: Mapping[str, Any]) -> Calibration:
    """What `to_state` described.

    Raises:
        InputError: it has another form.
    """
    kind = state.get("kind")
    if kind == "bounds":
        return _bounds(state)
    if kind == "conformal":
        shifts = state.get("shifts")
        fit = isinstance(shifts, list) and all(type(one) in (int, float) and math.isfinite(one) for one in shifts)
        _must(fit and set(state) == {"kind", "shifts"}, "conformal", "its parts are not a list of finite numbers")
        return Conformal(tuple(float(one) for one in shifts or ()))
    names = {"beta": {"a", "b", "c"}, "temperature": {"temperature"}}.get(kind) if isinstance(kind, str) else None
    if names is None:
        raise InputError(
            f"the calibration has the kind {str(kind)[:40]!r}; there are beta, temperature, conformal, bounds"
        )
    assert isinstance(kind, str)
    _must(set(state) == {"kind", *names}, kind, f"its parts are not {', '.join(sorted(names))}")
    values = {name: state[name] for name in names}
    plain = all(
        type(value) in (int, float) and math.isfinite(value) and abs(value) <= _MOST for value in values.values()
    )
    _must(plain, kind, "its numbers are none, or too large")
    if kind == "beta":
        _must(values["a"] >= 0 and values["b"] >= 0, kind, "a and b must not be below zero")
        return Beta(**{name: float(value) for name, value in values.items()})
    _must(values["temperature"] > 0, kind, "the temperature must be above zero")
    return Temperature(float(values["temperature"]))


def _must(holds: bool, kind: str, rule: str) -> None:
    if not holds:
        raise InputError(f"the calibration ({kind}) does not hold: {rule}")
