"""The plain rivals: last value, seasonal naive, mean, drift, moving average. They stand beside every forecast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thetastar.forecasting.known import known_mean
from thetastar.forecasting.methods.contract import Fitted, Method
from thetastar.forecasting.panel import Panel

__all__ = ["Drift", "LastValue", "Mean", "MovingAverage", "SeasonalAverage", "SeasonalNaive"]


@dataclass(frozen=True)
class LastValue(Method):
    """Tomorrow is as today.

    Example:
        >>> from thetastar.forecasting.panel import panel_of
        >>> panel = panel_of([5, 6, 7, 8, 9, 2, 1] * 4, season=7)
        >>> fitted = LastValue().fit(panel, 28, 2)
        >>> fitted.forecast(panel, np.array([27]), 2)[0, 0].round(2).tolist()
        [1.0, 1.0]
    """

    name = "last value"
    simple = 0
    baseline = True

    def fit(self, panel: Panel, cut: int, horizon: int) -> Fitted:
        return Repeated(1, 1)


@dataclass(frozen=True)
class SeasonalNaive(Method):
    """The same phase of the season before; where the series is shorter than that, the last value.

    Example:
        >>> from thetastar.forecasting.panel import panel_of
        >>> panel = panel_of([5, 6, 7, 8, 9, 2, 1] * 4, season=7)
        >>> fitted = SeasonalNaive(7).fit(panel, 28, 3)
        >>> fitted.forecast(panel, np.array([27]), 3)[0, 0].round(2).tolist()
        [5.0, 6.0, 7.0]
    """

    lag: int

    name = "seasonal naive"
    simple = 0
    baseline = True

    def fit(self, panel: Panel, cut: int, horizon: int) -> Fitted:
        return Repeated(self.lag, 1)


@dataclass(frozen=True)
class SeasonalAverage(Method):
    """The mean of the last few values of the same phase; how many is chosen on the training part.

    Example:
        >>> from thetastar.forecasting.panel import panel_of
        >>> panel = panel_of([5, 6, 7, 8, 9, 2, 1] * 4, season=7)
        >>> fitted = SeasonalAverage(7).fit(panel, 28, 3)
        >>> fitted.forecast(panel, np.array([27]), 3)[0, 0].round(2).tolist()
        [5.0, 6.0, 7.0]
    """

    lag: int

    name = "seasonal average"
    simple = 2

    def fit(self, panel: Panel, cut: int, horizon: int) -> Fitted:
        tries = [Repeated(self.lag, many) for many in (2, 3, 4, 6, 8, 12) if many * self.lag < cut // 2]
        return _best(tries, panel, cut, horizon) or Repeated(self.lag, 2)


@dataclass(frozen=True)
class Repeated(Fitted, kind="repeated"):
    """The mean of the last `many` values that lie whole multiples of `lag` before the step forecast."""

    lag: int
    many: int

    def check(self, series: int) -> None:
        if self.lag < 1 or not 1 <= self.many <= 1000:
            raise ValueError("the lag and how many values are averaged must be 1 or more")

    def forecast(self, panel: Panel, origins: np.ndarray, steps: int) -> np.ndarray:
        ahead = np.arange(1, steps + 1)
        newest = origins[:, None] + ahead - self.lag * -(-ahead // self.lag)
        total, found = 0.0, 0.0
        rows = np.arange(panel.count)[:, None, None]
        for back in range(self.many):
            columns = newest - back * self.lag
            there = columns[None] >= panel.begin[:, None, None]
            # A phase that the series has not yet had is forecast by its last value.
            columns = np.where(there, columns[None], origins[None, :, None] if back == 0 else 0)
            there = there if back else np.ones_like(there)
            total = total + np.where(there, panel.filled[rows, columns], 0.0)
            found = found + there
        return total / found


@dataclass(frozen=True)
class Drift(Method):
    """The line through the first and the last value, carried on.

    Example:
        >>> from thetastar.forecasting.panel import panel_of
        >>> panel = panel_of([5, 6, 7, 8, 9, 2, 1] * 4, season=7)
        >>> fitted = Drift().fit(panel, 28, 2)
        >>> fitted.forecast(panel, np.array([27]), 2)[0, 0].round(2).tolist()
        [0.85, 0.7]
    """

    name = "drift"
    simple = 1
    baseline = True

    def fit(self, panel: Panel, cut: int, horizon: int) -> Fitted:
        return DriftFitted()


@dataclass(frozen=True)
class DriftFitted(Fitted, kind="drift"):
    """Nothing is learned: the line follows from the values."""

    def forecast(self, panel: Panel, origins: np.ndarray, steps: int) -> np.ndarray:
        last = panel.filled[:, origins]
        first = panel.filled[np.arange(panel.count), panel.begin][:, None]
        slope = (last - first) / np.maximum(origins[None, :] - panel.begin[:, None], 1)
        return last[..., None] + slope[..., None] * np.arange(1, steps + 1)


@dataclass(frozen=True)
class Mean(Method):
    """The mean of all values so far.

    Example:
        >>> from thetastar.forecasting.panel import panel_of
        >>> panel = panel_of([5, 6, 7, 8, 9, 2, 1] * 4, season=7)
        >>> fitted = Mean().fit(panel, 28, 2)
        >>> fitted.forecast(panel, np.array([27]), 2)[0, 0].round(2).tolist()
        [5.43, 5.43]
    """

    name = "mean"
    simple = 0
    baseline = True

    def fit(self, panel: Panel, cut: int, horizon: int) -> Fitted:
        return Average(0)


@dataclass(frozen=True)
class MovingAverage(Method):
    """The mean of the last few values; of how many is chosen on the training part.

    Example:
        >>> from thetastar.forecasting.panel import panel_of
        >>> panel = panel_of([5, 6, 7, 8, 9, 2, 1] * 4, season=7)
        >>> fitted = MovingAverage(7).fit(panel, 28, 2)
        >>> fitted.forecast(panel, np.array([27]), 2)[0, 0].round(2).tolist()
        [5.43, 5.43]
    """

    season: int

    name = "moving average"
    simple = 1
    baseline = True

    def fit(self, panel: Panel, cut: int, horizon: int) -> Fitted:
        unit = max(self.season, 1)
        sizes = sorted({size for size in (2, 4, unit, 2 * unit, 4 * unit, 8 * unit, 16 * unit) if 1 < size < cut // 2})
        return _best([Average(size) for size in sizes or [2]], panel, cut, horizon)


@dataclass(frozen=True)
class Average(Fitted, kind="average"):
    """The mean of the last `size` values, of all of them for 0."""

    size: int

    def forecast(self, panel: Panel, origins: np.ndarray, steps: int) -> np.ndarray:
        inside = np.arange(panel.length) >= panel.begin[:, None]
        # Sums of differences from one value lose no digits where the level is high.
        anchor = panel.filled[np.arange(panel.count), panel.begin][:, None]
        sums = np.pad(np.cumsum(np.where(inside, panel.filled - anchor, 0.0), axis=1), ((0, 0), (1, 0)))
        first = panel.begin[:, None] if self.size == 0 else np.maximum(origins + 1 - self.size, panel.begin[:, None])
        first = np.minimum(first, origins[None, :])
        total = sums[:, origins + 1] - np.take_along_axis(sums, np.broadcast_to(first, (panel.count, len(origins))), 1)
        mean = anchor + total / (origins + 1 - first)
        return np.repeat(mean[..., None], steps, axis=2)


def _best(tries: list[Fitted], panel: Panel, cut: int, horizon: int) -> Fitted | None:
    """The one with the smallest mean absolute error over the training part's later half."""
    if len(tries) < 2:
        return tries[0] if tries else None
    origins = np.unique(np.linspace(cut // 2, cut - 2, min(200, max(cut // 2 - 1, 1))).astype(np.int64))
    steps = min(horizon, max(cut - int(origins[0]) - 1, 1))
    truth = panel.until(cut).truth(origins, steps)
    scale = known_mean(np.abs(truth), axis=(1, 2), keepdims=True) + 1e-300
    with np.errstate(invalid="ignore"):
        errors = [known_mean(np.abs(each.forecast(panel, origins, steps) - truth) / scale) for each in tries]
    return tries[int(np.nanargmin(errors))] if not np.isnan(errors).all() else tries[-1]
