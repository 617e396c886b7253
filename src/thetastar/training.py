"""Training: one network, or any number of them at once over a few threads, in native code.

Everything is described here and run by core/train.hpp. The calling thread only waits: it looks every few hundredths
of a second at how far the networks are, and at Ctrl-C.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from . import losses, optimizers, schedules
from ._checks import real, whole
from ._native import default_threads, engine
from .errors import InputError
from .losses import Loss
from .network import Network, one_row_each
from .optimizers import Optimizer
from .schedules import Schedule

__all__ = ["EarlyStopping", "Interrupted", "Job", "LossThreshold", "Progress", "Run", "train", "train_many"]

_POLL_SECONDS = 0.05  # Ctrl-C is noticed within this, and the networks stop before their next batch
_REPORT_SECONDS = 0.1


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when the validation loss has not fallen by more than `min_delta` for `patience` epochs.

    Args:
        patience: epochs to wait, at least 1.
        min_delta: what counts as an improvement, in units of the loss.
        restore_best: give back the parameters of the best epoch, not of the last.

    Raises:
        InputError: an argument breaks its rule.

    Source: lecture 5.
    """

    patience: int = 10
    min_delta: float = 0.0
    restore_best: bool = True

    def __post_init__(self) -> None:
        whole("EarlyStopping", "patience", self.patience, 1)
        real("EarlyStopping", "min_delta", self.min_delta, 0.0)


@dataclass(frozen=True)
class LossThreshold:
    """Stop when the training loss of an epoch is at or below `value` (lecture 5: "error below a threshold")."""

    value: float

    def __post_init__(self) -> None:
        real("LossThreshold", "value", self.value)


@dataclass(frozen=True, eq=False)
class Job:
    """One network to train, and how.

    Args:
        network: where to start; its own parameters if it carries them, otherwise drawn from `seed`.
        loss: a loss or its name.
        optimizer: an optimiser or its name.
        epochs: the most passes over the rows.
        batch_size: rows per update: 1 per sample, the number of rows or more for the whole batch. The last, partial
            batch of an epoch is kept. L-BFGS always updates on all rows, and this is how many pass at once.
        rows: indices of the training rows in X; all of them when None.
        validation: (Xv, yv) or (Xv, yv, weights), measured after every epoch; or
        validation_rows: indices of the validation rows in X.
        sample_weight: (n,) weights of all rows of X; scaled to mean 1 over the training rows.
        schedule: how the learning rate changes; constant when None.
        stop: rules that end training early.
        l1, l2: add l1 Σ|w| + l2 Σ w² over the weights (not the biases) to the cost.
        clip_value: every number of the gradient is cut to [-clip_value, clip_value].
        clip_norm: the whole gradient is scaled down to this Euclidean norm where it is longer.
        shuffle: a fresh order of the rows every epoch.
        seed: of the initial parameters, the order of rows and dropout.
    """

    network: Network
    loss: str | Loss = "mean_squared_error"
    optimizer: str | dict | Optimizer = field(default_factory=optimizers.Adam)
    epochs: int = 100
    batch_size: int = 32
    rows: np.ndarray | None = None
    validation: tuple | None = None
    validation_rows: np.ndarray | None = None
    sample_weight: np.ndarray | None = None
    schedule: str | dict | Schedule | None = None
    stop: Sequence[EarlyStopping | LossThreshold] = ()
    l1: float = 0.0
    l2: float = 0.0
    clip_value: float | None = None
    clip_norm: float | None = None
    shuffle: bool = True
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Run:
    """What training one network gave.

    Attributes:
        network: a new network that carries the parameters found.
        history: per epoch: "loss" (epochs,), "validation_loss" (epochs,) where there was validation, "learning_rate"
            (epochs,), "gradient_norm" (epochs, layers with parameters; the root of the mean square over the steps),
            "seconds" (epochs,) since the start.
        stopped: "epochs", "early", "threshold", "diverged" (a loss or a parameter was not finite) or "interrupted".
        epochs: epochs finished.
        best_epoch: the one with the lowest validation loss, counted from 1; the last without validation.
        seconds: the time it took on its thread.
    """

    network: Network
    history: dict[str, np.ndarray]
    stopped: str
    epochs: int
    best_epoch: int
    seconds: float

    @property
    def loss(self) -> float:
        """The training loss of the last epoch finished, NaN where none was."""
        return float(self.history["loss"][-1]) if self.epochs else float("nan")

    @property
    def validation_loss(self) -> float:
        """The lowest validation loss, NaN where there was none."""
        losses = self.history.get("validation_loss", ())
        return float(losses[self.best_epoch - 1]) if len(losses) and self.best_epoch else float("nan")

    def __repr__(self) -> str:
        best = (
            f", validation loss {self.validation_loss:.6g} at epoch {self.best_epoch}"
            if "validation_loss" in self.history
            else ""
        )
        return (
            f"Run: {self.network.parameter_count:,} parameters, loss {self.loss:.6g}{best}, "
            f"stopped by {self.stopped!r} after {self.epochs} epochs and {self.seconds:.2f} s"
        )


@dataclass(frozen=True)
class Progress:
    """How far the networks of a `train_many` are."""

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
    """

    def __init__(self, runs: list[Run | None]):
        finished = sum(run is not None and run.stopped != "interrupted" for run in runs)
        super().__init__(f"train_many: interrupted with {finished} of {len(runs)} networks finished; they are in .runs")
        self.runs = runs


def train(
    network: Network, X, y=None, *, dtype: str = "float32", threads: int | None = None, on_progress=None, **settings
) -> Run:
    """Train one network: θ* = arg min of the mean loss over the rows.

    Args:
        network: where to start; it is not changed.
        X: (n, *input_shape) samples, or (n, F) with all numbers of a sample in one row; for losses of pairs and
            triplets a tuple of 2 or 3 such arrays, whose rows i are sample i.
        y: (n,) or (n, O) targets, (n, *output_shape) too; class indices (n,) for cross-entropy; None where the loss has
            no targets.
        dtype: "float32" or "float64", the precision of everything.
        threads: as in `train_many`; one network trains on one thread.
        on_progress: called with a `Progress` about ten times a second.
        **settings: what `Job` takes: loss, optimizer, epochs, batch_size, validation, stop, seed, …

    Returns:
        A `Run`, whose `network` carries the parameters.

    Raises:
        InputError: arguments or arrays that break a rule.
        Interrupted: Ctrl-C.

    Example:
        >>> from thetastar import Dense, Network
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> run = train(Network([Dense(1)], input_shape=(1,)), X, y, optimizer=optimizers.Adam(0.1), epochs=500)
        >>> run.network.parameters["dense_1.weight"].round(2).tolist()
        [[2.0]]
    """
    return train_many([Job(network, **settings)], X, y, dtype=dtype, threads=threads, on_progress=on_progress)[0]


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
        jobs: the networks and their settings.
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
    """
    jobs = [
        replace(
            job,
            validation=job.validation if job.validation is not None or job.validation_rows is not None else validation,
            sample_weight=sample_weight if job.sample_weight is None else job.sample_weight,
        )
        for job in jobs
    ]
    if dtype not in ("float32", "float64"):
        raise InputError(f"train: dtype must be 'float32' or 'float64'. Got {dtype!r}. Use one of the two.")
    if not jobs:
        return []
    threads = default_threads() if threads is None else whole("train", "threads", threads, 1)
    fleet = (engine.Fleet32 if dtype == "float32" else engine.Fleet64)(threads)
    arrays = _Arrays(X, y, np.dtype(dtype))
    # The largest first, so that no thread is left alone with a long one at the end. It changes no result.
    order = sorted(range(len(jobs)), key=lambda index: -_cost(jobs[index], arrays.X.count))
    kept = [_add(fleet, jobs[index], arrays) for index in order]  # the arrays that the core reads, until it is done
    runs = _watch(fleet, jobs, order, seconds, on_progress)
    del kept
    return runs


def _watch(fleet, jobs, order, seconds, on_progress) -> list[Run]:
    started = time.perf_counter()
    runs: list[Run | None] = [None] * len(jobs)
    epochs_total = sum(job.epochs for job in jobs)

    def collect() -> list[tuple[int, Run]]:
        ended = [(order[place], place) for place in fleet.take_ended()]
        for index, place in ended:
            runs[index] = _run(jobs[index], fleet.outcome(place))
        return [(index, runs[index]) for index, _ in ended]

    def report() -> None:
        finished = collect()
        if on_progress is not None:
            done = sum(run is not None for run in runs)
            passed = time.perf_counter() - started
            on_progress(Progress(finished, done, len(jobs), fleet.epochs(), epochs_total, passed))

    fleet.start()
    reported = started
    try:
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
    return [run if run is not None else _not_started(job) for run, job in zip(runs, jobs, strict=True)]


def _cost(job: Job, samples: int) -> int:
    """How much work a job is; it is asked of every job before any is checked further."""
    if not isinstance(job.network, Network):
        raise InputError(
            f"train: network must be a Network. Got {type(job.network).__name__}. Build one with ts.Network."
        )
    rows = samples if job.rows is None else np.size(job.rows)
    return job.network.parameter_count * whole("train", "epochs", job.epochs, 1) * rows


class _Samples:
    """n samples of one or more members: an array (n · members, F), a sample's members one after another.

    All numbers of an image or a sequence lie in one row, which is how the core takes them.
    """

    def __init__(self, parts: list[np.ndarray]):
        self.shapes = [part.shape for part in parts]
        self.count, self.members = len(parts[0]), len(parts)
        rows = [part.reshape(len(part), -1) for part in parts]
        self.array = losses.interleave(rows) if len(set(self.shapes)) == 1 else rows[0]  # refused by check_members


class _Arrays:
    """Converts what the jobs share once, however many jobs share it."""

    def __init__(self, X, y, dtype: np.dtype):
        self.dtype = dtype
        self._converted: dict[tuple, tuple[object, np.ndarray]] = {}
        self.X = self.samples(X)
        self.y = y

    def samples(self, X) -> _Samples:
        return self._once(
            ("X", id(X)), X, lambda: _Samples([_sample_array(x, self.dtype) for x in losses.member_parts(X)])
        )

    def targets(self, loss: Loss, y, samples: int, shape: tuple[int, ...]) -> np.ndarray:
        def convert():
            return loss.target_array("train", one_row_each(y, shape), samples, math.prod(shape), self.dtype)

        return self._once(("y", id(y), loss, samples, shape), y, convert)

    def weights(self, weights, samples: int) -> np.ndarray | None:
        if weights is None:
            return None
        key = ("weights", id(weights))
        return self._once(key, weights, lambda: losses.weight_array("train", weights, samples, self.dtype))

    def indices(self, name: str, rows, samples: int) -> np.ndarray:
        if rows is None:
            return self._once(("all", samples), None, lambda: np.arange(samples, dtype=np.int64))
        return self._once((name, id(rows)), rows, lambda: _row_array(name, rows, samples))

    def _once(self, key, source, convert):
        if key not in self._converted:
            self._converted[key] = (source, convert())  # holding the source keeps its id from being reused
        return self._converted[key][1]


def _sample_array(X, dtype) -> np.ndarray:
    try:
        with np.errstate(over="ignore"):  # what is too large for the precision becomes infinite and is refused below
            X = np.ascontiguousarray(X, dtype=dtype)
    except (TypeError, ValueError):
        raise InputError(
            f"train: X must be an array of numbers (n, F). Got {type(X).__name__} of something else. "
            "Prepare the columns as numbers first; ts.fit does that for tables."
        ) from None
    if X.ndim < 2 or X.size == 0:
        raise InputError(f"train: X must have shape (n, F) with at least one row. Got {X.shape}. One sample a row.")
    finite = np.isfinite(X)
    if not finite.all():
        row, *place = (int(i) for i in np.argwhere(~finite)[0])
        column = place[0] if len(place) == 1 else tuple(place)
        raise InputError(
            f"train: X must be finite in {X.dtype}. Row {row}, column {column} is {X[row, *place]}. "
            "Fill in or remove missing values first; ts.fit does that for tables."
        )
    return X


def _fitting(name: str, samples: _Samples, network: Network) -> _Samples:
    """The samples, where their shape is the network's, or all numbers of a sample lie in one row."""
    shape = samples.shapes[0]
    if shape[1:] not in (network.input_shape, (math.prod(network.input_shape),)):
        wanted = ", ".join(map(str, network.input_shape))
        raise InputError(
            f"train: {name} must have shape (n, {wanted}), as the network's input_shape says. Got {shape}. "
            "Change input_shape or the columns."
        )
    return samples


def _row_array(name: str, rows, samples: int) -> np.ndarray:
    array = np.asarray(rows)
    if array.dtype == bool and array.shape == (samples,):
        array = np.flatnonzero(array)
    if array.ndim != 1 or array.size == 0 or not np.issubdtype(array.dtype, np.integer):
        raise InputError(
            f"train: {name} must be a list of row indices, not empty. Got {rows!r}. Use for example range(100)."
        )
    if array.min() < 0 or array.max() >= samples:
        raise InputError(
            f"train: {name} must be indices from 0 to {samples - 1}. Got {array.min()} to {array.max()}. "
            "Count rows of X from 0."
        )
    return np.ascontiguousarray(array, dtype=np.int64)


def _add(fleet, job: Job, arrays: _Arrays) -> list:
    """Checks a job and hands it to the core. Returns the arrays that must stay alive while it runs."""
    loss, optimizer, schedule = losses.get(job.loss), optimizers.get(job.optimizer), schedules.get(job.schedule)
    X, outputs = _fitting("X", arrays.X, job.network), job.network.output_shape
    losses.check_members("train", loss, X.members, X.shapes)
    weights = arrays.weights(job.sample_weight, X.count)
    targets = arrays.targets(loss, arrays.y, X.count, outputs)
    rows = arrays.indices("rows", job.rows, X.count)
    if weights is not None and not weights[rows].sum() > 0:
        raise InputError(
            "train: sample_weight must not be zero for all training rows. Got zeros. Give some rows weight."
        )
    validation = (X, targets, weights, np.zeros(0, np.int64))
    if job.validation is not None and job.validation_rows is not None:
        raise InputError("train: give validation or validation_rows. Got both. Leave one of them out.")
    if job.validation_rows is not None:
        validation = (X, targets, weights, arrays.indices("validation_rows", job.validation_rows, X.count))
    elif job.validation is not None:
        if not isinstance(job.validation, tuple | list) or len(job.validation) not in (2, 3):
            raise InputError(
                f"train: validation must be (Xv, yv) or (Xv, yv, weights). Got {type(job.validation).__name__}. "
                "Put both in one tuple."
            )
        given, yv, *rest = job.validation
        Xv = _fitting("the validation's X", arrays.samples(given), job.network)
        losses.check_members("train: validation", loss, Xv.members, Xv.shapes)
        yv_array = arrays.targets(loss, yv, Xv.count, outputs)
        wv = arrays.weights(rest[0] if rest else None, Xv.count)
        validation = (Xv, yv_array, wv, arrays.indices("validation", None, Xv.count))
    settings = _settings(job, loss, optimizer, schedule, has_validation=len(validation[3]) > 0)
    parameters = job.network._flat.astype(arrays.dtype) if job.network.is_initialized else None
    held = [X.array, targets, weights, rows, validation[0].array, *validation[1:]]
    fleet.add(job.network._native(), settings, *held, parameters)
    return held


def _settings(job: Job, loss: Loss, optimizer: Optimizer, schedule: Schedule, has_validation: bool) -> dict:
    settings = {
        "loss": loss.to_native(),
        "optimizer": optimizer.to_native(),
        "groups": optimizer.native_groups("train", list(job.network.parameter_shapes)),
        "schedule": schedule.to_dict(),
        "epochs": whole("train", "epochs", job.epochs, 1),
        "batch_size": whole("train", "batch_size", job.batch_size, 1),
        "shuffle": bool(job.shuffle),
        "l1": real("train", "l1", job.l1, 0.0),
        "l2": real("train", "l2", job.l2, 0.0),
        "clip_value": 0.0
        if job.clip_value is None
        else real("train", "clip_value", job.clip_value, 0.0, open_low=True),
        "clip_norm": 0.0 if job.clip_norm is None else real("train", "clip_norm", job.clip_norm, 0.0, open_low=True),
        "seed": whole("train", "seed", job.seed),
    }
    optimizer.check_loss("train", loss)
    if optimizer.searches_lines and (settings["clip_value"] or settings["clip_norm"]):
        raise InputError(
            f"train: {type(optimizer).__name__}'s line search needs the gradient as it is. Got clip_value or "
            "clip_norm. "
            "Leave them out."
        )
    for rule in [job.stop] if isinstance(job.stop, EarlyStopping | LossThreshold) else job.stop:
        if isinstance(rule, EarlyStopping):
            if not has_validation:
                raise InputError(
                    "train: EarlyStopping watches the validation loss, so there must be validation rows. Got none. "
                    "Give validation=(Xv, yv) or validation_rows, or leave it out."
                )
            settings |= {"early_stopping": True, "patience": rule.patience, "min_delta": float(rule.min_delta),
                         "restore_best": bool(rule.restore_best)}  # fmt: skip
        elif isinstance(rule, LossThreshold):
            settings |= {"has_threshold": True, "threshold": float(rule.value)}
        else:
            raise InputError(f"train: stop takes EarlyStopping and LossThreshold. Got {rule!r}. Use one of these.")
    return settings


def _run(job: Job, outcome: dict) -> Run:
    if outcome["error"]:
        raise MemoryError(
            f"train: a network of {job.network.parameter_count:,} parameters could not run: {outcome['error']}"
        )
    history = {
        "loss": outcome["loss"],
        "learning_rate": outcome["learning_rate"],
        "gradient_norm": _per_layer(job.network, outcome["gradient_norm"]),
        "seconds": outcome["epoch_seconds"],
    }
    if len(outcome["validation_loss"]):
        history["validation_loss"] = outcome["validation_loss"]
    network = job.network._with_flat(outcome["parameters"])
    return Run(network, history, outcome["stopped"], outcome["epochs"], outcome["best_epoch"], outcome["seconds"])


def _per_layer(network: Network, norms: np.ndarray) -> np.ndarray:
    """(epochs, parameter arrays) to (epochs, layers with parameters)."""
    layers = [layer for _, layer, *_ in network._layout]
    norms = norms.reshape(len(norms), len(layers))  # with no epoch finished the core hands over nothing at all
    columns = [np.sqrt((norms[:, [i for i, at in enumerate(layers) if at == layer]] ** 2).sum(axis=1))
               for layer in dict.fromkeys(layers)]  # fmt: skip
    return np.stack(columns, axis=1) if columns else np.zeros((len(norms), 0))


def _not_started(job: Job) -> Run:
    empty = np.zeros(0)
    history = {"loss": empty, "learning_rate": empty, "gradient_norm": np.zeros((0, 0)), "seconds": empty}
    return Run(job.network, history, "interrupted", 0, 0, 0.0)
