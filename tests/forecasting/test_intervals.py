"""Intervals: from unseen errors of that very step, nested, never crossing, with the coverage that they say."""

from __future__ import annotations

import numpy as np
import pytest

import thetastar as ts
from thetastar.errors import InputError
from thetastar.forecasting.intervals import Unseen, make_bands, widest_rank
from thetastar.forecasting.methods.simple import LastValue
from thetastar.forecasting.metrics import coverage, scores
from thetastar.forecasting.options import ForecastOptions, read_levels
from thetastar.forecasting.origins import make_plan, step_errors

from .conftest import days, weekly
from .test_methods import panel_of


def test_a_line_of_slope_1_has_errors_1_2_3_by_step():
    """A known library takes the errors of step h + 1."""
    panel = panel_of(np.arange(60.0), season=1)
    origins = np.arange(30, 57)
    made = LastValue().fit(panel, 30, 3).forecast(panel, origins, 3)
    assert [np.unique(np.abs(errors)).tolist() for errors in step_errors(made, panel.truth(origins, 3))] == [
        [1],
        [2],
        [3],
    ]
    bands = make_bands(panel, Unseen(origins, made), (80.0,), 3)
    lower, upper = bands.around(panel, made[:, -1:], origins[-1:])
    assert (upper - made[:, -1:])[0, 0, 0] == pytest.approx([1, 2, 3], rel=1e-9)
    assert (made[:, -1:] - lower)[0, 0, 0] == pytest.approx([1, 2, 3], rel=1e-9)


@pytest.mark.parametrize(
    ("count", "level", "rank"), [(10, 80, 9), (10, 90, 10), (9, 90, 9), (19, 95, 19), (100, 80, 81), (4, 80, 4)]
)
def test_the_half_width_is_the_error_of_that_rank(count, level, rank):
    """⌈(n + 1) · level⌉: the only one with a guarantee."""
    assert widest_rank(np.arange(1.0, count + 1), level) == (float(rank), False)


def test_too_few_errors_are_widened_and_never_give_one_width_to_two_levels():
    widths = [widest_rank(np.array([1.0, 2.0, 3.0]), level) for level in (70, 80, 95, 99)]
    assert widths[0] == (3.0, False) and all(widened for _, widened in widths[1:])
    assert 3.0 < widths[1][0] < widths[2][0] < widths[3][0]


@pytest.mark.parametrize("given", ["80,95", (80, 95), [0.8, 0.95], "0.8, 95 %", (95, 80, 80)])
def test_levels_are_percent_and_shares_are_read_as_such(given):
    """A known library takes 0.8 for 0.8 %."""
    assert read_levels(given) == (80.0, 95.0)


def test_a_small_error_on_a_large_level_keeps_its_digits():
    y = 1e9 + np.random.default_rng(5).normal(size=300).cumsum()
    model = ts.forecast({"t": days(300), "y": y}, "y", "t", horizon=3, methods=("linear on",))
    half = [(row["upper_80"] - row["lower_80"]) / 2 for row in model.rows()]
    assert 0.8 < half[0] < half[2] < 5


def test_no_level_at_all_is_refused():
    with pytest.raises(InputError, match="forecast: levels: give at least one level, such as 80"):
        ForecastOptions.checked(target="y", time="t", levels=())


def test_methods_that_do_not_exist_are_refused_with_those_that_do():
    with pytest.raises(InputError, match=r"forecast: methods: no method begins with 'arima'; there are: last value, "):
        ForecastOptions.checked(target="y", time="t", methods="theta, arima")
    assert ForecastOptions.checked(target="y", time="t", methods="linear,recurrent network on 28").methods


@pytest.mark.parametrize("given", [0, 1, 100, -5, "many"])
def test_levels_that_are_neither_are_refused(given):
    with pytest.raises(
        InputError, match=r"forecast: levels: .*(a level is a percentage above 1 and below 100|give levels in percent)"
    ):
        ForecastOptions.checked(target="y", time="t", levels=given)


def test_a_missing_truth_is_left_out_and_a_missing_forecast_has_failed():
    truth = np.array([[[1.0], [np.nan], [3.0]]])
    made = scores(np.full((1, 3, 1), 2.0), truth, np.ones(1))
    assert made["mae"] == 1.0 and made["smape"] == pytest.approx((200 / 3 + 40) / 2)
    assert scores(np.array([[[np.nan], [2.0], [2.0]]]), truth, np.ones(1))["mae"] is None
    share, by_step, counts = coverage(truth * 0 - 10, np.full_like(truth, 2.0), truth)
    assert (share, by_step, counts) == (0.5, [0.5], [2])


def model_of(y, horizon=7, **more):
    return ts.forecast(
        {"t": days(len(y)), "y": y}, "y", "t", horizon=horizon, methods=("exponential", "linear on"), **more
    )


@pytest.fixture(scope="module")
def weekly_model():
    return model_of(weekly(400, 11))


def test_levels_are_nested_and_hold_the_prediction(weekly_model):
    for row in weekly_model.rows(20, levels=(50, 80, 95, 99)):
        order = [row[f"lower_{level}"] for level in (99, 95, 80, 50)] + [row["prediction"]]
        order += [row[f"upper_{level}"] for level in (50, 80, 95, 99)]
        assert order == sorted(order) and len(set(order)) == 9


def test_they_cover_what_they_say_on_unseen_rows(weekly_model):
    y = weekly(1200, 11)
    found = weekly_model.evaluate({"t": days(1200)[400:], "y": y[400:]})
    assert found["coverage"]["80"] == pytest.approx(0.80, abs=0.06)
    assert found["coverage"]["95"] == pytest.approx(0.95, abs=0.04)
    assert weekly_model.record.unseen.coverage["80"] == pytest.approx(0.8, abs=0.1)
    assert all(step.errors >= 60 for step in weekly_model.record.unseen.by_step)


def test_beyond_the_horizon_the_errors_are_those_of_recursing(weekly_model):
    assert weekly_model.unseen.reach > weekly_model.horizon
    widths = [row["upper_80"] - row["lower_80"] for row in weekly_model.rows(60)]
    assert len(widths) == 60 and all(width > 0 for width in widths)
    further = [row["upper_80"] - row["lower_80"] for row in weekly_model.rows(300)]
    assert further[299] > further[59]  # past all that was ever seen they grow


def test_counts_stay_at_or_above_zero():
    draw = np.random.default_rng(12)
    rows = model_of(draw.poisson(0.7, 300).astype(float)).rows(28, levels=(99,))
    assert all(row["lower_99"] >= 0 and row["prediction"] >= 0 for row in rows)
    below = model_of(draw.normal(size=300)).rows(28, levels=(99,))
    assert any(row["lower_99"] < 0 for row in below)


def test_a_constant_series_has_no_width_and_does_not_blow_up():
    rows = model_of(np.full(80, 5.0)).rows()
    assert all(row["prediction"] == 5.0 and row["upper_95"] - row["lower_95"] < 1e-6 for row in rows)


def test_the_phase_of_the_season_is_known():
    draw = np.random.default_rng(13)
    size = np.where(np.arange(700) % 7 == 5, 10.0, 1.0)
    rows = model_of(100 + size * draw.normal(size=700)).rows()
    widths = np.array([row["upper_80"] - row["lower_80"] for row in rows])
    assert widths[(700 + np.arange(7)) % 7 == 5] > 2 * np.median(widths)


def test_the_test_is_the_last_fifth_and_the_validation_the_fifth_before():
    plan = make_plan(panel_of(weekly(200)), 7)
    assert (plan.validation_cut, plan.test_cut, plan.length) == (120, 160, 200)
    assert plan.test_origins[0] == 159 and plan.validation_origins[-1] == 158
    assert make_plan(panel_of(weekly(7)), 7) is None
    longer = make_plan(panel_of(weekly(100)), 28)
    assert longer.length - longer.test_cut == 30
