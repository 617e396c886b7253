"""The trials on this machine: networks that see the same rows go to the core together, over all threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, final

from thetastar.data.task import find_task
from thetastar.study.backends.backend import Backend, Work
from thetastar.study.backends.scoring import Scoring
from thetastar.study.fold import Fold
from thetastar.study.pauses import Pauses
from thetastar.study.trial import Trial, seed_for

__all__ = ["Local"]


@final
@dataclass(frozen=True)
class Local(Backend):
    """Up to `threads` networks at once; the outcomes do not depend on how many."""

    threads: int

    @property
    def workers(self) -> int:
        return self.threads

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
        epochs = 0
        for number, own in groupby(sorted(trials, key=_fold), key=_fold):
            for _, alike in groupby(sorted(own, key=_preparation_key), key=_preparation_key):
                epochs += self._train(
                    work, work.folds[number], list(alike), deadline, keep, _after(epochs, watch), pauses
                )
        return epochs

    def _train(
        self,
        work: Work,
        fold: Fold,
        trials: list[Trial],
        deadline: float | None,
        keep: Callable[..., None],
        watch: Callable[[int, int], None],
        pauses: Pauses,
    ) -> int:
        """Trials of one fold that all see the same inputs; returns the epochs trained."""
        from thetastar.training import train_many

        seconds = None if deadline is None else deadline - time.perf_counter()
        if seconds is not None and seconds <= 0:
            return 0
        jobs = _jobs(work, fold, trials, pauses)
        begun = [0 if job.resume is None else job.resume.epochs for job in jobs]
        planned = sum(trial.until - before for trial, before in zip(trials, begun, strict=True))
        known: set[int] = set()
        scoring = Scoring(work, fold, trials[0].candidate)

        def take(ended: Iterable[tuple[int, Any]]) -> None:
            new = [(index, run) for index, run in ended if index not in known]
            known.update(index for index, _ in new)
            for index, run in new:
                if run.pause is not None:
                    pauses.put(trials[index].key, run.pause)
            if new:
                keep(*scoring.outcomes([(trials[index], jobs[index], run) for index, run in new]))

        def listen(progress: Any) -> None:
            take(progress.finished)
            watch(progress.epochs, planned)

        runs = train_many(
            jobs, fold.inputs_for(trials[0].candidate), fold.encoded,
            threads=self.threads, seconds=seconds, on_progress=listen,
        )  # fmt: skip
        take((index, run) for index, run in enumerate(runs) if run is not None)
        epochs = sum(max(run.epochs - before, 0) for run, before in zip(runs, begun, strict=True) if run is not None)
        watch(epochs, planned)
        return epochs


def patience_for(epochs: int) -> int:
    """Epochs without progress before a run stops: with a falling rate the best often comes late."""
    return max(epochs // 3, 10)


def _jobs(work: Work, fold: Fold, trials: Sequence[Trial], pauses: Pauses) -> list[Any]:
    """One a trial; the starts of a candidate share all that they have in common, and go on where they paused."""
    jobs: list[Any] = []
    for _, group in groupby(trials, key=_course):
        own = list(group)
        job = _job(work, fold, own[0])
        seeds = [seed_for(work.seed, fold.number, trial.start) for trial in own]
        for trial, again in zip(own, job.restarts(seeds), strict=True):
            pause = None if trial.before is None else pauses.get(trial.before)
            jobs.append(again if pause is None else replace(again, resume=pause))
    return jobs


def _course(trial: Trial) -> tuple[int, int, float]:
    """Trials in a row with equal ones differ in their starts alone."""
    return (id(trial.candidate), trial.epochs, trial.share)


def _job(work: Work, fold: Fold, trial: Trial) -> Any:
    from thetastar.training import EarlyStopping, Job

    training = trial.candidate.training(trial.epochs, work.batch_size, fold.preparation.input_shape)
    patience = trial.candidate.patience or patience_for(training["epochs"])
    return Job(
        fold.network(trial.candidate, work.outputs),
        loss=find_task(work.task).loss_of(work.metric.name, trial.candidate.loss),
        rows=fold.train[: work.rows], validation_rows=fold.validation, sample_weight=fold.weight,
        stop=[EarlyStopping(patience=patience)], pause=trial.until if trial.until < training["epochs"] else None,
        **training, **fold.held(trial.candidate, fold.prepared_for(trial.candidate)[0]),
    )  # fmt: skip


def _after(before: int, watch: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """The same listener, told of `before` epochs more."""
    return lambda epochs, planned: watch(before + epochs, before + planned)


def _fold(trial: Trial) -> int:
    return trial.fold


def _preparation_key(trial: Trial) -> tuple[str | int, ...]:
    return trial.candidate.preparation_key
