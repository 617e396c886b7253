"""The time column: any spelling of dates, or plain numbers, to numbers; and times back to what people read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thetastar.data.dates import LAYOUTS, date_layout, read_dates
from thetastar.data.table import Table
from thetastar.errors import InputError

__all__ = ["Times", "read_times", "time_texts"]

_DAY = 86_400.0


@dataclass(frozen=True, eq=False)
class Times:
    """A time for every row: `values` (n,) seconds since 1970 for dates, else the numbers; nan where there is none.

    `spelling` is how a later file is read by the same rule: a layout of `data.dates`, or "yyyymmdd",
    "yyyymm", "epoch seconds", "epoch milliseconds" or "number".
    """

    values: np.ndarray
    spelling: str
    ambiguous: bool = False

    @property
    def dates(self) -> bool:
        """Whether the times are dates, not plain numbers."""
        return self.spelling != "number"


def read_times(table: Table, name: str, spelling: str | None = None) -> Times:
    """Read the time column of a table.

    Args:
        table: the table.
        name: its time column.
        spelling: how the training file spelled its times, where there was one; another spelling that can be read
            is taken too, as long as dates stay dates.

    Raises:
        InputError: the column holds neither dates of one layout nor numbers.
    """
    column = table.column(name)
    if column.samples is not None:
        raise InputError(f"{table.source}: the time {name!r} must hold dates or numbers. Name another column.")
    if column.numbers is not None:
        times = _of_numbers(column.numbers, spelling)
    else:
        times = _of_texts(table, name, spelling)
    if spelling is not None and times.dates != (spelling != "number"):
        was, now = ("dates", "numbers") if spelling != "number" else ("numbers", "dates")
        raise InputError(
            f"{table.source}: the time {name!r} holds {now}; the model was trained on {was}. Give the same kind."
        )
    return times


def _of_numbers(numbers: np.ndarray, spelling: str | None) -> Times:
    """Numbers are an index, but for the whole ones that are dates written without signs, or seconds since 1970."""
    known = numbers[np.isfinite(numbers)]
    values = np.where(np.isfinite(numbers), numbers, np.nan)
    if spelling in (None, "yyyymmdd", "yyyymm", "epoch seconds", "epoch milliseconds") and len(known):
        whole = bool(np.all(known == np.floor(known)))
        low, high = float(known.min()), float(known.max())
        for word, digits in (("yyyymmdd", 8), ("yyyymm", 6)):
            if whole and spelling in (None, word) and 10 ** (digits - 1) <= low and high < 10**digits:
                days = _calendar_days(values, digits)
                if not np.isnan(days[np.isfinite(numbers)]).any():
                    return Times(days * _DAY, word)
        # Whole minutes between 1980 and 2100: what else would such numbers be?
        for word, unit in (("epoch seconds", 1.0), ("epoch milliseconds", 1e3)):
            seconds = known / unit
            if spelling == word or (3.1e8 < seconds.min() and seconds.max() < 4.2e9 and np.all(seconds % 60 == 0)):
                return Times(values / unit, word)
    return Times(values, "number")


def _calendar_days(numbers: np.ndarray, digits: int) -> np.ndarray:
    """Days since 1970 of numbers such as 20170131 or 201701; nan where there is no such day."""
    whole = np.where(np.isnan(numbers), 19700101 if digits == 8 else 197001, numbers).astype(np.int64)
    day = whole % 100 if digits == 8 else np.ones(len(whole), np.int64)
    whole = whole // 100 if digits == 8 else whole
    year, month = whole // 100, whole % 100
    real = (year >= 1500) & (year < 2500) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    months = np.where(real, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(real, day - 1, 0)
    real &= days.astype("datetime64[M]") == months
    return np.where(real & ~np.isnan(numbers), days.astype(np.int64).astype(np.float64), np.nan)


def _of_texts(table: Table, name: str, spelling: str | None) -> Times:
    column = table.column(name)
    levels = list(column.levels)
    if not levels:
        raise InputError(f"{table.source}: the time {name!r} is empty. Name the column that says when.")

    def spread(seconds: np.ndarray, word: str, ambiguous: bool = False) -> Times:
        return Times(np.append(seconds, np.nan)[column.codes], word, ambiguous)

    if spelling in LAYOUTS:
        seconds = read_dates(levels, spelling).seconds
        if not np.isnan(seconds).any():
            return spread(seconds, spelling)
    layout = date_layout(levels)
    if layout is not None:
        read = read_dates(levels, layout)
        return spread(read.seconds, layout, read.ambiguous)
    raise InputError(_unreadable(table, name, levels))


def _unreadable(table: Table, name: str, levels: list[str]) -> str:
    """Says which cell spoils an otherwise readable column, or that none can be read."""
    column = table.column(name)
    sample = levels[:25]
    for layout in LAYOUTS:
        good = ~np.isnan(read_dates(levels, layout).seconds)
        if good.mean() > 0.9:
            wrong = int(np.flatnonzero(~good)[0])
            row = int(np.flatnonzero(column.codes == wrong)[0])
            return (
                f"{table.place(row, name)}: {levels[wrong]!r} is not a date like the others ({sample[0]!r}). "
                "Mend or remove the row."
            )
    return (
        f"{table.source}: the time {name!r} holds neither numbers nor dates of one layout, such as {levels[0]!r}. "
        "Name another column, or write its dates like 2024-01-31."
    )


def time_texts(values: np.ndarray, *, dates: bool) -> list[str]:
    """Times as people and JSON read them: `2024-01-31`, with the clock where one is not midnight; or the numbers.

    Example:
        >>> time_texts(np.array([0.0, 86400.0]), dates=True)
        ['1970-01-01', '1970-01-02']
    """
    values = np.asarray(values, dtype=np.float64)
    if not dates:
        return [f"{value:.10g}" for value in values]
    stamps = np.floor(values).astype(np.int64).astype("datetime64[s]")
    if np.all(values % _DAY == 0):
        return np.datetime_as_string(stamps, unit="D").tolist()
    unit = "s" if np.any(values % 60 != 0) else "m"
    return np.datetime_as_string(stamps, unit=unit).tolist()
