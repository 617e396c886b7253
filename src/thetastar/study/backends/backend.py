"""A backend turns trials into outcomes, on this machine or on many; it knows nothing of searching and choosing.

It stands below the study: a study has one, and gives it trials. A trial's address (round, candidate, fold, start) is
all that must travel beside the `Work`, which is the same for every trial of a study, and an outcome carries the same
address back; in which order outcomes arrive does not matter.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from thetastar.model.metrics import Metric
from thetastar.study.curves import EPOCHS_KEPT
from thetastar.study.fold import Fold
from thetastar.study.pauses import Pauses
from thetastar.study.trial import Trial

__all__ = ["Backend", "Work"]


@dataclass(frozen=True)
class Work:
    """What every worker needs once.

    Attributes:
        folds: the prepared rows, by the number of the fold.
        task: the name of the task.
        metric: the one that chooses, by which the loss goes.
        outputs: neurons of the last layer.
        rows: training rows per fold that candidates see, at most.
        batch_size: rows per update, for candidates that leave it open.
        seed: of the study.
        epochs_kept: that the curves of a run tell of, at most.
    """

    folds: Sequence[Fold]
    task: str
    metric: Metric
    outputs: int
    rows: int
    batch_size: int
    seed: int
    epochs_kept: int = EPOCHS_KEPT


class Backend(ABC):
    """The contract of all backends."""

    @property
    def workers(self) -> int:
        """How many networks train at a time."""
        return 1

    def close(self) -> None:  # noqa: B027  # most hold nothing
        """Let go of what it holds; what runs there is given up."""

    def __enter__(self) -> Backend:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @abstractmethod
    def run(
        self,
        work: Work,
        trials: Sequence[Trial],
        *,
        deadline: float | None,
        keep: Callable[..., None],
        watch: Callable[[int, int], None],
        pauses: Pauses,
    ) -> int:
        """Train the trials.

        Args:
            deadline: a moment of `time.perf_counter()`; runs that it cuts short have the outcome "interrupted", trials
                that had not begun have none. None if time does not matter.
            keep: called in this thread with outcomes, one or more, as soon as they are there.
            watch: called now and then with the epochs trained and planned so far in this call.
            pauses: where trainings stood that go on, and where those that pause are put before `keep` is told.

        Returns:
            The epochs trained.
        """
