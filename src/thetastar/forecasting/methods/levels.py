"""Level times shape: where the next seasons' means go, and how a season's values lie about its mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thetastar.forecasting.features import Inputs, examples, plan_inputs, waves
from thetastar.forecasting.methods.contract import Fitted, Method, fits
from thetastar.forecasting.methods.linear import STRENGTHS, NormalEquations
from thetastar.forecasting.methods.windows import WindowFitted, scales
from thetastar.forecasting.panel import Panel, Windows

__all__ = ["HARMONICS", "LevelShape"]

_PARTS = 8  # of the training stretch, each of which is held back once, to find how strongly the levels are shrunk
_SEASONS = 8  # levels that the next ones are learned from
HARMONICS = 6  # waves of a year: enough for a sales week or a term, too few to repeat a single day
_SHAPES = 12  # seasons that the shape is averaged over
_FADING = 0.85  # weight of a season's shape over that of the next


@dataclass(frozen=True)
class LevelShape(Method):
    """y = level × shape, or level + shape: a season's mean, and each phase's share of it.

    The means of the next seasons are linear functions of the last ones' (and of the time of the year, last year's
    movement and last year's mean), shrunk to "as the last one"; how strongly is chosen on parts of the training stretch
    that are held back in turn, so that no single year says it alone. The shape is the faded mean of the last seasons'
    shapes. Both follow the origin: the last season is the one that ends there.

    Args:
        season: steps of the season.
        year: whether the time of the year and last year's movement are known.
        times: whether the shape multiplies the level (values above zero) or is added to it.

    Example:
        >>> from thetastar.forecasting.panel import panel_of
        >>> panel = panel_of([5, 6, 7, 8, 9, 2, 1] * 4, season=7)
        >>> fitted = LevelShape(7).fit(panel, 28, 3)
        >>> fitted.forecast(panel, np.array([27]), 3)[0, 0].round(2).tolist()
        [5.0, 6.0, 7.0]
    """

    season: int
    year: bool = False
    times: bool = True

    simple = 3

    @property
    def name(self) -> str:
        return f"level {'×' if self.times else '+'} shape" + (" with last year" if self.year else "")

    def fit(self, panel: Panel, cut: int, horizon: int) -> Fitted:
        seasons = -(-horizon // self.season)
        plan = plan_inputs(panel, cut, seasons * self.season, 1, year=self.year)
        room = max(2, min(_SEASONS, (cut - horizon - int(np.median(panel.begin))) // (3 * self.season)))
        inputs = Inputs(
            room * self.season, self.season, seasons * self.season, bool(plan.year), plan.year, plan.year_lag,
            (*plan.means, *([plan.year_lag] if plan.year else [])),
        )  # fmt: skip
        windows, future = examples(panel, inputs, cut)
        scale = scales(panel, cut)
        own = scale[windows.series][:, None]
        x, base = _levels(panel, inputs, windows, own)
        wholes = future.reshape(len(future), seasons, self.season).mean(axis=2)
        y = (wholes - base[:, None]) / own
        order = np.argsort(windows.ends, kind="stable")
        x, y = x[order], y[order]
        strength = _strength(x, y, windows.ends[order], inputs.horizon) if len(x) >= 40 else STRENGTHS[-2]
        mean, spread, weight, bias, *_ = NormalEquations.of(x, y, None).solve(strength).parts()
        many = max(1, min(_SHAPES, (cut - int(np.median(panel.begin))) // self.season))
        return LevelShapeFitted(inputs, self.times, many, scale, mean, spread, weight, bias)


def _strength(x: np.ndarray, y: np.ndarray, ends: np.ndarray, horizon: int) -> float:
    """How strongly to shrink: parts of the stretch are held back in turn, and what overlaps them is left out."""
    errors = np.zeros(len(STRENGTHS))
    for part in np.array_split(np.arange(len(x)), _PARTS):
        first, last = ends[part[0]], ends[part[-1]]
        apart = (ends < first - horizon) | (ends > last + horizon)
        if apart.sum() < 20:
            continue
        prepared = NormalEquations.of(x[apart], y[apart], None)
        for place, strength in enumerate(STRENGTHS):
            errors[place] += np.nansum(np.abs(prepared.solve(strength).predict(x[part], None) - y[part]))
    return STRENGTHS[int(np.argmin(errors))] if errors.any() else STRENGTHS[-2]


def _levels(panel: Panel, inputs: Inputs, windows: Windows, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(B, p) the last seasons' means and more, less the last one's, in units of each series' scale; and (B,) that.

    Where the inputs have the calendar the time of the year comes last, as waves.
    """
    season = inputs.season
    count = inputs.lags // season
    means = windows.values[:, -count * season :].reshape(len(windows.values), count, season).mean(axis=2)
    base = means[:, -1]
    parts = [means[:, :-1] - base[:, None]]
    parts += [(windows.values[:, -size:].mean(axis=1) - base)[:, None] for size in inputs.means]
    if inputs.year:
        parts.append(inputs._year(panel, windows)[1])
    parts = [np.concatenate(parts, axis=1) / own]
    if inputs.year and inputs.calendar:
        parts.append(waves((panel.offsets[windows.series] + windows.ends) / inputs.year, HARMONICS))
    return np.concatenate(parts, axis=1), base


@dataclass(frozen=True, eq=False)
class LevelShapeFitted(WindowFitted, kind="level shape"):
    """The next seasons' means are linear in the last ones'; the shape follows from the window alone."""

    inputs: Inputs
    times: bool
    shapes: int
    scale: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    weight: np.ndarray
    bias: np.ndarray

    def check(self, series: int) -> None:
        inputs = self.inputs
        if inputs.lags % inputs.season or inputs.horizon % inputs.season or not 1 <= self.shapes <= 1000:
            raise ValueError("the level's lags and horizon must be whole seasons")
        width = inputs.lags // inputs.season - 1 + len(inputs.means)
        if inputs.year:
            width += len(inputs.quarters) + (2 * HARMONICS if inputs.calendar else 0)
        seasons = inputs.horizon // inputs.season
        fits(scale=(self.scale, (series,)), mean=(self.mean, (width,)), spread=(self.spread, (width,)),
             weight=(self.weight, (width, seasons)), bias=(self.bias, (seasons,)))  # fmt: skip

    def direct(self, panel: Panel, windows: Windows) -> np.ndarray:
        season = self.inputs.season
        own = self.scale[windows.series][:, None]
        x, base = _levels(panel, self.inputs, windows, own)
        levels = base[:, None] + own * ((x - self.mean) / self.spread @ self.weight + self.bias)
        shape = self._shape(panel, windows)[:, None, :]
        whole = levels[:, :, None] * shape if self.times else levels[:, :, None] + shape
        return whole.reshape(len(levels), -1)[:, : levels.shape[1] * season]

    def _shape(self, panel: Panel, windows: Windows) -> np.ndarray:
        """(B, m) the faded mean of the last seasons' shapes, as far as the series goes back."""
        season = self.inputs.season
        values = windows.values
        many = min(self.shapes, values.shape[1] // season)
        cycles = values[:, -many * season :].reshape(len(values), many, season)
        means = cycles.mean(axis=2, keepdims=True)
        weight = np.broadcast_to(_FADING ** np.arange(many)[::-1], (len(values), many)).copy()
        oldest = windows.ends - panel.begin[windows.series] + 1
        weight[(np.arange(many)[::-1] + 1)[None] * season > np.maximum(oldest, season)[:, None]] = 0.0
        weight /= weight.sum(axis=1, keepdims=True)
        if not self.times:
            return np.einsum("bk,bkm->bm", weight, cycles - means)
        safe = np.where(means > 0, means, 1.0)
        return np.einsum("bk,bkm->bm", weight, np.where(means > 0, cycles / safe, 1.0))
