"""A search says which trials come next, given where the candidates stand, and within a budget what time is left.

It keeps nothing between the rounds, so a resumed study asks the same questions and gets the same answers. Another
search (random settings, an ensemble's members) is one more file with one final class.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from thetastar.recipes import Candidate
from thetastar.study.standing import Standing
from thetastar.study.trial import Trial

__all__ = ["Room", "Round", "Search", "fitted", "trials_of"]

_MOST_FINALISTS, _MOST_STARTS = 6, 5  # that time left over is spent on: more bring little
_LITTLE = 0.5  # of the time left: a round that takes no more may grow


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
    share: float = 1.0  # of the epochs, after which its runs pause
    resumes: bool = False  # its runs go on where they stood after the round before

    def epochs_own(self, before: float = 0.0) -> int:
        """Epochs of a run in this round alone; `before` is the share of the round that it goes on from."""
        return max(round(self.share * self.epochs) - (round(before * self.epochs) if self.resumes else 0), 1)


@dataclass(frozen=True)
class Room:
    """The time that a budget leaves for a round.

    Attributes:
        seconds: of one thread.
        spare: whether time left over may be spent on more than was planned.
        epoch: what an epoch of a candidate took in the rounds before, by its name, in seconds of one thread.
    """

    seconds: float
    epoch: Mapping[str, float]
    spare: bool = True

    def fits(self, candidates: Sequence[Candidate], stage: Round, folds: int, share: float = 1.0) -> bool:
        """Whether runs of these candidates would end in time; those that were never timed count as the dearest."""
        dearest = max(self.epoch.values(), default=0.0)
        one = sum((c.epochs or stage.epochs) * self.epoch.get(c.name, dearest) for c in candidates)
        return one * stage.starts * folds <= share * self.seconds


class Search(ABC):
    """The contract of all searches."""

    @abstractmethod
    def next(self, rounds_done: int, standings: Sequence[Standing], room: Room | None = None) -> list[Trial]:
        """The trials of the next round; none when the search is at its end.

        Args:
            rounds_done: how many rounds there have been.
            standings: of every candidate that took part, the best first.
            room: the time that is left for it; None where time does not matter.
        """

    @abstractmethod
    def epochs_after(self, rounds_done: int) -> int:
        """Epochs of all rounds after so many, at most; the time left is estimated by it."""

    @property
    @abstractmethod
    def most_trials(self) -> int:
        """How many trials there will be, at most; progress is shown by it."""


def fitted(stage: Round, ranked: Sequence[Candidate], folds: int, room: Room) -> Round:
    """The round with as many candidates and starts as time allows; their epochs stay, for a shorter course of the
    learning rate would be another training.

    Where time is short, starts and candidates go in turn, down to the best candidate from one start; where the round
    would take less than half of the time, they come in turn.

    Args:
        ranked: the candidates, the best first.
        folds: in which each is trained.
        room: the time that there is.
    """
    best = stage
    if room.fits(ranked[: stage.keep], stage, folds):
        grows = room.spare and room.fits(ranked[: stage.keep], stage, folds, _LITTLE)
        for keep, starts in _larger(stage, len(ranked)) if grows else []:
            more = replace(stage, keep=keep, starts=starts)
            if not room.fits(ranked[:keep], more, folds):
                break
            best = more
        return best
    for keep, starts in _smaller(stage):
        best = replace(stage, keep=keep, starts=starts)
        if room.fits(ranked[:keep], best, folds):
            break
    return best


def _larger(stage: Round, candidates: int) -> list[tuple[int, int]]:
    """(candidates, starts) with ever more of them."""
    keep, starts, found = stage.keep, stage.starts, []
    while keep < min(_MOST_FINALISTS, candidates) or starts < _MOST_STARTS:
        if keep < min(_MOST_FINALISTS, candidates):
            keep += 1
            found.append((keep, starts))
        if starts < _MOST_STARTS:
            starts += 1
            found.append((keep, starts))
    return found


def _smaller(stage: Round) -> list[tuple[int, int]]:
    """(candidates, starts) with ever fewer of them."""
    keep, starts, found = stage.keep, stage.starts, []
    while keep > 1 or starts > 1:
        if starts > 1 and starts >= keep:
            starts -= 1
        else:
            keep -= 1
        found.append((keep, starts))
    return found or [(keep, starts)]


def trials_of(candidates: Sequence[Candidate], stage: Round, folds: int) -> list[Trial]:
    """Every candidate in every fold from every start, fold by fold."""
    return [
        Trial(stage.number, candidate, fold, start, stage.epochs, stage.last, stage.share, stage.resumes)
        for fold in range(folds)
        for candidate in candidates
        for start in range(stage.starts)
    ]
