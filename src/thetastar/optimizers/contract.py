"""What every optimiser is: settings that the core knows, settings of groups of parameters, and `minimize`."""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from fnmatch import fnmatchcase
from typing import ClassVar

import numpy as np

from .._checks import nearest, real, whole
from ..errors import InputError

FACTOR = "learning_rate_factor"


@dataclass(frozen=True)
class Optimizer(ABC):
    """The contract of an optimiser: settings that the core knows, and `minimize` for a function of one's own.

    Args:
        groups: other settings for some parameters: {"*.bias": {"weight_decay": 0.0, "learning_rate_factor": 0.1}}. The
            first pattern that fits a parameter's name counts. "learning_rate_factor" multiplies the learning rate;
            everything else is a setting of the optimiser. A weight_decay named here acts on biases too.

    Raises:
        InputError: a setting breaks its rule, or a group names a setting that the optimiser does not have.

    Example:
        >>> from thetastar.optimizers import AdamW
        >>> AdamW(groups={"*.bias": {"learning_rate_factor": 0.1}}).to_dict()["groups"]
        {'*.bias': {'learning_rate_factor': 0.1}}
    """

    name: ClassVar[str]
    searches_lines: ClassVar[bool] = False  # works on all rows at once, evaluating as often as it needs

    groups: Mapping[str, Mapping] | None = field(default=None, kw_only=True, hash=False)

    def __post_init__(self) -> None:
        where = type(self).__name__
        real(where, "learning_rate", self.learning_rate, 0.0, open_low=True)
        if hasattr(self, "weight_decay"):
            real(where, "weight_decay", self.weight_decay, 0.0)
        self._check()
        if self.groups is not None:
            self._check_groups(where)

    def _check(self) -> None:  # noqa: B027  (most have something to check, some have not)
        """Refuse settings that break a rule; the learning rate and the decay are checked already."""

    def _check_groups(self, where: str) -> None:
        if not isinstance(self.groups, Mapping) or not all(isinstance(s, Mapping) for s in self.groups.values()):
            raise InputError(
                f'{where}: groups must be a dict of dicts, {{"*.bias": {{"weight_decay": 0.0}}}}. Got {self.groups!r}. '
                "Name a pattern of parameters and their settings."
            )
        for pattern, settings in self.groups.items():
            self._group(pattern, settings)

    def _group(self, pattern: str, settings: Mapping) -> Optimizer:
        """The optimiser of a group."""
        where = f"{type(self).__name__}: groups[{pattern!r}]"
        known = [f.name for f in fields(self) if f.name != "groups"]
        unknown = [key for key in settings if key not in (*known, FACTOR)]
        if unknown:
            raise InputError(f"{where}: there is no setting {unknown[0]!r}. {nearest(unknown[0], [*known, FACTOR])}")
        own = {key: value for key, value in settings.items() if key != FACTOR}
        factor = real(where, FACTOR, settings.get(FACTOR, 1.0), 0.0, open_low=True)
        group = replace(self, groups=None, **own)
        return replace(group, learning_rate=group.learning_rate * factor)

    def to_dict(self) -> dict:
        """Return the settings as plain data: {"kind": name, …}; `get` reads it back."""
        settings = asdict(self)
        if self.groups is None:
            del settings["groups"]
        return {"kind": self.name} | settings

    def to_native(self) -> dict:
        """Return the settings as the core wants them, without the groups."""
        return {key: value for key, value in self.to_dict().items() if key != "groups"}

    def native_groups(self, where: str, names: list[str]) -> list[dict]:
        """Return the settings of each parameter as the core wants them; nothing where all have the same.

        Raises:
            InputError: a pattern fits no parameter.
        """
        if not self.groups:
            return []
        fitting = {pattern for pattern in self.groups for name in names if fnmatchcase(name, pattern)}
        if lost := [pattern for pattern in self.groups if pattern not in fitting]:
            raise InputError(
                f"{where}: each pattern of groups must fit a parameter. {lost[0]!r} fits none of {', '.join(names)}. "
                "Use * for any part of a name."
            )
        all_settings = []
        for name in names:
            pattern = next((pattern for pattern in self.groups if fnmatchcase(name, pattern)), None)
            if pattern is None:
                all_settings.append(self.to_native())
                continue
            settings = self.groups[pattern]
            all_settings.append(self._group(pattern, settings).to_native() | {"decay_all": "weight_decay" in settings})
        return all_settings

    def check_loss(self, where: str, loss) -> None:  # noqa: B027  (nearly all work with any loss)
        """Refuse a loss that the optimiser cannot work with."""

    def minimize(
        self, f: Callable, theta0, steps: int, *, on_step: Callable[[list[np.ndarray]], None] | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Descend on a function of one's own, in double precision.

        Args:
            f: f(theta) -> (value, gradient), with theta and gradient of shape (n,).
            theta0: (n,) where to start.
            steps: how many steps to take.
            on_step: called after every step with the optimiser's states, each (n,), in its own order.

        Returns:
            The path, (steps + 1, n), and the values along it, (steps + 1,).

        Raises:
            InputError: theta0 is not a vector, or f's gradient has another shape.

        Example:
            >>> from thetastar.optimizers import SGD
            >>> path, values = SGD(learning_rate=0.1).minimize(lambda t: (float(t @ t), 2 * t), [1.0], steps=2)
            >>> path.ravel().round(2).tolist()
            [1.0, 0.8, 0.64]
        """
        from .._native import engine

        theta = np.array(theta0, dtype=np.float64)
        if theta.ndim != 1 or theta.size == 0:
            raise InputError(
                f"minimize: theta0 must have shape (n,). Got {theta.shape}. Use [{theta0!r}] for one number."
            )
        steps = whole("minimize", "steps", steps)

        def evaluate(at: np.ndarray) -> tuple[float, np.ndarray]:
            value, gradient = f(at.copy())
            gradient = np.ascontiguousarray(gradient, dtype=np.float64)
            if gradient.shape != theta.shape:
                raise InputError(
                    f"minimize: f must return a gradient of theta's shape {theta.shape}. Got {gradient.shape}. "
                    "Return (value, gradient)."
                )
            return float(value), gradient

        groups = self.native_groups("minimize", ["theta"])
        minimizer = engine.Minimizer(groups[0] if groups else self.to_native(), theta)
        path, values = [theta.copy()], []
        for _ in range(steps):
            if self.searches_lines:
                values.append(minimizer.descend(evaluate))
            else:
                value, gradient = evaluate(path[-1])
                values.append(value)
                if minimizer.wants_curvature():
                    minimizer.add_curvature(self._curvature(minimizer, evaluate, path[-1]))
                minimizer.step(gradient)
            path.append(minimizer.theta())
            if on_step is not None:
                on_step(minimizer.states())
        values.append(float(f(path[-1].copy())[0]))
        return np.array(path), np.array(values)

    def _curvature(self, minimizer, evaluate, theta: np.ndarray) -> np.ndarray:
        """u ⊙ H u with random signs u, from two more gradients of f."""
        signs, far = minimizer.signs(0), minimizer.curvature_step()
        there, back = (evaluate(theta + side * far * signs)[1] for side in (1, -1))
        return signs * (there - back) / (2 * far)


def check_betas(optimizer) -> None:
    """Refuse β₁ and β₂ outside [0, 1) and a negative ε."""
    where = type(optimizer).__name__
    real(where, "beta_1", optimizer.beta_1, 0.0, 1.0, open_high=True)
    real(where, "beta_2", optimizer.beta_2, 0.0, 1.0, open_high=True)
    if hasattr(optimizer, "epsilon"):
        real(where, "epsilon", optimizer.epsilon, 0.0)
