"""`thetastar forecast`, and `predict` and `evaluate` on what it wrote."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest

import thetastar as ts
from thetastar.cli import main

from .conftest import days, weekly


def write(path, y, first="2022-01-03", empty=0):
    lines = ["day,sold"] + [f"{d},{v:.3f}" for d, v in zip(days(len(y), first), y, strict=True)]
    lines += [f"{d}," for d in days(len(y) + empty, first)[len(y) :]]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folder = tmp_path_factory.mktemp("command")
    file = write(folder / "sales.csv", weekly(200, 41))
    model = ts.forecast(str(file), "sold", "day", horizon=7, methods=("linear on", "exponential"))
    return model.save(folder / "model.theta"), folder


def test_prints_one_json_object_and_nothing_else(tmp_path, capsys):
    file = write(tmp_path / "sales.csv", weekly(120, 42))
    asked = ["forecast", str(file), "--target", "sold", "--time", "day", "--horizon", "5", "--methods", "linear on"]
    assert main([*asked, "--level", "0.5,90", "--json"]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert err == "" and found["frequency"] == "day" and len(found["forecast"]) == 5
    assert list(found["forecast"][0]) == ["time", "prediction", "lower_50", "upper_50", "lower_90", "upper_90"]
    assert found["forecast"][0]["time"] == "2022-05-03" and found["unseen"]["steps"] == 5


def test_says_what_was_read_what_competed_and_what_came_out(tmp_path, capsys):
    y = weekly(120, 43)
    file = tmp_path / "sales.csv"
    file.write_text(
        "day,sold\n"
        + "\n".join(f"{d},{v:.3f}" for k, (d, v) in enumerate(zip(days(120), y, strict=True)) if k not in (50, 51))
    )
    assert main(["forecast", str(file), "-t", "sold", "--time", "day", "--methods", "linear on"]) == 0
    out = capsys.readouterr().out
    for text in ("120 steps of a day, 2022-01-03 to 2022-05-02. A cycle of 7 steps was found", "seasonal naive",
                 "2 steps have no value (2022-02-22 to 2022-02-23): a missing value is read as the one a season before",
                 "Verdict", "Forecast", "2022-05-03", "Nothing was saved: add --out DIR"):  # fmt: skip
        assert text in " ".join(out.split()), text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--target: say which column to forecast. .*sales.csv has: day, sold"),
        (["--target", "sold"], "--time: say which column says when"),
        (["--target", "solt", "--time", "day"], "there is no column 'solt'. Did you mean 'sold'"),
        (["--target", "sold", "--time", "sold"], "target, time and id must be different columns"),
        (["--target", "sold", "--time", "day", "--level", "100"], "a level is a percentage above 1 and below 100"),
        (["--target", "sold", "--time", "day", "--history", "seven"], "history: give whole numbers, such as 1,7,28,56"),
        (["--target", "sold", "--time", "day", "--horizon", "0"], "horizon: input should be greater than or equal"),
        (["--target", "sold", "--time", "day", "--gaps", "guess"], "gaps: input should be 'season', 'zero' or"),
        (["--target", "sold", "--time", "day", "--methods", "arima"], "methods: no method begins with 'arima'"),
        (["--target", "sold", "--time", "day", "--known", "price"], "there is no column 'price'"),
        (["--target", "sold", "--time", "day", "--lecture"], "--lecture: 100 steps are too few"),
    ],
)  # fmt: skip
def test_refuses_in_one_message_and_ends_with_2(tmp_path, capsys, arguments, message):
    file = write(tmp_path / "sales.csv", weekly(100, 44))
    assert main(["forecast", str(file), "--methods", "linear on", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "Traceback" not in err and err.count("\n") <= 2
    import re

    assert re.search(message, err), err


def test_help_has_every_option_of_the_table(capsys):
    from thetastar.forecasting.options import ForecastOptions

    assert main(["forecast", "--help"]) == 0
    out = capsys.readouterr().out
    for name in ForecastOptions.model_fields:
        assert ("--level" if name == "levels" else f"--{name}") in out, name
    assert "--lecture" in out and "--json" in out


def test_predict_writes_the_next_steps_after_new_rows(saved, tmp_path, capsys):
    model, _ = saved
    since = write(tmp_path / "since.csv", weekly(210, 41)[200:], first=str(days(201)[200]))
    assert main(["predict", str(model), str(since), "--horizon", "4"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["time"] for row in rows] == [str(d) for d in days(214)[210:]]
    assert set(rows[0]) == {"time", "prediction", "lower_80", "upper_80", "lower_95", "upper_95"}
    assert main(["predict", str(model)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 8


def test_predict_without_a_horizon_gives_every_row_its_value(saved, tmp_path, capsys):
    model, folder = saved
    assert main(["predict", str(model), str(folder / "sales.csv"), "--out", str(tmp_path / "out.csv")]) == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text())))
    made = ts.load(model).predict(str(folder / "sales.csv"))
    assert len(rows) == 200 and rows[0]["prediction"] == "" and rows[0]["day"] == "2022-01-03"
    assert float(rows[150]["prediction"]) == made[150]


def test_evaluate_says_errors_and_coverage(saved, tmp_path, capsys):
    model, _ = saved
    later = write(tmp_path / "later.csv", weekly(260, 41)[200:], first=str(days(201)[200]))
    assert main(["evaluate", str(model), str(later)]) == 0
    out = capsys.readouterr().out
    assert "1 to 7 steps ahead from 60 origins" in out and "the 80 % interval held" in out
    assert main(["evaluate", str(model), str(later), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["score"]["mae"] < 2


def test_a_model_of_single_rows_has_no_horizon(tmp_path, capsys):
    columns, target = ts.datasets.load("diabetes")
    model = ts.fit({name: np.asarray(v)[:80] for name, v in columns.items()}, target, candidates=[(4,)], effort=0.3)
    path = model.save(tmp_path / "m.theta")
    for arguments, message in ((["--horizon", "3"], "--horizon: only a forecast has steps ahead"),
                               ([], "DATA: give the rows to predict")):  # fmt: skip
        assert main(["predict", str(path), *arguments]) == 2
        assert message in capsys.readouterr().err


def test_known_columns_of_the_future_come_with_the_rows(tmp_path, capsys):
    draw = np.random.default_rng(45)
    promo = (draw.random(260) < 0.2).astype(int)
    y = 20 + 15 * promo + draw.normal(size=260)
    file = tmp_path / "sales.csv"
    rows = list(zip(days(260), y, promo, strict=True))
    file.write_text("day,sold,promo\n" + "\n".join(f"{d},{v:.3f},{p}" for d, v, p in rows[:250]))
    model = ts.forecast(str(file), "sold", "day", horizon=5, known="promo", methods=("linear",))
    path = model.save(tmp_path / "m.theta")
    future = tmp_path / "future.csv"
    future.write_text("day,sold,promo\n" + "\n".join(f"{d},,{p}" for d, _, p in rows[250:]))
    assert main(["predict", str(path), str(future), "--horizon", "5"]) == 0
    made = [float(row["prediction"]) for row in csv.DictReader(io.StringIO(capsys.readouterr().out))]
    assert np.abs(np.array(made) - y[250:255]).mean() < 3
    future.write_text("day,promo\n" + "\n".join(f"{d},{p}" for d, _, p in rows[250:]))
    assert main(["predict", str(path), str(future), "--horizon", "5"]) == 0
    assert [float(row["prediction"]) for row in csv.DictReader(io.StringIO(capsys.readouterr().out))] == made


def test_the_reference_page_is_the_table():
    import importlib.util
    from pathlib import Path

    file = Path(__file__).parents[2] / "docs" / "reference" / "make_forecast.py"
    spec = importlib.util.spec_from_file_location("make_forecast", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page(), "run docs/reference/make_forecast.py"
