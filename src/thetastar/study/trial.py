"""A trial says which network is to be trained, an outcome what became of it: the address of both is the same.

A baseline's fit on one fold has an outcome too. What a network or a baseline predicts of the validation rows travels as
text, single precision in base64, so that an outcome that was read from the journal has the same bits as a fresh one.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from thetastar.recipes import Candidate

__all__ = ["BaselineOutcome", "Key", "Outcome", "Trial", "as_text", "from_text", "seed_for"]

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
    last: bool = False  # of the last round: what it predicts of the validation rows is kept
    share: float = 1.0  # of its epochs, after which it pauses
    resumes: bool = False  # goes on where the same network stood after the round before

    @property
    def most_epochs(self) -> int:
        """All of its epochs, by which the learning rate goes."""
        return self.candidate.epochs or self.epochs

    @property
    def until(self) -> int:
        """The epoch at whose end it pauses, or ends."""
        return max(round(self.share * self.most_epochs), 1)

    @property
    def before(self) -> Key | None:
        """The address of the stretch before this one."""
        return (self.round - 1, self.candidate.name, self.fold, self.start) if self.resumes else None

    @property
    def key(self) -> Key:
        """Its address."""
        return (self.round, self.candidate.name, self.fold, self.start)


@dataclass(frozen=True)
class Outcome:
    """One trained network as the journal keeps it.

    `round`, `candidate`, `fold` and `start` say which one; `scores` are those on the validation rows of its fold,
    `training_score` is that of the metric that chooses on as many of its training rows. Of a network that went on after
    a pause everything is told from its start. `curve_epochs` are the epochs that both curves tell of, where a long
    training leaves some out; None where they tell of every one.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}  # for the journal's reader

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
    predicted: str | None = None  # of the validation rows, as `as_text` writes it; None where it is not kept
    curve_epochs: list[int] | None = None

    @property
    def key(self) -> Key:
        """What makes it the same network in another run of the study."""
        return (self.round, self.candidate, self.fold, self.start)

    @property
    def told(self) -> int:
        """How many epochs the training loss is told of, those between the kept ones counted."""
        return len(self.loss) if self.curve_epochs is None else self.curve_epochs[-1] - self.curve_epochs[0] + 1

    def after(self, before: Outcome) -> Outcome:
        """This stretch together with those before it."""
        epochs = None
        if self.curve_epochs or before.curve_epochs:
            earlier = before.curve_epochs or list(range(1, before.epochs + 1))
            epochs = earlier + (self.curve_epochs or list(range(before.epochs + 1, self.epochs + 1)))
        return replace(
            self, seconds=round(before.seconds + self.seconds, 4), loss=before.loss + self.loss,
            validation_loss=before.validation_loss + self.validation_loss, curve_epochs=epochs,
        )  # fmt: skip


@dataclass(frozen=True)
class BaselineOutcome:
    """One fit of a baseline on the training rows of a fold, as the journal keeps it.

    `scores` are those on the fold's validation rows, `settings` what the last fit takes, `predicted` as of `Outcome`.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    baseline: str
    fold: int
    seconds: float
    scores: dict[str, float | None]
    settings: dict[str, Any]
    predicted: str | None = None

    @property
    def key(self) -> tuple[str, int]:
        """What makes it the same fit in another run of the study."""
        return (self.baseline, self.fold)


def as_text(predicted: np.ndarray) -> str:
    """Predictions (n,) or (n, C) of the validation rows as text.

    Example:
        >>> from_text(as_text(np.array([[0.25, 0.75]])), 1).tolist()
        [[0.25, 0.75]]
    """
    return base64.b64encode(np.ascontiguousarray(predicted, dtype="<f4").tobytes()).decode("ascii")


def from_text(text: str, rows: int) -> np.ndarray:
    """The predictions of so many rows again: (n,) of one number each, otherwise (n, C); float64."""
    values = np.frombuffer(base64.b64decode(text), dtype="<f4").astype(np.float64)
    return values if len(values) == rows else values.reshape(rows, -1)


def seed_for(study_seed: int, fold: int, start: int) -> int:
    """The seed of one run: the same for every candidate, different for every fold and start."""
    return int(np.random.SeedSequence([study_seed, fold, start]).generate_state(1)[0] >> 1)
