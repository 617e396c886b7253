"""The model as an object: predictions, probabilities, scores, files, words."""

import copy
import pickle
import threading

import numpy as np
import pandas as pd
import polars as pl
import pytest

import thetastar as ts
from tests.study.conftest import SMALL, curve_table, rings_table


def test_predictions_have_the_form_of_the_task(regression, binary, multiclass):
    values = regression.predict(curve_table(50, seed=3))
    assert values.shape == (50,) and values.dtype == np.float64
    for model, classes in ((binary, 2), (multiclass, 3)):
        table = rings_table(50, classes, seed=3)
        labels, shares = model.predict(table), model.predict_proba(table)
        assert set(labels) <= set(model.classes) and shares.shape == (50, classes)
        assert np.allclose(shares.sum(axis=1), 1, atol=1e-12)
        assert [model.classes[k] for k in shares.argmax(axis=1)] == labels.tolist()


def test_any_frame_with_the_columns_in_any_order(regression):
    table = curve_table(30, seed=4)
    expected = regression.predict(table)
    frame = pd.DataFrame(table)
    assert np.array_equal(regression.predict(frame[["kind", "y", "z", "x"]]), expected)
    assert np.array_equal(regression.predict(pl.DataFrame(table).drop("y")), expected)
    assert np.array_equal(regression.predict(frame.assign(extra=1).drop(columns="y")), expected)


def test_unseen_levels_and_missing_cells_are_taken(regression):
    values = regression.predict({"x": [0.1, None], "z": [None, 0.2], "kind": ["never seen", None]})
    assert np.isfinite(values).all()


def test_a_missing_column_is_named(regression):
    with pytest.raises(ts.InputError, match=r"the column 'z' is missing"):
        regression.predict({"x": [0.1], "kind": ["low"]})


def test_no_probabilities_for_a_regression(regression):
    with pytest.raises(ts.InputError, match=r"predict_proba: 'y' is a regression target, which has no probabilities"):
        regression.predict_proba(curve_table(5))


def test_evaluate_scores_known_rows(regression, binary):
    table = curve_table(200, seed=6)
    scores = regression.evaluate(table)
    error = regression.predict(table) - table["y"]
    assert scores["rmse"] == pytest.approx(np.sqrt(np.mean(error**2)))
    table["y"][:50] = np.nan
    assert regression.evaluate(table)["mae"] == pytest.approx(np.abs(error[50:]).mean())
    assert set(binary.evaluate(rings_table(100, seed=6))) == {"auc", "accuracy", "log_loss", "f1", "balanced_accuracy"}
    assert binary.evaluate({"a": [0.0], "b": [0.0], "ring": ["ring 0"]})["auc"] is None


def test_evaluate_needs_the_truth(regression, binary):
    with pytest.raises(ts.InputError, match=r"there is no column 'y', which holds the truth to compare with"):
        regression.evaluate({"x": [0.1], "z": [0.1], "kind": ["low"]})
    with pytest.raises(ts.InputError, match=r"'ring 7' did not occur in training"):
        binary.evaluate({"a": [0.0], "b": [0.0], "ring": ["ring 7"]})


def test_says_what_it_is(regression):
    text = repr(regression)
    assert text.startswith("<Model: regression of 'y' by ") and "on 40 test rows" in text
    assert "rmse (lower is better)" in repr(regression.leaderboard)


@pytest.mark.parametrize("name", ["regression", "binary", "multiclass"])
def test_saved_and_loaded_it_predicts_the_same_bits(name, request, tmp_path):
    model = request.getfixturevalue(name)
    table = curve_table(60, seed=8) if name == "regression" else rings_table(60, 3, seed=8)
    loaded = ts.load(model.save(tmp_path / "m.theta"))
    assert loaded.predict(table).tolist() == model.predict(table).tolist()
    assert loaded.record == model.record and loaded.classes == model.classes and repr(loaded) == repr(model)
    assert loaded.leaderboard.to_dicts() == model.leaderboard.to_dicts()
    again = loaded.save(tmp_path / "again.theta")
    assert again.read_bytes() == (tmp_path / "m.theta").read_bytes()


def test_numbers_in_pieces_are_saved_too(tmp_path):
    settings = {**SMALL, "candidates": [{"hidden": (16,), "pieces": 12}]}
    model = ts.fit(curve_table(), target="y", **settings)
    assert model.preparation.feature_count > model.preparation.base.feature_count + 20
    assert (
        len(model.preparation.feature_names) == model.network.input_shape[0] == sum(model.preparation.widths.values())
    )
    loaded = ts.load(model.save(tmp_path / "m.theta"))
    table = curve_table(60, seed=8)
    assert np.array_equal(loaded.predict(table), model.predict(table))


def test_long_tables_go_through_in_parts(regression, monkeypatch):
    table = curve_table(100, seed=2)
    whole = regression.predict(table)
    monkeypatch.setattr("thetastar.model.model._CHUNK", 7)
    assert np.allclose(regression.predict(table), whole, rtol=1e-6)


def test_threads_may_share_a_model(regression):
    table = curve_table(2_000, seed=5)
    expected, found = regression.predict(table), []
    threads = [threading.Thread(target=lambda: found.append(regression.predict(table))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and all(np.array_equal(values, expected) for values in found)


def test_copies_and_pickles_predict_the_same(multiclass):
    table = rings_table(20, 3, seed=1)
    expected = multiclass.predict_proba(table)
    for copied in (copy.deepcopy(multiclass), pickle.loads(pickle.dumps(multiclass))):
        assert np.array_equal(copied.predict_proba(table), expected)


def test_report_is_written(regression, tmp_path):
    path = regression.report(tmp_path / "report.html")
    assert path.read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html>")


def test_a_table_without_a_header_is_matched_by_position():
    table = curve_table(120)
    array = np.column_stack([table["y"], table["x"], np.nan_to_num(table["z"])])
    model = ts.fit(array, target=0, **SMALL)
    assert np.array_equal(model.predict(array), model.predict(array[:, 1:]))
