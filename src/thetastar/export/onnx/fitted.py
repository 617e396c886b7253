"""A fitted baseline in ONNX: a constant, a linear model, trees; from features to values or probabilities."""

from __future__ import annotations

import numpy as np

from thetastar.export.onnx.graph import ML, Graph
from thetastar.recipes.fitted import Constant, Fitted, Linear
from thetastar.recipes.quantiles import FittedQuantiles
from thetastar.recipes.targets import FittedTargets
from thetastar.recipes.trees import Trees

__all__ = ["fitted_answer", "rising"]


def fitted_answer(graph: Graph, fitted: Fitted, features: str) -> str:
    """(n, 1) values, (n, C) probabilities, (n, Q) quantiles or (n, K) of several targets, double, of features (n, F)
    float.
    """
    if isinstance(fitted, FittedQuantiles):
        parts = [fitted_answer(graph, part, features) for part in fitted.parts]
        return rising(graph, graph.joined(parts), len(parts))
    if isinstance(fitted, FittedTargets):
        parts = [fitted_answer(graph, part, features) for part in fitted.parts]
        second = graph.constant([1], np.int64)
        return graph.joined([graph.op("Gather", p, second, axis=1) for p in parts] if fitted.classes else parts)
    assert isinstance(fitted, Constant | Linear | Trees)
    if isinstance(fitted, Constant):
        return _each_row(graph, fitted.answer, features)
    wide = graph.cast(features, "double")
    if isinstance(fitted, Linear):
        product = graph.op("MatMul", wide, graph.constant(fitted.weight, np.float64))
        scores = graph.op("Add", product, graph.constant(fitted.bias, np.float64))
    else:
        scores = _trees(graph, fitted, wide)
    return _linked(graph, fitted, scores) if fitted.classes else scores


def rising(graph: Graph, quantiles: str, count: int) -> str:
    """(n, Q) each row's in rising order."""
    if count == 1:
        return quantiles
    places = graph.constant([count], np.int64)
    return graph.ops("TopK", quantiles, places, results=2, axis=1, largest=0, sorted=1)[0]


def _each_row(graph: Graph, answer: np.ndarray, features: str) -> str:
    """The same (C,) for as many rows as the features have."""
    rows = graph.op("Gather", graph.op("Shape", features), graph.constant([0], np.int64), axis=0)
    shape = graph.joined([rows, graph.constant([len(answer)], np.int64)], axis=0)
    return graph.op("Expand", graph.constant(answer[None], np.float64), shape)


def _trees(graph: Graph, trees: Trees, wide: str) -> str:
    """(n, O) scores. The operator answers in single precision, so each tree's mean is added outside, in double."""
    width, count = trees.value.shape[1], len(trees.left)
    leaf = trees.left == np.arange(count)
    owner = np.full(count, -1)
    start = trees.start.astype(np.float64).copy()
    value = trees.value.astype(np.float64).copy()
    owner[trees.root] = np.arange(trees.trees)
    for node in np.flatnonzero(~leaf):  # children stand behind their parents
        owner[trees.left[node] : trees.left[node] + 2] = owner[node]
    used = np.flatnonzero(owner >= 0)
    for tree, column in enumerate(trees.column):
        leaves = np.flatnonzero((owner == tree) & leaf)
        mean = value[leaves].mean(axis=0)
        value[leaves] -= mean
        start[column : column + width] += mean
    if not len(used):
        return _each_row(graph, start, wide)
    from onnx import numpy_helper

    order = used[np.argsort(owner[used], kind="stable")]
    leaves = order[leaf[order]]
    inner = ~leaf[order]
    grown = graph.op(
        "TreeEnsembleRegressor", wide, domain=ML,
        n_targets=len(start), aggregate_function="SUM", post_transform="NONE",
        nodes_treeids=owner[order].tolist(), nodes_nodeids=order.tolist(),
        nodes_featureids=np.where(inner, trees.feature[order], 0).tolist(),
        nodes_modes=["BRANCH_LEQ" if branch else "LEAF" for branch in inner],
        nodes_values_as_tensor=numpy_helper.from_array(
            np.where(inner, trees.threshold[order], 0).astype(np.float64), "thresholds"
        ),
        nodes_truenodeids=np.where(inner, trees.left[order], 0).tolist(),
        nodes_falsenodeids=np.where(inner, trees.left[order] + 1, 0).tolist(),
        nodes_missing_value_tracks_true=[0] * len(order),
        target_treeids=np.repeat(owner[leaves], width).tolist(),
        target_nodeids=np.repeat(leaves, width).tolist(),
        target_ids=(trees.column[owner[leaves]][:, None] + np.arange(width)).ravel().tolist(),
        target_weights_as_tensor=numpy_helper.from_array(value[leaves].ravel(), "values"),
    )  # fmt: skip
    return graph.op("Add", graph.cast(grown, "double"), graph.constant(start))


def _linked(graph: Graph, fitted: Linear | Trees, scores: str) -> str:
    """(n, O) scores to (n, classes) probabilities; classes that training lacked have probability 0."""
    if fitted.link == "sigmoid":  # over two scores, because small probabilities are lost in the operator Sigmoid
        scores = graph.op("Concat", graph.op("Sub", scores, scores), scores, axis=-1)
    found = scores if fitted.link == "identity" else graph.op("Softmax", scores, axis=-1)
    if len(fitted.present) == fitted.classes:
        return found
    spread = np.zeros((len(fitted.present), fitted.classes))
    spread[np.arange(len(fitted.present)), fitted.present] = 1.0
    return graph.op("MatMul", found, graph.constant(spread))
