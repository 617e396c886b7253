"""A trial says which network is to be trained, an outcome what became of it: the address of both is the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thetastar.recipes import Candidate

__all__ = ["Key", "Outcome", "Trial", "seed_for"]

Key = tuple[int, str, int, int]
"""Round, candidate's name, fold, start: the same network in another run of the study, and on another machine."""


@dataclass(frozen=True)
class Trial:
    """One network to be trained: the candidate, in that round and fold, from that random start."""

    round: int
    candidate: Candidate
    fold: int
    start: int
    epochs: int  # at most, where the candidate leaves them open

    @property
    def key(self) -> Key:
        """Its address."""
        return (self.round, self.candidate.name, self.fold, self.start)


@dataclass(frozen=True)
class Outcome:
    """One trained network as the journal keeps it.

    `round`, `candidate`, `fold` and `start` say which one; `scores` are those on the validation rows of its fold,
    `training_score` is that of the metric that chooses on as many of its training rows.
    """

    round: int
    candidate: str
    fold: int
    start: int
    seed: int
    stopped: str
    epochs: int
    best_epoch: int
    seconds: float
    scores: dict[str, float | None]
    loss: list[float]
    validation_loss: list[float]
    training_score: float | None = None

    @property
    def key(self) -> Key:
        """What makes it the same network in another run of the study."""
        return (self.round, self.candidate, self.fold, self.start)


def seed_for(study_seed: int, fold: int, start: int) -> int:
    """The seed of one run: the same for every candidate, different for every fold and start."""
    return int(np.random.SeedSequence([study_seed, fold, start]).generate_state(1)[0] >> 1)
