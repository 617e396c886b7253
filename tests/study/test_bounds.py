"""Bounds that the user knows: no answer lies outside, none lies further from the truth, and a file keeps them."""

import json
import runpy

import numpy as np
import pytest

import thetastar as ts
from thetastar.errors import InputError
from thetastar.export.description import describe
from thetastar.model.calibration import Bounds, calibration_from_state
from thetastar.study.options import StudyOptions
from thetastar.study.problem import ask

SMALL = {"candidates": [(), (8,)], "restarts": 1, "folds": 1, "effort": 0.5, "seed": 0, "threads": 1}


def rain(rows=300):
    """Mostly none: a line through it goes below zero."""
    x = np.random.default_rng(0).normal(size=rows)
    return {"x": x, "rain": np.maximum(x + 0.1 * np.random.default_rng(1).normal(size=rows), 0)}


@pytest.fixture(scope="module", name="models")
def with_and_without(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bounds")
    return ts.fit(rain(), "rain", bounds="0:4", out=folder, **SMALL), ts.fit(rain(), "rain", **SMALL), folder


def test_no_answer_lies_outside_and_the_others_are_as_they_were(models):
    bounded, free, folder = models
    rows = {"x": np.linspace(-9, 9, 400)}
    assert np.array_equal(bounded.predict(rows), np.clip(free.predict(rows), 0, 4))
    assert free.predict(rows).min() < 0 or free.predict(rows).max() > 4
    assert np.array_equal(ts.load(folder / "model.theta").predict(rows), bounded.predict(rows))
    assert bounded.calibration == Bounds(0.0, 4.0) and free.calibration is None
    assert bounded.score["rmse"] <= free.score["rmse"]
    assert 'bounds = "0:4"' in (folder / "study.toml").read_text(encoding="utf-8")
    assert describe(bounded)["calibration"] == {"kind": "bounds", "low": 0.0, "high": 4.0} or len(bounded.members) > 1


def test_an_export_keeps_to_them(models, tmp_path):
    x = np.linspace(-9, 9, 40)
    run = runpy.run_path(str(models[0].export(tmp_path / "model.py")))
    found = np.array(run["predict"]([{"x": one} for one in x.tolist()]))
    np.testing.assert_allclose(found, models[0].predict({"x": x}), atol=1e-4)
    assert found.min() >= 0 and found.max() <= 4


@pytest.mark.parametrize("given", ["0:", (0, None), [0, ""]])
def test_ways_to_write_them(given):
    assert StudyOptions.checked(target="y", bounds=given).bounds == "0:"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"bounds": "0"}, r"bounds: write LOW:HIGH, such as 0: or 0:100"),
        ({"bounds": "low:high"}, r"bounds: write LOW:HIGH"),
        ({"bounds": "2:1"}, r"bounds: the lower must be a number below the upper"),
        ({"bounds": ":"}, r"bounds: the lower must be a number below the upper, and one of them must be given"),
        ({"bounds": "0:1"}, r"bounds=0:1: \d+ of 300 rows have .rain. outside, the first in"),
        ({"bounds": "0:", "quantiles": "0.1,0.9"}, r"bounds: they are of one number to predict"),
        ({"bounds": "0:", "target": ["rain", "x"]}, r"bounds: what is known is of one target\. Give one target"),
    ],
)  # fmt: skip
def test_refusals(given, message):
    with pytest.raises(InputError, match=message):
        ask(rain(), StudyOptions.checked(**{"target": "rain", **given}))


def test_a_damaged_file_is_refused():
    state = Bounds(0.0, None).to_state()
    assert calibration_from_state(json.loads(json.dumps(state))) == Bounds(0.0, None)
    for changed in ({"low": "0"}, {"low": float("nan")}, {"low": 3, "high": 2}, {"more": 1}):
        with pytest.raises(InputError, match=r"the calibration \(bounds\) does not hold"):
            calibration_from_state({**state, **changed})
    with pytest.raises(InputError, match="it is for a number"):
        Bounds(0.0, None).check(2)
