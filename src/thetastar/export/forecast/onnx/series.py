"""A series in a graph: its values without gaps, where it stands, how restless it is, and the arithmetic that all share.

What follows from all values one after another is the operator Scan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar.export.forecast.parts import PAST_ROWS, Forecaster
from thetastar.export.onnx.graph import ML, Graph

__all__ = [
    "Series",
    "integers",
    "length",
    "modulo",
    "reduced",
    "restless",
    "scan",
    "seasons_back",
    "series_of",
    "sliced",
]


@dataclass(frozen=True)
class Series:
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


def series_of(graph: Graph, f: Forecaster) -> Series:
    values = graph.input("values", "double", ("n",), "the last values, the newest last; NaN where one is missing")
    after = graph.input("after", "int64", (1,), "steps from the last value that the model read to the newest one")
    number = integers(graph, [0])
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
        raw = graph.op("Slice", values, first, integers(graph, [2**62]), integers(graph, [0]))
        filled = _filled(graph, raw, f.season)
    if len(f.ids) > 1:
        start = graph.op("Gather", integers(graph, f.positions), number, axis=0)
    else:
        start = integers(graph, f.positions[:1])
    return Series(raw, filled, graph.op("Add", start, after), known, past, number, f.before, usable)


def _usable(graph: Graph, values: str) -> tuple[str, str]:
    """The values, or a single 0 where they are of no use, so that every operator behind has something to work on; and
    (1,) whether they are of use: one is known, and none infinite."""
    op = graph.op

    def count(found: str) -> str:
        return reduced(graph, "ReduceSum", graph.cast(found, "int64"))

    known, infinite = count(op("Not", op("IsNaN", values))), count(op("IsInf", values))
    usable = op("And", op("Greater", known, integers(graph, [0])), op("Equal", infinite, integers(graph, [0])))
    end = op("Where", usable, integers(graph, [2**62]), integers(graph, [1]))
    longer = op("Concat", graph.constant(np.zeros(1)), values, axis=0)
    return op("Slice", longer, graph.cast(usable, "int64"), end, integers(graph, [0])), usable


def _filled(graph: Graph, raw: str, season: int) -> str:
    """A missing value is the one a season before, or the last one."""

    def step(body: Graph, states: list[str], values: list[str]) -> tuple[list[str], list[str]]:
        ring, last = states
        then = body.op("Squeeze", sliced(body, ring, 0, 1), integers(body, [0]))
        other = body.op("Where", body.op("IsNaN", then), last, then)
        value = body.op("Where", body.op("IsNaN", values[0]), other, values[0])
        ring = body.joined([sliced(body, ring, 1), body.op("Unsqueeze", value, integers(body, [0]))], axis=0)
        return [ring, value], [value]

    nothing = graph.constant(np.full(season, np.nan)), graph.constant(math.nan)
    states = {"ring": (nothing[0], [season]), "last": (nothing[1], [])}
    return scan(graph, states, [raw], step)[2]


def restless(graph: Graph, raw: str, season: int) -> str:
    """(1,) how far the values usually lie from those of the season before, the newest and all, half and half."""
    op, number = graph.op, graph.constant
    there = op("Compress", raw, op("Not", op("IsNaN", raw)), axis=0)
    size = reduced(graph, "ReduceMean", op("Abs", there))
    floor = op("Mul", number(1e-9), op("Where", op("Greater", size, number(0.0)), size, number(1.0)))
    moved = op("Abs", op("Sub", sliced(graph, raw, season), sliced(graph, raw, 0, -season)))
    moved = op("Compress", moved, op("Not", op("IsNaN", moved)), axis=0)
    some = op("Greater", length(graph, moved), integers(graph, 0))
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
    state, weight, _, tame = scan(graph, states, [moved], step)
    count = op("Max", graph.cast(op("Sub", length(graph, moved), integers(graph, 1)), "double"), number(1.0))
    average = op("Div", reduced(graph, "ReduceSum", moved), count)
    average = op("Where", op("Greater", average, number(0.0)), average, floor)
    least = op("Max", floor, op("Mul", average, number(1e-3)))
    now = op("Max", op("Div", state, op("Max", weight, number(1e-300))), least)
    slow = op("Max", op("Div", reduced(graph, "ReduceSum", tame), count), least)
    return op("Where", some, op("Sqrt", op("Mul", now, slow)), floor)


def scan(graph: Graph, states: dict[str, tuple[str, list[int]]], values: list[str], step: Any) -> list[str]:
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


def integers(graph: Graph, values: Any) -> str:
    return graph.constant(np.asarray(values, np.int64))


def modulo(graph: Graph, x: str, by: int) -> str:
    return graph.op("Mod", x, integers(graph, by))


def sliced(graph: Graph, x: str, first: int, end: int | None = None) -> str:
    """x[first:end] of the first axis."""
    stop = integers(graph, [2**62 if end is None else end])
    return graph.op("Slice", x, integers(graph, [first]), stop, integers(graph, [0]))


def length(graph: Graph, x: str) -> str:
    """(1,) how many numbers x (n,) has."""
    return graph.op("Shape", x)


def reduced(graph: Graph, kind: str, x: str, axis: int = 0, keep: bool = True) -> str:
    """A sum or a mean along an axis."""
    if kind == "ReduceSum":
        return graph.op(kind, x, integers(graph, [axis]), keepdims=int(keep))
    return graph.op(kind, x, axes=[axis], keepdims=int(keep))


def seasons_back(steps: int, season: int) -> np.ndarray:
    ahead = np.arange(1, steps + 1)
    return np.asarray(season * -(-ahead // season))
