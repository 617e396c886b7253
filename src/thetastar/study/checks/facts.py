"""What the checks look at, and the few quantities that several of them need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from thetastar.model.metrics import Metric
from thetastar.model.record import Finding, LeaderboardRow, Record
from thetastar.recipes.baselines import CONSTANT
from thetastar.study.problem import Problem
from thetastar.study.standing import Standing

__all__ = ["Check", "Facts", "names_of"]


@dataclass(frozen=True)
class Facts:
    """A finished study.

    Attributes:
        record: without findings.
        problem: the data and its split.
        standings: of the candidates, the chosen one first.
        shuffled: by how much the loss on test rows rises when a column is shuffled; empty where not measured.
    """

    record: Record
    problem: Problem
    standings: Sequence[Standing]
    shuffled: Mapping[str, float] = field(default_factory=dict)

    @property
    def metric(self) -> Metric:
        """The score that chose."""
        return self.problem.metric

    @property
    def constant(self) -> LeaderboardRow | None:
        """The baseline that knows nothing of a row."""
        return next((row for row in self.record.leaderboard if row.name.startswith(CONSTANT)), None)

    def gain(self, score: float | None) -> float | None:
        """How much better than the constant's a validation score is; below 0 where it is worse."""
        if score is None or self.constant is None or self.constant.validation_mean is None:
            return None
        return self.metric.loss(self.constant.validation_mean) - self.metric.loss(score)

    @property
    def own_score(self) -> float | None:
        """The chosen network's score on the test rows, whatever the answer is."""
        answer, name = self.record.answer, self.record.metric.name
        return answer.alone[name] if answer is not None and answer.alone else self.record.test.scores[name]

    @property
    def rows_learned(self) -> np.ndarray:
        """The training and validation rows."""
        return self.problem.division.learning


Check = Callable[[Facts], Finding | None]


def names_of(names: Sequence[str], most: int = 4) -> str:
    """`'a', 'b' and 3 more`."""
    shown = ", ".join(map(repr, names[:most]))
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
