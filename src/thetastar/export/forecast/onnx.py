"""A forecast in ONNX: from the last values of a series to the next steps, in double precision but for networks.

What follows from all values one after another (gaps, smoothing, how restless a series is) is the operator Scan; windows
are read by Gather, so that a series may have any length.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thetastar.export.forecast.parts import (
    FADING,
    FAR,
    PAST_ROWS,
    Drift,
    Forecaster,
    Function,
    Levels,
    Linear,
    Mean,
    Networks,
    Repeated,
    Smoothing,
    Theta,
    Trees,
    Window,
)
from thetastar.export.forecast.words import words
from thetastar.export.onnx.graph import IR_VERSION, ML, ML_VERSION, OPSET, Graph, package
from thetastar.export.onnx.layers import NetworkNodes

__all__ = ["onnx_forecast"]

_INPUTS = ("values", "after", "series", "known", "past")
_LONGEST = 20_000  # values that smoothing reads


def onnx_forecast(forecaster: Forecaster) -> bytes:
    """The bytes of an ONNX file that forecasts as the model does.

    Inputs: `values` (n,) double with nan for what is missing, `after` (1,) int64, and, where the model has them,
    `series` (1,) text, `known` (before + steps, k) and `past` (7, j) double. Outputs: `prediction` (steps,), `lower`
    and `upper` (levels, steps), double. Values without a known one, or with an infinite one, give nan everywhere,
    because a graph cannot refuse in words as the other targets do.

    Raises:
        InputError: the package onnx is not installed, or a network has no ONNX.
    """
    package("onnx")
    f = forecaster
    graph = Graph({*_INPUTS, "prediction", "lower", "upper"})
    series = _series(graph, f)
    prediction = _combined(graph, f, series)
    floor = series.of(graph, np.where(np.isnan(f.floor), -np.inf, f.floor))
    prediction = graph.op("Max", prediction, floor)
    phase = graph.op("Add", series.position, _whole(graph, 1 + np.arange(f.steps)))
    factors = graph.op("Gather", graph.constant(f.phases), _modulo(graph, phase, len(f.phases)))
    unit = graph.op("Mul", _restless(graph, series.raw, f.season), factors)
    half = graph.op("Mul", graph.constant(f.ratios), unit)
    lower = graph.op("Min", graph.op("Max", graph.op("Sub", prediction, half), floor), prediction)
    upper = graph.op("Add", prediction, half)
    nothing = graph.constant(math.nan)
    results = {"prediction": prediction, "lower": lower, "upper": upper}
    return _model(graph, f, {
        name: graph.op("Where", series.usable, result, nothing) for name, result in results.items()
    })  # fmt: skip


def _model(graph: Graph, f: Forecaster, results: dict[str, str]) -> bytes:
    from onnx import TensorProto, helper

    shapes = {"prediction": [f.steps], "lower": [len(f.levels), f.steps], "upper": [len(f.levels), f.steps]}
    made = []
    for name, result in results.items():
        graph.nodes.append(helper.make_node("Identity", [result], [name], name=name))
        made.append(helper.make_tensor_value_info(name, TensorProto.DOUBLE, shapes[name]))
    about = words(f, "Inputs") + "\nValues without a known one, or with an infinite one, give NaN everywhere."
    drawn = helper.make_graph(graph.nodes, "thetastar", graph.inputs, made, graph.constants, doc_string=about)
    model = helper.make_model(
        drawn, producer_name="thetastar", producer_version=f.version, doc_string=about,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_VERSION)], ir_version=IR_VERSION,
    )  # fmt: skip
    helper.set_model_props(model, {
        "target": f.target, "task": "forecast", "steps": str(f.steps), "levels": json.dumps(list(f.levels)),
        "known": json.dumps(list(f.known), ensure_ascii=False), "past": json.dumps(list(f.past), ensure_ascii=False),
    })  # fmt: skip
    return bytes(model.SerializeToString())


@dataclass(frozen=True)
class _Series:
    """Names of results: raw (n,), filled (n,), position (1,), known (rows, k), past (7, j), which series (1,).

    `usable` (1,): whether the values hold a known one and none that is infinite; of others nothing may be said.
    """

    raw: str
    filled: str
    position: str
    known: str
    past: str
    number: str
    before: int
    usable: str

    def of(self, graph: Graph, table: np.ndarray) -> str:
        """(1, …) the row of this series; of one series a constant."""
        if len(table) == 1:
            return graph.constant(np.asarray(table[:1], np.float64))
        return graph.op("Gather", graph.constant(np.asarray(table, np.float64)), self.number, axis=0)


def _whole(graph: Graph, values: Any) -> str:
    return graph.constant(np.asarray(values, np.int64))


def _modulo(graph: Graph, x: str, by: int) -> str:
    return graph.op("Mod", x, _whole(graph, by))


def _slice(graph: Graph, x: str, first: int, end: int | None = None) -> str:
    """x[first:end] of the first axis."""
    stop = _whole(graph, [2**62 if end is None else end])
    return graph.op("Slice", x, _whole(graph, [first]), stop, _whole(graph, [0]))


def _length(graph: Graph, x: str) -> str:
    """(1,) how many numbers x (n,) has."""
    return graph.op("Shape", x)


def _reduced(graph: Graph, kind: str, x: str, axis: int = 0, keep: bool = True) -> str:
    """A sum or a mean along an axis."""
    if kind == "ReduceSum":
        return graph.op(kind, x, _whole(graph, [axis]), keepdims=int(keep))
    return graph.op(kind, x, axes=[axis], keepdims=int(keep))


def _seasons_back(steps: int, season: int) -> np.ndarray:
    ahead = np.arange(1, steps + 1)
    return np.asarray(season * -(-ahead // season))


def _series(graph: Graph, f: Forecaster) -> _Series:
    values = graph.input("values", "double", ("n",), "the last values, the newest last; NaN where one is missing")
    after = graph.input("after", "int64", (1,), "steps from the last value that the model read to the newest one")
    number = _whole(graph, [0])
    if len(f.ids) > 1:
        name = graph.input("series", "string", (1,), "which series")
        number = graph.op(
            "LabelEncoder", name, domain=ML, keys_strings=list(f.ids), values_int64s=list(range(len(f.ids))),
            default_int64=len(f.ids),  # out of the tables, so that the runtime refuses it
        )  # fmt: skip
    known = past = ""
    if f.known:
        known = graph.input("known", "double", (f.before + f.steps, len(f.known)), f"rows of {', '.join(f.known)}")
    if f.past:
        past = graph.input("past", "double", (PAST_ROWS, len(f.past)), f"rows of {', '.join(f.past)}")
    values, usable = _usable(graph, values)
    missing = graph.op("IsNaN", values)
    if f.zero:
        raw = filled = graph.op("Where", missing, graph.constant(0.0), values)
    else:
        first = graph.op("ArgMax", graph.cast(graph.op("Not", missing), "int32"), axis=0, keepdims=1)
        raw = graph.op("Slice", values, first, _whole(graph, [2**62]), _whole(graph, [0]))
        filled = _filled(graph, raw, f.season)
    if len(f.ids) > 1:
        start = graph.op("Gather", _whole(graph, f.positions), number, axis=0)
    else:
        start = _whole(graph, f.positions[:1])
    return _Series(raw, filled, graph.op("Add", start, after), known, past, number, f.before, usable)


def _usable(graph: Graph, values: str) -> tuple[str, str]:
    """The values, or a single 0 where they are of no use, so that every operator behind has something to work on; and
    (1,) whether they are of use: one is known, and none infinite."""
    op = graph.op

    def count(found: str) -> str:
        return _reduced(graph, "ReduceSum", graph.cast(found, "int64"))

    known, infinite = count(op("Not", op("IsNaN", values))), count(op("IsInf", values))
    usable = op("And", op("Greater", known, _whole(graph, [0])), op("Equal", infinite, _whole(graph, [0])))
    end = op("Where", usable, _whole(graph, [2**62]), _whole(graph, [1]))
    longer = op("Concat", graph.constant(np.zeros(1)), values, axis=0)
    return op("Slice", longer, graph.cast(usable, "int64"), end, _whole(graph, [0])), usable


def _scan(graph: Graph, states: dict[str, tuple[str, list[int]]], values: list[str], step: Any) -> list[str]:
    """Go through values (n,) with states that each step changes.

    Args:
        states: {name: (the first one, its shape)}.
        step: of (the body's graph, names of the states, names of the values), giving names of the next states and of
            what is kept of each step.

    Returns:
        The last states, and what was kept.
    """
    from onnx import TensorProto, helper

    body = Graph(graph.taken, constants=graph.constants, _known=graph._known)
    shapes = [shape for _, shape in states.values()]
    given = [body.input(graph.name(name), "double", tuple(shape), "") for name, (_, shape) in states.items()]
    taken = [body.input(graph.name("value"), "double", (), "") for _ in values]
    nexts, kept = step(body, given, taken)
    outs = []
    for shape, result in zip([*shapes, *([] for _ in kept)], [*nexts, *kept], strict=True):
        name = body.op("Identity", result)
        outs.append(helper.make_tensor_value_info(name, TensorProto.DOUBLE, shape))
    drawn = helper.make_graph(body.nodes, graph.name("scan"), body.inputs, outs)
    return graph.ops(
        "Scan", *(first for first, _ in states.values()), *values, results=len(outs), body=drawn,
        num_scan_inputs=len(values),
    )  # fmt: skip


def _filled(graph: Graph, raw: str, season: int) -> str:
    """A missing value is the one a season before, or the last one."""

    def step(body: Graph, states: list[str], values: list[str]) -> tuple[list[str], list[str]]:
        ring, last = states
        then = body.op("Squeeze", _slice(body, ring, 0, 1), _whole(body, [0]))
        other = body.op("Where", body.op("IsNaN", then), last, then)
        value = body.op("Where", body.op("IsNaN", values[0]), other, values[0])
        ring = body.joined([_slice(body, ring, 1), body.op("Unsqueeze", value, _whole(body, [0]))], axis=0)
        return [ring, value], [value]

    nothing = graph.constant(np.full(season, np.nan)), graph.constant(math.nan)
    states = {"ring": (nothing[0], [season]), "last": (nothing[1], [])}
    return _scan(graph, states, [raw], step)[2]


def _restless(graph: Graph, raw: str, season: int) -> str:
    """(1,) how far the values usually lie from those of the season before, the newest and all, half and half."""
    op, number = graph.op, graph.constant
    there = op("Compress", raw, op("Not", op("IsNaN", raw)), axis=0)
    size = _reduced(graph, "ReduceMean", op("Abs", there))
    floor = op("Mul", number(1e-9), op("Where", op("Greater", size, number(0.0)), size, number(1.0)))
    moved = op("Abs", op("Sub", _slice(graph, raw, season), _slice(graph, raw, 0, -season)))
    moved = op("Compress", moved, op("Not", op("IsNaN", moved)), axis=0)
    some = op("Greater", _length(graph, moved), _whole(graph, 0))
    # A first 0 counts for nothing; it is there so that the operators never meet an empty series.
    moved = graph.joined([number(np.zeros(1)), moved], axis=0)
    fading = 0.5 ** (1 / (4 * max(season, 7)))

    def step(body: Graph, states: list[str], values: list[str]) -> tuple[list[str], list[str]]:
        state, weight, begun = states
        usual = body.op("Div", state, body.op("Max", weight, body.constant(1e-300)))
        bound = body.op("Mul", usual, body.constant(6.0))
        bound = body.op("Where", body.op("Greater", bound, body.constant(0.0)), bound, body.constant(math.inf))
        tame = body.op("Min", values[0], bound)
        state = body.op("Add", body.op("Mul", state, body.constant(fading)), tame)
        weight = body.op("Add", body.op("Mul", weight, body.constant(fading)), begun)
        return [state, weight, body.constant(1.0)], [tame]

    zero = number(0.0)
    states: dict[str, tuple[str, list[int]]] = {"state": (zero, []), "weight": (zero, []), "begun": (zero, [])}
    state, weight, _, tame = _scan(graph, states, [moved], step)
    count = op("Max", graph.cast(op("Sub", _length(graph, moved), _whole(graph, 1)), "double"), number(1.0))
    average = op("Div", _reduced(graph, "ReduceSum", moved), count)
    average = op("Where", op("Greater", average, number(0.0)), average, floor)
    least = op("Max", floor, op("Mul", average, number(1e-3)))
    now = op("Max", op("Div", state, op("Max", weight, number(1e-300))), least)
    slow = op("Max", op("Div", _reduced(graph, "ReduceSum", tame), count), least)
    return op("Where", some, op("Sqrt", op("Mul", now, slow)), floor)


def _combined(graph: Graph, f: Forecaster, series: _Series) -> str:
    """(steps,) the shares of all components together."""
    parts = []
    for place, component in enumerate(f.components):
        share = f.shares[:, place]
        need = int(np.flatnonzero(share)[-1]) + 1
        seen = series
        if component.lowest is not None:
            lowest = series.of(graph, component.lowest)
            raw, filled = (graph.op("Log", graph.op("Max", x, lowest)) for x in (series.raw, series.filled))
            seen = replace(series, raw=raw, filled=filled)
        made = _steps(graph, component.function, seen, need, series.raw)
        if component.lowest is not None:
            made = graph.op("Exp", graph.op("Min", made, graph.constant(700.0)))
        weighed = graph.op("Mul", made, graph.constant(share[:need]))
        if need < f.steps:
            weighed = graph.joined([weighed, graph.constant(np.zeros(f.steps - need))], axis=0)
        parts.append(weighed)
    total = parts[0]
    for part in parts[1:]:
        total = graph.op("Add", total, part)
    return total


def _steps(graph: Graph, function: Function, series: _Series, steps: int, raw: str) -> str:
    """(steps,) of one method; `raw` says where a value is missing."""
    if isinstance(function, Repeated):
        return _repeated(graph, function, series, steps)
    if isinstance(function, Drift):
        first, last = _slice(graph, series.filled, 0, 1), _slice(graph, series.filled, -1)
        moves = graph.op("Max", graph.op("Sub", _length(graph, series.filled), _whole(graph, 1)), _whole(graph, 1))
        slope = graph.op("Div", graph.op("Sub", last, first), graph.cast(moves, "double"))
        return graph.op("Add", last, graph.op("Mul", slope, graph.constant(1.0 + np.arange(steps))))
    if isinstance(function, Mean):
        values = _slice(graph, series.filled, -function.size) if function.size else series.filled
        first = _slice(graph, series.filled, 0, 1)
        middle = graph.op("Add", first, _reduced(graph, "ReduceMean", graph.op("Sub", values, first)))
        return graph.op("Add", middle, graph.constant(np.zeros(steps)))
    if isinstance(function, Smoothing):
        return _smoothing(graph, function, series, steps, raw)
    if isinstance(function, Theta):
        return _theta(graph, function, series, steps, raw)
    made: list[str] = []
    horizon = function.window.horizon
    for at in range(0, steps, horizon):
        made.append(_horizon(graph, function, series, at))
        if at + horizon < steps:
            series = replace(
                series, filled=graph.joined([series.filled, made[-1]], axis=0),
                position=graph.op("Add", series.position, _whole(graph, [horizon])), before=series.before + horizon,
            )  # fmt: skip
    return _slice(graph, graph.joined(made, axis=0), 0, steps)


def _repeated(graph: Graph, function: Repeated, series: _Series, steps: int) -> str:
    last = graph.op("Sub", _length(graph, series.filled), _whole(graph, 1))
    behind = _seasons_back(steps, function.lag) - np.arange(1, steps + 1)
    back = behind + function.lag * np.arange(function.many)[:, None]  # (many, steps) before the last value
    at = graph.op("Sub", last, _whole(graph, back))
    there = graph.op("GreaterOrEqual", at, _whole(graph, 0))
    taken = graph.op("Gather", series.filled, graph.op("Where", there, at, last))
    counts = graph.op("Or", there, graph.constant(np.arange(function.many)[:, None] == np.zeros((1, steps))))
    found = _reduced(graph, "ReduceSum", graph.cast(counts, "double"), keep=False)
    total = _reduced(graph, "ReduceSum", graph.op("Where", counts, taken, graph.constant(0.0)), keep=False)
    return graph.op("Div", total, found)


def _start(graph: Graph, function: Smoothing, series: _Series, filled: str) -> tuple[str, str, str]:
    """Level (), season (m,) and usual error () from the first few cycles."""
    op, m = graph.op, function.season
    count = _length(graph, filled)
    behind = graph.cast(series.of(graph, function.behind), "int64")
    cycles = op("Div", op("Add", count, behind), _whole(graph, 2 * m))
    cycles = op("Max", op("Min", cycles, _whole(graph, 4)), _whole(graph, 1))
    width = max(m, 4)
    size = op("Max", op("Mul", cycles, _whole(graph, m)), _whole(graph, width))
    zero, one = _whole(graph, 0), _whole(graph, 1)
    places = op("Range", zero, op("Squeeze", size, _whole(graph, [0])), one)
    head = op("Gather", filled, op("Min", places, op("Sub", count, one)))
    level = _reduced(graph, "ReduceMean", _slice(graph, head, 0, width), keep=False)
    moves = op("Abs", op("Sub", _slice(graph, head, 1), _slice(graph, head, 0, -1)))
    least = op("Mul", graph.constant(1e-12), op("Add", graph.constant(1.0), op("Abs", level)))
    scale = op("Add", _reduced(graph, "ReduceMean", moves, keep=False), least)
    if m == 1:
        return level, graph.constant(np.zeros(1)), scale
    whole = op("Slice", head, _whole(graph, [0]), op("Mul", cycles, _whole(graph, [m])), _whole(graph, [0]))
    cycle = op("Reshape", whole, graph.joined([cycles, _whole(graph, [m])], axis=0))
    cycle = op("Sub", cycle, _reduced(graph, "ReduceMean", cycle, axis=1))
    enough = graph.cast(op("GreaterOrEqual", size, _whole(graph, 2 * m)), "double")
    return level, op("Mul", _reduced(graph, "ReduceMean", cycle, keep=False), enough), scale


def _smoothing(graph: Graph, function: Smoothing, series: _Series, steps: int, raw: str) -> str:
    """e = y - (level + φ trend + season); each of them moves by its share of the error e."""
    m = function.season
    filled, raw = _slice(graph, series.filled, -_LONGEST), _slice(graph, raw, -_LONGEST)
    settings = series.of(graph, function.settings)
    alpha, beta, phi, gamma, limit = (
        graph.op("Gather", graph.op("Squeeze", settings, _whole(graph, [0])), _whole(graph, k)) for k in range(5)
    )
    most = graph.op("Where", graph.op("Greater", limit, graph.constant(0.0)), limit, graph.constant(1e300))
    bounded = graph.op("Greater", limit, graph.constant(0.0))
    level, season, scale = _start(graph, function, series, filled)
    missing = graph.cast(graph.op("IsNaN", raw), "double")

    def step(body: Graph, states: list[str], values: list[str]) -> tuple[list[str], list[str]]:
        op, number = body.op, body.constant
        level, trend, ring, scale = states
        phase = op("Squeeze", _slice(body, ring, 0, 1), _whole(body, [0]))
        expected = op("Add", level, op("Mul", phi, trend))
        error = op("Sub", op("Sub", values[0], expected), phase)
        error = op("Where", op("Greater", values[1], number(0.0)), number(0.0), error)
        size, bound = op("Abs", error), op("Mul", most, scale)
        error = op("Max", op("Min", error, bound), op("Neg", bound))
        tame = op("Min", size, op("Mul", bound, number(3.0)))
        moved = op("Add", op("Mul", scale, number(0.95)), op("Mul", tame, number(0.0625)))
        scale = op("Where", bounded, moved, scale)
        level = op("Add", expected, op("Mul", alpha, error))
        trend = op("Add", op("Mul", phi, trend), op("Mul", beta, error))
        phase = op("Unsqueeze", op("Add", phase, op("Mul", gamma, error)), _whole(body, [0]))
        return [level, trend, body.joined([_slice(body, ring, 1), phase], axis=0), scale], []

    states = {"level": (level, []), "trend": (graph.constant(0.0), []), "season": (season, [m]), "scale": (scale, [])}
    level, trend, ring, _ = _scan(graph, states, [filled, missing], step)
    passed = graph.op("CumSum", graph.op("Pow", phi, graph.constant(1.0 + np.arange(steps))), _whole(graph, 0))
    flat = graph.op("Add", level, graph.op("Mul", trend, passed))
    if m == 1:
        return flat
    count = _length(graph, filled)
    ahead = np.arange(1, steps + 1)
    first = graph.op("Sub", _whole(graph, m), count)  # where the first value's phase stands
    early = graph.op(
        "Less", graph.op("Add", count, _whole(graph, ahead - 1 - _seasons_back(steps, m))), _whole(graph, 0)
    )
    place = graph.op("Where", early, first, _whole(graph, (ahead - 1) % m))
    return graph.op("Add", flat, graph.op("Gather", ring, place))


def _theta(graph: Graph, function: Theta, series: _Series, steps: int, raw: str) -> str:
    """Smoothing, with half the slope of the line through all values."""
    op, number = graph.op, graph.constant
    count = _length(graph, series.filled)
    many = graph.cast(count, "double")
    y = op("Sub", series.filled, _slice(graph, series.filled, 0, 1))
    squeezed = op("Squeeze", count, _whole(graph, [0]))
    t = graph.cast(op("Range", _whole(graph, 0), squeezed, _whole(graph, 1)), "double")
    t = op("Sub", t, op("Div", op("Sub", many, number(1.0)), number(2.0)))
    above, below = (_reduced(graph, "ReduceSum", op("Mul", t, other)) for other in (y, t))
    slope = op("Div", above, op("Max", below, number(1e-300)))
    settings = series.of(graph, function.smoothing.settings[:, :1])
    alpha = op("Squeeze", settings, _whole(graph, [1]))
    behind = op("Div", op("Sub", number(1.0), op("Pow", op("Sub", number(1.0), alpha), many)), alpha)
    more = op("Mul", op("Div", slope, number(2.0)), op("Add", number(1.0 * np.arange(steps)), behind))
    return op("Add", _smoothing(graph, function.smoothing, series, steps, raw), more)


@dataclass(frozen=True)
class _View:
    """Names of results: x (p,), values (lookback,), level (1,), scale (1,)."""

    x: str
    values: str
    level: str
    scale: str


def _view(graph: Graph, window: Window, series: _Series, made: int) -> _View:
    op = graph.op
    before = op("Sub", _length(graph, series.filled), _whole(graph, window.lookback))
    places = op("Add", before, _whole(graph, np.arange(window.lookback)))
    values = op("Gather", series.filled, op("Max", places, _whole(graph, 0)))
    scale = series.of(graph, window.scale)
    parts: list[str] = []
    if len(window.ranges):
        sums = graph.joined([graph.constant(np.zeros(1)), op("CumSum", values, _whole(graph, 0))], axis=0)
        means = []
        for first in (0, 2):
            low, high = window.ranges[:, first], window.ranges[:, first + 1]
            total = op("Sub", op("Gather", sums, _whole(graph, high)), op("Gather", sums, _whole(graph, low)))
            means.append(op("Div", total, graph.constant((high - low).astype(np.float64))))
        moved = op("Div", op("Sub", *means), scale)
        parts.append(_slice(graph, moved, 0, window.head))
    if window.phases:
        eye = graph.constant(np.eye(window.phases))
        phase = op("Gather", eye, _modulo(graph, series.position, window.phases), axis=0)
        parts.append(op("Squeeze", phase, _whole(graph, [0])))
    for period, many in window.waves:
        turns = op("Div", graph.cast(series.position, "double"), graph.constant(period))
        turns = op("Mul", op("Sub", turns, op("Floor", turns)), graph.constant(2 * math.pi))
        angles = op("Mul", turns, graph.constant(1.0 + np.arange(many)))
        parts += [op("Sin", angles), op("Sin", op("Add", angles, graph.constant(math.pi / 2)))]
    if len(window.ranges) > window.head:
        parts.append(_slice(graph, moved, window.head))
    rows = np.minimum(made + np.arange(PAST_ROWS), PAST_ROWS - 1)
    for k in window.past:
        column = op("Gather", series.past, _whole(graph, k), axis=1)
        recent = op("Gather", column, _whole(graph, rows))
        parts += [_slice(graph, recent, -1), _reduced(graph, "ReduceMean", recent)]
    level = _reduced(graph, "ReduceMean", _slice(graph, values, -window.season))
    x = graph.joined(parts, axis=0) if parts else graph.constant(np.zeros(0))
    return _View(x, values, level, scale)


def _at_steps(graph: Graph, window: Window, series: _Series, rows: int) -> str | None:
    """(horizon, 2k) of every known column the value at each step, and the value a season before it."""
    if not window.known:
        return None
    now = np.minimum(series.before + np.arange(window.horizon), rows - 1)
    then = np.maximum(now - _seasons_back(window.horizon, window.season), 0)
    if window.season == 1:
        then = np.full(window.horizon, min(series.before - 1, rows - 1))
    columns = []
    for k in window.known:
        column = graph.op("Gather", series.known, _whole(graph, [k]), axis=1)
        columns += [graph.op("Gather", column, _whole(graph, at), axis=0) for at in (now, then)]
    return graph.joined(columns, axis=1)


def _horizon(graph: Graph, function: Linear | Levels | Trees | Networks, series: _Series, made: int) -> str:
    """(horizon,) what a method on windows makes at once, after `made` steps that it has made before."""
    window = function.window
    view = _view(graph, window, series, made)
    if isinstance(function, Levels):
        return _levels(graph, function, view, series)
    steps = _at_steps(graph, window, series, _known_rows(graph))
    if isinstance(function, Linear):
        found = _weighed(graph, view.x, function.weight, function.bias)
        if steps is not None:
            more = graph.op("Mul", steps, graph.constant(function.step_weight))
            found = graph.op("Add", found, _reduced(graph, "ReduceSum", more, axis=1, keep=False))
        return _in_unit(graph, view, found, view.level)
    if isinstance(function, Trees):
        return _in_unit(graph, view, _trees(graph, function, view, steps), view.level)
    return _networks(graph, function, view, steps, series)


def _known_rows(graph: Graph) -> int:
    found = next((one for one in graph.inputs if one.name == "known"), None)
    return 0 if found is None else int(found.type.tensor_type.shape.dim[0].dim_value)


def _weighed(graph: Graph, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
    return graph.op("Add", graph.op("MatMul", x, graph.constant(weight)), graph.constant(bias))


def _in_unit(graph: Graph, view: _View, found: str, base: str) -> str:
    return graph.op("Add", base, graph.op("Mul", view.scale, found))


def _levels(graph: Graph, function: Levels, view: _View, series: _Series) -> str:
    """The next seasons' means times (or plus) a season's usual shape."""
    op, season = graph.op, function.window.season
    found = _in_unit(graph, view, _weighed(graph, view.x, function.weight, function.bias), view.level)
    many = min(function.shapes, function.window.lookback // season)
    cycles = op("Reshape", _slice(graph, view.values, -many * season), _whole(graph, [many, season]))
    means = _reduced(graph, "ReduceMean", cycles, axis=1)
    back = np.arange(many)[::-1]
    count = op("Max", _length(graph, series.filled), _whole(graph, season))
    old = op("Greater", _whole(graph, (back + 1) * season), count)
    weight = op("Where", old, graph.constant(0.0), graph.constant(FADING**back))
    weight = op("Div", weight, _reduced(graph, "ReduceSum", weight))
    if function.times:
        above = op("Greater", means, graph.constant(0.0))
        parts = op("Div", cycles, op("Where", above, means, graph.constant(1.0)))
        parts = op("Where", above, parts, graph.constant(1.0))
    else:
        parts = op("Sub", cycles, means)
    shape = op("MatMul", weight, parts)
    whole = op("Mul" if function.times else "Add", op("Unsqueeze", found, _whole(graph, [1])), shape)
    return op("Reshape", whole, _whole(graph, [-1]))


def _season_ago(graph: Graph, window: Window, view: _View, seasons: int = 0) -> str:
    """(horizon,) the values a season before the steps, and so many seasons before that."""
    ahead = np.arange(1, window.horizon + 1)
    at = window.lookback - 1 - (_seasons_back(window.horizon, window.season) - ahead) - seasons * window.season
    return graph.op("Gather", view.values, _whole(graph, at))


def _trees(graph: Graph, function: Trees, view: _View, steps: str | None) -> str:
    """(horizon,) of the trees, which are told the step. The operator adds in single precision, so each tree's mean is
    added outside."""
    from onnx import numpy_helper

    op, window = graph.op, function.window
    if not len(function.root):
        return graph.constant(np.full(window.horizon, function.start))
    many = max(1, min(4, (window.lookback - window.season) // window.season))
    usual = _season_ago(graph, window, view)
    for k in range(1, many):
        usual = op("Add", usual, _season_ago(graph, window, view, k))
    usual = op("Div", usual, graph.constant(float(many)))
    columns = [graph.constant(np.arange(window.horizon, dtype=float)[:, None])]
    for values in (_season_ago(graph, window, view), usual):
        moved = op("Div", op("Sub", values, view.level), view.scale)
        columns.append(op("Unsqueeze", moved, _whole(graph, [1])))
    shared = op("Expand", op("Unsqueeze", view.x, _whole(graph, [0])), _whole(graph, [window.horizon, window.width]))
    rows = graph.joined([shared, *columns, *([] if steps is None else [steps])], axis=1)
    count = len(function.feature)
    owner = np.searchsorted(function.root, np.arange(count), side="right") - 1
    leaf = function.feature < 0
    value, start = function.value.astype(np.float64).copy(), function.start
    for tree in range(len(function.root)):
        leaves = leaf & (owner == tree)
        mean = value[leaves].mean()
        value[leaves] -= mean
        start += mean
    inner = ~leaf
    grown = op(
        "TreeEnsembleRegressor", rows, domain=ML, n_targets=1, aggregate_function="SUM", post_transform="NONE",
        nodes_treeids=owner.tolist(), nodes_nodeids=list(range(count)),
        nodes_featureids=np.where(inner, function.feature, 0).tolist(),
        nodes_modes=["BRANCH_LEQ" if branch else "LEAF" for branch in inner],
        nodes_values_as_tensor=numpy_helper.from_array(np.where(inner, function.threshold, 0.0), "thresholds"),
        nodes_truenodeids=np.where(inner, function.left, 0).tolist(),
        nodes_falsenodeids=np.where(inner, function.right, 0).tolist(),
        nodes_missing_value_tracks_true=[0] * count,
        target_treeids=owner[leaf].tolist(), target_nodeids=np.flatnonzero(leaf).tolist(),
        target_ids=[0] * int(leaf.sum()),
        target_weights_as_tensor=numpy_helper.from_array(value[leaf], "values"),
    )  # fmt: skip
    flat = op("Squeeze", graph.cast(grown, "double"), _whole(graph, [1]))
    return op("Add", flat, graph.constant(start))


def _networks(graph: Graph, function: Networks, view: _View, steps: str | None, series: _Series) -> str:
    """(horizon,) the mean of several networks on standardised inputs."""
    op, window = graph.op, function.window
    if function.sequence:
        recent = op("Div", op("Sub", _slice(graph, view.values, -function.lags), view.level), view.scale)
        columns = [recent]
        if window.season > 1:
            at = op("Add", series.position, _whole(graph, np.arange(1 - function.lags, 1)))
            phase = graph.cast(_modulo(graph, at, window.season), "double")
            angle = op("Mul", phase, graph.constant(2 * math.pi / window.season))
            columns += [op("Sin", angle), op("Sin", op("Add", angle, graph.constant(math.pi / 2)))]
        columns = [op("Unsqueeze", column, _whole(graph, [1])) for column in columns]
        x = op("Reshape", graph.joined(columns, axis=1), _whole(graph, [-1]))
    else:
        parts = [view.x] + ([] if steps is None else [op("Reshape", steps, _whole(graph, [-1]))])
        if function.profile.shape[1]:
            parts.append(op("Reshape", series.of(graph, function.profile), _whole(graph, [-1])))
        x = graph.joined(parts, axis=0)
    x = op("Div", op("Sub", x, graph.constant(function.mean)), graph.constant(function.spread))
    x = op("Max", op("Min", x, graph.constant(FAR)), graph.constant(-FAR))
    shape = _whole(graph, [1, *function.networks[0].input_shape])
    x = op("Reshape", graph.cast(x, "float"), shape)
    total = ""
    for network in function.networks:
        out = NetworkNodes(graph, network.parameters).through(network.layers, network.shapes, x)
        out = graph.cast(op("Reshape", out, _whole(graph, [-1])), "double")
        total = op("Add", total, out) if total else out
    mean = op("Div", total, graph.constant(float(len(function.networks))))
    base = _season_ago(graph, window, view) if function.seasonal else view.level
    return _in_unit(graph, view, mean, base)
