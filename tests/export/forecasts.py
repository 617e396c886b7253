"""Forecasts for tests: real series and real fitted methods, but no contest, so that a model takes no time."""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np

import thetastar as ts
from thetastar.forecasting.intervals import Unseen
from thetastar.forecasting.methods.contract import Logged
from thetastar.forecasting.methods.levels import LevelShape
from thetastar.forecasting.methods.linear import Linear, Ridge
from thetastar.forecasting.methods.simple import (
    Drift,
    LastValue,
    Mean,
    MovingAverage,
    SeasonalAverage,
    SeasonalNaive,
)
from thetastar.forecasting.methods.smoothing import Smoothing, Theta
from thetastar.forecasting.methods.trees import Trees
from thetastar.forecasting.networks import NetworkMethod, fit_networks

STEPS = 10
METHODS = [
    LastValue(), SeasonalNaive(7), SeasonalAverage(7), Mean(), MovingAverage(7), Drift(), Smoothing(1), Smoothing(7),
    Smoothing(7, robust=True), Theta(7), Linear(14), Ridge(14), Ridge(14, year=True, columns=True), LevelShape(7),
    LevelShape(7, year=True, times=False), Trees(14, columns=True), Logged(Smoothing(7, robust=True)),
    Logged(Ridge(14)), Logged(Trees(14)),
]  # fmt: skip
NETWORKS = [
    NetworkMethod("dense", 14, hidden=(16, 16), starts=2),
    NetworkMethod("dense", 14, True, True, hidden=(16,), starts=1),
    NetworkMethod("dense", 14, residual_of="season", hidden=(16,), starts=2),
    NetworkMethod("linear + network", 14, hidden=(16,), starts=1), NetworkMethod("blocks", 14, hidden=(16,), starts=1),
    NetworkMethod("convolution", 14, starts=1), NetworkMethod("recurrent", 14, starts=1),
    Logged(NetworkMethod("dense", 7, hidden=(8,), starts=1)),
]  # fmt: skip


def rows_of(several: bool, gaps: bool):
    """Daily sales with a week and a year, a price known ahead, and footfall known so far."""
    draw = np.random.default_rng(3)
    rows: dict[str, list] = {"day": [], "shop": [], "sold": [], "price": [], "visits": []}
    for name, count in (("north", 820), ("south", 760), ('w "est"', 790)) if several else (("north", 820),):
        t = np.arange(820)[-count:]
        price = 10 + np.round(draw.normal(size=count), 1)
        wave = 20 * np.sin(2 * np.pi * t / 7) + 15 * np.sin(2 * np.pi * t / 365.25)
        sold = 200 + wave - 3 * price + 4 * draw.normal(size=count)
        hidden = draw.random(count) < 0.03 * gaps
        hidden[:30] = False
        rows["day"] += [str(np.datetime64("2022-01-03") + day) for day in t.tolist()]
        rows["shop"] += [name] * count
        rows["sold"] += [None if gap else value for gap, value in zip(hidden, sold.tolist(), strict=True)]
        rows["price"] += price.tolist()
        rows["visits"] += (30 + draw.normal(size=count)).tolist()
    return rows


@cache
def base_model(several: bool = False, gaps: str = "season", seen: int = 0):
    """A seasonal naive of the real course, to which tests give other methods."""
    rows = rows_of(several, True)
    if not several:
        del rows["shop"]
    return ts.forecast(
        rows, target="sold", time="day", id="shop" if several else None, horizon=STEPS, methods=["seasonal naive"],
        known=["price"], gaps=gaps, levels=(80, 95),
    )  # fmt: skip


@cache
def fitted(method, several: bool, gaps: str):
    """The method as a file has it."""
    panel = base_model(several, gaps)._panel()
    if isinstance(getattr(method, "inner", method), NetworkMethod):
        return fit_networks([method], panel, panel.length, STEPS, threads=1, epochs_factor=0.02)[0]
    found = method.fit(panel, panel.length, STEPS)
    getattr(found, "inner", found).__dict__.pop("_grown", None)
    return found


def model_with(methods, several: bool = False, gaps: str = "season", weights=None):
    """The model with these methods in the place of its own, in equal parts if nothing else is said."""
    model = base_model(several, gaps)
    panel = model._panel()
    components = {one.name: fitted(one, several, gaps) for one in methods}
    weights = weights or [(0, STEPS, dict.fromkeys(components, 1 / len(components)))]
    made = dataclasses.replace(model, components=components, weights=weights)
    origins = np.arange(panel.length - 40, panel.length - 1)
    return dataclasses.replace(made, unseen=Unseen(origins, made._point(panel, origins, STEPS)))


def given(model, number: int, steps: int = STEPS):
    """What an exported forecast takes to say what the model says: values, and rows of the further columns."""
    series, forecaster = model.series, model.portable(steps)
    values = series.values[number]
    panel = model._panel(ahead=known_ahead(model, steps))
    last = panel.length - 1
    known = np.stack([panel.known[name][number, last + 1 - forecaster.before : last + 1 + steps]
                      for name in forecaster.known], axis=1).tolist() if forecaster.known else None  # fmt: skip
    past = np.stack([panel.past[name][number, -7:] for name in forecaster.past], axis=1).tolist() if (
        forecaster.past) else None  # fmt: skip
    return {"values": [None if np.isnan(v) else v for v in values.tolist()], "known": known, "past": past,
            "series": series.ids[number] if len(series) > 1 else None}  # fmt: skip


def known_ahead(model, steps: int = STEPS):
    draw = np.random.default_rng(9)
    return {"price": [10 + np.round(draw.normal(size=steps), 1) for _ in range(len(model.series))]}


def future(model, steps: int = STEPS):
    """The same prices as a table for `model.forecast`."""
    ahead = known_ahead(model, steps)["price"]
    rows: dict[str, list] = {"day": [], "price": []}
    for i in range(len(model.series)):
        rows["day"] += model.series.time_texts(i, len(model.series.values[i]), steps)
        rows["price"] += ahead[i].tolist()
        if len(model.series) > 1:
            rows.setdefault("shop", []).extend([model.series.ids[i]] * steps)
    return rows


def wanted(model, steps: int = STEPS):
    """(series, 1 + 2 levels, steps): prediction, then lower and upper of each level."""
    frame = model.forecast(steps, known=future(model, steps))
    names = ["prediction", *(f"{side}_{level:g}" for level in model.levels for side in ("lower", "upper"))]
    return np.stack([np.asarray(frame[name], float).reshape(len(model.series), steps) for name in names], axis=1)


def close(found, model, steps: int = STEPS):
    """Within 1e-5 of the target's standard deviation."""
    spread = float(np.nanstd(np.concatenate(model.series.values)))
    np.testing.assert_allclose(found, wanted(model, steps), rtol=0, atol=1e-5 * spread)
