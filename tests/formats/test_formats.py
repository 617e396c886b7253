"""Models that earlier versions wrote still load and predict the same."""

import json
from pathlib import Path

import numpy as np
import pytest

import thetastar as ts

HERE = Path(__file__).parent


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("number", [1])
def test_frozen_models_predict_the_same(number, task):
    model = ts.load(HERE / f"format_{number}_{task}.theta")
    expected = json.loads((HERE / f"format_{number}_{task}.json").read_text(encoding="utf-8"))
    assert model.task == task and model.score == expected["score"]
    predicted = model.predict(expected["rows"])
    if task == "regression":  # instruction-set levels differ in the last bits
        assert np.allclose(predicted, expected["predict"], rtol=1e-5)
    else:
        assert predicted.tolist() == expected["predict"]
        assert np.allclose(model.predict_proba(expected["rows"]), expected["predict_proba"], atol=1e-5)


def test_a_frozen_model_is_saved_again_in_todays_format(tmp_path):
    model = ts.load(HERE / "format_1_regression.theta")
    again = ts.load(model.save(tmp_path / "again.theta"))
    expected = json.loads((HERE / "format_1_regression.json").read_text(encoding="utf-8"))
    assert again.predict(expected["rows"]).tolist() == model.predict(expected["rows"]).tolist()


def test_a_frozen_model_writes_its_report(tmp_path):
    model = ts.load(HERE / "format_1_binary.theta")
    assert model.report(tmp_path / "report.html").stat().st_size > 10_000
