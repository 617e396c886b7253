"""From a long table to regular series: sorted, on the grid, gaps and duplicates by a stated rule."""

from __future__ import annotations

import numpy as np
import pytest

from thetastar.data import read_table
from thetastar.errors import InputError
from thetastar.forecasting.features import examples, plan_inputs
from thetastar.forecasting.panel import make_panel
from thetastar.forecasting.seasons import find_seasons
from thetastar.forecasting.series import read_series

from .conftest import days, weekly


def of(times, values, **more):
    return read_series(read_table({"t": times, "y": values}), "y", "t", **more)


def test_rows_in_any_order_give_the_same_series_and_say_so():
    order = np.random.default_rng(0).permutation(30)
    mixed = of(days(30)[order], np.arange(30.0)[order])
    assert mixed.values[0].tolist() == list(range(30))
    assert mixed.notes == ("The rows were not in order of time; they were sorted.",)
    assert of(days(30), np.arange(30.0)).notes == ()


def test_a_table_sorted_by_time_with_several_ids_is_not_called_unsorted():
    table = read_table({"id": ["a", "b"] * 5, "t": np.repeat(days(5), 2), "y": np.arange(10.0)})
    series = read_series(table, "y", "t", "id")
    assert series.ids == ("a", "b") and series.notes == ()
    assert series.values[1].tolist() == [1, 3, 5, 7, 9]


def test_gaps_are_missing_values_and_are_listed():
    kept = np.delete(np.arange(20), [5, 6, 12])
    series = of(days(20)[kept], kept.astype(float))
    assert np.flatnonzero(np.isnan(series.values[0])).tolist() == [5, 6, 12]
    assert series.gaps() == [(0, 5, 2), (0, 12, 1)]


def test_a_missing_value_is_read_as_the_one_a_season_before_and_never_as_truth():
    y = np.arange(21.0)
    y[17] = np.nan
    panel = make_panel(of(days(21), y), season=7)
    assert panel.filled[0, 17] == 10.0 and np.isnan(panel.raw[0, 17])
    assert np.isnan(panel.truth(np.array([16]), 1)).all()
    assert make_panel(of(days(21), y), gaps="zero").raw[0, 17] == 0.0


def test_kept_missing_nothing_is_learned_from_windows_that_hold_one():
    y = weekly(120)
    y[60] = np.nan
    for gaps, count in (("season", 111), ("missing", 111 - 10)):  # ten windows of 7 lags and 3 steps hold it
        panel = make_panel(of(days(120), y), season=7, gaps=gaps)
        inputs = plan_inputs(panel, 120, 3, 7, calendar=False)
        windows, future = examples(panel, inputs, 120)
        assert len(windows.ends) == count
        assert np.isnan(future).any() == (gaps == "season")


def test_filling_looks_only_at_the_past():
    y = weekly(60)
    y[40] = np.nan
    whole, half = make_panel(of(days(60), y), season=7), make_panel(of(days(45), y[:45]), season=7)
    assert np.array_equal(whole.filled[0, :45], half.filled[0])


def test_duplicates_are_refused_with_their_rows(tmp_path):
    file = tmp_path / "sales.csv"
    file.write_text("t,y\n2024-01-01,1\n2024-01-02,2\n2024-01-02,3\n2024-01-03,4\n")
    with pytest.raises(InputError) as refused:
        read_series(read_table(str(file)), "y", "t")
    assert str(refused.value) == (
        "sales.csv, column 't': the same time stands more than once (2024-01-02 in lines 3 and 4). Remove rows, or say "
        "what to do with them: duplicates='sum' or 'mean'. If the table holds several series, name the column that "
        "tells them apart (id)."
    )
    for how, expected in (("sum", 5.0), ("mean", 2.5)):
        series = read_series(read_table(str(file)), "y", "t", duplicates=how)
        assert series.values[0].tolist() == [1.0, expected, 4.0]
        assert "1 time stood more than once; the rows were" in series.notes[0]


def test_the_hour_that_comes_twice_at_the_end_of_summer_time_is_averaged():
    hours = np.datetime64("2024-10-26T00:00") + np.arange(60) * np.timedelta64(1, "h")
    times = np.insert(hours, 27, hours[26])  # 02:00 on Sunday, 27 October, twice
    series = of([str(t) for t in times], np.arange(61.0))
    assert len(series.values[0]) == 60 and "at the end of summer time" in series.notes[0]
    with pytest.raises(InputError, match="stands more than once"):
        of([str(t) for t in np.insert(hours, 40, hours[39])], np.arange(61.0))


def test_a_time_off_the_grid_is_an_error_with_its_row():
    times = [str(t) for t in days(140)[::7]]
    times[9] = str(days(140)[64])  # a Tuesday among Mondays
    with pytest.raises(InputError, match=r"row 9, column 't': this time is on no step; the others are 7 days apart"):
        of(times, np.arange(20.0))
    months = [f"2024-{m:02d}-15" for m in range(1, 13)]
    months[5] = "2024-06-15"
    assert of(months, np.arange(12.0)).layout.calendar.name == "month"


def test_a_wrong_century_is_named_and_not_filled_up():
    times = [f"2024-01-{d:02d}" for d in range(1, 20)] + ["1024-01-20"]
    with pytest.raises(InputError, match=r"but there are 20 rows. Check for a wrong date: they go from 1024-01-20"):
        of(times, np.arange(20.0))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"t": ["2024-01-01", None, "2024-01-03"], "y": [1, 2, 3]}, "the time is missing. Every row needs one"),
        ({"t": ["2024-01-01", "2024-01-02"], "y": [1, 2]}, "no series has three different times in 't'"),
        ({"t": ["2024-01-01", "2024-01-02", "2024-01-03"], "y": ["a", "b", "c"]},
         "'y' must hold numbers; it holds texts such as 'a', 'b'"),
        ({"t": ["2024-01-01", "2024-01-02", "2024-01-03"], "y": [1, float("inf"), 3]}, "the number is infinite"),
        ({"t": ["2024-01-01", "2024-01-02", "2024-01-03"], "z": [1, 2, 3]}, "there is no column 'y'"),
    ],
)  # fmt: skip
def test_says_what_is_wrong_with_a_table(columns, message):
    with pytest.raises(InputError, match=message):
        read_series(read_table(columns), "y", "t")


def test_a_missing_id_is_refused():
    table = read_table({"id": ["a", None, "a", "a"], "t": days(4), "y": [1.0, 2, 3, 4]})
    with pytest.raises(InputError, match="the id is missing"):
        read_series(table, "y", "t", "id")


def test_whole_numbers_become_float64_and_quoted_thousands_numbers(tmp_path):
    file = tmp_path / "visits.csv"
    file.write_text('Date,n\n9/14/2014,"2,146"\n9/15/2014,"3,621"\n9/16/2014,698\n')
    series = read_series(read_table(str(file)), "n", "Date")
    assert series.values[0].dtype == np.float64 and series.values[0].tolist() == [2146, 3621, 698]


# Seasons


def test_finds_the_week_and_not_in_noise():
    assert find_seasons(of(days(200), weekly(200))).season == 7
    noise = np.random.default_rng(1).normal(size=200)
    for values in (noise, noise.cumsum()):
        seasons = find_seasons(of(days(200), values))
        assert seasons.season == 1 and seasons.lag == 7 and "No cycle of 7 steps was found" in seasons.words


def test_says_that_a_season_is_not_used_because_the_series_is_too_short():
    assert "too short for a cycle of 7" in find_seasons(of(days(12), np.arange(12.0))).words


def test_finds_the_cycle_of_an_index():
    wave = np.tile(np.random.default_rng(0).normal(size=11), 20) + 0.2 * np.random.default_rng(1).normal(size=220)
    assert find_seasons(of(np.arange(220), wave)).season == 11


def test_finds_the_year_of_days():
    t = np.arange(1500)
    y = 10 + 5 * np.sin(2 * np.pi * t / 365.25) + np.random.default_rng(0).normal(size=1500)
    seasons = find_seasons(of(days(1500), y))
    assert seasons.season == 1 and round(seasons.year) == 365


def test_reads_the_shared_series(shared):
    for name, time, target, steps, step in (
        ("bike_sharing_day", "dteday", "cnt", 731, "day"), ("daily-min-temperatures", "Date", "Temp", 3652, "day"),
        ("example_air_passengers", "ds", "y", 144, "month"), ("example_wp_log_R", "ds", "y", 2922, "day"),
        ("monthly-sunspots", "Month", "Sunspots", 2820, "month"),
        ("hyndsight", "time", "value", 365, "step of 0.142857"),
        ("daily-website-visitors", "Date", "Page.Loads", 2167, "day"),
    ):  # fmt: skip
        series = read_series(read_table(str(shared / f"{name}.csv")), target, time)
        assert (len(series.values[0]), series.layout.calendar.name) == (steps, step), name
    assert find_seasons(read_series(read_table(str(shared / "hyndsight.csv")), "value", "time")).season == 7


def test_the_thirty_days_of_the_slides():
    """Lectures 1 and 3 print these rows; the first stretch in the slide's own order."""
    first = "6788 6242 5868 4413 4372 5135 5527 4911 5248 4771 3850 3828 4559 4772 3847 2910".split()
    second = "3977 4214 3288 3559 4677 4682 4695 4785 4911 3069 2998 4477 5017 5186".split()
    rows = list(zip(days(16, "2021-01-26"), first, strict=True)) + list(
        zip(days(14, "2020-01-01"), second, strict=True)
    )
    series = of([str(day) for day, _ in rows], [int(views) for _, views in rows])
    assert series.time_texts(0, 0, 1) == ["2020-01-01"] and len(series.values[0]) == 407
    assert series.values[0][:14].tolist() == [float(v) for v in second]
    assert series.values[0][-16:].tolist() == [float(v) for v in first]
    assert series.gaps() == [(0, 14, 377)] and "sorted" in series.notes[0]
