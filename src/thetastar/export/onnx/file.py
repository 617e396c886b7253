"""The whole of a model in ONNX: columns, members, their average, calibration, label, and words about all that."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from thetastar.data.targets import AnyTarget
from thetastar.errors import InputError
from thetastar.export.answer import LEAST, Answer, FittedMember, NetworkMember, quantile_names
from thetastar.export.onnx.columns import Columns, input_name
from thetastar.export.onnx.fitted import fitted_answer, rising
from thetastar.export.onnx.formula import formula_answer
from thetastar.export.onnx.graph import IR_VERSION, ML, ML_VERSION, OPSET, Graph, package
from thetastar.export.onnx.layers import NetworkNodes
from thetastar.recipes.formulas import FittedFormula, FormulaAndNetwork

__all__ = ["onnx_file"]


def onnx_file(answer: Answer) -> bytes:
    """The bytes of an ONNX file that answers as the model does.

    One input a column, (N, 1): double for numbers and dates, texts for categories; images and sequences as float. A
    number is answered as `value` (N,), quantiles as `quantiles` (N, Q), a class as `label` (N,) and `probabilities`
    (N, C), in double precision. Several targets are `values` (N, K), or of labels `labels` (N, K), true where it is the
    second of its two classes, and `probabilities` (N, K) of that.

    Raises:
        InputError: the package onnx is not installed, or ONNX cannot hold a part of the model.
    """
    onnx = package("onnx")
    names = [input_name(block, place) for place, block in enumerate(answer.blocks)]
    graph = Graph(set(names))
    classes = answer.encoding.classes
    called = ("label", "probabilities") if classes is not None else ("quantiles",) if answer.levels else ("value",)
    if answer.targets:
        called = ("labels", "probabilities") if answer.labels else ("values",)
    outputs = [graph.name(name) for name in called]
    columns = Columns(graph)
    for block, name in zip(answer.blocks, names, strict=True):
        columns.add(block, name)
    together = _average(graph, answer, columns)
    if answer.targets:
        last = [*_labels_of(graph, answer, together)] if answer.labels else [together]
    elif answer.levels:
        last = [_shifted(graph, answer, together)]
    elif classes is None:
        last = [graph.op("Squeeze", _bounded(graph, answer, together), graph.constant([1], np.int64))]
    else:
        probabilities = _calibrated(graph, answer, together)
        last = [_label(graph, answer, probabilities), probabilities]
    for result, output in zip(last, outputs, strict=True):
        graph.nodes.append(onnx.helper.make_node("Identity", [result], [output], name=output))
    return _model(onnx, graph, answer, outputs).SerializeToString()


def _average(graph: Graph, answer: Answer, columns: Columns) -> str:
    """(n, 1) values, (n, C) probabilities, (n, Q) quantiles or (n, K) of several targets: the members' average."""
    parts, features = [], columns.joined()
    for member in answer.members:
        found = _member(graph, member, answer, columns, features)
        if len(answer.members) == 1:
            return found
        parts.append(graph.op("Mul", found, graph.constant(float(member.count))))
    total = parts[0]
    for part in parts[1:]:
        total = graph.op("Add", total, part)
    return graph.op("Div", total, graph.constant(float(sum(member.count for member in answer.members))))


def _member(graph: Graph, member: NetworkMember | FittedMember, answer: Answer, columns: Columns, features: str) -> str:
    x = graph.joined([features, *(_pieces(graph, features, column, edges) for column, edges in member.pieces)])
    if isinstance(member, FittedMember) and isinstance(member.fitted, FittedFormula | FormulaAndNetwork):
        return formula_answer(graph, columns, answer, member.fitted, x)
    if isinstance(member, FittedMember):
        return fitted_answer(graph, member.fitted, x)
    network = member.network
    if any(array.dtype != np.float32 for array in network.parameters.values()):
        raise InputError(
            f"export to ONNX: {member.name!r} must have float32 parameters. Got float64. Train in float32."
        )
    if len(network.input_shape) > 1:
        x = graph.op("Reshape", x, graph.constant([0, *network.input_shape], np.int64))
    outputs = NetworkNodes(graph, network.parameters).through(network.layers, network.shapes, x)
    return _decoded(graph, answer, graph.cast(outputs, "double"), network.output_shape[-1])


def _pieces(graph: Graph, features: str, column: int, edges: np.ndarray) -> str:
    """How far a number has come through each piece of its range."""
    given = graph.op("Gather", features, graph.constant([column], np.int64), axis=1)
    past = graph.op("Sub", given, graph.constant(edges[:-1], np.float32))
    part = graph.op("Div", past, graph.constant(edges[1:] - edges[:-1], np.float32))
    return graph.op("Clip", part, graph.constant(0.0, np.float32), graph.constant(1.0, np.float32))


def _decoded(graph: Graph, answer: Answer, scores: str, count: int) -> str:
    """A network's outputs as values in the target's unit, as quantiles in rising order or as probabilities.

    The probability of a label is 1 / (1 + exp(-z)), because small ones are lost in the operator Sigmoid.
    """
    encoding = answer.encoding
    if answer.labels:
        one = graph.constant(1.0)
        return graph.op("Div", one, graph.op("Add", one, graph.op("Exp", graph.op("Neg", scores))))
    if answer.targets:
        scaled = graph.op("Mul", scores, graph.constant(encoding.scale, np.float64))
        return graph.op("Add", scaled, graph.constant(encoding.mean, np.float64))
    if encoding.classes is None:
        scaled = graph.op("Mul", scores, graph.constant(float(encoding.scale)))
        return rising(graph, graph.op("Add", scaled, graph.constant(float(encoding.mean))), count)
    if count == 1:  # over two scores, because small probabilities are lost in the operator Sigmoid
        scores = graph.op("Concat", graph.op("Sub", scores, scores), scores, axis=-1)
    return graph.op("Softmax", scores, axis=-1)


def _shifted(graph: Graph, answer: Answer, quantiles: str) -> str:
    """Quantiles, each moved by its own number where the model corrects them."""
    if answer.calibration is None:
        return quantiles
    moved = graph.op("Add", quantiles, graph.constant(answer.calibration["shifts"], np.float64))
    return rising(graph, moved, len(answer.levels))


def _bounded(graph: Graph, answer: Answer, values: str) -> str:
    """Values within the bounds that the user gave."""
    for end, kind in (("low", "Max"), ("high", "Min")):
        bound = (answer.calibration or {}).get(end)
        values = values if bound is None else graph.op(kind, values, graph.constant(float(bound)))
    return values


def _labels_of(graph: Graph, answer: Answer, together: str) -> tuple[str, str]:
    """Of several labels whether each is named, and its probability, by the beta calibration of those that have one."""
    likely, calibration = together, answer.calibration
    if calibration is not None:
        parts = [{"a": 1.0, "b": 1.0, "c": 0.0} if part is None else part for part in calibration["parts"]]
        a, b, c = (graph.constant([part[name] for part in parts], np.float64) for name in "abc")
        one, least = graph.constant(1.0), graph.constant(LEAST)
        yes = graph.op("Log", graph.op("Max", together, least))
        no = graph.op("Log", graph.op("Max", graph.op("Sub", one, together), least))
        odds = graph.op("Add", graph.op("Sub", graph.op("Mul", yes, a), graph.op("Mul", no, b)), c)
        moved = graph.op("Div", one, graph.op("Add", one, graph.op("Exp", graph.op("Neg", odds))))
        kept = graph.constant([part is None for part in calibration["parts"]], np.bool_)
        likely = graph.op("Where", kept, together, moved)
    if answer.threshold is None:
        return graph.op("Greater", likely, graph.constant(0.5)), likely
    return graph.op("GreaterOrEqual", likely, graph.constant(np.array(answer.threshold), np.float64)), likely


def _calibrated(graph: Graph, answer: Answer, probabilities: str) -> str:
    calibration = answer.calibration
    if calibration is None:
        return probabilities
    logs = graph.op("Log", graph.op("Max", probabilities, graph.constant(LEAST)))
    if calibration["kind"] == "beta":
        factors = np.array([[-calibration["b"]], [calibration["a"]]], np.float64)
        weighed = graph.op("MatMul", logs, graph.constant(factors))
        odds = graph.op("Add", weighed, graph.constant(float(calibration["c"])))
        scores = graph.op("Concat", graph.op("Sub", odds, odds), odds, axis=-1)
    elif calibration["kind"] == "vector":
        scaled = graph.op("Mul", logs, graph.constant(calibration["scale"], np.float64))
        scores = graph.op("Add", scaled, graph.constant(calibration["shift"], np.float64))
    else:
        scores = graph.op("Div", logs, graph.constant(float(calibration["temperature"])))
    return graph.op("Softmax", scores, axis=-1)


def _label(graph: Graph, answer: Answer, probabilities: str) -> str:
    if answer.threshold is None:
        place = graph.op("ArgMax", probabilities, axis=1, keepdims=0)
    else:
        second = graph.op("Gather", probabilities, graph.constant(1, np.int64), axis=1)
        above = graph.constant(np.array(answer.threshold), np.float64)
        place = graph.cast(graph.op("GreaterOrEqual", second, above), "int64")
    return graph.op("Gather", graph.constant(_labels(answer.encoding)), place, axis=0)


def _labels(encoding: AnyTarget) -> np.ndarray:
    """(C,) the labels of a target: truths, whole numbers, numbers, or else texts."""
    labels = [label.item() if isinstance(label, np.generic) else label for label in encoding.classes or ()]
    for kind, dtype in ((bool, np.bool_), (int, np.int64), (float, np.float64)):
        if all(type(label) is kind for label in labels):
            return np.array(labels, dtype)
    return np.array([str(label) for label in labels], object)


def _model(onnx: Any, graph: Graph, answer: Answer, outputs: list[str]) -> Any:
    from onnx import TensorProto, helper

    classes, encoding = answer.encoding.classes, answer.encoding
    if classes is None:
        width = len(answer.levels) or len(answer.targets)
        shape: list[str | int] = ["N", width] if width else ["N"]
        kinds = [TensorProto.BOOL] * answer.labels + [TensorProto.DOUBLE]
        made = [helper.make_tensor_value_info(name, kind, shape) for name, kind in zip(outputs, kinds, strict=True)]
    else:
        known = {"b": TensorProto.BOOL, "i": TensorProto.INT64, "f": TensorProto.DOUBLE, "O": TensorProto.STRING}
        kind = known[_labels(answer.encoding).dtype.kind]
        made = [
            helper.make_tensor_value_info(outputs[0], kind, ["N"]),
            helper.make_tensor_value_info(outputs[1], TensorProto.DOUBLE, ["N", len(classes)]),
        ]
    words = _words(answer, graph, outputs)
    drawn = helper.make_graph(graph.nodes, "thetastar", graph.inputs, made, graph.constants, doc_string=words)
    model = helper.make_model(
        drawn, producer_name="thetastar", producer_version=answer.version, doc_string=words,
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_VERSION)], ir_version=IR_VERSION,
    )  # fmt: skip
    properties = {
        "target": encoding.name, "task": encoding.task,
        "columns": json.dumps({one.name: one.doc_string for one in graph.inputs}, ensure_ascii=False),
    }  # fmt: skip
    if classes is not None:
        properties["classes"] = json.dumps(_labels(encoding).tolist(), ensure_ascii=False)
    if answer.targets:
        properties["targets"] = json.dumps(list(answer.targets), ensure_ascii=False)
    if answer.labels:
        each = [_labels(part).tolist() for part in encoding.parts]
        properties["classes"] = json.dumps(each, ensure_ascii=False)
    if answer.levels:
        properties["quantiles"] = json.dumps(quantile_names(answer.levels))
    helper.set_model_props(model, properties)
    return model


def _words(answer: Answer, graph: Graph, outputs: list[str]) -> str:
    encoding, classes = answer.encoding, answer.encoding.classes
    made = f"thetastar {answer.version}".strip()
    lines = [
        f"Predicts {encoding.name!r}. Written by {made} from a trained model; preparation of the columns included.",
        "",
        "Inputs:",
        *(f"  {one.name}: {one.doc_string}" for one in graph.inputs),
        "",
        "Levels are known as training wrote them, in small or capital letters, capitalised, with a blank before or "
        "behind, and whole numbers with .0; any other spelling counts as a level that training did not see. "
        "Infinite numbers are drawn in as far values are; predict() refuses them.",
        "",
    ]
    if answer.levels:
        shown = ", ".join(quantile_names(answer.levels))
        return "\n".join([*lines, f"Output: {outputs[0]}, in the unit of the training data, in this order: {shown}."])
    if answer.targets:
        return "\n".join([*lines, _words_of_targets(answer, outputs)])
    if classes is None:
        return "\n".join([*lines, f"Output: {outputs[0]}, in the unit of the training data."])
    called = "the likeliest class"
    if isinstance(answer.threshold, float):
        called = f"{classes[1]!r} from a probability of {answer.threshold:g} on, else {classes[0]!r}"
    shown = ", ".join(map(repr, classes[:20])) + (", …" if len(classes) > 20 else "")
    return "\n".join([*lines, f"Outputs: {outputs[0]}, {called}; {outputs[1]}, in this order: {shown}."])


def _words_of_targets(answer: Answer, outputs: list[str]) -> str:
    """What the columns of the outputs are."""
    if not answer.labels:
        shown = ", ".join(map(repr, answer.targets))
        return f"Output: {outputs[0]}, in the units of the training data, in this order: {shown}."
    shown = ", ".join(f"{part.name!r} is {part.classes[1]!r}" for part in answer.encoding.parts if part.classes)
    above = "one half"
    if isinstance(answer.threshold, tuple):
        above = f"or at {', '.join(f'{value:g}' for value in answer.threshold)}"
    return f"Outputs: {outputs[0]}, true above {above}; {outputs[1]}, in this order: that {shown}."
