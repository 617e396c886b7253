"""What went wrong in a training and what to try, in words, read from its history, its network and its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from thetastar import losses, training
from thetastar.jobs import EarlyStopping, Job
from thetastar.layers import Dense
from thetastar.network import Network
from thetastar.optimizers import Adam

from .answer import NetworkAnswer
from .gradients import Units, network_of_run, probe_rows, units_of
from .result import Explanation, number

__all__ = ["CAUSES", "Diagnosis", "Finding", "doctor"]

CAUSES = (
    "diverged",
    "learning rate too high",
    "learning rate too low",
    "all outputs equal",
    "dead units",
    "exploding gradients",
    "vanishing gradients",
    "overfitting",
    "underfitting",
    "regularisation too strong",
)


@dataclass(frozen=True)
class Finding:
    """One thing that went wrong.

    Attributes:
        cause: one of `CAUSES`.
        seen: what shows it, with its numbers.
        advice: what to try.
    """

    cause: str
    seen: str
    advice: str

    def __str__(self) -> str:
        return f"{self.cause}: {self.seen} {self.advice}"


@dataclass(frozen=True)
class Diagnosis(Explanation):
    """What a training died of or suffers from, the most telling first; nothing where it looks healthy."""

    findings: tuple[Finding, ...]

    @property
    def causes(self) -> tuple[str, ...]:
        """The causes alone."""
        return tuple(finding.cause for finding in self.findings)

    def __bool__(self) -> bool:
        return bool(self.findings)

    def __str__(self) -> str:
        if not self.findings:
            return "Nothing conspicuous."
        return "\n".join(f"- {finding}" for finding in self.findings)


@dataclass(frozen=True)
class _Patient:
    """What the rules look at."""

    run: Any
    net: Network
    loss: np.ndarray  # (epochs,) finite ones
    validation: np.ndarray  # (epochs,) or empty
    norms: np.ndarray  # (epochs, layers)
    sizes: np.ndarray  # (layers,) parameters
    rows: np.ndarray
    given: bool  # the rows are the training's
    outputs: np.ndarray | None  # (n, O), None where they are not finite
    units: tuple[Units, ...]
    target: np.ndarray | None
    loss_of: Any
    seed: int = 0
    named: set = field(default_factory=set)

    @property
    def ending(self) -> str:
        return self.run.stopped


def doctor(run: Any, X: Any = None, y: Any = None, *, loss: Any = None, seed: int = 0) -> Diagnosis:
    """Say what went wrong in a training, and what to try.

    Args:
        run: a run of `ts.train`.
        X, y: its training rows. With them it is known how the outputs differ, which units are dead, and what a network
            that always answers the same would reach; with `loss` too a larger network is tried for a moment, which
            tells too small a network from rows that hold no more. Without them random normal rows stand in.
        loss: the training's loss or its name.
        seed: of the larger network.

    Returns:
        A `Diagnosis`; empty where nothing is conspicuous.

    Raises:
        InputError: something else than a run, or rows that do not fit.

    Example:
        >>> import thetastar as ts
        >>> X, y = ts.datasets.make("3*x + 1", arrays=True)
        >>> net = ts.Network([ts.Dense(1)], input_shape=(1,))
        >>> run = ts.train(net, X, y, optimizer=ts.optimizers.SGD(learning_rate=10), epochs=300)
        >>> ts.explain.doctor(run).causes[0]
        'diverged'

    Source: lectures 2, 4 and 5 (learning rate; vanishing and exploding gradients; over- and underfitting).
    """
    patient = _examine(run, X, y, loss, seed)
    findings: list[Finding] = []
    for rule in _RULES:
        found = rule(patient)
        if found is not None and found.cause not in patient.named:
            findings.append(found)
            patient.named.add(found.cause)
    return Diagnosis(tuple(findings))


def _examine(run: Any, X: Any, y: Any, loss: Any, seed: int) -> _Patient:
    net = network_of_run("explain.doctor", run)
    history = np.asarray(run.history["loss"], float)
    validation = np.asarray(run.history.get("validation_loss", ()), float)
    sizes: dict[str, int] = {}
    for name, shape in net.parameter_shapes.items():
        layer = name.partition(".")[0]
        sizes[layer] = sizes.get(layer, 0) + int(np.prod(shape))
    norms = np.asarray(run.history["gradient_norm"], float).reshape(-1, max(len(sizes), 1))
    rows = probe_rows(net) if X is None else NetworkAnswer(net).rows("explain.doctor", X)[:4096]
    finite = all(np.isfinite(array).all() for array in net.parameters.values())
    outputs = net.predict(rows.reshape(len(rows), *net.input_shape)).reshape(len(rows), -1) if finite else None
    if outputs is not None and not np.isfinite(outputs).all():
        outputs = None
    target = None if y is None else np.asarray(y)
    return _Patient(
        run,
        net,
        history[np.isfinite(history)],
        validation,
        norms,
        np.array(list(sizes.values()), float),
        rows,
        X is not None,
        outputs,
        units_of(net, rows) if finite else (),
        target,
        None if loss is None else losses.get(loss),
        seed,
    )


# The rules, the most telling first. Each says what it saw, or nothing.


def _diverged(p: _Patient) -> Finding | None:
    if p.ending != "diverged":
        return None
    rate = p.run.history["learning_rate"][-1] if len(p.run.history["learning_rate"]) else None
    now = "" if rate is None else f" (it was {number(rate, 3)})"
    return Finding(
        "diverged",
        f"the loss or a parameter was not finite any more in epoch {len(p.loss) + 1}.",
        f"Try a tenth of the learning rate{now}, clip_norm=1, and inputs and targets of size 1.",
    )


def _exploding(p: _Patient) -> Finding | None:
    norms = p.norms[np.isfinite(p.norms).all(axis=1)]
    if not len(norms):
        return None
    total = float(np.sqrt((norms**2).sum(axis=1)).max())
    weights = np.sqrt(
        sum(float((a.astype(float) ** 2).sum()) for a in p.net.parameters.values() if np.isfinite(a).all())
    )
    base = _constant_loss(p)
    begun = (
        base is not None
        and len(p.loss)
        and p.loss[0] > 100 * base
        and np.median(p.loss[-max(1, len(p.loss) // 5) :]) > 5 * base
    )
    if not (total > 1e3 * max(weights, 1e-30) or begun):
        return None
    seen = (
        f"the gradient's norm reached {number(total, 3)}, {number(total / max(weights, 1e-30), 3)} "
        f"times that of all parameters."
    )
    if begun:
        seen = (
            f"training began at a loss of {number(float(p.loss[0]), 3)}, where a constant answer "
            f"costs {number(base, 3)}: numbers grow from layer to layer."
        )
    return Finding(
        "exploding gradients",
        seen,
        "Try smaller initial weights (he_normal, glorot_uniform), clip_norm=1, LayerNorm, or fewer layers.",
    )


def _killed(p: _Patient) -> Finding | None:
    weights = {name: array for name, array in p.net.parameters.items() if array.ndim == 2 and "embedding" not in name}
    if not weights or p.outputs is None:
        return None
    shrunk = [float(np.abs(a).max()) / np.sqrt(6 / sum(a.shape)) for a in weights.values()]  # of Glorot's limit
    if min(shrunk) < 0.1 and max(shrunk) < 0.6 and _spread(p) < 0.1 and not _never_moved(p):
        return Finding(
            "regularisation too strong",
            f"the weights are nearly 0 (the largest of a layer is {min(shrunk):.1%} of what it would start "
            "with), so that inputs hardly matter.",
            "Try a tenth or a hundredth of l2, l1 or weight_decay.",
        )
    rate = max((layer.rate for layer in p.net.layers if layer.kind == "dropout"), default=0.0)
    if rate >= 0.5 and len(p.validation) and len(p.loss):
        late = slice(-max(1, len(p.loss) // 5), None)
        if (
            np.median(p.loss[late]) > 1.5 * np.median(p.validation[late]) + 1e-12
            and p.loss[late].mean() > 0.5 * p.loss[0]
        ):
            return Finding(
                "regularisation too strong",
                f"with dropout of {rate:g} the training loss stays at {number(np.median(p.loss[late]), 3)}, while "
                f"without dropout it is {number(np.median(p.validation[late]), 3)} on validation rows.",
                "Try half of the dropout rate.",
            )
    return None


def _dead(p: _Patient) -> Finding | None:
    worst = max((one for one in p.units if one.count), key=lambda one: len(one.dead) / one.count, default=None)
    if worst is None or len(worst.dead) < 0.5 * worst.count or len(worst.dead) < 2 or _same_rows(p):
        return None
    if len(worst.dead) < 0.9 * worst.count and _learned(p):  # half of a wide layer is often enough
        return None
    where = "to all rows" if p.given else "to random rows"
    return Finding(
        "dead units",
        f"{len(worst.dead)} of {worst.count} units of {worst.layer} answer 0 {where}, so that they learn "
        f"nothing any more.",
        "Try a smaller learning rate, leaky_relu or elu, or he_normal weights with biases that start at 0.",
    )


def _vanishing(p: _Patient) -> Finding | None:
    if p.norms.shape[1] < 3 or not len(p.norms):
        return None
    each = np.median(p.norms[: max(1, len(p.norms) // 2)], axis=0) / np.sqrt(p.sizes)  # while it should have learned
    last = each[-1]
    if last <= 0 or each[0] <= 0 or _dead_layer(p) or p.ending == "diverged":
        return None
    if each[0] / last > 3e-3 or _learned(p):
        return None
    return Finding(
        "vanishing gradients",
        f"a parameter of the first layer gets {number(each[0] / last, 2)} of the gradient that one of the last gets.",
        "Try relu or selu in place of sigmoid and tanh, he_normal or lecun_normal weights, BatchNorm, "
        "Residual, or fewer layers.",
    )


def _equal(p: _Patient) -> Finding | None:
    if p.outputs is None or _spread(p) > 0.02 or (p.given and p.target is not None and _target_is_constant(p)):
        return None
    twins = _twins(p)
    why = f" All units of {twins} are the same." if twins else " All rows are the same." if _same_rows(p) else ""
    return Finding(
        "all outputs equal",
        f"the network answers {number(float(p.outputs[:, 0].mean()), 4)} to every row.{why}",
        "Check that the inputs have size 1 and are not constant; start weights at random, not at 0; try "
        "another seed or a smaller "
        "learning rate.",
    )


def _too_high(p: _Patient) -> Finding | None:
    if len(p.loss) < 5 or p.ending == "diverged":
        return None
    late = p.loss[len(p.loss) // 2 :]
    rises = np.diff(late)
    jumps = float(np.abs(rises).mean() / max(np.abs(late).mean(), 1e-30))
    up = float((rises > 0.02 * np.abs(late[:-1])).mean())
    lowest = float(p.loss.min())
    stuck = float(np.median(late)) > 1.3 * lowest + 1e-12 or float(np.median(late)) > 0.8 * float(p.loss[0])
    wild = up > 0.25 and jumps > 0.08
    blown = float(p.loss.max()) > 20 * max(
        float(p.loss[0]), float(np.median(p.loss)) if wild else 0.0
    ) and not _learned(p)
    unsettled = not _learned(p) or (jumps > 0.3 and not _learned(p, share=0.3))
    if not (wild and stuck and unsettled) and not blown:
        return None
    rate = float(p.run.history["learning_rate"][-1])
    return Finding(
        "learning rate too high",
        f"the loss jumps up and down by {jumps:.0%} from epoch to epoch and does not settle (lowest "
        f"{number(lowest, 3)}, lately {number(float(np.median(late)), 3)}).",
        f"Try a third or a tenth of the learning rate (it was {number(rate, 3)}), or a schedule that lets it fall.",
    )


def _too_low(p: _Patient) -> Finding | None:
    if len(p.loss) < 5 or p.ending not in ("epochs", "interrupted"):
        return None
    fall, fifth = float(p.loss[0] - p.loss[-1]), max(1, len(p.loss) // 5)
    lately = float(p.loss[-1 - fifth] - p.loss[-1])
    steady = float((np.diff(p.loss) < 0).mean())
    if fall <= 0 or steady < 0.75 or lately < 0.12 * fall or _learned(p, share=0.25):
        return None
    expected = fifth / (len(p.loss) - 1)
    rate = float(p.run.history["learning_rate"][-1])
    return Finding(
        "learning rate too low",
        f"the loss still fell steadily at the end: {lately / fall:.0%} of its way came in the last "
        f"{expected:.0%} of the epochs (from {number(float(p.loss[0]), 3)} to {number(float(p.loss[-1]), 3)}).",
        f"Try three or ten times the learning rate (it was {number(rate, 3)}), or more epochs.",
    )


def _over(p: _Patient) -> Finding | None:
    if len(p.validation) < 5 or p.ending == "diverged" or p.named & {"exploding gradients", "dead units"}:
        return None
    best = int(np.argmin(p.validation))
    fifth = max(1, len(p.validation) // 5)
    late, train_late = float(np.median(p.validation[-fifth:])), float(np.median(p.loss[-fifth:]))
    lowest = float(p.validation[best])
    rose = late > 1.15 * lowest + 1e-12 and best < len(p.validation) - fifth
    fell = train_late < 0.9 * float(p.loss[min(best, len(p.loss) - 1)])
    apart = late > 1.3 * train_late
    base = _constant_loss(p)
    useless = late > (0.5 * base if base is not None else 0.3 * float(p.validation[0]))
    by_heart = train_late < 0.2 * late and useless
    if not ((rose and fell and apart) or by_heart) or p.ending == "early":
        return None
    return Finding(
        "overfitting",
        f"the validation loss was lowest in epoch {best + 1} ({number(lowest, 3)}) and {number(late, 3)} "
        f"at the end, while the "
        f"training loss fell to {number(train_late, 3)}.",
        "Try EarlyStopping, more rows, a smaller network, dropout or weight decay.",
    )


def _under(p: _Patient) -> Finding | None:
    if p.named or len(p.loss) < 5 or p.ending == "diverged" or _learned(p):
        return None
    fifth = max(1, len(p.loss) // 5)
    flat = float(
        np.median(p.loss[-2 * fifth : -fifth] if len(p.loss) >= 2 * fifth + 1 else p.loss[:fifth])
        - np.median(p.loss[-fifth:])
    )
    if flat > 0.1 * abs(float(np.median(p.loss[-fifth:]))):
        return None
    reached = float(np.median(p.loss[-fifth:]))
    if not p.given or p.target is None or p.loss_of is None or p.loss_of.members > 1:
        return None
    larger = _larger_network(p)
    if larger is None or not larger[0] < 0.7 * larger[1]:
        return None
    return Finding(
        "underfitting",
        f"the training loss stays at {number(reached, 3)}; on rows held out a larger network got "
        f"{number(larger[0], 3)} in a "
        f"moment where this one has {number(larger[1], 3)}.",
        "Try more units or layers, more inputs, less regularisation, or more epochs.",
    )


_RULES = (_diverged, _exploding, _killed, _dead, _vanishing, _equal, _too_high, _too_low, _over, _under)


# What several rules ask.


def _spread(p: _Patient) -> float:
    """How much the outputs differ from row to row, as a share of how much the targets do (or of 1)."""
    if p.outputs is None:
        return np.inf
    spread = float(p.outputs.astype(float).std(axis=0).max())
    if p.given and p.target is not None and p.outputs.shape[1] == 1 and p.target.size == len(p.target):
        return spread / max(float(np.std(p.target.astype(float))), 1e-30)
    return spread


def _target_is_constant(p: _Patient) -> bool:
    return float(np.std(p.target.astype(float))) == 0


def _learned(p: _Patient, share: float = 0.5) -> bool:
    """Whether the loss came down to a share of a constant answer's, or of the first epoch's where that is unknown."""
    base = _constant_loss(p)
    start = base if base is not None else float(p.loss[0]) if len(p.loss) else np.inf
    lately = float(np.median(p.loss[-max(1, len(p.loss) // 5) :])) if len(p.loss) else np.inf
    return lately < share * start


def _constant_loss(p: _Patient) -> float | None:
    """The loss of the best constant answer, for the losses where it is known."""
    if p.target is None or p.loss_of is None or not p.given:
        return None
    y = p.target.astype(float)
    if p.loss_of.name == "mean_squared_error":
        return float(np.var(y.reshape(len(y), -1), axis=0).mean())
    if p.loss_of.name == "mean_absolute_error":
        return float(np.abs(y - np.median(y)).mean())
    if p.loss_of.name == "binary_cross_entropy":
        share = float(np.clip(y.mean(), 1e-12, 1 - 1e-12))
        return float(-share * np.log(share) - (1 - share) * np.log(1 - share))
    if p.loss_of.name == "cross_entropy":
        _, counts = np.unique(y, return_counts=True)
        shares = counts / counts.sum()
        return float(-(shares * np.log(shares)).sum())
    return None


def _same_rows(p: _Patient) -> bool:
    return p.given and not np.ptp(p.rows, axis=0).any()


def _dead_layer(p: _Patient) -> bool:
    return any(len(one.dead) >= 0.9 * one.count for one in p.units)


def _never_moved(p: _Patient) -> bool:
    """All gradients were nothing from the start: weights that are 0 began so."""
    return len(p.norms) > 0 and bool((p.norms[0][:-1] < 1e-12).any())


def _twins(p: _Patient) -> str | None:
    """A hidden layer whose units all have the same weights, as after a start at one number."""
    for name, layer in zip(p.net.layer_names[:-1], p.net.layers[:-1], strict=True):
        if isinstance(layer, Dense) and layer.units > 1:
            weight = p.net.parameters[f"{name}.weight"]
            if np.ptp(weight, axis=1).max() <= 1e-6 * max(float(np.abs(weight).max()), 1e-30):
                return name
    return None


def _larger_network(p: _Patient) -> tuple[float, float] | None:
    """The validation loss of a larger network after a short training, and this one's on the same rows."""
    count = min(len(p.rows), 1500)
    if count < 40 or len(np.asarray(p.target)) < count:
        return None
    order = np.random.default_rng(p.seed).permutation(count)
    held, rest = order[: count // 4], order[count // 4 :]
    y = np.asarray(p.target)[:count]
    outputs = int(np.prod(p.net.output_shape))
    X = p.rows[:count].astype(float)
    centre, scale = X[rest].mean(axis=0), np.maximum(X[rest].std(axis=0), 1e-6)
    scaled = ((X - centre) / scale).astype(np.float32)
    net = Network(
        [Dense(128, activation="relu"), Dense(128, activation="relu"), Dense(outputs)], input_shape=(scaled.shape[1],)
    )
    job = Job(
        net,
        loss=p.loss_of,
        optimizer=Adam(5e-3),
        epochs=300,
        batch_size=32,
        rows=rest,
        validation_rows=held,
        stop=[EarlyStopping(patience=60)],
        seed=p.seed,
    )
    run = training.train_many([job], scaled, y)[0]
    own = p.loss_of(p.outputs[held], y[held])
    return run.validation_loss, float(own)
