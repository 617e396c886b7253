"""Training: one network, or any number of them at once over a few threads, in native code.

Everything is described here and run by core/train.hpp. The calling thread only waits: it looks every few hundredths
of a second at how far the networks are, and at Ctrl-C.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields

import numpy as np

from . import optimizers
from ._checks import nearest, whole
from ._memory import require
from ._native import default_threads, engine
from ._signatures import names_nearest
from .arrays import Arrays
from .epoch_metrics import named_metrics
from .epoch_watch import Epoch, EpochWatch
from .errors import InputError
from .jobs import Alike, EarlyStopping, Job, LossThreshold, Restarts, add, alike, cost, like, snapshot_epochs
from .network import Network
from .pause import Pause
from .way import Way

__all__ = [
    "EarlyStopping",
    "Epoch",
    "Interrupted",
    "Job",
    "LossThreshold",
    "Progress",
    "Run",
    "Way",
    "train",
    "train_many",
]

_POLL_SECONDS = 0.05  # Ctrl-C is noticed within this, and the networks stop before their next batch
_REPORT_SECONDS = 0.1


@dataclass(frozen=True, eq=False)
class Run:
    """What training one network gave.

    Attributes:
        network: a new network that carries the parameters found.
        history: per epoch: "loss" (epochs,), "validation_loss" (epochs,) where there was validation, "learning_rate"
            (epochs,), "gradient_norm" (epochs, layers with parameters; the root of the mean square over the steps),
            "seconds" (epochs,) since the start, "updates" (epochs,) so far; by `train` also the metrics asked for.
        stopped: "epochs", "early", "threshold", "callback", "paused", "diverged" (a loss or a parameter was not finite)
            or "interrupted".
        epochs: epochs finished.
        best_epoch: the one with the lowest validation loss, counted from 1; the last without validation.
        seconds: the time it took on its thread.
        snapshots: {epoch: parameters by name} at the end of the epochs that `Job.snapshots` names, as far as training
            came.
        way: how it was computed; it shows in no result but the time.
        pause: where it stands, for `Job.resume`, if it has paused. The history of a training that resumes is that of
            its own epochs; `epochs` and `best_epoch` count all.

    Example:
        >>> from thetastar import Dense
        >>> run = train(Network([Dense(1)], input_shape=(1,)), [[0.0], [1.0]], [1.0, 3.0], epochs=3)
        >>> run.stopped, run.epochs, run.history["loss"].shape
        ('epochs', 3, (3,))
    """

    network: Network
    history: dict[str, np.ndarray]
    stopped: str
    epochs: int
    best_epoch: int
    seconds: float
    snapshots: dict[int, dict[str, np.ndarray]] = field(default_factory=dict)
    way: Way = field(default_factory=Way)
    pause: Pause | None = field(default_factory=lambda: None)  # not of the class, so that it is read when asked for

    @classmethod
    def _ended(cls, start: Network, outcome, wanted: Sequence[int], updates: int, done: int = 0) -> Run:
        """What the core gave. Its fields are made when they are asked for: of ten thousand runs few are looked at.

        Args:
            wanted: the epochs whose snapshots were asked for.
            updates: in an epoch.
            done: epochs that a training before this one took.
        """
        run = object.__new__(cls)
        known = run.__dict__  # the class is frozen
        known["_outcome"], known["_reading"] = outcome, (start, outcome, wanted, updates, done)
        return run

    def __getattr__(self, name: str):
        if name not in self.__dataclass_fields__ or "_outcome" not in self.__dict__:
            raise AttributeError(f"'Run' object has no attribute {name!r}")
        known = self.__dict__
        if "_told" not in known:
            known["_told"] = self._outcome.read()
        known[name] = _field(name, known["_told"], *self._reading)
        return known[name]

    def __getstate__(self) -> dict:
        """For pickle and copy: without what is the core's."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def loss(self) -> float:
        """The training loss of the last epoch finished, NaN where none was."""
        if "_outcome" in self.__dict__:
            return self._outcome.loss
        return float(self.history["loss"][-1]) if self.epochs else float("nan")

    @property
    def validation_loss(self) -> float:
        """The lowest validation loss, NaN where there was none."""
        losses = self.history.get("validation_loss", ())
        return float(losses[self.best_epoch - 1]) if len(losses) and self.best_epoch else float("nan")

    def _repr_html_(self) -> str:
        """For notebooks: what it says of itself, and the losses of some epochs."""
        from html import escape

        names = [name for name in ("loss", "validation_loss", "learning_rate") if name in self.history]
        epochs = sorted({int(at) for at in np.linspace(1, self.epochs, min(self.epochs, 8))} | {self.best_epoch or 1})
        head = "".join(f"<th>{name.replace('_', ' ')}</th>" for name in ("epoch", *names))
        body = "".join(
            f"<tr><td>{epoch}</td>"
            + "".join(f"<td>{self.history[name][epoch - 1]:.5g}</td>" for name in names)
            + "</tr>"
            for epoch in epochs
            if epoch <= self.epochs
        )
        return f"<p>{escape(repr(self))}</p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def __repr__(self) -> str:
        best = (
            f", validation loss {self.validation_loss:.6g} at epoch {self.best_epoch}"
            if "validation_loss" in self.history
            else ""
        )
        return (
            f"Run: {self.network.parameter_count:,} parameters, loss {self.loss:.6g}{best}, "
            f"stopped by {self.stopped!r} after {self.epochs} epochs and {self.seconds:.2f} s ({self.way})"
        )


@dataclass(frozen=True)
class Progress:
    """How far the networks of a `train_many` are.

    Example:
        >>> from thetastar import Dense
        >>> seen = []
        >>> run = train(Network([Dense(1)], input_shape=(1,)), [[0.0], [1.0]], [1.0, 3.0], epochs=3,
        ...             on_progress=seen.append)
        >>> seen[-1].done, seen[-1].total, seen[-1].epochs, seen[-1].epochs_total
        (1, 1, 3, 3)
    """

    finished: list[tuple[int, Run]]
    """(job's index, its run) of those that ended since the last report."""
    done: int
    total: int
    epochs: int
    """Epochs finished by all networks together, out of at most `epochs_total`."""
    epochs_total: int
    seconds: float


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while networks trained.

    Attributes:
        runs: one per job: finished runs, those cut short (their `stopped` is "interrupted"), None where not started.

    Example:
        >>> from thetastar import Dense
        >>> def press_control_c(progress):
        ...     raise Interrupted([run for _, run in progress.finished])
        >>> try:
        ...     train(Network([Dense(1)], input_shape=(1,)), [[0.0], [1.0]], [1.0, 3.0], on_progress=press_control_c)
        ... except Interrupted as stopped:
        ...     [run.stopped for run in stopped.runs]
        ['epochs']
    """

    def __init__(self, runs: list[Run | None]):
        finished = sum(run is not None and run.stopped != "interrupted" for run in runs)
        super().__init__(f"train_many: interrupted with {finished} of {len(runs)} networks finished; they are in .runs")
        self.runs = runs

    def __reduce__(self) -> tuple:
        """For pickle, which would pass the message on in the place of the runs."""
        return Interrupted, (self.runs,)


def train(
    network: Network, X, y=None, *, metrics=(), callback: Callable[[Epoch], object] | None = None,
    dtype: str = "float32", threads: int | None = None, progress: bool = False, on_progress=None, **settings,
) -> Run:  # fmt: skip
    """Train one network: θ* = arg min of the mean loss over the rows.

    Args:
        network: where to start; it is not changed.
        X: (n, *input_shape) samples, or (n, F) with all numbers of a sample in one row; for losses of pairs and
            triplets a tuple of 2 or 3 such arrays, whose rows i are sample i.
        y: (n,) or (n, O) targets, (n, *output_shape) too; class indices (n,) for cross-entropy; None where the loss has
            no targets.
        metrics: what to measure beside the loss after every epoch, for `Run.history`: "accuracy", "mae", "rmse",
            functions f(y, outputs) -> number, or {name: function}; with validation also as "validation_…".
        callback: called with an `Epoch` after every epoch, on the training's own thread; where it returns True the
            training ends, and `Run.stopped` is "callback".
        dtype: "float32" or "float64", the precision of everything.
        threads: as in `train_many`; one network trains on one thread.
        progress: show on standard error how far the training is.
        on_progress: called with a `Progress` about ten times a second.
        **settings: what `Job` takes: loss, optimizer, epochs, batch_size, validation, stop, seed, …

    Returns:
        A `Run`, whose `network` carries the parameters.

    Raises:
        InputError: arguments or arrays that break a rule; a setting that there is not, with the nearest.
        Interrupted: Ctrl-C.

    Example:
        >>> from thetastar import Dense, Network, optimizers
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> run = train(Network([Dense(1)], input_shape=(1,)), X, y, optimizer=optimizers.Adam(0.1), epochs=500)
        >>> run.network.parameters["dense_1.weight"].round(2).tolist()
        [[2.0]]
    """
    known = [field.name for field in fields(Job) if field.name != "network"]
    if unknown := [name for name in settings if name not in known]:
        own = ["metrics", "callback", "dtype", "threads", "progress", "on_progress"]
        raise InputError(f"train: there is no setting {unknown[0]!r}. {nearest(unknown[0], [*known, *own])}")
    job = Job(network, **settings)
    judges = named_metrics(metrics, network) if metrics else {}
    if judges and isinstance(X, tuple):
        raise InputError("train: metrics are of one array X. Got a tuple of them. Leave metrics out.")
    shown = _shown_on_standard_error(on_progress) if progress else on_progress
    if not judges and callback is None:
        return train_many([job], X, y, dtype=dtype, threads=threads, on_progress=shown)[0]
    watch = EpochWatch(network, _judged_parts(job, X, y) if judges else [], judges, callback)
    run = train_many([like(job, {"_watch": watch})], X, y, dtype=dtype, threads=threads, on_progress=shown)[0]
    if watch.error is not None:
        raise watch.error
    run.history.update({name: np.array(values) for name, values in watch.history.items()})
    return run


def _judged_parts(job: Job, X, y) -> list[tuple]:
    """The rows that metrics judge: those trained on, and those of the validation."""
    X, y = np.asarray(X), np.asarray(y)
    taken = slice(None) if job.rows is None else np.asarray(job.rows)
    parts = [("", X[taken], y[taken])]
    if job.validation_rows is not None:
        held = np.asarray(job.validation_rows)
        parts.append(("validation_", X[held], y[held]))
    elif isinstance(job.validation, tuple | list) and len(job.validation) >= 2:
        parts.append(("validation_", *job.validation[:2]))
    return parts


def _shown_on_standard_error(then: Callable[[Progress], None] | None) -> Callable[[Progress], None]:
    """Tell how far a training is, on one line of standard error that is written over."""

    def show(progress: Progress) -> None:
        share = progress.epochs / max(progress.epochs_total, 1)
        end = "\n" if progress.done == progress.total else ""
        bar = "█" * round(24 * share)
        print(f"\r{bar:<24} {progress.epochs} of {progress.epochs_total} epochs, {progress.seconds:.1f} s", end=end,
              file=sys.stderr, flush=True)  # fmt: skip
        if then is not None:
            then(progress)

    return show


@names_nearest({"n_jobs": "threads", "callback": "on_progress", "progress": "on_progress", "timeout": "seconds"})
def train_many(
    jobs: Sequence[Job],
    X,
    y=None,
    *,
    validation: tuple | None = None,
    sample_weight=None,
    threads: int | None = None,
    seconds: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    dtype: str = "float32",
) -> list[Run]:
    """Train many networks at once over the threads; each gives the bits that it would give alone.

    Args:
        jobs: the networks and their settings; `Job.restarts` makes many from one that differ in their starts.
        X: (n, F) samples, shared by all jobs and not copied when it is a C-contiguous array of `dtype`; a tuple of
            them for losses of pairs and triplets, which is copied.
        y: (n,) or (n, O) targets, shared likewise.
        validation: (Xv, yv) for the jobs that name none themselves.
        sample_weight: (n,) for the jobs that name none themselves.
        threads: how many networks train at a time; as many as there are processors when None.
        seconds: after so long the networks still training stop as "interrupted".
        on_progress: called about ten times a second, and once at the end, from the calling thread.
        dtype: "float32" or "float64".

    Returns:
        One `Run` per job, in the order of the jobs.

    Raises:
        InputError: arguments or arrays that break a rule; nothing has been trained then.
        Interrupted: Ctrl-C; it carries what was finished.

    Example:
        >>> from thetastar import Dense, optimizers
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> job = Job(Network([Dense(1)], input_shape=(1,)), optimizer=optimizers.Adam(0.1), epochs=500)
        >>> runs = train_many(job.restarts(range(3)), X, y)
        >>> [round(float(run.network.parameters["dense_1.weight"][0, 0]), 2) for run in runs]
        [2.0, 2.0, 2.0]
    """
    shared = validation is not None or sample_weight is not None
    if isinstance(jobs, Restarts):
        jobs = Restarts(_with_defaults(jobs.job, validation, sample_weight), jobs.starts) if shared else jobs
    else:
        jobs = [_with_defaults(job, validation, sample_weight) for job in jobs] if shared else list(jobs)
    if dtype not in ("float32", "float64"):
        raise InputError(f"train: dtype must be 'float32' or 'float64'. Got {dtype!r}. Use one of the two.")
    if not jobs:
        return []
    threads = default_threads() if threads is None else whole("train", "threads", threads, 1)
    fleet = (engine.Fleet32 if dtype == "float32" else engine.Fleet64)(threads)
    arrays = Arrays(X, y, np.dtype(dtype))
    # The largest first, so that no thread is left alone with a long one at the end. It changes no result.
    groups = sorted(alike(jobs), key=lambda group: -cost(group.job, arrays.X.count))
    # What the core reads, until it is done.
    kept = (arrays, [add(fleet, group, arrays) for group in groups])
    _check_memory(groups, arrays, threads)
    runs = _watch(fleet, groups, arrays.X.count, seconds, on_progress)
    del kept
    arrays.raise_what_was_caught()
    return runs


_WORTH_ASKING = 1 << 26  # bytes: below, to ask the system what it has left takes longer than to train


def _check_memory(groups: list[Alike], arrays: Arrays, threads: int) -> None:
    """Refuse, before the first network starts, what the machine, its control group or RLIMIT_AS would end.

    At a time `threads` networks train, the largest of all first; the parameters of those that have ended are kept.
    """
    needed = sum(len(g.indices) * g.job.network.parameter_count * arrays.dtype.itemsize for g in groups)
    left = threads
    for group in groups[:threads]:
        job, together = group.job, min(left, len(group.indices))
        rows = arrays.X.count if job.rows is None else np.size(job.rows)
        if together * _roughly(job, rows) > _WORTH_ASKING:
            measured = 0 if job.validation is None else 1
            measured = measured if job.validation_rows is None else np.size(job.validation_rows)
            whole_job = job.memory(max(rows, 1), measured, dtype=arrays.dtype.name)
            needed += together * (whole_job - job.network.parameter_count * arrays.dtype.itemsize)
        left -= together
        if left == 0:
            break
    if needed > _WORTH_ASKING:
        remedy = "Use fewer threads, smaller networks or a smaller batch_size"
        require("train", needed, "training beside the data", remedy)


def _roughly(job: Job, rows: int) -> int:
    """More bytes than training takes, without asking the core: tiny networks are not planned one by one."""
    passing = sum(math.prod(shape) for shape in job.network.shapes) * min(job.batch_size, rows)
    return 8 * (16 * passing + 8 * job.network.parameter_count + 4 * rows)


def _with_defaults(job: Job, validation: tuple | None, sample_weight) -> Job:
    if not isinstance(job, Job):
        return job  # refused below
    defaults = {}
    if validation is not None and job.validation is None and job.validation_rows is None:
        defaults["validation"] = validation
    if sample_weight is not None and job.sample_weight is None:
        defaults["sample_weight"] = sample_weight
    return like(job, defaults) if defaults else job


def _updates_an_epoch(job: Job, rows: int) -> int:
    """How often the parameters move in an epoch, where there are so many rows and the job names none of its own."""
    if optimizers.get(job.optimizer).searches_lines:
        return 1
    if job.rows is not None:
        taken = np.asarray(job.rows)
        rows = int(taken.sum()) if taken.dtype == bool else taken.size
    return -(-rows // job.batch_size)


def _watch(fleet, groups, rows: int, seconds, on_progress) -> list[Run]:
    started = time.perf_counter()
    order = [index for group in groups for index in group.indices]  # of the core's jobs which of all they are, ...
    networks = [network for group in groups for network in group.networks]  # ... and what they train
    asked = [
        asked
        for group in groups
        for asked in [(snapshot_epochs(group.job), _updates_an_epoch(group.job, rows), _done(group.job))]
        * len(group.indices)
    ]
    runs: list[Run | None] = [None] * len(order)
    epochs_total = sum(_epochs_of(group.job) * len(group.indices) for group in groups)

    def collect() -> list[int]:
        places, outcomes = fleet.take_ended()
        for place, outcome in zip(places, outcomes, strict=True):
            network = networks[place]
            if outcome.error:
                parameters = f"{network.parameter_count:,} parameters"
                raise MemoryError(f"train: a network of {parameters} could not run: {outcome.error}")
            runs[order[place]] = Run._ended(network, outcome, *asked[place])
        return [order[place] for place in places]

    def report() -> None:
        ended = collect()
        if on_progress is not None:
            finished, done = [(index, runs[index]) for index in ended], sum(run is not None for run in runs)
            passed = time.perf_counter() - started
            on_progress(Progress(finished, done, len(runs), fleet.epochs(), epochs_total, passed))

    reported = started
    try:
        fleet.start()
        while not fleet.wait(_POLL_SECONDS):
            now = time.perf_counter()
            if seconds is not None and now - started > seconds:
                break
            if now - reported > _REPORT_SECONDS:
                reported = now
                report()
    except KeyboardInterrupt:
        fleet.stop()
        collect()
        raise Interrupted(runs) from None
    finally:
        fleet.stop()
    report()
    for index, network in zip(order, networks, strict=True):
        if runs[index] is None:
            runs[index] = _not_started(network)
    return runs


def _done(job: Job) -> int:
    """Epochs that a training before this one took."""
    return 0 if job.resume is None else job.resume.epochs


def _epochs_of(job: Job) -> int:
    """Epochs that this job takes at most."""
    return min(job.epochs, job.pause or job.epochs) - _done(job)


def _field(name: str, told: dict, start: Network, ended, wanted: Sequence[int], updates: int, done: int):
    """A field of a `Run`, each made by itself: of thousands of networks only some are asked for."""
    if name == "network":
        return start._with_flat(told["parameters"])
    if name == "history":
        return _history(told, start, updates, done)
    if name == "snapshots":
        epochs = (epoch for epoch in wanted if epoch > done)
        return {
            epoch: start._with_flat(flat).parameters for epoch, flat in zip(epochs, told["snapshots"], strict=False)
        }
    if name == "way":
        return Way(**ended.way)
    if name == "pause":
        return None if ended.pause is None else Pause._of(told["epochs"], ended.pause)
    return told[name]


def _history(told: dict, start: Network, updates: int, done: int) -> dict[str, np.ndarray]:
    own = told["epochs"] - done
    history = {
        "loss": told["loss"],
        "learning_rate": told["learning_rate"],
        "gradient_norm": told["gradient_norm"].reshape(own, start._layers_with_parameters),
        "seconds": told["epoch_seconds"],
        "updates": updates * np.arange(done + 1, told["epochs"] + 1),
    }
    if len(told["validation_loss"]):
        history["validation_loss"] = told["validation_loss"]
    return history


def _not_started(network: Network) -> Run:
    empty = np.zeros(0)
    history = {"loss": empty, "learning_rate": empty, "gradient_norm": np.zeros((0, 0)), "seconds": empty}
    history["updates"] = np.zeros(0, np.int64)
    return Run(network, history, "interrupted", 0, 0, 0.0)
