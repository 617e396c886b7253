"""The methods: text-book values, exact cases, and that nothing after the cut is looked at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from thetastar import forecast
from thetastar.data import read_table
from thetastar.forecasting.candidates import methods_for, networks_for
from thetastar.forecasting.methods.contract import Fitted, Logged
from thetastar.forecasting.methods.levels import LevelShape
from thetastar.forecasting.methods.linear import Linear, Ridge
from thetastar.forecasting.methods.simple import (
    Average,
    Drift,
    LastValue,
    Mean,
    MovingAverage,
    SeasonalAverage,
    SeasonalNaive,
)
from thetastar.forecasting.methods.smoothing import Smoothed, Smoothing, Theta
from thetastar.forecasting.methods.trees import Trees
from thetastar.forecasting.networks import KINDS, NetworkMethod, fit_networks
from thetastar.forecasting.options import METHODS
from thetastar.forecasting.panel import Panel, make_panel
from thetastar.forecasting.series import read_series

from .conftest import days, weekly


def panel_of(*series: np.ndarray, season: int = 7, year: float = 0.0) -> Panel:
    """Series that end together."""
    rows = [(f"s{k}", day, value) for k, values in enumerate(series)
            for day, value in zip(days(500)[500 - len(values) :], values, strict=True)]  # fmt: skip
    table = read_table({"id": [r[0] for r in rows], "t": [str(r[1]) for r in rows], "y": [r[2] for r in rows]})
    return make_panel(read_series(table, "y", "t", "id"), season=season, year=year)


def ahead(method, panel: Panel, steps: int = 9, cut: int | None = None, horizon: int | None = None) -> np.ndarray:
    cut = panel.length if cut is None else cut
    return method.fit(panel, cut, horizon or steps).forecast(panel, np.array([cut - 1]), steps)[:, 0]


SHORT = np.arange(1.0, 11.0)
EVERY = [
    LastValue(), SeasonalNaive(7), Mean(), Drift(), MovingAverage(7), SeasonalAverage(7), Smoothing(7),
    Smoothing(7, True), Theta(7), Linear(1), Linear(14), Ridge(14), LevelShape(7), LevelShape(7, times=False),
    LevelShape(7, year=True), Logged(LevelShape(7, times=False)), Trees(14), Logged(Smoothing(7)), Logged(Ridge(14)),
]  # fmt: skip


def test_the_plain_ones_by_hand():
    panel = panel_of(SHORT)
    assert ahead(LastValue(), panel, 3).tolist() == [[10, 10, 10]]
    assert ahead(SeasonalNaive(7), panel, 9).tolist() == [[4, 5, 6, 7, 8, 9, 10, 4, 5]]
    assert ahead(Mean(), panel, 2).tolist() == [[5.5, 5.5]]
    assert ahead(Drift(), panel, 3).tolist() == [[11, 12, 13]]
    assert Average(4).forecast(panel, np.array([9]), 2).tolist() == [[[8.5, 8.5]]]


def test_a_series_shorter_than_its_season_falls_back_to_the_last_value():
    assert ahead(SeasonalNaive(7), panel_of(np.array([3.0, 4.0, 8.0])), 7)[0].tolist() == [8, 8, 8, 8, 3, 4, 8]


def test_smoothing_by_hand():
    """ℓ ← ℓ + α e from the mean of the first four values, as written down step by step."""
    panel = panel_of(SHORT, season=1)
    level = SHORT[:4].mean()
    for value in SHORT:
        level += 0.3 * (value - level)
    made = Smoothed(1, np.array([[0.3, 0.0, 1.0, 0.0, 0.0]])).forecast(panel, np.array([9]), 2)
    assert made[0, 0].tolist() == pytest.approx([level, level], rel=1e-14)


def test_smoothing_runs_over_a_series_as_if_it_were_alone():
    a, b = weekly(120, 1), 5 + weekly(90, 2)
    both, alone = panel_of(a, b), panel_of(b)
    settings = np.array([[0.2, 0.0, 1.0, 0.1, 0.0], [0.3, 0.0, 1.0, 0.05, 0.0]])
    made = Smoothed(7, settings).forecast(both, np.array([99]), 7)[1]
    assert made.tolist() == Smoothed(7, settings[1:]).forecast(alone, np.array([69]), 7)[0].tolist()


def test_many_series_choose_their_smoothing_together():
    """Levels that wander alike under noise: alone some series take chance for movement, together fewer do."""
    draw = np.random.default_rng(5)
    series = [100 + 0.36 * draw.normal(size=80).cumsum() + draw.normal(size=80) for _ in range(40)]
    together = Smoothing(1).fit(panel_of(*series, season=1), 80, 1).settings[:, 0]
    alone = np.array([Smoothing(1).fit(panel_of(one, season=1), 80, 1).settings[0, 0] for one in series])
    assert np.abs(together - 0.3).mean() < 0.7 * np.abs(alone - 0.3).mean()


@pytest.mark.parametrize("method", EVERY, ids=lambda method: method.name)
def test_a_constant_series_stays_constant(method):
    made = ahead(method, panel_of(np.full(120, 42.0)), 9)
    assert made == pytest.approx(42.0, rel=1e-9)


@pytest.mark.parametrize("method", [m for m in EVERY if not isinstance(m, Trees)], ids=lambda method: method.name)
def test_a_pure_week_is_forecast_exactly_by_what_knows_the_week(method):
    wave = np.tile(weekly(7, noise=3.0), 30)
    panel = panel_of(wave)
    made = ahead(method, panel, 7)
    knows = "season" in method.name or "shape" in method.name or getattr(method, "lags", 0) > 7
    if knows and not isinstance(method, Logged) and method.name != "moving average":
        tolerance = 1e-3 if "14 lags, the" in method.name else 1e-8
        assert made[0] == pytest.approx(wave[:7], rel=tolerance)


@pytest.mark.parametrize("method", EVERY, ids=lambda method: method.name)
def test_nothing_after_the_cut_is_looked_at(method):
    """The same forecasts come out whatever follows the origin, and the same parameters whatever follows the cut."""
    y = weekly(160, 3)
    changed = y.copy()
    changed[120:] = 1000.0
    one, two = (ahead(method, panel_of(values), 7, cut=120) for values in (y, changed))
    assert np.array_equal(one, two)


@pytest.mark.parametrize("method", EVERY, ids=lambda method: method.name)
def test_many_origins_at_once_are_one_after_the_other(method):
    panel = panel_of(weekly(160, 4), 3 + weekly(140, 5))
    fitted = method.fit(panel, 120, 7)
    origins = np.array([119, 130, 150])
    together = fitted.forecast(panel, origins, 10)
    for place, origin in enumerate(origins):
        alone = fitted.forecast(panel.until(origin + 1), np.array([origin]), 10)[:, 0]
        assert together[:, place] == pytest.approx(alone, rel=1e-9)


@pytest.mark.parametrize("method", EVERY, ids=lambda method: method.name)
def test_what_is_written_down_of_a_fitted_method_makes_an_equal_one(method):
    panel = panel_of(weekly(120, 6), weekly(120, 7), year=35.0)
    fitted = method.fit(panel, 110, 7)
    plain, arrays = fitted.state()
    again = Fitted.from_state(plain, arrays)
    again.check(2)
    assert np.array_equal(again.forecast(panel, np.array([115]), 9), fitted.forecast(panel, np.array([115]), 9))


def test_beyond_the_trained_horizon_forecasts_recurse():
    panel = panel_of(weekly(120, 8))
    fitted = Ridge(14).fit(panel, 120, 7)
    whole = fitted.forecast(panel, np.array([119]), 14)[0, 0]
    taken = np.concatenate([panel.raw[0], whole[:7]])
    longer = panel_of(taken)
    assert fitted.forecast(longer, np.array([126]), 7)[0, 0] == pytest.approx(whole[7:], rel=1e-9)


def test_a_line_is_followed_by_drift_and_by_linear_functions():
    line = np.arange(100.0)
    for method in (Drift(), Linear(7), Ridge(14)):
        tolerance = 0.2 if isinstance(method, Ridge) else 1e-5
        assert ahead(method, panel_of(line), 3)[0] == pytest.approx([100, 101, 102], abs=tolerance)


def test_the_robust_smoothing_passes_over_an_odd_day():
    y = weekly(200, 9)
    y[190] += 500
    plain, robust = (ahead(method, panel_of(y), 7, cut=191)[0] for method in (Smoothing(7), Smoothing(7, True)))
    usual = 50 + 10 * np.sin(2 * np.pi * np.arange(191, 198) / 7)
    assert np.abs(robust - usual).mean() < 3 < np.abs(plain - usual).mean()


def test_all_kinds_of_networks_learn_the_week_and_are_the_same_bits_on_any_number_of_threads():
    panel = panel_of(weekly(300, 10), season=7)
    methods = [NetworkMethod(shape, 14, starts=1) for shape in KINDS] + [
        NetworkMethod("dense", 14, residual_of="season")
    ]
    one, two = (fit_networks(methods, panel, 260, 7, threads=threads) for threads in (1, 2))
    origins = np.arange(259, 292)
    truth = panel.truth(origins, 7)
    level = np.abs(panel.filled[:, origins][..., None] - truth).mean()
    for method, a, b in zip(methods, one, two, strict=True):
        made = a.forecast(panel, origins, 7)
        assert np.array_equal(made, b.forecast(panel, origins, 7)), method.name
        assert np.abs(made - truth).mean() < 0.35 * level, method.name


def test_which_methods_compete_follows_from_the_length():
    names = [{m.name for m in methods_for(panel_of(weekly(n)), n, 7, (1, 7), 7)} for n in (6, 12, 60, 400)]
    assert names[0] == {"last value", "mean", "drift", "moving average"}
    assert "exponential smoothing" in names[1] and "linear on 7 lags" not in names[1]
    assert "linear on 7 lags" in names[2] and "level × shape" in names[2]


def test_trees_compete_where_there_are_further_columns_or_they_are_named():
    one, two = panel_of(weekly(400)), panel_of(weekly(400), weekly(400, 1))

    def grown(panel: Panel, **more) -> bool:
        return any(isinstance(m, Trees) for m in methods_for(panel, 400, 7, (1, 7), 7, **more))

    assert grown(replace(one, past={"price": one.filled}))
    assert not grown(one) and not grown(two) and grown(one, trees=True)
    rows = {"t": days(450), "y": weekly(450)}
    model = forecast(rows, "y", "t", horizon=7, methods=["boosted"])
    assert any(row["name"].startswith("boosted trees") for row in model.leaderboard)


def test_a_wave_of_a_year_is_learned_from_more_than_its_last_round():
    t = np.arange(500)
    noise = np.random.default_rng(3).normal(size=500)
    wave = 10 * np.sin(2 * np.pi * t / 91)
    panel = panel_of(100 + wave + 3 * noise, year=91.0)
    fitted = LevelShape(7, year=True).fit(panel, 400, 28)
    origins = np.arange(399, 471)
    made = fitted.forecast(panel, origins, 28)[0]
    truth = (100 + wave)[origins[:, None] + np.arange(1, 29)]
    copied = panel.filled[0][origins[:, None] + np.arange(1, 29) - 91]
    assert np.abs(made - truth).mean() < 0.6 * np.abs(copied - truth).mean()


def test_every_method_begins_with_one_of_the_names_that_may_be_asked_for():
    panel = panel_of(weekly(400), weekly(400, 1), year=91.0)
    found = [*methods_for(panel, 400, 7, (1, 7), 7, trees=True), *networks_for(panel, 400, 7, (1, 7), {}, 0)]
    assert {word for m in found for word in METHODS if m.name.startswith(word)} == set(METHODS)
    assert all(any(m.name.startswith(word) for word in METHODS) for m in found)


def test_trees_go_down_their_arrays_to_the_librarys_bits():
    panel = panel_of(weekly(160, 14), weekly(150, 15))
    fitted = Trees(14).fit(panel, 140, 7)
    plain, arrays = fitted.state()
    alone = Fitted.from_state(plain, arrays)
    assert "_grown" in fitted.__dict__ and "_grown" not in alone.__dict__
    origins = np.arange(139, 159)
    assert np.array_equal(fitted.forecast(panel, origins, 7), alone.forecast(panel, origins, 7))
