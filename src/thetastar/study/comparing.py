"""Two studies of the same data side by side: the difference of their networks, in pairs, with an interval.

Pairs are the test rows that both studies kept apart. Where the data is not at hand, they are the folds, if both studies
have dealt them from the same seed. Studies that share neither are not compared, and the answer says why.
"""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from thetastar.errors import InputError
from thetastar.model import Model, load
from thetastar.model.conclusion import number
from thetastar.model.metrics import Metric, judged
from thetastar.model.record import Record
from thetastar.study.folder import TESTED
from thetastar.study.intervals import difference_interval

__all__ = ["Comparison", "compare"]

_FEWEST = 20  # test rows that both studies kept apart


@dataclass(frozen=True)
class Comparison:
    """How two studies compare.

    Attributes:
        names: the two, as they were given.
        metric: the score, by name.
        basis: what the pairs are; None where the two cannot be compared.
        pairs: how many there are.
        scores: of both on them.
        interval: the 95 % interval of the first one's score minus the second one's.
        better: the name of the better one; None where they are level, or cannot be compared.
        words: the answer in a sentence, or why there is none.
    """

    names: tuple[str, str]
    metric: str
    basis: Literal["test rows", "folds"] | None
    pairs: int
    scores: tuple[float, float] | None
    interval: tuple[float, float] | None
    better: str | None
    words: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as `thetastar compare --json` prints them."""
        return asdict(self)

    def __str__(self) -> str:
        return self.words


def compare(a: Any, b: Any, *, data: Any = None, test: Any = None, metric: str | None = None) -> Comparison:
    """Set two studies of the same data beside each other.

    Args:
        a, b: models, their files, or the folders that `out=` wrote.
        data, test: where the data is now, if not where it was.
        metric: the score to compare by; the one that chose in the first study if not given.

    Returns:
        A `Comparison`. `basis` is None where the two cannot be compared, and `words` says why.

    Raises:
        InputError: one of them cannot be read, or the metric does not suit.

    Example:
        >>> import thetastar as ts
        >>> rows = {"x": [k / 50 for k in range(300)], "y": [(k / 50) ** 2 for k in range(300)]}
        >>> line, curve = (ts.fit(rows, target="y", candidates=[h], answer="one", effort=1) for h in ((), (16,)))
        >>> found = ts.compare(line, curve, data=rows)
        >>> found.basis, found.pairs, found.better
        ('test rows', 30, 'b')
    """
    from thetastar.model.metrics import find_metric

    models = (_model(a), _model(b))
    names = (_name(a, "a"), _name(b, "b"))
    if names[0] == names[1]:
        names = (f"{names[0]} (first)", f"{names[1]} (second)")
    one, two = (model.record for model in models)
    score = find_metric(metric or one.metric.name, one.question.task)

    def not_compared(why: str) -> Comparison:
        return Comparison(names, score.name, None, 0, None, None, None, f"They cannot be compared: {why}")

    if (why := _different(one, two)) is not None:
        return not_compared(why)
    shared = _shared_rows(models, data, test)
    if isinstance(shared, _Rows):
        return _by_rows(names, score, models, shared)
    folds = _by_folds(names, score, one, two)
    return folds if isinstance(folds, Comparison) else not_compared(f"{shared} {folds}")


@dataclass(frozen=True)
class _Rows:
    """Test rows that neither network learned from."""

    table: Any
    task: str


def _model(given: Any) -> Model:
    """The model as it was tested; where that one is not at hand, the one that has learned from the test rows since."""
    if isinstance(given, Model):
        return given.tested or given
    path = Path(given)
    path = path / "model.theta" if path.is_dir() else path
    model = load(path)
    before = path.parent / TESTED
    return load(before) if model.learned_test and path.name == "model.theta" and before.exists() else model


def _name(given: Any, letter: str) -> str:
    return os.fspath(given) if isinstance(given, str | os.PathLike) else letter


def _different(one: Record, two: Record) -> str | None:
    """Why they answer different questions."""
    for what, left, right in (
        ("target", one.question.target, two.question.target),
        ("task", one.question.task, two.question.task),
    ):
        if left != right:
            return f"their {what}s differ ({left!r} and {right!r})."
    return None


def _shared_rows(models: tuple[Model, Model], data: Any, test: Any) -> _Rows | str:
    """The test rows that both kept apart, or why there are none."""
    one, two = (model.record for model in models)
    if one.seen is None or two.seen is None:
        return "An older version made one of them and did not keep which rows it has seen."
    if any(model.learned_test for model in models):
        return f"One of them has learned from its test rows since they were scored: give its folder, with {TESTED}."
    source = test if test is not None else data
    if source is None:
        source = one.question.test_source or (one.question.source if one.question.is_file else None)
    if source is None:
        return "The data was not a file: give data=."
    try:
        table = models[0].judged(source)
        rows = _tested_by_both(models, table)
    except InputError as error:
        return f"The data is not at hand ({error})"
    if len(rows) < _FEWEST:
        return f"They have {len(rows)} test rows in common; at least {_FEWEST} are needed."
    return _Rows(table.select(rows), one.question.task)


def _tested_by_both(models: tuple[Model, Model], table: Any) -> np.ndarray:
    """The places of the rows that tested both and were learned from by neither."""
    kept = np.ones(table.row_count, dtype=bool)
    for model in models:
        seen, digests = model.record.seen, model.row_digests(table)
        assert seen is not None
        kept &= seen.tested.among(digests) & ~seen.learned.among(digests)
    return np.flatnonzero(kept)


def _by_rows(names: tuple[str, str], metric: Metric, models: tuple[Model, Model], rows: _Rows) -> Comparison:
    encoding = models[0].target_encoding
    truth, weight, how = encoding.truth(rows.table), *_weights(models, rows.table)
    predicted = []
    for model in models:
        if encoding.kind.classification:
            order = [list(model.classes or ()).index(label) for label in models[0].classes or ()]
            predicted.append(judged(metric, model.predict_proba(rows.table), model.threshold)[:, order])
        else:
            answer = model.predict_proba if encoding.kind.probable else model.predict
            predicted.append(judged(metric, answer(rows.table), model.threshold))
    scores = (metric(truth, predicted[0], weight), metric(truth, predicted[1], weight))
    interval = difference_interval(metric, truth, predicted[0], predicted[1], seed=0, weight=weight)
    ends = None if interval is None else (interval[0], interval[1])
    return _told(names, metric, "test rows", len(truth), scores, ends, how)


def _weights(models: tuple[Model, Model], table: Any) -> tuple[np.ndarray | None, str]:
    """(n,) the rows' weights where both studies weighed by one column, and how rows count, in words."""
    from thetastar.data.row_weights import weights_of

    used = [model.record.weights for model in models]
    one, two = (None if weights is None else weights.column for weights in used)
    if one is not None and one == two and one in table:
        return weights_of(table, one), f", weighted by {one!r},"
    return None, "" if used == [None, None] else " that count alike"


def _by_folds(names: tuple[str, str], metric: Metric, one: Record, two: Record) -> Comparison | str:
    """The chosen networks' scores on the same folds, by Nadeau and Bengio's corrected t (2003)."""
    from scipy.stats import t

    if one.settings.data.digest != two.settings.data.digest:
        return "Nor can their folds be: the data differs."
    left, right = one.split, two.split
    if (left.folds, left.seed, left.train, left.ordered) != (right.folds, right.seed, right.train, right.ordered):
        return "Nor can their folds be: they were dealt in another way."
    if left.folds < 3:
        return f"Nor can their folds be: {left.folds} would be too few."
    if {one.metric.name, two.metric.name} != {metric.name}:
        return f"Nor can their folds be: they are scored by {one.metric.name} and {two.metric.name}."
    means = [_fold_means(record) for record in (one, two)]
    if means[0] is None or means[1] is None:
        return "Nor can their folds be: a budget cut some short."
    ahead = means[0] - means[1]
    error = float(ahead.std(ddof=1)) * (1 / len(ahead) + 1 / (len(ahead) - 1)) ** 0.5
    width = float(t.ppf(0.975, len(ahead) - 1)) * error
    ends = (float(ahead.mean()) - width, float(ahead.mean()) + width)
    scores = (float(means[0].mean()), float(means[1].mean()))
    return _told(names, metric, "folds", len(ahead), scores, ends)


def _fold_means(record: Record) -> np.ndarray | None:
    """(folds,) the chosen network's mean over its starts; its runs stand fold by fold."""
    chosen, folds = record.chosen, record.split.folds
    if chosen.folds != folds or len(chosen.scores) % folds:
        return None
    return np.asarray(chosen.scores).reshape(folds, -1).mean(axis=1)


def _told(
    names: tuple[str, str], metric: Metric, basis: Literal["test rows", "folds"], pairs: int,
    scores: tuple[float, float], interval: tuple[float, float] | None, how: str = "",
) -> Comparison:  # fmt: skip
    better = None
    if interval is not None and not interval[0] <= 0 <= interval[1]:
        better = names[0] if metric.better(interval[0], 0.0) else names[1]
    where, whose = f"{pairs:,} test rows that neither had seen{how}", ""
    if basis == "folds":
        where, whose = f"{pairs} folds", "the network of "
    one, two = (f"{whose}{name}" for name in names)
    words = f"On {where} {one} has {metric.name} {number(scores[0])}, {two} {number(scores[1])}. "
    if interval is None:
        words += "The difference has no interval there."
    else:
        ends = f"the 95 % interval of the difference is {number(interval[0])} to {number(interval[1])}"
        verdict = f"{better} is better by more than chance explains" if better else "chance explains the difference"
        words += f"In pairs, {ends}: {verdict}."
    return Comparison(names, metric.name, basis, pairs, scores, interval, better, words)
