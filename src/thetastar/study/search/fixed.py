"""The fixed list: every candidate gets all its epochs, in one round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from thetastar.recipes import Candidate
from thetastar.study.search.search import Room, Round, Search, trials_of
from thetastar.study.standing import Standing
from thetastar.study.trial import Trial

__all__ = ["FixedList"]


@final
@dataclass(frozen=True)
class FixedList(Search):
    """All candidates, once."""

    candidates: tuple[Candidate, ...]
    stage: Round
    folds: int

    def next(self, rounds_done: int, standings: Sequence[Standing], room: Room | None = None) -> list[Trial]:
        return [] if rounds_done else trials_of(self.candidates, self.stage, self.folds)

    def epochs_after(self, rounds_done: int) -> int:
        return 0 if rounds_done else self.most_trials * self.stage.epochs

    @property
    def most_trials(self) -> int:
        return len(self.candidates) * self.stage.starts * self.folds
