"""predict.js says what the model says: layer by layer, feature by feature, and whole models, in Node."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

import thetastar as ts
from tests.export.layers import networks
from tests.export.models import bare_model, model_of, prepared, table_of
from thetastar.data import Preparation, infer_roles, read_table
from thetastar.data.piecewise import PiecewisePreparation
from thetastar.data.target import TargetEncoding
from thetastar.export import describe, describe_network, predict_script
from thetastar.export.description import _preparation

HERE = Path(__file__).parent
NODE = shutil.which("node")


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """A function that hands jobs to predict.js and gives back what it says."""
    if NODE is None:
        if os.environ.get("CI") == "true":
            pytest.fail("continuous integration must have Node for the tests of predict.js")
        pytest.skip("Node is not installed, so predict.js is not tested here")
    script = tmp_path_factory.mktemp("export") / "predict.mjs"
    script.write_text(predict_script(), encoding="utf-8")

    def ask(jobs):
        found = subprocess.run(
            [NODE, str(HERE / "run_predict.mjs"), str(script)],
            input=json.dumps(jobs),
            capture_output=True,
            text=True,
            timeout=600,  # it takes a second; other work on the machine must not fail it
        )
        assert found.returncode == 0, found.stderr
        return json.loads(found.stdout)

    return ask


@pytest.fixture(scope="module")
def layer_answers(answers):
    """(network, inputs, answers) of all of them, from one run of Node."""
    cases = networks()
    jobs = [{"description": describe_network(net), "inputs": [x.ravel().tolist() for x in xs]} for net, xs in cases]
    return [(net, xs, found) for (net, xs), found in zip(cases, answers(jobs), strict=True)]


@pytest.mark.parametrize("number", range(len(networks())))
def test_every_layer_gives_the_same_numbers(number, layer_answers):
    net, inputs, found = layer_answers[number]
    outputs = np.array([answer["outputs"] for answer in found]).reshape(net.predict(inputs).shape)
    np.testing.assert_allclose(outputs, net.predict(inputs), rtol=2e-5, atol=2e-5)
    assert [layer["name"] for layer in found[0]["layers"]] == [row["name"] for row in net.summary()]


def test_hidden_layers_are_those_of_the_trace(answers):
    net = ts.Network([ts.Dense(3, activation="tanh"), ts.Dense(1)], input_shape=(2,)).initialized(seed=1)
    layers = answers([{"description": describe_network(net), "inputs": [[0.5, -2.0]]}])[0][0]["layers"]
    seen = net.trace(np.array([0.5, -2.0], dtype=np.float32), np.array([0.0]), loss="mean_squared_error")
    np.testing.assert_allclose(layers[0]["values"], seen["dense_1"]["output"].ravel(), atol=1e-6)


def _rows(columns):
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


@pytest.mark.parametrize("seed", [0, 1, 2])
@pytest.mark.parametrize("pieces", [0, 12])
def test_every_kind_of_column_becomes_the_same_features(seed, pieces, answers):
    preparation, table = prepared(seed)
    assert {type(block).__name__ for block in preparation.blocks} == {
        "NumberBlock", "BooleanBlock", "CategoryBlock", "DateBlock",
    }  # fmt: skip
    assert any(getattr(block, "hashed", 0) for block in preparation.blocks)
    if pieces:
        preparation = PiecewisePreparation.fit(preparation, preparation.transform(table), np.arange(500), pieces)
    columns = table_of(np.random.default_rng(seed + 100), 300, unseen=True)
    wanted = preparation.transform(read_table(columns))
    net = ts.Network([ts.Dense(1)], input_shape=(preparation.feature_count,)).initialized(seed=0)
    description = {**describe_network(net), "preparation": _preparation(preparation)}
    found = answers([{"description": json.loads(json.dumps(description)), "rows": _rows(columns)}])[0]
    assert not any("error" in answer for answer in found), found[0]
    np.testing.assert_allclose([answer["inputs"] for answer in found], wanted, rtol=1e-6, atol=2e-6)


def test_what_cannot_be_read_is_refused_in_words(answers):
    preparation, _ = prepared(0)
    net = ts.Network([ts.Dense(1)], input_shape=(preparation.feature_count,)).initialized(seed=0)
    description = {**describe_network(net), "preparation": _preparation(preparation)}
    good = {name: None for name in table_of(np.random.default_rng(0), 1)}
    rows = [good, {**good, "number": "many"}, {**good, "day": "yesterday"}]
    found = answers([{"description": description, "rows": rows}])[0]
    assert "outputs" in found[0]
    assert found[1]["error"] == 'number: "many" is not a finite number. Give one, or null where it is not known.'
    assert found[2]["error"].startswith('day: "yesterday" is not a date such as 2026-11-30.')


_TARGETS = {
    "regression": lambda signal: 500 + 100 * signal,
    "binary": lambda signal: np.where(signal > 1.5, "high", "low"),
    "multiclass": lambda signal: np.digitize(signal, [1.0, 2.0]),
}


@pytest.mark.parametrize("task", _TARGETS)
def test_whole_models_predict_the_same(task, answers):
    columns = table_of(np.random.default_rng(5), 700)
    signal = 0.3 * np.array(columns["whole"]) + (np.array(columns["side"]) == "left")
    model = model_of(columns, _TARGETS[task](signal).tolist())
    assert model.task == task
    later = table_of(np.random.default_rng(77), 200, unseen=True)
    found = answers([{"description": json.loads(json.dumps(describe(model))), "rows": _rows(later)}])[0]
    predicted = model.predict(later)
    if task == "regression":
        spread = model.target_encoding.scale
        np.testing.assert_allclose([answer["value"] for answer in found], predicted, atol=1e-5 * spread)
    else:
        assert [answer["value"] for answer in found] == predicted.tolist()
        np.testing.assert_allclose([a["probabilities"] for a in found], model.predict_proba(later), atol=1e-5)


def test_sixteen_bits_keep_three_digits(answers):
    columns = table_of(np.random.default_rng(5), 700)
    model = model_of(columns, (100.0 * np.array(columns["whole"])).tolist())
    small = json.loads(json.dumps(describe(model, bits=16)))
    assert len(small["parameters"]["data"]) < 0.51 * len(describe(model)["parameters"]["data"])
    found = answers([{"description": small, "rows": _rows(columns)[:100]}])[0]
    first = {name: values[:100] for name, values in columns.items()}
    spread = model.target_encoding.scale
    np.testing.assert_allclose([answer["value"] for answer in found], model.predict(first), atol=1e-3 * spread)


@pytest.mark.parametrize("kind", ["image", "sequence"])
def test_images_and_sequences_predict_the_same(kind, answers):
    rng = np.random.default_rng(3)
    samples = rng.integers(0, 256, (60, 6, 6, 1)).astype(np.uint8) if kind == "image" else rng.normal(size=(60, 9, 2))
    table = read_table((samples, np.arange(60) % 3))
    preparation = Preparation.fit(table, np.arange(60), infer_roles(table, "target"))
    encoding = TargetEncoding.fit(table, "target")
    layers = [ts.Conv2D(4, 3), ts.Flatten()] if kind == "image" else [ts.LSTM(4, return_sequences=True), ts.GRU(3)]
    net = ts.Network([*layers, ts.Dense(3)], input_shape=preparation.input_shape).initialized(seed=0)
    model = bare_model(net, preparation, encoding)
    rows = [{kind: one.ravel().tolist() if kind == "image" else one.tolist()} for one in samples[:20]]
    found = answers([{"description": json.loads(json.dumps(describe(model))), "rows": rows}])[0]
    wanted = model.predict_proba((samples[:20], np.zeros(20)))
    np.testing.assert_allclose([a["probabilities"] for a in found], wanted, atol=1e-5)
