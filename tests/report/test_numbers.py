"""How scores, counts, times and names are written, and the axis of the dots."""

from __future__ import annotations

import pytest

from thetastar.report.numbers import count, duration, is_number, score, shown, spread
from thetastar.report.scale import Scale, scale_for


@pytest.mark.parametrize(
    ("value", "metric", "text"),
    [
        (0.97222, "accuracy", "97.2 %"),
        (1.0, "balanced_accuracy", "100.0 %"),
        (0.85117, "auc", "0.851"),
        (-0.0002, "r2", "0.000"),
        (53412.7, "rmse", "53,413"),
        (0.0123456, "rmse", "0.01235"),
        (1.5e-9, "mae", "1.5e-9"),
        (3.2e12, "rmse", "3.2e12"),
        (0.0, "rmse", "0"),
        (36.0, "log_loss", "36.00"),
        (None, "rmse", "–"),
        (float("nan"), "auc", "–"),
        (float("inf"), None, "–"),
    ],
)
def test_score(value, metric, text):
    assert score(value, metric) == text


def test_spread_has_the_unit_of_its_score():
    assert spread(0.0123, "accuracy") == "1.23 %" and spread(812.4, "rmse") == "812.4"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0421, "42 ms"),
        (0.41, "0.4 s"),
        (41.2, "41 s"),
        (125.0, "2 min 05 s"),
        (3780, "1 h 03 min"),
        (None, "–"),
        (0, "0.0 s"),
    ],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_count_and_shown():
    assert (count(20640), count(41.5), count(None)) == ("20,640", "41.5", "–")
    assert (shown("  "), shown("a\tb"), shown("\u202ex")) == ("(blank)", "a\\tb", "\\u202ex")
    assert not is_number(True) and not is_number("1")


def test_far_values_do_not_stretch_the_scale():
    scale = scale_for([0.95, 0.97], [0.95, 0.97, 0.96, 0.1])
    assert scale.side(0.1) == "left" and scale.side(0.96) == "inside" and scale.place(0.1) == 0.0


@pytest.mark.parametrize("core", [[], [3.0], [0.0, 0.0], [-5.0, 5.0], [1e-12, 2e-12], [float("nan")]])
def test_any_values_make_a_scale_with_honest_ticks(core):
    scale = scale_for(core, core)
    assert scale.low < scale.high
    assert all(0 <= tick["at"] <= 100 for tick in scale.ticks("rmse"))


def test_ticks_say_what_they_stand_on():
    assert [tick["text"] for tick in Scale(0.93, 1.0).ticks("accuracy")] == ["94 %", "96 %", "98 %", "100 %"]
    assert [tick["text"] for tick in Scale(0.816, 0.884).ticks("auc")] == ["0.82", "0.84", "0.86", "0.88"]
