"""How much memory the rest of a study takes at most: stated before its first fit, and refused where it is not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thetastar._memory import in_words, require
from thetastar.data.task import find_task
from thetastar.recipes import Candidate
from thetastar.study.fold import LARGE, FittedFold, held_rows, is_large
from thetastar.study.plan import REFIT_STARTS, Plan
from thetastar.study.problem import Problem

__all__ = ["StudyMemory", "check_memory", "memory_of_rows", "study_memory"]

# Bytes that a fit of a baseline takes for a cell of its rows: the rows that it is given, in single precision, and what
# scikit-learn makes of them. Measured with scikit-learn 1.9 (peak of the process, 20,000 × 60 and 100,000 × 8 cells):
# 33 for its ridge regression, which keeps three copies in double precision and is asked where there are more columns
# than rows; 24 to 27 for boosted trees; below 1 for logistic regression, and for ridge regression of our own.
_GIVEN, _RIDGE, _BOOSTING = 4, 33, 27
_FOREST = 36 << 20  # bytes of a forest while it grows: half a million nodes of 72 bytes, which `least_leaf` allows
_STAYS = 4  # one part in so many of what fits took stays in small pieces (16,000 × 50: 90.8 MB for 81.9)
_OWN = 8 << 20  # bytes of Python's objects and of libraries that the end of a study is the first to use
_HASHES = 64  # bytes a row of what finds test rows among those learned from
_AT_ONCE = 1 << 16  # rows that are prepared at a time for what the model remembers of them
_SOME = 2_000  # rows that show how wide a candidate's own preparation is
_NETWORKS = 1 << 24  # bytes that a network of the default sets takes while it trains, about
_WORTH_ASKING = 1 << 26  # bytes: a study that takes less asks nobody


@dataclass(frozen=True)
class StudyMemory:
    """Bytes beside what a study holds when its plan is made, which is the table.

    Attributes:
        folds: the prepared rows of every fold, with those of candidates that prepare them in a way of their own; they
            are given back before the final trainings, unless a budget may end these early.
        seen: of a large table the prepared rows that the baselines see, which are given back before the folds are
            filled; of any other none, for the baselines see the folds.
        baselines: fits on the folds at a time.
        learning: the rows of the final trainings, as all candidates see them.
        networks: those that train at a time.
        rival: a baseline that is fitted again beside the networks; of a large table all of them, after the networks.
        closing: the test rows prepared, and what compares all rows with them.
        together: whether the folds stay until the end.
    """

    folds: int
    seen: int
    baselines: int
    learning: int
    networks: int
    rival: int
    closing: int
    together: bool = False

    @property
    def rows(self) -> int:
        """Prepared rows, the most at any time."""
        return self.folds + self.learning if self.together else max(self.folds, self.learning)

    @property
    def bytes(self) -> int:
        """The most at any time. What the fits and networks of one time take adds to that of the next, because the C
        library often keeps what it gets back in small pieces; large arrays it gives back.

        Of a large table baselines are fitted while no network trains, and most of what they took is given back between.
        """
        held = self.folds if self.together else 0
        if self.seen:
            return (
                _OWN
                + self.baselines // _STAYS
                + max(
                    self.seen + self.baselines,
                    self.folds + self.networks,
                    held + self.learning + self.networks,
                    held + self.networks + self.rival + self.closing,
                )
            )
        always = self.baselines + self.networks + self.rival + _OWN
        if self.together:
            return always + self.folds + self.learning + self.closing
        return always + max(self.folds, self.learning + self.closing)


def check_memory(
    problem: Problem, folds: Sequence[FittedFold], plan: Plan, threads: int, together: bool = False
) -> StudyMemory | None:
    """What the study takes; None where that is little.

    Args:
        together: whether it holds the folds until its end.

    Raises:
        InputError: the machine, its control group or RLIMIT_AS leaves less.
    """
    if _roughly(problem, folds, plan, threads) < _WORTH_ASKING:
        return None
    needed = study_memory(problem, folds, plan, threads, together)
    require(
        problem.table.source, needed.bytes,
        f"the study beside its table (networks {in_words(needed.networks)}, baselines "
        f"{in_words(needed.baselines)}, rows {in_words(needed.rows)})",
        "Give fewer rows (--rows, rows=) or columns, fewer threads or smaller candidates",
    )  # fmt: skip
    return needed


def study_memory(
    problem: Problem, folds: Sequence[FittedFold], plan: Plan, threads: int, together: bool = False
) -> StudyMemory:
    """What a study takes by its parts.

    Args:
        threads: that the study uses.
        together: whether it holds the folds until its end.
    """
    first, learning_rows = folds[0], len(problem.division.learning)
    width, rows = first.preparation.feature_count, held_rows(problem, first, max(plan.baseline_rows, plan.rows))
    tested = len(problem.test) if problem.test_table is None else problem.test_table.row_count
    fit = _GIVEN + (_BOOSTING if find_task(problem.task).probable else _RIDGE)
    at_once = min(threads, 2 * len(folds))  # the two that take memory, boosted and randomised trees, on every fold
    networks: list[int] = []
    views: dict[tuple[str | int, ...], int] = {}  # how wide rows are that candidates prepare in their own way
    for candidate in plan.candidates:
        own_width, taken = _network(problem, first, candidate, plan)
        networks += [taken] * REFIT_STARTS
        if candidate.preparation_key:
            views[candidate.preparation_key] = own_width
    wide = 4 * (width + sum(views.values()))
    seen = held_rows(problem, first, plan.baseline_rows) if is_large(problem, first) else 0
    rival = fit * width * min(plan.baseline_rows, learning_rows)
    return StudyMemory(
        folds=wide * rows * len(folds),
        seen=4 * width * seen * len(folds),
        baselines=at_once * fit * width * min(plan.baseline_rows, len(first.rows.train)) + _FOREST,
        learning=wide * (len(problem.truth) if problem.test_table is None else learning_rows),  # the test's too, later
        networks=sum(sorted(networks, reverse=True)[:threads]),
        rival=rival if not seen else rival * min(threads, 2) + _FOREST,
        closing=(wide + 4 * width) * tested
        + 2 * wide * min(len(problem.truth), _AT_ONCE)
        + _HASHES * len(problem.truth),
        together=together,
    )


def memory_of_rows(rows: int, width: int, seen: int, *, folds: int, threads: int, together: bool) -> int:
    """About the bytes of a study of so many rows, beside its table, before anything of it is known but their width.

    Args:
        width: numbers of a prepared row.
        seen: rows that baselines see at most.
        together: whether it holds the folds until its end.
    """
    train, held = rows * 8 // 10, rows // 10
    fit, large = _GIVEN + _RIDGE, rows * width > LARGE
    one_fit = fit * width * min(seen, train + held)
    fits = min(threads, 2) * one_fit + _FOREST
    return StudyMemory(
        folds=4 * width * (train + held if large else rows) * folds,
        seen=4 * width * (min(seen, train) + held) * folds if large else 0,
        baselines=fits,
        learning=4 * width * rows,
        networks=_NETWORKS * threads,
        rival=fits if large else one_fit,
        closing=8 * width * (held + min(rows, _AT_ONCE)) + _HASHES * rows,
        together=together,
    ).bytes


def _network(problem: Problem, fold: FittedFold, candidate: Candidate, plan: Plan) -> tuple[int, int]:
    """How many numbers a row has as the candidate sees it, and what one of its trainings takes."""
    from thetastar.jobs import Job

    some = fold.rows.train[:_SOME]
    inputs = fold.preparation.transform(problem.table, some)
    preparation, _ = candidate.prepare(fold.preparation, inputs, np.arange(len(some)))
    network = candidate.network(
        preparation.input_shape, problem.output_count, masked=preparation.masked, numbers=preparation.numbers
    )
    training = candidate.training(2, plan.batch_size, fold.preparation.input_shape)
    job = Job(network, loss=find_task(problem.task).loss_of(problem.metric.name, candidate.loss), **training)
    # The final training has all rows to learn from.
    taken = job.memory(max(plan.rows, len(problem.division.learning)), len(fold.rows.validation))
    return int(np.prod(preparation.input_shape)), taken


def _roughly(problem: Problem, folds: Sequence[FittedFold], plan: Plan, threads: int) -> int:
    """More bytes than a small study takes, without making a network."""
    cells = len(problem.truth) * folds[0].preparation.feature_count
    sample = folds[0].preparation.input_shape
    largest = max(candidate.parameter_count(sample, problem.output_count) for candidate in plan.candidates)
    own = any(candidate.preparation_key for candidate in plan.candidates)
    fits = (1 + min(threads, 2 * len(folds))) * (_GIVEN + _RIDGE)
    return cells * (fits + 12 + 4 * (1 + 40 * own) * (len(folds) + 2)) + threads * (
        40 * largest + 4 * 16 * plan.batch_size
    )
