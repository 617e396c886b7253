"""Series side by side: one matrix, aligned at their ends, so that methods run over all of them at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from thetastar.forecasting.calendar import DAY, Calendar
from thetastar.forecasting.series import SeriesSet

__all__ = ["Panel", "Windows", "make_panel", "panel_of"]

_YEAR = 365.2425 * DAY


@dataclass(frozen=True, eq=False)
class Panel:
    """n series as an (n, T) matrix, the last column is every series' last step.

    Attributes:
        raw: (n, T) float64, nan where a value is missing and before a series begins: the truth, for every error.
        filled: (n, T) the same with every nan filled from the past (see `fill`): what methods read.
        begin: (n,) the column of each series' first known value.
        offsets: (n,) the number of column 0's step in a count that all series share (days since a Monday, months).
        season: steps of the main cycle, 1 where there is none.
        year: steps of a year (365.2425 for days) where the series have a yearly cycle beside the main one, else 0.
        known: columns known ahead, name -> (n, T + steps ahead).
        past: columns known up to the origin only, name -> (n, T).
        strict: whether nothing is learned from windows that hold a missing value.
    """

    raw: np.ndarray
    filled: np.ndarray
    begin: np.ndarray
    offsets: np.ndarray
    season: int = 1
    year: float = 0.0
    known: dict[str, np.ndarray] = field(default_factory=dict)
    past: dict[str, np.ndarray] = field(default_factory=dict)
    strict: bool = False

    @property
    def count(self) -> int:
        """How many series."""
        return self.raw.shape[0]

    @property
    def length(self) -> int:
        """T, how many columns."""
        return self.raw.shape[1]

    @cached_property
    def year_lag(self) -> int:
        """About a year in steps, on the same phase of the season: 364 for days of a week."""
        return round(self.year / self.season) * self.season if self.year else 0

    def logged(self, lowest: np.ndarray) -> Panel:
        """The panel of the values' logarithms; what lies below a series' lowest (n,) counts as that."""
        low = lowest[:, None]
        return replace(self, raw=np.log(np.maximum(self.raw, low)), filled=np.log(np.maximum(self.filled, low)))

    def until(self, columns: int) -> Panel:
        """The first `columns` columns only; what is known ahead stays."""
        past = {name: values[:, :columns] for name, values in self.past.items()}
        return replace(
            self, raw=self.raw[:, :columns], filled=self.filled[:, :columns], past=past,
            begin=np.minimum(self.begin, columns - 1),
        )  # fmt: skip

    def select(self, series: np.ndarray) -> Panel:
        """Some of the series."""
        parts = {
            name: {key: values[series] for key, values in getattr(self, name).items()} for name in ("known", "past")
        }
        return replace(
            self, raw=self.raw[series], filled=self.filled[series], begin=self.begin[series],
            offsets=self.offsets[series], **parts,
        )  # fmt: skip

    def truth(self, origins: np.ndarray, steps: int) -> np.ndarray:
        """(n, O, steps) what came after each origin; nan where it is missing or past the end."""
        padded = np.pad(self.raw, ((0, 0), (0, steps)), constant_values=np.nan)
        return padded[:, origins[:, None] + 1 + np.arange(steps)]


@dataclass(frozen=True, eq=False)
class Windows:
    """What was known at some origins: rows are (series, origin) pairs.

    Attributes:
        values: (B, lookback) the steps up to and with the origin, the newest last.
        series: (B,) which series.
        ends: (B,) the origin's column.
    """

    values: np.ndarray
    series: np.ndarray
    ends: np.ndarray

    @classmethod
    def at(cls, panel: Panel, series: np.ndarray, ends: np.ndarray, lookback: int) -> Windows:
        """Windows of a panel; before a series begins stands its first value."""
        columns = ends[:, None] + np.arange(1 - lookback, 1)
        columns = np.clip(np.maximum(columns, panel.begin[series][:, None]), 0, panel.length - 1)
        return cls(panel.filled[series[:, None], columns], series, ends)

    def followed_by(self, values: np.ndarray) -> Windows:
        """The windows after further steps (B, k), which are taken for what happened."""
        joined = np.concatenate([self.values, values], axis=1)[:, values.shape[1] :]
        return replace(self, values=joined, ends=self.ends + values.shape[1])


def make_panel(
    series: SeriesSet, *, season: int = 1, year: float = 0.0, known: tuple[str, ...] = (), gaps: str = "season",
    ahead: dict[str, list[np.ndarray]] | None = None,
) -> Panel:  # fmt: skip
    """Align series at their ends.

    Args:
        series: what was read.
        season, year: the cycles, in steps.
        known: the columns that are known ahead; the others are known up to the origin.
        gaps: "season" (a missing value is read as the one a season before), "zero" (as 0, and counts as true), or
            "missing" (read as with "season", but no training target is made of it).
        ahead: for each known column, for each series, its values after the last step.
    """
    longest = int(series.lengths.max())
    raw = np.full((len(series), longest), np.nan)
    for row, values in zip(raw, series.values, strict=True):
        row[longest - len(values) :] = values
    lead = longest - series.lengths
    if gaps == "zero":
        inside = np.arange(longest) >= lead[:, None]
        raw = np.where(inside & np.isnan(raw), 0.0, raw)
    there = ~np.isnan(raw)
    begin = np.where(there.any(axis=1), there.argmax(axis=1), longest - 1)
    calendar = series.layout.calendar
    offsets = np.array([
        _step_number(calendar, float(anchor)) + int(start) - int(before)
        for anchor, start, before in zip(series.anchors, series.starts, lead, strict=True)
    ])  # fmt: skip
    parts: dict[str, dict[str, np.ndarray]] = {"known": {}, "past": {}}
    for name, columns in series.columns.items():
        grid = np.full((len(series), longest), np.nan)
        for row, values in zip(grid, columns, strict=True):
            row[longest - len(values) :] = values
        if name in known:
            if ahead is not None and name in ahead:
                grid = np.concatenate([grid, np.array(ahead[name])], axis=1)
            parts["known"][name] = _carry_forward(grid)
        else:
            parts["past"][name] = _carry_forward(grid)
    filled = fill(raw, begin, season)
    return Panel(raw, filled, begin, offsets, season, year, parts["known"], parts["past"], gaps == "missing")


def panel_of(values: Sequence[float], season: int = 1) -> Panel:
    """One series by itself, its steps counted from 0: what a method needs to be tried.

    Example:
        >>> panel_of([5, 6, float("nan"), 8], season=2).filled.tolist()
        [[5.0, 6.0, 5.0, 8.0]]
    """
    raw, begin = np.array([values], dtype=np.float64), np.zeros(1, dtype=np.int64)
    return Panel(raw, fill(raw, begin, season), begin, begin, season, 0.0, {}, {}, False)


def fill(raw: np.ndarray, begin: np.ndarray, season: int) -> np.ndarray:
    """Fill missing values from the past alone: with the value one season before, or the last known one.

    So nothing of the future leaks into an origin's window. Before a series begins stands its first value.
    """
    filled = raw.copy()
    rows = np.arange(len(raw))
    first = raw[rows, begin]
    filled = np.where(np.arange(raw.shape[1]) < begin[:, None], np.where(np.isnan(first), 0.0, first)[:, None], filled)
    for column in np.flatnonzero(np.isnan(filled).any(axis=0)):
        wrong = np.isnan(filled[:, column])
        source = np.where(column - season >= begin[wrong], column - season, column - 1)
        filled[wrong, column] = np.where(column > 0, filled[np.flatnonzero(wrong), np.maximum(source, 0)], 0.0)
    return filled


def _carry_forward(grid: np.ndarray) -> np.ndarray:
    """Missing cells of further columns hold the last known one; before the first the series' median, or 0."""
    known = ~np.isnan(grid)
    if known.all():
        return grid
    place = np.maximum.accumulate(np.where(known, np.arange(grid.shape[1]), -1), axis=1)
    with np.errstate(all="ignore"):
        middle = np.array([np.median(row[k]) if k.any() else 0.0 for row, k in zip(grid, known, strict=True)])
    return np.where(place >= 0, np.take_along_axis(grid, np.maximum(place, 0), axis=1), middle[:, None])


def _step_number(calendar: Calendar, time: float) -> int:
    """Where a time stands in a count that all series share; phases of a season follow from it."""
    if calendar.kind == "index":
        return round(time / calendar.step)
    if calendar.kind == "seconds":
        return round((time + 3 * DAY) / calendar.step)  # from Monday, 29 December 1969
    return int(calendar.positions(np.array([time]), _origin_of(calendar, time))[0])


def _origin_of(calendar: Calendar, time: float) -> float:
    if calendar.kind == "weekdays":
        return float((calendar.weekdays[0] - 3) * DAY)
    back = np.array([time])
    months = int(np.floor(back / DAY).astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)[0])
    return float(calendar.times(time, np.array([-(months // int(calendar.step))]))[0])


def year_steps(calendar: Calendar) -> float:
    """Steps of a year, 0 where a calendar has none beside its main cycle."""
    if calendar.kind == "weekdays":
        return len(calendar.weekdays) * 365.2425 / 7
    if calendar.kind == "seconds" and calendar.step >= 3600:
        return _YEAR / calendar.step
    return 0.0
