"""How much memory the rest of a study takes at most: stated before its first fit, and refused where it is not there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from thetastar._memory import in_words, require
from thetastar.data.task import find_task
from thetastar.recipes import Baseline, Candidate, baselines_for
from thetastar.recipes.fit_memory import held_bytes
from thetastar.study.fold import LARGE, FittedFold, held_rows, is_large
from thetastar.study.plan import REFIT_STARTS, Plan
from thetastar.study.problem import Problem

__all__ = ["StudyMemory", "check_memory", "memory_of_rows", "study_memory"]

_GIVEN = 4  # bytes of a cell of the rows that a baseline is given, where they must be copied
_STAYS = 4  # one part in so many of what the fits on the folds took stays in small pieces, when they are given back
_OWN = 16 << 20  # bytes of objects of Python, of libraries that the end is the first to use, of a forest as it is kept
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
        rival: the baselines that are fitted again, at a time.
        closing: the test rows prepared, and what compares all rows with them.
        together: whether the folds stay until the end.
        alone: whether baselines are fitted again when no network trains.
    """

    folds: int
    seen: int
    baselines: int
    learning: int
    networks: int
    rival: int
    closing: int
    together: bool = False
    alone: bool = False

    @property
    def rows(self) -> int:
        """Prepared rows, the most at any time."""
        return self.folds + self.learning if self.together else max(self.folds, self.learning)

    @property
    def bytes(self) -> int:
        """The most at any time: while the baselines are fitted on the folds, while networks train on them, while the
        final networks train, and while the test rows are scored.

        Of what the fits on the folds took some stays, because the C library keeps small pieces.
        """
        beside = 0 if self.alone else self.rival  # another baseline is fitted while networks train
        held = self.folds if self.together else 0
        times = (
            (self.seen or self.folds) + self.baselines,
            self.folds + self.networks + beside + self.baselines // _STAYS,
            held + self.learning + self.networks + beside + self.baselines // _STAYS,
            held + (0 if self.alone and self.seen else self.learning) + self.networks + self.rival + self.closing
            + self.baselines // _STAYS,
        )  # fmt: skip
        return _OWN + max(times)


def check_memory(
    problem: Problem, folds: Sequence[FittedFold], plan: Plan, baselines: Sequence[Baseline], threads: int,
    together: bool = False,
) -> StudyMemory | None:  # fmt: skip
    """What the study takes; None where that is little.

    Args:
        together: whether it holds the folds until its end.

    Raises:
        InputError: the machine, its control group or RLIMIT_AS leaves less.
    """
    if _roughly(problem, folds, plan, baselines, threads, together) < _WORTH_ASKING:
        return None
    needed = study_memory(problem, folds, plan, baselines, threads, together)
    require(
        problem.table.source, needed.bytes,
        f"the study beside its table (networks {in_words(needed.networks)}, baselines "
        f"{in_words(needed.baselines)}, rows {in_words(needed.rows)})",
        "Give fewer rows (--rows, rows=) or columns, fewer threads or smaller candidates",
    )  # fmt: skip
    return needed


def study_memory(
    problem: Problem, folds: Sequence[FittedFold], plan: Plan, baselines: Sequence[Baseline], threads: int,
    together: bool = False,
) -> StudyMemory:  # fmt: skip
    """What a study takes by its parts.

    Args:
        baselines: that it fits.
        threads: that the study uses.
        together: whether it holds the folds until its end.
    """
    first, learning_rows = folds[0], len(problem.division.learning)
    width, rows = first.preparation.feature_count, held_rows(problem, first, max(plan.baseline_rows, plan.rows))
    tested = len(problem.test) if problem.test_table is None else problem.test_table.row_count
    networks: list[int] = []
    views: dict[tuple[str | int, ...], int] = {}  # how wide rows are that candidates prepare in their own way
    for candidate in plan.candidates:
        own_width, taken = _network(problem, first, candidate, plan)
        networks += [taken] * REFIT_STARTS
        if candidate.preparation_key:
            views[candidate.preparation_key] = own_width
    wide = 4 * (width + sum(views.values()))
    seen = held_rows(problem, first, plan.baseline_rows) if is_large(problem, first) else 0
    fits, again, alone = _fits(problem, folds, plan, baselines, threads, together)
    return StudyMemory(
        folds=wide * rows * len(folds),
        seen=4 * width * seen * len(folds),
        baselines=fits,
        learning=wide * (len(problem.truth) if problem.test_table is None else learning_rows),  # the test's too, later
        networks=_largest(networks, threads),
        rival=again,
        closing=(wide + 4 * width) * tested
        + 2 * wide * min(len(problem.truth), _AT_ONCE)
        + _HASHES * len(problem.truth),
        together=together,
        alone=alone,
    )


def _fits(
    problem: Problem, folds: Sequence[FittedFold], plan: Plan, baselines: Sequence[Baseline], threads: int,
    together: bool,
) -> tuple[int, int, bool]:  # fmt: skip
    """What baselines take on the folds and what they take when they are fitted again, those at a time; and whether
    the latter are when no network trains (`Making.rivals`)."""
    width, learning = folds[0].preparation.feature_count, len(problem.truth)  # the test's rows too, later

    def fits(rows: int) -> list[int]:
        seen, held = min(plan.baseline_rows, rows), bool(problem.monotone)
        return [_fit(baseline, seen, width, held=held and baseline.held) for baseline in baselines]

    alone = together or threads == 1 or is_large(problem, folds[0])
    on_folds = fits(len(folds[0].rows.train)) * len(folds)
    return _largest(on_folds, threads), _largest(fits(learning), threads if alone else 1), alone


def _fit(baseline: Baseline, rows: int, width: int, *, held: bool = False) -> int:
    """What one fit takes, with the rows that it is given."""
    shape = (rows, width)
    return _GIVEN * rows * width + max(baseline.takes(shape), held_bytes(shape) if held else 0)


def _largest(parts: Sequence[int], most: int) -> int:
    """The sum of the largest so many."""
    return sum(sorted(parts, reverse=True)[:most])


def memory_of_rows(rows: int, width: int, seen: int, *, forest: int, folds: int, threads: int, together: bool) -> int:
    """About the bytes of a study of so many rows, beside its table, before anything of it is known but their width.

    Args:
        width: numbers of a prepared row.
        seen: rows that baselines see at most.
        forest: training rows up to which randomised trees are among them.
        together: whether it holds the folds until its end.
    """
    train, held = rows * 8 // 10, rows // 10
    large = rows * width > LARGE
    baselines = baselines_for("regression", "rmse", 0, 0, forest=train <= forest)

    def fits(of: int, copies: int, at_once: int) -> int:
        return _largest([_fit(baseline, min(seen, of), width) for baseline in baselines] * copies, at_once)

    alone = large or together or threads == 1
    return StudyMemory(
        folds=4 * width * (train + held if large else rows) * folds,
        seen=4 * width * (min(seen, train) + held) * folds if large else 0,
        baselines=fits(train, folds, threads),
        learning=4 * width * rows,
        networks=_NETWORKS * threads,
        rival=fits(rows, 1, threads if alone else 1),
        closing=8 * width * (held + min(rows, _AT_ONCE)) + _HASHES * rows,
        together=together,
        alone=alone,
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


def _roughly(
    problem: Problem, folds: Sequence[FittedFold], plan: Plan, baselines: Sequence[Baseline], threads: int,
    together: bool,
) -> int:  # fmt: skip
    """More bytes than a small study takes, without making a network."""
    cells = len(problem.truth) * folds[0].preparation.feature_count
    sample = folds[0].preparation.input_shape
    largest = max(candidate.parameter_count(sample, problem.output_count) for candidate in plan.candidates)
    own = any(candidate.preparation_key for candidate in plan.candidates)
    fits, again, _ = _fits(problem, folds, plan, baselines, threads, together)
    return (
        fits + again + cells * (12 + 4 * (1 + 40 * own) * (len(folds) + 2))
        + threads * (40 * largest + 4 * 16 * plan.batch_size)
    )  # fmt: skip
