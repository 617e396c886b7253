"""What one column does to the score: columns that give the target away, and a column that carries most of the score.

The first are proved from the data (`data/leaks.py`). The second is what data cannot tell: a duration that is known only
after the call looks like any strong column. So it is measured and said, not accused: the column's score alone, and the
chosen candidate's score when it is trained without it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from thetastar.data.leaks import Alone, alone, find_leaks
from thetastar.model.metrics import Metric
from thetastar.model.record import Carried, Leaked, Tested
from thetastar.recipes.baselines import CONSTANT
from thetastar.study.problem import Problem
from thetastar.study.workers import run_at_once

__all__ = ["Without", "carrying_column", "leaked_columns"]

Without = Callable[[tuple[str, ...]], dict[str, float | None] | None]
"""The test rows' scores of the chosen candidate, trained without some columns; None where there is no time for it."""

_ALONE = 0.6  # of what the network is better than the constant by, one column gets alone …
_LOST = 0.25  # … and so much is lost without it, before it is said
_OTHERS = 2  # columns beside it, at least
_ROWS = 5_000  # that trees see, to find whether the other columns can do without it


def leaked_columns(problem: Problem, without: Without) -> Leaked | None:
    """The columns that give the target away, and the scores without them."""
    leaks = [leak for part in problem.encoding.parts for leak in find_leaks(problem.table, part, problem.roles)]
    columns = tuple(dict.fromkeys(name for leak in leaks for name in leak.columns))
    if not columns:
        return None
    others = [name for name, role in problem.roles.items() if role.used and name not in columns]
    return Leaked(columns=columns, scores_without=(without(columns) if others else None) or {})


def carrying_column(
    problem: Problem, test: Tested, own: Mapping[str, float | None], without: Without
) -> Carried | None:  # fmt: skip
    """The column that carries most of the score, if there is one.

    Args:
        test: has the constant's scores.
        own: the final network's scores on the test rows.
    """
    metric = problem.metric
    constant = next((scores.get(metric.name) for n, scores in test.baselines.items() if n.startswith(CONSTANT)), None)
    score = own.get(metric.name)
    if constant is None or score is None or not metric.better(score, constant):
        return None
    if len(problem.targets) > 1:
        return None  # no column alone has the score of all of them
    found = _best_alone(problem, metric)
    if found is None:
        return None
    name, by_itself = found
    whole = abs(score - constant)
    if (
        not metric.better(by_itself, constant)
        or abs(by_itself - constant) < _ALONE * whole
        or not _loses(problem, name)
    ):
        return None
    rest = without((name,))
    left = None if rest is None else rest.get(metric.name)
    if rest is None or left is None or (metric.better(left, constant) and abs(left - constant) > (1 - _LOST) * whole):
        return None
    return Carried(column=name, network=score, alone=by_itself, scores_without=rest)


def _best_alone(problem: Problem, metric: Metric) -> tuple[str, float] | None:
    """The column with the best score alone, and that score; None with few columns beside it."""
    names = [name for name, role in problem.roles.items() if role.used]
    if len(names) <= _OTHERS or any(problem.table.column(name).samples is not None for name in names):
        return None
    scores = {}
    for name in names:
        told = alone(problem.table.column(name), problem.truth, problem.encoding)
        if told is not None:
            scores[name] = _score(told, problem, metric)
    if not scores:
        return None
    best = min(scores, key=lambda name: metric.loss(scores[name]))
    return best, scores[best]


def _score(told: Alone, problem: Problem, metric: Metric) -> float:
    predicted = told.predicted
    if problem.encoding.kind.classification:
        predicted = predicted / predicted.sum(axis=1, keepdims=True)
    return metric(problem.truth[told.rows], predicted, problem.weight(told.rows))


def _loses(problem: Problem, name: str) -> bool:
    """What `_lost` says, on a thread of its own as baselines are: several would wait for one another by spinning."""
    ((_, found),) = run_at_once([partial(_lost, problem, name)], 1)
    return bool(found)


def _lost(problem: Problem, name: str) -> bool:
    """True if a few trees lose a quarter of what they know when they do not see the column: much cheaper to learn than
    a network, so that this is trained only where it is likely to be said."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    from thetastar.data.prepare import Preparation

    rows = problem.division.learning[:_ROWS]
    half = len(rows) // 2
    make = HistGradientBoostingClassifier if problem.encoding.kind.classification else HistGradientBoostingRegressor
    knows = []
    for left_out in ((), (name,)):
        roles = {key: role for key, role in problem.roles.items() if key not in left_out}
        inputs = Preparation.fit(problem.table, rows[:half], roles).transform(problem.table.select(rows))
        truth = problem.truth[rows]
        trees = make(max_iter=40, early_stopping=False, random_state=0)
        trees.fit(inputs[:half], truth[:half], problem.weight(rows[:half]))
        if problem.encoding.kind.classification:
            classes = trees.classes_
            found = np.zeros((len(rows) - half, problem.class_count))
            found[:, classes.astype(int)] = trees.predict_proba(inputs[half:])
            plain = np.tile(np.bincount(truth[:half], minlength=problem.class_count) / half, (len(found), 1))
        else:
            found = trees.predict(inputs[half:])
            plain = np.full(len(found), truth[:half].mean())
        judged = problem.weight(rows[half:])
        knows.append(abs(problem.metric(truth[half:], found, judged) - problem.metric(truth[half:], plain, judged)))
    return bool(knows[1] <= (1 - _LOST / 2) * knows[0])
