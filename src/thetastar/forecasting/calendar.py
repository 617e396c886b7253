"""Calendars: what one step of a series is, which step a time belongs to, and which time a step has.

A calendar counts steps from a series' own first time (its anchor), so that no rounding error and no short month is
carried from one step to the next: months are counted from the start and clamped to the days that a month has. A time
that is on no step is an error, never a shift.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np

__all__ = ["DAY", "Calendar", "OffGrid", "find_calendar"]

DAY = 86_400.0
_HOUR = 3_600.0
_FULL = 0.5  # a grid of which fewer steps than this have rows was most likely not meant
_MOST = 0.8  # share of the steps that must keep to a rule for the others to be called wrong
_PRINTED = 0.15  # of a step, by which rounding may move a number: `1949.08` is a month of 1949
_YEARS = (1500, 2200)
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class OffGrid(Exception):
    """Times that are on no step: `rows` says which of the times given; `rule` says what the others keep to."""

    def __init__(self, rows: np.ndarray, rule: str) -> None:
        super().__init__(rule)
        self.rows, self.rule = rows, rule


@dataclass(frozen=True)
class Calendar:
    """What one step is.

    Attributes:
        kind: "seconds" (steps of so many seconds; days, too), "weekdays" (days of which some are never there),
            "months", or "index" (plain numbers).
        step: seconds, months, or units of the index; 1 for weekdays.
        weekdays: which days of the week are there, Monday is 0; for the kind "weekdays".
        month_day: "day" (the wanted day of the month, clamped), "first weekday", "last weekday" or "any"; for "months".
        unit: what the numbers of an index count, where that is plain: "year", else "".
    """

    kind: str
    step: float
    weekdays: tuple[int, ...] = ()
    month_day: str = "day"
    unit: str = ""

    @property
    def name(self) -> str:
        """One step in a word: `day`, `15 minutes`, `business day`, `month`, `quarter`, `step of 0.142857`."""
        if self.kind == "index":
            word = self.unit or "step"
            return word if self.step == 1 else f"{self.step:g} {word}s" if self.unit else f"step of {self.step:.6g}"
        if self.kind == "weekdays":
            if self.weekdays == (0, 1, 2, 3, 4):
                return "business day"
            return "day of " + ", ".join(_WEEKDAYS[day] for day in self.weekdays)
        if self.kind == "months":
            return {1: "month", 3: "quarter", 6: "half-year", 12: "year"}.get(int(self.step), f"{self.step:g} months")
        for size, word in ((7 * DAY, "week"), (DAY, "day"), (_HOUR, "hour"), (60.0, "minute")):
            if self.step % size == 0:
                many = int(self.step // size)
                return word if many == 1 else f"{many} {word}s"
        return "second" if self.step == 1 else f"{self.step:g} seconds"

    @property
    def cycles(self) -> tuple[int, ...]:
        """Lengths in steps of the cycles that a calendar of this kind may have, short ones first."""
        if self.kind == "weekdays":
            return (len(self.weekdays), 52 * len(self.weekdays))
        if self.kind == "months":
            return (int(12 / self.step),) if self.step < 12 else ()
        if self.kind == "index":
            many = 1 / self.step
            return (round(many),) if many > 1.5 and abs(many - round(many)) < 1e-3 * many else ()
        cycles = []
        for seconds in (60.0, _HOUR, DAY, 7 * DAY, 365.25 * DAY):
            length = round(seconds / self.step)
            exact = abs(length * self.step - seconds) < (0.02 * seconds if seconds > 7 * DAY else 1e-6)
            if length >= 2 and exact:
                cycles.append(length)
        return tuple(cycles)

    def anchor(self, times: np.ndarray) -> float:
        """The time that a series' steps are counted from: its first, or, of months, the last before it that has the
        wanted day (29 February 2024 of a series on the 31st is counted from 31 January)."""
        if self.kind != "months" or self.month_day != "day":
            return float(times[0])
        months, day, rest = _split_month(times)
        wanted, month = int(day.max()), int(months[0])
        while _month_days(np.array([month]))[0] < wanted:
            month -= int(self.step)
        return float((_first_day(np.array([month]))[0] + wanted - 1) * DAY + rest[0])

    def positions(self, times: np.ndarray, anchor: float) -> np.ndarray:
        """(n,) int64: how many steps each time lies after the anchor.

        Raises:
            OffGrid: some times are on no step.
        """
        if self.kind == "months":
            return self._month_positions(times, anchor)
        if self.kind == "weekdays":
            days = np.floor(times / DAY).astype(np.int64)
            wrong = ~np.isin((days + 3) % 7, self.weekdays)
            if wrong.any():
                raise OffGrid(np.flatnonzero(wrong), f"the others are on a {self.name}")
            return self._open_days(days) - self._open_days(np.floor(np.array([anchor]) / DAY).astype(np.int64))[0]
        exact = (times - anchor) / self.step
        rounded = np.round(exact)
        # A day in a zone with summer time begins an hour earlier or later: rounded, it is still that day.
        slack = 1.01 * _HOUR / self.step if self.kind == "seconds" and self.step >= DAY else 1e-3
        if self.kind == "index":
            slack = _PRINTED
        wrong = np.abs(exact - rounded) > slack
        if wrong.any():
            raise OffGrid(np.flatnonzero(wrong), f"the others are a {self.name} apart")
        return rounded.astype(np.int64)

    def times(self, anchor: float, positions: np.ndarray) -> np.ndarray:
        """(n,) float64: the time of each step after the anchor; months are clamped to the days that they have."""
        positions = np.asarray(positions, dtype=np.int64)
        if self.kind == "weekdays":
            count, days = len(self.weekdays), np.array(self.weekdays)
            start = self._open_days(np.array([int(np.floor(anchor / DAY))], dtype=np.int64))[0] + positions
            return ((start // count) * 7 + days[start % count] - 3) * DAY + anchor % DAY
        if self.kind != "months":
            return anchor + positions * self.step
        months, day, rest = _split_month(np.array([anchor]))
        months = months[0] + positions * int(self.step)
        if self.month_day in ("first weekday", "last weekday"):
            return _weekday_of_month(months, last=self.month_day == "last weekday") * DAY + rest[0]
        return (_first_day(months) + np.minimum(day[0], _month_days(months)) - 1) * DAY + rest[0]

    def _open_days(self, days: np.ndarray) -> np.ndarray:
        """How many days that are there lie before each day, counted from a Monday."""
        rank = np.cumsum(np.isin(np.arange(7), self.weekdays)) - 1
        return (days + 3) // 7 * len(self.weekdays) + rank[(days + 3) % 7]

    def _month_positions(self, times: np.ndarray, anchor: float) -> np.ndarray:
        months, day, _ = _split_month(times)
        start, wanted, _ = _split_month(np.array([anchor]))
        passed = months - start[0]
        wrong = passed % int(self.step) != 0
        if self.month_day == "day":
            wrong |= day != np.minimum(wanted[0], _month_days(months))
        elif self.month_day != "any":
            wrong |= np.floor(times / DAY) != _weekday_of_month(months, last=self.month_day == "last weekday")
        if wrong.any():
            raise OffGrid(np.flatnonzero(wrong), f"the others are a {self.name} apart, on the same day of the month")
        return passed // int(self.step)


def find_calendar(series: list[np.ndarray], *, dates: bool) -> Calendar:
    """The calendar of series of times, tolerant of gaps.

    Args:
        series: for each series its times, sorted, each once: seconds since 1970, or numbers.
        dates: whether the times are dates.

    Raises:
        OffGrid: there is no step that most of the times keep to.
        ValueError: no series has two times.

    Example:
        >>> days = np.arange(10) * DAY
        >>> find_calendar([days], dates=True).name
        'day'
    """
    series = [times for times in series if len(times) > 1]
    if not series:
        raise ValueError("no series has two times")
    if not dates:
        return _index_calendar(series)
    # A few dozen series show what one step is; all of them are checked against it later.
    shown = series[:: max(1, len(series) // 50)]
    differences = np.concatenate([np.diff(times) for times in shown])
    if np.median(differences) >= 27.5 * DAY and (monthly := _month_calendar(shown)) is not None:
        return monthly
    clock = np.concatenate([times % DAY for times in shown])
    spread = (clock - clock[0] + DAY / 2) % DAY - DAY / 2
    if differences.min() >= 22.9 * _HOUR and np.abs(spread).max() <= 1.01 * _HOUR:
        return _day_calendar(shown)
    return Calendar("seconds", float(_common_step(differences)))


def _index_calendar(series: list[np.ndarray]) -> Calendar:
    """Numbers: the step is the usual difference, made exact over the longest series.

    They may be rounded: months in decimals of a year are printed as 1949, 1949.08, 1949.17.
    """
    longest = max(series, key=len)
    printed = _printed_unit(longest)
    differences = np.concatenate([np.diff(times) for times in series[:: max(1, len(series) // 50)]])
    step = float(np.median(differences))
    smallest = float(differences.min())
    many = differences / smallest
    if np.all(np.abs(many - np.round(many)) < 0.02 * np.round(many) + printed / smallest):
        step = float(np.median(differences[np.round(many) == 1]))  # all others are gaps
    for _ in range(2):  # steps are counted from row to row, so that rounding does not add up
        count = np.round(np.diff(longest) / step).sum()
        refined = (longest[-1] - longest[0]) / count if count else step
        step = refined if abs(refined / step - 1) < 1e-3 + printed / step else step
    exact = max(1e-6, printed / max(longest[-1] - longest[0], step))
    for whole in (step, 1 / step):  # a step of 1, or a seventh of a week, as it was meant and not as it was printed
        if round(whole) >= 1 and abs(whole / round(whole) - 1) < exact:
            step = float(round(whole)) if whole == step else 1 / round(whole)
            break
    low, high = min(times[0] for times in series), max(times[-1] for times in series)
    years = step == round(step) and low == round(low) and _YEARS[0] <= low and high < _YEARS[1]
    return Calendar("index", step, unit="year" if years else "")


def _printed_unit(values: np.ndarray) -> float:
    """The unit of the last decimal that numbers were printed with, 0 where they were not rounded to a few."""
    for decimals in range(6):
        scaled = values * 10.0**decimals
        if np.all(np.abs(scaled - np.round(scaled)) < 1e-6):
            return 10.0**-decimals if decimals else 0.0
    return 0.0


def _month_calendar(series: list[np.ndarray]) -> Calendar | None:
    """A calendar of months, where one rule says the day; None where the days are an even number of days apart."""
    rules = set()
    step = 0
    for times in series:
        months, day, _ = _split_month(times)
        passed = np.diff(months)
        if (passed == 0).any():
            return None
        for each in np.unique(passed):
            step = gcd(step, int(each))
        days = np.floor(times / DAY)
        fits = {
            "day": bool(np.all(day == np.minimum(day.max(), _month_days(months)))),
            "last weekday": bool(np.all(days == _weekday_of_month(months, last=True))),
            "first weekday": bool(np.all(days == _weekday_of_month(months, last=False))),
        }
        if not any(fits.values()):
            apart = np.unique(np.round(np.diff(times) / DAY))
            if len(apart) == 1 or (apart % apart[0] == 0).all():
                return None  # every 28 or 30 days
        rules.add(next((rule for rule, kept in fits.items() if kept), "any"))
    # Two rules in one table (one series on first weekdays, all of which are the 1st): the stricter reading is shared.
    for rule in ("day", "last weekday", "first weekday"):
        if rules == {rule}:
            return Calendar("months", float(step), month_day=rule)
    return Calendar("months", float(step), month_day="any")


def _day_calendar(series: list[np.ndarray]) -> Calendar:
    """Days, weeks, every n days, or days of which some weekdays are never there."""
    differences = np.concatenate([np.round(np.diff(times) / DAY) for times in series]).astype(np.int64)
    step = int(np.gcd.reduce(differences))
    usual = int(np.bincount(differences[differences < 4000]).argmax())
    if (
        step < usual
        and np.mean(differences % usual == 0) > _MOST
        and step * len(differences) < _FULL * differences.sum()
    ):
        raise OffGrid(_first_off(series[0], usual * DAY), f"the others are {usual} days apart")
    if step == 1:
        seen = np.unique(np.concatenate([np.floor(times / DAY).astype(np.int64) + 3 for times in series]) % 7)
        span = max(times[-1] - times[0] for times in series) / DAY
        weekend_only = set(range(7)) - set(seen.tolist()) == {5, 6}
        if 1 < len(seen) < 7 and (span > 21 or (weekend_only and span >= 6)):
            return Calendar("weekdays", 1.0, weekdays=tuple(int(day) for day in seen))
    return Calendar("seconds", step * DAY)


def _common_step(differences: np.ndarray) -> float:
    """Seconds of a step shorter than a day: what all differences are multiples of."""
    scale = 1.0 if np.allclose(differences, np.round(differences), atol=1e-6) else 1000.0
    whole = np.round(differences * scale).astype(np.int64)
    step = int(np.gcd.reduce(whole))
    usual = int(np.median(whole))
    if step < usual and np.mean(whole % usual == 0) > _MOST and step * len(whole) < _FULL * whole.sum():
        wrong = np.flatnonzero(whole % usual != 0)[:1] + 1
        raise OffGrid(wrong, f"the others are {Calendar('seconds', usual / scale).name} apart")
    return step / scale


def _first_off(times: np.ndarray, step: float) -> np.ndarray:
    """The row after the first difference that is no multiple of the step."""
    apart = np.diff(times) / step
    return np.flatnonzero(np.abs(apart - np.round(apart)) > 0.1)[:1] + 1


def _split_month(times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Months since 1970, the day in the month from 1, and the seconds into that day."""
    days = np.floor(times / DAY).astype(np.int64)
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    return months, days - _first_day(months) + 1, times - days * DAY


def _first_day(months: np.ndarray) -> np.ndarray:
    return months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)


def _month_days(months: np.ndarray) -> np.ndarray:
    return _first_day(months + 1) - _first_day(months)


def _weekday_of_month(months: np.ndarray, *, last: bool) -> np.ndarray:
    """The first or last day from Monday to Friday of each month, in days since 1970."""
    if last:
        day = _first_day(months + 1) - 1
        weekday = (day + 3) % 7
        return day - np.maximum(weekday - 4, 0)
    day = _first_day(months)
    weekday = (day + 3) % 7
    return day + np.where(weekday > 4, 7 - weekday, 0)
