"""Where a candidate stands: its scores on the folds that all finished, their mean, and how far folds and starts differ.

Candidates are compared as pairs, on the same folds and after the same round. A budget can end a round early; then only
the folds count that every candidate of that round finished, and a round that no fold got through does not count at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from thetastar.errors import InputError
from thetastar.model.metrics import Metric
from thetastar.recipes import Candidate
from thetastar.study.trial import Outcome, Trial

__all__ = ["Standing", "Status", "best_first", "best_of", "common_folds", "standing_of"]

Status = Literal["finished", "interrupted", "diverged"]


@dataclass(frozen=True)
class Standing:
    """Where a candidate stands after its last round that counts.

    Attributes:
        outcomes: every run of that round that came to its end, or those cut short where no other is there.
        folds: those that it is compared on.
        runs: (fold, score) of every run on these folds that has a score.
        status: "finished", "interrupted" if a run of the round is missing or was cut short, or "diverged".
    """

    candidate: Candidate
    parameters: int
    round: int
    outcomes: tuple[Outcome, ...]
    folds: tuple[int, ...]
    runs: tuple[tuple[int, float], ...]
    status: Status

    @property
    def scores(self) -> tuple[float, ...]:
        """The score of every run that counts."""
        return tuple(score for _, score in self.runs)

    @cached_property
    def mean(self) -> float | None:
        """Mean score over folds and starts; a candidate that ever diverged has none: it cannot be trusted again."""
        if not self.runs or self.status == "diverged":
            return None
        return float(np.mean(self.scores)) if len(self.runs) > 1 else self.runs[0][1]

    @property
    def std(self) -> float | None:
        """Spread over all runs, whatever made them differ."""
        return float(np.std(self.scores, ddof=1)) if len(self.runs) > 1 and self.status != "diverged" else None

    @property
    def fold_spread(self) -> float | None:
        """Standard deviation of the folds' means: what other rows would change. None of one fold."""
        means = [mean for _, mean in self.fold_means]
        return float(np.std(means, ddof=1)) if len(means) > 1 and self.status != "diverged" else None

    @property
    def start_spread(self) -> float | None:
        """Standard deviation over the starts within a fold, pooled: what luck would change. None of one start."""
        parts = [np.asarray(scores) for scores in self._by_fold().values()]
        freedom = sum(len(part) - 1 for part in parts)
        if freedom == 0 or self.status == "diverged":
            return None
        return float(np.sqrt(sum(np.sum(np.square(part - part.mean())) for part in parts) / freedom))

    @property
    def training_mean(self) -> float | None:
        """Mean score on training rows over starts and folds, where every run has one."""
        scores = [outcome.training_score for outcome in self.outcomes]
        known = [score for score in scores if score is not None]
        return float(np.mean(known)) if known and len(known) == len(scores) and self.status != "diverged" else None

    @property
    def epochs(self) -> int:
        """The epochs found: the median of the best ones over starts and folds, at least one."""
        best = [outcome.best_epoch for outcome in self.outcomes if outcome.stopped != "diverged"] or [1]
        return max(best[0] if len(best) == 1 else int(np.median(best)), 1)

    @property
    def fold_means(self) -> tuple[tuple[int, float], ...]:
        """(fold, mean score over its starts)."""
        found = self._by_fold().items()
        return tuple((fold, scores[0] if len(scores) == 1 else float(np.mean(scores))) for fold, scores in found)

    def _by_fold(self) -> dict[int, list[float]]:
        found: dict[int, list[float]] = {}
        for fold, score in self.runs:
            found.setdefault(fold, []).append(score)
        return found


def common_folds(trials: Sequence[Trial], outcomes: Iterable[Outcome]) -> tuple[int, ...]:
    """The folds in which every trial of a round came to its end; a candidate that diverged holds nobody up."""
    ended = {outcome.key: outcome.stopped for outcome in outcomes}
    diverged = {name for (_, name, _, _), stopped in ended.items() if stopped == "diverged"}
    unfinished = {
        trial.fold
        for trial in trials
        if trial.candidate.name not in diverged and ended.get(trial.key, "interrupted") == "interrupted"
    }
    return tuple(sorted({trial.fold for trial in trials} - unfinished))


def standing_of(
    trials: Sequence[Trial], parameters: int, outcomes: Sequence[Outcome], metric: Metric, folds: Sequence[int]
) -> Standing:
    """The standing after a round.

    Args:
        trials: those of the candidate in that round, at least one.
        outcomes: what has become of them.
        folds: to compare on; where there are none, whatever there is counts.
    """
    whole = [outcome for outcome in outcomes if outcome.stopped != "interrupted"]
    status: Status
    if any(outcome.stopped == "diverged" for outcome in whole):
        status = "diverged"
    else:
        status = "finished" if len(whole) == len(trials) else "interrupted"
    kept = whole or list(outcomes)
    counting = tuple(folds) or tuple(sorted({outcome.fold for outcome in kept}))
    runs = tuple(
        (outcome.fold, score)
        for outcome in kept
        if outcome.fold in counting and (score := outcome.scores.get(metric.name)) is not None
    )
    return Standing(trials[0].candidate, parameters, trials[0].round, tuple(kept), counting, runs, status)


def best_first(standings: Iterable[Standing], metric: Metric) -> list[Standing]:
    """The later round first, which only the best reach; then the better mean, fewer parameters, and the order listed.

    A mean of one round says nothing beside a mean of another: the runs are of other lengths and from other starts.
    """

    def place(standing: Standing) -> tuple[bool, int, float, int]:
        loss = float("inf") if standing.mean is None else metric.loss(standing.mean)
        return (standing.mean is None, -standing.round, loss, standing.parameters)

    return sorted(standings, key=place)


def best_of(standings: Sequence[Standing], metric: Metric, budget: float | None) -> Standing:
    """The first that has a mean: standings are ordered by it, then by parameters.

    Args:
        standings: the best first.
        budget: seconds that the study had, if it had so few.

    Raises:
        InputError: there is none, because all diverged, the budget ended before the first was trained, or the metric
            has no value on the validation rows.
    """
    if standings[0].mean is not None:
        return standings[0]
    if any(standing.status == "diverged" for standing in standings):
        raise InputError(
            "candidates: every network diverged (its numbers left the finite range). Give candidates with a "
            "smaller learning_rate, or look for absurd values in the data."
        )
    if budget is not None:
        raise InputError(f"budget={budget:g}: too short to train a single network. Give more seconds.")
    raise InputError(
        f"metric: {metric.name!r} is not defined on these validation rows for any network. Choose another "
        "metric or more folds, or give more rows."
    )
