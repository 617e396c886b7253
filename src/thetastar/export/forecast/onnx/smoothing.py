"""Exponential smoothing and Theta in a graph, value after value by the operator Scan."""

from __future__ import annotations

import numpy as np

from thetastar.export.forecast.onnx.series import Series, integers, length, reduced, scan, seasons_back, sliced
from thetastar.export.forecast.parts import Smoothing, Theta
from thetastar.export.onnx.graph import Graph

__all__ = ["smoothing", "theta"]

_LONGEST = 20_000  # values that smoothing reads


def smoothing(graph: Graph, function: Smoothing, series: Series, steps: int, raw: str) -> str:
    """e = y - (level + φ trend + season); each of them moves by its share of the error e."""
    m = function.season
    filled, raw = sliced(graph, series.filled, -_LONGEST), sliced(graph, raw, -_LONGEST)
    settings = series.of(graph, function.settings)
    alpha, beta, phi, gamma, limit = (
        graph.op("Gather", graph.op("Squeeze", settings, integers(graph, [0])), integers(graph, k)) for k in range(5)
    )
    most = graph.op("Where", graph.op("Greater", limit, graph.constant(0.0)), limit, graph.constant(1e300))
    bounded = graph.op("Greater", limit, graph.constant(0.0))
    level, season, scale = _start(graph, function, series, filled)
    missing = graph.cast(graph.op("IsNaN", raw), "double")

    def step(body: Graph, states: list[str], values: list[str]) -> tuple[list[str], list[str]]:
        op, number = body.op, body.constant
        level, trend, ring, scale = states
        phase = op("Squeeze", sliced(body, ring, 0, 1), integers(body, [0]))
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
        phase = op("Unsqueeze", op("Add", phase, op("Mul", gamma, error)), integers(body, [0]))
        return [level, trend, body.joined([sliced(body, ring, 1), phase], axis=0), scale], []

    states = {"level": (level, []), "trend": (graph.constant(0.0), []), "season": (season, [m]), "scale": (scale, [])}
    level, trend, ring, _ = scan(graph, states, [filled, missing], step)
    passed = graph.op("CumSum", graph.op("Pow", phi, graph.constant(1.0 + np.arange(steps))), integers(graph, 0))
    flat = graph.op("Add", level, graph.op("Mul", trend, passed))
    if m == 1:
        return flat
    count = length(graph, filled)
    ahead = np.arange(1, steps + 1)
    first = graph.op("Sub", integers(graph, m), count)  # where the first value's phase stands
    early = graph.op(
        "Less", graph.op("Add", count, integers(graph, ahead - 1 - seasons_back(steps, m))), integers(graph, 0)
    )
    place = graph.op("Where", early, first, integers(graph, (ahead - 1) % m))
    return graph.op("Add", flat, graph.op("Gather", ring, place))


def _start(graph: Graph, function: Smoothing, series: Series, filled: str) -> tuple[str, str, str]:
    """Level (), season (m,) and usual error () from the first few cycles."""
    op, m = graph.op, function.season
    count = length(graph, filled)
    behind = graph.cast(series.of(graph, function.behind), "int64")
    cycles = op("Div", op("Add", count, behind), integers(graph, 2 * m))
    cycles = op("Max", op("Min", cycles, integers(graph, 4)), integers(graph, 1))
    width = max(m, 4)
    size = op("Max", op("Mul", cycles, integers(graph, m)), integers(graph, width))
    zero, one = integers(graph, 0), integers(graph, 1)
    places = op("Range", zero, op("Squeeze", size, integers(graph, [0])), one)
    head = op("Gather", filled, op("Min", places, op("Sub", count, one)))
    level = reduced(graph, "ReduceMean", sliced(graph, head, 0, width), keep=False)
    moves = op("Abs", op("Sub", sliced(graph, head, 1), sliced(graph, head, 0, -1)))
    least = op("Mul", graph.constant(1e-12), op("Add", graph.constant(1.0), op("Abs", level)))
    scale = op("Add", reduced(graph, "ReduceMean", moves, keep=False), least)
    if m == 1:
        return level, graph.constant(np.zeros(1)), scale
    whole = op("Slice", head, integers(graph, [0]), op("Mul", cycles, integers(graph, [m])), integers(graph, [0]))
    cycle = op("Reshape", whole, graph.joined([cycles, integers(graph, [m])], axis=0))
    cycle = op("Sub", cycle, reduced(graph, "ReduceMean", cycle, axis=1))
    enough = graph.cast(op("GreaterOrEqual", size, integers(graph, 2 * m)), "double")
    return level, op("Mul", reduced(graph, "ReduceMean", cycle, keep=False), enough), scale


def theta(graph: Graph, function: Theta, series: Series, steps: int, raw: str) -> str:
    """Smoothing, with half the slope of the line through all values."""
    op, number = graph.op, graph.constant
    count = length(graph, series.filled)
    many = graph.cast(count, "double")
    y = op("Sub", series.filled, sliced(graph, series.filled, 0, 1))
    squeezed = op("Squeeze", count, integers(graph, [0]))
    t = graph.cast(op("Range", integers(graph, 0), squeezed, integers(graph, 1)), "double")
    t = op("Sub", t, op("Div", op("Sub", many, number(1.0)), number(2.0)))
    above, below = (reduced(graph, "ReduceSum", op("Mul", t, other)) for other in (y, t))
    slope = op("Div", above, op("Max", below, number(1e-300)))
    settings = series.of(graph, function.smoothing.settings[:, :1])
    alpha = op("Squeeze", settings, integers(graph, [1]))
    behind = op("Div", op("Sub", number(1.0), op("Pow", op("Sub", number(1.0), alpha), many)), alpha)
    more = op("Mul", op("Div", slope, number(2.0)), op("Add", number(1.0 * np.arange(steps)), behind))
    return op("Add", smoothing(graph, function.smoothing, series, steps, raw), more)
