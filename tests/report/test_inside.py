"""What the report shows of the inside: learned by heart, gradients, calibration, worst rows, rows of a cell."""

from __future__ import annotations

import json

import pytest

from tests.report.report_records import ALL, HOSTILE, changed, evident, regression
from tests.report.test_report import Page
from thetastar.report import figures, render
from thetastar.report.view import build_view


@pytest.fixture(scope="module", params=ALL)
def case(request):
    record = evident(ALL[request.param]())
    text = render(record)
    return record, text, Page(text)


def _figures(page):
    return json.loads(next(text for text in page.scripts if text.startswith("{") and '"kind"' in text[:4000]))


def test_every_part_is_there(case):
    record, text, page = case
    found = _figures(page)
    assert {"gradients", "overfitting"} <= set(found)
    assert ("calibration" in found) == (record.test.labels is not None)
    assert "Where it was most wrong" in page.visible and "real 3" in page.visible and "said 3" in page.visible
    assert HOSTILE in page.visible and '<script>alert("name")' not in text
    assert page.broken == [] and page.open == []


def test_without_what_older_studies_lack_the_parts_are_missing():
    page = Page(render(regression()))
    assert "Where it was most wrong" not in page.visible and "What was learned by heart" not in page.visible
    assert not {"gradients", "overfitting", "calibration"} & set(page.figures)


def test_cells_open_the_rows_that_the_record_holds(case):
    record, text, page = case
    if record.test.confusion is None:
        assert "data-cell" not in text.replace("[data-cell]", "")
        return
    held = json.loads(next(script for script in page.scripts if script.startswith('{"columns"')))
    assert len(held["cells"]) == len(record.test.shown.cells)
    keys = {attributes["data-cell"] for _, attributes in page.tags if "data-cell" in attributes}
    assert keys == set(held["cells"])  # every cell that has rows, and no other
    first = record.test.shown.cells[0]
    assert [held["rows"][k]["n"] for k in held["cells"][f"{first.real},{first.predicted}"]] == [
        record.test.shown.rows[k].row for k in first.rows
    ]


def test_networks_stand_by_depth_with_both_scores():
    record = evident(regression())
    spec = figures.overfitting(record.leaderboard, "rmse").spec()
    titles = [panel["title"] for panel in spec["charts"]]
    assert titles == ["no hidden layer", "1 hidden layer", "2 hidden layers", "3 or more"]
    one = next(row for row in record.leaderboard if row.name == "1 × 64")
    ring, dot = spec["charts"][1]["series"]
    k = ring["labels"].index("1 × 64")
    assert (ring["x"][k], ring["y"][k]) == (one.parameters, pytest.approx(one.validation_mean))
    assert (dot["y"][k], ring["high"][k]) == (pytest.approx(one.training_mean), pytest.approx(one.training_mean))
    assert spec["charts"][0]["y"]["possible"] == [0.0, None]


def test_two_networks_are_no_comparison():
    networks = [row for row in evident(regression()).leaderboard if row.kind == "network"]
    assert figures.overfitting(networks[:2], "rmse") is None
    assert figures.overfitting(networks[:3], "rmse") is not None


def test_only_settings_that_apply_are_shown():
    record = regression()
    settings = {
        "kind": "dense", "filters": [], "kernel": 3, "padding": "same", "cell": "gru", "units": [], "hidden": [64, 64],
        "bidirectional": False, "pieces": 0, "dropout": 0.0, "weight_decay": 0.02, "learning_rate": None, "seed": 0,
    }  # fmt: skip
    winner = changed(record.winner, settings=settings)
    assert list(build_view(changed(record, winner=winner))["settings_of_winner"]) == [
        "kind", "hidden", "weight_decay", "seed",
    ]  # fmt: skip
    straight = {**settings, "hidden": [], "dropout": 0.2, "activation": "silu"}
    shown = build_view(changed(record, winner=changed(record.winner, settings=straight)))["settings_of_winner"]
    assert not {"activation", "dropout"} & set(shown)  # a network without a hidden layer has neither
    recurrent = {**settings, "kind": "recurrent", "units": [8], "bidirectional": True}
    shown = build_view(changed(record, winner=changed(record.winner, settings=recurrent)))["settings_of_winner"]
    assert {"cell", "units", "bidirectional"} <= set(shown) and "kernel" not in shown


def test_many_layers_are_told_apart_by_strength():
    layers = [f"dense_{k}" for k in range(1, 13)]
    from thetastar.model.record import GradientNorms

    found = GradientNorms(layers=layers, epochs=[1, 2], norms=[[1.0, 2.0]] * 12)
    series = figures.gradients(found).spec()["series"]
    assert len({line["color"] for line in series}) == 1
    assert series[0]["opacity"] < series[-1]["opacity"] <= 1
