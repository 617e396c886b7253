"""What a whole procedure reaches: the study again for every outer fold, tested on rows that none of it has seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import numpy as np

from thetastar.errors import InputError
from thetastar.model.metrics import Metric
from thetastar.model.record import NestedEstimate, Record
from thetastar.study.options import StudyOptions
from thetastar.study.problem import Problem
from thetastar.study.splits import Outer

__all__ = ["check_nested", "nested_estimate"]


def check_nested(problem: Problem, options: StudyOptions) -> None:
    """Refuse what outer folds cannot be dealt for, before anything is trained.

    Raises:
        InputError: rows in order of time, folds that are given, a budget, or fewer rows (or groups) than folds.
    """
    if options.nested is None:
        return
    if problem.ordered:
        raise InputError(
            "nested: outer folds are dealt at random, and these rows are split in order of time. Leave nested out, or "
            "shuffle the rows if time means nothing (--shuffle)."
        )
    if options.cv is not None:
        raise InputError("nested: outer folds are dealt anew, and cv names rows. Leave one of them out.")
    if options.budget is not None:
        runs = options.nested * (options.repeats or 1)
        raise InputError(
            f"nested: the study runs {runs} times more, which one budget cannot share. Give effort in place of budget."
        )
    if len(problem.truth) < 4 * options.nested:
        raise InputError(
            f"nested: {len(problem.truth)} rows cannot be dealt into {options.nested} outer folds of four rows at "
            "least. Give fewer folds."
        )


def nested_estimate(
    problem: Problem, options: StudyOptions, again: Callable[[StudyOptions, Outer], Record],
    tell: Callable[[str], None],
) -> NestedEstimate | None:  # fmt: skip
    """The estimate; None where it was not asked for.

    Args:
        again: runs the whole study with other rows for its test.
    """
    if options.nested is None:
        return None
    folds, repeats = options.nested, options.repeats or 1
    scores, rivals, chosen, sizes = [], [], [], []
    for repeat, number in product(range(repeats), range(folds)):
        outer = Outer(folds, repeat, number)
        tell(f"Nested cross-validation: outer fold {number + 1} of {folds}, dealt {repeat + 1} of {repeats}")
        out = None if options.out is None else options.out / "nested" / outer.name
        changes = {"out": out, "test": None, "nested": None, "repeats": None, "target": problem.asked,
                   "task": problem.task, "metric": problem.metric}  # fmt: skip
        record = again(options.model_copy(update=changes), outer)
        name = problem.metric.name
        score = record.test.scores[name]
        if score is None:
            raise InputError(
                f"nested: {name} is not defined on the rows of outer fold {number + 1}. Choose another metric, or "
                "fewer folds."
            )
        scores.append(score)
        rivals.append(record.test.baselines.get(record.headline.rival or "", {}).get(name))
        chosen.append(record.winner.name)
        sizes.append((record.test.rows, record.split.train + record.split.validation))
    known = [rival for rival in rivals if rival is not None]
    return NestedEstimate(
        folds=folds, repeats=repeats, scores=tuple(scores), mean=float(np.mean(scores)),
        interval=interval_of(scores, sizes, problem.metric), rival=float(np.mean(known)) if known else None,
        chosen=tuple(chosen),
    )  # fmt: skip


def interval_of(
    scores: Sequence[float], sizes: Sequence[tuple[int, int]], metric: Metric
) -> tuple[float, float] | None:
    """Student's 95 % interval of the mean, with the variance of Nadeau and Bengio (2003); within the metric's range.

    The folds share training rows, so their scores are not independent: the variance of the mean is not s²/n, but
    s² (1/n + test rows / training rows).

    Args:
        sizes: (test rows, rows learned from) of every outer fold.
    """
    from scipy.stats import t

    if len(scores) < 2 or not np.isfinite(scores).all():
        return None
    share = float(np.mean([tested / learned for tested, learned in sizes]))
    spread = float(np.std(scores, ddof=1)) * np.sqrt(1 / len(scores) + share) * float(t.ppf(0.975, len(scores) - 1))
    low, high = float(np.mean(scores)) - spread, float(np.mean(scores)) + spread
    return max(low, metric.least), min(high, metric.most)
