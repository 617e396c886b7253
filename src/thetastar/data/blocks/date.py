"""Dates: a straight trend, and waves for what comes round again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from thetastar.data.blocks.block import Block, FitSettings, Place
from thetastar.data.dates import LAYOUTS, read_dates
from thetastar.data.numbers import MAYBE_MISSING
from thetastar.data.roles import ColumnRole
from thetastar.data.table import Column
from thetastar.errors import InputError

__all__ = ["DateBlock", "dates_of"]

_CYCLES = ("year", "week", "day")


@final
@dataclass(frozen=True)
class DateBlock(Block):
    """A date: a straight trend, and sine and cosine of what comes round again (year, week, day)."""

    roles: ClassVar[tuple[str, ...]] = ("date",)
    layout: str
    centre: float
    scale: float
    cycles: tuple[tuple[str, int], ...]
    indicator: bool
    unknown: tuple[str, ...] = ()

    @classmethod
    def fit(cls, column: Column, rows: np.ndarray, role: ColumnRole, settings: FitSettings) -> DateBlock:
        seconds, has_day, has_time = dates_of(column, role.layout, role.unknown, lambda row: column.name)
        seconds = seconds[rows]
        known = seconds[~np.isnan(seconds)]
        if len(known) == 0:
            return cls(column.name, role.layout, 0.0, 1.0, (), False, role.unknown)
        span = float(known.max() - known.min()) / 86400
        cycles: list[tuple[str, int]] = []
        if span > 60:
            cycles += [("year", 1), ("year", 2)]
        if has_day and span >= 7:
            cycles += [("week", 1), ("week", 2), ("week", 3)]  # three waves tell all seven days apart
        if has_time:
            cycles += [("day", 1), ("day", 2)]
        scale = float(known.std())
        centre, scale = float(known.mean()), scale if scale > 0 else 1.0
        indicator = len(known) < len(seconds)
        return cls(column.name, role.layout, centre, scale, tuple(cycles), indicator, role.unknown)

    @property
    def feature_names(self) -> list[str]:
        names = [f"{self.name} trend"]
        for cycle, wave in self.cycles:
            names += [f"{self.name} {cycle} sin {wave}", f"{self.name} {cycle} cos {wave}"]
        return names + [f"{self.name} is missing"] * self.indicator

    def fill(self, column: Column, place: Place, out: np.ndarray) -> None:
        seconds, _, _ = dates_of(column, self.layout, self.unknown, place)
        missing = np.isnan(seconds)
        seconds = np.where(missing, self.centre, seconds)
        out[:, 0] = (seconds - self.centre) / self.scale
        at = 1
        for cycle, wave in self.cycles:
            angle = 2 * np.pi * wave * _phase(seconds, cycle)
            out[:, at], out[:, at + 1] = np.sin(angle), np.cos(angle)
            at += 2
        if self.cycles and missing.any():
            out[missing, 1:at] = 0.0
        if self.indicator:
            out[:, at] = missing

    def sound(self) -> bool:
        return self.layout in LAYOUTS and bool(self.scale) and {cycle for cycle, _ in self.cycles} <= set(_CYCLES)


def dates_of(column: Column, layout: str, unknown: tuple[str, ...], place: Place) -> tuple[np.ndarray, bool, bool]:
    """(n,) seconds since 1970 with nan where missing, and whether the dates have a day and a time of day.

    Raises:
        InputError: A text that is no date by any layout.
    """
    codes, levels = column.coded
    read = read_dates(levels, layout)
    seconds = read.seconds.copy()
    for code in np.flatnonzero(np.isnan(seconds)):
        level = levels[code]
        if level in unknown or level.casefold() in MAYBE_MISSING:
            continue
        # A file written by another program may carry the same dates in the ISO layout.
        seconds[code] = read_dates([level], "year-month-day").seconds[0]
        rows = np.flatnonzero(codes == code)
        if np.isnan(seconds[code]) and len(rows):
            raise InputError(
                f"{place(int(rows[0]))}: {level!r} is not a date written as {layout}, as the column was learned. "
                "Mend the cell or leave it empty."
            )
    return np.append(seconds, np.nan)[codes], read.has_day, read.has_time


def _phase(seconds: np.ndarray, cycle: str) -> np.ndarray:
    """How far round the cycle each moment is, 0 to 1."""
    if cycle == "day":
        return (seconds % 86400) / 86400
    days = np.floor(seconds / 86400)
    if cycle == "week":
        return ((days + 3) % 7) / 7  # day 0 of 1970 was a Thursday; Monday is 0
    dates = days.astype(np.int64).astype("datetime64[D]")
    start = dates.astype("datetime64[Y]").astype("datetime64[D]")
    return (dates - start).astype(np.int64) / 365.25
