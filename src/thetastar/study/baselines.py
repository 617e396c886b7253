"""Measuring the baselines of `recipes/baselines.py` beside the networks.

They see the same prepared rows as the networks, are fitted on the training rows of each fold and scored on its
validation rows. For the comparison on the test rows they are fitted once more on training and validation rows. What a
fit gave goes into the journal, so that a resumed study does not fit it again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from thetastar._memory import give_back
from thetastar.model.metrics import Metric, score_all
from thetastar.model.record import LeaderboardRow
from thetastar.recipes.baselines import Baseline
from thetastar.recipes.fitted import Fitted
from thetastar.study.fold import rows_of
from thetastar.study.journal import Journal
from thetastar.study.trial import BaselineOutcome, as_text
from thetastar.study.workers import begun, run_at_once

__all__ = ["BaselineResult", "fitted_again", "measure_baselines", "most_rows"]

_OF_SAMPLES = 4_000_000  # numbers of images or sequences that a baseline sees


@dataclass
class BaselineResult:
    """What one baseline gave on the folds, by the number of the fold; a budget may have left some out."""

    baseline: Baseline
    outcomes: dict[int, BaselineOutcome] = field(default_factory=dict)
    fitted: Fitted | None = None  # on the first fold, where it was fitted in this run

    @property
    def seconds(self) -> float:
        """Time of all its fits together."""
        return sum(outcome.seconds for outcome in self.outcomes.values())

    @property
    def settings(self) -> dict[str, Any]:
        """Settings for the last fit: the mean over folds."""
        parts = [outcome.settings for _, outcome in sorted(self.outcomes.items())]
        names = [name for name in (parts[0] if parts else {}) if all(name in part for part in parts)]
        return {name: round(float(np.mean([part[name] for part in parts]))) for name in names}

    def row(self, metric: Metric, folds: Sequence[int] | None = None) -> LeaderboardRow:
        """Its leaderboard row; on some folds only, where the networks are compared on these.

        Without a fit on one of these folds it has no mean: it would be compared on other rows.
        """
        asked = sorted(self.outcomes) if folds is None else list(folds)
        cut = any(fold not in self.outcomes for fold in asked)
        found = [self.outcomes[fold].scores.get(metric.name) for fold in asked if fold in self.outcomes]
        known = [score for score in found if score is not None and np.isfinite(score)]
        spread = float(np.std(known, ddof=1)) if len(known) > 1 else None
        return LeaderboardRow(
            rank=0, name=self.baseline.name, kind="baseline", description=self.baseline.description,
            validation_mean=float(np.mean(known)) if known and not cut else None,
            validation_std=spread, fold_spread=spread, start_spread=None, scores=tuple(known), folds=len(found),
            runs=len(found), parameters=None, epochs=None,
            seconds=round(self.seconds, 3), status="interrupted" if cut else "finished", chosen=False, round=None,
        )  # fmt: skip


def measure_baselines(
    baselines: list[Baseline], task: str, folds: Sequence[Any], threads: int, most: int | None = None, *,
    journal: Journal | None = None, deadline: float | None = None, metric: Metric | None = None,
    clock: Callable[[], float] = time.perf_counter,
    running: Callable[[list[str]], None] = lambda names: None,
) -> Iterator[BaselineResult]:  # fmt: skip
    """Fit every baseline on every fold's training rows and score it on the validation rows; yields each when complete.

    Args:
        most: training rows that they see, as `most_rows` says; all if not given.
        journal: keeps what each fit gave; what it holds already is not fitted again.
        metric: the one that chooses, which is scored too where it is a user's own.
        deadline: a moment of `clock`. All baselines are fitted on the first fold, then fold by fold as long as another
            fit, taking as long as the first, would end in time; the rest is left out.
        running: told now and then which baselines are being fitted.
    """
    journal = journal or Journal()
    results = [BaselineResult(baseline) for baseline in baselines]
    for result in results:
        for fold in folds:
            if (held := journal.baseline((result.baseline.name, fold.number))) is not None:
                result.outcomes[fold.number] = held
    places = [(result, fold) for result in results for fold in folds if fold.number not in result.outcomes]
    if deadline is not None:
        places.sort(key=lambda place: place[1].number)

    # By baseline when its first fit began and how long it took: the calls run on threads of their own.
    begun_at: dict[str, float] = {}
    taken = {
        result.baseline.name: next(iter(result.outcomes.values())).seconds for result in results if result.outcomes
    }

    def call(result: BaselineResult, fold: Any) -> BaselineOutcome | None:
        started, name = clock(), result.baseline.name
        if deadline is not None and (name in taken or name in begun_at):
            expected = taken.get(name, started - begun_at.get(name, started))  # still at it: so long at least
            if started + expected > deadline:
                return None
        begun_at.setdefault(name, started)
        rows = fold.train[:most]
        fitted, settings = fold.fit_baseline(result.baseline, rows_of(fold.inputs, rows), rows, {})
        if fold.number == 0:
            result.fitted = fitted
        held = fold.validation
        predicted = fitted.predict(fold.with_own(result.baseline, rows_of(fold.inputs, held), held))
        scores = {
            name: float(value) if np.isfinite(value) else None
            for name, value in score_all(
                task, fold.truth, predicted, own=metric, weight=fold.weight_of(fold.validation)
            ).items()
        }
        taken.setdefault(name, clock() - started)
        return BaselineOutcome(name, fold.number, round(clock() - started, 4), scores, settings, as_text(predicted))

    waiting = [sum(place[0] is result for place in places) for result in results]
    for result, left in zip(results, waiting, strict=True):
        if left == 0:
            yield result
    if any(waiting):
        running([result.baseline.name for result, left in zip(results, waiting, strict=True) if left])
    for index, outcome in run_at_once([partial(call, *place) for place in places], threads):
        result = places[index][0]
        if outcome is not None:
            result.outcomes[outcome.fold] = outcome
            journal.add_baseline(outcome)
        at = next(k for k, other in enumerate(results) if other is result)
        waiting[at] -= 1
        if waiting[at] == 0:
            yield result
            if any(waiting):
                running([other.baseline.name for other, left in zip(results, waiting, strict=True) if left])


def most_rows(shape: tuple[int, ...], numbers: int) -> int:
    """How many training rows the baselines see: as many as take seconds, or of a table what the effort allows.

    Args:
        shape: of a row.
        numbers: of a table that they see at most.
    """
    return max((numbers if len(shape) == 1 else _OF_SAMPLES) // math.prod(shape), 1_000)


@contextmanager
def fitted_again(
    results: list[BaselineResult], learning: Any, most: int, threads: int
) -> Iterator[Callable[[], dict[str, Fitted]]]:  # fmt: skip
    """Fit every baseline once more, with the settings found, while the caller does something else.

    Args:
        learning: the rows to learn from (`Learning`), of which they see the first `most`.

    Yields:
        A function that waits for them and returns what was fitted by name.
    """

    prepared = learning.inputs(most)

    def call(result: BaselineResult) -> Fitted:
        return learning.fit_baseline(result.baseline, prepared, slice(most), result.settings)[0]

    def fits() -> dict[str, Fitted]:
        found = dict(running)
        give_back()  # forests grow in small pieces, which the C library would keep
        return {result.baseline.name: found[index] for index, result in enumerate(results)}

    with begun([partial(call, result) for result in results], threads) as running:
        yield fits
