"""Exported answers of quantiles: the members' average, corrected, never crossing, in every target."""

from __future__ import annotations

import json
import os
import runpy
from dataclasses import replace

import numpy as np
import pytest

import thetastar as ts
from tests.export.compiled import COMPILERS, compiled
from tests.export.models import ROLES, bare_model, table_of
from tests.export.node import in_node
from tests.export.test_c import in_c, signal_of
from tests.export.test_scripts import rows_of
from thetastar.cli import main
from thetastar.data import Preparation, infer_roles, read_table
from thetastar.data.piecewise import PiecewisePreparation
from thetastar.data.target import TargetEncoding
from thetastar.export import Answer, answer_of, export_model
from thetastar.export.c import c_file
from thetastar.export.scripts import javascript_file, python_file
from thetastar.model.answer import Answer as Members
from thetastar.model.answer import Member
from thetastar.model.calibration import Conformal
from thetastar.model.model import Model
from thetastar.recipes.fitted import Linear
from thetastar.recipes.quantiles import FittedQuantiles, boosted_quantiles, row_quantiles

LEVELS = (0.1, 0.5, 0.9)
NAMES = ["q_0.1", "q_0.5", "q_0.9"]
SHIFTS = Conformal((60.0, -20.0, 5.5))  # so large that levels cross


@pytest.fixture(scope="module")
def case():
    """(a model of four members, of which two see numbers in pieces; later rows)."""
    columns = table_of(np.random.default_rng(5), 700)
    y = 500 + 100 * signal_of(columns) + 30 * np.random.default_rng(1).normal(size=700)
    table = read_table({**columns, "y": y.tolist()})
    preparation = Preparation.fit(table, np.arange(700), infer_roles(table, "y", ROLES))
    encoding = TargetEncoding.fit(table, "y", "quantiles(0.1, 0.5, 0.9)").fit_scale(np.arange(700))
    rows = preparation.transform(table)
    cut = PiecewisePreparation.fit(preparation, rows, np.arange(700), 6)

    def network(inputs, seed):
        return ts.Network([ts.Dense(16, activation="silu"), ts.Dense(3)], input_shape=(inputs,)).initialized(seed=seed)

    generator = np.random.default_rng(0)
    slopes = [generator.normal(size=(rows.shape[1], 1)) for _ in LEVELS]
    lines = FittedQuantiles(tuple(Linear(one, np.r_[40.0], "identity", np.zeros(0, int), 0) for one in slopes))
    settings = [{"max_iter": 7, "random_state": 0}] * 3
    boosted, _ = boosted_quantiles(cut.transform(table), y, LEVELS, None, settings)
    members = (
        Member("network", 2, network(preparation.feature_count, 5), preparation),
        Member("network in pieces", 1, network(cut.feature_count, 6), cut),
        Member("the rows' own", 1, row_quantiles(y, LEVELS, None), preparation),
        Member("lines", 1, lines, preparation),
        Member("trees", 3, boosted, cut),
    )
    bare = bare_model(members[0].network, preparation, encoding)
    model = Model(
        network=members[0].network, preparation=preparation, target_encoding=encoding, record=bare.record,
        answer=Members(members, SHIFTS),
    )  # fmt: skip
    return model, table_of(np.random.default_rng(77), 400, unseen=True)


def parts_of(model, later):
    """(the exported answer, what the model says) of the whole, and of every member alone, as it is and corrected."""
    answer = answer_of(model)
    yield answer, model.predict(later)
    table = read_table(later, expected=model.preparation.names)
    for place, member in enumerate(model.members):
        said = member.predicted(member.preparation.transform(table), model.target_encoding, 1)
        yield Answer(answer.blocks, (answer.members[place],), answer.encoding), said
    corrected = Answer(answer.blocks, (answer.members[0],), answer.encoding, calibration=SHIFTS.to_state())
    table = model.preparation.transform(table)
    yield corrected, SHIFTS(model.target_encoding.predicted(model.network.predict(table)))


def same(found, wanted, model):
    found = np.asarray(found)
    assert found.shape == wanted.shape
    assert (np.diff(found, axis=1) >= 0).all()  # never crossing
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-5 * model.target_encoding.scale)


def test_the_members_cross_without_their_order(case):
    """Else the tests below would not see it."""
    model, later = case
    rows = model.preparation.transform(read_table(later, expected=model.preparation.names))
    assert (np.diff(model.network.predict(rows), axis=1) < 0).any()
    plain = replace(model._answer, calibration=None).predicted(read_table(later), model.target_encoding, 1)
    assert (np.diff(plain + np.array(SHIFTS.shifts), axis=1) < 0).any()


@pytest.mark.skipif(not COMPILERS, reason="there is no C compiler")
def test_c_gives_the_quantiles(case, tmp_path):
    model, later = case
    for place, (answer, wanted) in enumerate(parts_of(model, later)):
        text = c_file(answer, f"m{place}")
        same(compiled(text, tmp_path, f"m{place}").all(in_c(later)), wanted, model)
    assert "double quantile[3]; /* in the unit of the training data, rising: 0.1, 0.5, 0.9 */" in text
    assert f'm{place}_quantiles[3] = {{"q_0.1", "q_0.5", "q_0.9"}};' in " ".join(text.replace("\n", " ").split())
    assert "Predicts 3 quantiles of the number 'y'" in text


@pytest.mark.skipif(not COMPILERS, reason="there is no C compiler")
def test_c_in_8_bits_gives_nearly_the_same(case, tmp_path):
    model, later = case
    found = compiled(c_file(answer_of(model), "small", eight_bits=True), tmp_path, "small").all(in_c(later))
    assert (np.diff(found, axis=1) >= 0).all()
    moved = np.abs(found - model.predict(later)).max() / model.target_encoding.scale
    assert 1e-5 < moved < 0.1


def test_a_python_file_gives_the_quantiles(case, tmp_path):
    model, later = case
    for place, (answer, wanted) in enumerate(parts_of(model, later)):
        path = tmp_path / f"m{place}.py"
        path.write_text(python_file(answer), encoding="utf-8")
        found = runpy.run_path(str(path))["predict"](rows_of(later))
        assert list(found[0]) == NAMES
        same([list(one.values()) for one in found], wanted, model)


def test_a_module_gives_the_quantiles(case, tmp_path):
    model, later = case
    for place, (answer, wanted) in enumerate(parts_of(model, later)):
        path = tmp_path / f"m{place}.mjs"
        path.write_text(javascript_file(answer), encoding="utf-8")
        found = in_node(path, rows_of(later))
        assert list(found[0]) == NAMES, found[0]
        same([list(one.values()) for one in found], wanted, model)


def test_an_onnx_file_gives_the_quantiles(case, tmp_path):
    if os.environ.get("CI") != "true":
        pytest.importorskip("onnx", reason="onnx is not installed, so exported ONNX is not tested here")
        pytest.importorskip("onnxruntime", reason="onnxruntime is not installed, so exported ONNX is not tested here")
    import onnx

    from tests.export.test_onnx import fed
    from thetastar.export.onnx import checked, onnx_file
    from thetastar.export.onnx.check import run

    model, later = case
    for answer, wanted in parts_of(model, later):
        written = checked(answer, onnx_file(answer))
        (found,) = run(written, fed(later, written))
        same(found, wanted, model)
        one = {name: values[:1] for name, values in fed(later, written).items()}
        same(run(written, one)[0], wanted[:1], model)
    made = onnx.load_from_string(written)
    assert [output.name for output in made.graph.output] == ["quantiles"]
    assert json.loads({one.key: one.value for one in made.metadata_props}["quantiles"]) == NAMES


def test_a_single_level_is_a_column_too(tmp_path):
    rng = np.random.default_rng(0)
    x = rng.normal(size=300)
    model = ts.fit({"x": x, "y": 3 * x + rng.normal(size=300)}, "y", quantiles=0.9, candidates=[(8,)], effort=0.5,
                   restarts=1, folds=2, seed=0, threads=1)  # fmt: skip
    wanted = model.predict({"x": [0.5, -1.0]}).ravel()
    rows = [{"x": 0.5}, {"x": -1.0}]
    found = runpy.run_path(str(export_model(model, tmp_path / "m.py")))["predict"](rows)
    assert [list(one) for one in found] == [["q_0.9"]] * 2
    np.testing.assert_allclose([one["q_0.9"] for one in found], wanted, atol=1e-4)
    np.testing.assert_allclose([one["q_0.9"] for one in in_node(export_model(model, tmp_path / "m.mjs"), rows)], wanted,
                               atol=1e-4)  # fmt: skip
    if COMPILERS:
        text = export_model(model, tmp_path / "m.c").read_text()
        np.testing.assert_allclose(compiled(text, tmp_path, "m").all([[0.5, -1.0]]).ravel(), wanted, atol=1e-4)


def test_the_command_line_exports_them_and_measures_8_bits(tmp_path, capsys):
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    table = {"x": x, "y": np.sin(x) + (0.2 + 0.1 * np.abs(x)) * rng.normal(size=400)}
    model = ts.fit(table, "y", quantiles=LEVELS, candidates=[(8,)], effort=0.5, restarts=1, folds=2, seed=0, threads=1,
                   answer="networks")  # fmt: skip
    saved, rows = model.save(tmp_path / "fan.theta"), tmp_path / "rows.csv"
    rows.write_text("x,y\n" + "\n".join(f"{a},{b}" for a, b in zip(table["x"], table["y"], strict=True)) + "\n")
    for to, ending in (("js", "js"), ("python", "py"), ("c", "c")):
        assert main(["export", str(saved), "--to", to, "--out", str(tmp_path / f"fan.{ending}")]) == 0
        assert f"fan.{ending}  (" in "".join(capsys.readouterr().out.splitlines())
    assert main(["export", str(saved), "--to", "c", "--int8", "--data", str(rows)]) == 0
    said = capsys.readouterr().out
    assert "int8 on 400 rows" in said and "pinball" in said and "answers move by at most" in said
