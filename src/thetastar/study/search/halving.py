"""Successive halving with one cut (Jamieson & Talwalkar 2016): short runs for all, then full runs for the best few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from thetastar.recipes import Candidate
from thetastar.study.search.search import Room, Round, Search, fitted, trials_of
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

    def next(self, rounds_done: int, standings: Sequence[Standing], room: Room | None = None) -> list[Trial]:
        if rounds_done == len(self.rounds):
            return []
        stage = self.rounds[rounds_done]
        if rounds_done == 0:
            return trials_of(self.candidates, stage, self.folds)
        ranked = [standing.candidate for standing in standings]
        if room is not None:
            stage = fitted(
                stage, [one.candidate for one in standings if one.mean is not None] or ranked, self.folds, room
            )
        return trials_of(ranked[: stage.keep], stage, self.folds)

    def epochs_after(self, rounds_done: int) -> int:
        return self.folds * sum(
            min(stage.keep, len(self.candidates)) * stage.starts * stage.epochs for stage in self.rounds[rounds_done:]
        )

    @property
    def most_trials(self) -> int:
        return sum(min(stage.keep, len(self.candidates)) * stage.starts for stage in self.rounds) * self.folds
