"""Dates and times as people write them, read by one layout for the whole column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

__all__ = ["LAYOUTS", "WrittenDates", "date_layout", "read_dates"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = r"(?P<name>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:[.,]\d+)?))?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
_TIME = rf"(?:[T ]+{_CLOCK}\s*(?:Z|UTC|[+-]\d{{2}}:?\d{{2}})?)?"
_YEAR = r"(?P<year>\d{4}|\d{2})"

# Tried in this order. Where both orders of day and month are possible, slashes mean the American order (the more
# common one in public files) and dots and dashes the European order.
LAYOUTS: dict[str, str] = {
    "year-month-day": rf"^(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_TIME}$",
    "yearmonthday": rf"^(?P<year>1[6-9]\d{{2}}|20\d{{2}})(?P<month>[01]\d)(?P<day>[0-3]\d){_TIME}$",
    "year-month": r"^(?P<year>\d{4})[-/](?P<month>\d{1,2})$",
    "month/day/year": rf"^(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/{_YEAR}{_TIME}$",
    "day/month/year": rf"^(?P<day>\d{{1,2}})/(?P<month>\d{{1,2}})/{_YEAR}{_TIME}$",
    "day.month.year": rf"^(?P<day>\d{{1,2}})[.-](?P<month>\d{{1,2}})[.-]{_YEAR}{_TIME}$",
    "month.day.year": rf"^(?P<month>\d{{1,2}})[.-](?P<day>\d{{1,2}})[.-]{_YEAR}{_TIME}$",
    "day month-name year": rf"^(?P<day>\d{{1,2}})[-. ]*(?i:{_NAME})[-, ]*{_YEAR}{_TIME}$",
    "month-name day year": rf"^(?i:{_NAME})[-. ]*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[-, ]+{_YEAR}{_TIME}$",
    "hour:minute": rf"^{_CLOCK}$",
    "month-name year": r"^(?i:" + _NAME + r")[-, ]*(?P<year>\d{4})$",
}


@dataclass(frozen=True, eq=False)
class WrittenDates:
    """Texts read as dates: `seconds` (n,) since 1970 (float64, nan where not a date), and what they say."""

    seconds: np.ndarray
    layout: str
    has_day: bool
    has_time: bool
    ambiguous: bool = False


def date_layout(texts: Sequence[str]) -> str | None:
    """The first layout by which every text is a date that exists; None where there is none."""
    sample = list(texts[:: max(1, len(texts) // 25)])
    for layout, pattern in LAYOUTS.items():
        if all(re.match(pattern, text) for text in sample) and not np.isnan(read_dates(texts, layout).seconds).any():
            return layout
    return None


def read_dates(texts: Sequence[str], layout: str) -> WrittenDates:
    """Read texts by one layout of `LAYOUTS`; two-digit years up to 68 belong to this century.

    A zone (`+02:00`) is passed over: the clock on the wall says more about a day than the time in Greenwich.

    Example:
        >>> read_dates(["9/14/2014", "9/15/2014"], "month/day/year").seconds.tolist()
        [1410652800.0, 1410739200.0]
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    array = pa.array(list(texts), pa.string())
    # RE2 marks a pattern without a match as null; the pattern language is the same for what is used here.
    parts = pc.extract_regex(array, LAYOUTS[layout])
    valid = parts.is_valid().to_numpy(zero_copy_only=False)
    names = {parts.type.field(i).name for i in range(parts.type.num_fields)}

    def part(name: str, default: float) -> np.ndarray:
        if name not in names:
            return np.full(len(array), default)
        text = pc.replace_substring(pc.struct_field(parts, name), ",", ".")
        text = pc.if_else(pc.fill_null(pc.equal(text, ""), True), str(default), text)
        return pc.cast(text, pa.float64()).to_numpy(zero_copy_only=False)

    year, day = part("year", 1970), part("day", 1)
    year = np.where(year < 69, year + 2000, np.where(year < 100, year + 1900, year))
    if "name" in names:
        name = pc.utf8_lower(pc.fill_null(pc.struct_field(parts, "name"), "jan"))
        month = pc.index_in(name, pa.array(_MONTHS)).to_numpy(zero_copy_only=False) + 1.0
    else:
        month = part("month", 1)
    hour, minute, second = part("hour", 0), part("minute", 0), part("second", 0)
    has_time = "hour" in names and bool((hour + minute + second > 0).any())
    if "half" in names:
        half = pc.utf8_lower(pc.fill_null(pc.struct_field(parts, "half"), ""))
        after_noon = pc.starts_with(half, "p").to_numpy(zero_copy_only=False)
        before_noon = pc.starts_with(half, "a").to_numpy(zero_copy_only=False)
        hour = np.where(after_noon & (hour < 12), hour + 12, np.where(before_noon & (hour == 12), 0, hour))
    with np.errstate(invalid="ignore"):
        valid &= (month >= 1) & (month <= 12) & (day >= 1) & (hour < 24.5) & (minute < 60) & (second < 61)
    days, real = _days(np.where(valid, year, 1970), np.where(valid, month, 1), np.where(valid, day, 1))
    seconds = days * 86400.0 + hour * 3600 + minute * 60 + second
    first, other = ("month", "day") if layout.startswith("month") else ("day", "month")
    ambiguous = {first, other} <= names and layout[:3] in ("mon", "day") and "name" not in names
    if ambiguous:
        ambiguous = bool(np.all(day[valid] <= 12))
    return WrittenDates(np.where(valid & real, seconds, np.nan), layout, "day" in names, has_time, ambiguous)


def _days(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970 and whether the date exists (there is no 31 April)."""
    months = (year.astype(np.int64) - 1970) * 12 + month.astype(np.int64) - 1
    start = months.astype("datetime64[M]")
    date = start.astype("datetime64[D]") + (day.astype(np.int64) - 1)
    return date.astype(np.int64).astype(np.float64), date.astype("datetime64[M]") == start
