"""Single rows: those like a row, those that are answered worst, and the kinds of rows that are answered badly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np

from thetastar._checks import real, whole

from .answer import Answer, ModelAnswer, answer_of
from .costs import cost_of
from .result import Explanation, number
from .subject import layer_index, network_of, part_of

__all__ = ["Neighbours", "Slice", "Slices", "WorstRows", "neighbours", "slices", "worst_rows"]


@dataclass(frozen=True)
class Neighbours(Explanation):
    """The rows of a table that are most like others.

    Attributes:
        indices: (n, k) their places in the table, the nearest first.
        distances: (n, k) how far they are.
        targets: (n, k) what is true there, values or labels; empty where that is not known.
        where: in which coordinates: "the prepared columns" or a layer's neurons.
    """

    indices: np.ndarray
    distances: np.ndarray
    targets: np.ndarray
    where: str

    def __str__(self) -> str:
        lines = [f"The nearest rows by {self.where}"]
        for row in range(min(len(self.indices), 10)):
            found = []
            for k in range(self.indices.shape[1]):
                target = f", target {_told(self.targets[row, k])}" if self.targets.size else ""
                found.append(f"{self.indices[row, k]} ({number(self.distances[row, k], 3)} away{target})")
            lines.append(f"  row {row}: " + "; ".join(found))
        if len(self.indices) > 10:
            lines.append(f"  … {len(self.indices) - 10:,} more rows are in .indices")
        return "\n".join(lines)


@dataclass(frozen=True)
class WorstRows(Explanation):
    """The rows that are answered worst, the worst first.

    Attributes:
        indices: (k,) their places in the table.
        costs: (k,) what each costs: squared or absolute error, log loss, 1 for a wrong class, a network's loss.
        truth: (k,) what is true, values or labels. answers: (k,) what was answered, likewise.
        columns: the names of the columns, and
        values: (k rows of) their values as text.
        measure: the costs' name. mean: the mean cost of all rows. count: how many rows there were.
    """

    indices: np.ndarray
    costs: np.ndarray
    truth: np.ndarray
    answers: np.ndarray
    columns: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    measure: str
    mean: float
    count: int

    def __str__(self) -> str:
        lines = [
            f"The worst {len(self.indices)} of {self.count:,} rows by {self.measure} (a row's cost is "
            f"{number(self.mean, 4)} on average)"
        ]
        for k, row in enumerate(self.indices):
            shown = ", ".join(
                f"{name} {value}" for name, value in zip(self.columns[:6], self.values[k][:6], strict=True)
            )
            more = ", …" if len(self.columns) > 6 else ""
            lines.append(
                f"  row {row}: true {_told(self.truth[k])}, answered {_told(self.answers[k])}, cost "
                f"{number(self.costs[k], 4)}   ({shown}{more})"
            )
        return "\n".join(lines)


@dataclass(frozen=True)
class Slice:
    """Rows of one kind: `columns` with `values` in words, how many there are, their mean cost and its interval."""

    columns: tuple[str, ...]
    values: tuple[str, ...]
    rows: int
    cost: float
    low: float
    high: float
    indices: np.ndarray

    def __str__(self) -> str:
        return " and ".join(f"{name} {value}" for name, value in zip(self.columns, self.values, strict=True))


@dataclass(frozen=True)
class Slices(Explanation):
    """The kinds of rows with the highest cost, those that are surely high first.

    Attributes:
        slices: the kinds.
        measure: the costs' name. mean: the mean cost of all rows. count: how many rows there were.
        tried: among how many kinds these are the worst.
    """

    slices: tuple[Slice, ...]
    measure: str
    mean: float
    count: int
    tried: int

    def __str__(self) -> str:
        lines = [
            f"Mean cost by {self.measure} of {self.count:,} rows: {number(self.mean, 4)}. The highest of "
            f"{self.tried} kinds of rows:"
        ]
        wide = max((len(str(one)) for one in self.slices), default=0)
        for one in self.slices:
            lines.append(
                f"  {one!s:<{wide}}  {number(one.cost, 4):>9}  ({number(one.low, 4)} … "
                f"{number(one.high, 4)}, {one.rows:,} rows)"
            )
        if not self.slices:
            lines.append("  none has enough rows")
        return "\n".join(lines)

    def charts(self) -> list[dict[str, Any]]:
        """A strip a kind, with its interval; the mean of all is the line."""
        rows = [
            {
                "name": str(one),
                "value": float(one.cost),
                "low": float(one.low),
                "high": float(one.high),
                "note": f"{one.rows:,} rows",
            }
            for one in self.slices
        ]
        return (
            [
                {
                    "kind": "strips",
                    "title": "Kinds of rows with the highest cost",
                    "x": {"title": f"mean cost ({self.measure})"},
                    "rows": rows,
                    "reference": float(self.mean),
                }
            ]
            if rows
            else []
        )


def neighbours(
    subject: Any, rows: Any, data: Any, *, count: int = 5, layer: str | int | None = None, network: int | None = None
) -> Neighbours:
    """Find the rows of `data` that are most like each of `rows`.

    Args:
        subject: a network with parameters, a run, or a model (about one of its networks, the heaviest when None).
        rows: rows to look for. data: where to look, usually the training rows; both tables for a model, arrays for a
            network.
        count: how many of each.
        layer: compare the neurons of this layer; the prepared columns when None.

    Returns:
        A `Neighbours`, by Euclidean distance.

    Raises:
        InputError: rows or a layer that do not fit.

    Example:
        >>> import thetastar as ts
        >>> net = ts.Network([ts.Dense(1)], input_shape=(1,)).initialized(seed=0)
        >>> ts.explain.neighbours(net, [[0.9]], [[0.0], [1.0], [5.0]], count=2).indices.tolist()
        [[1, 0]]
    """
    where = "explain.neighbours"
    answer, net = answer_of(where, subject), network_of(where, subject, network)
    table, looked = answer.rows(where, data), answer.rows(where, rows)
    count = whole(where, "count", count, 1)
    known, wanted = _coordinates(answer, table), _coordinates(answer, looked)
    name = "the prepared columns" if isinstance(answer, ModelAnswer) else "the inputs"
    if layer is not None:
        index = layer_index(where, net, layer)
        name, before = net.layer_names[index], part_of(net, 0, index + 1)
        known, wanted = (
            before.predict(x.reshape(len(x), *net.input_shape)).reshape(len(x), -1) for x in (known, wanted)
        )
    count = min(count, len(known))
    indices, distances = np.empty((len(wanted), count), np.int64), np.empty((len(wanted), count))
    lengths = (known.astype(float) ** 2).sum(axis=1)
    together = max(1, 20_000_000 // len(known))
    for begin in range(0, len(wanted), together):
        some = wanted[begin : begin + together].astype(float)
        squares = np.maximum(lengths - 2 * some @ known.T.astype(float) + (some**2).sum(axis=1)[:, None], 0.0)
        nearest = np.argpartition(squares, count - 1, axis=1)[:, :count]
        order = np.argsort(np.take_along_axis(squares, nearest, axis=1), axis=1, kind="stable")
        indices[begin : begin + len(some)] = np.take_along_axis(nearest, order, axis=1)
        distances[begin : begin + len(some)] = np.sqrt(
            np.take_along_axis(squares, indices[begin : begin + len(some)], axis=1)
        )
    targets = np.zeros((0, 0))
    if isinstance(answer, ModelAnswer) and answer.known(table) and len(answer.targets) == 1:
        truth = answer.truth(where, table, None)
        targets = _labelled(answer, truth)[indices]
    return Neighbours(indices, distances, targets, name)


def worst_rows(
    subject: Any,
    data: Any,
    y: Any = None,
    *,
    count: int = 20,
    measure: str | None = None,
    loss: Any = None,
    names: Sequence[str] | None = None,
) -> WorstRows:
    """Find the rows that are answered worst.

    Args:
        subject: a model, whose whole answer it is about; a network with parameters or a run.
        data: rows with their targets: a table for a model, an array (n, inputs) for a network.
        y: a network's targets.
        count: how many rows.
        measure, loss, names: as in `importance`.

    Returns:
        A `WorstRows`.

    Raises:
        InputError: rows without targets, or a measure that there is not.

    Example:
        >>> import thetastar as ts
        >>> net = ts.Network([ts.Dense(1)], input_shape=(1,)).with_parameters(
        ...     {"dense_1.weight": [[1.0]], "dense_1.bias": [0.0]})
        >>> ts.explain.worst_rows(net, [[0.0], [1.0], [2.0]], [0.0, 4.0, 2.5], loss="mse", count=2).indices.tolist()
        [1, 2]
    """
    where = "explain.worst_rows"
    count = whole(where, "count", count, 1)
    answer = answer_of(where, subject, names)
    cost, table, truth, said, costs = _measured(where, answer, data, y, measure, loss)
    order = np.argsort(-costs, kind="stable")[:count]
    picked = answer.pick(table, order)
    columns = answer.columns if len(answer.columns) <= 64 else answer.columns[:64]
    values = [_as_texts(answer.values(picked, name)) for name in columns]
    return WorstRows(
        order,
        costs[order],
        _labelled(answer, truth)[order],
        _said(answer, said)[order],
        tuple(columns),
        tuple(zip(*values, strict=True)),
        cost.of_a_row,
        float(costs.mean()),
        len(costs),
    )


def slices(
    subject: Any,
    data: Any,
    y: Any = None,
    *,
    count: int = 10,
    depth: int = 2,
    least: int | None = None,
    measure: str | None = None,
    loss: Any = None,
    level: float = 0.95,
    names: Sequence[str] | None = None,
) -> Slices:
    """Find the kinds of rows with the highest mean cost: a value of a category, a quarter of a number, or two of these.

    With many kinds some look bad by chance: the intervals are widened for the number of kinds that were tried
    (Bonferroni), and the order is by their lower end.

    Args:
        subject, data, y, measure, loss, names: as in `worst_rows`.
        count: how many kinds.
        depth: 1 for single columns, 2 for pairs too (of the 12 columns whose kinds differ most).
        least: rows that a kind must have; 20, or a fiftieth of all rows where that is more, when None.
        level: of the intervals, all together.

    Returns:
        A `Slices`.

    Raises:
        InputError: rows without targets, or a measure that there is not.

    Example:
        >>> import numpy as np, thetastar as ts
        >>> X = np.repeat([[0.0], [1.0]], 50, axis=0)
        >>> net = ts.Network([ts.Dense(1)], input_shape=(1,)).with_parameters(
        ...     {"dense_1.weight": [[0.0]], "dense_1.bias": [0.0]})
        >>> print(ts.explain.slices(net, X, X[:, 0], loss="mse", count=1).slices[0])
        x 1
    """
    where = "explain.slices"
    count, depth = whole(where, "count", count, 1), whole(where, "depth", depth, 1, 2)
    level = real(where, "level", level, 0.0, 1.0, open_low=True, open_high=True)
    answer = answer_of(where, subject, names)
    cost, table, _, _, costs = _measured(where, answer, data, y, measure, loss)
    least = max(20, len(costs) // 50) if least is None else whole(where, "least", least, 2)
    kinds = {name: _kinds(answer.values(table, name)) for name in answer.columns}
    kinds = {name: found for name, found in kinds.items() if len(found) > 1}
    spread = {
        name: sum(own.sum() * (costs[own].mean() - costs.mean()) ** 2 for _, own in found if own.any())
        for name, found in kinds.items()
    }
    found = [((name,), (words,), own) for name, parts in kinds.items() for words, own in parts]
    if depth == 2:
        for a, b in combinations(sorted(kinds, key=lambda name: -spread[name])[:12], 2):
            found += [((a, b), (first, second), one & two) for first, one in kinds[a] for second, two in kinds[b]]
    found = [one for one in found if least <= one[2].sum() < len(costs)]
    wide = _normal_quantile(1 - (1 - level) / 2 / max(len(found), 1))
    ranked = []
    for columns, words, own in found:
        mean, error = costs[own].mean(), costs[own].std(ddof=1) / np.sqrt(own.sum())
        ranked.append(
            Slice(
                columns,
                words,
                int(own.sum()),
                float(mean),
                float(mean - wide * error),
                float(mean + wide * error),
                np.flatnonzero(own),
            )
        )
    ranked.sort(key=lambda one: (-one.low, len(one.columns)))
    return Slices(tuple(_without_parts(ranked)[:count]), cost.of_a_row, float(costs.mean()), len(costs), len(found))


def _without_parts(ranked: list[Slice]) -> list[Slice]:
    """A pair is left out where one of its columns alone already says as much."""
    kept: list[Slice] = []
    for one in ranked:
        inside = [
            k
            for k in kept
            if set(zip(k.columns, k.values, strict=True)) < set(zip(one.columns, one.values, strict=True))
        ]
        if not any(one.low <= k.high for k in inside):
            kept.append(one)
    return kept


def _kinds(values: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """A column's kinds in words with their rows: its values where there are few, else quarters; and missing ones."""
    if values.ndim > 1:
        return []
    if values.dtype == object:
        texts = np.array(["" if v is None else str(v) for v in values], dtype=object)
        levels, counts = np.unique(texts, return_counts=True)
        return [(level or "missing", texts == level) for level in levels[np.argsort(-counts, kind="stable")][:20]]
    missing = ~np.isfinite(values)
    kinds = [("missing", missing)] if missing.any() else []
    distinct = np.unique(values[~missing])
    if len(distinct) <= 8:
        return kinds + [(number(v), values == v) for v in distinct]
    edges = np.unique(np.quantile(values[~missing], [0.25, 0.5, 0.75]))
    place = np.searchsorted(edges, values, side="left")
    words = [
        f"≤ {number(edges[0], 4)}",
        *(f"{number(a, 4)} … {number(b, 4)}" for a, b in pairwise(edges)),
        f"> {number(edges[-1], 4)}",
    ]
    return kinds + [(text, (place == i) & ~missing) for i, text in enumerate(words)]


def _normal_quantile(p: float) -> float:
    from statistics import NormalDist

    return NormalDist().inv_cdf(p)


def _measured(where: str, answer: Answer, data: Any, y: Any, measure: str | None, loss: Any):
    cost = cost_of(where, answer, measure, loss)
    table = answer.rows(where, data)
    truth = answer.truth(where, table, y)
    said = answer.answer(table)
    return cost, table, truth, said, cost.per_row(said, truth)


def _coordinates(answer: Answer, rows: Any) -> np.ndarray:
    return answer.model.preparation.transform(rows) if isinstance(answer, ModelAnswer) else rows


def _labelled(answer: Answer, truth: np.ndarray) -> np.ndarray:
    if isinstance(answer, ModelAnswer) and len(answer.targets) > 1:
        return _each_target(answer, truth)
    if answer.classes is not None:
        return np.array(answer.classes, dtype=object)[truth.astype(int)]
    return truth[:, 0] if truth.ndim == 2 else truth


def _each_target(answer: ModelAnswer, values: np.ndarray) -> np.ndarray:
    """(n,) texts of (n, K) numbers, or of the names of the labels that are there."""
    found = np.empty(len(values), dtype=object)
    for k, row in enumerate(values):
        if answer.model.target_encoding.kind.probable:
            there = [name for name, value in zip(answer.targets, row, strict=True) if value > 0.5]
            found[k] = " + ".join(there) or "none"
        else:
            found[k] = " · ".join(number(float(value), 4) for value in row)
    return found


def _said(answer: Answer, said: np.ndarray) -> np.ndarray:
    """What is predicted of each row, as the model names it: from its threshold on, where it has one."""
    threshold = getattr(answer.model, "threshold", None) if isinstance(answer, ModelAnswer) else None
    if isinstance(answer, ModelAnswer) and len(answer.targets) > 1:
        return _each_target(answer, said if threshold is None else said >= np.array(threshold))
    if answer.classes is None:
        return said[:, 0]
    place = said.argmax(axis=1) if threshold is None else (said[:, 1] >= threshold).astype(np.intp)
    return np.array(answer.classes, dtype=object)[place]


def _as_texts(values: np.ndarray) -> list[str]:
    if values.ndim > 1:
        return [" × ".join(map(str, values.shape[1:]))] * len(values)
    return ["missing" if v is None or v != v else v if isinstance(v, str) else number(v, 4) for v in values]


def _told(value: Any) -> str:
    return number(value) if isinstance(value, float | np.floating) else str(value)
