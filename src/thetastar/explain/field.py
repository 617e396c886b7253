"""What a network or a model answers over one or two of its columns: a scalar field, any neuron, partial dependence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar._checks import real, whole
from thetastar.errors import InputError

from .answer import Answer, ModelAnswer, NetworkAnswer, answer_of
from .result import CLASS_COLORS, Explanation, flat_numbers, number
from .subject import layer_index, network_of

__all__ = ["Field", "field"]

_LEVELS = 20  # values of a category that are shown, the most common ones
_NEURON = re.compile(r"^(\w+)\[(\d+)\]$")


@dataclass(frozen=True)
class Field(Explanation):
    """An answer over one or two columns, the others held or averaged.

    Attributes:
        columns: the one or two columns.
        across: the places of the first: numbers, or the values of a category.
        up: the places of the second; empty for one column.
        values: (len(across),) for one column, (len(up), len(across)) for two.
        what: whose answer it is: "price", "probability of yes", "dense_1[3]".
        others: what the other columns are: "none" there are, "median", "row 7" or "average".
        individual: (rows, len(across)) one column, averaged: the curve of each row, whose mean is `values`.
        points: (n, columns) where the rows lie; empty without any. Of categories their places in `across` and `up`.
        targets: (n,) their targets where they are known.
    """

    columns: tuple[str, ...]
    across: np.ndarray
    up: np.ndarray
    values: np.ndarray
    what: str
    others: str
    individual: np.ndarray
    points: np.ndarray
    targets: np.ndarray

    def __str__(self) -> str:
        held = {"none": "", "average": f", averaged over {len(self.individual) or 'the'} rows"}.get(
            self.others, f", the other columns at {'the median' if self.others == 'median' else self.others}"
        )
        lines = [f"{self.what} over {' and '.join(self.columns)}{held}"]
        if len(self.columns) == 1:
            shown = (
                range(len(self.across))
                if len(self.across) <= 20
                else np.linspace(0, len(self.across) - 1, 11).astype(int)
            )
            wide = max(len(_shown(self.across[i])) for i in shown)
            lines += [f"  {_shown(self.across[i]):>{wide}}  {number(self.values[i])}" for i in shown]
        else:
            lines.append(
                f"  {len(self.across)} × {len(self.up)} places, from {number(self.values.min())} to "
                f"{number(self.values.max())}"
            )
        return "\n".join(lines)

    def charts(self) -> list[dict[str, Any]]:
        """A curve with those of single rows, or a map with the rows on it."""
        return [_curve(self) if len(self.columns) == 1 else _map(self)]


def field(
    subject: Any,
    columns: Any = None,
    data: Any = None,
    y: Any = None,
    *,
    neuron: str | tuple[str | int, int] | None = None,
    output: int | str | None = None,
    others: str | int = "median",
    resolution: int = 41,
    limits: Sequence[tuple[float, float] | None] | None = None,
    rows: int = 200,
    names: Sequence[str] | None = None,
    seed: int = 0,
    network: int | None = None,
) -> Field:
    """Compute what is answered over one or two columns.

    Of a model it is the whole answer: the prediction, or the probability of a class. Of a network it is a raw output.

    Args:
        subject: a network with parameters, a run, or a model.
        columns: one or two of its columns by name or place; of a network its inputs, x1, x2, …; a network's only one or
            two inputs when None.
        data: rows: a table for a model, an array (n, inputs) for a network. A network whose inputs are all in `columns`
            needs none.
        y: a network's targets, to be drawn.
        neuron: a neuron in place of the answer: "dense_1[3]" or ("dense_1", 3); of a model in its `network=`, the
            heaviest member when None.
        output: which output or class; a model's last class and a network's first output when None.
        others: what the other columns are: "median" (of categories the most common), the number of a row of data, or
            "average": partial dependence, the mean of the answers to all rows with these columns changed.
        resolution: places along each column of numbers.
        limits: (low, high) of each column; where the rows lie when None, ±6 without any.
        rows: for "average": how many rows at most, drawn from `seed`.
        names: names of a network's inputs.

    Returns:
        A `Field`.

    Raises:
        InputError: columns, rows or a neuron that there are not.

    Example:
        >>> import thetastar as ts
        >>> perceptron = ts.Network([ts.Dense(1)], input_shape=(2,)).with_parameters(
        ...     {"dense_1.weight": [[0.5], [0.1]], "dense_1.bias": [0.1]})
        >>> ts.explain.field(perceptron, resolution=2, limits=[(0, 1), (0, 1)]).values.round(2).tolist()
        [[0.1, 0.6], [0.2, 0.7]]

    Source: lecture 5 (the perceptron as a scalar field); Friedman 2001 (partial dependence), Goldstein et al. 2015
    (individual curves).
    """
    where = "explain.field"
    answer = answer_of(where, subject, names)
    chosen = _columns(where, answer, columns)
    table = None if data is None and isinstance(answer, NetworkAnswer) else answer.rows(where, data)
    rest = [name for name in answer.columns if name not in chosen]
    if table is None and rest:
        raise InputError(
            f"{where}: there must be rows, as {len(rest)} other columns need values. Got data=None. "
            "Give data, for example the training rows."
        )
    resolution = whole(where, "resolution", resolution, 2, 2000)
    grids = [
        _grid(where, answer, table, name, resolution, pair)
        for name, pair in zip(chosen, _pairs(where, limits, len(chosen)), strict=True)
    ]
    evaluate, what = _evaluator(where, answer, subject, neuron, output, network)
    others, base = _base(where, answer, table, others, rest, rows, seed)
    size = (len(grids[1]), len(grids[0])) if len(grids) == 2 else (len(grids[0]),)
    places = np.stack(np.meshgrid(*[np.arange(len(g)) for g in grids], indexing="xy"), axis=-1).reshape(-1, len(grids))
    count = 1 if base is None else answer.count(base)
    values = _values(answer, base, chosen, grids, places, evaluate, count)
    individual = values.T if others == "average" and len(chosen) == 1 else np.zeros((0, size[-1]))
    points, targets = _points(answer, table, chosen, grids, y)
    return Field(
        tuple(chosen),
        grids[0],
        grids[1] if len(grids) == 2 else np.zeros(0),
        values.mean(axis=1).reshape(size),
        what,
        others,
        individual,
        points,
        targets,
    )


def _columns(where: str, answer: Answer, columns: Any) -> list[str]:
    if columns is None:
        columns = answer.columns if len(answer.columns) <= 2 else None
    given = [columns] if isinstance(columns, str | int) else list(columns or [])
    if not 1 <= len(given) <= 2:
        raise InputError(
            f"{where}: columns must be one or two of "
            f"{', '.join(answer.columns[:12])}{', …' if len(answer.columns) > 12 else ''}. "
            f"Got {columns!r}. Name them."
        )
    chosen = [answer.column(where, name) for name in given]
    if len(set(chosen)) < len(chosen):
        raise InputError(f"{where}: the two columns must differ. Got {chosen[0]!r} twice. Name one alone for a curve.")
    return chosen


def _pairs(where: str, limits: Any, count: int) -> list[tuple[float, float] | None]:
    if limits is None:
        return [None] * count
    given = [limits] if count == 1 and len(limits) == 2 and all(np.isscalar(v) for v in limits) else list(limits)
    if len(given) != count:
        raise InputError(
            f"{where}: limits must be (low, high) for each of {count} columns. Got {limits!r}. Leave "
            f"them out for where the rows lie."
        )
    pairs = []
    for pair in given:
        if pair is None:
            pairs.append(None)
            continue
        low, high = (real(where, "limits", end) for end in pair)
        if low >= high:
            raise InputError(f"{where}: limits must go from low to high. Got {pair!r}. Turn them round.")
        pairs.append((low, high))
    return pairs


def _grid(
    where: str, answer: Answer, table: Any, name: str, resolution: int, pair: tuple[float, float] | None
) -> np.ndarray:
    if table is None:
        return np.linspace(*(pair or (-6.0, 6.0)), resolution)
    values = answer.values(table, name)
    if values.ndim > 1:
        raise InputError(
            f"{where}: a column of images or sequences has no place on an axis. Got {name!r}. Use "
            f"explain.detect or attribute."
        )
    if values.dtype == object:
        known, counts = np.unique([str(v) for v in values if v is not None], return_counts=True)
        if not len(known):
            raise InputError(f"{where}: column {name!r} must have a value. All rows lack it. Choose another column.")
        return np.array(known[np.argsort(-counts, kind="stable")][:_LEVELS], dtype=object)
    known = values[np.isfinite(values)]
    if not len(known):
        raise InputError(f"{where}: column {name!r} must have a value. All rows lack it. Choose another column.")
    if pair is None and isinstance(answer, NetworkAnswer):  # a plane around the rows, as on the lectures' pages
        low, high = float(known.min()), float(known.max())
        room = 0.15 * (high - low) or 1.0
        pair = (low - room, high + room)
    elif pair is None:
        low, high = np.quantile(known, [0.01, 0.99]) if len(known) > 100 else (known.min(), known.max())
        if low == high:
            low, high = known.min(), known.max()
        pair = (float(low), float(high)) if low < high else (float(low) - 1, float(low) + 1)
        distinct = np.unique(known[(known >= pair[0]) & (known <= pair[1])])
        if len(distinct) <= min(resolution, 12):  # few values, as of counts: these and no others
            return distinct
    return np.linspace(*pair, resolution)


def _evaluator(where: str, answer: Answer, subject: Any, neuron: Any, output: Any, network: int | None):
    """A function of rows that gives (n,), and its name."""
    if neuron is not None:
        net = network_of(where, subject, network)
        match = _NEURON.match(neuron) if isinstance(neuron, str) else None
        layer, unit = (
            match.groups() if match else neuron if isinstance(neuron, tuple) and len(neuron) == 2 else (None, None)
        )
        if layer is None:
            raise InputError(
                f'{where}: neuron must be like "dense_1[3]" or ("dense_1", 3). Got {neuron!r}. '
                f"print(net) shows the layers."
            )
        index = layer_index(where, net, layer)
        units = int(np.prod(net.shapes[index + 1]))
        unit = whole(where, "neuron", int(unit) if isinstance(unit, str) else unit, 0)
        if unit >= units:
            raise InputError(
                f"{where}: {net.layer_names[index]} has the neurons 0 to {units - 1}. Got {unit}. Choose one of them."
            )
        return (lambda rows: answer.unit(rows, index, unit, network)), f"{net.layer_names[index]}[{unit}]"
    names = answer.outputs
    if output is None:
        place = len(names) - 1 if answer.classes is not None else 0
    elif isinstance(output, int) and not isinstance(output, bool) and 0 <= output < len(names):
        place = output
    elif str(output) in names:
        place = names.index(str(output))
    else:
        raise InputError(
            f"{where}: output must be one of {', '.join(names)}, or its place. Got {output!r}. Leave it "
            f"out for the usual one."
        )
    what = f"probability of {names[place]}" if answer.probable else names[place]
    return (lambda rows: answer.answer(rows)[:, place]), what


def _base(where: str, answer: Answer, table: Any, others: Any, rest: list[str], most: int, seed: int):
    """What the other columns are, in words, and the rows that hold them: one, or those that are averaged over."""
    if table is None or (not rest and isinstance(answer, NetworkAnswer)):
        return "none", None if table is None else answer.pick(table, np.array([0]))
    if others == "average":
        count = answer.count(table)
        most = whole(where, "rows", most, 1)
        drawn = (
            np.arange(count)
            if count <= most
            else np.sort(np.random.default_rng(seed).choice(count, most, replace=False))
        )
        return "average", answer.pick(table, drawn)
    if others == "median":
        row = answer.pick(table, np.array([0]))
        for name in rest:
            row = answer.with_values(row, name, _middle(answer.values(table, name)))
        return ("median" if rest else "none"), row
    if isinstance(others, int) and not isinstance(others, bool) and 0 <= others < answer.count(table):
        return f"row {others}", answer.pick(table, np.array([others]))
    raise InputError(
        f"{where}: others must be 'median', 'average' or the number of a row from 0 to {answer.count(table) - 1}. "
        f"Got {others!r}. Use one of these."
    )


def _middle(values: np.ndarray) -> np.ndarray:
    if values.ndim > 1:
        return values[:1]
    if values.dtype == object:
        known, counts = np.unique([str(v) for v in values if v is not None], return_counts=True)
        return np.array([known[counts.argmax()] if len(known) else None], dtype=object)
    known = values[np.isfinite(values)]
    return np.array([np.median(known) if len(known) else np.nan])


def _values(answer, base, chosen, grids, places, evaluate, count) -> np.ndarray:
    """(places, rows) the answers, some places at a time so that memory stays small."""
    found = np.empty((len(places), count))
    together = max(1, 65_536 // count)
    for begin in range(0, len(places), together):
        some = places[begin : begin + together]
        if base is None:
            rows = np.empty((len(some), len(answer.columns)), np.float32)
            for i, name in enumerate(chosen):
                rows[:, answer.columns.index(name)] = grids[i][some[:, i]]
        else:
            rows = answer.pick(base, np.tile(np.arange(count), len(some)))
            for i, name in enumerate(chosen):
                rows = answer.with_values(rows, name, np.repeat(grids[i][some[:, i]], count))
        found[begin : begin + len(some)] = evaluate(rows).reshape(len(some), count)
    return found


def _points(
    answer: Answer, table: Any, chosen: list[str], grids: list[np.ndarray], y: Any
) -> tuple[np.ndarray, np.ndarray]:
    if table is None:
        return np.zeros((0, len(chosen))), np.zeros(0)
    columns = []
    for name, grid in zip(chosen, grids, strict=True):
        values = answer.values(table, name)
        if values.dtype == object:
            place = {level: k for k, level in enumerate(grid)}
            values = np.array([place.get(str(v), np.nan) if v is not None else np.nan for v in values], float)
        columns.append(values)
    points = np.column_stack(columns)
    if isinstance(answer, ModelAnswer):
        shown = answer.known(table) and len(answer.targets) == 1
        targets = answer.model.target_encoding.truth(table) if shown else np.zeros(0)
    else:
        targets = np.zeros(0) if y is None else np.asarray(y, float).reshape(len(points), -1)[:, 0]
    return points, np.asarray(targets, float)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else number(value)


def _axis(name: str, grid: np.ndarray) -> dict[str, Any]:
    return (
        {"title": name}
        if grid.dtype != object
        else {"title": name, "scale": "category", "categories": [str(v) for v in grid]}
    )


def _coordinates(grid: np.ndarray) -> list[float | None]:
    return flat_numbers(grid if grid.dtype != object else np.arange(len(grid)))


def _curve(f: Field) -> dict[str, Any]:
    x = _coordinates(f.across)
    shown = (
        f.individual[np.linspace(0, len(f.individual) - 1, min(len(f.individual), 40)).astype(int)]
        if len(f.individual)
        else []
    )
    single = [
        {
            "name": "single rows",
            "group": "single rows",
            "x": x,
            "y": flat_numbers(one),
            "color": "gray",
            "width": 1,
            "opacity": 0.35,
            "quiet": True,
        }
        for one in shown
    ]
    kind = {"type": "dots"} if f.across.dtype == object else {}
    name = "mean" if f.others == "average" else f.what
    return {
        "kind": "lines",
        "title": f"{f.what} by {f.columns[0]}",
        "x": _axis(f.columns[0], f.across),
        "y": {"title": f.what},
        "series": [*single, {"name": name, "x": x, "y": flat_numbers(f.values), "color": "blue", "width": 3, **kind}],
    }


def _map(f: Field) -> dict[str, Any]:
    x, y = _coordinates(f.across), _coordinates(f.up)
    inside = np.isfinite(f.points).all(axis=1)
    inside &= (f.points >= [x[0], y[0]]).all(axis=1) & (f.points <= [x[-1], y[-1]]).all(axis=1)
    kept = np.flatnonzero(inside)[:1000]
    dots: dict[str, Any] = {
        "name": "rows",
        "type": "dots",
        "x": flat_numbers(f.points[kept, 0]),
        "y": flat_numbers(f.points[kept, 1]),
        "color": "ink",
    }
    series = [dots]
    classes = np.unique(f.targets)
    if 1 < len(classes) <= 6:
        series = [
            {
                **dots,
                "name": f"target {number(label)}",
                "color": color,
                "x": flat_numbers(f.points[own, 0]),
                "y": flat_numbers(f.points[own, 1]),
            }
            for label, color in zip(classes, CLASS_COLORS, strict=False)
            for own in [kept[f.targets[kept] == label]]
        ]
    both_sides = f.values.min() < 0 < f.values.max()
    scale: dict[str, Any] = {"kind": "diverging" if both_sides else "sequential", "title": f.what}
    if f.what.startswith("probability of "):
        scale |= {"kind": "diverging", "min": 0, "max": 1, "middle": 0.5}
    return {
        "kind": "heatmap",
        "title": f"{f.what} over {f.columns[0]} and {f.columns[1]}",
        "x": _axis(f.columns[0], f.across),
        "y": _axis(f.columns[1], f.up),
        "shape": [len(y), len(x)],
        "extent": [x[0], x[-1], y[0], y[-1]],
        "values": flat_numbers(f.values),
        "scale": scale,
        "smooth": True,
        "levels": [0.5] if "middle" in scale else [0.0] if both_sides else 8,
        "series": series if len(f.points) else [],
    }
