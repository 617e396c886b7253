"""Methods that look at the last values of a series: lines, levels, trees and networks on a window.

Windows are read by Gather, so that a series may have any length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from thetastar.export.forecast.onnx.series import Series, integers, length, modulo, reduced, seasons_back, sliced
from thetastar.export.forecast.parts import FADING, FAR, PAST_ROWS, Levels, Linear, Networks, Trees, Window
from thetastar.export.onnx.graph import ML, Graph
from thetastar.export.onnx.layers import NetworkNodes

__all__ = ["horizon_of"]


def horizon_of(graph: Graph, function: Linear | Levels | Trees | Networks, series: Series, made: int) -> str:
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
            found = graph.op("Add", found, reduced(graph, "ReduceSum", more, axis=1, keep=False))
        return _in_unit(graph, view, found, view.level)
    if isinstance(function, Trees):
        return _in_unit(graph, view, _trees(graph, function, view, steps), view.level)
    return _networks(graph, function, view, steps, series)


@dataclass(frozen=True)
class _View:
    """Names of results: x (p,), values (lookback,), level (1,), scale (1,)."""

    x: str
    values: str
    level: str
    scale: str


def _view(graph: Graph, window: Window, series: Series, made: int) -> _View:
    op = graph.op
    before = op("Sub", length(graph, series.filled), integers(graph, window.lookback))
    places = op("Add", before, integers(graph, np.arange(window.lookback)))
    values = op("Gather", series.filled, op("Max", places, integers(graph, 0)))
    scale = series.of(graph, window.scale)
    parts: list[str] = []
    if len(window.ranges):
        sums = graph.joined([graph.constant(np.zeros(1)), op("CumSum", values, integers(graph, 0))], axis=0)
        means = []
        for first in (0, 2):
            low, high = window.ranges[:, first], window.ranges[:, first + 1]
            total = op("Sub", op("Gather", sums, integers(graph, high)), op("Gather", sums, integers(graph, low)))
            means.append(op("Div", total, graph.constant((high - low).astype(np.float64))))
        moved = op("Div", op("Sub", *means), scale)
        parts.append(sliced(graph, moved, 0, window.head))
    if window.phases:
        eye = graph.constant(np.eye(window.phases))
        phase = op("Gather", eye, modulo(graph, series.position, window.phases), axis=0)
        parts.append(op("Squeeze", phase, integers(graph, [0])))
    for period, many in window.waves:
        turns = op("Div", graph.cast(series.position, "double"), graph.constant(period))
        turns = op("Mul", op("Sub", turns, op("Floor", turns)), graph.constant(2 * math.pi))
        angles = op("Mul", turns, graph.constant(1.0 + np.arange(many)))
        parts += [op("Sin", angles), op("Sin", op("Add", angles, graph.constant(math.pi / 2)))]
    if len(window.ranges) > window.head:
        parts.append(sliced(graph, moved, window.head))
    rows = np.minimum(made + np.arange(PAST_ROWS), PAST_ROWS - 1)
    for k in window.past:
        column = op("Gather", series.past, integers(graph, k), axis=1)
        recent = op("Gather", column, integers(graph, rows))
        parts += [sliced(graph, recent, -1), reduced(graph, "ReduceMean", recent)]
    level = reduced(graph, "ReduceMean", sliced(graph, values, -window.season))
    x = graph.joined(parts, axis=0) if parts else graph.constant(np.zeros(0))
    return _View(x, values, level, scale)


def _at_steps(graph: Graph, window: Window, series: Series, rows: int) -> str | None:
    """(horizon, 2k) of every known column the value at each step, and the value a season before it."""
    if not window.known:
        return None
    now = np.minimum(series.before + np.arange(window.horizon), rows - 1)
    then = np.maximum(now - seasons_back(window.horizon, window.season), 0)
    if window.season == 1:
        then = np.full(window.horizon, min(series.before - 1, rows - 1))
    columns = []
    for k in window.known:
        column = graph.op("Gather", series.known, integers(graph, [k]), axis=1)
        columns += [graph.op("Gather", column, integers(graph, at), axis=0) for at in (now, then)]
    return graph.joined(columns, axis=1)


def _known_rows(graph: Graph) -> int:
    found = next((one for one in graph.inputs if one.name == "known"), None)
    return 0 if found is None else int(found.type.tensor_type.shape.dim[0].dim_value)


def _weighed(graph: Graph, x: str, weight: np.ndarray, bias: np.ndarray) -> str:
    return graph.op("Add", graph.op("MatMul", x, graph.constant(weight)), graph.constant(bias))


def _in_unit(graph: Graph, view: _View, found: str, base: str) -> str:
    return graph.op("Add", base, graph.op("Mul", view.scale, found))


def _levels(graph: Graph, function: Levels, view: _View, series: Series) -> str:
    """The next seasons' means times (or plus) a season's usual shape."""
    op, season = graph.op, function.window.season
    found = _in_unit(graph, view, _weighed(graph, view.x, function.weight, function.bias), view.level)
    many = min(function.shapes, function.window.lookback // season)
    cycles = op("Reshape", sliced(graph, view.values, -many * season), integers(graph, [many, season]))
    means = reduced(graph, "ReduceMean", cycles, axis=1)
    back = np.arange(many)[::-1]
    count = op("Max", length(graph, series.filled), integers(graph, season))
    old = op("Greater", integers(graph, (back + 1) * season), count)
    weight = op("Where", old, graph.constant(0.0), graph.constant(FADING**back))
    weight = op("Div", weight, reduced(graph, "ReduceSum", weight))
    if function.times:
        above = op("Greater", means, graph.constant(0.0))
        parts = op("Div", cycles, op("Where", above, means, graph.constant(1.0)))
        parts = op("Where", above, parts, graph.constant(1.0))
    else:
        parts = op("Sub", cycles, means)
    shape = op("MatMul", weight, parts)
    whole = op("Mul" if function.times else "Add", op("Unsqueeze", found, integers(graph, [1])), shape)
    return op("Reshape", whole, integers(graph, [-1]))


def _season_ago(graph: Graph, window: Window, view: _View, seasons: int = 0) -> str:
    """(horizon,) the values a season before the steps, and so many seasons before that."""
    ahead = np.arange(1, window.horizon + 1)
    at = window.lookback - 1 - (seasons_back(window.horizon, window.season) - ahead) - seasons * window.season
    return graph.op("Gather", view.values, integers(graph, at))


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
        columns.append(op("Unsqueeze", moved, integers(graph, [1])))
    shared = op(
        "Expand", op("Unsqueeze", view.x, integers(graph, [0])), integers(graph, [window.horizon, window.width])
    )
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
    flat = op("Squeeze", graph.cast(grown, "double"), integers(graph, [1]))
    return op("Add", flat, graph.constant(start))


def _networks(graph: Graph, function: Networks, view: _View, steps: str | None, series: Series) -> str:
    """(horizon,) the mean of several networks on standardised inputs."""
    op, window = graph.op, function.window
    if function.sequence:
        recent = op("Div", op("Sub", sliced(graph, view.values, -function.lags), view.level), view.scale)
        columns = [recent]
        if window.season > 1:
            at = op("Add", series.position, integers(graph, np.arange(1 - function.lags, 1)))
            phase = graph.cast(modulo(graph, at, window.season), "double")
            angle = op("Mul", phase, graph.constant(2 * math.pi / window.season))
            columns += [op("Sin", angle), op("Sin", op("Add", angle, graph.constant(math.pi / 2)))]
        columns = [op("Unsqueeze", column, integers(graph, [1])) for column in columns]
        x = op("Reshape", graph.joined(columns, axis=1), integers(graph, [-1]))
    else:
        parts = [view.x] + ([] if steps is None else [op("Reshape", steps, integers(graph, [-1]))])
        if function.profile.shape[1]:
            parts.append(op("Reshape", series.of(graph, function.profile), integers(graph, [-1])))
        x = graph.joined(parts, axis=0)
    x = op("Div", op("Sub", x, graph.constant(function.mean)), graph.constant(function.spread))
    x = op("Max", op("Min", x, graph.constant(FAR)), graph.constant(-FAR))
    shape = integers(graph, [1, *function.networks[0].input_shape])
    x = op("Reshape", graph.cast(x, "float"), shape)
    total = ""
    for network in function.networks:
        out = NetworkNodes(graph, network.parameters).through(network.layers, network.shapes, x)
        out = graph.cast(op("Reshape", out, integers(graph, [-1])), "double")
        total = op("Add", total, out) if total else out
    mean = op("Div", total, graph.constant(float(len(function.networks))))
    base = _season_ago(graph, window, view) if function.seasonal else view.level
    return _in_unit(graph, view, mean, base)
