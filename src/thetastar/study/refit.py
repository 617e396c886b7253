"""The end of a study: the chosen candidate trained on training and validation rows, and the test rows scored once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np

from thetastar.data.task import find_task
from thetastar.errors import InputError
from thetastar.model.answer import Member
from thetastar.model.metrics import Metric, Thresholds, judged, named, score_all
from thetastar.model.record import ClassScores, GradientNorms, Lead, Mistake, Points, RocCurve, Tested
from thetastar.recipes import Candidate, batch_size_for
from thetastar.recipes.baselines import CONSTANT
from thetastar.study.answer import Decision
from thetastar.study.evidence import Evidence
from thetastar.study.fold import Learning
from thetastar.study.intervals import difference_interval, score_intervals
from thetastar.study.plan import REFIT_STARTS
from thetastar.study.problem import Problem
from thetastar.study.standing import Standing
from thetastar.study.trial import seed_for

__all__ = ["POINTS", "Final", "Refit", "Trained", "final_networks", "refit", "score_test", "starts_wanted"]

Views = Callable[[Candidate], tuple[Any, np.ndarray]]

POINTS = 2000
"""Pairs of the real-against-predicted picture."""

_EPOCHS = 120  # of the gradients: more than a picture shows
_LEAST_SECONDS = 0.5  # even an exhausted budget gets a network


@dataclass(frozen=True)
class Refit:
    """The final network, the loss of each of its starts, and which start was kept."""

    network: Any
    epochs: int
    batch_size: int
    loss_name: str | dict[str, Any]
    loss: list[float]
    kept: int
    seed: int
    stopped: str
    gradients: GradientNorms | None = None


@dataclass(frozen=True)
class Final:
    """The final network with what the model keeps: its preparation and the target's encoding.

    `members` are the networks of an answer that is an average: name, count, network, preparation.
    """

    standing: Standing
    refit: Refit
    preparation: Any
    encoding: Any
    members: tuple[Member, ...] = ()


def refit(
    wanted: Sequence[tuple[Standing, int]], views: Views, encoded: np.ndarray, *, task: str, metric: Metric,
    batch_size: int, seed: int, threads: int, seconds: float | None, weight: np.ndarray | None = None,
    held: Callable[[Candidate], dict[str, Any]] = lambda candidate: {},
) -> dict[str, Trained]:  # fmt: skip
    """Train candidates once more, on all rows given, each from some starts and for the number of epochs found.

    All that see the same rows are trained together. The course of the learning rate keeps its shape over these epochs.

    Args:
        wanted: standings of different candidates, and from how many random starts each is trained.
        views: of a candidate its network and (n, F) the training and validation rows as it sees them.
        encoded: (n,) what they learn.
        seconds: what is left of the budget; a run that it cuts short keeps what it has learned so far.
        weight: (n,) how much each of these rows counts; alike if not given.
        held: of a candidate the arguments of a `Job` that hold its network monotone.

    Returns:
        What came of each candidate by its name.

    Raises:
        InputError: every start of the first candidate diverged.
    """
    from thetastar.training import Job, train_many

    groups: dict[tuple[str | int, ...], list[tuple[Standing, int]]] = {}
    for standing, starts in wanted:
        groups.setdefault(standing.candidate.preparation_key, []).append((standing, starts))
    ends = None if seconds is None else time.perf_counter() + max(seconds, _LEAST_SECONDS)
    found: dict[str, Trained] = {}
    for group in groups.values():
        jobs: list[Any] = []
        inputs = None
        for standing, starts in group:
            network, inputs = views(standing.candidate)
            training = standing.candidate.training(standing.epochs, batch_size, network.input_shape)
            loss = find_task(task).loss_of(metric.name, standing.candidate.loss)
            seeds = [seed_for(seed, 0, 1_000 + start) for start in range(starts)]
            training |= {"epochs": standing.epochs, **held(standing.candidate)}
            jobs += Job(network, loss=loss, sample_weight=weight, **training).restarts(seeds)
        assert inputs is not None
        left = None if ends is None else max(ends - time.perf_counter(), _LEAST_SECONDS / len(groups))
        runs = iter(train_many(jobs, inputs, encoded, threads=threads, seconds=left))
        order = iter(jobs)
        for standing, starts in group:
            own = [(next(order), next(runs)) for _ in range(starts)]
            loss = find_task(task).loss_of(metric.name, standing.candidate.loss)
            found[standing.candidate.name] = Trained(
                tuple(run for _, run in own), tuple(job.seed for job, _ in own), own[0][0].batch_size, loss
            )
    name = wanted[0][0].candidate.name
    if not found[name].good:
        raise InputError(
            f"the final training of {name} diverged from every start, though it had not with fewer rows. "
            "Give candidates with a smaller learning_rate."
        )
    return found


def starts_wanted(standings: Sequence[Standing], decision: Decision) -> list[tuple[Standing, int]]:
    """The candidates that are trained once more, the chosen one first, and from how many random starts each."""
    own = decision.networks if decision.kind == "average" else {}
    starts = {name: len(counts) for name, counts in own.items()}
    chosen = standings[0].candidate.name
    starts[chosen] = max(starts.get(chosen, 0), REFIT_STARTS)
    return [(standing, starts[standing.candidate.name]) for standing in standings if standing.candidate.name in starts]


def final_networks(
    problem: Problem, learning: Learning, wanted: Sequence[tuple[Standing, int]], decision: Decision, *, seed: int,
    threads: int, seconds: float | None,
) -> Final:  # fmt: skip
    """The chosen network and those of the answer, with their preparations, trained on all rows to learn from.

    Args:
        wanted: from `starts_wanted`.
        seconds: what is left of the budget.
    """
    chosen = wanted[0][0]
    own = decision.networks if decision.kind == "average" else {}
    prepared: dict[tuple[str | int, ...], tuple[Any, np.ndarray]] = {}
    usual = cache(partial(learning.inputs, None))

    def prepare(candidate: Candidate) -> tuple[Any, np.ndarray]:
        if candidate.preparation_key not in prepared:
            prepared[candidate.preparation_key] = learning.prepared_for(candidate, usual)
        return prepared[candidate.preparation_key]

    def view(candidate: Candidate) -> tuple[Any, np.ndarray]:
        preparation, inputs = prepare(candidate)
        network = candidate.network(
            preparation.input_shape, problem.output_count, masked=preparation.masked, numbers=preparation.numbers
        )
        return network, inputs

    trained = refit(
        wanted, view, learning.encoded, task=problem.task, metric=problem.metric,
        batch_size=batch_size_for(len(learning.real)), seed=seed, threads=threads, seconds=seconds,
        weight=learning.weight, held=lambda candidate: learning.held(candidate, prepare(candidate)[0]),
    )  # fmt: skip
    members = [
        Member(s.candidate.name, count, trained[s.candidate.name].runs[start].network, prepare(s.candidate)[0])
        for s, _ in wanted
        for start, count in zip(trained[s.candidate.name].good, own.get(s.candidate.name, ()), strict=False)
    ]
    best = trained[chosen.candidate.name].best()
    return Final(chosen, best, prepare(chosen.candidate)[0], learning.encoding, tuple(members))


@dataclass(frozen=True)
class Trained:
    """A candidate's runs on all rows, one a start."""

    runs: tuple[Any, ...]
    seeds: tuple[int, ...]
    batch_size: int
    loss_name: str | dict[str, Any]

    @property
    def good(self) -> tuple[int, ...]:
        """The starts that came to something."""
        return tuple(
            k for k, run in enumerate(self.runs) if run is not None and run.epochs > 0 and run.stopped != "diverged"
        )

    def best(self) -> Refit:
        """The start, of as many as a single network is trained from, with the lowest last training loss.

        That needs no rows that were held back, and it leaves out starts that went wrong.
        """
        tried = [k for k in self.good if k < REFIT_STARTS] or list(self.good)
        kept = min(tried, key=lambda k: float(self.runs[k].history["loss"][-1]))
        run = self.runs[kept]
        curve = [float(f"{float(value):.6g}") for value in run.history["loss"]]
        return Refit(
            run.network, run.epochs, self.batch_size, self.loss_name, curve, kept, self.seeds[kept], run.stopped,
            _gradients(run),
        )  # fmt: skip


def _gradients(run: Any) -> GradientNorms | None:
    """The norms of a run's gradients by layer and epoch, thinned to some hundred epochs."""
    norms = np.asarray(run.history["gradient_norm"], dtype=np.float64)
    layers = [row["name"] for row in run.network.summary() if row["parameters"]]
    if norms.size == 0 or norms.shape[1] != len(layers):
        return None
    some = np.unique(np.linspace(0, len(norms) - 1, min(len(norms), _EPOCHS)).round().astype(int))
    short = [[float(f"{v:.4g}") if np.isfinite(v) else None for v in norms[some, k]] for k in range(len(layers))]
    return GradientNorms(layers=tuple(layers), epochs=tuple((some + 1).tolist()), norms=tuple(map(tuple, short)))


def score_test(
    task: str, metric: Metric, truth: np.ndarray, prediction: np.ndarray, baselines: dict[str, np.ndarray],
    rival: str | None, labels: list[str] | None, seed: int, *, baselines_refitted: bool,
    mistakes: tuple[Mistake, ...] = (), evidence: Evidence | None = None, alone: np.ndarray | None = None,
    threshold: Thresholds = None, weight: np.ndarray | None = None, points: int = POINTS,
) -> Tested:  # fmt: skip
    """The record's test: all scores with intervals, the baselines beside them, and what the pictures need.

    Args:
        truth: (m,) values or class indices of the test rows.
        prediction: (m,) or (m, C), the answer's.
        baselines: predictions of the same form by baseline.
        rival: the baseline with the best validation score, for the interval of the difference to it.
        labels: class labels as text, in the order of the columns of `prediction`.
        baselines_refitted: whether the baselines learned from the validation rows too.
        mistakes: the test images that the answer was surest of and wrong.
        evidence: the rows to show, and the calibration.
        alone: the network's, where the answer is a baseline: that would be compared with itself.
        threshold: the answer's; the baselines name the likelier class.
        weight: (m,) how much each row counts in every score; alike if not given.
        points: pairs of the real-against-predicted picture at most.
    """
    judged_here = judged(metric, prediction, threshold)
    ours = judged_here if alone is None else alone
    constant = next((name for name in baselines if name.startswith(CONSTANT)), None)
    test: dict[str, Any] = {
        "rows": len(truth),
        "scores": _plain(score_all(task, truth, prediction, threshold, own=metric, weight=weight)),
        "intervals": score_intervals(task, truth, prediction, seed, threshold, own=metric, weight=weight),
        "baselines": {
            name: _plain(score_all(task, truth, other, own=metric, weight=weight)) for name, other in baselines.items()
        },
        "lead": None if rival is None else _lead(metric, truth, ours, rival, baselines[rival], seed, weight),
        "over_constant": None
        if constant is None
        else _lead(metric, truth, judged_here, constant, baselines[constant], seed, weight),
        "baselines_refitted": baselines_refitted,
        "shown": None if evidence is None else evidence.shown,
        "calibration": None if evidence is None else evidence.calibration,
    }
    kind = find_task(task)
    if kind.targets > 1:
        return Tested(**test)
    if not kind.classification:
        prediction = prediction[:, kind.middle] if kind.levels else prediction
        some = np.sort(np.random.default_rng([seed, 7]).permutation(len(truth))[:points])
        some = some[np.isfinite(prediction[some])]  # a prediction beyond all numbers has no place in a picture
        return Tested(**test, points=Points(real=truth[some].tolist(), predicted=prediction[some].tolist()))
    assert labels is not None
    said = named(prediction, threshold)
    confusion = _confusion(truth, said, len(labels))  # rows, whatever they count: what is shown of each cell are rows
    counts = confusion if weight is None else _confusion(truth, said, len(labels), weight)
    per_class = _per_class(counts, confusion.sum(axis=1), labels)
    test |= {"labels": labels, "confusion": confusion.tolist(), "per_class": per_class}
    test |= {"mistakes": mistakes}
    if kind.has_positive_class:
        test |= {"positive": labels[1], "roc": _roc(truth, prediction[:, 1], test["scores"]["auc"], weight)}
    return Tested(**test)


def _lead(
    metric: Metric, truth: np.ndarray, prediction: np.ndarray, rival: str, theirs: np.ndarray, seed: int,
    weight: np.ndarray | None,
) -> Lead:  # fmt: skip
    """How far it is ahead of a baseline on the test rows, with an interval."""
    ends = difference_interval(metric, truth, prediction, theirs, seed, weight)
    return Lead(over=rival, interval=None if ends is None else (ends[0], ends[1]))


def _plain(scores: dict[str, float]) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in scores.items()}


def _confusion(truth: np.ndarray, predicted: np.ndarray, classes: int, weight: np.ndarray | None = None) -> np.ndarray:
    """(C, C) rows, or sums of their weights, [real][predicted]."""
    return np.bincount(truth * classes + predicted, weight, classes * classes).reshape(classes, classes)


def _per_class(counts: np.ndarray, rows: np.ndarray, labels: list[str]) -> list[ClassScores]:
    """Shares of (C, C) counts; `rows` (C,) is how many test rows each class has."""
    hits, real, predicted = counts.diagonal(), counts.sum(axis=1), counts.sum(axis=0)
    return [
        ClassScores(
            label=label,
            precision=float(hits[i] / predicted[i]) if predicted[i] else None,
            recall=float(hits[i] / real[i]) if real[i] else None,
            f1=float(2 * hits[i] / (real[i] + predicted[i])) if real[i] + predicted[i] else None,
            support=int(rows[i]),
        )
        for i, label in enumerate(labels)
    ]


def _roc(truth: np.ndarray, score: np.ndarray, auc: float | None, weight: np.ndarray | None) -> RocCurve:
    """False and true positive rates as the threshold falls, thinned to about 200 points, from (0, 0) to (1, 1)."""
    order = np.argsort(-score, kind="stable")
    positive = truth[order] == 1
    counts = np.ones(len(truth)) if weight is None else weight[order]
    last_of_tie = np.r_[score[order][1:] != score[order][:-1], True]
    found, wrong = np.cumsum(counts * positive)[last_of_tie], np.cumsum(counts * ~positive)[last_of_tie]
    tpr, fpr = (np.r_[0, each] / (each[-1] if len(each) and each[-1] > 0 else 1) for each in (found, wrong))
    some = np.unique(np.linspace(0, len(tpr) - 1, min(len(tpr), 200)).round().astype(int))
    rates = (tuple(round(float(value), 6) for value in rate[some]) for rate in (fpr, tpr))
    return RocCurve(fpr=next(rates), tpr=next(rates), auc=auc)
