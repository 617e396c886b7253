"""Successive halving (Jamieson and Talwalkar 2016): short runs for all, longer ones for ever fewer.

Either the longer runs begin anew, with a course of the learning rate of their own (a plan that fits an effort), or they
go on where the shorter ones paused (the rungs of a search space): then nothing is trained twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
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
            room = replace(room, spare=room.spare and not stage.resumes)
            stage = fitted(
                stage, [one.candidate for one in standings if one.mean is not None] or ranked, self.folds, room
            )
        return trials_of(ranked[: stage.keep], stage, self.folds)

    def epochs_after(self, rounds_done: int) -> int:
        shares = [0.0, *(stage.share for stage in self.rounds)]
        return self.folds * sum(
            min(stage.keep, len(self.candidates)) * stage.starts * stage.epochs_own(before)
            for before, stage in list(zip(shares, self.rounds, strict=False))[rounds_done:]
        )

    @property
    def most_trials(self) -> int:
        return sum(min(stage.keep, len(self.candidates)) * stage.starts for stage in self.rounds) * self.folds
