"""Linear functions of the last values: as in the lectures, and with the calendar, shrunk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from thetastar.forecasting.features import Inputs, examples, plan_inputs
from thetastar.forecasting.known import known_mean
from thetastar.forecasting.methods.contract import Fitted, Method, fits
from thetastar.forecasting.methods.windows import WindowFitted, scales
from thetastar.forecasting.panel import Panel, Windows

__all__ = ["STRENGTHS", "Linear", "LinearFitted", "NormalEquations", "Ridge", "scaled"]

STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)


@dataclass(frozen=True)
class Linear(Method):
    """ŷ = b + Σ w_i x_i over the last `lags` values, by least squares, for every step of the horizon on its own.

    Example:
        >>> from thetastar.forecasting.panel import panel_of
        >>> panel = panel_of([5, 6, 7, 8, 9, 2, 1] * 4, season=7)
        >>> fitted = Linear(7).fit(panel, 28, 3)
        >>> fitted.forecast(panel, np.array([27]), 3)[0, 0].round(2).tolist()
        [5.0, 6.0, 7.0]

    Source: lectures 1 and 3.
    """

    lags: int

    simple = 3
    baseline = True

    @property
    def name(self) -> str:
        return f"linear on {self.lags} lag{'s' * (self.lags != 1)}"

    def fit(self, panel: Panel, cut: int, horizon: int) -> Fitted:
        inputs = plan_inputs(panel, cut, horizon, self.lags, calendar=False)
        return _fitted(panel, cut, inputs, (1e-9,))


@dataclass(frozen=True)
class Ridge(Method):
    """A linear function of lags, means, the calendar, last year's movement and further columns, shrunk to the level.

    How strongly is chosen on the last quarter of the training part.
    """

    lags: int
    year: bool = False
    columns: bool = False

    simple = 4

    @property
    def name(self) -> str:
        words = ["the calendar"] + ["last year"] * self.year + ["further columns"] * self.columns
        return f"linear on {self.lags} lags, " + " and ".join(words)

    def fit(self, panel: Panel, cut: int, horizon: int) -> Fitted:
        inputs = plan_inputs(panel, cut, horizon, self.lags, year=self.year, columns=self.columns)
        return _fitted(panel, cut, inputs, STRENGTHS)


@dataclass(frozen=True, eq=False)
class LinearFitted(WindowFitted, kind="linear"):
    """`weight` (p, H), `bias` (H,) in units of each series' scale; `step_weight` (H, k) of the known columns."""

    inputs: Inputs
    scale: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    weight: np.ndarray
    bias: np.ndarray
    step_mean: np.ndarray
    step_spread: np.ndarray
    step_weight: np.ndarray

    def check(self, series: int) -> None:
        width, horizon, k = self.inputs.width, self.inputs.horizon, 2 * len(self.inputs.known)
        fits(scale=(self.scale, (series,)), mean=(self.mean, (width,)), spread=(self.spread, (width,)),
             weight=(self.weight, (width, horizon)), bias=(self.bias, (horizon,)), step_mean=(self.step_mean, (k,)),
             step_spread=(self.step_spread, (k,)), step_weight=(self.step_weight, (horizon, k)))  # fmt: skip

    def direct(self, panel: Panel, windows: Windows) -> np.ndarray:
        base = self.inputs.base(windows)
        scale = self.scale[windows.series]
        x = scaled(self.inputs, self.inputs.common(panel, windows, base), scale)
        result = (x - self.mean) / self.spread @ self.weight + self.bias
        steps = self.inputs.at_steps(panel, windows)
        if steps is not None:
            result += np.einsum("bhk,hk->bh", (steps - self.step_mean) / self.step_spread, self.step_weight)
        return base[:, None] + scale[:, None] * result


def scaled(inputs: Inputs, x: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Differences of values in units of the series' scale; the calendar's inputs and other columns as they are."""
    x = x.copy()
    differences = inputs.lags + len(inputs.means)
    x[:, :differences] /= scale[:, None]
    if inputs.calendar and inputs.year:
        last = x.shape[1] - 2 * len(inputs.past)
        x[:, last - len(inputs.quarters) : last] /= scale[:, None]
    return x


def _fitted(panel: Panel, cut: int, inputs: Inputs, strengths: tuple[float, ...]) -> LinearFitted:
    windows, future = examples(panel, inputs, cut)
    scale = scales(panel, cut)
    base = inputs.base(windows)
    own = scale[windows.series]
    x = scaled(inputs, inputs.common(panel, windows, base), own)
    y = (future - base[:, None]) / own[:, None]
    steps = inputs.at_steps(panel, windows)
    order = np.argsort(windows.ends, kind="stable")  # in time, so that the last quarter is the newest of all series
    x, y = x[order], y[order]
    steps = None if steps is None else steps[order]
    strength = strengths[0]
    if len(strengths) > 1 and len(x) >= 40:
        most = int(0.75 * len(x))
        held = int(0.75 * len(x)) + (min(inputs.horizon, len(x) // 10) if panel.count == 1 else 0)
        errors = []
        parts = NormalEquations.of(x[:most], y[:most], steps if steps is None else steps[:most])
        for each in strengths:
            guess = parts.solve(each).predict(x[held:], None if steps is None else steps[held:])
            errors.append(known_mean(np.abs(guess - y[held:])))
        strength = strengths[int(np.nanargmin(errors))] if not np.isnan(errors).all() else strengths[-1]
    found = NormalEquations.of(x, y, steps).solve(strength)
    return LinearFitted(inputs, scale, *found.parts())


@dataclass(frozen=True, eq=False)
class NormalEquations:
    """Centred and scaled examples with their products, so that several strengths cost one eigenvalue problem."""

    mean: np.ndarray
    spread: np.ndarray
    x: np.ndarray
    y: np.ndarray
    target: np.ndarray
    values: np.ndarray
    vectors: np.ndarray
    steps: np.ndarray | None
    step_mean: np.ndarray
    step_spread: np.ndarray

    @classmethod
    def of(cls, x, y, steps) -> NormalEquations:
        mean = x.mean(axis=0) if len(x) else np.zeros(x.shape[1])
        spread = x.std(axis=0) if len(x) else np.ones(x.shape[1])
        spread = np.where(spread > 1e-9 * (1 + np.abs(mean)), spread, 1.0)
        with np.errstate(all="ignore"):
            bias = np.where(np.isnan(y).all(axis=0), 0.0, known_mean(y, axis=0)) if len(y) else np.zeros(y.shape[1])
        z = (x - mean) / spread
        target = np.where(np.isnan(y), 0.0, y - bias)  # a missing truth pulls nowhere
        values, vectors = np.linalg.eigh(z.T @ z)
        k = 0 if steps is None else steps.shape[2]
        step_mean, step_spread = np.zeros(k), np.ones(k)
        if k:
            step_mean = steps.mean(axis=(0, 1))
            step_spread = steps.std(axis=(0, 1))
            step_spread = np.where(step_spread > 1e-9 * (1 + np.abs(step_mean)), step_spread, 1.0)
            steps = (steps - step_mean) / step_spread
        return cls(mean, spread, z, bias, target, np.maximum(values, 0.0), vectors, steps, step_mean, step_spread)

    def solve(self, strength: float) -> _Solved:
        count, horizon = self.target.shape
        penalty = strength * max(count, 1)
        k = len(self.step_mean)
        if k == 0:
            weight = self.vectors @ ((self.vectors.T @ (self.x.T @ self.target)) / (self.values + penalty)[:, None])
            return _Solved(self, weight, np.zeros((horizon, 0)))
        weight, step_weight = np.empty((self.x.shape[1], horizon)), np.empty((horizon, k))
        gram = self.x.T @ self.x
        for h in range(horizon):  # each step has known columns of its own
            own = self.steps[:, h]
            cross = self.x.T @ own
            whole = np.block([[gram, cross], [cross.T, own.T @ own]])
            right = np.concatenate([self.x.T @ self.target[:, h], own.T @ self.target[:, h]])
            found = np.linalg.solve(whole + penalty * np.eye(len(whole)), right)
            weight[:, h], step_weight[h] = found[:-k], found[-k:]
        return _Solved(self, weight, step_weight)


@dataclass(frozen=True, eq=False)
class _Solved:
    prepared: NormalEquations
    weight: np.ndarray
    step_weight: np.ndarray

    def predict(self, x, steps) -> np.ndarray:
        p = self.prepared
        result = (x - p.mean) / p.spread @ self.weight + p.y
        if steps is not None:
            result = result + np.einsum("bhk,hk->bh", (steps - p.step_mean) / p.step_spread, self.step_weight)
        return result

    def parts(self) -> tuple[np.ndarray, ...]:
        p = self.prepared
        return p.mean, p.spread, self.weight, p.y, p.step_mean, p.step_spread, self.step_weight
