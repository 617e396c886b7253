"""Exponential smoothing and Theta, over all series and all settings at once, in arrays.

    e_t = y_t − (ℓ_{t−1} + φ b_{t−1} + s_{t−m})
    ℓ_t = ℓ_{t−1} + φ b_{t−1} + α e_t,   b_t = φ b_{t−1} + β e_t,   s_t = s_{t−m} + γ e_t

The loop runs over time; every line of it is an array over (series, settings). An error that is many times the usual is
cut back in the robust variants (Gelper, Fried and Croux 2010), so that one odd day does not move the level.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thetastar.forecasting.methods.contract import Fitted, Method, fits
from thetastar.forecasting.panel import Panel

__all__ = ["Smoothed", "Smoothing", "Theta"]

_LEVELS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.55, 0.8, 1.0)
_SEASONS = (0.0, 0.03, 0.08, 0.16, 0.3)
_TRENDS = ((0.03, 0.98), (0.1, 0.9), (0.1, 0.98), (0.3, 0.8))  # β / α and φ
_TOGETHER = 2.0  # how much the mean error over all series counts beside a series' own
_MOST = 10.0  # times the least error: a setting that is worse than this for a series is no worse for the mean
_CUT_BACK = 2.0  # usual errors; 0 stands for no limit
_LONGEST = 20_000  # columns that are looked at
_CELLS = 4_000_000  # numbers in one block of states: bounds the memory


@dataclass(frozen=True)
class Smoothing(Method):
    """Exponential smoothing with a damped trend where it helps, and with the season.

    Level, season and trend are chosen by the mean absolute error over several steps of the training part, for each
    series.

    Args:
        season: steps of the season, 1 for none.
        robust: whether odd values are cut back.

    Example:
        >>> from thetastar.forecasting.panel import panel_of
        >>> panel = panel_of([5, 6, 7, 8, 9, 2, 1] * 4, season=7)
        >>> fitted = Smoothing(7).fit(panel, 28, 3)
        >>> fitted.forecast(panel, np.array([27]), 3)[0, 0].round(2).tolist()
        [5.0, 6.0, 7.0]

    Source: Holt 1957, Winters 1960, Gardner and McKenzie 1985; Hyndman and Athanasopoulos 2021, chapter 8.
    """

    season: int = 1
    robust: bool = False

    simple = 2

    @property
    def name(self) -> str:
        return "exponential smoothing" + (", robust" if self.robust else "")

    @property
    def baseline(self) -> bool:
        return not self.robust

    def fit(self, panel: Panel, cut: int, horizon: int) -> Fitted:
        seasons = _SEASONS if self.season > 1 else (0.0,)
        limit = _CUT_BACK if self.robust else 0.0
        first = [(a, 0.0, 1.0, g * (1 - a), limit) for a in _LEVELS for g in seasons if g * (1 - a) > 0 or g == 0]
        chosen = _choose(panel, cut, horizon, np.array(first), None, self.season)
        # From each series' best level and season: finer steps, and trends.
        level, season = chosen[:, 0], chosen[:, 3]
        tries = [
            (level * a, level * a * b, phi, season * g)
            for a, g in ((1, 1), (0.75, 1), (1.3, 1), (1, 0.7), (1, 1.4), (0.75, 1.4))
            for b, phi in ((0.0, 1.0), *_TRENDS)
            if (a, g) == (1, 1) or b in (0.0, 0.03)
        ]
        own = np.stack([
            np.stack([np.minimum(a, 1.0), b, np.full_like(a, phi), g, np.full_like(a, limit)], axis=1)
            for a, b, phi, g in tries
        ], axis=1)  # fmt: skip
        chosen = _choose(panel, cut, horizon, None, own, self.season)
        return Smoothed(self.season, np.ascontiguousarray(chosen))


@dataclass(frozen=True)
class Smoothed(Fitted, kind="smoothing"):
    """`settings` (n, 5): α, β, φ, γ and the limit of an error in usual errors (0: none), for each series."""

    season: int
    settings: np.ndarray

    def check(self, series: int) -> None:
        fits(settings=(self.settings, (series, 5)))
        if self.season < 1:
            raise ValueError("the season must be 1 or more")

    def forecast(self, panel: Panel, origins: np.ndarray, steps: int) -> np.ndarray:
        first = max(int(origins.max(initial=0)) + 1 - _LONGEST, 0)
        states = _run(panel, np.arange(panel.count), self.settings, self.season, int(origins.max()) + 1, first)
        return states.forecast(origins, steps, self.settings[:, 2])


@dataclass(frozen=True)
class Theta(Method):
    """Half a line, half a level: simple smoothing of the values without their season, with half the trend's slope.

    Example:
        >>> from thetastar.forecasting.panel import panel_of
        >>> panel = panel_of([5, 6, 7, 8, 9, 2, 1] * 4, season=7)
        >>> fitted = Theta(7).fit(panel, 28, 3)
        >>> fitted.forecast(panel, np.array([27]), 3)[0, 0].round(2).tolist()
        [4.57, 5.55, 6.53]

    Source: Assimakopoulos and Nikolopoulos 2000; the form as smoothing with drift is Hyndman and Billah's, 2003.
    """

    season: int = 1

    name = "theta"
    simple = 2

    def fit(self, panel: Panel, cut: int, horizon: int) -> Fitted:
        flat = Panel(panel.raw, panel.filled, panel.begin, panel.offsets, self.season)
        settings = [
            (a, 0.0, 1.0, g * (1 - a), 0.0) for a in _LEVELS for g in ((0.05, 0.15) if self.season > 1 else (0,))
        ]
        chosen = _choose(flat, cut, min(horizon, 3), np.array(settings), None, self.season)
        return ThetaFitted(Smoothed(self.season, np.ascontiguousarray(chosen)))


@dataclass(frozen=True)
class ThetaFitted(Fitted, kind="theta"):
    """Simple smoothing with the season; the slope of the line through all values follows from them at every origin."""

    smoothed: Smoothed

    def check(self, series: int) -> None:
        self.smoothed.check(series)
        if not (self.smoothed.settings[:, 0] > 0).all():
            raise ValueError("the level's share must be above 0")

    def forecast(self, panel: Panel, origins: np.ndarray, steps: int) -> np.ndarray:
        flat = self.smoothed.forecast(panel, origins, steps)
        alpha = self.smoothed.settings[:, 0][:, None, None]
        count = (origins[None, :] + 1 - panel.begin[:, None])[..., None]
        # The line's level lags behind by (1 − (1 − α)^n) / α steps of the slope.
        behind = (1 - (1 - alpha) ** count) / alpha
        ahead = np.arange(steps) + behind
        return flat + _slopes(panel, origins)[..., None] / 2 * ahead


def _slopes(panel: Panel, origins: np.ndarray) -> np.ndarray:
    """(n, O) the slope of the least-squares line through the values up to each origin."""
    column = np.arange(panel.length)
    inside = column >= panel.begin[:, None]
    t = np.where(inside, column - panel.begin[:, None], 0).astype(np.float64)
    start = panel.filled[np.arange(panel.count), panel.begin][:, None]
    y = np.where(inside, panel.filled - start, 0.0)
    n, st, sy, stt, sty = (np.cumsum(part, axis=1)[:, origins] for part in (inside * 1.0, t, y, t * t, t * y))
    below = n * stt - st * st
    return np.where(below > 0, (n * sty - st * sy) / np.where(below > 0, below, 1.0), 0.0)


@dataclass(frozen=True, eq=False)
class _States:
    """What smoothing knows after each column: (R, T) level, trend and the season's newest value of that phase."""

    level: np.ndarray
    trend: np.ndarray
    season: np.ndarray
    period: int
    first: int

    def forecast(self, origins: np.ndarray, steps: int, damping: np.ndarray) -> np.ndarray:
        """(R, O, steps)."""
        ahead = np.arange(1, steps + 1)
        at = origins - self.first
        passed = np.cumsum(damping[:, None] ** ahead, axis=1)
        result = self.level[:, at, None] + self.trend[:, at, None] * passed[:, None, :]
        if self.period > 1:
            newest = at[:, None] + ahead - self.period * -(-ahead // self.period)
            result += self.season[:, np.maximum(newest, 0)]
        return result


def _choose(panel, cut, horizon, shared, own, season) -> np.ndarray:
    """(n, 5) the best setting for each series: of `shared` (P, 5) ones, or of its `own` (n, P, 5).

    Many series say together what one alone says with much noise: beside a setting's error in a series counts its mean
    error over all of them, each relative to the series' least.
    """
    series = np.arange(panel.count)
    tries = len(shared) if own is None else own.shape[1]
    block = max(1, _CELLS // (tries * min(cut, _LONGEST)))
    given = np.broadcast_to(shared, (panel.count, tries, 5)) if own is None else own
    errors = np.empty((panel.count, tries))
    for at in range(0, panel.count, block):
        some = series[at : at + block]
        settings = given[some].reshape(-1, 5).astype(np.float64)
        error = _errors(panel, np.repeat(some, tries), settings, season, cut, horizon)
        errors[some] = np.where(np.isnan(error), np.inf, error).reshape(len(some), tries)
    if panel.count > 1:
        least = np.maximum(errors.min(axis=1, keepdims=True), 1e-300)
        relative = np.minimum(np.where(np.isfinite(least), errors / least, 1.0), _MOST)
        errors = relative + _TOGETHER * relative.mean(axis=0)
    return given[series, np.argmin(errors, axis=1)].astype(np.float64)


def _errors(panel, rows, settings, season, cut, horizon) -> np.ndarray:
    """(R,) mean absolute error over a few steps of the horizon, each step by its own mean, after the warm-up."""
    first = max(cut - _LONGEST, 0)
    states = _run(panel, rows, settings, season, cut, first)
    known = panel.raw[rows, first:cut]
    total = 0.0
    for step in sorted({1, (horizon + 3) // 4, (horizon + 1) // 2, horizon}):
        if step >= (cut - first) // 3 and step > 1:
            continue
        warm = max(min(3 * season, (cut - first) // 4), 2)
        at = np.arange(warm, cut - first - step)
        if not len(at):
            return np.zeros(len(rows))
        passed = np.cumsum(settings[:, 2][:, None] ** np.arange(1, step + 1), axis=1)[:, -1:]
        forecast = states.level[:, at] + states.trend[:, at] * passed
        if season > 1:
            newest = at + step - season * -(-step // season)
            forecast += states.season[:, np.maximum(newest, 0)]
        error = np.abs(known[:, at + step] - forecast)
        error[at[None, :] + first < panel.begin[rows][:, None]] = np.nan
        with np.errstate(all="ignore"):
            total = total + np.nansum(error, axis=1) / np.maximum(np.sum(~np.isnan(error), axis=1), 1)
    return total


def _run(panel, rows, settings, season, stop, first) -> _States:
    """Smooth the given rows (series, repeated for settings) over the columns from `first` to `stop`."""
    alpha, beta, phi, gamma, limit = settings.T
    raw = panel.raw[rows, first:stop]
    filled = panel.filled[rows, first:stop]
    begin = np.maximum(panel.begin[rows] - first, 0)
    count, length = filled.shape
    level, season_now, scale = _start(filled, begin, season)
    trend = np.zeros(count)
    levels, trends = np.empty((length, count)), np.empty((length, count))
    seasons = np.empty((length, count)) if season > 1 else np.zeros((0, count))
    columns = np.ascontiguousarray(raw.T)
    missing = np.isnan(columns)
    waits = missing.any(axis=1)
    bounded = bool((limit > 0).any())
    most = np.where(limit > 0, limit, np.inf)
    for t in range(length):
        expected = level + phi * trend
        phase = season_now[t % season]
        error = columns[t] - expected - phase
        if waits[t]:
            error = np.where(missing[t], 0.0, error)
        if bounded:
            size = np.abs(error)
            error = np.clip(error, -most * scale, most * scale)
            started = t >= begin
            scale = np.where(started, 0.95 * scale + 0.0625 * np.minimum(size, 3 * most * scale), scale)
        if waits[t]:  # before a series begins nothing moves
            expected = np.where(t < begin, level, expected)
        level = expected + alpha * error
        trend = phi * trend + beta * error
        levels[t], trends[t] = level, trend
        if season > 1:
            season_now[t % season] = seasons[t] = phase + gamma * error
    return _States(levels.T, trends.T, seasons.T, season, first)


def _start(filled: np.ndarray, begin: np.ndarray, season: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Level (R,), season (m, R) and usual error (R,) from each series' first few cycles."""
    count, length = filled.shape
    rows = np.arange(count)
    cycles = max(1, min(4, int((length - begin.min()) // max(2 * season, 1))))
    width = max(season, 4)
    head = np.minimum(begin[:, None] + np.arange(max(cycles * season, width)), length - 1)
    values = filled[rows[:, None], head]
    level = values[:, :width].mean(axis=1)
    shape = np.zeros((season, count))
    if season > 1 and values.shape[1] >= 2 * season:
        cycle = values[:, : cycles * season].reshape(count, cycles, season)
        profile = (cycle - cycle.mean(axis=2, keepdims=True)).mean(axis=1)  # (R, m) from the series' first step on
        phases = (begin[:, None] + np.arange(season)) % season
        shape[phases, rows[:, None]] = profile
    scale = np.abs(np.diff(values, axis=1)).mean(axis=1) + 1e-12 * (1 + np.abs(level))
    return level, shape, scale
