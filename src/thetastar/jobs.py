"""A job: one network to train, and how. Described here, checked here, and handed to the core.

What many jobs share is looked at once and never copied per job: the arrays (arrays.py), and all else that is the same
objects.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter

import numpy as np

from . import losses, optimizers, schedules
from ._checks import real, whole
from ._native import engine, level
from .arrays import Arrays, fitting
from .augment import Augment
from .directions import native_directions
from .errors import InputError
from .link import check_link, linked
from .losses import Loss
from .network import Network
from .optimizers import Optimizer
from .pause import Pause
from .schedules import Schedule

__all__ = ["EarlyStopping", "Job", "LossThreshold", "add", "alike", "cost", "forced_way", "like", "snapshot_epochs"]


@dataclass(frozen=True)
class EarlyStopping:
    """Stop when the validation loss has not fallen by more than `min_delta` for `patience` epochs.

    Args:
        patience: epochs to wait, at least 1.
        min_delta: what counts as an improvement, in units of the loss.
        restore_best: give back the parameters of the best epoch, not of the last.

    Raises:
        InputError: an argument breaks its rule.

    Example:
        >>> from thetastar import Dense, Network, train
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> run = train(Network([Dense(1)], input_shape=(1,)), X, y, optimizer=optimizers.Adam(0.1), epochs=5000,
        ...             validation=([[4.0]], [9.0]), stop=[EarlyStopping(patience=50)])
        >>> run.stopped, run.epochs < 5000
        ('early', True)

    Source: lecture 5; Prechelt 1998.
    """

    patience: int = 10
    min_delta: float = 0.0
    restore_best: bool = True

    def __post_init__(self) -> None:
        whole("EarlyStopping", "patience", self.patience, 1)
        real("EarlyStopping", "min_delta", self.min_delta, 0.0)


@dataclass(frozen=True)
class LossThreshold:
    """Stop when the training loss of an epoch is at or below `value`.

    Raises:
        InputError: value is not a number.

    Example:
        >>> from thetastar import Dense, Network, train
        >>> X, y = [[0.0], [1.0], [2.0], [3.0]], [1.0, 3.0, 5.0, 7.0]
        >>> run = train(Network([Dense(1)], input_shape=(1,)), X, y, optimizer=optimizers.Adam(0.1), epochs=5000,
        ...             stop=[LossThreshold(0.01)])
        >>> run.stopped, run.loss <= 0.01
        ('threshold', True)

    Source: lecture 5 ("error below a threshold").
    """

    value: float

    def __post_init__(self) -> None:
        real("LossThreshold", "value", self.value)


_ADAM = optimizers.Adam()


@dataclass(frozen=True, eq=False)
class Job:
    """One network to train, and how.

    Args:
        network: where to start; its own parameters if it carries them, otherwise drawn from `seed`.
        loss: a loss or its name; or a function of one's own, f(y, outputs) -> (values, slopes), see `losses.Own`. A
            loss of probabilities needs a network that ends in a sigmoid or softmax, a loss of scores one that does not;
            the two are computed as one.
        optimizer: an optimiser or its name.
        epochs: the most passes over the rows.
        batch_size: rows per update: 1 per sample, the number of rows or more for the whole batch. The last, partial
            batch of an epoch is kept. L-BFGS always updates on all rows, and this is how many pass at once.
        rows: indices of the training rows in X; all of them when None.
        validation: (Xv, yv) or (Xv, yv, weights), measured after every epoch; or
        validation_rows: indices of the validation rows in X.
        sample_weight: (n,) weights of all rows of X; scaled to mean 1 over the training rows.
        schedule: how the learning rate changes; constant when None.
        decay_schedule, dropout_schedule: how the optimiser's weight decay and the rates of all Dropout layers change,
            as a factor of each; constant when None.
        stop: rules that end training early.
        l1, l2: add l1 Σ|w| + l2 Σ w² over the weights (not the biases) to the cost.
        clip_value: every number of the gradient is cut to [-clip_value, clip_value].
        clip_norm: the whole gradient is scaled down to this Euclidean norm where it is longer.
        max_norm: after every update the weights that lead into one neuron (a column of a dense or recurrent layer's
            weight, a filter of a convolution; not embeddings) are scaled down to this Euclidean norm where they are
            longer. With dropout, 2 to 4 is usual (Srivastava et al. 2014).
        directions: makes a network of Dense layers monotone in some inputs, exactly: of the inputs, and then of the
            units of every Dense layer, 1 for what rises, -1 for what falls and 0 for what does not see them; the
            outputs have 1 (or -1, to fall). After every update a weight between two with a direction has the sign of
            their product, and a weight from one with a direction to one without is zero. The activations must rise:
            relu, leaky_relu, hard_sigmoid or none (Runje and Shankaranarayana 2023).
        augment: how images are changed in training steps, for input_shape (H, W, C); not at all when None.
        shuffle: a fresh order of the rows every epoch.
        matmul_precision: "float32"; or "bfloat16", where the factors of the dense layers' products in training are
            rounded to 8 bits of mantissa and summed in float32, on processors that have AMX (Intel, from Sapphire
            Rapids on): wide layers train 1.5 to 2 times as fast, each factor is off by up to 1/256 of its size.
            Parameters, the optimiser, losses and every measurement stay in float32. What it costs in accuracy:
            docs/reference/precision.md.
        snapshots: epochs at whose end the parameters are kept, for `Run.snapshots`: a list of them, counted from 1, or
            a number n for every n-th. Each takes as much memory as the parameters.
        pause: the epoch after which the training pauses, counted from 1; `Run.pause` says then where it stands.
        resume: where a training of this very job stood: it goes on from there, to the bits of one without a pause.
            Rows, settings, seed and `epochs` are those of the training that paused.
        seed: of the initial parameters, the order of rows, dropout and augmentation.

    Raises:
        InputError: an argument breaks its rule; said when the job is handed to `train` or `train_many`.

    Example:
        >>> from thetastar import Dense, Network
        >>> Job(Network([Dense(1)], input_shape=(3,)), loss="mae", epochs=5).batch_size
        32
    """

    network: Network
    loss: str | dict | Loss | Callable = "mean_squared_error"
    optimizer: str | dict | Optimizer = _ADAM
    epochs: int = 100
    batch_size: int = 32
    rows: np.ndarray | None = None
    validation: tuple | None = None
    validation_rows: np.ndarray | None = None
    sample_weight: np.ndarray | None = None
    schedule: str | dict | Schedule | None = None
    decay_schedule: str | dict | Schedule | None = None
    dropout_schedule: str | dict | Schedule | None = None
    stop: Sequence[EarlyStopping | LossThreshold] = ()
    l1: float = 0.0
    l2: float = 0.0
    clip_value: float | None = None
    clip_norm: float | None = None
    max_norm: float | None = None
    directions: Sequence[Sequence[int]] | None = None
    augment: Augment | None = None
    shuffle: bool = True
    matmul_precision: str = "float32"
    snapshots: int | Sequence[int] | None = None
    pause: int | None = None
    resume: Pause | None = None
    seed: int = 0

    _watch = None  # what is called after every epoch; `train` sets it
    _shares = None  # what jobs that `restarts` made from one have in common, and nothing else has

    def restarts(self, starts: Iterable[int | Network]) -> Restarts:
        """The same job from other starts, to train it several times: a sequence of one job for each of them.

        Each equals the job with this seed or network in its place, and is made when it is asked for. Thousands of jobs
        are checked and trained soonest in this way: what they share is looked at once.

        Args:
            starts: seeds; or networks, usually this one with other parameters.

        Example:
            >>> from thetastar import Dense, Network
            >>> jobs = Job(Network([Dense(1)], input_shape=(3,)), epochs=5).restarts(range(1000))
            >>> len(jobs), jobs[7].seed, jobs[7].epochs
            (1000, 7, 5)
        """
        return Restarts(self, starts)

    def memory(self, rows: int, validation_rows: int = 0, *, threads: int = 1, dtype: str = "float32") -> int:
        """Bytes that training takes at most beside the data, which jobs share: parameters, gradients, the optimiser's
        states, the best parameters so far and those handed back, what passes through the layers at once, and the rows'
        indices in their order.

        Args:
            rows, validation_rows: how many there are.
            threads: how many share the steps of this one network.
            dtype: "float32" or "float64".

        Example:
            >>> from thetastar import Dense, Network
            >>> 100_000 < Job(Network([Dense(100), Dense(1)], input_shape=(56,))).memory(rows=1000) < 300_000
            True
        """
        loss, optimizer, schedule = losses.get(self.loss), optimizers.get(self.optimizer), schedules.get(self.schedule)
        network, loss = linked(self.network, loss)
        settings = _settings(self, loss, optimizer, schedule, validation_rows > 0, np.dtype(dtype))
        counts = [
            whole("Job.memory", "rows", rows, 1), whole("Job.memory", "validation_rows", validation_rows),
            whole("Job.memory", "threads", threads, 1),
        ]  # fmt: skip
        announce = engine.training_bytes32 if np.dtype(dtype) == np.float32 else engine.training_bytes64
        indices = np.dtype(np.int64).itemsize * (rows + validation_rows)
        return announce(network._native(), engine.TrainSpec(settings), *counts) + indices


def like(job: Job, own: dict) -> Job:
    """The job with some fields of its own, as `dataclasses.replace` gives it, and still one of its restarts."""
    other = object.__new__(Job)  # to set every field again takes longer than a tiny training
    object.__setattr__(other, "__dict__", job.__dict__ | own)
    return other


class Restarts(Sequence):
    """One job from many starts, as `Job.restarts` gives it: each is made when it is asked for."""

    def __init__(self, job: Job, starts: Iterable[int | Network]) -> None:
        self.job, self.starts = like(job, {"_shares": object()}), list(starts)

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self._from(start) for start in self.starts[index]]
        return self._from(self.starts[index])

    def __iter__(self) -> Iterator[Job]:
        return map(self._from, self.starts)

    def __add__(self, others: Iterable[Job]) -> list[Job]:
        return [*self, *others]

    def __radd__(self, others: Iterable[Job]) -> list[Job]:
        return [*others, *self]

    def __repr__(self) -> str:
        return f"Restarts({self.job!r}, {len(self)} starts)"

    def _from(self, start: int | Network) -> Job:
        return like(self.job, {"network" if isinstance(start, Network) else "seed": start})


@dataclass(frozen=True)
class Alike:
    """Jobs that were given the same objects for all but their starts: the first of them, where they stand among all,
    and where each starts or goes on."""

    job: Job
    indices: list[int]
    seeds: list[int]
    networks: list[Network]
    resumes: list[Pause | None]


def alike(jobs: Sequence[Job]) -> list[Alike]:
    """All jobs, together where they may be described once."""
    if isinstance(jobs, Restarts) and (group := _restarted(jobs)) is not None:
        return [group]
    groups: dict[tuple, Alike] = {}
    last_shares = last_layout = last_drawn = None
    for index, job in enumerate(jobs):
        network = _network_of(job)
        shares, layout, drawn = job._shares, network._layout, network._flat is None
        done = getattr(job.resume, "epochs", None)
        if shares is None or shares is not last_shares or layout is not last_layout or drawn is not last_drawn:
            group = groups.setdefault((id(layout), drawn, done, *map(id, _shared(job))), Alike(job, [], [], [], []))
            last_shares, last_layout, last_drawn = shares, layout, drawn
        group.indices.append(index)
        group.seeds.append(job.seed)
        group.networks.append(network)
        group.resumes.append(job.resume)
    return list(groups.values())


def _restarted(jobs: Restarts) -> Alike | None:
    """Restarts as they are most often: from seeds alone, or from networks of one kind alone. None for others."""
    network, starts = _network_of(jobs.job), jobs.starts
    if jobs.job.resume is not None:
        raise InputError(
            "restarts: a job that resumes has its start already. Got resume. Leave it out, or make every job by itself."
        )
    from_networks = {isinstance(start, Network) for start in starts}
    if from_networks == {False}:
        return Alike(jobs[0], list(range(len(starts))), starts, [network] * len(starts), [None] * len(starts))
    if from_networks == {True} and len({(id(start._layout), start._flat is None) for start in starts}) == 1:
        return Alike(jobs[0], list(range(len(starts))), [jobs.job.seed] * len(starts), starts, [None] * len(starts))
    return None


def _network_of(job: Job) -> Network:
    if not isinstance(job, Job):
        raise InputError(f"train_many: jobs must be ts.Job. Got {type(job).__name__}. Use ts.Job(network, loss=…).")
    if not isinstance(job.network, Network):
        raise InputError(
            f"train: network must be a Network. Got {type(job.network).__name__}. Build one with ts.Network."
        )
    return job.network


def cost(job: Job, samples: int) -> int:
    """How much work a job is; it is asked of all before any is checked further."""
    rows = samples if job.rows is None else np.size(job.rows)
    return job.network.parameter_count * whole("train", "epochs", job.epochs, 1) * rows


_NO_ROWS = np.zeros(0, np.int64)
_NO_ROWS.flags.writeable = False
_SMALL_START = 1 << 14  # bytes of a network's parameters

# What jobs may share: all but where they start. And what of it says how a network is trained, and not on what.
_OWN, _ROWS = {"network", "seed", "resume"}, {"rows", "validation", "validation_rows", "sample_weight"}
_shared = attrgetter(*(field.name for field in fields(Job) if field.name not in _OWN))
_describing = attrgetter(*(field.name for field in fields(Job) if field.name not in _OWN | _ROWS))


def add(fleet, group: Alike, arrays: Arrays) -> list[np.ndarray]:
    """Checks jobs and hands them to the core, which reads `arrays` and what is returned to its end."""
    native, seeds = native_job(group.job, arrays), [whole("train", "seed", seed) for seed in group.seeds]
    starts = [network._flat for network in group.networks]  # of all or of none
    if group.resumes[0] is not None:
        fleet.add(native, seeds, None, [resume._native(arrays.dtype) for resume in group.resumes])
        return []
    if starts[0] is None:
        fleet.add(native, seeds, None)
        return []
    # Small ones side by side in one array: to hand over each takes longer than to copy it. Others from where they are.
    together = len(starts) if starts[0].nbytes <= _SMALL_START else 1
    blocks = []
    for at in range(0, len(starts), together):
        some = starts[at : at + together]
        flat = some[0] if together == 1 else np.concatenate(some)
        blocks.append(flat.astype(arrays.dtype, copy=False).reshape(len(some), -1))
        fleet.add(native, seeds[at : at + together], blocks[-1])
    return blocks


def native_job(job: Job, arrays: Arrays):
    """The job as the core holds it, without its seed and start, checked."""
    loss, settings, network = _described(job, arrays, job.validation is not None or job.validation_rows is not None)
    X, outputs = arrays.X, job.network.output_shape
    weights = arrays.weights(job.sample_weight, X.count)
    targets = arrays.targets(loss, arrays.y, X.count, outputs)
    rows = arrays.indices("rows", job.rows, X.count)
    if weights is not None and not weights[rows].sum() > 0:
        raise InputError(
            "train: sample_weight must not be zero for all training rows. Got zeros. Give some rows weight."
        )
    validation = (X, targets, weights, _NO_ROWS)
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
        Xv = fitting("the validation's X", arrays.samples(given), job.network)
        losses.check_members("train: validation", loss, Xv.members, Xv.shapes)
        yv_array = arrays.targets(loss, yv, Xv.count, outputs)
        wv = arrays.weights(rest[0] if rest else None, Xv.count)
        validation = (Xv, yv_array, wv, arrays.indices("validation", None, Xv.count))
    read = (X.array, targets, weights, rows, validation[0].array, *validation[1:])
    kind = engine.Job32 if arrays.dtype == np.float32 else engine.Job64
    own = arrays.call_from_core(loss) if isinstance(loss, losses.Own) else None
    return kind(network._native(), settings, *read, own, job._watch)


def _described(job: Job, arrays: Arrays, validated: bool) -> tuple[Loss, object, Network]:
    """The loss and the settings as the core holds them, and the network as it is trained; samples are checked too."""
    given = _describing(job)

    def describe():
        loss, optimizer, schedule = losses.get(job.loss), optimizers.get(job.optimizer), schedules.get(job.schedule)
        fitting("X", arrays.X, job.network)
        losses.check_members("train", loss, arrays.X.members, arrays.X.shapes)
        check_link("train", job.network, loss)
        network, loss = linked(job.network, loss)
        return loss, engine.TrainSpec(_settings(job, loss, optimizer, schedule, validated, arrays.dtype)), network

    done = getattr(job.resume, "epochs", None)
    key = ("described", validated, done, id(job.network._layout), *map(id, given))
    return arrays.once(key, (job.network, given), describe)


def snapshot_epochs(job: Job) -> Sequence[int]:
    """The epochs at whose end the job keeps its parameters, in their order."""
    given = job.snapshots
    if given is None:
        return ()
    if isinstance(given, str | bytes) or not isinstance(given, Iterable):
        return range(every := whole("train", "snapshots", given, 1), job.epochs + 1, every)
    epochs = sorted({whole("train", "snapshots", epoch, 1) for epoch in given})
    if epochs and epochs[-1] > job.epochs:
        raise InputError(
            f"train: snapshots must be epochs from 1 to {job.epochs}, which is epochs. Got {epochs[-1]}. "
            "Name earlier ones, or train for longer."
        )
    return epochs


_forced: dict[str, int] = {}


@contextlib.contextmanager
def forced_way(**ways: int) -> Iterator[None]:
    """Within it, jobs are computed in a way of the caller's: for tests, which compare the bits of all ways.

    Args:
        ways: fields of core/spec.hpp's `WaySpec`: 0 never takes that way, 1 takes it wherever it can serve at all.
    """
    _forced.update(ways)
    try:
        yield
    finally:
        _forced.clear()


def _stretch(job: Job) -> dict:
    """From which epoch to which the job trains."""
    done = 0
    if job.resume is not None:
        if not isinstance(job.resume, Pause):
            raise InputError(
                f"train: resume must be a ts.Pause. Got {type(job.resume).__name__}. Use the pause of a Run."
            )
        done, size = job.resume.epochs, job.network.parameter_count
        if done >= job.epochs or job.resume.parameters.size != size:
            raise InputError(
                f"train: resume must be a pause of this very job: {size:,} parameters, before epoch {job.epochs}. Got "
                f"{job.resume.parameters.size:,} parameters after epoch {done}. Give the job that paused."
            )
    pause = 0 if job.pause is None else whole("train", "pause", job.pause, 1)
    if pause and not done < pause:
        raise InputError(
            f"train: pause must come after the {done} epochs that resume has behind it. Got {pause}. Name a later one."
        )
    return {"from": done, "pause": pause}


def _limit(name: str, value: float | None) -> float:
    return 0.0 if value is None else real("train", name, value, 0.0, open_low=True)


def _course(name: str, given: str | dict | Schedule | None, optimizer: Optimizer) -> dict:
    """How the weight decay or the rates of dropout change, as the core takes it."""
    schedule = schedules.get(given)
    if isinstance(schedule, schedules.ReduceOnPlateau):
        raise InputError(
            f"train: {name} must follow the time. Got ReduceOnPlateau, which follows the loss. "
            "Use for example 'flat_cosine'."
        )
    if optimizer.searches_lines and not isinstance(schedule, schedules.Constant):
        raise InputError(
            f"train: {type(optimizer).__name__}'s line search needs the same cost in every epoch. Got {name}. "
            "Leave it out, or use another optimiser."
        )
    return schedule.native()


def _augment(job: Job, optimizer: Optimizer) -> dict:
    if job.augment is None:
        return {}
    if not isinstance(job.augment, Augment):
        raise InputError(
            f"train: augment must be a ts.Augment. Got {type(job.augment).__name__}. "
            "Use for example ts.Augment(shift=2)."
        )
    if len(job.network.input_shape) != 3:
        raise InputError(
            "train: augment is for images, so the network's input_shape must be (height, width, channels). "
            f"Got {job.network.input_shape}. Begin a dense network with ts.Flatten."
        )
    if optimizer.searches_lines:
        raise InputError(
            f"train: {type(optimizer).__name__}'s line search needs the same cost in every epoch, which augmentation "
            "changes. Got augment. Leave it out, or use another optimiser."
        )
    return job.augment.native()


def _tile_parts(precision: str, dtype: np.dtype) -> int:
    """In how many bfloat16 a number goes into the products on tile registers; 0: none does."""
    if precision not in ("float32", "bfloat16"):
        raise InputError(
            f"train: matmul_precision must be 'float32' or 'bfloat16'. Got {precision!r}. Use one of the two."
        )
    if precision == "bfloat16" and dtype != np.float32:
        raise InputError(
            "train: matmul_precision='bfloat16' is for dtype='float32'. Got dtype='float64'. Leave one of them out."
        )
    if precision == "bfloat16" and not engine.has_bfloat16():
        raise InputError(
            "train: matmul_precision='bfloat16' needs Linux, a processor with AMX tiles for bfloat16 and the engine of "
            f"level v4 or amx. Got level {level}, without them. Leave it out: float32 trains the same network."
        )
    if precision == "bfloat16":
        return 1
    return 3 if level == "amx" and dtype == np.float32 else 0


def _settings(
    job: Job, loss: Loss, optimizer: Optimizer, schedule: Schedule, has_validation: bool, dtype: np.dtype
) -> dict:
    settings = {
        "loss": {"kind": loss.name, "members": 1} if isinstance(loss, losses.Own) else loss.to_native(),
        "optimizer": optimizer.to_native(),
        "groups": optimizer.native_groups("train", job.network.parameter_shapes),
        "schedule": schedule.native(),
        "decay_schedule": _course("decay_schedule", job.decay_schedule, optimizer),
        "dropout_schedule": _course("dropout_schedule", job.dropout_schedule, optimizer),
        "epochs": whole("train", "epochs", job.epochs, 1),
        "batch_size": whole("train", "batch_size", job.batch_size, 1),
        "shuffle": bool(job.shuffle),
        "l1": real("train", "l1", job.l1, 0.0),
        "l2": real("train", "l2", job.l2, 0.0),
        "clip_value": _limit("clip_value", job.clip_value),
        "clip_norm": _limit("clip_norm", job.clip_norm),
        "max_norm": _limit("max_norm", job.max_norm),
        **native_directions("train", job.directions, job.network),
        "augment": _augment(job, optimizer),
        "tile_parts": _tile_parts(job.matmul_precision, dtype),
        "snapshots": list(snapshot_epochs(job)),
        **_stretch(job),
        "ways": dict(_forced),
    }
    optimizer.check_loss("train", loss)
    if optimizer.searches_lines and (settings["clip_value"] or settings["clip_norm"]):
        raise InputError(
            f"train: {type(optimizer).__name__}'s line search needs the gradient as it is. Got clip_value or "
            "clip_norm. "
            "Leave them out."
        )
    if job.directions is not None and (optimizer.searches_lines or optimizer.name == "schedule_free_adamw"):
        raise InputError(
            f"train: {type(optimizer).__name__} needs the parameters where it put them, and directions would move "
            "them. Got both. Use Adam or SGD, or leave directions out."
        )
    if optimizer.searches_lines and settings["max_norm"]:
        raise InputError(
            f"train: {type(optimizer).__name__}'s line search needs the parameters where it put them. "
            f"Got max_norm={job.max_norm!r}. Leave it out, or use l2."
        )
    if optimizer.sees_arrays and any(settings[name] for name in ("l1", "l2", "clip_value")):
        raise InputError(
            f"train: {type(optimizer).__name__} moves an array as a whole, which l1, l2 and clip_value would bend "
            "number by number. Got one of these. Use weight_decay and clip_norm."
        )
    if optimizer.name == "schedule_free_adamw" and settings["max_norm"]:
        raise InputError(
            "train: ScheduleFreeAdamW keeps three places of the parameters, of which max_norm would limit two. "
            f"Got max_norm={job.max_norm!r}. Leave it out, or use weight_decay."
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
