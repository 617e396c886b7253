"""Dates and times as people and programs write them, read by one layout for the whole column.

Every text says two things: what the clock on the wall showed (`seconds`, which makes features of hour and weekday), and
which moment that was (`instants` and `nanoseconds`, which put rows in order and need the zone).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["LAYOUTS", "WrittenDates", "date_layout", "digits_layout", "mostly_dates", "read_dates"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME = r"(?P<name>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_WEEKDAY = r"(?:(?i:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*[.,]?\s+)?"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2}(?:[.,]\d+)?))?\s*(?P<half>[AaPp]\.?[Mm]\.?)?"
_ZONE = (
    r"(?P<zone>[Zz]|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?|[A-Z]{3,5}|[A-Z][A-Za-z_]+/[A-Za-z_/+-]+)"
    r"(?:\s*\[[^\]]*\])?(?:\s*\([^)]*\))?"
)
_TIME = rf"(?:[T ]+{_CLOCK}(?:\s*{_ZONE})?)?"
_YEAR = r"(?P<year>\d{4}|\d{2})"

# Minutes east of Greenwich of the abbreviations that logs and mails carry (RFC 5322 and the common ones beside it).
_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 60, "WEST": 60, "CET": 60, "MEZ": 60, "CEST": 120, "MESZ": 120,
    "EET": 120, "EEST": 180, "MSK": 180, "SAST": 120, "IST": 330, "HKT": 480, "SGT": 480, "AWST": 480, "JST": 540,
    "KST": 540, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660, "NZST": 720, "NZDT": 780, "BRT": -180, "ART": -180,
    "AST": -240, "ADT": -180, "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360,
    "PST": -480, "PDT": -420, "AKST": -540, "AKDT": -480, "HST": -600,
}  # fmt: skip

# Tried in this order. Where both orders of day and month are possible, slashes mean the American order (the more
# common one in public files) and dots and dashes the European order.
LAYOUTS: dict[str, str] = {
    "year-month-day": rf"^(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_TIME}$",
    "yearmonthday": rf"^(?P<year>1[6-9]\d{{2}}|20\d{{2}})(?P<month>[01]\d)(?P<day>[0-3]\d){_TIME}$",
    "year-month": r"^(?P<year>\d{4})[-/Mm](?P<month>\d{1,2})$",
    "month/year": r"^(?P<month>\d{1,2})[-/](?P<year>(?:19|20)\d{2})$",
    "year-month-day hour": (
        rf"^(?P<year>\d{{4}})-(?P<month>\d{{2}})-(?P<day>\d{{2}})[T ](?P<hour>\d{{2}})(?:\s*{_ZONE})?$"
    ),
    "month/day/year": rf"^(?P<month>\d{{1,2}})/(?P<day>\d{{1,2}})/{_YEAR}{_TIME}$",
    "day/month/year": rf"^(?P<day>\d{{1,2}})/(?P<month>\d{{1,2}})/{_YEAR}{_TIME}$",
    "day.month.year": rf"^(?P<day>\d{{1,2}})[.-](?P<month>\d{{1,2}})[.-]{_YEAR}{_TIME}$",
    "month.day.year": rf"^(?P<month>\d{{1,2}})[.-](?P<day>\d{{1,2}})[.-]{_YEAR}{_TIME}$",
    "day month-name year": rf"^{_WEEKDAY}(?P<day>\d{{1,2}})[-./ ]*(?i:{_NAME})[-,/ ]*{_YEAR}{_TIME}$",
    "month-name day year": (
        rf"^{_WEEKDAY}(?i:{_NAME})[-. ]*(?P<day>\d{{1,2}})(?:st|nd|rd|th)?[-, ]+(?P<year>\d{{4}}|\d{{2}})(?:,)?{_TIME}$"
    ),
    "hour:minute": rf"^{_CLOCK}$",
    "month-name year": r"^(?i:" + _NAME + r")[-, ]*(?P<year>\d{4})$",
    "month-name-yy": r"^(?i:" + _NAME + r")[-'’](?P<year>\d{2})$",
    "year-quarter": r"^(?P<year>\d{4})[-/ .:_]?[Qq](?P<quarter>[1-4])$",
    "quarter year": rf"^(?:[Qq](?P<quarter>[1-4])|(?P<quarter_first>[1-4])[Qq])[-/ .:_']*{_YEAR}$",
    "year-week": (
        r"^(?P<year>\d{4})-?W(?P<week>0[1-9]|[1-4]\d|5[0-3])(?:-?(?P<weekday>[1-7]))?$"
    ),
    "first day/last day": r"^(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})/\d{4}-\d{2}-\d{2}$",
    "day/month-name/year:time": (
        rf"^\[?(?P<day>\d{{1,2}})/(?i:{_NAME})/(?P<year>\d{{4}}):{_CLOCK}(?:\s*{_ZONE})?\]?$"
    ),
    "month-name day time year": (
        rf"^{_WEEKDAY}(?i:{_NAME})\s+(?P<day>\d{{1,2}})\s+{_CLOCK}(?:\s*{_ZONE})?\s+(?P<year>\d{{4}})$"
    ),
    "month-name day time": rf"^{_WEEKDAY}(?i:{_NAME})\s+(?P<day>\d{{1,2}})\s+{_CLOCK}$",
    "yearmonthdaytime": (
        r"^(?P<year>1[6-9]\d{2}|20\d{2})(?P<month>[01]\d)(?P<day>[0-3]\d)T?(?P<hour>[0-2]\d)(?P<minute>[0-5]\d)"
        rf"(?P<second>[0-5]\d(?:\.\d+)?)?(?:\s*{_ZONE})?$"
    ),
    "yearmonth": r"^(?P<year>(?:19|20)\d{2})(?P<month>0[1-9]|1[0-2])$",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class WrittenDates:
    """Texts read as dates, and what they say.

    Attributes:
        seconds: (n,) float64 since 1970 by the clock on the wall; nan where a text is no date.
        layout: One of `LAYOUTS`.
        has_day, has_time: Whether the layout names a day, and whether some text names another time than midnight.
        ambiguous: True where day and month could be the other way round.
        instants: (n,) int64 whole seconds since 1970 in Greenwich; the wall's where the text names no zone.
        nanoseconds: (n,) int64 that follow the whole second.
    """

    seconds: np.ndarray
    layout: str
    has_day: bool
    has_time: bool
    ambiguous: bool = False
    instants: np.ndarray | None = None
    nanoseconds: np.ndarray | None = None


def date_layout(texts: Sequence[str]) -> str | None:
    """The first layout by which every text is a date that exists; None where there is none."""
    sample = list(texts[:: max(1, len(texts) // 25)])
    for layout, pattern in LAYOUTS.items():
        if all(re.match(pattern, text) for text in sample) and not np.isnan(read_dates(texts, layout).seconds).any():
            return layout
    return None


def mostly_dates(texts: Sequence[str], counts: np.ndarray, share: float) -> tuple[str, np.ndarray] | None:
    """The layout by which at least this share of the cells are dates, and which texts are not; None if there is none.

    Args:
        texts: Distinct texts.
        counts: (n,) how many cells hold each of them.
        share: Between 0 and 1.
    """
    sample = list(texts[:: max(1, len(texts) // 50)])
    for layout, pattern in LAYOUTS.items():
        if sum(bool(re.match(pattern, text)) for text in sample) < 0.7 * len(sample):
            continue
        wrong = np.isnan(read_dates(texts, layout).seconds)
        if counts[~wrong].sum() >= share * counts.sum():
            return layout, wrong
    return None


def digits_layout(values: np.ndarray, name: str) -> str | None:
    """The layout by which the whole numbers of a column are dates without signs between their parts, such as 20240131.

    Every number must be a date that exists; of eight digits drawn at random 8 % are one, of six digits 0.3 %, so three
    different numbers are no chance. Codes of a place (201001 to 201012) may be: months need twelve, unless
    the column's name speaks of time.
    """
    if len(values) == 0 or values.min() < 190001:
        return None
    found = np.unique(values)
    if len(found) < 3:
        return None
    length = len(f"{found[-1]:.0f}")
    layouts = {6: "yearmonth", 8: "yearmonthday", 12: "yearmonthdaytime", 14: "yearmonthdaytime"}
    speaks = re.search(r"date|month|period|time|day|datum|monat|yyyymm|^ym", name, re.IGNORECASE)
    if length not in layouts or len(f"{found[0]:.0f}") != length or (length == 6 and len(found) < 12 and not speaks):
        return None
    dates = read_dates([f"{value:.0f}" for value in found], layouts[length])
    return None if np.isnan(dates.seconds).any() else layouts[length]


def read_dates(texts: Sequence[str], layout: str) -> WrittenDates:
    """Read texts by one layout of `LAYOUTS`; two-digit years up to 68 belong to this century.

    A zone (`+02:00`, `EST`, `Europe/Berlin`) says which moment it was. It does not change `seconds`: the clock on the
    wall says more about a day than the time in Greenwich. A quarter, a week or a month stands for its first day.

    Example:
        >>> read_dates(["9/14/2014", "9/15/2014"], "month/day/year").seconds.tolist()
        [1410652800.0, 1410739200.0]
        >>> read_dates(["2024-01-01 01:00 CET"], "year-month-day").instants.tolist()
        [1704067200]
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

    year, day = part("year", 1972), part("day", 1)  # without a year, a leap year
    year = np.where(year < 69, year + 2000, np.where(year < 100, year + 1900, year))
    if "name" in names:
        name = pc.utf8_lower(pc.fill_null(pc.struct_field(parts, "name"), "jan"))
        month = pc.index_in(name, pa.array(_MONTHS)).to_numpy(zero_copy_only=False) + 1.0
    elif "quarter" in names:
        month = 3 * np.maximum(part("quarter", 0), part("quarter_first", 0)) - 2
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
    if "year" not in names and "hour" in names and "day" not in names:
        year = np.full(len(array), 1970.0)  # a time of day alone
    days, real = _days(np.where(valid, year, 1970), np.where(valid, month, 1), np.where(valid, day, 1))
    if "week" in names:
        days, real = _week_days(year, part("week", 1), part("weekday", 1))
    whole = np.floor(np.where(valid, second, 0))
    wall = days.astype(np.int64) * 86400 + np.where(valid, hour * 3600 + minute * 60 + whole, 0).astype(np.int64)
    instants = wall
    if "zone" in names:
        east, known = _seconds_east(pc.fill_null(pc.struct_field(parts, "zone"), ""), wall)
        instants, real = wall - east, real & known
    nanoseconds = np.rint((np.where(valid, second, 0) - whole) * 1e9).astype(np.int64)
    seconds = np.where(valid & real, wall + nanoseconds / 1e9, np.nan)
    first, other = ("month", "day") if layout.startswith("month") else ("day", "month")
    ambiguous = {first, other} <= names and layout[:3] in ("mon", "day") and "name" not in names
    if ambiguous:
        ambiguous = bool(np.all(day[valid] <= 12))
    has_day = ("day" in names and "year" in names) or "week" in names
    return WrittenDates(seconds, layout, has_day, has_time, ambiguous, instants, nanoseconds)


def _days(year: np.ndarray, month: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970 and whether the date exists (there is no 31 April)."""
    months = (year.astype(np.int64) - 1970) * 12 + month.astype(np.int64) - 1
    start = months.astype("datetime64[M]")
    date = start.astype("datetime64[D]") + (day.astype(np.int64) - 1)
    return date.astype(np.int64).astype(np.float64), date.astype("datetime64[M]") == start


def _week_days(year: np.ndarray, week: np.ndarray, weekday: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970 of a week by ISO 8601, and whether the year has that week: week 1 holds the fourth of January."""

    def first_monday(years: np.ndarray) -> np.ndarray:
        fourth, _ = _days(years, np.ones(len(years)), np.full(len(years), 4.0))
        return fourth - (fourth + 3) % 7  # day 0 of 1970 was a Thursday

    monday = first_monday(year) + 7 * (week - 1)
    return monday + weekday - 1, monday < first_monday(year + 1)


def _seconds_east(zones: Any, wall: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Seconds that each clock is ahead of Greenwich, and whether its zone is known; no zone is Greenwich."""
    import pyarrow.compute as pc

    encoded = pc.dictionary_encode(zones)
    codes = encoded.indices.to_numpy(zero_copy_only=False)
    east, known = np.zeros(len(wall), np.int64), np.ones(len(wall), bool)
    for code, zone in enumerate(encoded.dictionary.to_pylist()):
        rows = codes == code
        if "/" in zone:
            found = _in_region(zone, wall[rows])
            east[rows], known[rows] = (0, False) if found is None else (found, True)
            continue
        offset = _offset(zone)
        east[rows], known[rows] = offset or 0, offset is not None
    return east, known


def _offset(zone: str) -> int | None:
    """Seconds east of Greenwich of `+02:00`, `-0700`, `UTC+2` or `CET`; None for an abbreviation nobody knows."""
    found = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?", zone)
    if found is None:
        minutes = _ZONES.get(zone.upper()) if zone else 0
        return None if minutes is None else minutes * 60
    seconds = int(found[2]) * 3600 + int(found[3] or 0) * 60
    return -seconds if found[1] == "-" else seconds


def _in_region(zone: str, wall: np.ndarray) -> np.ndarray | None:
    """Seconds that clocks in a region (`Europe/Berlin`) were ahead; of an hour that comes twice the first is taken."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        moments = pc.assume_timezone(
            pa.array(wall.astype("datetime64[s]")), zone, ambiguous="earliest", nonexistent="latest"
        )
    except pa.ArrowException:
        return None
    return wall - pc.cast(moments, pa.int64()).to_numpy(zero_copy_only=False)
