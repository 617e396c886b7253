"""The points as a layer sees them: in the coordinates of two neurons, where the following layers part them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar._checks import whole
from thetastar.errors import InputError
from thetastar.layers import Dense

from .answer import NetworkAnswer
from .result import CLASS_COLORS, Explanation, flat_numbers, number
from .subject import layer_index, network_of, part_of

__all__ = ["Warp", "warp"]


@dataclass(frozen=True)
class Warp(Explanation):
    """Rows in the coordinates of two neurons.

    Attributes:
        layer: whose neurons.
        axes: their names, or "main direction 1" and "2".
        points: (n, 2) where the rows lie.
        targets: (n,) their targets; empty where they are not known.
        grid: (lines, places, 2) where the straight lines of the input's plane lie; empty but for two inputs.
        line: (3,) of a next layer of one neuron over just these two: w1, w2 and b of the line w1 h1 + w2 h2 + b = 0
            that parts them; empty otherwise.
    """

    layer: str
    axes: tuple[str, str]
    points: np.ndarray
    targets: np.ndarray
    grid: np.ndarray
    line: np.ndarray

    def __str__(self) -> str:
        lines = [f"{len(self.points)} rows in the coordinates of {self.axes[0]} and {self.axes[1]}"]
        for i in range(min(len(self.points), 8)):
            target = f"   target {number(self.targets[i])}" if len(self.targets) else ""
            lines.append(f"  row {i}: ({number(self.points[i, 0])}, {number(self.points[i, 1])}){target}")
        if len(self.points) > 8:
            lines.append(f"  … {len(self.points) - 8} more are in .points")
        if len(self.line):
            a, b, c = (number(v) for v in self.line)
            lines.append(f"The next layer parts them by the line {a} h1 + {b} h2 + {c} = 0")
        return "\n".join(lines)

    def charts(self) -> list[dict[str, Any]]:
        """The points, and the bent grid under them."""
        series: list[dict[str, Any]] = [
            {
                "name": "grid",
                "group": "grid",
                "type": "line",
                "x": flat_numbers(one[:, 0]),
                "y": flat_numbers(one[:, 1]),
                "color": "gray",
                "width": 1,
                "opacity": 0.5,
                "quiet": True,
            }
            for one in self.grid
        ]
        classes = np.unique(self.targets)
        groups = (
            [(f"target {number(label)}", self.targets == label) for label in classes]
            if 1 < len(classes) <= 6
            else [("rows", np.ones(len(self.points), bool))]
        )
        for (name, own), color in zip(groups, CLASS_COLORS if len(groups) > 1 else ("blue",), strict=False):
            places = self.points[own]
            dots = {"name": name, "type": "dots", "color": color}
            series.append(dots | {"x": flat_numbers(places[:, 0]), "y": flat_numbers(places[:, 1])})
        return [
            {
                "kind": "points",
                "title": f"As {self.layer} sees them",
                "x": {"title": self.axes[0]},
                "y": {"title": self.axes[1]},
                "series": series,
                "marks": self._marks(),
            }
        ]

    def _marks(self) -> list[dict[str, Any]]:
        if not len(self.line) or abs(self.line[1]) < 1e-12:
            return []
        low, high = self.points[:, 0].min(), self.points[:, 0].max()
        a, b, c = self.line
        return [
            {
                "line": [[float(x), float(-(a * x + c) / b)] for x in (low - 0.1, high + 0.1)],
                "dash": "dashed",
                "label": "parting line",
            }
        ]


def warp(
    net: Any,
    X: Any,
    y: Any = None,
    *,
    layer: str | int | None = None,
    units: Sequence[int] | str | None = None,
    lines: int = 11,
    network: int | None = None,
) -> Warp:
    """Show rows in the coordinates of two neurons of a layer.

    Args:
        net: a network with parameters, a run, or a model (whose `network=` it is about, the heaviest when None).
        X: (n, inputs) rows as the network takes them.
        y: (n,) their targets, for colours.
        layer: a layer by name or place; the last hidden one when None.
        units: which two neurons; or "pca", the two directions in which the rows differ most; the first two of a layer
            with two and "pca" of wider ones when None.
        lines: how many straight lines of the input's plane are followed in each direction, where there are two inputs.

    Returns:
        A `Warp`.

    Raises:
        InputError: a layer of one neuron, units that there are not, or rows that do not fit.

    Example:
        >>> import thetastar as ts
        >>> xor = ts.Network([ts.Dense(2, activation="relu"), ts.Dense(1)], input_shape=(2,)).with_parameters({
        ...     "dense_1.weight": [[1.0, 1.0], [1.0, 1.0]], "dense_1.bias": [0.0, -1.0],
        ...     "dense_2.weight": [[1.0], [-2.0]], "dense_2.bias": [0.0]})
        >>> X, y = ts.datasets.make("xor", noise=0, arrays=True)
        >>> ts.explain.warp(xor, X, y).points.tolist()
        [[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [2.0, 1.0]]

    Source: lecture 2 (layers learn features: XOR becomes separable).
    """
    where = "explain.warp"
    net = network_of(where, net, network)
    rows = NetworkAnswer(net).rows(where, X)
    index = layer_index(where, net, layer)
    name, width = net.layer_names[index], int(np.prod(net.shapes[index + 1]))
    if width < 2:
        raise InputError(
            f"{where}: the layer must have two neurons or more, as a plane has two axes. {name} has one. "
            f"Choose another layer."
        )
    before = part_of(net, 0, index + 1)

    def seen(points: np.ndarray) -> np.ndarray:
        return before.predict(points.reshape(len(points), *net.input_shape)).reshape(len(points), -1).astype(float)

    hidden = seen(rows)
    if units is None:
        units = (0, 1) if width == 2 else "pca"
    if isinstance(units, str):
        if units != "pca":
            raise InputError(f"{where}: units must be two numbers or 'pca'. Got {units!r}. Use for example (0, 1).")
        centre = hidden.mean(axis=0)
        directions = np.linalg.svd(hidden - centre, full_matrices=False)[2][:2]
        if len(directions) < 2:
            raise InputError(f"{where}: units='pca' needs two rows or more. Got {len(hidden)}. Name two neurons.")
        axes = ("main direction 1", "main direction 2")
        place = lambda h: (h - centre) @ directions.T  # noqa: E731
    else:
        pair = tuple(whole(where, "units", unit, 0) for unit in units)
        if len(pair) != 2 or pair[0] == pair[1] or max(pair) >= width:
            raise InputError(
                f"{where}: units must be two different numbers from 0 to {width - 1}. Got {units!r}. Use "
                f"for example (0, 1)."
            )
        axes = tuple(f"{name}[{unit}]" for unit in pair)
        place = lambda h: h[:, list(pair)]  # noqa: E731
    targets = np.zeros(0) if y is None else np.asarray(y, float).reshape(len(rows), -1)[:, 0]
    lines = whole(where, "lines", lines, 0, 200)
    bent = [place(seen(line)) for line in _plane_lines(rows, lines)] if rows.shape[1] == 2 and lines else []
    grid = np.array(bent) if bent else np.zeros((0, 0, 2))
    return Warp(name, axes, place(hidden), targets, grid, _parting_line(net, index, width, units))


def _plane_lines(rows: np.ndarray, lines: int) -> list[np.ndarray]:
    """Straight lines over the rows' plane, both ways, as points on them."""
    low, high = rows.min(axis=0), rows.max(axis=0)
    along = np.linspace(low, high, 61)
    drawn = []
    for at in np.linspace(low, high, lines):
        drawn.append(np.column_stack([np.full(61, at[0]), along[:, 1]]).astype(np.float32))
        drawn.append(np.column_stack([along[:, 0], np.full(61, at[1])]).astype(np.float32))
    return drawn


def _parting_line(net: Any, index: int, width: int, units: Any) -> np.ndarray:
    following = net.layers[index + 1] if index + 1 < len(net.layers) else None
    if width != 2 or not isinstance(following, Dense) or following.units != 1 or units == "pca":
        return np.zeros(0)
    name = net.layer_names[index + 1]
    weight = net.parameters[f"{name}.weight"][:, 0][list(units)]
    bias = net.parameters[f"{name}.bias"][0] if following.use_bias else 0.0
    return np.array([*weight, bias], float)
