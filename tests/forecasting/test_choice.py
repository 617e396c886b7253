"""The choice: honest against chance, exact where a rule is exact, silent about the test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import thetastar as ts
from thetastar.forecasting.average import average_weights
from thetastar.forecasting.chance import only_scatters
from thetastar.forecasting.choose import choose, learned_again
from thetastar.forecasting.leaks import suspects
from thetastar.forecasting.origins import Backtest, make_plan

from .conftest import days, weekly
from .test_methods import panel_of


def of(y, **more):
    return ts.forecast({"t": days(len(y)), "y": y}, "y", "t", **more)


def test_a_pure_weekly_cycle_is_forecast_to_rounding_error():
    wave = np.tile([3.0, 5.0, 8.0, 1.0, 0.5, 13.0, 2.0], 40)
    model = of(wave, horizon=14)
    assert model.record.chosen == "seasonal naive" and model.record.baseline_chosen
    assert [row["prediction"] for row in model.rows()] == np.tile(wave[:7], 2).tolist()
    assert "exact on the validation" in model.verdict[0]


@pytest.mark.parametrize("seed", range(3))
def test_nothing_beats_the_last_value_on_a_random_walk_nor_the_mean_on_noise(seed):
    """All twenty seeds: benchmarks/forecasts.py noise."""
    drawn = np.random.default_rng(100 + seed).normal(size=400)
    for y, plain in ((50 + drawn.cumsum(), "last value"), (20 + 3 * drawn, "mean")):
        model = of(y[:320])
        made = np.asarray(model.predict({"t": days(400), "y": y}))[320:]
        guess = y[319:-1] if plain == "last value" else np.array([y[:k].mean() for k in range(320, 400)])
        assert np.abs(made - y[320:]).mean() <= 1.01 * np.abs(guess - y[320:]).mean()
        if model.record.baseline_chosen:
            assert "the forecast is the baseline's" in " ".join(model.verdict)


def test_a_series_of_zeros_with_rare_ones_is_not_forecast_by_its_last_value():
    y = (np.random.default_rng(0).random(300) < 0.03) * 1.0
    y[-1] = 1.0
    model = of(y, horizon=3, methods=("linear on", "exponential"))
    assert model.record.chosen == "exponential smoothing, robust"
    assert "alone takes" in " ".join(model.verdict) and model.rows(1)[0]["prediction"] < 0.1


def test_what_has_a_week_is_better_than_every_plain_rival_on_unseen_rows():
    y = weekly(500, 21, noise=3.0)
    model = of(y, horizon=7)
    unseen = model.record.unseen
    assert unseen.mae < 0.85 * unseen.baselines["seasonal naive"]["mae"]
    assert not model.record.baseline_chosen


def test_a_planted_future_column_is_named_and_left_out():
    draw = np.random.default_rng(22)
    y = weekly(300, 22, noise=4.0)
    table = {"t": days(300), "y": y, "honest": draw.normal(size=300), "tomorrow": np.append(y[1:], np.nan)}
    model = ts.forecast(table, "y", "t", horizon=3, methods=("linear on",))
    assert any(
        text.startswith("'tomorrow' at one step gives away the target of the next") for text in model.record.distrust
    )
    assert any("'tomorrow'" in note for note in model.record.notes)
    assert model.series.layout.columns == ("honest",)


@pytest.mark.parametrize(("shift", "horizon"), [(1, 1), (3, 1), (7, 7), (20, 7)])
def test_a_column_shifted_by_several_steps_is_named_with_them(shift, horizon):
    y = weekly(300, 22, noise=4.0)
    table = {"t": days(300), "y": y, "late": np.append(y[shift:], [np.nan] * shift), "early": np.roll(y, shift)}
    model = ts.forecast(table, "y", "t", horizon=horizon, methods=("linear on",))
    whose = "of the next" if shift == 1 else f"{shift} steps later"
    assert any(text.startswith(f"'late' at one step gives away the target {whose}") for text in model.record.distrust)
    assert model.series.layout.columns == ("early",)


def test_a_column_known_ahead_must_not_hold_the_target_of_less_than_the_horizon_before():
    y = weekly(300, 22, noise=4.0)
    for horizon, named in ((3, False), (4, True)):
        panel = panel_of(y, season=7)
        panel = replace(panel, known={"old": np.roll(y, 3)[None]})
        found = suspects(panel, 300, horizon)
        assert ("'old', said to be known ahead, gives away the target 3 steps before" in found.get("old", "")) == named


def test_a_known_column_that_is_the_target_itself_is_named():
    y = weekly(200, 23, noise=4.0)
    model = ts.forecast({"t": days(200), "y": y, "again": 2 * y + 1}, "y", "t", known="again", methods=("linear on",))
    assert any("'again', said to be known ahead, gives away the target" in text for text in model.record.distrust)


def test_a_known_column_helps_and_is_asked_for():
    draw = np.random.default_rng(24)
    promo = (draw.random(430) < 0.2) * 1.0
    y = 20 + 15 * promo + draw.normal(size=430)
    table = {"t": days(400), "y": y[:400], "promo": promo[:400]}
    model = ts.forecast(table, "y", "t", horizon=14, known="promo", methods=("linear",))
    with pytest.raises(ts.InputError, match=r"'promo' must be known for the 14 steps ahead. Give known="):
        model.forecast()
    future = {"t": days(430)[400:], "promo": promo[400:]}
    made = np.asarray([row["prediction"] for row in model.rows(14, known=future)])
    assert np.abs(made - y[400:414]).mean() < 2.0
    short = {"t": days(430)[400:410], "promo": promo[400:410]}
    with pytest.raises(
        ts.InputError, match=r"'promo' must be known at all 14 steps ahead. It is missing at 2023-02-17"
    ):
        model.forecast(14, known=short)


def test_rows_at_the_end_without_a_value_are_the_future(tmp_path):
    """What they say of known columns is kept, in the file too, until the steps have come."""
    draw = np.random.default_rng(29)
    promo = (draw.random(320) < 0.2) * 1.0
    y = 20 + 15 * promo + draw.normal(size=320)
    sold = np.where(np.arange(320) < 310, y, np.nan)
    table = {"t": days(320), "y": sold, "promo": promo}
    model = ts.forecast(table, "y", "t", horizon=7, known="promo", methods=("linear",))
    assert "The last 10 steps have no value: the forecast begins there" in model.record.notes[0]
    rows = model.rows()
    assert rows[0]["time"] == str(days(311)[310])
    assert np.abs(np.array([row["prediction"] for row in rows]) - y[310:317]).mean() < 2.5
    again = ts.load(model.save(tmp_path / "m.theta"))
    assert again.rows() == rows
    grown = again.extended({"t": days(313)[310:], "y": y[310:313], "promo": promo[310:313]})
    assert grown.rows(7)[0]["time"] == str(days(314)[313]) and not grown.sees_ahead(8)
    plain = ts.forecast(
        {"t": days(120), "y": np.where(np.arange(120) < 117, weekly(120), np.nan)}, "y", "t", methods=("linear on",)
    )
    assert plain.rows()[0]["time"] == str(days(118)[117])


def test_the_test_stretch_changes_no_choice():
    """Whatever stands in the last fifth: validation, weights and what is learned for the test are the same."""
    y = weekly(300, 25, noise=3.0)
    other = y.copy()
    other[240:] = other[240:][::-1] * 1.5
    boards = []
    for values in (y, other):
        panel = panel_of(values)
        found = choose(panel, make_plan(panel, 7), (1, 7), 7, only=["linear", "exponential", "theta"])
        boards.append([(row.name, row.error, row.weight) for row in found.board])
    assert boards[0] == boards[1]


def test_a_candidate_without_a_forecast_or_far_outside_is_out_and_said_so():
    panel = panel_of(weekly(200, 26))
    plan = make_plan(panel, 7)
    found = choose(panel, plan, (1, 7), 7, only=["linear"])
    assert all(row.failed is None for row in found.board)
    from thetastar.forecasting.choose import _failure

    good = found.backtest.forecasts["last value"]
    assert _failure(panel, plan, good) is None
    assert _failure(panel, plan, np.where(good > 55, np.nan, good)) == "a forecast is missing"
    assert _failure(panel, plan, good * 1e6) == "a forecast lies far outside the past"


def test_averages_prefer_what_helps_and_shares_add_up_to_one():
    draw = np.random.default_rng(27)
    truth = draw.normal(size=(1, 300, 1))
    made = {f"good {k}": truth + draw.normal(size=truth.shape) for k in range(3)} | {
        "bad": truth + 5 * draw.normal(size=truth.shape)
    }
    backtest = Backtest(np.arange(300), truth, made, np.ones((1, 1)))
    weights = average_weights(backtest, list(made), slice(0, 1))
    assert sum(weights.values()) == pytest.approx(1.0)
    assert weights["bad"] < 0.2 < min(weights[f"good {k}"] for k in range(3))


def test_several_series_are_learned_together_and_forecast_apart():
    rows = [
        (f"s{k}", day, 10 * (k + 1) + value)
        for k in range(4)
        for day, value in zip(days(200), weekly(200, k), strict=True)
    ]
    table = {"id": [r[0] for r in rows], "t": [str(r[1]) for r in rows], "y": [r[2] for r in rows]}
    model = ts.forecast(table, "y", "t", id="id", horizon=7, methods=("linear", "exponential", "network"))
    made = model.rows()
    assert len(made) == 28 and {row["id"] for row in made} == {"s0", "s1", "s2", "s3"}
    usual = 10 * np.sin(2 * np.pi * np.arange(200, 207) / 7) + 50
    for k in range(4):
        own = np.array([row["prediction"] for row in made if row["id"] == f"s{k}"])
        assert np.abs(own - usual - 10 * (k + 1)).mean() < 1.5


@pytest.mark.parametrize("count", [3, 4, 6, 9, 15])
def test_a_very_short_series_gets_a_forecast_and_a_warning(count):
    model = of(np.arange(count, dtype=float) + 5, horizon=3)
    rows = model.rows()
    assert len(rows) == 3 and all(np.isfinite(row["prediction"]) and row["upper_80"] >= row["lower_80"] for row in rows)
    assert model.record.distrust


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads():
    y = weekly(220, 28, noise=3.0)
    one, two = (of(y, horizon=7, threads=threads).rows() for threads in (1, 2))
    assert one == two


def test_a_history_longer_than_what_there_is_to_learn_from_is_left_out_or_refused():
    y = weekly(120, 48)
    model = of(y, history=(7, 400), methods=("linear on",))
    assert model.record.history == [7] and "A history of 400 steps is left out" in model.record.notes[0]
    with pytest.raises(ts.InputError, match=r"history: 400 steps and the horizon do not fit into the 72 steps .* 61"):
        of(y, history=400)


def test_a_horizon_longer_than_the_unseen_stretch_is_said():
    model = of(weekly(60, 49), horizon=40, methods=("linear on",))
    assert len(model.rows()) == 40
    assert any("nothing is known of the errors of step 19 and beyond" in text for text in model.record.distrust)


def test_values_too_large_to_be_squared_are_refused():
    with pytest.raises(ts.InputError, match=r"the target 'y' reaches 1e\+200, and only values up to 1e\+100"):
        of(np.full(60, 1e200))


@pytest.mark.parametrize("seed", range(5))
def test_independent_draws_only_scatter_and_walks_weeks_and_shifts_do_not(seed):
    draw = np.random.default_rng(seed)
    noise = draw.normal(size=300)
    assert only_scatters(panel_of(noise), 300) and only_scatters(panel_of(np.ones(300)), 300)
    for y in (noise.cumsum(), weekly(300, seed), noise + 3 * (np.arange(300) > 150)):
        assert not only_scatters(panel_of(y), 300)


def test_the_mean_is_no_refuge_where_the_level_has_moved():
    draw = np.random.default_rng(50)
    y = 100 + 10 * draw.normal(size=200) + np.where(np.arange(200) > 170, 60, 0)
    y[40:80] += 30
    made = of(y, horizon=14, methods=("linear on", "exponential"))
    assert made.record.chosen != "mean" and made.rows()[0]["prediction"] > 130


def test_after_the_test_an_averages_weights_are_learned_from_it_too_and_nothing_that_was_tested_changes():
    y = weekly(300, 51, noise=4.0)
    table = {"t": days(300), "y": y}
    model = ts.forecast(table, "y", "t", horizon=3, methods=("linear on", "exponential", "theta"))
    assert not model.record.baseline_chosen
    panel = panel_of(y, season=7)
    plan = make_plan(panel, 3)
    choice = choose(panel, plan, (1, 7, 28), 7, only=["linear on", "exponential", "theta"])
    again = learned_again(choice, panel, plan)
    assert again != choice.weights and all(abs(sum(shares.values()) - 1) < 0.2 for _, shares in again)
    changed = panel_of(np.append(y[: plan.test_cut], y[plan.test_cut :] + 50), season=7)
    assert choose(changed, plan, (1, 7, 28), 7, only=["linear on", "exponential", "theta"]).weights == choice.weights
    assert "Then the weights were learned again, with that stretch" in model.verdict[-1]


def test_what_stands_alone_keeps_its_weight_after_the_test():
    model = of(np.random.default_rng(52).normal(size=200), horizon=2, methods=("linear on",))
    assert model.record.chosen == "mean" and [part["shares"] for part in model.record.weights] == [{"mean": 1.0}]
    assert "learned again" not in " ".join(model.verdict)
