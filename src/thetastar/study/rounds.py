"""Training the candidates: rounds of jobs over folds and random starts, each network scored as soon as it is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from thetastar.data.task import find_task
from thetastar.recipes import Candidate
from thetastar.study.journal import Journal, Outcome
from thetastar.study.metrics import Metric, score_all
from thetastar.study.plan import Plan, Round

__all__ = ["Fold", "Standing", "Trainer", "patience_for", "seed_for"]


@dataclass(frozen=True)
class Fold:
    """One division into training and validation rows, with the preparation fitted on its training rows.

    Attributes:
        preparation: fitted on the training rows.
        inputs: (n, F) float32, the prepared rows of the whole table.
        encoded: (n,) what the network learns: standardised target or class index.
        train, validation: row indices into them.
        predicted: turns raw outputs (m, O) into what metrics take: values (m,) or probabilities (m, C).
        truth: (m,) real values or class indices of the validation rows.
    """

    number: int
    preparation: Any
    inputs: np.ndarray
    encoded: np.ndarray
    train: np.ndarray
    validation: np.ndarray
    predicted: Callable[[np.ndarray], np.ndarray]
    truth: np.ndarray
    _prepared: dict[tuple, tuple[Any, np.ndarray]] = field(default_factory=dict, repr=False)

    def prepared_for(self, candidate: Candidate) -> tuple[Any, np.ndarray]:
        """The preparation that the candidate wants, and the rows of the whole table as it sees them."""
        key = candidate.preparation_key
        if key not in self._prepared:
            self._prepared[key] = candidate.prepare(self.preparation, self.inputs, self.train)
        return self._prepared[key]

    def inputs_for(self, candidate: Candidate) -> np.ndarray:
        """The rows as the candidate sees them."""
        return self.prepared_for(candidate)[1]

    def network(self, candidate: Candidate, outputs: int) -> Any:
        """The candidate's network for rows as it sees them."""
        preparation, _ = self.prepared_for(candidate)
        return candidate.network(preparation.input_shape, outputs, masked=preparation.masked)


@dataclass(frozen=True)
class Standing:
    """Where a candidate stands after its last round: its outcomes and their scores."""

    candidate: Candidate
    parameters: int
    round: int
    outcomes: tuple[Outcome, ...]
    scores: tuple[float, ...]
    status: str

    @property
    def mean(self) -> float | None:
        """Mean score over starts and folds; a candidate that ever diverged has none: it cannot be trusted again."""
        return float(np.mean(self.scores)) if self.scores and self.status != "diverged" else None

    @property
    def std(self) -> float | None:
        """Spread over starts and folds."""
        return float(np.std(self.scores, ddof=1)) if len(self.scores) > 1 and self.status != "diverged" else None

    @property
    def epochs(self) -> int:
        """The epochs found: the median of the best ones over starts and folds, at least one."""
        return max(int(np.median([o.best_epoch for o in self.outcomes if o.stopped != "diverged"] or [1])), 1)


def patience_for(epochs: int) -> int:
    """Epochs without progress before a run stops: with a falling rate the best often comes late."""
    return max(epochs // 3, 10)


def seed_for(study_seed: int, fold: int, start: int) -> int:
    """The seed of one run: the same for every candidate, different for every fold and start."""
    return int(np.random.SeedSequence([study_seed, fold, start]).generate_state(1)[0] >> 1)


class Trainer:
    """Runs the rounds of one study and keeps what it needs for that together."""

    def __init__(
        self, *, plan: Plan, folds: list[Fold], task: str, metric: Metric, classes: int, seed: int, threads: int,
        journal: Journal, deadline: float | None, report: Callable[[dict], None],
    ) -> None:  # fmt: skip
        self.plan, self.folds, self.task, self.metric = plan, folds, task, metric
        self.outputs = find_task(task).outputs(classes)
        self.seed, self.threads, self.journal = seed, threads, journal
        self.deadline, self.report = deadline, report
        self.done = 0
        self.epochs_done = 0
        self.best: tuple[str, float] | None = None
        self.started = time.perf_counter()
        self.total = sum(min(r.keep, len(plan.candidates)) * r.starts for r in plan.rounds) * len(folds)

    def run(self) -> list[Standing]:
        """All rounds; the standings of all candidates, best first."""
        standings: dict[str, Standing] = {}
        entering = list(self.plan.candidates)
        for stage in self.plan.rounds:
            for fold in self.folds:
                for _, alike in groupby(sorted(entering, key=_preparation_key), key=_preparation_key):
                    self._run_fold(stage, fold, list(alike))
            for candidate in entering:
                standing = self._standing(candidate, stage.number)
                # A longer run that time cut short says less than a short one that came to its end.
                if standing.status != "interrupted" or candidate.name not in standings:
                    standings[candidate.name] = standing
                self.report({"kind": "candidate", "standing": standings[candidate.name]})
            entering = [s.candidate for s in self._ordered(standings)][: self._next_keep(stage)]
        return self._ordered(standings)

    def _next_keep(self, stage: Round) -> int:
        later = [other.keep for other in self.plan.rounds if other.number == stage.number + 1]
        return later[0] if later else 0

    def _ordered(self, standings: dict[str, Standing]) -> list[Standing]:
        """Best mean first; ties go to fewer parameters, then to the order in which the candidates were listed."""

        def place(standing: Standing) -> tuple:
            loss = float("inf") if standing.mean is None else self.metric.loss(standing.mean)
            return (loss, standing.parameters)

        return sorted(standings.values(), key=place)

    def _run_fold(self, stage: Round, fold: Fold, candidates: list[Candidate]) -> None:
        """The runs of one fold that the journal does not hold yet; the candidates all see the same inputs."""
        from thetastar.training import EarlyStopping, Job, train_many

        rows = fold.train[: self.plan.rows]
        inputs = fold.inputs_for(candidates[0])
        todo: list[tuple[Candidate, int, Job]] = []
        for candidate in candidates:
            network = fold.network(candidate, self.outputs)
            training = candidate.training(stage.epochs, self.plan.batch_size, fold.preparation.input_shape)
            for start in range(stage.starts):
                if self.journal.get((stage.number, candidate.name, fold.number, start)) is not None:
                    self._count(self.journal.get((stage.number, candidate.name, fold.number, start)))
                    continue
                todo.append((candidate, start, Job(
                    network, loss=find_task(self.task).loss(self.metric.name), rows=rows,
                    validation_rows=fold.validation,
                    stop=[EarlyStopping(patience=patience_for(training["epochs"]))],
                    seed=seed_for(self.seed, fold.number, start), clip_norm=_CLIP, **training,
                )))  # fmt: skip
        seconds = None if self.deadline is None else self.deadline - time.perf_counter()
        if not todo or (seconds is not None and seconds <= 0):
            return
        known: set[int] = set()
        before = self.epochs_done
        planned = sum(job.epochs for _, _, job in todo)

        def keep(index: int, run: object) -> None:
            if index not in known:
                known.add(index)
                candidate, start, job = todo[index]
                outcome = self._outcome(stage, fold, candidate, start, job, run)
                self.journal.add(outcome)
                self._count(outcome)

        def watch(progress: object) -> None:
            for index, run in progress.finished:
                keep(index, run)
            self._tell(before + progress.epochs, planned + before)

        runs = train_many(
            [job for _, _, job in todo], inputs, fold.encoded,
            threads=self.threads, seconds=seconds, on_progress=watch,
        )  # fmt: skip
        for index, run in enumerate(runs):
            if run is not None:
                keep(index, run)
        self.epochs_done = before + sum(run.epochs for run in runs if run is not None)
        self._tell(self.epochs_done, planned + before)

    def _outcome(self, stage: Round, fold: Fold, candidate: Candidate, start: int, job: object, run: object) -> Outcome:
        """A finished run, scored on its validation rows."""
        history = run.history
        scores: dict[str, float | None] = {}
        stopped = run.stopped
        if stopped != "diverged" and run.epochs > 0:
            prediction = fold.predicted(run.network.predict(fold.inputs_for(candidate)[fold.validation], threads=1))
            if np.isfinite(prediction).all():
                scores = {
                    name: value if np.isfinite(value) else None
                    for name, value in score_all(self.task, fold.truth, prediction).items()
                }
            else:
                stopped = "diverged"
        return Outcome(
            stage.number, candidate.name, fold.number, start, job.seed, stopped, int(run.epochs), int(run.best_epoch),
            round(float(run.seconds), 4), scores, _floats(history["loss"]), _floats(history.get("validation_loss", ())),
        )  # fmt: skip

    def _count(self, outcome: Outcome) -> None:
        self.done += 1
        score = outcome.scores.get(self.metric.name)
        if score is not None and (self.best is None or self.metric.better(score, self.best[1])):
            self.best = (outcome.candidate, score)

    def _tell(self, epochs: int, epochs_total: int) -> None:
        seconds = time.perf_counter() - self.started
        share = self.done / max(self.total, 1)
        self.report({
            "kind": "networks", "done": self.done, "total": self.total, "epochs": int(epochs),
            "epochs_total": int(epochs_total),
            "best": None if self.best is None else {"name": self.best[0], "score": self.best[1]},
            "seconds": seconds, "seconds_left": seconds * (1 - share) / share if share > 0 else None,
        })  # fmt: skip

    def _standing(self, candidate: Candidate, number: int) -> Standing:
        """Mean and spread over starts and folds; runs cut short by time count only where no other is there."""
        outcomes = self.journal.outcomes(candidate.name, number)
        whole = [o for o in outcomes if o.stopped != "interrupted"] or outcomes
        scores = [o.scores.get(self.metric.name) for o in whole]
        if any(o.stopped == "diverged" for o in whole):
            status = "diverged"
        elif not whole or any(o.stopped == "interrupted" for o in whole):
            status = "interrupted"
        else:
            status = "finished"
        parameters = self.folds[0].network(candidate, self.outputs).parameter_count
        known = tuple(score for score in scores if score is not None)
        return Standing(candidate, parameters, number, tuple(whole), known, status)


def _preparation_key(candidate: Candidate) -> tuple[str | int, ...]:
    return candidate.preparation_key


_CLIP = 5.0  # norm of the gradient: only steps that would throw a network off are cut


def _floats(values: object) -> list[float]:
    """Finite floats for JSON; a curve ends where it stopped being a number."""
    listed = [float(f"{float(value):.6g}") for value in values]
    return [value for value in listed if np.isfinite(value)]
