"""Dates as people write them."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from thetastar.data.dates import date_layout, read_dates


def seconds(*moment):
    return (datetime.datetime(*moment) - datetime.datetime(1970, 1, 1)).total_seconds()


WRITTEN = {
    "ISO": ("year-month-day", "2020-02-29", seconds(2020, 2, 29)),
    "ISO with a time": ("year-month-day", "2020-02-29T13:45:30.5", seconds(2020, 2, 29, 13, 45, 30, 500000)),
    "ISO with a zone": ("year-month-day", "2020-02-29 13:45:00+02:00", seconds(2020, 2, 29, 13, 45)),
    "ISO in Greenwich": ("year-month-day", "2020-02-29T13:45:00Z", seconds(2020, 2, 29, 13, 45)),
    "slashes from the year": ("year-month-day", "2020/2/9", seconds(2020, 2, 9)),
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
}


@pytest.mark.parametrize(("layout", "text", "expected"), WRITTEN.values(), ids=WRITTEN.keys())
def test_a_layout_is_found_and_read(layout, text, expected):
    assert date_layout([text]) == layout
    assert read_dates([text], layout).seconds[0] == expected


@pytest.mark.parametrize(
    "text", ["", "x", "2020-13-01", "2020-02-30", "31/31/2000", "1.5", "12", "25:99", "2020-1-1-1"]
)
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
