"""What a forecasting method is, and what fitting one leaves behind."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

import numpy as np

from thetastar.forecasting.features import Inputs
from thetastar.forecasting.panel import Panel

__all__ = ["FITTED", "Fitted", "Logged", "LoggedFitted", "Method", "fits", "half_of_lowest"]

FITTED: dict[str, type[Fitted]] = {}
"""Every kind of fitted method by its name: the closed list that a model file may name."""


class Fitted(ABC):
    """A fitted method. It holds parameters only; what happened comes with the panel at every call.

    A subclass is a frozen dataclass whose fields are arrays, numbers, texts, tuples of them, or fitted methods; so it
    is saved and read by one rule.
    """

    kind: ClassVar[str]

    def __init_subclass__(cls, kind: str, **rest: Any) -> None:
        super().__init_subclass__(**rest)
        cls.kind = kind
        FITTED[kind] = cls

    @abstractmethod
    def forecast(self, panel: Panel, origins: np.ndarray, steps: int) -> np.ndarray:
        """(n, O, steps) forecasts of the steps after each origin (a column), from what is known up to it."""

    def state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Plain data and arrays, by which `from_state` makes an equal one."""
        plain: dict[str, Any] = {"kind": self.kind}
        arrays: dict[str, np.ndarray] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                arrays[field.name] = value
            elif isinstance(value, Fitted):
                inner, inner_arrays = value.state()
                plain[field.name] = inner
                arrays |= {f"{field.name}/{name}": array for name, array in inner_arrays.items()}
            elif isinstance(value, Inputs):
                plain[field.name] = asdict(value)
            else:
                plain[field.name] = list(value) if isinstance(value, tuple) else value
        return plain, arrays

    def check(self, series: int) -> None:  # noqa: B027 - many have nothing to check
        """Whether the parts fit one another and so many series, as those of a file must before they are used.

        Raises:
            ValueError: they do not; the message says what.
        """

    @classmethod
    def from_state(cls, plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> Fitted:
        """The fitted method that `state` described.

        Raises:
            KeyError, TypeError, ValueError: something is missing, unknown, or of the wrong kind.
        """
        kind = FITTED[plain["kind"]]
        values: dict[str, Any] = {}
        for field in fields(kind):
            given = plain.get(field.name)
            if field.name in arrays:
                values[field.name] = arrays[field.name]
            elif field.name == "inputs":
                values[field.name] = Inputs.checked(given)
            elif isinstance(given, dict) and "kind" in given and field.name != "network":
                prefix = f"{field.name}/"
                inner = {name.removeprefix(prefix): a for name, a in arrays.items() if name.startswith(prefix)}
                values[field.name] = Fitted.from_state(given, inner)
            else:
                values[field.name] = _of_type(plain[field.name], str(field.type), field.name)
        return kind(**values)


def fits(**parts: tuple[np.ndarray, tuple[int, ...]]) -> None:
    """Whether arrays have the shapes that they must have, and finite numbers.

    Raises:
        ValueError: one has not.
    """
    for name, (array, shape) in parts.items():
        if array.shape != shape:
            raise ValueError(f"{name} has the shape {array.shape}, and not {shape}")
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ValueError(f"{name} holds a number that is not finite")


def _of_type(value: Any, wanted: str, name: str) -> Any:
    """Plain data of the kind that a field declares."""
    if wanted == "bool" and isinstance(value, bool):
        return value
    if wanted == "int" and type(value) is int and 0 <= value <= 1_000_000:
        return value
    if wanted == "float" and type(value) in (int, float) and np.isfinite(value):
        return float(value)
    if wanted == "str" and isinstance(value, str):
        return value
    if wanted.startswith("dict") and isinstance(value, dict):
        return value
    raise ValueError(f"{name} is {str(value)[:40]!r}, which is no {wanted} that this can be")


@dataclass(frozen=True)
class Method(ABC):
    """A way to forecast, not yet fitted.

    Attributes:
        name: what people read.
        simple: how plain it is; of methods that validation cannot tell apart the plainer is taken. 0 is plainest.
        baseline: whether it is one of the plain rivals that always stand beside the others.
    """

    name: ClassVar[str]
    simple: ClassVar[int] = 5
    baseline: ClassVar[bool] = False

    @abstractmethod
    def fit(self, panel: Panel, cut: int, horizon: int) -> Fitted:
        """Learn from the columns before `cut` alone, for forecasts of `horizon` steps."""


@dataclass(frozen=True)
class Logged(Method):
    """A method on the logarithms of the values, where all of them are above zero."""

    inner: Method

    @property
    def name(self) -> str:
        return f"{self.inner.name}, logarithms"

    @property
    def simple(self) -> int:
        return self.inner.simple + 1

    def fit(self, panel: Panel, cut: int, horizon: int) -> Fitted:
        lowest = half_of_lowest(panel, cut)
        return LoggedFitted(self.inner.fit(panel.logged(lowest), cut, horizon), lowest)


def half_of_lowest(panel: Panel, cut: int) -> np.ndarray:
    """(n,) half of each series' lowest known value before the cut; 1 where there is none."""
    before = np.where(np.isnan(panel.raw[:, :cut]), np.inf, panel.raw[:, :cut]).min(axis=1)
    return np.where(np.isfinite(before) & (before > 0), before / 2, 1.0)


@dataclass(frozen=True)
class LoggedFitted(Fitted, kind="logged"):
    """A fitted method that reads logarithms; its forecasts are turned back.

    `lowest` (n,) stands for every value below it, such as a later zero, which has no logarithm.
    """

    inner: Fitted
    lowest: np.ndarray

    def check(self, series: int) -> None:
        fits(lowest=(self.lowest, (series,)))
        if not (self.lowest > 0).all():
            raise ValueError("the lowest value must be above 0")
        self.inner.check(series)

    def forecast(self, panel: Panel, origins: np.ndarray, steps: int) -> np.ndarray:
        return np.exp(np.minimum(self.inner.forecast(panel.logged(self.lowest), origins, steps), 700.0))
