"""The plan of a study: which candidates run for how many epochs from how many starts, so that the work fits.

The plan depends on the table's shape, the candidates and the *effort* alone, never on the clock: the same study makes
the same plan on a fast and on a slow machine, with one thread and with many, and so gives the same bits. A budget in
seconds is turned into an effort once, by a short measurement (`core_seconds_within`), and the effort is written down.

If everything fits, every candidate gets all its epochs (`search/fixed.py`). If not, there are two rounds
(`search/halving.py`): short runs for all, then full runs for the best few.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from thetastar.recipes import Candidate, batch_size_for
from thetastar.study.search import Round
from thetastar.study.space import Space

__all__ = [
    "Plan", "Shape", "core_seconds_within", "default_effort", "epochs_for", "make_plan", "plan_of_space", "run_cost",
]  # fmt: skip

# Measured on one core of a 2-core x86-64 server at AVX-512 level (see benchmarks): seconds per floating-point
# operation of the products, per hidden neuron and row (activation and its slope), per parameter and update (AdamW),
# per row and epoch (gathering, loss).
_FLOP = 1 / 130e9
_NEURON = 0.7e-9
_PARAMETER = 2.6e-9
_ROW = 6e-8

REFIT_STARTS = 2  # the final network is trained from this many starts


@dataclass(frozen=True)
class Shape:
    """Sizes that the work depends on: inputs, outputs, training and validation rows of one fold, folds.

    `numbers` of the features are columns of numbers; a recipe may make more of them.
    """

    features: int
    outputs: int
    train_rows: int
    validation_rows: int
    folds: int = 1
    numbers: int = 0
    sample: tuple[int, ...] = ()  # (H, W, C) or (T, F), where a row is an image or a sequence


@dataclass(frozen=True)
class Plan:
    """What the study does, and what it leaves out because it would not fit into the effort."""

    candidates: tuple[Candidate, ...]
    rounds: tuple[Round, ...]
    rows: int  # training rows per fold that candidates see; the final network sees all
    batch_size: int
    cost: float  # core-seconds of the reference machine
    all_rows: int  # training rows per fold that there are
    left_out: tuple[Candidate, ...] = ()
    sample: tuple[int, ...] = (0,)  # the shape of a row
    baseline_rows: int = 0  # training rows per fold that baselines see at most
    remade: bool = False  # between the rounds, because time ran otherwise than was thought
    space: Space | None = None  # that the candidates are from; with Optuna they are some of it, for estimates

    def after(self, rounds: Sequence[Round]) -> Plan:
        """The plan with the rounds that there were."""
        if tuple(rounds) == self.rounds[: len(rounds)] or (self.space is not None and self.space.search == "optuna"):
            return self
        return replace(self, rounds=(*rounds, *self.rounds[len(rounds) :]), remade=True)


def epochs_for(rows: int) -> int:
    """Epochs of a full run for that many training rows: more rows bring more updates in each."""
    return int(min(max(round(40 * (20_000 / max(rows, 1)) ** 0.4), 12), 150))


def run_cost(candidate: Candidate, shape: Shape, rows: int, batch_size: int, epochs: int) -> float:
    """Core-seconds on the reference machine of one run."""
    work = candidate.work(shape.sample or (shape.features,), shape.numbers, shape.outputs)
    epochs, batch_size = candidate.epochs or epochs, candidate.batch_size or batch_size
    steps = -(-rows // batch_size)
    learn = rows * (6 * work.products * _FLOP + work.values * _NEURON + _ROW)
    update = steps * work.parameters * _PARAMETER
    watch = shape.validation_rows * (2 * work.products * _FLOP + work.values * _NEURON / 2 + _ROW / 2)
    return epochs * (learn + update + watch)


def default_effort(rows: int, sample: tuple[int, ...] = ()) -> float:
    """Core-seconds for a table of that many rows: some for a small one, half a minute on two cores for a large one.

    Five times as much for images.
    """
    usual = float(min(max(18 + 42 * (rows - 1_000) / 19_000, 18), 60))
    return 5 * usual if len(sample) == 3 else usual


def make_plan(candidates: tuple[Candidate, ...], shape: Shape, starts: int, effort: float, *, given: bool) -> Plan:
    """The largest plan that fits into `effort` core-seconds.

    In this order it saves: full runs for few only, shorter runs, the dearest candidates left out, fewer rows.

    Args:
        candidates: all that may take part, small ones first.
        shape: sizes of the table.
        starts: random starts of each candidate in its full runs.
        given: True if the user named the candidates: then none is left out, whatever it costs.
    """
    full = epochs_for(shape.train_rows)
    if len(shape.sample) == 3:  # every image is hundreds of numbers
        full = max(full // 2, 8)
    for share_rows in (1.0, 0.5, 0.25, 0.1, 0.05, 0.02):
        rows = max(int(shape.train_rows * share_rows), min(shape.train_rows, 1_000))
        batch = batch_size_for(rows)
        for taking in _smaller_sets(candidates, shape, rows, batch, given):
            for share_epochs in (1.0, 0.7, 0.5, 0.35):
                epochs = max(round(full * share_epochs), 8)
                for finalists in (len(taking), 5, 4, 3):
                    rounds = _rounds(len(taking), min(finalists, len(taking)), starts, epochs, shape.folds)
                    cost = _plan_cost(taking, rounds, shape, rows, batch)
                    left_out = tuple(c for c in candidates if c not in taking)
                    plan = Plan(taking, rounds, rows, batch, cost, shape.train_rows, left_out, shape.sample or (0,))
                    if cost <= effort:
                        return plan
    return plan


def plan_of_space(space: Space, shape: Shape, starts: int, effort: float | None, seed: int) -> Plan:
    """The plan for a search space: every candidate is trained whole, or as far as its rungs let it.

    Args:
        starts: random starts of each candidate.
        effort: core-seconds that it may take, where somebody said so: then runs are shorter.
    """
    candidates = space.some(_SOME) if space.search == "optuna" else space.candidates(seed)
    if effort is not None and not space.halving and space.search != "optuna":
        return replace(make_plan(candidates, shape, starts, effort, given=True), space=space)
    epochs, batch = epochs_for(shape.train_rows), batch_size_for(shape.train_rows)
    epochs = max(epochs // 2, 8) if len(shape.sample) == 3 else epochs
    count = space.trials if space.search == "optuna" else len(candidates)
    rounds = _rungs(count, space, starts, epochs) if space.halving else (Round(1, count, starts, epochs),)
    cost = _plan_cost(candidates, rounds, shape, shape.train_rows, batch) * count / len(candidates)
    return Plan(
        candidates, rounds, shape.train_rows, batch, cost, shape.train_rows, sample=shape.sample or (0,), space=space
    )


_SOME = 16  # candidates of a space that stand for all of it, where nobody knows yet which will be tried


def _rungs(count: int, space: Space, starts: int, epochs: int) -> tuple[Round, ...]:
    """Ever fewer candidates, each rung `halving` times as long as all before it: none of it is trained twice."""
    rungs, left = 1, count
    while rungs < space.rungs and left > 1 and epochs >= space.halving**rungs:
        left, rungs = -(-left // space.halving), rungs + 1
    found = []
    for rung in range(rungs):
        share = float(space.halving) ** (rung + 1 - rungs)
        found.append(Round(rung + 1, count, starts, epochs, rung + 1 == rungs, share, rung > 0))
        count = -(-count // space.halving)
    return tuple(found)


def _smaller_sets(
    candidates: tuple[Candidate, ...], shape: Shape, rows: int, batch: int, given: bool
) -> list[tuple[Candidate, ...]]:
    """The candidates, and then ever fewer of them, the dearest left out first; at least three.

    Of those that see neighbouring pixels the cheapest stays: fewer images cost less than doing without.
    """
    if given:
        return [candidates]
    dear = sorted(candidates, key=lambda c: (run_cost(c, shape, rows, batch, 1), c.augment), reverse=True)
    neighbourly = [c for c in dear if c.recipe.sees_neighbours]
    if len(shape.sample) == 3 and neighbourly:
        dear.remove(neighbourly[-1])
        dear.append(neighbourly[-1])
    gone = range(max(len(candidates) - 2, 1))
    return [tuple(c for c in candidates if c not in dear[:count]) for count in gone]


def _rounds(candidates: int, finalists: int, starts: int, epochs: int, folds: int) -> tuple[Round, ...]:
    """One round of full runs; or short runs of a third of the epochs, and full runs.

    Short runs begin from two random starts, or from one in each fold where there are several.
    """
    if finalists == candidates:
        return (Round(1, candidates, starts, epochs),)
    short_starts = min(starts, 2) if folds == 1 else 1
    short = Round(1, candidates, short_starts, max(round(epochs / 3), 4), last=False)
    return (short, Round(2, finalists, starts, epochs))


def _plan_cost(taking: tuple[Candidate, ...], rounds: tuple[Round, ...], shape: Shape, rows: int, batch: int) -> float:
    """Cost of all rounds if the dearest candidates reach the last one, and of the final network."""
    total = before = 0.0
    for stage in rounds:
        own, before = stage.share - (before if stage.resumes else 0.0), stage.share
        costs = sorted((own * run_cost(c, shape, rows, batch, stage.epochs) for c in taking), reverse=True)
        total += stage.starts * shape.folds * sum(costs[: stage.keep])
    whole = shape.train_rows + shape.validation_rows
    final = max(run_cost(c, shape, whole, batch_size_for(whole), rounds[-1].epochs) for c in taking)
    return total + REFIT_STARTS * final


def core_seconds_within(seconds: float, threads: int) -> float:
    """The effort that fits into `seconds` on this machine with `threads` threads, to two digits.

    A known piece of work (one small network per thread, about a tenth of a second) is timed.
    """
    import numpy as np

    from thetastar.training import Job, train_many

    shape, candidate, batch, epochs = Shape(32, 1, 2_000, 0), Candidate(hidden=(64, 64)), 128, 20
    generator = np.random.default_rng(0)
    inputs = generator.standard_normal((shape.train_rows, shape.features), dtype=np.float32)
    target = inputs[:, 0].copy()
    job = Job(candidate.network(shape.features, 1), loss="mean_squared_error", **candidate.training(epochs, batch))
    started = time.perf_counter()
    train_many([replace(job, seed=k) for k in range(threads)], inputs, target, threads=threads)
    taken = time.perf_counter() - started
    expected = run_cost(candidate, shape, shape.train_rows, batch, epochs)
    return float(f"{max(seconds * threads * expected / taken, 0.01):.2g}")
