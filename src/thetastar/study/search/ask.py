"""Ask and tell: Optuna says which candidates come next, by the scores of those before.

It is asked for a batch at a time, because networks train best together. A resumed study asks again from the start: the
sampler is seeded, the journal gives the same scores, and so it gets the same answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

from thetastar.errors import InputError
from thetastar.model.metrics import Metric
from thetastar.recipes import Candidate
from thetastar.study.search.search import Room, Round, Search, trials_of
from thetastar.study.space import Range, Space
from thetastar.study.standing import Standing
from thetastar.study.trial import Trial

__all__ = ["Ask"]

_BATCH = 16  # candidates that are asked for at a time


@final
class Ask(Search):
    """A space that Optuna's tree-structured Parzen estimator walks (Bergstra et al. 2011)."""

    def __init__(self, space: Space, stage: Round, folds: int, metric: Metric, seed: int) -> None:
        """A study of Optuna's in memory.

        Raises:
            InputError: Optuna is not installed.
        """
        try:
            import optuna
        except ImportError:
            raise InputError(
                'space: search = "optuna" needs Optuna, which is not installed. Install it with: pip install '
                '"thetastar[optuna]", or write search = "sobol".'
            ) from None
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.space, self.stage, self.folds, self.metric = space, stage, folds, metric
        sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_BATCH, constant_liar=True)
        self._study: Any = optuna.create_study(sampler=sampler, direction="minimize")
        self._failed = optuna.trial.TrialState.FAIL
        self._batches: list[list[tuple[Any, Candidate]]] = []
        self._told = self._asked = 0

    def next(self, rounds_done: int, standings: Sequence[Standing], room: Room | None = None) -> list[Trial]:
        while self._told < rounds_done:
            self._tell(self._batches[self._told], {one.candidate.name: one for one in standings})
            self._told += 1
        if rounds_done == len(self._batches):
            self._batches.append(self._ask({one.candidate.name: one for one in standings}))
        return trials_of([candidate for _, candidate in self._batches[rounds_done]], self.stage, self.folds)

    def epochs_after(self, rounds_done: int) -> int:
        left = max(self.space.trials - _BATCH * rounds_done, 0)
        return left * self.stage.starts * self.folds * self.stage.epochs

    @property
    def most_trials(self) -> int:
        return self.space.trials * self.stage.starts * self.folds

    def _ask(self, known: dict[str, Standing]) -> list[tuple[Any, Candidate]]:
        """The next batch; a candidate that was tried before is answered at once, and counts."""
        batch: dict[str, tuple[Any, Candidate]] = {}
        while self._asked < self.space.trials and len(batch) < _BATCH:
            trial = self._study.ask()
            self._asked += 1
            candidate = self.space.candidate(self._values(trial))
            if candidate.name in known:
                self._tell([(trial, candidate)], known)
            elif candidate.name in batch:
                self._study.tell(trial, state=self._failed)
            else:
                batch[candidate.name] = (trial, candidate)
        return list(batch.values())

    def _values(self, trial: Any) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for name, dimension in self.space.dimensions.items():
            if not isinstance(dimension, Range):
                values[name] = dimension[trial.suggest_categorical(name, list(range(len(dimension))))]
            elif dimension.whole:
                values[name] = trial.suggest_int(name, int(dimension.low), int(dimension.high), log=dimension.log)
            else:
                value = trial.suggest_float(name, dimension.low, dimension.high, log=dimension.log)
                values[name] = float(f"{value:.4g}")
        return values

    def _tell(self, batch: list[tuple[Any, Candidate]], standings: dict[str, Standing]) -> None:
        for trial, candidate in batch:
            standing = standings.get(candidate.name)
            if standing is None or standing.mean is None:
                self._study.tell(trial, state=self._failed)
            else:
                self._study.tell(trial, self.metric.loss(standing.mean))
