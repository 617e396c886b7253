"""A forecast in ONNX: from the last values of a series to the next steps, in double precision but for networks."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np

from thetastar.export.forecast.onnx.series import (
    Series,
    integers,
    length,
    modulo,
    reduced,
    restless,
    seasons_back,
    series_of,
    sliced,
)
from thetastar.export.forecast.onnx.smoothing import smoothing, theta
from thetastar.export.forecast.onnx.windows import horizon_of
from thetastar.export.forecast.parts import Drift, Forecaster, Function, Mean, Repeated, Smoothing, Theta
from thetastar.export.forecast.words import words
from thetastar.export.onnx.graph import IR_VERSION, ML, ML_VERSION, OPSET, Graph, package

__all__ = ["onnx_forecast"]

_INPUTS = ("values", "after", "series", "known", "past")


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
    series = series_of(graph, f)
    prediction = _combined(graph, f, series)
    floor = series.of(graph, np.where(np.isnan(f.floor), -np.inf, f.floor))
    prediction = graph.op("Max", prediction, floor)
    phase = graph.op("Add", series.position, integers(graph, 1 + np.arange(f.steps)))
    factors = graph.op("Gather", graph.constant(f.phases), modulo(graph, phase, len(f.phases)))
    unit = graph.op("Mul", restless(graph, series.raw, f.season), factors)
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


def _combined(graph: Graph, f: Forecaster, series: Series) -> str:
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


def _steps(graph: Graph, function: Function, series: Series, steps: int, raw: str) -> str:
    """(steps,) of one method; `raw` says where a value is missing."""
    if isinstance(function, Repeated):
        return _repeated(graph, function, series, steps)
    if isinstance(function, Drift):
        first, last = sliced(graph, series.filled, 0, 1), sliced(graph, series.filled, -1)
        moves = graph.op("Max", graph.op("Sub", length(graph, series.filled), integers(graph, 1)), integers(graph, 1))
        slope = graph.op("Div", graph.op("Sub", last, first), graph.cast(moves, "double"))
        return graph.op("Add", last, graph.op("Mul", slope, graph.constant(1.0 + np.arange(steps))))
    if isinstance(function, Mean):
        values = sliced(graph, series.filled, -function.size) if function.size else series.filled
        first = sliced(graph, series.filled, 0, 1)
        middle = graph.op("Add", first, reduced(graph, "ReduceMean", graph.op("Sub", values, first)))
        return graph.op("Add", middle, graph.constant(np.zeros(steps)))
    if isinstance(function, Smoothing):
        return smoothing(graph, function, series, steps, raw)
    if isinstance(function, Theta):
        return theta(graph, function, series, steps, raw)
    made: list[str] = []
    horizon = function.window.horizon
    for at in range(0, steps, horizon):
        made.append(horizon_of(graph, function, series, at))
        if at + horizon < steps:
            series = replace(
                series, filled=graph.joined([series.filled, made[-1]], axis=0),
                position=graph.op("Add", series.position, integers(graph, [horizon])), before=series.before + horizon,
            )  # fmt: skip
    return sliced(graph, graph.joined(made, axis=0), 0, steps)


def _repeated(graph: Graph, function: Repeated, series: Series, steps: int) -> str:
    last = graph.op("Sub", length(graph, series.filled), integers(graph, 1))
    behind = seasons_back(steps, function.lag) - np.arange(1, steps + 1)
    back = behind + function.lag * np.arange(function.many)[:, None]  # (many, steps) before the last value
    at = graph.op("Sub", last, integers(graph, back))
    there = graph.op("GreaterOrEqual", at, integers(graph, 0))
    taken = graph.op("Gather", series.filled, graph.op("Where", there, at, last))
    counts = graph.op("Or", there, graph.constant(np.arange(function.many)[:, None] == np.zeros((1, steps))))
    found = reduced(graph, "ReduceSum", graph.cast(counts, "double"), keep=False)
    total = reduced(graph, "ReduceSum", graph.op("Where", counts, taken, graph.constant(0.0)), keep=False)
    return graph.op("Div", total, found)
