"""The report in a browser: quick, silent, alone, readable at every width, and a network that can be tried."""

from __future__ import annotations

import numpy as np
import pytest

import thetastar as ts
from tests.browser import chromium, page_of
from tests.export.models import bare_model, model_of, table_of
from tests.report.report_records import ALL, binary, evident, regression
from thetastar.report import render
from thetastar.report.tryout import LIMIT, tryout


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark"), (3840, "light")])
def test_every_figure_is_drawn_and_nothing_sticks_out(browser, name, width, scheme):
    with page_of(browser, render(evident(ALL[name]())), width=width, color_scheme=scheme) as page:
        boxes = page.locator("[data-figure]")
        for k in range(boxes.count()):
            assert boxes.nth(k).locator("svg").first.inner_html()
            assert boxes.nth(k).locator(".chart-box").first.get_attribute("aria-label").strip(". ")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


def test_it_opens_within_a_second(browser):
    with page_of(browser, render(regression())) as page:
        seconds = page.evaluate("performance.timing.domComplete - performance.timing.responseStart") / 1000
        assert seconds < 10  # below one on a quiet core, which is the promise; other work must not fail this


def test_the_button_and_the_system_switch_light_and_dark(browser):
    color = "getComputedStyle(document.body).backgroundColor"
    with page_of(browser, render(regression()), color_scheme="light") as page:
        light = page.evaluate(color)
        page.locator(".theme").click()
        dark = page.evaluate(color)
        assert light != dark
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert page.evaluate(color) == light  # paper is light
        page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert page.evaluate(color) == dark
        page.emulate_media(media="print")
        assert not page.locator(".chart-tools").first.is_visible()


@pytest.mark.parametrize("name", ["binary", "multiclass"])
def test_a_cell_opens_its_rows_by_pointer_and_key(browser, name):
    record = evident(ALL[name]())
    with page_of(browser, render(record)) as page:
        opened = page.locator("#opened")
        assert not opened.is_visible()
        cell = page.locator(".confusion .wrong[data-cell]").first
        cell.click()
        real, said = map(int, cell.get_attribute("data-cell").split(","))
        assert opened.locator("h3").inner_text() == f"{record.test.labels[real]} called {record.test.labels[said]}"
        held = next(one for one in record.test.shown.cells if (one.real, one.predicted) == (real, said))
        rows = opened.locator("tbody tr").all_inner_texts()
        assert [row.split("\t")[0] for row in rows] == [str(record.test.shown.rows[k].row) for k in held.rows]
        count = record.test.confusion[real][said]
        words = opened.locator(".note").inner_text()
        assert words.startswith(f"The worst {len(rows)} of {count}" if count > len(rows) else "All rows of this cell")
        page.get_by_role("button", name="Close").click()
        assert not opened.is_visible()
        cell.focus()
        page.keyboard.press("Enter")
        assert opened.is_visible()


@pytest.fixture(scope="module")
def tried():
    """A model of each task beside a record of the same task."""
    columns = table_of(np.random.default_rng(5), 700)
    signal = 0.3 * np.array(columns["whole"]) + (np.array(columns["side"]) == "left")
    models = {
        "regression": model_of(columns, (500 + 100 * signal).tolist()),
        "binary": model_of(columns, np.where(signal > 1.5, "high", "low").tolist()),
    }
    return {name: (ALL[name](), model) for name, model in models.items()}


@pytest.mark.parametrize("task", ["regression", "binary"])
def test_a_reader_can_try_the_network(browser, tried, task):
    record, model = tried[task]
    row = {name: None for name in model.preparation.names if name != "y"}
    row |= {"number": 5.0, "whole": 7.0, "color": "green", "town": "town 3", "side": "right", "day": "2021-05-04"}
    row |= {"answer": "no", "moment": "2021-05-04 06:30"}
    with page_of(browser, render(record, model)) as page:
        fields = page.locator(".control")
        assert fields.count() == len(model.preparation.blocks)
        for name, value in row.items():
            control = fields.filter(has=page.get_by_text(name, exact=True))
            if control.locator("select").count():
                control.locator("select").select_option(value)
            else:
                text = str(value).replace(" ", "T") if name == "moment" else str(value)
                control.locator("input:not([type=range])").fill(text)
        said = page.locator(".said").inner_text()
        wanted = model.predict({name: [value] for name, value in row.items()})[0]
        if task == "regression":
            assert float(said.replace(",", "").replace("−", "-")) == pytest.approx(wanted, rel=1e-3)
        else:
            assert said == wanted
            share = model.predict_proba({name: [value] for name, value in row.items()})[0].max()
            assert f"{100 * share:.1f} %" in page.locator(".between").inner_text()
        layers = page.locator(".passed .chart-title").all_inner_texts()
        assert layers == [f"input, {model.preparation.feature_count}", "dense_1, 16", "dense_2, 1"]
        assert page.locator(".along path.line").count() == 1
        page.get_by_role("button", name="Back to the usual row").click()
        assert page.locator(".control input[type=number]").first.input_value() != "5"


def test_a_missing_number_is_one_more_answer(browser, tried):
    record, model = tried["regression"]
    with page_of(browser, render(record, model)) as page:
        page.locator(".control input[type=number]").first.fill("")
        first = next(block for block in model.preparation.blocks if hasattr(block, "median"))
        row = page.evaluate("document.querySelector('.said').textContent")
        assert row not in ("", "–") and first.indicator


def test_a_network_too_large_is_left_out_in_words():
    columns = table_of(np.random.default_rng(5), 700)
    model = model_of(columns, columns["whole"])

    def beside(*layers):
        net = ts.Network([*layers, ts.Dense(1)], input_shape=model.preparation.input_shape)
        return bare_model(net.initialized(seed=0), model.preparation, model.target_encoding)

    large, middle = beside(ts.Dense(600), ts.Dense(100)), beside(ts.Dense(220))
    found = tryout(large, None)
    assert found["data"] is None and found["size"] > LIMIT
    assert found["reason"].startswith(f"with its {large.network.parameter_count:,} parameters it would add ")
    text = render(binary(), large)
    assert "Left out here: with its" in text and "data-tryout>" not in text
    rounded = tryout(middle, None)
    assert rounded["rounded"] and rounded["size"] <= LIMIT
