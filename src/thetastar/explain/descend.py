"""Descent on a function that somebody typed: the path, the slopes and the optimiser's state at every step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np

from thetastar import optimizers
from thetastar._checks import whole
from thetastar.errors import InputError
from thetastar.expression import Expression, parse
from thetastar.optimizers import Optimizer

from .result import Explanation, factor, flat_numbers, number
from .update_rules import moment_names

__all__ = ["Descent", "Race", "descend"]

_COLORS = ("orange", "red", "green", "purple", "teal", "pink", "brown", "blue")  # maps are blue
_ROWS = 24  # rows of a table that are printed; of longer ones the first and the last half
_LONGEST = 200  # characters of a derivative that are printed


@dataclass(frozen=True)
class Descent(Explanation):
    """One optimiser's way down a function.

    Attributes:
        function: what was typed, as it was understood.
        variables: the names of its variables, (n,).
        derivatives: the exact partial derivatives, as text, one a variable.
        optimizer: the optimiser.
        path: (steps + 1, n) where it was.
        values: (steps + 1,) the function there.
        gradients: (steps + 1, n) the slopes there.
        states: {"m": (steps + 1, n), …}: the optimiser's states before the first step (zeros) and after each.
        stopped: "steps", or "diverged" where the path left the finite numbers.
    """

    function: str
    variables: tuple[str, ...]
    derivatives: tuple[str, ...]
    optimizer: Optimizer
    path: np.ndarray
    values: np.ndarray
    gradients: np.ndarray
    states: dict[str, np.ndarray]
    stopped: str

    @property
    def best(self) -> int:
        """The step with the lowest value, counted from 0."""
        return int(np.argmin(np.where(np.isfinite(self.values), self.values, np.inf)))

    def __str__(self) -> str:
        return "\n".join([*_heading(self), "", *self._table(), "", self._ending()])

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"optimizer": self.optimizer.to_dict(), "best": self.best}

    def charts(self) -> list[dict[str, Any]]:
        """The function with the path on it, and its value step by step."""
        return _pictures([self], [type(self.optimizer).__name__])

    def _table(self) -> list[str]:
        f = f"f({', '.join(self.variables)})"
        slopes = (
            ["f'(x)".replace("x", self.variables[0])]
            if len(self.variables) == 1
            else [f"∂f/∂{v}" for v in self.variables]
        )
        shown = {
            name: array for name, array in self.states.items() if "_" not in name or name in ("v_max", "last_gradient")
        }
        names = [name if len(self.variables) == 1 else f"{name}[{v}]" for name in shown for v in self.variables]
        header = ["step", *self.variables, f, *slopes, *names]
        plain = self.optimizer.name == "sgd" and self.optimizer.momentum == 0 and len(self.variables) == 1
        if plain:
            header.append("the next: " + f"{self.variables[0]} - η {slopes[0]}")
        rows = []
        for k in _shown(len(self.values)):
            if k is None:
                rows.append(["…"] + [""] * (len(header) - 1))
                continue
            numbers = [
                *self.path[k],
                self.values[k],
                *self.gradients[k],
                *(a for array in shown.values() for a in array[k]),
            ]
            row = [str(k), *(number(v, 9) for v in numbers)]
            if plain:
                last = k == len(self.values) - 1
                x, g = self.path[k, 0], self.gradients[k, 0]
                row.append("" if last else f"{number(x, 9)} - {number(self.optimizer.learning_rate)} · {factor(g, 9)}")
            rows.append(row)
        return _aligned([header, *rows])

    def _ending(self) -> str:
        if self.stopped == "diverged":
            lost = int(np.argmin(np.isfinite(self.values) & np.isfinite(self.path).all(axis=1)))
            return f"Diverged: from step {lost} on the numbers are not finite. A smaller learning rate may help."
        where = ", ".join(f"{v} = {number(x, 9)}" for v, x in zip(self.variables, self.path[-1], strict=True))
        text = f"After {len(self.values) - 1} steps: {where}, f = {number(self.values[-1], 9)}"
        if self.best != len(self.values) - 1 and self.values[self.best] < self.values[-1]:
            text += f"; the lowest was {number(self.values[self.best], 9)} at step {self.best}"
        return text + "."


@dataclass(frozen=True)
class Race(Explanation):
    """Several optimisers from the same start.

    Attributes:
        names: a name for each.
        descents: their ways down, in the same order.
    """

    names: tuple[str, ...]
    descents: tuple[Descent, ...]

    def __getitem__(self, name: str) -> Descent:
        return self.descents[self.names.index(name)]

    def __str__(self) -> str:
        first = self.descents[0]
        header = ["optimiser", *first.variables, "f at the end", "lowest f", "at step", "ended by"]
        rows = [
            [
                name,
                *(number(x) for x in d.path[-1]),
                number(d.values[-1]),
                number(d.values[d.best]),
                str(d.best),
                d.stopped,
            ]
            for name, d in zip(self.names, self.descents, strict=True)
        ]
        head = _heading(first)
        return "\n".join(
            [
                head[0],
                *head[1:-1],
                f"{len(rows)} optimisers, {len(first.values) - 1} steps each",
                "",
                *_aligned([header, *rows]),
            ]
        )

    def charts(self) -> list[dict[str, Any]]:
        """The function with all paths on it, and the values step by step."""
        return _pictures(list(self.descents), list(self.names))


def descend(
    function: str | Expression, start: Any = None, *, optimizer: Any = "sgd", steps: int = 20
) -> Descent | Race:
    """Walk down a typed function of one or two variables, with its exact derivative.

    Args:
        function: "x^2 + x", "sin(5x) / x", "(1 - a)^2 + 100 (b - a^2)^2": numbers, names, + - * / ^, parentheses, sin
            cos tan asin acos atan sinh cosh tanh exp log sqrt abs sign step relu sigmoid softplus, pi, e.
        start: a number, or one for each variable in the order of their names.
        optimizer: an optimiser or its name; several of them (a list, or a dict with names) race from the same start.
        steps: how many steps, from 0 to 100,000.

    Returns:
        A `Descent`, or a `Race` of several. The arithmetic is the engine's, in double precision.

    Raises:
        InputError: a function that cannot be read, a start with another number of variables or where the function has
            no value, an optimiser that there is not.

    Example:
        >>> import thetastar as ts
        >>> down = ts.descend("x^2 + x", start=5, optimizer=ts.optimizers.SGD(learning_rate=0.25), steps=7)
        >>> down.path.ravel().tolist()
        [5.0, 2.25, 0.875, 0.1875, -0.15625, -0.328125, -0.4140625, -0.45703125]

    Source: lectures 1 and 4 (gradient descent on a typed function).
    """
    f = function if isinstance(function, Expression) else parse(function)
    if not f.variables:
        raise InputError(f"descend: the function must have a variable. Got {str(f)!r}. Use for example x^2 + x.")
    steps = whole("descend", "steps", steps, 0, 100_000)
    theta = _start(f, start)
    if isinstance(optimizer, Mapping):
        racers = {str(name): optimizers.get(one) for name, one in optimizer.items()}
    elif isinstance(optimizer, Iterable) and not isinstance(optimizer, str):
        racers = _named([optimizers.get(one) for one in optimizer])
    else:
        return _descent(f, theta, optimizers.get(optimizer), steps)
    if not racers:
        raise InputError("descend: there must be at least one optimiser. Got none. Name one, for example 'adam'.")
    return Race(tuple(racers), tuple(_descent(f, theta, racer, steps) for racer in racers.values()))


def _named(racers: list[Optimizer]) -> dict[str, Optimizer]:
    """A name for each: its kind, with the learning rate where two are of one kind."""
    kinds = [type(racer).__name__ for racer in racers]
    named: dict[str, Optimizer] = {}
    for kind, racer in zip(kinds, racers, strict=True):
        name = kind if kinds.count(kind) == 1 else f"{kind} η={number(racer.learning_rate)}"
        while name in named:
            name += "'"
        named[name] = racer
    return named


def _start(f: Expression, start: Any) -> np.ndarray:
    names = ", ".join(f.variables)
    try:
        theta = np.atleast_1d(np.asarray(start, float))
    except (TypeError, ValueError):
        theta = np.zeros(0)
    if start is None or theta.shape != (len(f.variables),) or not np.isfinite(theta).all():
        raise InputError(
            f"descend: start must be one finite number for each variable ({names}). Got {start!r}. "
            f"Use for example start={'5' if len(f.variables) == 1 else '(1, -2)'}."
        )
    value = f(**dict(zip(f.variables, theta, strict=True)))
    if not np.isfinite(value):
        raise InputError(
            f"descend: the function must have a value at the start. Got "
            f"f({', '.join(number(x) for x in theta)}) = {value}. "
            "Start elsewhere."
        )
    return theta


def _descent(f: Expression, theta: np.ndarray, optimizer: Optimizer, steps: int) -> Descent:
    slopes = [f.derivative(variable) for variable in f.variables]
    names = [name for name, _ in moment_names(optimizer)]
    scales = [scale for _, scale in moment_names(optimizer)]
    states = [[np.zeros_like(theta)] for _ in names]

    def at(point: np.ndarray) -> tuple[float, np.ndarray]:
        values = dict(zip(f.variables, point, strict=True))
        return f(**values), np.array([slope(**values) for slope in slopes])

    def remember(now: list[np.ndarray]) -> None:
        for kept, array, scale in zip(states, now, scales, strict=True):
            kept.append(array * scale)

    with np.errstate(all="ignore"):
        path, values = optimizer.minimize(at, theta, steps, on_step=remember)
    columns = dict(zip(f.variables, path.T, strict=True))
    values = np.atleast_1d(np.asarray(f(**columns), float))
    gradients = np.stack([np.broadcast_to(slope(**columns), values.shape) for slope in slopes], axis=1)
    finite = np.isfinite(path).all() and np.isfinite(values).all()
    return Descent(
        str(f),
        f.variables,
        tuple(str(slope) for slope in slopes),
        optimizer,
        path,
        values,
        gradients,
        {name: np.array(kept) for name, kept in zip(names, states, strict=True)},
        "steps" if finite else "diverged",
    )


def _heading(d: Descent) -> list[str]:
    def short(text: str) -> str:
        return text if len(text) <= _LONGEST else text[:_LONGEST] + " …"

    lines = [f"f({', '.join(d.variables)}) = {short(d.function)}"]
    if len(d.variables) == 1:
        lines.append(f"f'({d.variables[0]}) = {short(d.derivatives[0])}")
    else:
        lines += [f"∂f/∂{v} = {short(text)}" for v, text in zip(d.variables, d.derivatives, strict=True)]
    settings = ", ".join(f"{key}={value}" for key, value in d.optimizer.to_dict().items() if key != "kind")
    return [*lines, f"{type(d.optimizer).__name__}: {settings}"]


def _shown(count: int) -> list[int | None]:
    if count <= _ROWS:
        return list(range(count))
    return [*range(_ROWS // 2), None, *range(count - _ROWS // 2, count)]


def _aligned(rows: list[list[str]]) -> list[str]:
    """Columns of a table, numbers to the right; the first column too."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _pictures(descents: list[Descent], names: list[str]) -> list[dict[str, Any]]:
    first = descents[0]
    f = parse(first.function) if len(first.function) <= 300 else None
    on_it = [] if f is None else [(_curve if len(first.variables) == 1 else _map)(f, descents, names)]
    steps = list(range(len(first.values)))
    falls = {
        "kind": "lines",
        "title": "The value, step by step",
        "x": {"title": "step", "format": "integer"},
        "y": {"title": "f"},
        "series": [
            {"name": n, "x": steps, "y": flat_numbers(_capped(d.values)), "color": color}
            for n, d, color in zip(names, descents, cycle(_COLORS), strict=False)
        ],
    }
    return [*on_it, falls]


def _capped(values: np.ndarray) -> np.ndarray:
    """Values for a picture: what is a million times above the rest would hide it."""
    start = np.abs(values[0]) + 1
    return np.where(np.abs(values) < 1e6 * start, values, np.nan)


def _range(paths: list[np.ndarray]) -> tuple[float, float]:
    """Where to draw: around the paths, and not much farther than ten times the first step where they run away."""
    points = np.concatenate(paths)
    points = points[np.isfinite(points)]
    start = paths[0][0]
    reach = max(abs(start), 1.0) * 10
    points = points[np.abs(points - start) <= reach]
    low, high = points.min(initial=start), points.max(initial=start)
    room = max(0.15 * (high - low), 0.5)
    return low - room, high + room


def _curve(f: Expression, descents: list[Descent], names: list[str]) -> dict[str, Any]:
    variable = f.variables[0]
    low, high = _range([d.path[:, 0] for d in descents])
    x = np.linspace(low, high, 400)
    series: list[dict[str, Any]] = [
        {"x": flat_numbers(x), "y": flat_numbers(f(**{variable: x})), "color": "ink", "quiet": True}
    ]
    for name, d, color in zip(names, descents, cycle(_COLORS), strict=False):
        inside = (d.path[:, 0] >= low) & (d.path[:, 0] <= high)
        on_it = {
            "name": name,
            "color": color,
            "x": flat_numbers(d.path[inside, 0]),
            "y": flat_numbers(d.values[inside]),
        }
        series.append(on_it | {"type": "dots", "labels": [f"step {k}" for k in np.flatnonzero(inside)]})
        series.append(on_it | {"group": name, "width": 1, "quiet": True})
    return {
        "kind": "lines",
        "title": f"f({variable}) = {str(f)[:_LONGEST]}",
        "x": {"title": variable},
        "y": {"title": "f"},
        "hover": "nearest",
        "series": series,
    }


def _map(f: Expression, descents: list[Descent], names: list[str]) -> dict[str, Any]:
    a, b = f.variables
    (left, right), (low, high) = (_range([d.path[:, i] for d in descents]) for i in (0, 1))
    across, up = np.linspace(left, right, 90), np.linspace(low, high, 90)
    values = f(**{a: across[None, :], b: up[:, None]})
    finite = values[np.isfinite(values)]
    positive = finite.size > 0 and finite.min() > 0
    paths = []
    for name, d, color in zip(names, descents, cycle(_COLORS), strict=False):
        inside = np.isfinite(d.path).all(axis=1) & (
            np.abs(d.path - [left, low]) <= 10 * np.array([right - left, high - low])
        ).all(axis=1)
        points = [[float(x), float(y)] for x, y in d.path[inside]]
        paths.append({"name": name, "color": color, "points": points})
    return {
        "kind": "contours",
        "title": f"f({a}, {b}) = {str(f)[:_LONGEST]}",
        "x": {"title": a},
        "y": {"title": b},
        "shape": [90, 90],
        "extent": [left, right, low, high],
        "values": flat_numbers(values),
        "scale": {"kind": "sequential", "title": "f", "log": bool(positive)},
        "levels": 14,
        "paths": paths,
    }
