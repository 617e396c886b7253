"""The test rows beside those that were learned from: rows that stand on both sides, and columns that differ."""

from __future__ import annotations

import numpy as np

from thetastar.data.overlap import find_overlap, find_shifts
from thetastar.data.table import Table
from thetastar.model.metrics import Thresholds, score_all
from thetastar.model.record import Repeated
from thetastar.study.problem import Problem

__all__ = ["columns_that_differ", "repeated_rows"]

_FEWEST = 20  # rows left, below which a score without the repeated ones would be chance


def repeated_rows(
    problem: Problem, learned: np.ndarray, table: Table, truth: np.ndarray, predicted: np.ndarray,
    threshold: Thresholds = None, weight: np.ndarray | None = None,
) -> Repeated | None:  # fmt: skip
    """The test rows whose inputs were learned from, and the scores without them; None where there are none.

    Args:
        learned: the rows of the problem's table that were learned from.
        table: the test rows, with their truth (m,) and what was predicted, (m,) or (m, C).
        threshold: of the answer, where it has one.
        weight: (m,) how much each row counts; alike if not given.
    """
    names = [name for name, role in problem.roles.items() if role.used and name in table]
    overlap = find_overlap(problem.table, table, names, problem.truth[learned], truth, learned)
    if not overlap.inputs.any():
        return None
    rest = ~overlap.inputs
    left = None if weight is None else weight[rest]
    enough = rest.sum() >= _FEWEST
    scores = score_all(problem.task, truth[rest], predicted[rest], threshold, weight=left) if enough else {}
    return Repeated(
        rows=int(overlap.inputs.sum()),
        same_target=int(overlap.whole.sum()),
        conflicting=int(overlap.conflicting.sum()),
        scores_without={name: value if np.isfinite(value) else None for name, value in scores.items()},
    )


def columns_that_differ(problem: Problem, learned: np.ndarray, table: Table) -> tuple[str, ...]:
    """A sentence for every column whose values differ by more than chance.

    Rows drawn at random from one table do not differ by anything else, so they are not compared.
    """
    if problem.test_table is None and not problem.ordered:
        return ()
    names = [name for name, role in problem.roles.items() if role.used and name in table]
    return tuple(shift.sentence for shift in find_shifts(problem.table.select(learned), table, names))
