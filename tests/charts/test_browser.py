"""Charts in a browser: what is drawn, what pointer and keys reach, what is said, and that nothing leaves its place."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.browser import chromium, page_of
from tests.charts.specs import SPECS
from thetastar import charts


def _html():
    found = charts.assets()
    html = (Path(__file__).parent / "page.html").read_text(encoding="utf-8")
    return html.replace("[[style]]", found.style).replace("[[script]]", found.script)


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def page(browser):
    with page_of(browser, _html(), width=640) as page:
        yield page


def show(page, spec):
    page.evaluate("spec => { heard.length = 0; show(spec); }", spec)
    return page.locator("#box")


def texts(page, selector="text"):
    return page.evaluate("selector => texts(selector)", selector)


@pytest.mark.parametrize("width", [350, 640, 1400])
def test_no_label_leaves_the_picture_or_covers_another(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    for name, spec in SPECS.items():
        if spec["kind"] == "multiples":
            continue
        show(page, spec)
        assert page.locator(".chart-box > svg").first.inner_html(), name
        if spec["kind"] != "network":  # wide networks scroll inside their box
            assert page.evaluate("outside()") == [], name
        assert page.evaluate("overlaps()") == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    page.set_viewport_size({"width": 640, "height": 900})


@pytest.mark.parametrize("name", SPECS)
def test_every_kind_can_be_walked_with_the_keyboard(page, name):
    if SPECS[name]["kind"] == "multiples":
        return
    show(page, SPECS[name])
    page.locator(".chart-box").focus()
    for key in ("ArrowRight", "ArrowRight", "ArrowDown", "ArrowUp", "End", "Home", "Enter"):
        page.keyboard.press(key)
    heard = page.evaluate("heard")
    assert [kind for kind, _ in heard].count("select") == 1
    assert "hover" in {kind for kind, _ in heard}
    assert page.locator(".chart-live").inner_text().strip()
    assert page.locator(".chart-tip").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator(".chart-tip").is_visible()


def test_lines_say_every_series_at_the_place(page):
    y = {"name": "validation", "y": [0.9, 0.7, 0.65]}
    series = [{"name": "training", "y": [0.8, 0.5, 0.4]}, y]
    show(page, {"kind": "lines", "label": "Loss", "x": {"title": "epoch"}, "series": series})
    page.locator(".chart-box").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.locator(".chart-live").inner_text() == "epoch 2. training 0.5. validation 0.7"
    detail = page.evaluate("heard.filter(([name]) => name === 'hover').at(-1)[1]")
    assert {"series": "training", "index": 1, "x": 2, "y": 0.5}.items() <= detail.items()


def test_gaps_are_passed_over(page):
    show(page, {"kind": "lines", "label": "Gap", "series": [{"name": "a", "y": [1, None, 3]}]})
    assert page.locator("path.line").get_attribute("d").count("M") == 2
    page.locator(".chart-box").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("heard.at(-1)[1].index") == 2


def test_ticks_stay_within_possible_values(page):
    scores = [{"name": f"model {v}", "value": v, "low": v - 0.02, "high": min(v + 0.02, 1)} for v in (0.97, 0.99, 1.0)]
    show(page, {"kind": "strips", "label": "AUC", "x": {"possible": [0, 1], "format": "score"}, "rows": scores})
    ticks = [float(text) for text in texts(page, "text.tick[text-anchor=middle]")]
    assert ticks and max(ticks) <= 1.0
    show(page, {"kind": "lines", "label": "Error", "y": {"possible": [0, None]}, "series": [{"y": [0.0, 4.0, 0.1]}]})
    assert not any(text.startswith("−") for text in texts(page))


def test_names_that_would_be_cut_stand_above_their_bars(page):
    names = ["network on 56 lags, logarithms", "network on 56 lags, calendar"]
    rows = [{"name": name, "value": 0.8 + k / 10} for k, name in enumerate(names)]
    tops = {}
    for width in (350, 1400):
        page.set_viewport_size({"width": width, "height": 900})
        show(page, {"kind": "strips", "label": "Error", "rows": rows})
        assert set(names) <= set(texts(page, "text.tick"))
        dot = page.locator("circle.disc").first.bounding_box()
        tops[width] = page.get_by_text(names[0]).first.bounding_box()["y"] - dot["y"]
    page.set_viewport_size({"width": 640, "height": 900})
    assert tops[350] < -8 < tops[1400]


@pytest.mark.parametrize(
    ("value", "how", "text"),
    [
        (53412.7, "number", "53,413"), (0.0123456, "number", "0.01235"), (1.5e-7, "number", "1.5e−7"),
        (0, "number", "0"), (-3.25, "number", "−3.25"), (None, "number", "–"), (0.85117, "score", "0.851"),
        (-0.0001, "score", "0.000"), (0.9722, "percent", "97.2 %"), (12345, "integer", "12,345"),
        (2.5, "seconds", "2.5 s"), (125, "seconds", "2 min 05 s"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_in_the_reports(page, value, how, text):
    assert page.evaluate("([value, how]) => format(value, how)", [value, how]) == text


@pytest.mark.parametrize(
    ("first", "last", "some"),
    [
        ("2026-01-01", "2026-12-31", ["Apr", "Jul", "Oct"]), ("2026-11-01", "2026-11-30", ["16 Nov"]),
        ("1990-01-01", "2026-01-01", ["2000", "2010", "2020"]), ("2026-11-30T00:00", "2026-11-30T23:00", ["12:00"]),
    ],
)  # fmt: skip
def test_dates_stand_at_whole_months_days_years_hours(page, first, last, some):
    show(page, {"kind": "lines", "label": "t", "x": {"scale": "time"}, "series": [{"x": [first, last], "y": [1, 2]}]})
    assert set(some) <= set(texts(page))


def test_a_log_axis_has_powers_of_ten(page):
    show(page, {"kind": "lines", "label": "l", "y": {"scale": "log"}, "series": [{"y": [1, 0.001, 0, 100]}]})
    assert {"0.001", "0.1", "10"} <= set(texts(page)) or {"0.01", "1", "100"} <= set(texts(page))


def test_the_pointer_finds_points_cells_and_bars(page):
    named = {"rows": ["no", "yes"], "titles": ["real", "said"]}
    show(page, {"kind": "matrix", "label": "m", "values": [[5, 1], [2, 8]], "selectable": True, **named})
    box = page.locator(".chart-box").bounding_box()
    cell = page.locator("rect").nth(2).bounding_box()
    page.mouse.move(cell["x"] + 5, cell["y"] + 5)
    assert page.locator(".chart-tip b").inner_text() == "real yes, said no"
    page.mouse.click(cell["x"] + 5, cell["y"] + 5)
    assert page.evaluate("heard.find(([name]) => name === 'select')[1]") == {"row": 1, "column": 0, "value": 2}
    page.mouse.move(box["x"] + 5, box["y"] + 400)
    assert not page.locator(".chart-tip").is_visible()


def test_a_click_on_the_plot_says_where_in_data_units(page):
    axes = {"x": {"min": 0, "max": 10}, "y": {"min": 0, "max": 1}}
    show(page, {"kind": "points", "label": "p", "height": 300, **axes, "series": [{"x": [5], "y": [0.5]}]})
    dot = page.locator("path.dots").bounding_box()
    page.mouse.click(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)
    detail = page.evaluate("heard.find(([name]) => name === 'click')[1]")
    assert detail["x"] == pytest.approx(5, abs=0.05) and detail["y"] == pytest.approx(0.5, abs=0.02)


def test_a_point_can_be_dragged(page):
    axes = {"x": {"min": 0, "max": 10}, "y": {"min": 0, "max": 1}}
    series = [{"name": "a", "x": [5, 9], "y": [0.5, 0.9], "draggable": True}]
    show(page, {"kind": "points", "label": "p", **axes, "series": series})
    where = "chart.drawn.x.px({0}), chart.drawn.y.px({1})"
    box = page.locator(".chart-box").bounding_box()
    start = page.evaluate(f"[{where.format(5, 0.5)}]")
    end = page.evaluate(f"[{where.format(2, 0.25)}]")
    page.mouse.move(box["x"] + start[0], box["y"] + start[1])
    page.mouse.down()
    page.mouse.move(box["x"] + end[0], box["y"] + end[1], steps=4)
    page.mouse.up()
    last = page.evaluate("heard.filter(([name]) => name === 'drag').at(-1)[1]")
    assert last["done"] and last["index"] == 0
    assert (last["x"], last["y"]) == (pytest.approx(2, abs=0.1), pytest.approx(0.25, abs=0.02))
    assert page.evaluate("chart.spec.series[0].x[0]") == pytest.approx(2, abs=0.1)


def test_names_in_the_legend_switch_series(page):
    show(page, {"kind": "lines", "label": "l", "series": [{"name": "a", "y": [1, 2]}, {"name": "b", "y": [30, 40]}]})
    key = page.locator(".chart-key", has_text="b")
    key.click()
    assert key.get_attribute("aria-pressed") == "false"
    assert page.locator("path.line").count() == 1
    assert page.evaluate("heard.at(-1)") == ["toggle", {"series": "b", "shown": False}]
    page.locator(".chart-key", has_text="b").click()
    assert page.locator("path.line").count() == 2


def test_the_numbers_stand_in_a_table_on_request(page):
    show(page, {"kind": "bars", "label": "b", "categories": ["x", "y"], "series": [{"name": "n", "values": [1, 2.5]}]})
    assert not page.locator(".chart-table").is_visible()
    page.locator(".chart-tool", has_text="Data").click()
    assert page.locator(".chart-table tbody").inner_text().split() == ["x", "1", "y", "2.5"]


def test_the_picture_can_be_saved(page):
    show(page, SPECS["learning"])
    with page.expect_download() as download:
        page.locator(".chart-tool", has_text="SVG").click()
    assert download.value.suggested_filename == "Loss-by-epoch.svg"
    saved = download.value.path().read_text()
    assert saved.startswith("<svg") and "class=" not in saved and "stroke=" in saved


def test_names_from_data_are_never_read_as_markup(page):
    hostile = "<img src=x onerror=alert(1)>&amp;\"'"
    for kind in (
        {"kind": "lines", "series": [{"name": hostile, "y": [1, 2], "labels": [hostile, hostile]}], "legend": True},
        {"kind": "bars", "categories": [hostile], "series": [{"values": [3]}]},
        {"kind": "strips", "rows": [{"name": hostile, "value": 3}]},
        {"kind": "matrix", "rows": [hostile], "values": [[3]]},
        {"kind": "network", "input": {"shape": [1], "names": [hostile]}, "layers": [{"name": hostile, "output": [1]}]},
    ):
        show(page, {**kind, "title": hostile, "label": hostile, "caption": hostile})
        page.locator(".chart-box").focus()
        page.keyboard.press("ArrowRight")
        assert page.locator("#box img").count() == 0
        assert page.locator(".chart-title").inner_text() == hostile


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"kind": "pie"}, 'kind: "pie" is not known. The kinds are lines, points, strips, bars,'),
        (
            {"kind": "lines", "series": [{"name": "a", "x": [1], "y": [1, 2]}]},
            "series[0] (a): x has 1 numbers, y has 2. Give as many of each.",
        ),
        (
            {"kind": "bars", "categories": ["a"], "series": [{"values": [1, 2]}]},
            "bars: series[0] has 2 values for 1 categories. Give one each.",
        ),
        (
            {"kind": "histogram", "edges": [0, 1], "series": [{"counts": [1, 2]}]},
            "histogram: series[0] has 2 counts for 2 edges. Give one fewer than edges.",
        ),
        ({"kind": "heatmap", "shape": [2, 2], "values": [1]}, "heatmap: 1 values for shape 2 × 2. Give 4, row by row."),
        ({"kind": "heatmap", "values": [1]}, "heatmap: shape is missing. Give [rows, columns]."),
        (
            {"kind": "matrix", "rows": ["a"], "values": [[1, 2]]},
            "matrix: values must be 1 rows of 1 numbers, as rows and columns have names.",
        ),
    ],
)
def test_a_wrong_spec_is_refused_in_words(page, spec, text):
    assert page.evaluate("spec => refusal(spec)", spec).startswith(f"charts: {text}")


def test_updates_are_drawn_in_the_next_frame_and_quickly(page):
    show(page, SPECS["learning"])
    y = [float(k) for k in range(80)]
    page.evaluate("y => chart.update({ series: [{ name: 'new', y }] }, true)", y)
    page.locator(".chart-legend").wait_for(state="hidden")
    assert page.locator("path.line").count() == 1
    assert page.evaluate("redraws(31)")[15] < 60  # 4 ms on a quiet machine; other work must not fail this


def test_hidden_charts_are_drawn_when_they_are_seen(page):
    page.evaluate("document.getElementById('box').hidden = true")
    show(page, SPECS["learning"])
    assert page.locator("path.line").count() == 0
    page.evaluate("document.getElementById('box').hidden = false")
    page.locator("path.line").first.wait_for(state="attached")


def test_levels_lines_lie_where_the_level_is(page):
    """The lines of x² + y² at r² are circles of radius r."""
    grid = np.linspace(-2, 2, 41)
    values = (grid[None] ** 2 + grid[:, None] ** 2).ravel().tolist()
    place = {"shape": [41, 41], "extent": [-2, 2, -2, 2]}
    show(page, {"kind": "contours", "label": "c", **place, "values": values, "levels": [1.0], "filled": False})
    d = page.locator("path.iso").get_attribute("d")
    assert d.count("M") == 1
    points = [tuple(map(float, pair.split())) for pair in d[1:].split("L")]
    radius = "([a, b]) => Math.hypot(chart.drawn.x.value(a), chart.drawn.y.value(b))"
    radii = page.evaluate(f"points => points.map({radius})", points)
    assert np.allclose(radii, 1.0, atol=0.01)
    assert points[0] == points[-1]


def test_dark_light_and_paper_have_contrast(browser):
    for scheme in ("light", "dark"):
        with page_of(browser, _html(), color_scheme=scheme) as page:
            colors = [{"name": color, "color": color, "y": [k, k + 1]} for k, color in enumerate(charts.COLORS)]
            show(page, {"kind": "lines", "label": "all", "series": colors, "x": {"title": "x"}, "y": {"title": "y"}})
            seen = page.evaluate("contrast()")
            assert seen["text"] >= 4.5 and seen["line"] >= 3.0, (scheme, seen)


def test_a_fragment_draws_itself(browser):
    lines = charts.Lines([charts.Line("loss", y=[3, 2, 1])], label="</script><b>Loss")
    html = f'<!doctype html><link rel="icon" href="data:,"><body>{lines._repr_html_()}{charts.fragment(lines)}</body>'
    with page_of(browser, html) as page:
        assert page.locator("path.line").count() == 2
        assert "</script><b>Loss" in page.locator(".chart-box").first.get_attribute("aria-label")


def test_specs_of_the_reference_page_can_be_drawn(page):
    """Every JSON example of docs/reference/charts.md."""
    text = (Path(__file__).parents[2] / "docs/reference/charts.md").read_text(encoding="utf-8")
    found = [block for block in re.findall(r"```json\n(.*?)```", text, re.S) if block.startswith('{"kind"')]
    assert len(found) >= 8
    for block in found:
        spec = json.loads(block)
        if spec["kind"] == "multiples" or "maps" in spec:
            continue  # shortened in the page
        show(page, spec)
        assert page.locator(".chart-box > svg").first.inner_html()
