"""An exported ONNX file says what the model says: every column, layer, baseline and end, from raw columns on."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import thetastar as ts
from tests.export.layers import networks
from tests.export.models import bare_model, model_of, table_of
from tests.export.test_baselines import alone
from tests.export.test_baselines import case as baselines  # noqa: F401  (a fixture)
from tests.export.test_beliefs import ENDS, model_for
from thetastar.data import Preparation, infer_roles, read_table
from thetastar.data.blocks import Block, CategoryBlock, ImageBlock, SequenceBlock
from thetastar.data.piecewise import PiecewisePreparation
from thetastar.data.target import TargetEncoding
from thetastar.errors import InputError
from thetastar.export import Answer, NetworkMember, answer_of, export_model

if os.environ.get("CI") != "true":
    pytest.importorskip("onnx", reason="onnx is not installed, so exported ONNX is not tested here")
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed, so exported ONNX is not tested here")

import onnx

from thetastar.export.onnx import checked, onnx_file
from thetastar.export.onnx.check import level_hash, run
from thetastar.export.onnx.columns import spellings
from thetastar.export.onnx.graph import Graph
from thetastar.export.onnx.layers import NetworkNodes

TARGETS = {
    "regression": lambda signal: 500 + 100 * signal,
    "binary": lambda signal: np.where(signal > 1.5, "high", "low"),
    "multiclass": lambda signal: np.digitize(signal, [1.0, 2.0]),
}
DATES = ("day", "moment")
NUMBERS = ("number", "whole", "x", "z")


def fed(columns, written):
    """The columns of a table as the inputs of a file: numbers, seconds, texts, and the hashes of unseen levels."""
    feed = {}
    for name, values in columns.items():
        if name in DATES:
            values = [np.nan if v is None else np.datetime64(v.replace(" ", "T"), "s").astype(int) for v in values]
        if name in DATES + NUMBERS:
            feed[name] = np.array([np.nan if v is None else v for v in values], float)[:, None]
        else:
            feed[name] = np.array(["" if v is None else str(v) for v in values], object)[:, None]
    for one in onnx.load_from_string(written).graph.input:
        if one.name.endswith("_hash"):
            texts = feed[one.name.removesuffix("_hash")][:, 0]
            feed[one.name] = np.array([[level_hash(text.strip(), 32) if text else 0] for text in texts])
    return feed


def signal_of(columns):
    return 0.3 * np.array(columns["whole"]) + (np.array(columns["side"]) == "left")


def same(outputs, model, later):
    if model.task == "regression":
        np.testing.assert_allclose(outputs[0], model.predict(later), rtol=0, atol=1e-5 * model.target_encoding.scale)
        return
    wanted = model.predict_proba(later)
    np.testing.assert_allclose(outputs[1], wanted, rtol=0, atol=1e-5)
    np.testing.assert_allclose(outputs[1].sum(axis=1), 1.0, atol=1e-12)
    if model.threshold is not None:
        sure = np.abs(wanted[:, 1] - model.threshold) > 2e-5
    else:
        two = np.sort(wanted, axis=1)
        sure = two[:, -1] - two[:, -2] > 2e-5
    assert outputs[0].dtype.kind in ("i", "O")
    assert (outputs[0] == model.predict(later))[sure].all()


@pytest.mark.parametrize("task", TARGETS)
def test_whole_models_predict_the_same_from_raw_columns(task, tmp_path):
    columns = table_of(np.random.default_rng(5), 3000)
    model = model_of(columns, TARGETS[task](signal_of(columns)).tolist())
    assert any(getattr(block, "hashed", 0) for block in model.preparation.blocks)
    written = export_model(model, tmp_path / "m.onnx").read_bytes()
    onnx.checker.check_model(written, full_check=True)
    later = table_of(np.random.default_rng(77), 3000, unseen=True)
    feed = fed(later, written)
    outputs = run(written, feed)
    same(outputs, model, later)
    for rows in (slice(0, 1), slice(5, 6), slice(0, 0), slice(7, 70)):  # one row, none, some: the same as among many
        few = run(written, {name: values[rows] for name, values in feed.items()})
        for one, all_rows in zip(few, outputs, strict=True):
            assert one.shape == all_rows[rows].shape
            if one.dtype.kind == "f":
                np.testing.assert_allclose(one, all_rows[rows], rtol=1e-6, atol=1e-7)


def test_the_file_says_what_it_takes_and_gives():
    columns = table_of(np.random.default_rng(5), 3000)
    model = model_of(columns, TARGETS["binary"](signal_of(columns)).tolist())
    found = onnx.load_from_string(onnx_file(answer_of(model)))
    assert [(one.domain, one.version) for one in found.opset_import] == [("", 16), ("ai.onnx.ml", 3)]
    assert not any(one.external_data for one in found.graph.initializer)
    kinds = {one.name: (one.type.tensor_type.elem_type, one.doc_string) for one in found.graph.input}
    text, double, whole = onnx.TensorProto.STRING, onnx.TensorProto.DOUBLE, onnx.TensorProto.INT64
    assert {name: kind for name, (kind, _) in kinds.items()} == {
        "number": double, "whole": double, "answer": text, "color": text, "town": text, "town_hash": whole,
        "side": text, "day": double, "moment": double,
    }  # fmt: skip
    assert kinds["day"][1].startswith("a date as seconds since 1970-01-01 00:00")
    assert "'left', 'right'; an empty text where not known" in kinds["side"][1]
    assert [one.name for one in found.graph.output] == ["label", "probabilities"]
    properties = {one.key: one.value for one in found.metadata_props}
    assert properties["target"] == "y" and json.loads(properties["classes"]) == ["high", "low"]
    assert json.loads(properties["columns"])["side"] == kinds["side"][1]
    assert "Predicts 'y'." in found.doc_string and "probabilities, in this order: 'high', 'low'" in found.doc_string
    used = {node.op_type for node in found.graph.node}
    assert not used & {"Sigmoid", "StringNormalizer", "Imputer", "Normalizer", "LinearClassifier", "Binarizer"}


@pytest.mark.parametrize("number", range(len(networks())))
def test_every_layer_gives_the_same_numbers(number):
    net, inputs = networks()[number]
    written = network_file(net)
    onnx.checker.check_model(written, full_check=True)
    wanted = net.predict(inputs)
    np.testing.assert_allclose(run(written, {"x": inputs})[0], wanted, rtol=2e-5, atol=2e-5)
    np.testing.assert_allclose(run(written, {"x": inputs[1:2]})[0], wanted[1:2], rtol=2e-5, atol=2e-5)


def network_file(net):
    """A file of a network alone."""
    graph = Graph({"x", "y"})
    graph.input("x", "float", ("N", *net.input_shape), "")
    result = NetworkNodes(graph, net.parameters).through(net.layers, net.shapes, "x")
    graph.nodes.append(onnx.helper.make_node("Identity", [result], ["y"]))
    output = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["N", *net.output_shape])
    drawn = onnx.helper.make_graph(graph.nodes, "net", graph.inputs, [output], graph.constants)
    return onnx.helper.make_model(
        drawn, opset_imports=[onnx.helper.make_opsetid("", 16)], ir_version=8
    ).SerializeToString()


@pytest.mark.parametrize("score", [-60.0, -20.0, -16.0, 16.0, 60.0])
def test_small_probabilities_are_kept(score):
    """The operator Sigmoid of onnxruntime 1.32 is 0 from -18 on in single precision."""
    net = ts.Network([ts.Dense(1, "sigmoid")], input_shape=(1,))
    net = net.with_parameters({"dense_1.weight": np.ones((1, 1), np.float32), "dense_1.bias": np.zeros(1, np.float32)})
    found = run(network_file(net), {"x": np.array([[score]], np.float32)})[0][0, 0]
    assert found == pytest.approx(1 / (1 + np.exp(-score)), rel=1e-5)


def test_baselines_and_averages_with_them_say_the_same(baselines):  # noqa: F811
    answer, later, average, parts, bound = baselines
    for wanted, one in [(average, answer), *((part, alone(answer, k)) for k, part in enumerate(parts))]:
        written = checked(one, onnx_file(one))
        found = run(written, fed(later, written))[-1]
        np.testing.assert_allclose(found, wanted, rtol=0, atol=bound)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("ends", ENDS)
def test_calibration_and_threshold_are_inside(ends, members, tmp_path):
    model, later = model_for(ends, members)
    written = export_model(model, tmp_path / "m.onnx").read_bytes()
    same(run(written, fed(later, written)), model, later)


@pytest.mark.parametrize("pieces", [3, 12])
def test_numbers_in_pieces(pieces, tmp_path):
    columns = table_of(np.random.default_rng(5), 700)
    model = model_of(columns, TARGETS["regression"](signal_of(columns)).tolist())
    table = read_table({**columns, "y": list(range(700))})
    cut = PiecewisePreparation.fit(model.preparation, model.preparation.transform(table), np.arange(700), pieces)
    net = ts.Network([ts.Dense(8, "tanh"), ts.Dense(1)], input_shape=cut.input_shape).initialized(seed=2)
    whole = bare_model(net, cut, model.target_encoding)
    written = export_model(whole, tmp_path / "m.onnx").read_bytes()
    later = table_of(np.random.default_rng(78), 500, unseen=True)
    same(run(written, fed(later, written)), whole, later)


@pytest.mark.parametrize(
    ("labels", "kind"), [([0, 1], "i"), ([1.5, 2.5], "f"), ([False, True], "b"), (["a", "b"], "O")]
)
def test_labels_keep_their_type(labels, kind, tmp_path):
    x = [k / 10 for k in range(60)]
    table = read_table({"x": x, "y": [labels[k % 2] for k in range(60)]})
    preparation = Preparation.fit(table, np.arange(60), infer_roles(table, "y"))
    encoding = TargetEncoding.fit(table, "y", "binary")
    net = ts.Network([ts.Dense(1)], input_shape=(1,)).initialized(seed=1)
    model = bare_model(net, preparation, encoding)
    written = export_model(model, tmp_path / "m.onnx").read_bytes()
    found = run(written, {"x": np.array(x)[:, None]})[0]
    assert found.dtype.kind == kind and found.tolist() == model.predict({"x": x}).tolist()


@pytest.mark.parametrize("padded", [False, True])
def test_sequences_of_any_length_up_to_the_longest(padded):
    rng = np.random.default_rng(3)
    block = SequenceBlock("signal", (6, 2 + padded), (0.5, -1.0), (2.0, 0.3), padded)
    for kind in (ts.SimpleRNN, ts.LSTM, ts.GRU):
        layers = [kind(4, mask_value=0.0 if padded else None), ts.Dense(1)]
        net = ts.Network(layers, input_shape=block.shape).initialized(seed=3)
        answer = Answer((block,), (NetworkMember("net", 1, net),), REGRESSION)
        written = checked(answer, onnx_file(answer))
        x = rng.normal(size=(1, 6, 2)).astype(np.float32)
        x[0, 4:] = np.nan
        if padded:
            rows = np.zeros((1, 6, 3), np.float32)
            rows[0, :4, :2] = (x[0, :4] - np.float32(block.centre)) / np.float32(block.scale)
            rows[0, :4, 2] = 1.0
            np.testing.assert_allclose(run(written, {"signal": x})[0], net.predict(rows)[:, 0], atol=1e-5)


def test_images():
    block = ImageBlock("photo", (7, 6, 3), (100.0, 90.0, 80.0), (50.0, 40.0, 30.0))
    layers = [ts.Conv2D(4, 3, padding="same", activation="relu"), ts.MaxPool2D(2), ts.Flatten(), ts.Dense(1)]
    net = ts.Network(layers, input_shape=(7, 6, 3)).initialized(seed=4)
    answer = Answer((block,), (NetworkMember("net", 1, net),), REGRESSION)
    written = checked(answer, onnx_file(answer))
    x = np.random.default_rng(1).uniform(0, 255, (9, 7, 6, 3)).astype(np.float32)
    wanted = net.predict((x - np.float32(block.centre)) / np.float32(block.scale))[:, 0]
    np.testing.assert_allclose(run(written, {"photo": x})[0], wanted, rtol=1e-5, atol=1e-5)


class _Regression(SimpleNamespace):
    def predicted(self, outputs):
        return outputs[:, 0].astype(float)


REGRESSION = _Regression(name="y", task="regression", classes=None, mean=0.0, scale=1.0,
                         kind=SimpleNamespace(classification=False, probable=False, levels=(), targets=1))  # fmt: skip


def test_columns_may_be_called_as_outputs_are(tmp_path):
    rows = {"label": [k / 10 for k in range(60)], "probabilities": ["a", "b"] * 30, "Cast_1": ["u", "v", "w"] * 20}
    table = read_table({**rows, "y": ["no", "yes"] * 30})
    preparation = Preparation.fit(table, np.arange(60), infer_roles(table, "y"))
    net = ts.Network([ts.Dense(1)], input_shape=preparation.input_shape).initialized(seed=1)
    model = bare_model(net, preparation, TargetEncoding.fit(table, "y"))
    written = export_model(model, tmp_path / "m.onnx").read_bytes()
    found = onnx.load_from_string(written)
    assert {one.name for one in found.graph.input} == set(rows)
    assert [one.name for one in found.graph.output] == ["label_2", "probabilities_2"]
    feed = {name: np.array(values, float if name == "label" else object)[:, None] for name, values in rows.items()}
    np.testing.assert_allclose(run(written, feed)[1], model.predict_proba(rows), atol=1e-5)


def test_levels_are_known_in_their_usual_spellings():
    block = CategoryBlock("c", ("red", "Blue", "12", "BLUE"), False, True, True)
    known = spellings(block)
    assert {"red", "RED", "Red", " red ", "12.0", "BLUE", "Blue"} <= set(known)
    assert known["BLUE"] == "BLUE" and known["Blue"] == "Blue" and known[" RED"] == "RED"
    assert "rED" not in known


def test_without_its_hash_an_unseen_level_counts_as_other_and_known_ones_need_none(tmp_path):
    columns = table_of(np.random.default_rng(5), 3000)
    model = model_of(columns, TARGETS["regression"](signal_of(columns)).tolist())
    written = export_model(model, tmp_path / "m.onnx").read_bytes()
    block = next(one for one in model.preparation.blocks if getattr(one, "hashed", 0))
    levels = {*block.levels, *(level for level, _ in block.rest)}
    later = table_of(np.random.default_rng(6), 400, unseen=True)
    known = np.array([town is None or town in levels for town in later["town"]])
    assert known.any() and not known.all()
    feed = fed(later, written)
    with_hashes = run(written, feed)[0]
    del feed["town_hash"]
    without = run(written, feed)[0]
    assert (with_hashes == without)[known].all() and (with_hashes != without)[~known].any()


def test_the_answer_of_a_study_is_exported_whatever_it_is(tmp_path):
    generator = np.random.default_rng(3)
    x, z = generator.normal(size=(2, 500))
    rows = {"x": x, "z": z, "y": np.where(x > 0, 3.0, -1.0) + (z > 0.5) + 0.1 * generator.normal(size=500)}
    model = ts.fit(rows, "y", candidates=[(8,)], effort=1, restarts=1, folds=3, seed=0)
    written = model.export(tmp_path / "m.onnx").read_bytes()
    found = run(written, {"x": x[:, None], "z": z[:, None]})[0]
    np.testing.assert_allclose(found, model.predict({"x": x, "z": z}), rtol=0, atol=1e-5 * np.std(rows["y"]))


@given(
    st.lists(st.one_of(st.none(), st.floats(-1e30, 1e30, width=64)), min_size=1, max_size=40),
    st.lists(st.one_of(st.none(), st.text(max_size=6)), min_size=1, max_size=40),
)
@settings(max_examples=40, deadline=None)
def test_any_numbers_and_texts(numbers, texts):
    """Within the far values that the model draws in, and with any text at all: known, missing or unseen."""
    model, written = _small()
    rows = max(len(numbers), len(texts))
    numbers, texts = ([*given, *[given[-1]] * (rows - len(given))] for given in (numbers, texts))
    texts = [None if text is None or "\x00" in text or not text.isprintable() else text for text in texts]
    feed = {"x": np.array([np.nan if v is None else v for v in numbers], float)[:, None],
            "c": np.array(["" if v is None else v for v in texts], object)[:, None]}  # fmt: skip
    values = run(written, feed)[0]
    assert np.isfinite(values).all()
    known = np.array([text is None or text.strip() == "" or text in ("red", "blue", "green") for text in texts])
    table = {"x": numbers, "c": [text if ok else "another" for text, ok in zip(texts, known, strict=True)]}
    plain = np.array([ok or text.strip().casefold() not in ("red", "blue", "green", *_words) for ok, text in
                      zip(known, texts, strict=True)])  # fmt: skip
    wanted = model.predict(table)
    np.testing.assert_allclose(values[plain], wanted[plain], rtol=1e-5, atol=1e-5 * model.target_encoding.scale)


_words = {"?", "na", "n/a", "#n/a", "#na", "<na>", "null", "<null>", "nan", "-nan", "nat", "#null!"}


def _small(made=[]):  # noqa: B006  (made once for all examples)
    if not made:
        rows = {"x": [k / 10 for k in range(60)], "c": ["red", "blue", "green", None, "blue", "red"] * 10}
        table = read_table({**rows, "y": [k / 3 for k in range(60)]})
        preparation = Preparation.fit(table, np.arange(60), infer_roles(table, "y", {"c": "category"}))
        encoding = TargetEncoding.fit(table, "y").fit_scale(np.arange(60))
        net = ts.Network([ts.Dense(6, "tanh"), ts.Dense(1)], input_shape=preparation.input_shape).initialized(seed=2)
        model = bare_model(net, preparation, encoding)
        made += [model, onnx_file(answer_of(model))]
    return made


# What is refused


def simple(**changes):
    model = model_of({"x": [k / 10 for k in range(60)]}, [k / 5 for k in range(60)])
    return dataclasses.replace(answer_of(model), **changes)


def test_a_column_without_onnx_is_refused():
    @dataclasses.dataclass(frozen=True)
    class SoundBlock(Block):
        width = 1
        feature_names = fill = fit = sound = None

    SoundBlock.__abstractmethods__ = frozenset()
    with pytest.raises(InputError, match=r"export to ONNX: the column 'hum' is prepared by a SoundBlock, which has no "
                       r"ONNX yet\. Use --to python\."):  # fmt: skip
        onnx_file(simple(blocks=(SoundBlock("hum"),)))


def test_layers_and_activations_without_onnx_are_refused():
    nodes = NetworkNodes(Graph(set()), {})
    with pytest.raises(InputError, match=r"export to ONNX: the layer 'wave' has no ONNX yet\. Use to='python'"):
        nodes.through((SimpleNamespace(kind="wave"),), ((1,), (1,)), "x")
    with pytest.raises(InputError, match=r"export to ONNX: the activation 'wave' has no ONNX yet\. Use to='python'"):
        nodes._activate("wave", "x")


def test_double_precision_is_refused():
    answer = simple()
    net = answer.members[0].network
    double = net.with_parameters({name: value.astype(float) for name, value in net.parameters.items()})
    with pytest.raises(InputError, match=r"'one' must have float32 parameters\. Got float64\. Train in float32\."):
        onnx_file(simple(members=(NetworkMember("one", 1, double),)))


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_package_that_is_not_installed_is_named(package, monkeypatch, tmp_path):
    model = model_of({"x": [k / 10 for k in range(60)]}, [k / 5 for k in range(60)])
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=rf"export to ONNX: the package {package} is needed, and is not installed\. "
                       r"Install it: pip install 'thetastar\[onnx\]'\."):  # fmt: skip
        export_model(model, tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_that_says_something_else_is_not_written():
    written = onnx_file(simple())
    other = simple(encoding=dataclasses.replace(simple().encoding, mean=7.0))
    with pytest.raises(InputError, match=r"the answers of the file must be within 1e-05 of the model's\. In row [\d,]+ "
                       r"of 1,000 random rows it says .* where the model says .*\. Nothing was written"):  # fmt: skip
        checked(other, written)


def test_a_file_that_cannot_be_run_is_not_written():
    model = onnx.load_from_string(onnx_file(simple()))
    del model.graph.node[-2]
    with pytest.raises(InputError, match=r"the file that was made cannot be run \(.*\)\. Nothing was written"):
        checked(simple(), model.SerializeToString())
