"""The trials on this machine: networks that see the same rows go to the core together, over all threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, final

import numpy as np

from thetastar.data.task import find_task
from thetastar.model.metrics import score_all
from thetastar.study.backends.backend import Backend, Work
from thetastar.study.fold import Fold, rows_of
from thetastar.study.pauses import Pauses
from thetastar.study.trial import Outcome, Trial, as_text, seed_for

__all__ = ["Local"]

_POWERS = np.array([float(f"1e{k}") for k in range(22)])
_FEWEST = 200  # training rows that a training score is taken from, where there are so many


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
        seen = _some_seen(work, fold)

        def take(ended: Iterable[tuple[int, Any]]) -> None:
            outcomes = []
            for index, run in ended:
                if index in known:
                    continue
                known.add(index)
                outcomes.append(_outcome(work, fold, trials[index], jobs[index].seed, run, seen))
                if run.pause is not None:
                    pauses.put(trials[index].key, run.pause)
            if outcomes:
                keep(*outcomes)

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


def _outcome(work: Work, fold: Fold, trial: Trial, seed: int, run: Any, seen: tuple[np.ndarray, np.ndarray]) -> Outcome:
    """A finished run, scored on its validation rows."""
    history = run.history
    scores: dict[str, float | None] = {}
    training_score = kept = None
    stopped = run.stopped
    if stopped != "diverged" and run.epochs > 0:
        inputs = rows_of(fold.inputs_for(trial.candidate), fold.validation)
        prediction = fold.predicted(run.network.predict(inputs, threads=1))
        if np.isfinite(prediction).all():
            scores = {
                name: value if np.isfinite(value) else None
                for name, value in score_all(
                    work.task, fold.truth, prediction, own=work.metric, weight=fold.weight_of(fold.validation)
                ).items()
            }
            training_score = _training_score(work, fold, trial, run.network, *seen)
            kept = as_text(prediction) if trial.last or (trial.share < 1 and stopped != "paused") else None
        else:
            stopped = "diverged"
    return Outcome(
        trial.round, trial.candidate.name, trial.fold, trial.start, seed, stopped, int(run.epochs),
        int(run.best_epoch), round(float(run.seconds), 4), scores, _floats(history["loss"]),
        _floats(history.get("validation_loss", ())), training_score, kept,
    )  # fmt: skip


def _some_seen(work: Work, fold: Fold) -> tuple[np.ndarray, np.ndarray]:
    """Training rows, as many as there are for validation, spread evenly over all of them; and what is true of them."""
    seen = fold.train[: work.rows]
    some = seen[np.linspace(0, len(seen) - 1, min(len(seen), max(len(fold.validation), _FEWEST))).round().astype(int)]
    encoded, kind = fold.encoded[some], find_task(work.task)
    if kind.probable:
        return some, encoded.astype(np.int64)
    return some, fold.predicted(encoded.reshape(len(some), -1)).reshape(encoded.shape)


def _training_score(
    work: Work, fold: Fold, trial: Trial, network: Any, some: np.ndarray, truth: np.ndarray
) -> float | None:
    """The choosing metric on training rows.

    Beside the validation score it tells what a network learned by heart; nothing is chosen by it.
    """
    prediction = fold.predicted(network.predict(fold.inputs_for(trial.candidate)[some], threads=1))
    value = work.metric(truth, prediction, fold.weight_of(some))
    return float(value) if np.isfinite(value) else None


def _after(before: int, watch: Callable[[int, int], None]) -> Callable[[int, int], None]:
    """The same listener, told of `before` epochs more."""
    return lambda epochs, planned: watch(before + epochs, before + planned)


def _fold(trial: Trial) -> int:
    return trial.fold


def _preparation_key(trial: Trial) -> tuple[str | int, ...]:
    return trial.candidate.preparation_key


def _floats(values: Iterable[float]) -> list[float]:
    """Finite floats of six digits for JSON; a curve ends where it stopped being a number.

    Curves are long, so their numbers are rounded all at once: a whole number divided by a power of ten that is exact
    is the nearest number to its decimal digits. Far from 1, where powers of ten are not exact, they go through text.
    """
    listed = np.asarray(values, dtype=np.float64)
    listed = listed[np.isfinite(listed)]
    sizes = np.abs(listed)
    places = 5 - np.floor(np.log10(np.where(sizes > 0, sizes, 1.0))).astype(np.int64)
    if len(listed) and max(places.max(), -places.min()) < len(_POWERS):
        up, down = _POWERS[np.maximum(places, 0)], _POWERS[np.maximum(-places, 0)]
        return (np.rint(listed * up / down) * down / up).tolist()
    return list(map(float, ("%.6g " * len(listed) % tuple(listed.tolist())).split()))
