"""The plan of a study: which candidates run for how many epochs from how many starts, so that the work fits.

The plan depends on the table's shape, the candidates and the *effort* alone, never on the clock: the same study makes
the same plan on a fast and on a slow machine, with one thread and with many, and so gives the same bits. A budget in
seconds is turned into an effort once, by a short measurement (`core_seconds_within`), and the effort is written down.

If everything fits, every candidate gets all its epochs. If not, there are two rounds (successive halving with one cut,
Jamieson & Talwalkar 2016): short runs for all, then full runs for the best few.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from thetastar.study.candidates import Candidate, batch_size_for

__all__ = ["DEFAULT_EFFORT", "Plan", "Round", "Shape", "core_seconds_within", "epochs_for", "make_plan", "run_cost"]

DEFAULT_EFFORT = 60.0  # core-seconds: half a minute of networks on two cores

# Measured on one core of a 2-core x86-64 server at AVX-512 level (see benchmarks): seconds per floating-point
# operation of the products, per hidden neuron and row (activation and its slope), per parameter and update (AdamW),
# per layer and update.
_FLOP = 1 / 30e9
_NEURON = 3.0e-9
_PARAMETER = 1.0e-9
_LAYER = 2.0e-6

REFIT_STARTS = 2  # the final network is trained from this many starts


@dataclass(frozen=True)
class Shape:
    """Sizes that the work depends on: inputs, outputs, training and validation rows of one fold, folds."""

    features: int
    outputs: int
    train_rows: int
    validation_rows: int
    folds: int = 1


@dataclass(frozen=True)
class Round:
    """Runs of the same length: `keep` of the candidates still in, each from `starts` starts, for `epochs` epochs."""

    number: int
    keep: int
    starts: int
    epochs: int


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


def epochs_for(rows: int) -> int:
    """Epochs of a full run for that many training rows: more rows bring more updates in each."""
    return int(min(max(round(60 * (20_000 / max(rows, 1)) ** 0.4), 15), 200))


def run_cost(candidate: Candidate, shape: Shape, rows: int, batch_size: int, epochs: int) -> float:
    """Core-seconds on the reference machine of one run."""
    parameters = candidate.parameter_count(shape.features, shape.outputs)
    neurons = sum(candidate.hidden) + shape.outputs
    epochs, batch_size = candidate.epochs or epochs, candidate.batch_size or batch_size
    steps = -(-rows // batch_size)
    learn = rows * (6 * parameters * _FLOP + 2 * neurons * _NEURON)
    update = steps * (parameters * _PARAMETER + (len(candidate.hidden) + 1) * _LAYER)
    watch = shape.validation_rows * (2 * parameters * _FLOP + neurons * _NEURON)
    return epochs * (learn + update + watch)


def make_plan(candidates: tuple[Candidate, ...], shape: Shape, starts: int, effort: float, *, given: bool) -> Plan:
    """The largest plan that fits into `effort` core-seconds.

    Args:
        candidates: all that may take part, small ones first.
        shape: sizes of the table.
        starts: random starts of each candidate in its full runs.
        given: True if the user named the candidates: then none is left out, whatever it costs.
    """
    rows, full = shape.train_rows, epochs_for(shape.train_rows)
    taking = candidates
    for share_rows, share_epochs in _TRIMS:
        some, epochs = max(int(rows * share_rows), min(rows, 1_000)), max(round(full * share_epochs), 4)
        batch = batch_size_for(some)
        if not given:
            taking = _affordable(candidates, shape, some, batch, epochs, effort)
        for finalists in (len(taking), 5, 4, 3, 2):
            if finalists > len(taking):
                continue
            rounds = _rounds(len(taking), finalists, starts, epochs)
            cost = _plan_cost(taking, rounds, shape, some, batch)
            plan = Plan(
                taking, rounds, some, batch, cost, shape.train_rows, tuple(c for c in candidates if c not in taking)
            )
            if cost <= effort:
                return plan
    return plan


# Shares of the rows and of the epochs that candidates get, tried from the first on.
_TRIMS = (
    (1.0, 1.0), (1.0, 0.7), (1.0, 0.5), (1.0, 0.35), (0.5, 0.35), (0.25, 0.35), (0.1, 0.35), (0.05, 0.35), (0.02, 0.25),
)  # fmt: skip


def _rounds(candidates: int, finalists: int, starts: int, epochs: int) -> tuple[Round, ...]:
    if finalists == candidates:
        return (Round(1, candidates, starts, epochs),)
    return (Round(1, candidates, min(starts, 2), max(epochs // 4, 3)), Round(2, finalists, starts, epochs))


def _plan_cost(taking: tuple[Candidate, ...], rounds: tuple[Round, ...], shape: Shape, rows: int, batch: int) -> float:
    """Cost of all rounds if the dearest candidates reach the last one, and of the final network."""
    total = 0.0
    for stage in rounds:
        costs = sorted((run_cost(c, shape, rows, batch, stage.epochs) for c in taking), reverse=True)
        total += stage.starts * shape.folds * sum(costs[: stage.keep])
    whole = shape.train_rows + shape.validation_rows
    final = max(run_cost(c, shape, whole, batch_size_for(whole), rounds[-1].epochs) for c in taking)
    return total + REFIT_STARTS * final


def _affordable(
    candidates: tuple[Candidate, ...], shape: Shape, rows: int, batch: int, epochs: int, effort: float
) -> tuple[Candidate, ...]:
    """Those whose single full run costs at most a tenth of the effort; at least the three cheapest."""
    costs = [run_cost(c, shape, rows, batch, epochs) for c in candidates]
    limit = max(effort / 10, sorted(costs)[min(2, len(costs) - 1)])
    return tuple(c for c, cost in zip(candidates, costs, strict=True) if cost <= limit)


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
