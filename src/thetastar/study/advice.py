"""Another split that the rows ask for: rows that belong together, or a time that matters, were split at random.

Repeated rows of one patient on both sides of a split let a network recognise the patient, and rows of tomorrow on the
training side let it know the future: the score then claims too much. Suspicion is cheap and is not told; where there is
some, the chosen candidate is trained once more on the honest split, and only if its score falls out of the interval of
the one claimed, the two are shown side by side with the option to type.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from thetastar._memory import NoRoomError
from thetastar.data.near_copies import NEAR_COPIES, find_near_copies
from thetastar.data.roles import ColumnRole, looks_like_identifier
from thetastar.data.table import Column
from thetastar.data.time_order import rank_dependence
from thetastar.errors import InputError
from thetastar.model.record import BetterSplit, Tested
from thetastar.study.problem import Problem
from thetastar.study.row_columns import times_of

__all__ = ["Again", "better_split"]

Again = Callable[[dict[str, object]], dict[str, float | None] | None]
"""The test rows' scores of the chosen candidate with other options; None where there is no time for it."""

_GROUPS = 10  # at least so many, of …
_ROWS_A_GROUP = 2.0  # … at least so many rows on average
_CONSTANT = 0.95  # share of the groups in which another column has one value
_SURE = 5.0  # standard deviations
_STRONG = 0.2  # correlation with the other rows of the group, or with the row before
_FIRST = 20_000  # rows
_TRIED = 2  # suspicions that are followed


def better_split(
    problem: Problem, test: Tested, own: Mapping[str, float | None], again: Again
) -> BetterSplit | None:  # fmt: skip
    """The split that the rows ask for, if what the random one claims does not hold on it.

    Args:
        test: what the random split claims of the answer.
        own: what it claims of the network alone, which is what is trained once more.
    """
    metric, name = problem.metric, problem.metric.name
    ends, score, claimed = test.intervals.get(name), test.scores.get(name), own.get(name)
    if ends is None or score is None or claimed is None:
        return None
    # The interval is that of the answer; the network's is about as wide.
    worst = claimed + (ends[0] if metric.direction == "max" else ends[1]) - score
    for k, (option, column, reason) in enumerate(_suspicions(problem)):
        if k == _TRIED:
            break
        try:
            scores = again({option: column, "ordered": False, "shuffle": False, "folds": 1})
        except NoRoomError:
            raise
        except InputError:
            continue  # too few groups or times to divide
        honest = None if scores is None else scores.get(name)
        if scores is not None and honest is not None and metric.better(worst, honest):
            flag = f"--{option.replace('_', '-')}"
            return BetterSplit(option=flag, column=column, reason=reason, claimed=claimed, scores=scores)
    return None


def _suspicions(problem: Problem) -> Iterator[tuple[str, str, str]]:
    """(option, column, why), the likeliest first."""
    if problem.test_table is not None or problem.grouping is not None or problem.ordered or problem.by_column:
        return
    for role in problem.roles.values():
        why = _belongs_together(problem, role)
        if why is not None:
            yield "group", role.name, why
    copies = find_near_copies(problem.table, problem.roles)
    if copies is not None:
        many = copies.rows / len(problem.truth)
        yield (
            "group", NEAR_COPIES,
            f"{copies.rows:,} of {len(problem.truth):,} rows ({many:.0%}) have near-copies, which differ by less than "
            f"{copies.distance:g} standard deviations in every number",
        )  # fmt: skip
    for role in problem.roles.values():
        if role.role == "date" and _time_matters(problem, role):
            why = f"the target changes with {role.name!r}, and rows that are later than the test rows were learned from"
            yield "by_time", role.name, why


def _belongs_together(problem: Problem, role: ColumnRole) -> str | None:
    """Why the rows that share a value of the column belong together; None where nothing says so."""
    column = problem.table.column(role.name)
    if column.samples is not None or column.missing.any() or role.role in ("constant", "date", "duplicate"):
        return None
    distinct, rows = column.distinct, len(column)
    if distinct < _GROUPS or rows < _ROWS_A_GROUP * distinct:
        return None
    if column.kind == "number" and not np.array_equal(column.numbers, np.round(column.numbers)):
        return None  # a measured number names nothing
    codes = np.unique(column.coded[0], return_inverse=True)[1]
    if not _target_repeats(problem, codes):
        return None
    same = [name for name in problem.roles if name != role.name and _constant_within(problem.table.column(name), codes)]
    if not looks_like_identifier(role.name) and len(same) < 2:
        return None
    shared = f", and {', '.join(map(repr, same[:3]))} with it" if same else ""
    return (
        f"{role.name!r} repeats ({distinct:,} values in {rows:,} rows{shared}), and rows of one value have like targets"
    )


def _constant_within(column: Column, codes: np.ndarray) -> bool:
    """True if the column has one value in nearly every group, and more than a few in all."""
    if column.samples is not None or column.distinct < 3:
        return False
    groups = int(codes.max()) + 1
    # Groups that have one value in all rows have one in the first rows too, which tell nearly every column.
    return all(_constant_share(column, codes, rows, groups) >= _CONSTANT for rows in (slice(_FIRST), slice(None)))


def _constant_share(column: Column, codes: np.ndarray, rows: slice, groups: int) -> float:
    """The share of the groups that have no two values in the rows; a missing value is one."""
    values = column.codes if column.numbers is None else column.numbers
    own = np.unique(values[rows], return_inverse=True)[1]
    pairs = np.unique(codes[rows] * (int(own.max()) + 1) + own)
    return float(np.mean(np.bincount(pairs // (int(own.max()) + 1), minlength=groups) <= 1))


def _target_repeats(problem: Problem, codes: np.ndarray) -> bool:
    """True if the mean of a group's other rows tells a row's target, one of several."""
    return any(_repeats(truth.astype(np.float64), codes) for _, truth in problem.each())


def _repeats(y: np.ndarray, codes: np.ndarray) -> bool:
    """The same of one target."""
    sizes, sums = np.bincount(codes), np.bincount(codes, y)
    several = sizes[codes] > 1
    if several.sum() < 30:
        return False
    own, rows = y[several], codes[several]
    others = (sums[rows] - own) / (sizes[rows] - 1)
    if np.ptp(own) == 0 or np.ptp(others) == 0:
        return False
    share = float(np.corrcoef(own, others)[0, 1])
    # Rows of one group go together, so the groups count, not the rows.
    return share >= _STRONG and share * np.sqrt(np.count_nonzero(sizes > 1)) >= 2


def _time_matters(problem: Problem, role: ColumnRole) -> bool:
    """True if the target, put in order of time, goes with its value before."""
    try:
        times = times_of(problem.table.column(role.name), problem.table)
    except InputError:
        return False
    if len(np.unique(times)) < 3 * _GROUPS:
        return False
    order = np.argsort(times, kind="stable")
    found = (rank_dependence(truth[order].astype(np.float64)) for _, truth in problem.each())
    return any(sure > _SURE and correlation >= _STRONG for correlation, sure in found)
