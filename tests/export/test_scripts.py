"""A model as one Python file and as one ES module says what the model says."""

from __future__ import annotations

import json
import runpy
from types import SimpleNamespace

import numpy as np
import pytest

from tests.export.layers import networks
from tests.export.models import model_of, table_of
from tests.export.node import in_node
from thetastar.export import Answer, NetworkMember, answer_of, describe_network, export_model
from thetastar.export.predict import arrays_of, through
from thetastar.export.scripts import javascript_file, python_file

_TARGETS = {
    "regression": lambda signal: 500 + 100 * signal,
    "binary": lambda signal: np.where(signal > 1.5, "high", "low"),
    "multiclass": lambda signal: np.digitize(signal, [1.0, 2.0]),
}


def rows_of(columns):
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def model_for(task):
    columns = table_of(np.random.default_rng(5), 700)
    signal = 0.3 * np.array(columns["whole"]) + (np.array(columns["side"]) == "left")
    return model_of(columns, _TARGETS[task](signal).tolist())


def same(found, model, later):
    """Values or probabilities within the bound that is promised."""
    if model.task == "regression":
        np.testing.assert_allclose(found, model.predict(later), rtol=0, atol=1e-5 * model.target_encoding.scale)
    else:
        np.testing.assert_allclose(found, model.predict_proba(later), rtol=0, atol=1e-5)


@pytest.mark.parametrize("task", _TARGETS)
def test_a_python_file_predicts_the_same(task, tmp_path):
    model, later = model_for(task), table_of(np.random.default_rng(77), 2000, unseen=True)
    written = export_model(model, tmp_path / "m.py")
    text = written.read_text(encoding="utf-8")
    assert not any(line.startswith(("import thetastar", "from thetastar")) for line in text.splitlines())
    run = runpy.run_path(str(written))
    same(run["MODEL"].answers(rows_of(later)), model, later)
    assert run["predict"](rows_of(later)) == pytest.approx(model.predict(later).tolist(), abs=1e-3)


@pytest.mark.parametrize("task", _TARGETS)
def test_a_module_predicts_the_same(task, tmp_path):
    model, later = model_for(task), table_of(np.random.default_rng(77), 2000, unseen=True)
    found = in_node(export_model(model, tmp_path / "m.mjs"), rows_of(later))
    assert not any("error" in one for one in found), found[0]
    same([one["value" if task == "regression" else "probabilities"] for one in found], model, later)
    if task != "regression":
        assert [one["value"] for one in found] == model.predict(later).tolist()


def test_a_module_is_small_beside_its_weights():
    model = model_for("regression")
    weights = 4 / 3 * 4 * model.network.parameter_count
    assert len(javascript_file(answer_of(model)).encode()) - weights < 30_000


def test_averages_are_by_counts(tmp_path):
    model, later = model_for("multiclass"), table_of(np.random.default_rng(77), 200, unseen=True)
    answer, other = answer_of(model), model.network.initialized(seed=9)
    members = (NetworkMember("one", 3, model.network), NetworkMember("other", 1, other))
    answer = Answer(answer.blocks, members, answer.encoding)
    from thetastar.data import read_table

    inputs = model.preparation.transform(read_table(later))
    parts = [model.target_encoding.predicted(net.predict(inputs)) for net in (model.network, other)]
    wanted = (3 * parts[0] + parts[1]) / 4
    (tmp_path / "m.py").write_text(python_file(answer), encoding="utf-8")
    (tmp_path / "m.mjs").write_text(javascript_file(answer), encoding="utf-8")
    by_python = runpy.run_path(str(tmp_path / "m.py"))["probabilities"](rows_of(later))
    by_module = [one["probabilities"] for one in in_node(tmp_path / "m.mjs", rows_of(later))]
    np.testing.assert_allclose(by_python, wanted, atol=1e-5)
    np.testing.assert_allclose(by_module, wanted, atol=1e-5)


@pytest.mark.parametrize("number", range(len(networks())))
def test_every_layer_in_numpy_gives_the_same_numbers(number):
    net, inputs = networks()[number]
    description = json.loads(json.dumps(describe_network(net)))
    parameters = arrays_of(description["parameters"])
    found = through(description["network"]["layers"], parameters, inputs.astype(float))
    np.testing.assert_allclose(found, net.predict(inputs), rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("given", ["1,5", "1_000", "0x10", "2024-01-31", "many", "1e", "Infinity"])
def test_what_is_no_number_is_refused_and_not_guessed(given, tmp_path):
    model = model_of({"x": [k / 10 for k in range(60)]}, [k / 5 for k in range(60)])
    run = runpy.run_path(str(export_model(model, tmp_path / "m.py")))
    with pytest.raises(ValueError, match=r"x: .* is not a number\. Give one, or None where it is not known\."):
        run["predict"]([{"x": given}])
    assert "is not a finite number" in in_node(export_model(model, tmp_path / "m.mjs"), [{"x": given}])[0]["error"]


@pytest.mark.parametrize(("given", "number"), [(" 7 ", 7), ("1e3", 1000), (".5", 0.5), ("", None), ("NA", None)])
def test_numbers_in_texts_are_read(given, number, tmp_path):
    model = model_of({"x": [k / 10 for k in range(60)]}, [k / 5 for k in range(60)])
    predict = runpy.run_path(str(export_model(model, tmp_path / "m.py")))["predict"]
    assert predict([{"x": given}]) == predict([{"x": number}])
    said = in_node(export_model(model, tmp_path / "m.mjs"), [{"x": given}, {"x": number}])
    assert said[0] == said[1]


def test_refusals_of_a_python_file_say_what_to_do(tmp_path):
    model = model_of({"x": [k / 10 for k in range(60)], "day": ["2024-02-29", "2023-12-31"] * 30},
                     [k / 5 for k in range(60)])  # fmt: skip
    predict = runpy.run_path(str(export_model(model, tmp_path / "m.py")))["predict"]
    with pytest.raises(ValueError, match=r"x: the column is missing in a row\. Give it, None where not known\."):
        predict([{"day": None}])
    with pytest.raises(ValueError, match=r"x: the number is infinite\. Give a finite one, or None"):
        predict([{"x": 1e999, "day": None}])
    with pytest.raises(ValueError, match=r"day: 'soon' is not a date such as 2026-11-30\. Give one, or None"):
        predict([{"x": 1, "day": "soon"}])


def test_levels_are_spelled_as_python_spells_numbers(tmp_path):
    numbers = [1e-5, 2.5e-7, 1e16, 1.5e20, 0.1, -3.0, 123456.75, 9007199254740993.0]
    levels = [repr(value) if not value.is_integer() or abs(value) >= 2**53 else str(int(value)) for value in numbers]
    block = SimpleNamespace(width=9, to_state=lambda: {
        "block": "CategoryBlock", "name": "c", "levels": levels, "single": False, "other": True, "missing": False,
        "hashed": 0, "rest": []})  # fmt: skip
    model = model_of({"x": [k / 10 for k in range(60)]}, [k / 5 for k in range(60)])
    import thetastar as ts

    net = ts.Network([ts.Dense(1)], input_shape=(9,)).initialized(seed=1)
    answer = Answer((block,), (NetworkMember("n", 1, net),), model.target_encoding)
    (tmp_path / "m.mjs").write_text(javascript_file(answer), encoding="utf-8")
    found = in_node(tmp_path / "m.mjs", [{"c": value} for value in numbers] + [{"c": level} for level in levels])
    values = [one["value"] for one in found]
    assert values[: len(numbers)] == values[len(numbers) :] and len(set(values)) == len(numbers)
