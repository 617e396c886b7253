"""What the answer depends on: how much worse it is when a column tells nothing, on rows that training has not seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar._checks import real, whole
from thetastar.errors import InputError

from .answer import Answer, ModelAnswer, answer_of, feature_places
from .costs import cost_of
from .result import Explanation, flat_numbers, number
from .subject import network_of

__all__ = ["Importance", "importance"]

_DRAWS = 200  # bootstrap samples of the rows


@dataclass(frozen=True)
class Importance(Explanation):
    """How much worse the answer gets without each column, the most important first.

    Attributes:
        names: the columns, or the names of groups.
        values: by how much the measure rises (an error) or falls (accuracy) when the column's values come from other
            rows; 0
            and below: no help.
        low, high: the ends of the interval of each, over rows and shuffles.
        level: its level, 0.95.
        measure: which: "rmse", "mae", "log_loss", "accuracy", or the name of a network's loss.
        score: the measure with all columns in place.
        rows: how many rows it was measured on.
        repeats: how many shuffles each.
        groups: the columns of each name.
    """

    names: tuple[str, ...]
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray
    level: float
    measure: str
    score: float
    rows: int
    repeats: int
    groups: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        verb = "falls" if self.measure == "accuracy" else "rises"
        lines = [
            f"By how much {self.measure} ({number(self.score, 4)}) {verb} without a column: "
            f"{self.rows:,} rows, {self.repeats} "
            f"shuffles each, intervals of {self.level:.0%}"
        ]
        wide = max(len(name) for name in self.names)
        top = max(float(np.abs(self.values).max(initial=0.0)), 1e-300)
        for name, value, low, high in zip(self.names, self.values, self.low, self.high, strict=True):
            bar = "█" * round(20 * max(value, 0.0) / top)
            lines.append(
                f"  {name:<{wide}}  {number(value, 4):>10}  {number(low, 4):>10} … {number(high, 4):<10} {bar}".rstrip()
            )
        return "\n".join(lines)

    def charts(self) -> list[dict[str, Any]]:
        """A bar a column, with its interval; the first thirty."""
        kept = slice(0, 30)
        more = f" (30 of {len(self.names)})" if len(self.names) > 30 else ""
        return [
            {
                "kind": "bars",
                "title": f"Importance: what {self.measure} loses without the column{more}",
                "orientation": "horizontal",
                "categories": list(self.names[kept]),
                "value": {"title": f"change of {self.measure}"},
                "series": [
                    {
                        "name": "importance",
                        "values": flat_numbers(self.values[kept]),
                        "low": flat_numbers(self.low[kept]),
                        "high": flat_numbers(self.high[kept]),
                    }
                ],
            }
        ]


def importance(
    subject: Any,
    data: Any,
    y: Any = None,
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    measure: str | None = None,
    loss: Any = None,
    repeats: int = 5,
    level: float = 0.95,
    rows: int = 10_000,
    names: Sequence[str] | None = None,
    seed: int = 0,
) -> Importance:
    """Measure each column's permutation importance on held-out rows.

    A column's values are taken from other rows, so that it tells nothing about its own; what the answer loses by that
    is its importance to this model. Columns that say the same hide each other: name them as a group, then they are
    shuffled together.

    Args:
        subject: a model, whose whole answer it is about; a network with parameters or a run.
        data: rows that training has not seen: a table with the target for a model, an array (n, inputs) for a network.
        y: a network's targets.
        groups: columns that are shuffled together, by a name: {"place": ["latitude", "longitude"]}. All others are
            alone.
        measure: of a model "rmse" (the default) or "mae" of numbers, "log_loss" (the default) or "accuracy" of classes.
        loss: of a network: its loss, whose mean is the measure.
        repeats: how many shuffles of each column.
        level: of the intervals: percentiles over bootstrap samples of the rows.
        rows: how many rows at most, drawn from `seed`.
        names: names of a network's inputs.

    Returns:
        An `Importance`, sorted.

    Raises:
        InputError: rows without targets, columns or a measure that there are not.

    Example:
        >>> import thetastar as ts
        >>> X, y = ts.datasets.make("2*a + 0*b", rows=500, arrays=True)
        >>> net = ts.Network([ts.Dense(1)], input_shape=(2,)).with_parameters(
        ...     {"dense_1.weight": [[2.0], [0.0]], "dense_1.bias": [0.0]})
        >>> found = ts.explain.importance(net, X, y, loss="mse", names=["a", "b"])
        >>> found.names, bool(found.low[0] > 0), float(found.values[1])
        (('a', 'b'), True, 0.0)

    Source: Breiman 2001; Fisher, Rudin and Dominici 2019.
    """
    where = "explain.importance"
    level = real(where, "level", level, 0.0, 1.0, open_low=True, open_high=True)
    repeats, rows = whole(where, "repeats", repeats, 1), whole(where, "rows", rows, 2)
    answer = answer_of(where, subject, names)
    cost = cost_of(where, answer, measure, loss)
    table = answer.rows(where, data)
    truth = answer.truth(where, table, y)
    rng = np.random.default_rng(whole(where, "seed", seed))
    if answer.count(table) > rows:
        drawn = np.sort(rng.choice(answer.count(table), rows, replace=False))
        table, truth = answer.pick(table, drawn), truth[drawn]
    count = answer.count(table)
    if count < 2:
        raise InputError(
            f"{where}: there must be at least two rows, as values are exchanged between rows. Got {count}. Give more."
        )
    answer, table = _prepared_where_equal(answer, table)
    parts = _groups(where, answer, groups)
    base = cost.per_row(answer.answer(table), truth)
    costs = np.empty((len(parts), count))
    for i, columns in enumerate(parts.values()):
        shuffled = [
            cost.per_row(answer.answer(answer.permuted(table, list(columns), rng.permutation(count))), truth)
            for _ in range(repeats)
        ]
        costs[i] = np.mean(shuffled, axis=0)
    weights = rng.poisson(1.0, (_DRAWS, count)).astype(float)
    weights[weights.sum(axis=1) == 0] = 1.0
    values = cost.difference(base.mean(), costs.mean(axis=1))
    drawn_base = weights @ base / weights.sum(axis=1)
    drawn_costs = weights @ costs.T / weights.sum(axis=1)[:, None]
    differences = cost.difference(drawn_base[:, None], drawn_costs)
    low, high = np.quantile(differences, [(1 - level) / 2, (1 + level) / 2], axis=0)
    order = np.argsort(-values, kind="stable")
    titles = list(parts)
    return Importance(
        tuple(titles[i] for i in order),
        values[order],
        low[order],
        high[order],
        level,
        cost.name,
        cost.score(base.mean()),
        count,
        repeats,
        tuple(tuple(parts[titles[i]]) for i in order),
    )


def _groups(where: str, answer: Answer, groups: Mapping[str, Sequence[str]] | None) -> dict[str, list[str]]:
    parts: dict[str, list[str]] = {}
    taken: set[str] = set()
    for title, columns in (groups or {}).items():
        members = [answer.column(where, name) for name in ([columns] if isinstance(columns, str) else columns)]
        twice = [name for name in members if name in taken]
        if twice or not members:
            raise InputError(
                f"{where}: each column must be in one group at most, and no group be empty. Got "
                f"{twice[0] if twice else title!r}. "
                "Name it once."
            )
        taken.update(members)
        parts[str(title)] = members
    for name in answer.columns:
        if name not in taken:
            parts[name] = [name]
    return parts


class _PreparedAnswer(Answer):
    """A model of one network on rows that are prepared once: to exchange a column is to exchange its features."""

    def __init__(self, answer: ModelAnswer):
        self.model, self.columns, self.outputs, self.classes = (
            answer.model,
            answer.columns,
            answer.outputs,
            answer.classes,
        )
        self.net = network_of("explain", answer.model)
        self.places = feature_places(answer.model.preparation)

    def answer(self, rows: np.ndarray) -> np.ndarray:
        outputs = self.net.predict(rows)
        encoding = self.model.target_encoding
        if encoding.kind.probable:
            return encoding.predicted(outputs)
        return np.asarray(encoding.decode(outputs), float).reshape(len(rows), -1)

    def permuted(self, rows: np.ndarray, columns: list[str], order: np.ndarray) -> np.ndarray:
        changed = rows.copy()
        for name in columns:
            changed[:, self.places[name]] = rows[order][:, self.places[name]]
        return changed


def _prepared_where_equal(answer: Answer, table: Any) -> tuple[Answer, Any]:
    """The prepared form where it gives the model's own answer; an answer of several networks stays with tables."""
    if not isinstance(answer, ModelAnswer):
        return answer, table
    quick = _PreparedAnswer(answer)
    some = answer.pick(table, np.arange(min(64, answer.count(table))))
    if not np.array_equal(quick.answer(answer.model.preparation.transform(some)), answer.answer(some)):
        return answer, table
    return quick, answer.model.preparation.transform(table)
