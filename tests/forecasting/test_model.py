"""The model: forecast, predict, extended, evaluate; and its file, which is distrusted until everything fits."""

from __future__ import annotations

import json
import struct

import numpy as np
import pandas
import polars
import pytest

import thetastar as ts
from thetastar._container import sealed
from thetastar.errors import InputError
from thetastar.forecasting.record import ForecastRecord

from .conftest import days, weekly
from .test_methods import panel_of

Y = weekly(330, 31, noise=2.0)
T = days(330)


@pytest.fixture(scope="module")
def model():
    frame = pandas.DataFrame({"day": T[:280], "sold": Y[:280]})
    return ts.forecast(frame, target="sold", time="day", horizon=7)


def test_forecast_is_a_frame_of_the_callers_kind(model):
    made = model.forecast(10)
    assert isinstance(made, pandas.DataFrame)
    assert list(made.columns) == ["time", "prediction", "lower_80", "upper_80", "lower_95", "upper_95"]
    assert made["time"].iloc[0] == pandas.Timestamp(T[280]) and len(made) == 10
    other = ts.forecast(polars.DataFrame({"day": T[:60], "sold": Y[:60]}), "sold", "day", methods=("linear on",))
    assert isinstance(other.forecast(3), polars.DataFrame)


def test_predict_gives_each_row_the_one_step_forecast_from_the_rows_before_it(model):
    frame = pandas.DataFrame({"day": T, "sold": Y}).sample(frac=1.0, random_state=0)
    made = model.predict(frame)
    assert isinstance(made, pandas.Series) and made.index.equals(frame.index)
    in_order = made.sort_index().to_numpy()
    assert np.isnan(in_order[: model.fewest_rows]).all() and np.isfinite(in_order[model.fewest_rows :]).all()
    grown = model.extended(pandas.DataFrame({"day": T[280:300], "sold": Y[280:300]}))
    assert in_order[300] == pytest.approx(grown.rows(1)[0]["prediction"], rel=1e-12)


def test_predict_does_not_look_at_the_row_itself(model):
    frame = pandas.DataFrame({"day": T, "sold": Y})
    changed = frame.copy()
    changed.loc[300, "sold"] = 1000.0
    a, b = model.predict(frame).to_numpy(), model.predict(changed).to_numpy()
    assert np.array_equal(a[:301], b[:301], equal_nan=True) and a[301] != b[301]


def test_rows_after_the_training_count_what_the_model_has_seen_as_before(model):
    later = model.predict({"day": T[280:285], "sold": Y[280:285]})
    whole = model.predict({"day": T, "sold": Y})
    assert isinstance(later, np.ndarray) and later.tolist() == pytest.approx(whole[280:285].tolist(), rel=1e-12)


def test_extended_row_by_row_is_extended_at_once(model):
    at_once = model.extended({"day": T[280:290], "sold": Y[280:290]})
    by_row = model
    for k in range(280, 290):
        by_row = by_row.extended({"day": T[k : k + 1], "sold": Y[k : k + 1]})
    # A product of one row and a row of a larger product may differ in their last bit.
    for one, other in zip(by_row.rows(7), at_once.rows(7), strict=True):
        assert one.pop("time") == other.pop("time")
        assert one == pytest.approx(other, rel=1e-12)
    assert at_once.rows(1)[0]["time"] == str(T[290]) and len(model.series.values[0]) == 280


def test_extended_trains_nothing_and_its_intervals_learn(model):
    wild = {"day": T[280:330], "sold": Y[280:330] + np.random.default_rng(0).normal(size=50) * 60}
    grown = model.extended(wild)
    assert grown.components is model.components
    width = [row["upper_80"] - row["lower_80"] for m in (model, grown) for row in m.rows(1)]
    assert width[1] > 1.5 * width[0]


def test_evaluate_says_errors_and_coverage(model):
    found = model.evaluate({"day": T[280:], "sold": Y[280:]})
    assert found["origins"] == 50 and found["steps"] == 7
    assert found["mae"] < 2.5 and 0.6 < found["coverage"]["80"] < 0.95 and len(found["by_step"]) == 7


@pytest.mark.parametrize("steps", [0, -1, 2.5, True, 10_001])
def test_steps_must_be_a_whole_number(model, steps):
    with pytest.raises(InputError, match="steps must be a whole number from 1 to 10,000"):
        model.forecast(steps)


def test_rows_that_do_not_belong_are_refused(model):
    with pytest.raises(InputError, match=r"is on no step of the series that the model knows|on no step"):
        model.extended({"day": ["2022-11-01 13:00", "2022-11-02 13:00"], "sold": [1.0, 2.0]})
    with pytest.raises(InputError, match=r"steps from the model's. Give rows that follow"):
        model.extended({"day": ["2999-01-01", "2999-01-02"], "sold": [1.0, 2.0]})
    with pytest.raises(InputError, match="there is no column 'sold'"):
        model.predict({"day": T[:9], "bought": Y[:9]})


def test_unknown_series_are_refused():
    table = {"id": ["a", "b"] * 40, "t": np.repeat(days(40), 2), "y": np.arange(80.0)}
    model = ts.forecast(table, "y", "t", id="id", methods=("linear on",))
    with pytest.raises(InputError, match=r"the model knows 2 series, and not 'c'"):
        model.extended({"id": ["c"], "t": ["2024-01-01"], "y": [1.0]})


def test_series_may_end_apart_and_grow_apart():
    rows = [("a", str(d), v) for d, v in zip(days(120), weekly(120, 1), strict=True)]
    rows += [("b", str(d), v) for d, v in zip(days(100), weekly(100, 2), strict=True)]
    table = {"id": [r[0] for r in rows], "t": [r[1] for r in rows], "y": [r[2] for r in rows]}
    model = ts.forecast(table, "y", "t", id="id", horizon=3, methods=("linear on", "exponential"))
    assert [row["time"] for row in model.rows(1)] == [str(days(121)[120]), str(days(101)[100])]
    grown = model.extended({"id": ["b"] * 5, "t": [str(d) for d in days(105)[100:]], "y": weekly(105, 2)[100:]})
    assert [row["time"] for row in grown.rows(1)] == [str(days(121)[120]), str(days(106)[105])]
    assert grown.rows(3)[0]["prediction"] == model.rows(3)[0]["prediction"]


def test_the_result_is_what_json_promises(model):
    found = json.loads(json.dumps(model.result(3)))
    assert found["frequency"] == "day" and found["season"] == 7 and found["horizon"] == 7 and found["chosen"]
    assert set(found["forecast"][0]) == {"time", "prediction", "lower_80", "upper_80", "lower_95", "upper_95"}
    assert {"mae", "rmse", "smape", "mase", "baselines", "coverage"} <= set(found["unseen"])
    assert found["unseen"]["coverage"]["80"] > 0.5 and "seasonal naive" in found["unseen"]["baselines"]
    assert ForecastRecord.model_validate(model.record.model_dump(mode="json")) == model.record


# The file


@pytest.fixture(scope="module")
def saved(model, tmp_path_factory):
    return model.save(tmp_path_factory.mktemp("forecast") / "model.theta")


def test_what_is_loaded_forecasts_the_same_bits(model, saved):
    again = ts.load(saved)
    assert again.rows(40) == model.rows(40) and again.record == model.record
    new = {"day": T[280:290], "sold": Y[280:290]}
    assert again.extended(new).rows(9) == model.extended(new).rows(9)


def test_every_kind_of_method_survives_the_file(tmp_path):
    y = {"t": days(260), "y": weekly(260, 33, noise=3.0)}
    for name in ("exponential", "theta", "level", "linear", "boosted", "network", "recurrent", "convolution", "drift"):
        made = ts.forecast(y, "y", "t", horizon=4, methods=(name,))
        assert ts.load(made.save(tmp_path / "m.theta")).rows(6) == made.rows(6), name


def _edited(saved, tmp_path, change):
    raw = saved.read_bytes()
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8 : 8 + size])
    document = json.loads(header["__metadata__"]["thetastar"])
    change(document, header)
    header["__metadata__"]["thetastar"] = json.dumps(document, separators=(",", ":"))
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path = tmp_path / "edited.theta"
    path.write_bytes(sealed(struct.pack("<Q", len(text)) + text + raw[8 + size :]))
    return path


@pytest.mark.parametrize(
    "change",
    [
        lambda d, h: d.update(format=3),
        lambda d, h: d.update(extra=1),
        lambda d, h: d["model"].pop("season"),
        lambda d, h: d["model"].update(season=0),
        lambda d, h: d["model"].update(horizon=10**9),
        lambda d, h: d["model"].update(ids=["", "x"]),
        lambda d, h: d["model"].update(weights=[]),
        lambda d, h: d["model"].update(weights=[[0, 1, {"nobody": 1.0}]]),
        lambda d, h: d["model"]["components"][0]["state"].update(kind="os.system"),
        lambda d, h: d["model"]["components"][0].pop("state"),
        lambda d, h: d["model"]["layout"]["calendar"].update(step=0),
        lambda d, h: d["model"]["layout"]["calendar"].update(kind="weekdays", weekdays=[9]),
        lambda d, h: d["model"].update(levels=[0.0]),
        lambda d, h: d["model"].update(gaps="magic"),
        lambda d, h: d["record"].pop("verdict"),
        lambda d, h: h["series/values"].update(dtype="I64"),
        lambda d, h: h["series/lengths"].update(dtype="F64"),
    ],
)  # fmt: skip
def test_a_file_that_was_altered_is_refused_in_words(saved, tmp_path, change):
    with pytest.raises(InputError):
        ts.load(_edited(saved, tmp_path, change))


def test_inputs_and_networks_in_a_file_are_bounded(saved, tmp_path):
    def widen(document, header):
        for part in document["model"]["components"]:
            state = part["state"].get("inner", part["state"])
            if "inputs" in state:
                state["inputs"]["lags"] = 10**8

    with pytest.raises(InputError, match="the file is damaged"):
        ts.load(_edited(saved, tmp_path, widen))


def test_trees_that_lead_back_are_refused():
    from thetastar.forecasting.methods.trees import Trees

    fitted = Trees(7).fit(panel_of(Y, season=7), len(Y), 1)
    left = fitted.left.copy()
    left[0, 0] = 0
    from dataclasses import replace

    with pytest.raises(ValueError, match="leads back"):
        replace(fitted, left=left).check(1)
