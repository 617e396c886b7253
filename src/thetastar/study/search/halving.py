"""Successive halving with one cut (Jamieson & Talwalkar 2016): short runs for all, then full runs for the best few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from thetastar.recipes import Candidate
from thetastar.study.search.search import Round, Search, trials_of
from thetastar.study.standing import Standing
from thetastar.study.trial import Trial

__all__ = ["Halving"]


@final
@dataclass(frozen=True)
class Halving(Search):
    """Rounds one after the other; each begins with the best of the one before."""

    candidates: tuple[Candidate, ...]
    rounds: tuple[Round, ...]
    folds: int

    def next(self, rounds_done: int, standings: Sequence[Standing]) -> list[Trial]:
        if rounds_done == len(self.rounds):
            return []
        stage = self.rounds[rounds_done]
        entering = [standing.candidate for standing in standings][: stage.keep] if rounds_done else self.candidates
        return trials_of(entering, stage, self.folds)

    @property
    def most_trials(self) -> int:
        return sum(min(stage.keep, len(self.candidates)) * stage.starts for stage in self.rounds) * self.folds
