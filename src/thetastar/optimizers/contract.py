"""What every optimiser is: settings that the core knows, settings of groups of parameters, and `minimize`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from fnmatch import fnmatchcase
from typing import ClassVar

import numpy as np

from .._checks import nearest, one_of, real, whole
from .._words import Described, ignored, must_be
from ..errors import InputError

FACTOR = "learning_rate_factor"
PARAMETRIZATION = "parametrization"
_CLIPPING = "Give clip_norm or clip_value to ts.train: they act on the gradient before any optimiser sees it."


def betas(value, settings) -> dict:
    """PyTorch's `betas` in our words."""
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise InputError(
            f"betas: they must be two numbers, (beta_1, beta_2). Got {value!r}. Use for example (0.9, 0.999)."
        )
    return {"beta_1": value[0], "beta_2": value[1]}


def _use_ema(value, settings) -> dict:
    return {"average": {"kind": "exponential", "momentum": settings.get("ema_momentum", 0.99)}} if value else {}


# what the optimisers of Keras, PyTorch and optax have in common
WORDS = {
    "lr": "learning_rate",
    "name": ignored,
    "foreach": ignored,
    "fused": ignored,
    "capturable": ignored,
    "differentiable": ignored,
    "mu_dtype": ignored,
    "maximize": must_be("maximize", False, otherwise="Descend on the negative of what should grow."),
    "clipnorm": must_be("clipnorm", None, otherwise=_CLIPPING),
    "clipvalue": must_be("clipvalue", None, otherwise=_CLIPPING),
    "global_clipnorm": must_be("global_clipnorm", None, otherwise=_CLIPPING),
    "use_ema": _use_ema,
    "ema_momentum": ignored,  # `use_ema` reads it
    "ema_overwrite_frequency": must_be(
        "ema_overwrite_frequency", None, otherwise="The average is what training returns."
    ),
    "loss_scale_factor": must_be("loss_scale_factor", None, otherwise="Single precision needs none."),
    "gradient_accumulation_steps": must_be(
        "gradient_accumulation_steps", None, otherwise="Use a batch_size so many times as large: it is the same step."
    ),
}
# and those with two running means
MEANS = WORDS | {"betas": betas, "b1": "beta_1", "b2": "beta_2", "eps": "epsilon",
                 "eps_root": must_be("eps_root", 0.0, 0, otherwise="Use epsilon.")}  # fmt: skip


@dataclass(frozen=True)
class Average:
    """A mean of the parameters over the updates, which is what training measures and returns in their place.

    Its moments are the updates `start` + `every`, `start` + 2 `every`, …; the mean is θ itself up to the first of them.

    Args:
        kind: "exponential": mean ← momentum · mean + (1 - momentum) θ at each moment (EMA); "equal": the plain mean
            over the moments (SWA, Polyak's averaging).
        momentum: of the exponential one, from 0 to below 1.
        start: updates before the first moment counts, from 0.
        every: updates from one moment to the next, from 1; the updates of an epoch for PyTorch's usual SWA.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> from thetastar.optimizers import Average, SGD
        >>> SGD(0.1, average=Average("equal", start=100)).to_dict()["average"]
        {'kind': 'equal', 'momentum': 0.99, 'start': 100, 'every': 1}

    Source: Polyak and Juditsky 1992; Izmailov et al. 2018 (SWA). Keras: use_ema, ema_momentum of every optimiser;
    PyTorch: torch.optim.swa_utils.AveragedModel; optax: ema.
    """

    kind: str = "exponential"
    momentum: float = 0.99
    start: int = 0
    every: int = 1

    def __post_init__(self) -> None:
        one_of("Average", "kind", self.kind, ("exponential", "equal"))
        real("Average", "momentum", self.momentum, 0.0, 1.0, open_high=True)
        whole("Average", "start", self.start)
        whole("Average", "every", self.every, 1)

    @classmethod
    def of(cls, given) -> Average | None:
        """Return the average for its name, a dict of its settings, or itself."""
        if given is None or isinstance(given, Average):
            return given
        settings = (
            dict(given)
            if isinstance(given, Mapping)
            else {"kind": {"ema": "exponential", "swa": "equal"}.get(given, given)}
        )
        known = [field.name for field in fields(cls)]
        if unknown := [key for key in settings if key not in known]:
            raise InputError(f"Average: there is no setting {unknown[0]!r}. {nearest(unknown[0], known)}")
        return cls(**settings)


@dataclass(frozen=True)
class Optimizer(metaclass=Described):
    """The contract of an optimiser: settings that the core knows, and `minimize` for a function of one's own.

    Args:
        groups: other settings for some parameters: {"*.bias": {"weight_decay": 0.0, "learning_rate_factor": 0.1}}. The
            first pattern that fits a parameter's name counts. "learning_rate_factor" multiplies the learning rate;
            everything else is a setting of the optimiser. A weight_decay named here acts on biases too.
            "parametrization": "ntk" moves weights (I, O) as if W √I were what is learned and z = x (W √I) / √I: with
            Adam and AdamW that is a rate 1 / √I times, and a decay √I times as large (Jacot et al. 2018).

        average: an `Average` of the parameters, or "exponential" or "equal", for training.

    Raises:
        InputError: a setting breaks its rule, or a group names a setting that the optimiser does not have.

    Example:
        >>> from thetastar.optimizers import AdamW
        >>> AdamW(groups={"*.bias": {"learning_rate_factor": 0.1}}).to_dict()["groups"]
        {'*.bias': {'learning_rate_factor': 0.1}}
    """

    name: ClassVar[str]
    sees_arrays: ClassVar[bool] = False  # an array's step depends on all of its gradient
    keeps_mean: ClassVar[bool] = False  # what training returns is a mean that the rule itself keeps
    searches_lines: ClassVar[bool] = False  # works on all rows at once, evaluating as often as it needs

    groups: Mapping[str, Mapping] | None = field(default=None, kw_only=True, hash=False)
    average: Average | str | Mapping | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        where = type(self).__name__
        real(where, "learning_rate", self.learning_rate, 0.0, open_low=True)
        if hasattr(self, "weight_decay"):
            real(where, "weight_decay", self.weight_decay, 0.0)
        object.__setattr__(self, "average", Average.of(self.average))
        if self.average is not None and (self.searches_lines or self.keeps_mean):
            raise InputError(f"{where}: average is for rules that move by one gradient and keep no mean themselves. "
                             f"Got {self.average!r}. Leave it out.")  # fmt: skip
        self._check()
        if self.groups is not None:
            self._check_groups(where)

    def _check(self) -> None:
        """Refuse settings that break a rule; the learning rate and the decay are checked already."""

    def _check_groups(self, where: str) -> None:
        if not isinstance(self.groups, Mapping) or not all(isinstance(s, Mapping) for s in self.groups.values()):
            raise InputError(
                f'{where}: groups must be a dict of dicts, {{"*.bias": {{"weight_decay": 0.0}}}}. Got {self.groups!r}. '
                "Name a pattern of parameters and their settings."
            )
        for pattern, settings in self.groups.items():
            self._group(pattern, settings)

    def _group(self, pattern: str, settings: Mapping, shape: tuple[int, ...] | None = None) -> Optimizer:
        """The optimiser of a group.

        Args:
            shape: of the parameter, where it is known.
        """
        where = f"{type(self).__name__}: groups[{pattern!r}]"
        own_words = (FACTOR, PARAMETRIZATION)
        known = [f.name for f in fields(self) if f.name not in ("groups", "average")]
        unknown = [key for key in settings if key not in (*known, *own_words)]
        if unknown:
            raise InputError(
                f"{where}: there is no setting {unknown[0]!r}. {nearest(unknown[0], [*known, *own_words])}"
            )
        own = {key: value for key, value in settings.items() if key not in own_words}
        factor = real(where, FACTOR, settings.get(FACTOR, 1.0), 0.0, open_low=True)
        group = replace(self, groups=None, **own)  # the average is for all parameters alike
        group = replace(group, learning_rate=group.learning_rate * factor)
        if one_of(where, PARAMETRIZATION, settings.get(PARAMETRIZATION, "standard"), ("standard", "ntk")) == "ntk":
            group = group._as_ntk(where, shape)
        return group

    def _as_ntk(self, where: str, shape: tuple[int, ...] | None) -> Optimizer:
        """The same for a weight that stands for W √I; Adam's step does not depend on how long the gradient is."""
        settings = self.to_native()
        if settings["kind"] != "adam":
            raise InputError(
                f"{where}: parametrization='ntk' is for Adam, whose step does not depend on the gradient's size. "
                f"Got {type(self).__name__}. Use Adam or AdamW."
            )
        if shape is None:
            return self
        if len(shape) != 2:
            raise InputError(
                f"{where}: parametrization='ntk' is for weights (inputs, units). Got a parameter of shape {shape}. "
                "Name weights alone, such as '*.weight'."
            )
        root = shape[0] ** 0.5
        decay = self.weight_decay * (root if settings.get("decoupled") else root**2)  # type: ignore[attr-defined]
        return replace(self, learning_rate=self.learning_rate / root, weight_decay=decay)

    def __repr__(self) -> str:
        """The learning rate and every setting that is not its default, as they would be typed."""
        told = [
            f"{field.name}={value!r}"
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default or field.name == "learning_rate"
        ]
        return (
            f"{type(self).__name__}({', '.join(sorted(told, key=lambda text: not text.startswith('learning_rate')))})"
        )

    def to_dict(self) -> dict:
        """Return the settings as plain data: {"kind": name, …}; `get` reads it back."""
        settings = asdict(self)
        return {"kind": self.name} | {
            key: value for key, value in settings.items() if value is not None or key not in ("groups", "average")
        }

    def to_native(self) -> dict:
        """Return the settings as the core wants them, without the groups."""
        settings = {key: value for key, value in self.to_dict().items() if key not in ("groups", "average")}
        if self.average is not None:
            settings |= {"average": self.average.kind} | {
                f"average_{key}": getattr(self.average, key) for key in ("momentum", "start", "every")
            }
        return settings

    def native_groups(self, where: str, shapes: Mapping[str, tuple[int, ...]]) -> list[dict]:
        """Return the settings of each parameter as the core wants them; nothing where all have the same.

        Args:
            shapes: {name: shape} of all parameters.

        Raises:
            InputError: a pattern fits no parameter.
        """
        if not self.groups:
            return []
        fitting = {pattern for pattern in self.groups for name in shapes if fnmatchcase(name, pattern)}
        if lost := [pattern for pattern in self.groups if pattern not in fitting]:
            raise InputError(
                f"{where}: each pattern of groups must fit a parameter. {lost[0]!r} fits none of {', '.join(shapes)}. "
                "Use * for any part of a name."
            )
        all_settings = []
        for name, shape in shapes.items():
            pattern = next((pattern for pattern in self.groups if fnmatchcase(name, pattern)), None)
            if pattern is None:
                all_settings.append(self.to_native())
                continue
            settings = self.groups[pattern]
            all_settings.append(
                self._group(pattern, settings, shape).to_native() | {"decay_all": "weight_decay" in settings}
            )
        return all_settings

    def check_loss(self, where: str, loss) -> None:
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

        groups = self.native_groups("minimize", {"theta": theta.shape})
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
