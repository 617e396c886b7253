"""The lecture's table, and the synthetic days that it runs on anywhere."""

from __future__ import annotations

import numpy as np
import pytest

import thetastar as ts
from thetastar.errors import InputError
from thetastar.forecasting import lecture as room
from thetastar.forecasting.lecture import _least_absolute, _words, make_lecture
from thetastar.forecasting.panel import make_panel
from thetastar.forecasting.series import read_series

from .conftest import days, weekly


@pytest.fixture(scope="module")
def views():
    columns, target = ts.datasets.load("views")
    series = read_series(ts.data.read_table(columns), target, "date")
    return series, make_panel(series, season=7).filled[0]


@pytest.fixture(scope="module")
def made(views):
    return make_lecture(*views, starts=2)


def test_views_are_1826_days_the_same_everywhere(views):
    series, _ = views
    columns, target = ts.datasets.load("views")
    assert target == "views" and len(columns["views"]) == 1826
    assert (columns["date"][0], columns["date"][-1]) == ("2017-01-01", "2021-12-31")
    assert columns["views"][:4].tolist() == [3087, 2916, 2947, 2900]
    assert series.layout.calendar.name == "day" and not series.gaps()


def test_the_unseen_year_is_the_last_one(made):
    assert made["split"]["unseen"] == "2021-01-01" and made["split"]["unseen_steps"] == 365
    assert made["split"]["seen_steps"] == 1461 - 56


def test_the_table_has_the_lectures_eight_models(made):
    names = [row["name"] for row in made["rows"]]
    assert names[1:5] == ["linear, 1 step", "linear, 7 steps", "linear, 28 steps", "linear, 56 steps"]
    assert names[5:] == ["1 hidden layer, 56 steps", *(f"{k} hidden layers, 56 steps" for k in (2, 3, 4))]
    assert [row["parameters"] for row in made["rows"][1:7]] == [2, 8, 29, 57, 5801, 15901]


def test_a_longer_history_and_depth_fit_the_training_years_better(made):
    seen = [row["seen"] for row in made["rows"]]
    assert seen[1:5] == sorted(seen[1:5], reverse=True) and seen[5:] == sorted(seen[5:], reverse=True)
    assert all(row["unseen_spread"] > 0 for row in made["rows"][5:])


def test_the_words_follow_from_the_numbers():
    def rows(linear, deep):
        make = lambda name, pair: {"name": name, "seen": pair[0], "unseen": pair[1], "unseen_spread": 0.0}  # noqa: E731
        made = [make(f"linear, {n} steps", pair) for n, pair in zip((1, 7, 28, 56), linear, strict=True)]
        return made + [make(f"{k + 1} hidden layers, 56 steps", pair) for k, pair in enumerate(deep)]

    lectures = rows([(0.48, 0.58), (0.38, 0.49), (0.33, 0.46), (0.32, 0.46)],
                    [(0.28, 0.43), (0.18, 0.39), (0.14, 0.38), (0.10, 0.44)])  # fmt: skip
    text = " ".join(_words(lectures))
    assert "the best network (3 hidden layers, 56 steps, 0.38) is 17.4 % better" in text
    assert (
        "from 3 hidden layers, 56 steps to 4 hidden layers, 56 steps the training error falls from 0.14 to 0.1" in text
    )
    assert "That is overfitting." in text
    plain = rows([(1, 1), (0.9, 0.9), (0.8, 0.8), (0.7, 0.7)], [(0.6, 0.8), (0.5, 0.8), (0.4, 0.8), (0.3, 0.8)])
    assert "On the unseen stretch linear wins: linear, 56 steps is off by 0.7" in " ".join(_words(plain))


def test_linear_functions_have_the_least_absolute_error():
    draw = np.random.default_rng(51)
    x = draw.normal(size=(400, 3))
    y = 2 + x @ [1.0, -2.0, 0.5]
    y[::10] += 1000  # a tenth of the rows is wrong: least squares would follow them
    bias, weight = _least_absolute(x, y)
    assert bias == pytest.approx(2, abs=1e-3) and weight == pytest.approx([1, -2, 0.5], abs=1e-3)


def test_the_descent_ends_near_the_lowest_point_of_the_map(made):
    found = made["map"]
    loss = np.array(found["loss"])
    assert loss.shape == (len(found["biases"]), len(found["weights"]))
    assert found["least"] == pytest.approx(made["rows"][1]["seen"], rel=1e-6)
    assert found["least"] <= loss.min() * 1.02 and loss.min() < 1.1 * found["least"]
    last = np.array(found["path"][-1])
    assert abs(last[0] - found["best"][0]) < 0.2


def test_the_weights_stand_beside_the_lectures(made):
    assert len(made["weights"]["weights"]) == 7
    assert made["weights"]["lecture"] == [0.79, -0.31, 0.12, -0.01, -0.10, 0.30, 0.18]


def test_several_columns_are_inputs():
    y = weekly(400, 52)
    table = {"day": days(400), "views": y, "likes": y / 20}
    series = read_series(ts.data.read_table(table), "views", "day", columns=("likes",))
    made = make_lecture(series, series.values[0], starts=1)
    assert made["columns"] == ["likes"] and made["rows"][2]["parameters"] == 15


def test_a_short_series_is_refused():
    series = read_series(ts.data.read_table({"day": days(150), "y": weekly(150)}), "y", "day")
    with pytest.raises(InputError, match="--lecture: 150 steps are too few: 56 of history and an unseen stretch"):
        make_lecture(series, series.values[0])


def test_the_numbers_of_starts_and_layers_are_the_lectures():
    assert room.HISTORY == (1, 7, 28, 56) and room.DEPTHS == (1, 2, 3, 4)
