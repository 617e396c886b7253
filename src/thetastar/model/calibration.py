"""Calibration: from probabilities to probabilities that come true as often as they say.

A calibration is fitted on predictions of rows that the members had not learned from (`study/calibrate.py`), stands in
the model file as a few numbers, and is the last step before a probability is handed out. Beta and temperature keep the
likeliest class of one half and the order of rows by the probability of a class of two; a scale and a shift a class may
name another class. Of several labels each has a beta calibration of its own, or none. Quantiles are corrected in the
same place, each by a number, and a number that the user knows the bounds of is kept within them.

Probabilities below `LEAST` count as `LEAST`: a logarithm needs a number above zero.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, final

import numpy as np

from thetastar.errors import InputError

__all__ = [
    "LEAST", "Beta", "Bounds", "Calibration", "Conformal", "EachLabel", "Temperature", "VectorScaling",
    "calibration_from_state",
]  # fmt: skip

LEAST = 1e-12
"""The exporters have the same number."""

Kind = Literal["beta", "temperature", "vector", "labels", "conformal"]

_MOST = 1e6  # of any number in a file: what is fitted lies within a few units of 1 and 0


class Calibration(ABC):
    """The contract: (n, C) probabilities, (n, K) of labels, (n, Q) quantiles or (n,) numbers in and out, and a state
    that gives the same bits again.
    """

    kind: ClassVar[Kind]

    @abstractmethod
    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        """(n, C) calibrated probabilities, (n, K) of labels, or (n, Q) quantiles; a row's do not depend on the
        others.
        """

    @abstractmethod
    def to_state(self) -> dict[str, Any]:
        """A JSON-able dict: the kind and its numbers."""

    @abstractmethod
    def check(self, classes: int, levels: int = 0, labels: int = 0) -> None:
        """That it suits a target of so many classes, so many levels of quantiles, or so many labels.

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

    kind: ClassVar[Kind] = "beta"

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        logs = np.log(np.maximum(probabilities, LEAST))
        odds = self.a * logs[:, 1] - self.b * logs[:, 0] + self.c
        with np.errstate(over="ignore"):  # exp of a large number is infinite, and 1 / inf the right answer
            return np.column_stack([1.0 / (1.0 + np.exp(odds)), 1.0 / (1.0 + np.exp(-odds))])

    def to_state(self) -> dict[str, Any]:
        return {"kind": self.kind, "a": self.a, "b": self.b, "c": self.c}

    def check(self, classes: int, levels: int = 0, labels: int = 0) -> None:
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

    kind: ClassVar[Kind] = "temperature"

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        scores = np.log(np.maximum(probabilities, LEAST)) / self.temperature
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def to_state(self) -> dict[str, Any]:
        return {"kind": self.kind, "temperature": self.temperature}

    def check(self, classes: int, levels: int = 0, labels: int = 0) -> None:
        _must(classes >= 2, self.kind, f"it is for classes, and the target has {classes}")


@final
@dataclass(frozen=True)
class VectorScaling(Calibration):
    """Of more than two classes: softmax(scale_c ln p_c + shift_c), a scale and a shift for each class.

    With all scales 1 / T and no shifts it is a temperature T. A class whose probabilities are too low as a rule is
    moved up by its shift, one whose are too sure has a smaller scale. Guo, Pleiss, Sun and Weinberger 2017, "On
    calibration of modern neural networks" (vector scaling); on logarithms of probabilities it is Dirichlet calibration
    with a diagonal matrix: Kull and others 2019, "Beyond temperature scaling".

    Example:
        >>> VectorScaling((1.0, 1.0, 1.0), (0.0, 0.0, 1.0))(np.array([[0.5, 0.3, 0.2]])).round(2).tolist()
        [[0.37, 0.22, 0.4]]
    """

    scale: tuple[float, ...]
    shift: tuple[float, ...]

    kind: ClassVar[Kind] = "vector"

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        scores = np.log(np.maximum(probabilities, LEAST)) * np.asarray(self.scale) + np.asarray(self.shift)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def to_state(self) -> dict[str, Any]:
        return {"kind": self.kind, "scale": list(self.scale), "shift": list(self.shift)}

    def check(self, classes: int, levels: int = 0, labels: int = 0) -> None:
        wanted = f"it is for {len(self.scale)} classes, and the target has {classes}"
        _must(classes == len(self.scale) == len(self.shift) and classes > 2, self.kind, wanted)


@final
@dataclass(frozen=True)
class EachLabel(Calibration):
    """Of several labels: the probability of each by its own beta calibration; None leaves a label's as it is.

    Example:
        >>> EachLabel((Beta(0.5, 0.5, 0.0), None))(np.array([[0.9, 0.9]])).round(2).tolist()
        [[0.75, 0.9]]
    """

    parts: tuple[Beta | None, ...]

    kind: ClassVar[Kind] = "labels"

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        found = np.array(probabilities, dtype=np.float64)
        for k, part in enumerate(self.parts):
            if part is not None:
                yes = found[:, k]
                found[:, k] = part(np.column_stack([1.0 - yes, yes]))[:, 1]
        return found

    def to_state(self) -> dict[str, Any]:
        parts = [None if part is None else {"a": part.a, "b": part.b, "c": part.c} for part in self.parts]
        return {"kind": self.kind, "parts": parts}

    def check(self, classes: int, levels: int = 0, labels: int = 0) -> None:
        _must(labels == len(self.parts), self.kind, f"it is for {len(self.parts)} labels, and the target has {labels}")


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

    kind: ClassVar[Kind] = "conformal"

    def __call__(self, probabilities: np.ndarray) -> np.ndarray:
        return np.sort(probabilities + np.asarray(self.shifts), axis=1)

    def to_state(self) -> dict[str, Any]:
        return {"kind": self.kind, "shifts": list(self.shifts)}

    def check(self, classes: int, levels: int = 0, labels: int = 0) -> None:
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

    def check(self, classes: int, levels: int = 0, labels: int = 0) -> None:
        _must(classes == levels == labels == 0, self.kind, "it is for a number")


def calibration_from_state(state: Mapping[str, Any]) -> Calibration:
    """What `to_state` described.

    Raises:
        InputError: it has another form.
    """
    kind = state.get("kind")
    if not isinstance(kind, str) or kind not in _READERS:
        raise InputError(f"the calibration has the kind {str(kind)[:40]!r}; there are {', '.join(_READERS)}")
    return _READERS[kind]({name: part for name, part in state.items() if name != "kind"})


def _beta(state: Mapping[str, Any], kind: str = "beta") -> Beta:
    _must(set(state) == {"a", "b", "c"}, kind, "its parts are not a, b, c")
    _must(_small(list(state.values())), kind, "its numbers are none, or too large")
    _must(state["a"] >= 0 and state["b"] >= 0, kind, "a and b must not be below zero")
    return Beta(float(state["a"]), float(state["b"]), float(state["c"]))


def _temperature(state: Mapping[str, Any]) -> Temperature:
    _must(set(state) == {"temperature"}, "temperature", "its parts are not temperature")
    _must(_small(list(state.values())), "temperature", "its numbers are none, or too large")
    _must(state["temperature"] > 0, "temperature", "the temperature must be above zero")
    return Temperature(float(state["temperature"]))


def _vector(state: Mapping[str, Any]) -> VectorScaling:
    _must(set(state) == {"scale", "shift"}, "vector", "its parts are not scale, shift")
    scale, shift = state["scale"], state["shift"]
    _must(
        _small(scale) and _small(shift) and len(scale) == len(shift),
        "vector",
        "scale and shift are not as many numbers",
    )
    _must(all(one >= 0 for one in scale), "vector", "no scale must be below zero")
    return VectorScaling(tuple(map(float, scale)), tuple(map(float, shift)))


def _labels(state: Mapping[str, Any]) -> EachLabel:
    parts = state.get("parts")
    fit = isinstance(parts, list) and all(part is None or isinstance(part, dict) for part in parts)
    _must(fit and set(state) == {"parts"}, "labels", "its parts are not a list of calibrations or None")
    return EachLabel(tuple(None if part is None else _beta(part, "labels") for part in parts or ()))


def _conformal(state: Mapping[str, Any]) -> Conformal:
    shifts = state.get("shifts")
    fit = isinstance(shifts, list) and all(type(one) in (int, float) and math.isfinite(one) for one in shifts)
    _must(fit and set(state) == {"shifts"}, "conformal", "its parts are not a list of finite numbers")
    return Conformal(tuple(float(one) for one in shifts or ()))


def _bounds(state: Mapping[str, Any]) -> Bounds:
    low, high = state.get("low"), state.get("high")
    plain = all(one is None or (type(one) in (int, float) and math.isfinite(one)) for one in (low, high))
    _must(plain and set(state) == {"low", "high"}, "bounds", "its parts are not two numbers")
    _must(low is None or high is None or low < high, "bounds", "the lower is not below the upper")
    return Bounds(low, high)


_READERS: dict[str, Callable[[Mapping[str, Any]], Calibration]] = {
    "beta": _beta, "temperature": _temperature, "vector": _vector, "labels": _labels, "conformal": _conformal,
    "bounds": _bounds,
}  # fmt: skip
"""What reads the numbers of each kind of calibration."""


def _small(values: Any) -> bool:
    """Whether these are numbers of the size of fitted ones."""
    return isinstance(values, list) and all(
        type(value) in (int, float) and math.isfinite(value) and abs(value) <= _MOST for value in values
    )


def _must(holds: bool, kind: str, rule: str) -> None:
    if not holds:
        raise InputError(f"the calibration ({kind}) does not hold: {rule}")
