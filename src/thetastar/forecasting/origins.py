"""Rolling origins: which stretch chooses, which tests, and what every candidate forecasts from every origin there."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from thetastar.forecasting.known import known_mean
from thetastar.forecasting.panel import Panel

__all__ = ["Backtest", "Plan", "make_plan", "step_errors"]

_UNSEEN = 0.2  # share of the series for the test, and as much for the validation
_MOST = 0.3
_CELLS = 250_000  # numbers in one candidate's forecasts: of a thousand series every tenth origin is enough


@dataclass(frozen=True, eq=False)
class Plan:
    """Where the stretches are, in columns of the panel.

    Attributes:
        validation_cut: what is learned for the validation comes from the columns before it.
        test_cut: likewise for the test; the validation's truth ends there.
        length: the test's truth ends there.
        horizon: steps forecast from each origin.
        stride: steps from one origin to the next.
    """

    validation_cut: int
    test_cut: int
    length: int
    horizon: int
    stride: int = 1

    def at_all_phases(self, season: int) -> Plan:
        """The plan with a stride that shares no factor with the season, so that origins fall on every phase of it.

        Example:
            >>> Plan(60, 80, 100, 7, stride=14).at_all_phases(7).stride
            15
        """
        stride = self.stride
        while math.gcd(stride, season) > 1:
            stride += 1
        return replace(self, stride=stride)

    @property
    def validation_origins(self) -> np.ndarray:
        """Columns from which the validation's forecasts are made: the last one learned from, and on."""
        return np.arange(self.validation_cut - 1, self.test_cut - 1, self.stride)

    @property
    def test_origins(self) -> np.ndarray:
        """Columns from which the test's forecasts are made."""
        return np.arange(self.test_cut - 1, self.length - 1, self.stride)


def make_plan(panel: Panel, horizon: int, *, unseen: int | None = None) -> Plan | None:
    """The last fifth tests, the fifth before it chooses; more where the horizon is longer than that, less than a
    third each. None where a series is too short to hold anything back.

    Args:
        panel: the series.
        horizon: steps.
        unseen: steps of the test, where they were asked for.
    """
    length = panel.length - int(np.median(panel.begin))
    if length < 8:
        return None
    share = round(_UNSEEN * length)
    if share < horizon + min(horizon, 10):
        share = min(horizon + min(horizon, 10), int(_MOST * length))
    share = max(share, 1)
    test = share if unseen is None else min(unseen, length // 2)
    validation = min(share, (length - test) // 2)
    if validation < 1 or length - test - validation < 3:
        return None
    most = max(1, _CELLS // (panel.count * horizon))
    stride = max(1, -(-max(test, validation) // most))
    test_cut = panel.length - test
    return Plan(test_cut - validation, test_cut, panel.length, horizon, stride)


@dataclass(frozen=True, eq=False)
class Backtest:
    """Forecasts from rolling origins beside the truth.

    Attributes:
        origins: (O,) columns.
        truth: (n, O, H), nan where it is missing or lies past the stretch.
        forecasts: candidate -> (n, O, H).
        scale: (n, H) by which each series' errors at each step are divided, so that all count alike: the seasonal
            naive's own mean absolute error there.
    """

    origins: np.ndarray
    truth: np.ndarray
    forecasts: dict[str, np.ndarray]
    scale: np.ndarray

    @property
    def stretches(self) -> float:
        """How many horizons (of at least 5 steps) the origins span: errors within one are much alike."""
        span = int(self.origins[-1] - self.origins[0]) + 1 if len(self.origins) else 0
        return span / max(self.truth.shape[2], 5)

    def error(self, name: str, steps: slice = slice(None)) -> float:
        """The mean absolute scaled error of a candidate; a missing truth is left out, a missing forecast has failed."""
        return float(np.mean(self.losses(self.forecasts[name], steps)))

    def losses(self, forecast: np.ndarray, steps: slice = slice(None)) -> np.ndarray:
        """(k,) absolute scaled errors where the truth is known; infinite where there is no forecast."""
        known = ~np.isnan(self.truth[..., steps])
        error = np.abs(forecast[..., steps] - self.truth[..., steps]) / self.scale[:, None, steps]
        return np.where(np.isnan(error), np.inf, error)[known]


def backtest_of(panel: Panel, origins: np.ndarray, horizon: int, until: int, naive: np.ndarray) -> Backtest:
    """A backtest without candidates: its truth ends before column `until`; `naive` (n, O, H) gives the scale."""
    truth = panel.until(until).truth(origins, horizon)
    with np.errstate(all="ignore"):
        by_step = known_mean(np.abs(naive - truth), axis=1)
        overall = known_mean(np.abs(naive - truth), axis=(1, 2))
        level = known_mean(np.abs(panel.raw), axis=1)
    overall = np.where(np.isfinite(overall), overall, 0.0)
    floor = np.maximum(overall * 0.1, 1e-9 * (np.where(np.isfinite(level), level, 0.0) + 1e-300))[:, None]
    scale = np.where(np.isfinite(by_step), by_step, overall[:, None])
    return Backtest(origins, truth, {}, np.maximum(scale, np.maximum(floor, 1e-300)))


def step_errors(forecast: np.ndarray, truth: np.ndarray) -> list[np.ndarray]:
    """For each step of the horizon the signed errors (forecast − truth) of all origins whose truth is known.

    Example:
        >>> line = np.arange(10.0)
        >>> truth = np.stack([line[1:5], line[2:6], line[3:7]], axis=1)[None]
        >>> last = np.repeat(line[:4, None], 3, axis=1)[None]
        >>> [np.abs(errors).tolist() for errors in step_errors(last, truth)]
        [[1.0, 1.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0], [3.0, 3.0, 3.0, 3.0]]
    """
    return [(forecast[..., step] - truth[..., step])[~np.isnan(truth[..., step])] for step in range(forecast.shape[-1])]
