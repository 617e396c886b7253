"""A forecast as plain parts, for those who write it in another language: see `thetastar.export.forecast.parts`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from thetastar.errors import InputError
from thetastar.export.forecast import parts
from thetastar.forecasting.features import _HARMONICS, _PHASES, Inputs
from thetastar.forecasting.intervals import make_bands
from thetastar.forecasting.methods.contract import Fitted, LoggedFitted
from thetastar.forecasting.methods.levels import HARMONICS as LEVEL_HARMONICS
from thetastar.forecasting.methods.levels import LevelShapeFitted
from thetastar.forecasting.methods.linear import LinearFitted
from thetastar.forecasting.methods.simple import Average, DriftFitted, Repeated
from thetastar.forecasting.methods.smoothing import Smoothed, ThetaFitted
from thetastar.forecasting.methods.trees import TreesFitted
from thetastar.forecasting.networks import NetworkFitted
from thetastar.forecasting.panel import Panel

if TYPE_CHECKING:
    from thetastar.forecasting.model import ForecastModel

__all__ = ["portable"]


def portable(model: ForecastModel, steps: int | None = None) -> parts.Forecaster:
    """The plain parts of a forecast.

    Args:
        model: what `forecast` returns.
        steps: how many steps ahead; the trained horizon if not given.

    Raises:
        InputError: a member is of a kind that cannot be written elsewhere.
    """
    steps = model._steps(steps)
    panel, layout = model._panel(), model.series.layout
    names = list(dict.fromkeys(name for first, _, shares in model.weights if first < steps for name in shares))
    shares = np.zeros((steps, len(names)))
    for place, (first, stop, weights) in enumerate(model.weights):
        whole = sum(weights.values())
        rows = slice(first, steps if place == len(model.weights) - 1 else stop)
        for name, share in weights.items():
            if first < steps:
                shares[rows, names.index(name)] = share / whole
    inputs = [
        getattr(getattr(model.components[name], "inner", model.components[name]), "inputs", None) for name in names
    ]
    # Only columns that a member reads are asked for.
    known = tuple(name for name in panel.known if any(name in one.known for one in inputs if one is not None))
    past = tuple(name for name in panel.past if any(name in one.past for one in inputs if one is not None))
    components = tuple(_component(name, model.components[name], panel, known, past) for name in names)
    bands = make_bands(panel, model.unseen, model.levels, steps)
    values = model.series.values
    return parts.Forecaster(
        model.record.thetastar, layout.target, layout.time, layout.calendar.name, tuple(map(str, model.series.ids)),
        steps, max(panel.season, 1), model.gaps == "zero", panel.offsets + panel.length - 1,
        tuple(model.series.time_texts(i, len(one) - 1, 1)[0] for i, one in enumerate(values)),
        panel.length - panel.begin, np.nan_to_num(np.nanmean(panel.raw, axis=1)),
        np.nan_to_num(np.nanstd(panel.raw, axis=1)), components, shares, model.floor.astype(np.float64),
        bands.levels, bands.ratios, bands.phases, known, past,
    )  # fmt: skip


def _component(name: str, fitted: Fitted, panel: Panel, known: tuple[str, ...], past: tuple[str, ...]) -> Any:
    lowest = None
    if isinstance(fitted, LoggedFitted):
        fitted, lowest = fitted.inner, fitted.lowest
    return parts.Component(name, _function(name, fitted, panel, known, past), lowest)


def _function(name: str, fitted: Fitted, panel: Panel, known: tuple[str, ...], past: tuple[str, ...]) -> Any:
    def window(ranges: list[tuple[int, int, int, int]] | None = None) -> parts.Window:
        return _window(fitted.inputs, fitted.scale, known, past, ranges)  # type: ignore[attr-defined]

    if isinstance(fitted, Repeated):
        return parts.Repeated(fitted.lag, fitted.many)
    if isinstance(fitted, DriftFitted):
        return parts.Drift()
    if isinstance(fitted, Average):
        return parts.Mean(fitted.size)
    if isinstance(fitted, Smoothed):
        return parts.Smoothing(fitted.season, fitted.settings, panel.begin - panel.begin.min())
    if isinstance(fitted, ThetaFitted):
        return parts.Theta(_function(name, fitted.smoothed, panel, known, past))
    if isinstance(fitted, LinearFitted):
        weight, bias = _folded(fitted.mean, fitted.spread, fitted.weight, fitted.bias)
        step_weight = fitted.step_weight / fitted.step_spread
        return parts.Linear(window(), weight, bias - step_weight @ fitted.step_mean, step_weight)
    if isinstance(fitted, LevelShapeFitted):
        weight, bias = _folded(fitted.mean, fitted.spread, fitted.weight, fitted.bias)
        return parts.Levels(window(_season_ranges(fitted.inputs)), weight, bias, fitted.shapes, fitted.times)
    if isinstance(fitted, TreesFitted):
        return _trees(fitted, window())
    if isinstance(fitted, NetworkFitted):
        inputs = fitted.inputs
        return parts.Networks(
            window(), not inputs.calendar, inputs.lags, fitted.residual_of == "season" and inputs.season > 1,
            fitted.mean, fitted.spread, fitted.profile, tuple(fitted._networks()),
        )  # fmt: skip
    raise InputError(
        f"export: the member {name!r} is of the kind {fitted.kind!r}, which cannot be written for other places yet. "
        "Forecast with methods= that leave it out, or use the model in Python."
    )


def _folded(mean: np.ndarray, spread: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, ...]:
    """Weight and bias for inputs that are not standardised."""
    own = weight / spread[:, None]
    return own, bias - mean @ own


def _window(inputs: Inputs, scale: np.ndarray, known: tuple[str, ...], past: tuple[str, ...],
            ranges: list[tuple[int, int, int, int]] | None) -> parts.Window:  # fmt: skip
    width, season = inputs.lookback, max(inputs.season, 1)
    level = (width - season, width)
    seasons = ranges is not None
    if ranges is None:
        ranges = [(width - lag, width - lag + 1, *level) for lag in range(1, inputs.lags + 1)]
        ranges += [(width - size, width, *level) for size in inputs.means]
    head = len(ranges)
    phases, waves = 0, []
    if seasons:
        waves += [(float(inputs.year), LEVEL_HARMONICS)] if inputs.calendar and inputs.year else []
    elif inputs.calendar and inputs.season > 1:
        if inputs.season <= _PHASES:
            phases = inputs.season
        else:
            waves.append((float(inputs.season), 6))
    if not seasons and inputs.calendar and inputs.year:
        waves.append((float(inputs.year), _HARMONICS))
        ranges = ranges + _year_ranges(inputs)
    return parts.Window(
        width, season, inputs.horizon, np.array(ranges, dtype=np.int64).reshape(-1, 4), head, scale, phases,
        tuple(waves), tuple(past.index(name) for name in inputs.past),
        tuple(known.index(name) for name in inputs.known),
    )  # fmt: skip


def _year_ranges(inputs: Inputs) -> list[tuple[int, int, int, int]]:
    """How the values moved over the same steps a year before, as `Inputs` has it."""
    width, half = inputs.lookback, max(inputs.season, 3)
    end = width - inputs.year_lag
    then = (max(end - 2 * half, 0), min(end, width))
    return [(max(end + q - 1 - half // 2, 0), min(end + q + half // 2, width), *then) for q in inputs.quarters]


def _season_ranges(inputs: Inputs) -> list[tuple[int, int, int, int]]:
    """The inputs of level times shape: the last seasons' means, longer means, last year's movement."""
    width, season = inputs.lookback, inputs.season
    level = (width - season, width)
    many = inputs.lags // season
    ranges = [(width - k * season, width - (k - 1) * season, *level) for k in range(many, 1, -1)]
    ranges += [(width - size, width, *level) for size in inputs.means]
    return ranges + (_year_ranges(inputs) if inputs.year else [])


def _trees(fitted: TreesFitted, window: parts.Window) -> parts.Trees:
    """Tables that are filled up to the largest tree, as nodes one after another."""
    used = np.zeros(fitted.feature.shape, dtype=bool)
    used[:, :1] = True
    for node in range(used.shape[1]):  # children stand behind their parents
        inner = used[:, node] & (fitted.feature[:, node] >= 0)
        trees = np.flatnonzero(inner)
        used[trees, fitted.left[trees, node]] = True
        used[trees, fitted.right[trees, node]] = True
    number = np.cumsum(used).reshape(used.shape) - 1
    rows = np.arange(len(used))[:, None]
    return parts.Trees(
        window, fitted.start, number[:, 0] if used.size else np.zeros(0, np.int64), fitted.feature[used],
        fitted.threshold[used], number[rows, fitted.left][used], number[rows, fitted.right][used], fitted.value[used],
    )  # fmt: skip
