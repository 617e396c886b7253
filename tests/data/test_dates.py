"""Dates as people write them."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from thetastar.data.dates import date_layout, digits_layout, mostly_dates, read_dates


def seconds(*moment):
    return (datetime.datetime(*moment) - datetime.datetime(1970, 1, 1)).total_seconds()


WRITTEN = {
    "ISO": ("year-month-day", "2020-02-29", seconds(2020, 2, 29)),
    "ISO with a time": ("year-month-day", "2020-02-29T13:45:30.5", seconds(2020, 2, 29, 13, 45, 30, 500000)),
    "ISO with a zone": ("year-month-day", "2020-02-29 13:45:00+02:00", seconds(2020, 2, 29, 13, 45)),
    "ISO in Greenwich": ("year-month-day", "2020-02-29T13:45:00Z", seconds(2020, 2, 29, 13, 45)),
    "slashes from the year": ("year-month-day", "2020/2/9", seconds(2020, 2, 9)),
    "month of a statistics office": ("year-month", "2010M03", seconds(2010, 3, 1)),
    "month before year": ("month/year", "03/2010", seconds(2010, 3, 1)),
    "month of a short year": ("month-name-yy", "Mar-10", seconds(2010, 3, 1)),
    "hour without minutes": ("year-month-day hour", "2020-02-29T13", seconds(2020, 2, 29, 13)),
    "before 1900": ("year-month", "1749-01", seconds(1749, 1, 1)),
    "American": ("month/day/year", "9/14/2014", seconds(2014, 9, 14)),
    "American with a short year": ("month/day/year", "1/31/11", seconds(2011, 1, 31)),
    "American with a time": ("month/day/year", "9/14/2014 1:05 PM", seconds(2014, 9, 14, 13, 5)),
    "midnight": ("month/day/year", "9/14/2014 12:00 am", seconds(2014, 9, 14)),
    "British": ("day/month/year", "14/9/1999", seconds(1999, 9, 14)),
    "German": ("day.month.year", "31.12.1899", seconds(1899, 12, 31)),
    "with dashes": ("day.month.year", "31-12-1999", seconds(1999, 12, 31)),
    "month in letters": ("day month-name year", "05-Jan-2011", seconds(2011, 1, 5)),
    "month in full": ("month-name day year", "January 5th, 2011", seconds(2011, 1, 5)),
    "month and year": ("month-name year", "Sept 1950", seconds(1950, 9, 1)),
    "compact": ("yearmonthday", "20110105", seconds(2011, 1, 5)),
    "time of day": ("hour:minute", "10:30", 10.5 * 3600),
    "quarter": ("year-quarter", "2024Q3", seconds(2024, 7, 1)),
    "quarter first": ("quarter year", "Q3 2024", seconds(2024, 7, 1)),
    "quarter of a short year": ("quarter year", "1Q24", seconds(2024, 1, 1)),
    "week": ("year-week", "2024-W01", seconds(2024, 1, 1)),
    "day of a week": ("year-week", "2020-W53-7", seconds(2021, 1, 3)),
    "week with both ends": ("first day/last day", "2024-01-01/2024-01-07", seconds(2024, 1, 1)),
    "month in digits": ("yearmonth", "202402", seconds(2024, 2, 1)),
    "moment in digits": ("yearmonthdaytime", "20240201T103000Z", seconds(2024, 2, 1, 10, 30)),
    "web server": ("day/month-name/year:time", "[10/Oct/2000:13:55:36 -0700]", seconds(2000, 10, 10, 13, 55, 36)),
    "mail": ("day month-name year", "Tue, 10 Oct 2000 13:55:36 GMT", seconds(2000, 10, 10, 13, 55, 36)),
    "C": ("month-name day time year", "Tue Oct 10 13:55:36 2000", seconds(2000, 10, 10, 13, 55, 36)),
    "syslog": ("month-name day time", "Oct 10 13:55:36", seconds(1972, 10, 10, 13, 55, 36)),
    "Java": ("year-month-day", "2024-01-31 10:00:00,5", seconds(2024, 1, 31, 10, 0, 0, 500000)),
    "a region": ("year-month-day", "2024-07-01 10:00 Europe/Berlin", seconds(2024, 7, 1, 10)),
}


@pytest.mark.parametrize(("layout", "text", "expected"), WRITTEN.values(), ids=WRITTEN.keys())
def test_a_layout_is_found_and_read(layout, text, expected):
    assert date_layout([text]) == layout
    assert read_dates([text], layout).seconds[0] == expected


NO_DATES = ["", "x", "2020-13-01", "2020-02-30", "31/31/2000", "1.5", "12", "25:99", "2020-1-1-1", "2021-W53", "2024Q5"]


@pytest.mark.parametrize("text", [*NO_DATES, "2024-01-01 10:00 XYZ", "2024-01-01 10:00 Nowhere/City"])
def test_what_is_no_date(text):
    assert date_layout([text]) is None


def test_one_day_beyond_12_settles_the_order():
    assert date_layout(["1/2/2020", "13/2/2020"]) == "day/month/year"
    assert date_layout(["1/2/2020", "2/13/2020"]) == "month/day/year"
    assert read_dates(["1/2/2020", "3/4/2020"], "month/day/year").ambiguous
    assert not read_dates(["1/2/2020", "2/13/2020"], "month/day/year").ambiguous


def test_two_layouts_in_one_column_are_no_date_column():
    assert date_layout(["2020-01-01", "1/2/2020"]) is None


def test_what_a_layout_tells():
    assert not read_dates(["1949-01"], "year-month").has_day
    assert not read_dates(["1949-01-01 00:00:00"], "year-month-day").has_time
    assert read_dates(["1949-01-01 00:01"], "year-month-day").has_time
    assert np.isnan(read_dates(["x"], "year-month-day").seconds[0])


ZONED = {
    "2024-07-01T10:00:00Z": 10, "2024-07-01T10:00:00+02:00": 8, "2024-07-01 10:00 -0730": 17.5,
    "2024-07-01 10:00 +05": 5, "2024-07-01 10:00 CEST": 8, "2024-07-01 10:00 EST": 15, "2024-07-01 10:00 UTC+3": 7,
    "2024-07-01 10:00 Europe/Berlin": 8, "2024-07-01T10:00:00+02:00[Europe/Berlin]": 8, "2024-07-01 10:00": 10,
}  # fmt: skip


def test_the_wall_makes_the_features_and_the_moment_the_order():
    dates = read_dates(list(ZONED), "year-month-day")
    assert set(dates.seconds.tolist()) == {seconds(2024, 7, 1, 10)}
    assert ((dates.instants - seconds(2024, 7, 1)) / 3600).tolist() == list(ZONED.values())


def test_nanoseconds_are_kept_beside_the_seconds():
    dates = read_dates(["2024-01-01 00:00:00.123456789", "2024-01-01 00:00:00.123456788"], "year-month-day")
    assert dates.nanoseconds.tolist() == [123456789, 123456788]
    assert dates.instants.tolist() == [seconds(2024, 1, 1)] * 2


def test_digits_that_are_dates_also_where_they_repeat():
    assert digits_layout(np.array([20240101.0, 20240102, 20240229, 20240101]), "x") == "yearmonthday"
    assert digits_layout(np.array([202401.0, 202402, 202403]), "month") == "yearmonth"
    assert digits_layout(np.array([20240131100000.0, 20240131110000, 20240131120000]), "x") == "yearmonthdaytime"
    for values, name in (
        ([20240101, 20240102, 20240230], "date"),
        ([202401, 202402, 202403], "price"),
        ([1, 2, 3], "day"),
    ):
        assert digits_layout(np.array(values, dtype=float), name) is None


def test_most_texts_are_dates():
    texts = ["2024-01-01", "2024-01-02", "2024-01-03", "soon"]
    layout, wrong = mostly_dates(texts, np.array([10, 10, 10, 1]), 0.9)
    assert layout == "year-month-day" and wrong.tolist() == [False, False, False, True]
    assert mostly_dates(texts, np.array([10, 10, 10, 10]), 0.9) is None
