"""The trials on many workers: shards of about a second each, whatever engine carries them.

A shard holds networks of one fold that see the same rows, as many as take about a second together: packs stay whole,
and a shard's way there and back costs little beside it. No more than a few for each worker are under way, so that what
the driver holds does not grow with the study. Outcomes come back with their addresses; the driver alone writes the
journal.
A shard whose worker dies is sent again; the bits do not depend on who trained it, nor on what else was in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from thetastar.errors import InputError
from thetastar.pause import Pause
from thetastar.study.backends.backend import Backend, Work
from thetastar.study.backends.engine import Engine
from thetastar.study.backends.local import Local
from thetastar.study.fold import Fold
from thetastar.study.pauses import Pauses
from thetastar.study.plan import Shape, run_cost
from thetastar.study.trial import Key, Outcome, Trial

__all__ = ["Remote", "Shard", "train_shard"]

_SECONDS = 1.0  # of a shard, about: some hundred times its way there and back, and not much to lose
_FEWEST = 4  # shards for each worker, where there is little to do
_MOST = 4096  # networks of a shard
_AHEAD = 3  # shards for each worker that are under way
_OWN = 1e-3  # seconds that a network takes beside its arithmetic: made, scored, told
_TRIES = 3  # times that a shard may lose its worker
_WAIT = 0.2  # seconds between two looks at the clock


@dataclass(frozen=True)
class Shard:
    """Trials of one fold, where they go on from, and when they must end.

    Attributes:
        ends: a moment of `time.time()`; None where time does not matter.
    """

    trials: tuple[Trial, ...]
    pauses: tuple[tuple[Key, bytes], ...]
    ends: float | None
    cost: float


@dataclass(frozen=True)
class _Sent:
    """What every worker gets once: the folds' arrays as they are, all else as bytes (a metric may be anybody's)."""

    folds: tuple[Fold, ...]
    rest: bytes


@final
class Remote(Backend):
    """Trains on an engine's workers, each of one thread."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._sent: tuple[Any, frozenset[Any]] | None = None
        self._numbers = 0
        self._pace = 1.0  # seconds that a second of the plan takes

    @property
    def workers(self) -> int:
        return self.engine.workers

    def close(self) -> None:
        self.engine.close()

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
        if not trials:
            return 0
        self._send(work, trials)
        planned, epochs = sum(trial.until for trial in trials), 0
        waiting = self._shards(work, trials, deadline, pauses)
        running: dict[int, tuple[Shard, int]] = {}
        again: list[tuple[Shard, int]] = []
        while True:
            while len(running) < _AHEAD * self.engine.workers:
                shard, tries = again.pop() if again else (next(waiting, None), 1)
                if shard is None or (deadline is not None and time.perf_counter() > deadline):
                    break
                self._numbers += 1
                running[self._numbers] = shard, tries
                self.engine.submit(self._numbers, shard)
            if not running:
                return epochs
            for ended in self.engine.ended(_WAIT):
                shard, tries = running.pop(ended.number)
                if ended.lost and tries < _TRIES:
                    again.append((shard, tries + 1))
                    continue
                if ended.error is not None:
                    raise _told(shard, tries, ended.error) if ended.lost else ended.error
                outcomes, stood, seconds = ended.result
                self._pace = 0.7 * self._pace + 0.3 * seconds / max(shard.cost, 1e-6)
                for key, data in stood:
                    pauses.put(key, Pause.from_bytes(data))
                if outcomes:
                    keep(*outcomes)
                epochs += sum(trial.until for trial in shard.trials)
            watch(epochs, planned)

    def _send(self, work: Work, trials: Sequence[Trial]) -> None:
        """The data, once; again only where candidates see it prepared in a way that the workers do not have."""
        import cloudpickle

        keys = frozenset(trial.candidate.preparation_key for trial in trials)
        if self._sent is not None and self._sent[0] is work and keys <= self._sent[1]:
            return
        candidates = {trial.candidate.preparation_key: trial.candidate for trial in trials}.values()
        folds = tuple(fold.portable(candidates) for fold in work.folds)
        self.engine.send(train_shard, _Sent(folds, cloudpickle.dumps(replace(work, folds=()))))
        self._sent = work, keys

    def _shards(self, work: Work, trials: Sequence[Trial], deadline: float | None, pauses: Pauses) -> Iterator[Shard]:
        """The trials in shards, made when they are asked for."""
        ends = None if deadline is None else time.time() + deadline - time.perf_counter()
        costs = _costs(work, trials)
        fair = sum(costs) / (_FEWEST * self.engine.workers)
        own: list[Trial] = []
        cost = 0.0
        order = sorted(range(len(trials)), key=lambda i: (trials[i].fold, trials[i].candidate.preparation_key))
        for at in order:
            trial = trials[at]
            alike = own and _rows_of(own[0]) == _rows_of(trial)
            full = cost + costs[at] > min(_SECONDS / max(self._pace, 1e-3), fair) or len(own) == _MOST
            if own and (full or not alike):
                yield _shard(own, ends, cost, pauses)
                own, cost = [], 0.0
            own.append(trial)
            cost += costs[at]
        if own:
            yield _shard(own, ends, cost, pauses)


def _rows_of(trial: Trial) -> tuple[int, tuple[str | int, ...]]:
    return trial.fold, trial.candidate.preparation_key


def _shard(trials: Sequence[Trial], ends: float | None, cost: float, pauses: Pauses) -> Shard:
    stood = ((trial.before, pauses.get(trial.before)) for trial in trials if trial.before is not None)
    return Shard(tuple(trials), tuple((key, pause.to_bytes()) for key, pause in stood if pause), ends, cost)


def _costs(work: Work, trials: Sequence[Trial]) -> list[float]:
    """Seconds that each trial takes on the reference machine."""
    fold = work.folds[0]
    shape = Shape(
        fold.inputs.shape[1], work.outputs, len(fold.train), len(fold.validation), sample=fold.preparation.input_shape
    )
    known: dict[int, float] = {}  # of an epoch, by candidate
    costs = []
    for trial in trials:
        if (key := id(trial.candidate)) not in known:
            one = run_cost(trial.candidate, shape, work.rows, work.batch_size, 1)
            known[key] = one / (trial.candidate.epochs or 1)
        costs.append(known[key] * trial.until + _OWN)
    return costs


def _told(shard: Shard, tries: int, error: BaseException) -> InputError:
    return InputError(
        f"--cluster: the worker died {tries} times while it trained {shard.trials[0].candidate.name} and "
        f"{len(shard.trials) - 1} more ({type(error).__name__}). It is most likely out of memory: give fewer workers "
        "or smaller candidates. What is finished is in the journal."
    )


_ready: list[tuple[_Sent, Work]] = []  # in a worker: what was sent, and the work that it makes


def train_shard(sent: _Sent, shard: Shard) -> tuple[list[Outcome], list[tuple[Key, bytes]], float]:
    """Runs in a worker: the shard's outcomes, where the trainings stand that paused, and the seconds that it took."""
    began = time.perf_counter()
    if not _ready or _ready[0][0] is not sent:
        import cloudpickle

        folds = tuple(replace(fold, inputs=_aligned(fold.inputs), _prepared=_in_place(fold)) for fold in sent.folds)
        _ready[:] = [(sent, replace(cloudpickle.loads(sent.rest), folds=folds))]
    pauses = Pauses()
    for key, data in shard.pauses:
        pauses.put(key, Pause.from_bytes(data))
    outcomes: list[Outcome] = []
    left = None if shard.ends is None else shard.ends - time.time() + time.perf_counter()
    Local(1).run(
        _ready[0][1], shard.trials, deadline=left, keep=lambda *ended: outcomes.extend(ended),
        watch=lambda epochs, planned: None, pauses=pauses,
    )  # fmt: skip
    stood = [(outcome.key, pause.to_bytes()) for outcome in outcomes if (pause := pauses.get(outcome.key)) is not None]
    return outcomes, stood, time.perf_counter() - began


def _in_place(fold: Fold) -> dict[Any, Any]:
    return {key: (preparation, _aligned(inputs)) for key, (preparation, inputs) in fold._prepared.items()}


def _aligned(array: np.ndarray) -> np.ndarray:
    """As it is; a copy where an engine put its bytes at an odd place."""
    return np.require(np.asarray(array), requirements=("C", "A"))
