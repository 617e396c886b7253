"""What methods that learn from examples see at an origin: lags, means, the calendar, last year, further columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thetastar.forecasting.panel import Panel, Windows

__all__ = ["Inputs", "examples", "plan_inputs", "waves"]

_HARMONICS = 3
_PHASES = 31  # a longer season is described by waves, not by one input a phase


@dataclass(frozen=True)
class Inputs:
    """Which inputs there are; all of them follow from a window and its place in time.

    Attributes:
        lags: how many of the last values, each less the base (the mean of the last `season` values).
        season, year, year_lag: cycles in steps, as in the panel.
        horizon: steps forecast at once.
        calendar: whether the season's phase and the time of the year are inputs.
        means: over how many last values there are means, less the base.
        known, past: the further columns.
    """

    lags: int
    season: int
    horizon: int
    calendar: bool = True
    year: float = 0.0
    year_lag: int = 0
    means: tuple[int, ...] = ()
    known: tuple[str, ...] = ()
    past: tuple[str, ...] = ()

    @classmethod
    def checked(cls, given: dict) -> Inputs:
        """Inputs as a file holds them.

        Raises:
            KeyError, TypeError, ValueError: a part is missing, unknown, or no number that it can be.
        """
        made = cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})
        whole = [made.lags, made.season, made.horizon, made.year_lag, *made.means]
        if not all(type(value) is int and 0 <= value <= 100_000 for value in whole) or min(whole[:3]) < 1:
            raise ValueError("the inputs hold a number of steps that cannot be")
        if (
            not isinstance(made.year, (int, float))
            or not 0 <= made.year < 1e6
            or (made.year > 0) != (made.year_lag > 0)
        ):
            raise ValueError("the inputs hold a year that cannot be")
        if not all(isinstance(name, str) for name in (*made.known, *made.past)) or not isinstance(made.calendar, bool):
            raise ValueError("the inputs hold a column without a name")
        return made

    @property
    def width(self) -> int:
        """How many inputs all steps share."""
        count = self.lags + len(self.means) + 2 * len(self.past)
        if self.calendar and self.season > 1:
            count += self.season if self.season <= _PHASES else 12
        if self.calendar and self.year:
            count += 2 * _HARMONICS + len(self.quarters)
        return count

    @property
    def quarters(self) -> list[int]:
        """The steps for which last year's movement is an input."""
        return sorted({max(1, round(self.horizon * part / 8)) for part in (1, 3, 5, 7)})

    @property
    def lookback(self) -> int:
        """How many last values a window needs."""
        return max([self.lags, self.season, *self.means, self.year_lag + 2 * self.season if self.year else 0])

    def base(self, windows: Windows) -> np.ndarray:
        """(B,) the level that everything is measured from: the mean of the last season."""
        return windows.values[:, -max(self.season, 1) :].mean(axis=1)

    def common(self, panel: Panel, windows: Windows, base: np.ndarray) -> np.ndarray:
        """(B, p) the inputs that all steps share."""
        values = windows.values
        parts = [values[:, -self.lags :][:, ::-1] - base[:, None]]
        parts += [(values[:, -size:].mean(axis=1) - base)[:, None] for size in self.means]
        if self.calendar and self.season > 1:
            parts.append(self._phases(panel, windows))
        if self.calendar and self.year:
            parts += self._year(panel, windows)
        for name in self.past:
            recent = panel.past[name][windows.series[:, None], self._columns(panel, windows, 7)]
            parts += [recent[:, -1:], recent.mean(axis=1, keepdims=True)]
        return np.concatenate(parts, axis=1)

    def at_steps(self, panel: Panel, windows: Windows) -> np.ndarray | None:
        """(B, horizon, k) the known columns at each step, and None where there are none."""
        if not self.known:
            return None
        columns = windows.ends[:, None] + np.arange(1, self.horizon + 1)
        most = min(panel.known[name].shape[1] for name in self.known) - 1
        columns = np.minimum(columns, most)
        now = np.minimum(windows.ends, most)
        parts = []
        for name in self.known:
            values = panel.known[name]
            parts += [values[windows.series[:, None], columns]]
            if self.season > 1:  # what it was a season before says how the lag of that day came about
                before = np.maximum(columns - self.season * -(-np.arange(1, self.horizon + 1) // self.season), 0)
                parts += [values[windows.series[:, None], np.minimum(before, most)]]
            else:
                parts += [np.repeat(values[windows.series, now][:, None], self.horizon, axis=1)]
        return np.stack(parts, axis=2)

    def _columns(self, panel: Panel, windows: Windows, count: int) -> np.ndarray:
        columns = windows.ends[:, None] + np.arange(1 - count, 1)
        return np.clip(columns, 0, panel.length - 1)

    def _phases(self, panel: Panel, windows: Windows) -> np.ndarray:
        phase = (panel.offsets[windows.series] + windows.ends) % self.season
        if self.season <= _PHASES:
            return np.eye(self.season)[phase]
        return waves(phase / self.season, 6)

    def _year(self, panel: Panel, windows: Windows) -> list[np.ndarray]:
        """The time of the year as waves; and how the values moved over the same steps a year before."""
        share = (panel.offsets[windows.series] + windows.ends) / self.year
        sums = np.pad(np.cumsum(windows.values, axis=1), ((0, 0), (1, 0)))
        width, end = windows.values.shape[1], windows.values.shape[1] - self.year_lag

        def mean(first: int, last: int) -> np.ndarray:
            first, last = max(first, 0), min(last, width)
            return (sums[:, last] - sums[:, first]) / (last - first)

        half = max(self.season, 3)
        then = mean(end - 2 * half, end)
        moved = [mean(end + q - 1 - half // 2, end + q + half // 2) - then for q in self.quarters]
        return [waves(share, _HARMONICS), np.stack(moved, axis=1)]


def waves(share: np.ndarray, harmonics: int) -> np.ndarray:
    angle = 2 * np.pi * share[:, None] * np.arange(1, harmonics + 1)
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)


def plan_inputs(panel: Panel, cut: int, horizon: int, lags: int, *, calendar: bool = True, year: bool = False,
                columns: bool = False) -> Inputs:  # fmt: skip
    """The inputs that a series of `cut` steps has room for."""
    season = max(panel.season, 1)
    room = cut - int(np.median(panel.begin)) - horizon
    lags = max(1, min(lags, room // 3))
    season = season if room >= 4 * season else 1
    unit = season if season > 1 else 7
    means = tuple(size for size in (2 * unit, 4 * unit, 8 * unit, 16 * unit) if size <= room // 3) if calendar else ()
    year = year and bool(panel.year) and room >= 1.8 * panel.year
    return Inputs(
        lags, season, horizon, calendar, panel.year if year else 0.0, panel.year_lag if year else 0, means,
        tuple(panel.known) if columns else (), tuple(panel.past) if columns else (),
    )  # fmt: skip


def examples(panel: Panel, inputs: Inputs, cut: int, *, most: int = 60_000) -> tuple[Windows, np.ndarray]:
    """Windows before `cut` whose steps are all before it, evenly thinned to at most `most`, and what came after.

    Returns:
        The windows, and (B, horizon) what came after, nan where it is missing.
    """
    horizon = inputs.horizon
    series, ends = [], []
    for row in range(panel.count):
        lowest = int(panel.begin[row]) + inputs.lookback - 1
        room = cut - 1 - horizon
        if room - lowest < 10:  # a short series still gives the windows that it has, filled up at their beginning
            lowest = min(lowest, int(panel.begin[row]) + max(inputs.season, 1))
        if room >= lowest:
            series.append(np.full(room - lowest + 1, row))
            ends.append(np.arange(lowest, room + 1))
    if not series:
        empty = np.zeros(0, dtype=np.int64)
        return Windows(np.zeros((0, inputs.lookback)), empty, empty), np.zeros((0, horizon))
    series, ends = np.concatenate(series), np.concatenate(ends)
    if panel.strict:
        series, ends = _without_missing(panel, inputs, series, ends)
    if len(ends) > most:
        kept = np.unique(np.linspace(0, len(ends) - 1, most).astype(np.int64))
        series, ends = series[kept], ends[kept]
    windows = Windows.at(panel, series, ends, inputs.lookback)
    future = panel.raw[series[:, None], ends[:, None] + np.arange(1, horizon + 1)]
    return windows, future


def _without_missing(
    panel: Panel, inputs: Inputs, series: np.ndarray, ends: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The (series, end) pairs whose lags and steps ahead are all known; all of them where that leaves too few."""
    holes = np.pad(np.cumsum(np.isnan(panel.raw), axis=1), ((0, 0), (1, 0)))
    first = np.maximum(ends + 1 - inputs.lags, 0)
    whole = holes[series, ends + 1 + inputs.horizon] == holes[series, first]
    return (series[whole], ends[whole]) if whole.sum() >= 20 else (series, ends)
