"""A search says which trials come next, given where the candidates stand.

It keeps nothing between the rounds, so a resumed study asks the same questions and gets the same answers. Another
search (random settings, an ensemble's members) is one more file with one final class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from thetastar.recipes import Candidate
from thetastar.study.standing import Standing
from thetastar.study.trial import Trial

__all__ = ["Round", "Search", "trials_of"]


@dataclass(frozen=True)
class Round:
    """Runs of the same length: `keep` of the candidates still in, each from `starts` starts, for `epochs` epochs.

    After the `last` one the choice is made.
    """

    number: int
    keep: int
    starts: int
    epochs: int
    last: bool = True


class Search(ABC):
    """The contract of all searches."""

    @abstractmethod
    def next(self, rounds_done: int, standings: Sequence[Standing]) -> list[Trial]:
        """The trials of the next round; none when the search is at its end.

        Args:
            rounds_done: how many rounds there have been.
            standings: of every candidate that took part, the best first.
        """

    @property
    @abstractmethod
    def most_trials(self) -> int:
        """How many trials there will be, at most; progress is shown by it."""


def trials_of(candidates: Sequence[Candidate], stage: Round, folds: int) -> list[Trial]:
    """Every candidate in every fold from every start, fold by fold."""
    return [
        Trial(stage.number, candidate, fold, start, stage.epochs, stage.last)
        for fold in range(folds)
        for candidate in candidates
        for start in range(stage.starts)
    ]
