"""A forecast as C, JavaScript, Python and ONNX says what the model says: every method, alone and in averages."""

from __future__ import annotations

import ctypes
import json
import os
import runpy
import shutil
import subprocess

import numpy as np
import pytest

import thetastar as ts
from tests.export.compiled import COMPILERS, WARNINGS
from tests.export.forecasts import METHODS, NETWORKS, STEPS, base_model, close, given, model_with, wanted
from tests.export.node import asked
from thetastar.errors import InputError
from thetastar.export import export_model
from thetastar.export.forecast.c import c_forecast
from thetastar.export.forecast.check import checked_forecast, fed, session_of
from thetastar.export.forecast.described import described_forecast
from thetastar.export.forecast.forecast import read
from thetastar.forecasting.methods.contract import FITTED
from thetastar.forecasting.methods.linear import Ridge
from thetastar.forecasting.methods.simple import SeasonalNaive
from thetastar.forecasting.methods.smoothing import Smoothing

FURTHER = 25  # steps past the trained horizon, by recursion


def stacked(found, model):
    """(1 + 2 levels, steps) of what a script says."""
    sides = [found[side][f"{level:g}"] for level in model.levels for side in ("lower", "upper")]
    return np.array([found["prediction"], *sides])


def of_reader(model, steps=STEPS):
    reader = read(json.loads(json.dumps(described_forecast(model.portable(steps)))))
    return np.stack([stacked(reader.forecast(**given(model, i, steps)), model) for i in range(len(model.series))])


def everything(several=False, gaps="season"):
    """One model with all methods and networks, each in some of the steps."""
    methods = [*METHODS, *NETWORKS]
    names = [one.name for one in methods]
    weights = [(0, 4, dict.fromkeys(names[::2], 1.0)), (4, STEPS, dict.fromkeys(names, 0.5))]
    return model_with(methods, several, gaps, weights)


@pytest.fixture(scope="module")
def alone():
    return everything()


@pytest.fixture(scope="module")
def several():
    return everything(True, "zero")


@pytest.mark.parametrize("method", [*METHODS, *NETWORKS], ids=lambda one: one.name)
def test_every_method_alone(method):
    for many, gaps in ((False, "season"), (True, "zero")):
        model = model_with([method], many, gaps)
        for steps in (STEPS, FURTHER):
            close(of_reader(model, steps), model, steps)


@pytest.mark.parametrize("method", [*METHODS, *NETWORKS], ids=lambda one: one.name)
def test_fewer_values_and_earlier_days(method):
    """A series that ends earlier, down to a few values, is forecast as the method forecasts from that origin."""
    model = model_with([method])
    panel, last = model._panel(), model._panel().length - 1
    reader = read(described_forecast(model.portable()))
    fitted = next(iter(model.components.values()))
    for count in (9, 30, 500):
        origin = np.array([count - 1])
        columns = {} if not reader.about["known"] else {
            "known": panel.known["price"][0, np.minimum(np.arange(count - 7, count + STEPS), last), None]}  # fmt: skip
        if reader.about["past"]:
            columns["past"] = panel.past["visits"][0, count - 7 : count, None]
        own = fitted.forecast(panel.until(count), origin, STEPS)[0, 0]
        found = reader.forecast(model.series.values[0][:count], after=count - 1 - last, **columns)["prediction"]
        np.testing.assert_allclose(found, np.fmax(own, model.floor[0]), rtol=1e-5)


@pytest.mark.parametrize("many", [False, True], ids=["one series", "several series"])
def test_a_python_file(many, alone, several, tmp_path):
    model = several if many else alone
    written = model.export(tmp_path / "sales.py")
    text = written.read_text(encoding="utf-8")
    assert not any(line.startswith(("import thetastar", "from thetastar")) for line in text.splitlines())
    forecast = runpy.run_path(str(written))["forecast"]
    found = np.stack([stacked(forecast(**given(model, i)), model) for i in range(len(model.series))])
    close(found, model)


def test_a_python_file_without_networks_has_none_of_their_layers(tmp_path):
    model = model_with([Ridge(14), SeasonalNaive(7)])
    written = model.export(tmp_path / "sales.py")
    text = written.read_text(encoding="utf-8")
    assert "def conv2d" not in text and "def networks" not in text
    close(np.stack([stacked(runpy.run_path(str(written))["forecast"](**given(model, 0)), model)]), model)
    if shutil.which("ruff"):
        checked = subprocess.run(["ruff", "check", "--isolated", "--select", "F", str(written)], capture_output=True)
        assert checked.returncode == 0, checked.stdout


def rows_for(model, steps=STEPS):
    return [{name: value for name, value in given(model, i, steps).items() if value is not None}
            for i in range(len(model.series))]  # fmt: skip


@pytest.mark.parametrize(("many", "steps"), [(False, STEPS), (True, FURTHER)], ids=["one series", "several series"])
def test_a_module(many, steps, alone, several, tmp_path):
    model = several if many else alone
    found = asked(model.export(tmp_path / "sales.mjs", steps=steps), "forecast", rows_for(model, steps))
    assert not any("error" in one for one in found["said"]), found["said"][0]
    assert found["about"]["steps"] == steps and found["about"]["target"] == "sold"
    close(np.stack([stacked(one, model) for one in found["said"]]), model, steps)


def test_a_module_is_small(tmp_path):
    """At most 30 kB beside its weights."""
    written = model_with([SeasonalNaive(7), NETWORKS[0]]).export(tmp_path / "sales.mjs").read_text(encoding="utf-8")
    assert len(written.partition("unpack({")[0].encode()) + len(written.rpartition("});\n")[2]) <= 30_000


def test_words_for_wrong_inputs_in_scripts(tmp_path):
    model = model_with([Ridge(14, columns=True)], True)
    forecast = runpy.run_path(str(model.export(tmp_path / "sales.py")))["forecast"]
    right = given(model, 0)
    with pytest.raises(ValueError, match="values: there must be a known value, and none may be infinite"):
        forecast(**{**right, "values": [None, None]})
    with pytest.raises(ValueError, match=r"series: there is none 'east'\. Give one of north, south"):
        forecast(**{**right, "series": "east"})
    with pytest.raises(ValueError, match=r"known: it must be 17 rows of 1 finite numbers\. Got \(0, 1\)"):
        forecast(**{**right, "known": np.zeros((0, 1))})
    wrong = [{**rows_for(model)[0], **part} for part in ({"values": []}, {"series": "east"}, {"known": [[1]]})]
    said = [one["error"] for one in asked(model.export(tmp_path / "sales.mjs"), "forecast", wrong)["said"]]
    assert said == [
        "values: there must be a known value, and none may be infinite.",
        "series: there is none 'east'. Give one of north, south, w \"est\".",
        "known: it must be 17 rows of 1 finite numbers.",
    ]


def compiled(text, folder, compiler="gcc", flags=("-std=c99", "-O2")):
    """The library of an exported forecast; a warning is an error."""
    source, library = folder / "sales.c", folder / "sales.so"
    source.write_text(text, encoding="ascii")
    ran = subprocess.run(
        [compiler, *flags, *WARNINGS, "-Werror", "-shared", "-fPIC", str(source), "-o", str(library), "-lm"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[:2000]
    return ctypes.CDLL(str(library))


def structures(model, steps):
    forecaster, pointer = model.portable(steps), ctypes.POINTER(ctypes.c_double)
    fields = [("values", pointer), ("count", ctypes.c_long), ("after", ctypes.c_long)]
    fields += [("series", ctypes.c_int)] if len(forecaster.ids) > 1 else []
    fields += [("known", pointer)] if forecaster.known else []
    fields += [("past", pointer)] if forecaster.past else []
    size = ctypes.c_double * (steps * len(forecaster.levels))
    answer = [("prediction", ctypes.c_double * steps), ("lower", size), ("upper", size)]
    return (type("Given", (ctypes.Structure,), {"_fields_": fields}),
            type("Answer", (ctypes.Structure,), {"_fields_": answer}))  # fmt: skip


def called(library, model, row, number, steps=STEPS):
    """(what the function returns, (1 + 2 levels, steps))."""
    kind, answer_kind = structures(model, steps)
    asked, answer, kept = kind(), answer_kind(), []
    for name in ("values", "known", "past"):
        if hasattr(asked, name) and row.get(name) is not None:
            kept.append(np.array(row[name], float))
            setattr(asked, name, kept[-1].ctypes.data_as(ctypes.POINTER(ctypes.c_double)))
    asked.count = len(row["values"])
    if hasattr(asked, "series"):
        asked.series = number
    code = library.sales_forecast(ctypes.byref(asked), ctypes.byref(answer))
    lower, upper = (np.array(side).reshape(-1, steps) for side in (answer.lower, answer.upper))
    return code, np.array([answer.prediction, *(side for pair in zip(lower, upper, strict=True) for side in pair)])


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize(("many", "steps"), [(False, STEPS), (True, FURTHER)], ids=["one series", "several series"])
def test_c(many, steps, compiler, alone, several, tmp_path):
    model = several if many else alone
    library = compiled(c_forecast(model.portable(steps), "sales"), tmp_path, compiler)
    found = [called(library, model, given(model, i, steps), i, steps) for i in range(len(model.series))]
    assert [code for code, _ in found] == [0] * len(found)
    close(np.stack([one for _, one in found]), model, steps)


def test_c_for_32_bits_and_as_cplusplus(alone, tmp_path):
    source = tmp_path / "sales.c"
    source.write_text(c_forecast(alone.portable(), "sales"), encoding="ascii")
    asked = [["g++", "-std=c++11", "-x", "c++"]] if shutil.which("g++") else []
    probe = subprocess.run(["gcc", "-m32", "-x", "c", "-", "-o", os.devnull], input="#include <math.h>\nint main(void) "
                           "{ return 0; }\n", capture_output=True, text=True)  # fmt: skip
    asked += [["gcc", "-m32", "-std=c99"]] if probe.returncode == 0 else []
    for command in asked:
        ran = subprocess.run([*command, "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-c", str(source), "-o",
                              str(tmp_path / "sales.o")], capture_output=True, text=True)  # fmt: skip
        assert ran.returncode == 0, ran.stderr[:2000]


def test_c_returns_what_is_wrong(tmp_path):
    model = model_with([Ridge(14, columns=True), Smoothing(7)], True)
    library, right = (
        compiled(c_forecast(model.portable(), "sales"), tmp_path, flags=("-std=c99", "-O1")),
        given(model, 0),
    )
    none = {**right, "values": [np.nan] * 3}
    infinite = {**right, "values": [1.0, np.inf]}
    assert [called(library, model, row, 0)[0] for row in (right, none, infinite)] == [0, 1, 1]
    assert called(library, model, right, 3)[0] == called(library, model, right, -1)[0] == 2
    assert called(library, model, {**right, "known": np.full((17, 1), np.nan)}, 0)[0] == 3
    assert called(library, model, {**right, "known": None}, 0)[0] == 3
    assert called(library, model, {**right, "past": None}, 0)[0] == 4


def test_c_with_weights_in_8_bits(tmp_path):
    model = model_with([NETWORKS[0]])
    exact, coarse = (c_forecast(model.portable(), "sales", eight_bits=eight) for eight in (False, True))
    assert "int8_t" in coarse and len(coarse) < len(exact)
    library = compiled(coarse, tmp_path)
    code, found = called(library, model, given(model, 0), 0)
    spread = np.nanstd(model.series.values[0])
    assert code == 0 and 0 < np.abs(found - wanted(model)[0]).max() < 0.2 * spread
    with pytest.raises(
        InputError, match=r"int8 keeps the weights of networks in 8 bits, and no member of this forecast"
    ):
        c_forecast(model_with([SeasonalNaive(7)]).portable(), "sales", eight_bits=True)


@pytest.mark.parametrize(("many", "steps"), [(False, STEPS), (True, FURTHER)], ids=["one series", "several series"])
def test_onnx(many, steps, alone, several):
    model = several if many else alone
    pytest.importorskip("onnxruntime")
    forecaster = model.portable(steps)
    session = session_of(checked_forecast(forecaster))
    found = []
    for i in range(len(model.series)):
        prediction, lower, upper = session.run(None, fed(forecaster, **given(model, i, steps)))
        found.append([prediction, *(side[k] for k in range(len(lower)) for side in (lower, upper))])
    close(np.array(found), model, steps)
    words = session.get_modelmeta().description
    assert 'Forecasts "sold"' in words and 'known: rows of "price"' in words


@pytest.mark.parametrize("many", [False, True], ids=["one series", "several series"])
def test_onnx_says_nothing_of_values_that_tell_nothing(many, alone, several):
    """Where the other targets refuse in words, a graph answers nan: none known, none at all, or an infinite one."""
    pytest.importorskip("onnxruntime")
    model = several if many else alone
    forecaster = model.portable()
    session = session_of(checked_forecast(forecaster))
    right = given(model, 0, STEPS)
    for values in ([np.nan] * 40, [np.nan], [], [1.0, np.inf, 2.0], [-np.inf]):
        for side in session.run(None, fed(forecaster, **{**right, "values": values})):
            assert np.isnan(side).all(), values
    for values in ([np.nan] * 5 + [3.0], [3.0], right["values"]):
        for side in session.run(None, fed(forecaster, **{**right, "values": values})):
            assert np.isfinite(side).all(), values
    assert "NaN everywhere" in session.get_modelmeta().description


def test_onnx_that_says_something_else_is_not_written(monkeypatch, tmp_path):
    pytest.importorskip("onnxruntime")
    from thetastar.export.forecast import check

    model = model_with([SeasonalNaive(7)])
    forecaster = model.portable()
    other = model_with([Smoothing(7)]).portable()
    monkeypatch.setattr(check, "onnx_forecast", lambda _, other=other, real=check.onnx_forecast: real(other))
    with pytest.raises(InputError, match=r"the forecasts of the file must be within 1e-05 of the series' standard dev"):
        check.checked_forecast(forecaster)
    monkeypatch.setattr(check, "onnx_forecast", lambda _: b"no model")
    with pytest.raises(InputError, match=r"export to ONNX: the file that was made cannot be run"):
        model.export(tmp_path / "sales.onnx")
    assert not (tmp_path / "sales.onnx").exists()


def test_every_fitted_kind_is_written_or_refused_in_words():
    """A method that is added to the library is added here, or its export says that it cannot be written."""
    written = {
        "repeated",
        "drift",
        "average",
        "smoothing",
        "theta",
        "linear",
        "level shape",
        "trees",
        "network",
        "logged",
    }
    assert written <= set(FITTED)

    class Strange:
        kind = "strange"

    model = base_model()
    name = next(iter(model.components))
    with pytest.raises(
        InputError, match=r"the member 'seasonal naive' is of the kind 'strange', which cannot be written"
    ):
        ts_replace(model, name, Strange()).portable()


def ts_replace(model, name, fitted):
    import dataclasses

    return dataclasses.replace(model, components={name: fitted})


def test_a_saved_forecast_is_exported_as_it_was(tmp_path):
    model = model_with([SeasonalNaive(7), Ridge(14), NETWORKS[0]])
    model.save(tmp_path / "sales.theta")
    again = ts.load(tmp_path / "sales.theta")
    for ending in ("c", "mjs", "py"):
        one, two = (export_model(each, tmp_path / f"sales.{ending}").read_text() for each in (model, again))
        assert one == two


def test_steps_are_for_forecasts_and_must_be_steps(tmp_path):
    with pytest.raises(InputError, match=r"forecast: steps must be a whole number from 1 to 10,000\. Got 0"):
        base_model().export(tmp_path / "sales.c", steps=0)
    rows = {"x": [k / 50 for k in range(400)], "y": [(k / 50) ** 2 for k in range(400)]}
    model = ts.fit(rows, target="y", candidates=[(4,)], effort=1)
    with pytest.raises(InputError, match=r"export: steps are for forecasts only\. Got steps=3 for a model of rows"):
        export_model(model, tmp_path / "m.c", steps=3)
