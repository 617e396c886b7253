"""Intervals from errors that were made on unseen steps, step by step of the horizon (split conformal prediction).

A half-width at step h and level p is the ⌈(n + 1) p⌉-th smallest of the n absolute errors that forecasts of that very
step made from origins after what they had learned from. Errors are measured in units of how restless the series was at
their origin, and of how far the target's phase of the season usually lies off; the half-width is turned back into the
target's unit by the same two at the origin of the forecast. Levels are nested because they are ranks of one list.

Source: Vovk, Gammerman and Shafer 2005; Lei et al. 2018.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from thetastar.forecasting.known import known_mean
from thetastar.forecasting.panel import Panel

__all__ = ["Bands", "Unseen", "make_bands", "restlessness", "widest_rank"]

_HALF_LIFE = 4  # seasons after which a change counts half for how restless a series is
_MIX = 0.5  # share (of the logarithm) that follows the moment; the rest is the series' long-run restlessness
_TRUST = 20  # errors of one phase that weigh as much as the assumption that all phases are alike


@dataclass(frozen=True, eq=False)
class Unseen:
    """Forecasts from origins after what they had learned from.

    Attributes:
        origins: (O,) columns of the panel, rising.
        forecasts: (n, O, reach).
    """

    origins: np.ndarray
    forecasts: np.ndarray

    @property
    def reach(self) -> int:
        """Steps ahead that there are forecasts for."""
        return self.forecasts.shape[2]


@dataclass(frozen=True, eq=False)
class Bands:
    """Half-widths by level, and on how many errors each step's rest.

    Attributes:
        levels: in percent, rising.
        ratios: (levels, steps) half-widths in units of restlessness.
        counts: (steps,) n, the errors behind them; 0 past the reach, where they grow with the root of the step.
        phases: (m,) how far off each phase of the season usually lies, relative to the mean of all.
        widened: levels that n is too small for at some step: there the largest error was widened.
    """

    levels: tuple[float, ...]
    ratios: np.ndarray
    counts: np.ndarray
    phases: np.ndarray
    widened: tuple[float, ...]

    def around(self, panel: Panel, forecast: np.ndarray, origins: np.ndarray, *, floor: np.ndarray | None = None):
        """(lower, upper), each (levels, n, O, steps): around `forecast` (n, O, steps) from `origins`.

        Args:
            floor: (n,) nothing lies below it, nan for no floor.
        """
        steps = forecast.shape[2]
        unit = restlessness(panel)[:, origins][:, :, None]
        unit = unit * self.phases[_phase(panel, origins, steps, len(self.phases))]
        half = self.ratios[:, None, None, :steps] * unit[None]
        lower, upper = forecast[None] - half, forecast[None] + half
        if floor is not None:
            lower = np.fmax(lower, floor[None, :, None, None])
        return np.minimum(lower, forecast[None]), np.maximum(upper, forecast[None])


def make_bands(panel: Panel, unseen: Unseen | None, levels: tuple[float, ...], steps: int, *, until: int | None = None,
               newest: int = 4000) -> Bands:  # fmt: skip
    """Bands for `steps` steps ahead.

    Args:
        panel: the series; its truth is what the errors are measured against.
        unseen: forecasts from unseen origins, or None where a series was too short for any.
        levels: in percent.
        steps: how many.
        until: the truth from this column on is not used.
        newest: errors per step that are used at most, the newest.
    """
    season = max(panel.season, 1)
    ratios, counts = np.zeros((len(levels), steps)), np.zeros(steps, dtype=np.int64)
    phases, widened = np.ones(season), set()
    lists: list[np.ndarray] = []
    if unseen is not None and len(unseen.origins):
        reach = min(unseen.reach, steps)
        truth = panel.until(until or panel.length).truth(unseen.origins, reach)
        error = np.abs(unseen.forecasts[..., :reach] - truth) / restlessness(panel)[:, unseen.origins][:, :, None]
        at = _phase(panel, unseen.origins, reach, season)
        phases = _phase_factors(error, at, season)
        error = error / phases[at]
        keep = max(1, newest // max(panel.count, 1))
        for step in range(reach):
            each = error[:, :, step]
            known = each[:, -keep - step - 1 :]
            lists.append(np.sort(known[~np.isnan(known)]))
    last, last_step = None, 0
    for step in range(steps):
        errors = lists[step] if step < len(lists) else np.zeros(0)
        counts[step] = len(errors)
        if len(errors):
            last, last_step = errors, step
            grown = 1.0
        else:
            # No error of this step was ever seen: the last step's, grown as those of a random walk grow.
            grown = math.sqrt((step + 1) / (last_step + 1)) if last is not None else math.sqrt(step + 1)
        for place, level in enumerate(levels):
            ratio, wide = widest_rank(last if last is not None else np.ones(1), level)
            ratios[place, step] = grown * ratio
            if wide:
                widened.add(level)
    return Bands(levels, ratios, counts, phases, tuple(sorted(widened)))


def widest_rank(errors: np.ndarray, level: float) -> tuple[float, bool]:
    """The ⌈(n + 1) level / 100⌉-th smallest of sorted absolute errors; and whether there are too few of them.

    With too few the largest error is no bound at this level: it is widened as the tail of a normal distribution, so
    that two levels never share it.

    Example:
        >>> widest_rank(np.arange(1.0, 11.0), 90)
        (10.0, False)
        >>> widest_rank(np.arange(1.0, 11.0), 80)
        (9.0, False)
    """
    count = len(errors)
    rank = math.ceil((count + 1) * level / 100 - 1e-9)
    if rank <= count:
        return float(errors[rank - 1]), False
    normal = NormalDist()
    have, want = (normal.inv_cdf((1 + share) / 2) for share in (count / (count + 1), level / 100))
    return float(errors[-1]) * want / have, True


def restlessness(panel: Panel) -> np.ndarray:
    """(n, T) how far the values usually lie from those of the season before, as it was known at each column."""
    cached = panel.__dict__.get("_restless")
    if cached is not None:
        return cached
    lag = max(panel.season, 1)
    count, length = panel.raw.shape
    moved = np.full((count, length), np.nan)
    if length > lag:
        moved[:, lag:] = np.abs(panel.raw[:, lag:] - panel.raw[:, :-lag])
    fading = 0.5 ** (1 / (_HALF_LIFE * max(lag, 7)))
    state = np.zeros(count)
    weight = np.zeros(count)
    now = np.empty((count, length))
    long_run = np.zeros(count)
    seen = np.zeros(count)
    slow = np.empty((count, length))
    for t in range(length):
        here = moved[:, t]
        known = ~np.isnan(here)
        usual = np.where(weight > 0, state / np.maximum(weight, 1e-300), np.inf)
        tame = np.where(known, np.minimum(here, np.where(usual > 0, 6 * usual, np.inf)), 0.0)
        state = np.where(known, fading * state + tame, state)
        weight = np.where(known, fading * weight + 1, weight)
        long_run += tame
        seen += known
        now[:, t] = np.where(weight > 0, state / np.maximum(weight, 1e-300), np.nan)
        slow[:, t] = np.where(seen > 0, long_run / np.maximum(seen, 1), np.nan)
    with np.errstate(all="ignore"):
        level = known_mean(np.abs(panel.raw), axis=1)
        whole = known_mean(moved, axis=1)
    floor = 1e-9 * np.where(np.isfinite(level) & (level > 0), level, 1.0)
    fallback = np.where(np.isfinite(whole) & (whole > 0), whole, floor)[:, None]
    floor = np.maximum(floor[:, None], 1e-3 * fallback)
    now = np.maximum(np.where(np.isnan(now), fallback, now), floor)
    slow = np.maximum(np.where(np.isnan(slow), fallback, slow), floor)
    result = np.exp(_MIX * np.log(now) + (1 - _MIX) * np.log(slow))
    panel.__dict__["_restless"] = result
    return result


def _phase(panel: Panel, origins: np.ndarray, steps: int, season: int) -> np.ndarray:
    """(n, O, steps) the phase of each target."""
    ahead = origins[:, None] + np.arange(1, steps + 1)
    return (panel.offsets[:, None, None] + ahead[None]) % season


def _phase_factors(error: np.ndarray, at: np.ndarray, season: int) -> np.ndarray:
    known = ~np.isnan(error)
    if season < 2 or not known.any():
        return np.ones(season)
    many = np.bincount(at[known], minlength=season)
    # Errors of overlapping forecasts are not so many independent ones: steps share them.
    alone = many / error.shape[2]
    mean = error[known].mean()
    own = np.bincount(at[known], weights=error[known], minlength=season) / np.maximum(many, 1)
    if not mean > 0:
        return np.ones(season)
    return (alone * own / mean + _TRUST) / (alone + _TRUST)
