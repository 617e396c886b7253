"""Where a candidate stands: the outcomes of its last round, their mean and their spread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from thetastar.model.metrics import Metric
from thetastar.recipes import Candidate
from thetastar.study.trial import Outcome

__all__ = ["Standing", "Status", "best_first", "standing_of"]

Status = Literal["finished", "interrupted", "diverged"]


@dataclass(frozen=True)
class Standing:
    """Where a candidate stands after its last round: its outcomes and their scores."""

    candidate: Candidate
    parameters: int
    round: int
    outcomes: tuple[Outcome, ...]
    scores: tuple[float, ...]
    status: Status

    @property
    def mean(self) -> float | None:
        """Mean score over starts and folds; a candidate that ever diverged has none: it cannot be trusted again."""
        return float(np.mean(self.scores)) if self.scores and self.status != "diverged" else None

    @property
    def std(self) -> float | None:
        """Spread over starts and folds."""
        return float(np.std(self.scores, ddof=1)) if len(self.scores) > 1 and self.status != "diverged" else None

    @property
    def epochs(self) -> int:
        """The epochs found: the median of the best ones over starts and folds, at least one."""
        return max(int(np.median([o.best_epoch for o in self.outcomes if o.stopped != "diverged"] or [1])), 1)


def standing_of(
    candidate: Candidate, parameters: int, number: int, outcomes: Sequence[Outcome], metric: Metric
) -> Standing:
    """The standing after round `number`; runs cut short by time count only where no other is there."""
    whole = [o for o in outcomes if o.stopped != "interrupted"] or list(outcomes)
    status: Status
    if any(o.stopped == "diverged" for o in whole):
        status = "diverged"
    elif not whole or any(o.stopped == "interrupted" for o in whole):
        status = "interrupted"
    else:
        status = "finished"
    scores = [o.scores.get(metric.name) for o in whole]
    known = tuple(score for score in scores if score is not None)
    return Standing(candidate, parameters, number, tuple(whole), known, status)


def best_first(standings: Iterable[Standing], metric: Metric) -> list[Standing]:
    """Best mean first; ties go to fewer parameters, then to the order in which the candidates were listed."""

    def place(standing: Standing) -> tuple[float, int]:
        loss = float("inf") if standing.mean is None else metric.loss(standing.mean)
        return (loss, standing.parameters)

    return sorted(standings, key=place)
