"""What one step is: found from the dates, tolerant of gaps; months counted from the start and clamped."""

from __future__ import annotations

import numpy as np
import pytest

from thetastar.data import read_table
from thetastar.errors import InputError
from thetastar.forecasting.calendar import DAY, Calendar, OffGrid, find_calendar
from thetastar.forecasting.series import read_series
from thetastar.forecasting.times import read_times, time_texts


def seconds(texts: list[str]) -> np.ndarray:
    return np.array(texts, dtype="datetime64[s]").astype(np.int64).astype(np.float64)


def found(texts: list[str]) -> Calendar:
    return find_calendar([seconds(texts)], dates=True)


def continued(texts: list[str], steps: int) -> list[str]:
    """The dates that follow."""
    times = seconds(texts)
    calendar = find_calendar([times], dates=True)
    anchor = calendar.anchor(times)
    last = int(calendar.positions(times, anchor)[-1])
    return time_texts(calendar.times(anchor, np.arange(last + 1, last + 1 + steps)), dates=True)


# Months, on every day that some of them lack


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["2023-11-28", "2023-12-28", "2024-01-28"], ["2024-02-28", "2024-03-28", "2024-04-28"]),
        (["2023-11-29", "2023-12-29", "2024-01-29"], ["2024-02-29", "2024-03-29", "2024-04-29"]),
        (["2022-11-29", "2022-12-29", "2023-01-29"], ["2023-02-28", "2023-03-29", "2023-04-29"]),
        (["2023-11-30", "2023-12-30", "2024-01-30"], ["2024-02-29", "2024-03-30", "2024-04-30"]),
        (["2023-12-31", "2024-01-31", "2024-02-29"], ["2024-03-31", "2024-04-30", "2024-05-31"]),
        (["2024-01-31", "2024-02-29", "2024-03-31"], ["2024-04-30", "2024-05-31", "2024-06-30"]),
        (["2024-02-29", "2024-03-31", "2024-04-30"], ["2024-05-31", "2024-06-30", "2024-07-31"]),
        (["2024-01-30", "2024-02-29", "2024-03-30"], ["2024-04-30", "2024-05-30", "2024-06-30"]),
        (["2024-01-15", "2024-02-15", "2024-03-15"], ["2024-04-15", "2024-05-15", "2024-06-15"]),
        (["2024-01-01", "2024-02-01", "2024-03-01"], ["2024-04-01", "2024-05-01", "2024-06-01"]),
    ],
)  # fmt: skip
def test_months_are_counted_from_the_start_and_clamped(given, expected):
    assert found(given).name == "month"
    assert continued(given, 3) == expected


def test_a_long_forecast_never_loses_the_wanted_day():
    later = continued(["2023-01-31", "2023-02-28", "2023-03-31"], 24)
    assert later[10] == "2024-02-29" and later[22] == "2025-02-28" and later[23] == "2025-03-31"


@pytest.mark.parametrize("day", [28, 29, 30, 31])
def test_months_keep_their_day_beside_other_series(day):
    """Alone and beside series on other days: one table, four wanted days (a known library mixes them up)."""
    rows = []
    for wanted in (28, 29, 30, 31):
        for month in range(1, 7):
            last = {1: 31, 2: 29, 3: 31, 4: 30, 5: 31, 6: 30}[month]
            rows.append((f"day {wanted}", f"2024-{month:02d}-{min(wanted, last):02d}", 1.0))
    table = read_table({"id": [r[0] for r in rows], "t": [r[1] for r in rows], "y": [r[2] for r in rows]})
    series = read_series(table, "y", "t", "id")
    place = series.ids.index(f"day {day}")
    ahead = series.time_texts(place, 6, 8)
    assert ahead[0] == f"2024-07-{day:02d}" and ahead[2] == f"2024-09-{min(day, 30):02d}"
    assert ahead[7] == "2025-02-28"


@pytest.mark.parametrize(
    ("given", "name", "next_one"),
    [
        (["2024-03-29", "2024-04-30", "2024-05-31", "2024-06-28"], "month", "2024-07-31"),  # the last weekday
        (["2024-01-01", "2024-02-01", "2024-03-01", "2024-04-01"], "month", "2024-05-01"),
        (["2023-01-02", "2023-02-01", "2023-03-01", "2023-04-03"], "month", "2023-05-01"),  # the first weekday
        (["2023-01-01", "2023-04-01", "2023-07-01", "2023-10-01"], "quarter", "2024-01-01"),
        (["2020-02-29", "2021-02-28", "2022-02-28", "2023-02-28"], "year", "2024-02-29"),
        (["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-29"], "week", "2024-02-05"),
        (["2024-01-03", "2024-01-04", "2024-01-05", "2024-01-08", "2024-01-09"], "business day", "2024-01-10"),
        (["2024-01-04", "2024-01-05", "2024-01-06", "2024-01-09"], "day", "2024-01-10"),
        (["2024-01-30", "2024-02-29", "2024-03-30", "2024-04-29"], "30 days", "2024-05-29"),
        (["2024-01-01", "2024-01-29", "2024-02-26", "2024-03-25"], "4 weeks", "2024-04-22"),
        (["2024-01-01T00:00", "2024-01-01T01:00", "2024-01-01T03:00"], "hour", "2024-01-01T04:00"),
        (["2024-01-01T00:00", "2024-01-01T00:15", "2024-01-01T00:45"], "15 minutes", "2024-01-01T01:00"),
    ],
)  # fmt: skip
def test_finds_the_step_and_goes_on_in_it(given, name, next_one):
    assert found(given).name == name
    assert continued(given, 1) == [next_one]


def test_shops_that_are_closed_on_sundays_have_weeks_of_six_days():
    dates = [str(d) for d in np.datetime64("2024-01-01") + np.arange(60) if (d.astype(int) + 3) % 7 != 6]
    calendar = found(dates)
    assert calendar.cycles[0] == 6
    assert continued(dates, 40)[-1] not in dates and len(set(continued(dates, 12))) == 12
    assert all((np.datetime64(d).astype(int) + 3) % 7 != 6 for d in continued(dates, 12))


def test_days_in_a_zone_with_summer_time_are_days_of_23_and_25_hours():
    """Local midnights written in Greenwich time: 23:00 in winter, 22:00 in summer."""
    texts = [f"2024-03-{d:02d}T23:00" for d in range(25, 31)] + ["2024-03-31T22:00", "2024-04-01T22:00"]
    calendar = found(texts)
    assert calendar.name == "day"
    assert calendar.positions(seconds(texts), seconds(texts)[0]).tolist() == list(range(8))


def test_a_gap_is_no_new_step():
    dates = [str(d) for d in np.datetime64("2024-01-01") + np.delete(np.arange(30), [4, 5, 6, 20])]
    assert found(dates).name == "day"


def test_numbers_with_a_constant_step_are_an_index():
    weeks = np.arange(10) / 7 + 1.428571
    calendar = find_calendar([np.round(weeks, 6)], dates=False)
    assert calendar.kind == "index" and calendar.step == pytest.approx(1 / 7) and calendar.cycles == (7,)
    assert find_calendar([np.array([0.0, 1.0, 3.0])], dates=False).name == "step"


def test_whole_numbers_that_look_like_years_are_called_so():
    for years, name in (([1949.0, 1950.0, 1952.0], "year"), ([1900.0, 1910.0, 1920.0], "10 years")):
        assert find_calendar([np.array(years)], dates=False).name == name


@pytest.mark.parametrize(("parts", "decimals"), [(7, 2), (7, 3), (12, 2), (12, 3), (4, 2), (12, 9)])
def test_an_index_may_be_printed_with_few_decimals(parts, decimals):
    exact = 1949 + np.arange(300) / parts
    given = np.delete(np.round(exact, decimals), [40, 41, 42, 200])
    calendar = find_calendar([given], dates=False)
    assert calendar.step == 1 / parts and calendar.cycles == (parts,)
    positions = calendar.positions(given, given[0])
    assert positions.tolist() == np.delete(np.arange(300), [40, 41, 42, 200]).tolist()
    with pytest.raises(OffGrid):
        calendar.positions(np.array([1949.0, 1949.0 + 0.4 / parts]), 1949.0)


@pytest.mark.parametrize(
    ("cells", "spelling", "first"),
    [
        (["2024-01-31", "2024-02-29", "2024-03-31"], "year-month-day", "2024-01-31"),
        (["1/31/2024", "2/1/2024", "2/2/2024"], "month/day/year", "2024-01-31"),
        (["31.01.2024", "01.02.2024", "02.02.2024"], "day.month.year", "2024-01-31"),
        (["2024-01", "2024-02", "2024-03"], "year-month", "2024-01-01"),
        (["2024Q1", "2024Q2", "2024Q3"], "year-quarter", "2024-01-01"),
        (["2024-W01", "2024-W02", "2024-W03"], "year-week", "2024-01-01"),
        (["2024M01", "2024M02", "2024M03"], "year-month", "2024-01-01"),
        (["01/2024", "02/2024", "03/2024"], "month/year", "2024-01-01"),
        (["Jan-24", "Feb-24", "Mar-24"], "month-name-yy", "2024-01-01"),
        (["2024-01-31T05", "2024-01-31T06", "2024-01-31T07"], "year-month-day hour", "2024-01-31T05:00"),
        ([20240131, 20240201, 20240202], "yyyymmdd", "2024-01-31"),
        ([202401, 202402, 202403], "yyyymm", "2024-01-01"),
        ([1706659200, 1706745600, 1706832000], "epoch seconds", "2024-01-31"),
        ([1706659200000, 1706745600000, 1706832000000], "epoch milliseconds", "2024-01-31"),
    ],
)  # fmt: skip
def test_reads_times_in_any_spelling(cells, spelling, first):
    times = read_times(read_table({"t": cells}), "t")
    assert times.spelling == spelling
    assert time_texts(times.values[:1], dates=True) == [first]


def test_one_cell_that_is_no_date_is_named():
    cells = [f"2024-01-{d:02d}" for d in range(1, 29)] + ["soon"]
    with pytest.raises(InputError, match=r"row 28, column 't': 'soon' is not a date like the others"):
        read_times(read_table({"t": cells}), "t")
    with pytest.raises(InputError, match="neither numbers nor dates of one layout, such as 'early'"):
        read_times(read_table({"t": ["early", "late", "later"]}), "t")


def test_times_count_in_seconds_since_1970():
    assert seconds(["1970-01-02"]).tolist() == [DAY]
