"""The page of a forecast: whole, offline, small, and safe against what stands in the data."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import thetastar as ts
from tests.browser import chromium, page_of
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
    for name in ("real-1", "by-step", "coverage", "by-phase", "residuals", "board", "shape", "level"):
        assert name in figures, name
    assert all(f'data-figure="{name}"' in page for name in figures)


def test_the_gap_and_the_largest_misses_are_listed(page):
    assert "Steps without a value" in page and "The largest misses, one step ahead" in page


def test_a_series_too_short_to_test_has_a_page_too(tmp_path):
    model = ts.forecast({"t": days(5), "y": [1.0, 2.0, 4.0, 3.0, 5.0]}, "y", "t", horizon=2)
    assert '<section id="test"' not in model.report(tmp_path / "r.html").read_text(encoding="utf-8")


def figures_of(page):
    return json.loads(re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.S).group(1))


def test_a_model_that_needs_known_columns_says_what_its_forecast_waits_for():
    table = {"t": days(120), "y": weekly(120, 3), "price": np.tile([1.0, 2.0, 3.0], 40)}
    page = render(ts.forecast(table, "y", "t", horizon=3, known="price", methods=("linear",)))
    assert "It waits for what must be known ahead: price. Give a table of the next days with t" in page
    assert "&#39;price&#39; must be known 3 steps ahead, and the rows say nothing of them" in page


def test_one_step_has_a_band_that_begins_at_the_last_real_value():
    y = weekly(120, 4)
    page = render(ts.forecast({"t": days(120), "y": y}, "y", "t", methods=("linear on",)))
    line = next(series for series in figures_of(page)["forecast-1"]["series"] if series["name"] == "forecast")
    assert len(line["y"]) == 2 and line["y"][0] == pytest.approx(y[-1]) == line["bands"][0]["low"][0]
    assert "What will y be in the next day?" in page


def test_the_level_is_the_mean_over_a_season():
    y = np.arange(140.0)
    model = ts.forecast({"t": days(140), "y": y + np.tile([5.0, 0, 0, 0, 0, 0, -5.0], 20)}, "y", "t", season=7,
                        methods=("linear on",))  # fmt: skip
    line = figures_of(render(model))["level"]["series"][0]
    assert line["y"][0] == 3.0 and line["x"][0] == days(4)[3] and len(line["y"]) == 134


def test_the_same_again_is_the_same_command():
    model = ts.forecast({"t": days(260), "y": weekly(260, 5)}, "y", "t", horizon=2, history=(7, 14), levels=(50, 90),
                        past=(), methods=("linear on", "theta"), lecture=True)  # fmt: skip
    assert "--history 7,14 --past none --level 50,90 --methods &#39;linear on,theta&#39; --lecture" in render(model)


def test_a_new_season_and_one_of_another_shape_are_to_be_distrusted():
    draw, wave = np.random.default_rng(6), np.tile([0.0, 9, 2, 7, 4, 1, 5], 40)
    for before, words in ((0 * wave, "a cycle of 7 steps that was not there before"), (-wave, "has another shape")):
        y = 50 + np.where(np.arange(280) < 224, before, wave) + draw.normal(size=280)
        model = ts.forecast({"t": days(280), "y": y}, "y", "t", methods=("linear on",))
        assert any(words in text for text in model.record.distrust), words


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_it_is_silent_alone_and_nothing_sticks_out(page, width, scheme):
    with chromium() as browser, page_of(browser, page, width=width, color_scheme=scheme) as opened:
        opened.wait_for_selector("#figure-level svg")
        boxes = opened.locator("[data-figure]")
        assert all(boxes.nth(k).locator("svg").first.inner_html() for k in range(boxes.count()))
        assert opened.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_paper_has_every_step_of_the_forecast():
    model = ts.forecast({"t": days(120), "y": weekly(120, 4)}, "y", "t", horizon=28, methods=("linear on",))
    with chromium() as browser, page_of(browser, render(model)) as page:
        last = page.locator("#forecast .steps tr").last
        assert not last.is_visible()
        page.emulate_media(media="print")
        assert last.is_visible() and not page.locator("#forecast .more").is_visible()
