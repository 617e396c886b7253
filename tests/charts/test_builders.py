"""The builders: JSON that says what was given, refusals in words, pieces of HTML that need nothing else."""

from __future__ import annotations

import datetime
import gzip
import json
import re

import numpy as np
import pandas as pd
import pytest

from tests.charts.specs import SPECS
from thetastar import charts
from thetastar.errors import InputError


@pytest.mark.parametrize("name", SPECS)
def test_every_spec_is_plain_json(name):
    spec = SPECS[name]
    assert json.loads(json.dumps(spec, allow_nan=False)) == spec
    assert spec.get("label") or spec.get("title")
    assert None not in spec.values()  # absent fields are left out


def test_numbers_of_any_make_become_plain_ones():
    values = [np.array([1.5, np.nan], np.float32), pd.Series([1.5, np.inf]), (1.5, None), np.ma.array([1.5, 2.0])]
    for y in values[:3]:
        assert charts.Line(y=y).spec()["y"] == [1.5, None]
    assert charts.Line(y=np.arange(3)).spec()["y"] == [0, 1, 2]
    assert charts.Line(y=[0.12345678901]).spec()["y"] == [0.1234568]


@pytest.mark.parametrize(
    "moment",
    [
        datetime.date(2026, 11, 30), datetime.datetime(2026, 11, 30), np.datetime64("2026-11-30"),
        pd.Timestamp("2026-11-30"),
        datetime.datetime(2026, 11, 30, 2, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
    ],
)  # fmt: skip
def test_moments_of_any_make_become_iso_texts(moment):
    (text,) = charts.Line(x=[moment], y=[1]).spec()["x"]
    assert text in ("2026-11-30", "2026-11-30T00:00:00")


def test_a_column_of_moments_becomes_iso_texts():
    days = pd.date_range("2026-01-31", periods=2, freq="D")
    assert [text[:10] for text in charts.Line(x=days, y=[1, 2]).spec()["x"]] == ["2026-01-31", "2026-02-01"]


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: charts.Line(y=[1], color="azure"), "charts.Line(color='azure'): it must be one of blue, orange, red,"),
        (
            lambda: charts.Axis(scale="cubic"),
            "charts.Axis(scale='cubic'): it must be one of linear, log, time, category.",
        ),
        (lambda: charts.Axis(format="euro"), "charts.Axis(format='euro'): it must be one of number, score,"),
        (lambda: charts.Scale("rainbow"), "charts.Scale(kind='rainbow'): it must be one of sequential, diverging."),
        (lambda: charts.Line(x=[1], y=[1, 2]), "charts.Line: x has 1, y has 2 numbers. Give as many of each."),
        (
            lambda: charts.Line(y=[1], bands=[charts.Band([1, 2], [2, 3])]),
            "charts.Line: a band has 2 numbers, y has 1.",
        ),
        (lambda: charts.Band([1], [2, 3]), "charts.Band: low has 1, high has 2 numbers."),
        (lambda: charts.Dots(x=[1, 2], y=[1]), "charts.Dots: x has 2, y has 1 numbers."),
        (
            lambda: charts.Bars(["a"], [charts.BarSeries([1, 2])]),
            "charts.Bars: series 0 has 2 values for 1 categories. Give one each.",
        ),
        (
            lambda: charts.Histogram([charts.Counts([1])], edges=[0]),
            "charts.Histogram: series 0 has 1 counts for 1 edges. Give one fewer",
        ),
        (lambda: charts.Heatmap([[1, 2], [3]]), "charts.Heatmap: 3 values for shape 2 × 2. Give a rectangle of them."),
        (lambda: charts.Heatmap([1, 2]), "charts.Heatmap(values): a flat list has no shape. Give rows of numbers, or"),
        (
            lambda: charts.Matrix([[1]], ["a", "b"]),
            "charts.Matrix: values must be 2 rows of 2 numbers, as the names say.",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_words(make, text):
    with pytest.raises(InputError, match=re.escape(text)):
        make()


def test_the_drawing_of_a_network_follows_its_layers():
    import thetastar as ts

    net = ts.Network([ts.Conv2D(4, 3, activation="relu"), ts.Flatten(), ts.Dense(3)], input_shape=(6, 6, 1))
    spec = charts.NetworkDrawing.of(net.initialized(seed=0), weights=True, label="n").spec()
    assert [layer["output"] for layer in spec["layers"]] == [[4, 4, 4], [64], [3]]
    assert [layer["type"] for layer in spec["layers"]] == ["conv2d", "flatten", "dense"]
    assert spec["input"] == {"shape": [6, 6, 1]}
    assert np.shape(spec["weights"]["dense_1"]) == (64, 3)


def test_a_fragment_needs_nothing_else():
    html = charts.fragment(charts.Lines([charts.Line("loss", y=[2, 1])], label="</script>"))
    assert "http:" not in html.replace("http://www.w3.org/2000/svg", "") and "https:" not in html
    assert html.count("</script>") == 1
    assert charts.Lines([charts.Line("loss", y=[2, 1])])._repr_html_().startswith("<div")


def test_the_module_is_small():
    found = charts.assets()
    assert len(found.script.encode()) < 84_000 and len(found.style.encode()) < 12_000
    assert len(gzip.compress(found.script.encode())) < 28_000
    assert "import " not in found.script.replace("important", "") and "eval(" not in found.script
