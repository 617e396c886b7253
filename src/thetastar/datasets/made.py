"""Data made by a rule: the lectures' corner points, the shapes of the well-known playground, and typed functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from thetastar._checks import nearest, real, whole
from thetastar.errors import InputError
from thetastar.expression import parse

__all__ = ["MADE", "make"]

Made = tuple[np.ndarray, np.ndarray]  # (rows, 2) points and (rows,) classes or values


def make(
    name: str,
    *,
    rows: int | None = None,
    noise: float | None = None,
    seed: int = 0,
    domain: tuple[float, float] = (-3.0, 3.0),
    arrays: bool = False,
) -> Any:
    """Make data to learn from: points of a plane in two classes or with a value, or rows of a typed function.

    Args:
        name: what to make, with what `noise` means there and its default:

            "and", "or", "xor": rows around the four corners of the unit square, taken in turn (0 0, 0 1, 1 0, 1 1);
                the standard deviation around a corner (0.1). Four rows with noise=0 are the truth table.
            "circle": class 1 within half of the radius 5, class 0 between 0.7 of it and the edge; "quadrants": class 1
                where both coordinates have one sign, up to ±5; how far a point, as a share of 5, is moved at most
                before it gets its class (0).
            "gaussians": a cloud around (2, 2) and one around (-2, -2); the clouds' standard deviation (0.7).
            "spiral": two arms that wind 1.75 times around each other, up to radius 5; "moons": two half circles of
                radius 1 that reach into each other; the standard deviation of a point's place (0).
            "plane": the value (x1 + x2) / 10; "hills": six hills and valleys; both over ±6; the standard deviation of
            the
                value (0).
            Anything else is read as a function: "sin(3x) + x/2", "x^2 - y^2", of one or two variables that lie evenly
                spread at random in `domain`; the standard deviation of the value (0). With > or < between two sides it
                is a class: "y > sin(x)".
        rows: how many rows, 4 for the truth tables without noise and 200 for everything else when None.
        noise: see there; from 0.
        seed: of everything that is drawn.
        domain: where the variables of a typed function lie.
        arrays: give (X, y) float32 arrays in place of columns.

    Returns:
        A dict of columns and the target's name, as `load` gives them: classes are 0 and 1. Or (X, y): (rows, variables)
        and (rows,).

    Raises:
        InputError: a name that is nothing and cannot be read as a function either, no rows, negative noise.

    Example:
        >>> columns, target = make("xor", noise=0)
        >>> columns["x1"].tolist(), columns["x2"].tolist(), columns[target].tolist()
        ([0.0, 0.0, 1.0, 1.0], [0.0, 1.0, 0.0, 1.0], [0, 1, 1, 0])

    Source: lecture 5 (training data around the four corners; perceptron and scalar field).
    """
    where = f"datasets.make({name!r})"
    seed = whole(where, "seed", seed)
    if noise is not None:
        noise = real(where, "noise", noise, 0.0)
    rng = np.random.default_rng(seed)
    if isinstance(name, str) and name in _MAKERS:
        maker, usual_noise = _MAKERS[name]
        noise = usual_noise if noise is None else noise
        count = whole(where, "rows", (4 if name in _TABLES and noise == 0 else 200) if rows is None else rows, 1)
        points, answers = maker(rng, count, noise)
        names, target = ["x1", "x2"], "y"
    else:
        count = whole(where, "rows", 200 if rows is None else rows, 1)
        names, points, answers = _typed(where, name, rng, count, noise or 0.0, domain)
        target = "y" if "y" not in names else "z"
    if arrays:
        return points.astype(np.float32), answers.astype(np.float32)
    return {**{column: points[:, i] for i, column in enumerate(names)}, target: answers}, target


_TABLES = {"and": (0, 0, 0, 1), "or": (0, 1, 1, 1), "xor": (0, 1, 1, 0)}
_CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
_EDGE = 5.0  # of the playground's plane


def _corners(table: str) -> Callable[[np.random.Generator, int, float], Made]:
    def make_rows(rng: np.random.Generator, count: int, noise: float) -> Made:
        corner = np.arange(count) % 4
        points = _CORNERS[corner] + noise * rng.standard_normal((count, 2))
        return points, np.array(_TABLES[table])[corner]

    return make_rows


def _halves(count: int) -> np.ndarray:
    """Classes 1 and 0 in turn."""
    return (np.arange(count) + 1) % 2


def _circle(rng: np.random.Generator, count: int, noise: float) -> Made:
    inside = _halves(count) == 1
    low, high = np.where(inside, 0.0, 0.7 * _EDGE), np.where(inside, 0.5 * _EDGE, _EDGE)
    radius, angle = rng.uniform(low, high), rng.uniform(0, 2 * np.pi, count)
    points = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])
    moved = points + noise * _EDGE * rng.uniform(-1, 1, (count, 2))
    return points, (np.hypot(*moved.T) < 0.5 * _EDGE).astype(int) if noise else inside.astype(int)


def _quadrants(rng: np.random.Generator, count: int, noise: float) -> Made:
    points = rng.uniform(-_EDGE, _EDGE, (count, 2))
    points += np.where(points >= 0, 0.3, -0.3)  # a gap along the axes
    moved = points + noise * _EDGE * rng.uniform(-1, 1, (count, 2))
    return points, (moved[:, 0] * moved[:, 1] >= 0).astype(int)


def _gaussians(rng: np.random.Generator, count: int, noise: float) -> Made:
    classes = _halves(count)
    centres = np.where(classes[:, None] == 1, 2.0, -2.0)
    return centres + noise * rng.standard_normal((count, 2)), classes


def _spiral(rng: np.random.Generator, count: int, noise: float) -> Made:
    classes = _halves(count)
    along = (np.arange(count) // 2) / max((count + 1) // 2, 1)
    angle = 1.75 * 2 * np.pi * along + np.where(classes == 1, 0.0, np.pi)
    points = (_EDGE * along)[:, None] * np.column_stack([np.sin(angle), np.cos(angle)])
    return points + noise * rng.standard_normal((count, 2)), classes


def _moons(rng: np.random.Generator, count: int, noise: float) -> Made:
    classes = _halves(count)
    angle = rng.uniform(0, np.pi, count)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1 - np.cos(angle), 0.5 - np.sin(angle)])
    return np.where(classes[:, None] == 1, lower, upper) + noise * rng.standard_normal((count, 2)), classes


def _plane(rng: np.random.Generator, count: int, noise: float) -> Made:
    points = rng.uniform(-6, 6, (count, 2))
    return points, points.sum(axis=1) / 10 + noise * rng.standard_normal(count)


_HILLS = np.array([[-4, 2.5, 1], [0, 2.5, -1], [4, 2.5, 1], [-4, -2.5, -1], [0, -2.5, 1], [4, -2.5, -1]])


def _hills(rng: np.random.Generator, count: int, noise: float) -> Made:
    points = rng.uniform(-6, 6, (count, 2))
    far = np.hypot(points[:, None, 0] - _HILLS[:, 0], points[:, None, 1] - _HILLS[:, 1])
    heights = np.clip(1 - far / 2, 0, 1) * _HILLS[:, 2]
    highest = heights[np.arange(count), np.abs(heights).argmax(axis=1)]
    return points, highest + noise * rng.standard_normal(count)


_MAKERS: dict[str, tuple[Callable[[np.random.Generator, int, float], Made], float]] = {
    "and": (_corners("and"), 0.1),
    "or": (_corners("or"), 0.1),
    "xor": (_corners("xor"), 0.1),
    "circle": (_circle, 0.0),
    "quadrants": (_quadrants, 0.0),
    "gaussians": (_gaussians, 0.7),
    "spiral": (_spiral, 0.0),
    "moons": (_moons, 0.0),
    "plane": (_plane, 0.0),
    "hills": (_hills, 0.0),
}
MADE = tuple(_MAKERS)
"""Every name that `make` knows; everything else is read as a function."""


def _typed(where: str, text: str, rng: np.random.Generator, count: int, noise: float, domain: tuple[float, float]):
    """The variables' names, the points and the values of a typed function, or the classes of two sides compared."""
    if not isinstance(text, str) or text.strip().isidentifier():
        raise InputError(
            f"{where}: there is no data set of that name. {nearest(str(text), MADE)} A function has an "
            f"operation in it, "
            "such as 2*x or sin(x)."
        )
    if not isinstance(domain, tuple | list) or len(domain) != 2:
        raise InputError(f"{where}: domain must be (low, high). Got {domain!r}. Use for example (-3, 3).")
    low, high = (real(where, f"domain[{i}]", end) for i, end in enumerate(domain))
    if not low < high:
        raise InputError(f"{where}: domain must go from low to high. Got {domain!r}. Turn it round.")
    sign = ">" if ">" in text else "<"
    left, compares, right = text.partition(sign)
    f = parse(f"({left}) - ({right})" if compares else text)
    if not f.variables:
        raise InputError(f"{where}: the function must have a variable. Got none. Use for example sin(x).")
    points = rng.uniform(low, high, (count, len(f.variables)))
    values = f(**{name: points[:, i] for i, name in enumerate(f.variables)}) + noise * rng.standard_normal(count)
    if not np.isfinite(values).all():
        row = int(np.argmin(np.isfinite(values)))
        place = ", ".join(f"{name} = {points[row, i]:.4g}" for i, name in enumerate(f.variables))
        raise InputError(
            f"{where}: the function must have a finite value everywhere in {low:g} … {high:g}. At {place} it is "
            f"{values[row]}. Choose another domain."
        )
    if compares:
        return list(f.variables), points, ((values > 0) if sign == ">" else (values < 0)).astype(int)
    return list(f.variables), points, values
