"""The page of a forecast: whole, offline, small, and safe against what stands in the data."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import thetastar as ts
from thetastar.report.forecast import render

NASTY = '<img src=x onerror="alert(1)">'


def days(count):
    return [str(day) for day in np.datetime64("2022-01-03") + np.arange(count)]


def weekly(count, seed):
    draw = np.random.default_rng(seed)
    return 50 + 10 * np.sin(2 * np.pi * np.arange(count) / 7) + draw.normal(size=count)


@pytest.fixture(scope="module")
def page():
    rows = [
        (f"{NASTY}{k}", day, v) for k in range(2) for day, v in zip(days(120), weekly(120, k), strict=True) if v != 50
    ]
    del rows[30]
    table = {"id": [r[0] for r in rows], "t": [r[1] for r in rows], NASTY: [r[2] for r in rows]}
    model = ts.forecast(table, NASTY, "t", id="id", horizon=7, methods=("linear on", "exponential"))
    return render(model)


def test_every_section_is_there(page):
    for name in ("question", "answer", "forecast", "test", "leaderboard", "data", "distrust", "use"):
        assert f'<section id="{name}"' in page, name


def test_names_from_the_data_are_escaped_everywhere(page):
    assert NASTY not in page and "onerror=&#34;" in page


def test_it_needs_no_other_file_and_is_small(page):
    assert not re.search(r'(?:src|href)="(?!#)', page) and "@import" not in page
    assert len(page.encode()) < 400_000


def test_its_figures_are_charts_with_the_forecast_and_its_bands(page):
    figures = json.loads(re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.S).group(1))
    line = next(series for series in figures["forecast-1"]["series"] if series["name"] == "forecast")
    assert [band["name"] for band in line["bands"]] == ["95 %", "80 %"] and len(line["y"]) == 7
    for name in ("real-1", "by-step", "coverage", "by-phase", "residuals", "board", "shape"):
        assert name in figures, name
    assert all(f'data-figure="{name}"' in page for name in figures)


def test_the_gap_and_the_largest_misses_are_listed(page):
    assert "Steps without a value" in page and "The largest misses, one step ahead" in page


def test_a_series_too_short_to_test_has_a_page_too(tmp_path):
    model = ts.forecast({"t": days(5), "y": [1.0, 2.0, 4.0, 3.0, 5.0]}, "y", "t", horizon=2)
    assert '<section id="test"' not in model.report(tmp_path / "r.html").read_text(encoding="utf-8")


def test_a_model_that_needs_known_columns_has_a_page_without_a_forecast(tmp_path):
    table = {"t": days(120), "y": weekly(120, 3), "price": np.tile([1.0, 2.0, 3.0], 40)}
    model = ts.forecast(table, "y", "t", horizon=3, known="price", methods=("linear",))
    assert '<section id="forecast"' not in model.report(tmp_path / "r.html").read_text(encoding="utf-8")
