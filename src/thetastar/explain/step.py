"""The very update that the trainer takes on a batch, done by the engine, with everything before and after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar import losses, optimizers
from thetastar._native import engine
from thetastar.arrays import Arrays
from thetastar.errors import InputError
from thetastar.jobs import Job, native_job
from thetastar.network import Network
from thetastar.optimizers import Optimizer

from .formulas import Equation
from .result import Explanation, number, signed, subscript
from .subject import network_of
from .trace import Trace, trace
from .update_rules import Move, moment_names, update_lines

__all__ = ["Step", "StepState", "step"]


@dataclass(frozen=True)
class StepState:
    """What an optimiser is after some steps; hand it to the next `step` to go on.

    Attributes:
        optimizer: the name of the optimiser that it belongs to.
        steps: how many steps were taken.
        names: a name for each state: ("m", "v").
        numbers: (states, parameters) as the engine keeps them, in the order of the network's parameters.
        counts: what else L-BFGS keeps: iterations, pairs kept, the last length, its scale, 1 / (s · y) of each pair.
        iterate: (parameters,) where the optimiser's answer is a mean of parameters (ASGD, schedule-free AdamW): the
            parameters themselves.
    """

    optimizer: str
    steps: int
    names: tuple[str, ...]
    numbers: np.ndarray
    counts: tuple[float, ...] = ()
    iterate: np.ndarray | None = None


@dataclass(frozen=True)
class Step(Explanation):
    """One update of a network on one batch.

    Attributes:
        network: the network after it, as training would give it.
        optimizer: the optimiser.
        state: its state after the step, for the next one.
        loss_before, loss_after: the mean loss over the batch.
        training_loss: what the trainer saw on the way (with dropout and the batch's statistics, where there are any).
        prediction_before, prediction_after: (n, O) raw outputs; of pairs and triplets the members one after another.
        target: (n, K) targets.
        gradients: of the mean loss, as the optimiser got it (penalised and clipped where the job says so), by name.
        before, after: the parameters by name. changes: after - before.
        moments_before, moments_after: {"m": {"dense_1.weight": …}, …}: the optimiser's states by name.
        updates: the update of the first `most` parameters of each array, line by line with its numbers.
        trace: the way there and back of the batch's only sample; None for more samples and for pairs.
        finite: False where the loss or a parameter is not finite any more: training stops there as "diverged".
    """

    network: Network
    optimizer: Optimizer
    state: StepState
    loss_before: float
    loss_after: float
    training_loss: float
    prediction_before: np.ndarray
    prediction_after: np.ndarray
    target: np.ndarray
    gradients: dict[str, np.ndarray]
    before: dict[str, np.ndarray]
    after: dict[str, np.ndarray]
    moments_before: dict[str, dict[str, np.ndarray]]
    moments_after: dict[str, dict[str, np.ndarray]]
    updates: dict[str, tuple[Equation, ...]]
    trace: Trace | None
    finite: bool

    @property
    def changes(self) -> dict[str, np.ndarray]:
        """What was added to each parameter."""
        return {name: self.after[name] - self.before[name] for name in self.before}

    def __str__(self) -> str:
        samples = len(self.target) or len(self.prediction_before)
        lines = [str(self.trace), ""] if self.trace is not None else [_gradient_lines(self, samples), ""]
        rate = number(self.optimizer.learning_rate)
        lines.append(f"Update {self.state.steps} by {type(self.optimizer).__name__}, learning rate η = {rate}")
        wide = max(len(name) for name in self.updates) + 2
        for name, equations in self.updates.items():
            label = name
            for equation in equations:
                lines.append(f"  {label:<{wide}}{equation.symbol} ← {_right_side(equation)}")
                label = ""
            if self.before[name].size > _written(equations):
                lines.append(f"  {'':<{wide}}… the others are in .after[{name!r}]")
        lines += ["", "Before and after", *self._comparison(samples)]
        return "\n".join(lines)

    def charts(self) -> list[dict[str, Any]]:
        """How far each array moved: the largest change of a parameter."""
        names = list(self.before)
        changes = [float(np.abs(self.changes[name]).max(initial=0.0)) for name in names]
        sizes = [float(np.abs(self.gradients[name]).max(initial=0.0)) for name in names]
        return [
            {
                "kind": "bars",
                "label": "How far the step moved each array",
                "orientation": "horizontal",
                "categories": names,
                "value": {"title": "largest number of the array", "possible": [0, None]},
                "series": [{"name": "change", "values": changes}, {"name": "gradient", "values": sizes}],
            }
        ]

    def to_dict(self) -> dict[str, Any]:
        known = super().to_dict()
        return known | {
            "network": self.network.to_dict(),
            "optimizer": self.optimizer.to_dict(),
            "changes": {name: change.tolist() for name, change in self.changes.items()},
        }

    def _comparison(self, samples: int) -> list[str]:
        if not self.finite:
            return ["  a number is not finite any more: training stops here as 'diverged'"]
        lines = [
            f"  loss     {number(self.loss_before)} → {number(self.loss_after)}  "
            f"({signed(self.loss_after - self.loss_before)})"
        ]
        if abs(self.training_loss - self.loss_before) > 1e-5 * max(1.0, abs(self.loss_before)):
            lines.append(f"           {number(self.training_loss)} in training, where dropout and batch statistics act")
        if self.prediction_before.shape[1] == 1 and self.target.shape[1:] == (1,):
            for row in range(min(samples, 8)):
                place = f"row {row}" if samples > 1 else "fit"
                a, b = self.prediction_before[row, 0], self.prediction_after[row, 0]
                lines.append(f"  {place:<9}ŷ {number(a)} → {number(b)}  (y = {number(self.target[row, 0])})")
            if samples > 8:
                lines.append(f"  … {samples - 8} more rows are in .prediction_after")
        for name, change in self.changes.items():
            if change.size == 1:
                lines.append(
                    f"  {name}  {number(self.before[name].item())} → {number(self.after[name].item())}  "
                    f"({signed(change.item())})"
                )
            else:
                moved = np.abs(change)
                lines.append(
                    f"  {name}  {np.count_nonzero(change)} of {change.size} moved, by "
                    f"{number(moved.mean(), 4)} on average and {number(moved.max(), 4)} at most"
                )
        return lines


def step(
    net: Any,
    X: Any,
    y: Any = None,
    loss: Any = "mean_squared_error",
    optimizer: Any = "adam",
    state: StepState | None = None,
    *,
    dtype: str = "float32",
    most: int = 8,
    network: int | None = None,
    **settings: Any,
) -> Step:
    """Take one step of training on a batch, and show everything: the engine's own step, bit for bit.

    Steps on the same batch, each with the last one's network and state, are what `ts.train(…, batch_size=len(X),
    shuffle=False)` does in as many epochs.

    Args:
        net: a network with parameters, a run, or a model (whose `network=` it is about, the heaviest when None).
        X: (n, *input_shape) the batch, or one sample; a tuple of arrays for losses of pairs and triplets.
        y: (n,) or (n, O) targets, as in `ts.train`; one target for one sample.
        loss: a loss or its name.
        optimizer: an optimiser or its name.
        state: the `state` of the step before; None for an optimiser that begins.
        dtype: "float32" or "float64", the precision of the step.
        most: how many parameters of each array have their update written out.
        **settings: of `ts.Job`, what acts on a step: sample_weight, l1, l2, clip_value, clip_norm, max_norm, seed.

    Returns:
        A `Step`; `print` it.

    Raises:
        InputError: arguments or arrays that break a rule; a state of another optimiser, precision or network.

    Example:
        >>> import thetastar as ts
        >>> line = ts.Network([ts.Dense(1)], input_shape=(1,)).with_parameters(
        ...     {"dense_1.weight": [[1.0]], "dense_1.bias": [0.0]})
        >>> step = ts.explain.step(line, [2.1], 4.0, loss="mse", optimizer=ts.optimizers.SGD(learning_rate=0.01))
        >>> round(step.loss_before, 2), round(step.loss_after, 2)
        (3.61, 2.87)
        >>> {name: round(values.item(), 4) for name, values in step.after.items()}
        {'dense_1.weight': 1.0798, 'dense_1.bias': 0.038}

    Source: lecture 4 (x = 2.1, y = 4).
    """
    net = network_of("explain.step", net, network)
    loss, optimizer = losses.get(loss), optimizers.get(optimizer)
    _check_settings(settings)
    X, y = _batch(net, X, y)
    arrays = Arrays(X, y, np.dtype(_dtype(dtype)))
    job = Job(net, loss=loss, optimizer=optimizer, epochs=1, batch_size=arrays.X.count, shuffle=False, **settings)
    flat = np.concatenate([array.ravel() for array in net.parameters.values()]).astype(dtype)
    names = moment_names(optimizer)
    start = flat
    if state is not None:
        _check_state(state, optimizer, len(names), flat)
        start = flat if state.iterate is None else state.iterate
    old = np.zeros((len(names), flat.size), dtype) if state is None else state.numbers
    update = engine.update32 if dtype == "float32" else engine.update64
    seen = update(
        native_job(job, arrays),
        job.seed,
        start,
        0 if state is None else state.steps,
        old,
        [] if state is None else list(state.counts),
    )
    training_loss, finite, gradient, moved, answer, steps, numbers, counts = seen
    averages = optimizer.keeps_mean
    after = net._with_flat(answer)
    new_state = StepState(
        optimizer.name, steps, tuple(n for n, _ in names), numbers, tuple(counts), moved if averages else None
    )
    before_net = net._with_flat(start if averages else flat)
    target = arrays.targets(loss, y, arrays.X.count, net.output_shape)
    predictions = [_predict(one, X) for one in (before_net, after)]
    by_name = net._unflatten
    moments = [
        {name: by_name(numbers_of[k] * numbers_of.dtype.type(scale)) for k, (name, scale) in enumerate(names)}
        for numbers_of in (old, numbers)
    ]
    known = {
        "gradients": by_name(gradient),
        "before": by_name(start),
        "after": by_name(moved),
        "moments_before": moments[0],
        "moments_after": moments[1],
    }
    return Step(
        network=after,
        optimizer=optimizer,
        state=new_state,
        finite=finite,
        training_loss=training_loss,
        target=target,
        loss_before=_mean_loss(loss, predictions[0], y, job),
        loss_after=_mean_loss(loss, predictions[1], y, job),
        prediction_before=_rows(predictions[0]),
        prediction_after=_rows(predictions[1]),
        updates=_updates(optimizer, known, steps, counts, most),
        trace=_trace_of_one(before_net, X, y, loss, dtype, most),
        **known,
    )


_SETTINGS = ("sample_weight", "l1", "l2", "clip_value", "clip_norm", "max_norm", "matmul_precision", "seed")


def _check_settings(settings: dict) -> None:
    unknown = [name for name in settings if name not in _SETTINGS]
    if unknown:
        raise InputError(
            f"explain.step: a step has no setting {unknown[0]!r}. There are: {', '.join(_SETTINGS)}. "
            "Give a schedule's rate as the optimiser's learning_rate; rows and batches as X."
        )


def _dtype(dtype: str) -> str:
    if dtype not in ("float32", "float64"):
        raise InputError(f"explain.step: dtype must be 'float32' or 'float64'. Got {dtype!r}. Use one of the two.")
    return dtype


def _batch(net: Network, X: Any, y: Any) -> tuple[Any, Any]:
    """X and y as a batch; one sample becomes a batch of one."""
    if isinstance(X, tuple):
        return X, y
    try:
        array = np.asarray(X)
    except ValueError:  # rows of different lengths: refused with the samples
        return X, y
    if (
        array.dtype != object
        and (array.shape == net.input_shape or array.ndim < 2)
        and array.size == np.prod(net.input_shape)
    ):
        return array.reshape(1, *net.input_shape), None if y is None else np.reshape(
            y, (1, -1) if np.size(y) > 1 else (1,)
        )
    return X, y


def _check_state(state: StepState, optimizer: Optimizer, count: int, flat: np.ndarray) -> None:
    if not isinstance(state, StepState):
        raise InputError(
            f"explain.step: state must be the state of another step. Got {type(state).__name__}. Give step.state."
        )
    arrays = [state.numbers, *([] if state.iterate is None else [state.iterate[None, :]])]
    fits = state.numbers.shape == (count, flat.size)
    fits = fits and all(array.shape[1] == flat.size and array.dtype == flat.dtype for array in arrays)
    if state.optimizer != optimizer.name or not fits:
        raise InputError(
            f"explain.step: the state must be of this optimiser, network and precision: {optimizer.name}, {count} × "
            f"{flat.size:,} numbers in {flat.dtype}. Got {state.optimizer}, "
            f"{' × '.join(map(str, state.numbers.shape))} "
            f"in {state.numbers.dtype}. Leave it out to begin anew."
        )


def _predict(net: Network, X: Any) -> Any:
    parts = losses.member_parts(X)
    outputs = [net.predict(part).reshape(len(part), -1) for part in parts]
    return outputs[0] if len(outputs) == 1 else tuple(outputs)


def _rows(prediction: Any) -> np.ndarray:
    return prediction if isinstance(prediction, np.ndarray) else losses.interleave(list(prediction))


def _mean_loss(loss: Any, prediction: Any, y: Any, job: Job) -> float:
    if not all(np.isfinite(part).all() for part in (prediction if isinstance(prediction, tuple) else (prediction,))):
        return float("nan")
    rows = len(prediction[0] if isinstance(prediction, tuple) else prediction)
    if y is not None and np.size(y) != rows and loss.members == 1 and np.ndim(y) > 1:
        y = np.asarray(y).reshape(rows, -1)
    values = loss.per_sample(prediction, y)
    return float(np.average(values, weights=job.sample_weight))


def _trace_of_one(net: Network, X: Any, y: Any, loss: Any, dtype: str, most: int) -> Trace | None:
    if loss.members > 1 or isinstance(X, tuple) or len(X) != 1:
        return None
    return trace(net, np.asarray(X)[0], None if y is None else np.asarray(y)[0], loss=loss, dtype=dtype, most=most)


def _updates(
    optimizer: Optimizer, known: dict, steps: int, counts: list[float], most: int
) -> dict[str, tuple[Equation, ...]]:
    updates = {}
    groups = optimizer.native_groups("explain.step", {name: values.shape for name, values in known["before"].items()})
    for index, (name, values) in enumerate(known["before"].items()):
        rule = optimizer if not groups else _rule_of(optimizer, name, values.shape)
        weighs = not name.endswith("bias") or (bool(groups) and groups[index].get("decay_all", False))
        decay = float(getattr(rule, "weight_decay", 0.0)) if weighs else 0.0
        letter = "b" if name.endswith("bias") else "w" if name.endswith("weight") else name.rpartition(".")[2]
        equations = []
        for place in list(np.ndindex(values.shape))[:most] if values.size <= 1_000_000 else []:
            symbol = letter + subscript(place, values.size)
            at = {
                key: {m: float(arrays[name][place]) for m, arrays in known[key].items()}
                for key in ("moments_before", "moments_after")
            }
            move = Move(
                symbol,
                float(values[place]),
                float(known["after"][name][place]),
                float(known["gradients"][name][place]),
                at["moments_before"],
                at["moments_after"],
                steps,
                decay,
                {"length": counts[2]} if len(counts) > 2 else {},
            )
            of = f"{name}[{','.join(map(str, place))}]"
            equations += [Equation(of, *line) for line in update_lines(rule, move)]
        updates[name] = tuple(equations)
    return updates


def _rule_of(optimizer: Optimizer, name: str, shape: tuple[int, ...]) -> Optimizer:
    from fnmatch import fnmatchcase

    pattern = next((pattern for pattern in optimizer.groups if fnmatchcase(name, pattern)), None)
    return optimizer if pattern is None else optimizer._group(pattern, optimizer.groups[pattern], shape)


def _right_side(equation: Equation) -> str:
    worked = f" = {equation.numbers}" if equation.numbers else ""
    return f"{equation.formula}{worked} = {number(equation.value)}"


def _written(equations: tuple[Equation, ...]) -> int:
    return len({equation.of for equation in equations})


def _gradient_lines(step: Step, samples: int) -> str:
    lines = [f"A batch of {samples} samples: mean loss {number(step.loss_before)}", "", "Gradients of the mean loss"]
    wide = max(len(name) for name in step.gradients) + 2
    for name, gradient in step.gradients.items():
        if gradient.size <= 4:
            values = ", ".join(number(v) for v in gradient.ravel())
            lines.append(f"  {name:<{wide}}{values}")
        else:
            lines.append(
                f"  {name:<{wide}}from {number(gradient.min(), 4)} to {number(gradient.max(), 4)}, "
                f"norm {number(np.linalg.norm(gradient), 4)}"
            )
    return "\n".join(lines)
