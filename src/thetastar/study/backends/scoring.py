"""Runs that have ended become outcomes: scored on their validation rows, all that ended together in one pass."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, final

import numpy as np

from thetastar.data.task import find_task
from thetastar.model.metrics_of_many import score_many, scores_of_many
from thetastar.recipes import Candidate
from thetastar.study.backends.backend import Work
from thetastar.study.curves import kept_places, rounded
from thetastar.study.fold import Fold, rows_of
from thetastar.study.trial import Outcome, Trial, as_text

__all__ = ["Ended", "Scoring"]

_FEWEST = 200  # training rows that a training score is taken from, where there are so many
_TOGETHER = 1 << 20  # numbers that the networks of a pass predict together

Ended = tuple[Trial, Any, Any]
"""What was to be trained, the `Job` and the `Run`."""

_Curves = tuple[list[float], list[float], list[int] | None]  # of both losses, and the epochs that they tell of


@final
class Scoring:
    """Scores runs of one fold whose candidates see the same rows."""

    def __init__(self, work: Work, fold: Fold, candidate: Candidate) -> None:
        self._work, self._fold, self._candidate = work, fold, candidate
        self._seen, self._seen_truth = _some_seen(work, fold)

    def outcomes(self, ended: Sequence[Ended]) -> list[Outcome]:
        """The outcomes, in that order; how many are scored together shows in none of them."""
        inputs, fold = self._fold.inputs_for(self._candidate), self._fold
        sound = [k for k, (_, _, run) in enumerate(ended) if run.stopped != "diverged" and run.epochs > 0]
        step = max(_TOGETHER // (max(len(fold.validation), len(self._seen)) * self._work.outputs), 1)
        scored: dict[int, dict[str, Any]] = {}
        if sound:
            held, some = rows_of(inputs, fold.validation), inputs[self._seen]
            for at in range(0, len(sound), step):
                own = sound[at : at + step]
                found = self._scores([ended[k] for k in own], held, some)
                scored |= {k: one for k, one in zip(own, found, strict=True) if one is not None}
        beyond = set(sound) - scored.keys()  # what they predict is beyond all numbers
        curves = _curves([run for _, _, run in ended], [_done(job) for _, job, _ in ended], self._work.epochs_kept)
        return [
            _outcome(*one, scored.get(k), "diverged" if k in beyond else one[2].stopped, *curves[k])
            for k, one in enumerate(ended)
        ]

    def _scores(self, ended: Sequence[Ended], held: np.ndarray, some: np.ndarray) -> list[dict[str, Any] | None]:
        """Fields of the outcomes; None of a network that predicts something beyond all numbers."""
        work, fold, networks = self._work, self._fold, [run.network for _, _, run in ended]
        if len(ended) > 1:  # few rows, for which a call takes longer than what it computes
            predicted, some_predicted = np.split(
                self._predicted(networks, np.concatenate([held, some])), [len(held)], 1
            )
        else:
            predicted, some_predicted = self._predicted(networks, held), self._predicted(networks, some)
        finite = np.isfinite(predicted).reshape(len(ended), -1).all(axis=1)
        whole = np.flatnonzero(finite).tolist()
        if len(whole) < len(ended):
            predicted, some_predicted = predicted[finite], some_predicted[finite]
        weight = fold.weight_of(fold.validation)
        scores = score_many(work.task, fold.truth, predicted, own=work.metric, weight=weight)
        training = scores_of_many(work.metric, self._seen_truth, some_predicted, fold.weight_of(self._seen))
        found: list[dict[str, Any] | None] = [None] * len(ended)
        for k, prediction, own, value in zip(whole, predicted, scores, training.tolist(), strict=True):
            trial, _, run = ended[k]
            kept = trial.last or (trial.share < 1 and run.stopped != "paused")
            found[k] = {
                "scores": {name: _known(score) for name, score in own.items()},
                "training_score": _known(value),
                "predicted": as_text(prediction) if kept else None,
            }
        return found

    def _predicted(self, networks: Sequence[Any], rows: np.ndarray) -> np.ndarray:
        """(K, m) or (K, m, C), what metrics take."""
        raw = [network.predict(rows, threads=1) for network in networks]
        flat = self._fold.predicted(raw[0] if len(raw) == 1 else np.concatenate(raw))
        return flat.reshape(len(networks), len(rows), *flat.shape[1:])


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _some_seen(work: Work, fold: Fold) -> tuple[np.ndarray, np.ndarray]:
    """Training rows, as many as there are for validation, spread evenly over all of them; and what is true of them.

    Beside the validation score the score on these tells what a network learned by heart; nothing is chosen by it.
    """
    seen = fold.train[: work.rows]
    some = seen[np.linspace(0, len(seen) - 1, min(len(seen), max(len(fold.validation), _FEWEST))).round().astype(int)]
    encoded, kind = fold.encoded[some], find_task(work.task)
    if kind.probable:
        return some, encoded.astype(np.int64)
    return some, fold.predicted(encoded.reshape(len(some), -1)).reshape(encoded.shape)


def _outcome(
    trial: Trial, job: Any, run: Any, scored: dict[str, Any] | None, stopped: str, loss: list[float],
    validation_loss: list[float], epochs: list[int] | None,
) -> Outcome:  # fmt: skip
    return Outcome(
        trial.round, trial.candidate.name, trial.fold, trial.start, job.seed, stopped,
        int(run.epochs), int(run.best_epoch), round(float(run.seconds), 4), loss=loss,
        validation_loss=validation_loss, curve_epochs=epochs, **(scored or {"scores": {}}),
    )  # fmt: skip


def _done(job: Any) -> int:
    """Epochs before those of a run's own history."""
    return 0 if job.resume is None else job.resume.epochs


def _curves(runs: Sequence[Any], done: Sequence[int], most: int) -> list[_Curves]:
    """The curves of each run, of at most so many epochs; those of equal lengths are rounded together."""
    found: list[_Curves] = [([], [], None)] * len(runs)
    histories = [run.history for run in runs]
    alike: dict[tuple[int, int], list[int]] = {}
    for k, history in enumerate(histories):
        alike.setdefault((len(history["loss"]), len(history.get("validation_loss", ()))), []).append(k)
    for (length, watched), own in alike.items():
        epochs: list[list[int]] | list[None] = [None] * len(own)
        places: Any = [slice(None)] * len(own)
        if length > most and watched in (0, length):
            before = np.array([done[k] for k in own], dtype=np.int64)
            best = np.array([runs[k].best_epoch for k in own], dtype=np.int64) - before - 1
            places = kept_places(length, best, most)
            epochs = (places + before[:, None] + 1).tolist()
        loss = np.array([histories[k]["loss"][at] for k, at in zip(own, places, strict=True)], np.float64)
        judged = (
            np.array([histories[k]["validation_loss"][at] for k, at in zip(own, places, strict=True)], np.float64)
            if watched
            else np.zeros((len(own), 0))
        )
        for k, one, two, kept in zip(own, _as_lists(loss), _as_lists(judged), epochs, strict=True):
            found[k] = one, two, kept
    return found


def _as_lists(curves: np.ndarray) -> list[list[float]]:
    """(K, E) as lists of six digits; a curve ends where it stopped being a number."""
    finite = np.isfinite(curves)
    if finite.all():
        return rounded(curves)
    return [rounded(curve[known][None])[0] for curve, known in zip(curves, finite, strict=True)]
