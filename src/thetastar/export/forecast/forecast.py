"""A forecast in NumPy alone: read(description) gives a model whose `forecast(values)` says what comes next.

The description is what `thetastar.export.forecast.described` makes. This file imports nothing of thetastar but the
layers of networks: an exported forecast is this text with its description behind it, meant to be read, changed and run
anywhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thetastar.export.predict import array_of, arrays_of, through

__all__ = ["Forecast", "read"]

# One series, as methods see it.


@dataclass(frozen=True)
class Series:
    """raw (n,) with nan for what is missing, beginning with a known value; filled (n,) without gaps; position: the
    number of the last step; known (before + steps, k) and past (7, j): the further columns; number: which series."""

    raw: np.ndarray
    filled: np.ndarray
    position: int
    known: np.ndarray
    past: np.ndarray
    before: int
    number: int

    def logarithms(self, lowest: float) -> Series:
        return replace(self, raw=np.log(np.maximum(self.raw, lowest)), filled=np.log(np.maximum(self.filled, lowest)))

    def followed_by(self, values: np.ndarray) -> Series:
        """The series after steps that are taken for what happened."""
        count = len(values)
        past = np.concatenate([self.past, np.repeat(self.past[-1:], count, axis=0)])[-len(self.past) :]
        return replace(
            self, raw=np.append(self.raw, values), filled=np.append(self.filled, values), past=past,
            position=self.position + count, before=self.before + count,
        )  # fmt: skip


def without_gaps(values: np.ndarray, season: int) -> np.ndarray:
    """A missing value is the one a season before, or the last one."""
    filled = values.copy()
    for t in np.flatnonzero(np.isnan(values)):
        filled[t] = filled[t - season if t >= season else t - 1]
    return filled


# Methods: each takes its description, a series and a number of steps, and gives so many values.


def ahead(steps: int) -> np.ndarray:
    return np.arange(1, steps + 1)


def seasons_back(steps: np.ndarray, season: int) -> np.ndarray:
    """How many steps a time lies behind the step ahead that is the last whole season before it, or more."""
    return season * -(-steps // season)


def repeated(part: dict[str, Any], series: Series, steps: int) -> np.ndarray:
    values, last = series.filled, len(series.filled) - 1
    newest = last + ahead(steps) - seasons_back(ahead(steps), part["lag"])
    total, found = np.zeros(steps), np.zeros(steps)
    for back in range(part["many"]):
        at = newest - back * part["lag"]
        there = at >= 0
        at = np.where(there, at, last)  # a phase that the series has not yet had is forecast by its last value
        counts = there if back else np.ones(steps, bool)
        total += np.where(counts, values[at], 0.0)
        found += counts
    return total / found


def drift(part: dict[str, Any], series: Series, steps: int) -> np.ndarray:
    first, last = series.filled[0], series.filled[-1]
    return last + (last - first) / max(len(series.filled) - 1, 1) * ahead(steps)


def mean(part: dict[str, Any], series: Series, steps: int) -> np.ndarray:
    values = series.filled[-part["size"] :] if part["size"] else series.filled
    return np.full(steps, series.filled[0] + (values - series.filled[0]).mean())


def smoothing(part: dict[str, Any], series: Series, steps: int) -> np.ndarray:
    """e = y - (level + phi trend + season); each of them moves by its share of the error e."""
    alpha, beta, phi, gamma, limit = part["settings"][series.number].tolist()
    m = part["season"]
    raw, filled = series.raw[-20_000:], series.filled[-20_000:]
    level, season, scale = start(filled, m, int(part["behind"][series.number]))
    trend = 0.0
    for t, value in enumerate(raw):
        expected, phase = level + phi * trend, season[t % m]
        error = 0.0 if np.isnan(value) else value - expected - phase
        if limit > 0:  # an error that is many times the usual is cut back
            size = abs(error)
            error = min(max(error, -limit * scale), limit * scale)
            scale = 0.95 * scale + 0.0625 * min(size, 3 * limit * scale)
        level, trend = expected + alpha * error, phi * trend + beta * error
        season[t % m] = phase + gamma * error
    at = len(raw) - 1 + ahead(steps) - seasons_back(ahead(steps), m)
    return level + trend * np.cumsum(phi ** ahead(steps)) + (season[np.maximum(at, 0) % m] if m > 1 else 0.0)


def start(filled: np.ndarray, season: int, behind: int) -> tuple[float, np.ndarray, float]:
    """Level, season (m,) and usual error from the first few cycles."""
    cycles = max(1, min(4, (len(filled) + behind) // (2 * season)))
    width = max(season, 4)
    head = filled[np.minimum(np.arange(max(cycles * season, width)), len(filled) - 1)]
    level, shape = head[:width].mean(), np.zeros(season)
    if season > 1 and len(head) >= 2 * season:
        cycle = head[: cycles * season].reshape(cycles, season)
        shape = (cycle - cycle.mean(axis=1, keepdims=True)).mean(axis=0)
    return level, shape, np.abs(np.diff(head)).mean() + 1e-12 * (1 + abs(level))


def theta(part: dict[str, Any], series: Series, steps: int) -> np.ndarray:
    inner = part["smoothing"]
    alpha, count = inner["settings"][series.number, 0], len(series.filled)
    y, t = series.filled - series.filled[0], np.arange(count) - (count - 1) / 2
    slope = (t * y).sum() / (t * t).sum() if count > 1 else 0.0
    behind = (1 - (1 - alpha) ** count) / alpha
    return smoothing(inner, series, steps) + slope / 2 * (np.arange(steps) + behind)


def last_values(window: dict[str, Any], series: Series) -> np.ndarray:
    """(lookback,) the last values; where there are fewer, the first one stands for those before it."""
    return series.filled[np.maximum(np.arange(-window["lookback"], 0) + len(series.filled), 0)]


def waves(share: float, harmonics: int) -> list[float]:
    angles = [2 * math.pi * share * k for k in range(1, harmonics + 1)]
    return [math.sin(angle) for angle in angles] + [math.cos(angle) for angle in angles]


def inputs(window: dict[str, Any], series: Series) -> tuple[np.ndarray, np.ndarray, float, float]:
    """(p,) what all steps share; (lookback,) the last values; the level; the series' scale."""
    values, scale = last_values(window, series), float(window["scale"][series.number])
    means = [values[a:b].mean() - values[c:d].mean() for a, b, c, d in window["ranges"].tolist()]
    moved = [value / scale for value in means]
    phase = [float(series.position % window["phases"] == k) for k in range(window["phases"])]
    calendar = [
        number
        for period, many in window["waves"]
        for number in waves(math.fmod(series.position, period) / period, many)
    ]
    past = [number for k in window["past"] for number in (series.past[-1, k], series.past[:, k].mean())]
    head = window["head"]
    x = np.array([*moved[:head], *phase, *calendar, *moved[head:], *past], float)
    return x, values, float(values[-window["season"] :].mean()), scale


def at_steps(window: dict[str, Any], series: Series) -> np.ndarray:
    """(horizon, 2k) of every known column the value at each step, and the value a season before it."""
    steps, last = ahead(window["horizon"]), len(series.known) - 1
    now = np.minimum(series.before - 1 + steps, last)
    then = np.maximum(now - seasons_back(steps, window["season"]), 0)
    if window["season"] == 1:
        then = np.full(len(steps), min(series.before - 1, last))
    columns = [series.known[at, k] for k in window["known"] for at in (now, then)]
    return np.stack(columns, axis=1) if columns else np.zeros((len(steps), 0))


def linear(part: dict[str, Any], series: Series) -> np.ndarray:
    x, _, level, scale = inputs(part["window"], series)
    found = x @ part["weight"] + part["bias"] + (at_steps(part["window"], series) * part["step_weight"]).sum(axis=1)
    return np.asarray(level + scale * found)


def levels(part: dict[str, Any], series: Series) -> np.ndarray:
    """The next seasons' means times (or plus) a season's usual shape."""
    x, values, level, scale = inputs(part["window"], series)
    found = level + scale * (x @ part["weight"] + part["bias"])
    season = part["window"]["season"]
    many = min(part["shapes"], len(values) // season)
    cycles = values[len(values) - many * season :].reshape(many, season)
    means = cycles.mean(axis=1, keepdims=True)
    back = np.arange(many)[::-1]
    weight = np.where((back + 1) * season > max(len(series.filled), season), 0.0, 0.85**back)
    weight /= weight.sum()
    if part["times"]:
        shape = weight @ np.where(means > 0, cycles / np.where(means > 0, means, 1.0), 1.0)
        return np.asarray((found[:, None] * shape).ravel())
    return np.asarray((found[:, None] + weight @ (cycles - means)).ravel())


def trees(part: dict[str, Any], series: Series) -> np.ndarray:
    """Every step goes down every tree: left where its number is not above the threshold."""
    window = part["window"]
    x, values, level, scale = inputs(window, series)
    width, season, steps = len(values), window["season"], ahead(window["horizon"])
    at = width - 1 - (seasons_back(steps, season) - steps)
    many = max(1, min(4, (width - season) // season))
    usual = sum(values[at - k * season] for k in range(many)) / many
    shared = np.repeat(x[None], len(steps), axis=0)
    before = (np.column_stack([values[at], usual]) - level) / scale
    rows = np.column_stack([shared, steps - 1, before, at_steps(window, series)])
    found = np.full(len(steps), float(part["start"]))
    for root in part["root"]:
        node = np.full(len(steps), root)
        while (part["feature"][node] >= 0).any():
            asked = part["feature"][node]
            left = rows[np.arange(len(steps)), np.maximum(asked, 0)] <= part["threshold"][node]
            node = np.where(asked < 0, node, np.where(left, part["left"][node], part["right"][node]))
        found += part["value"][node]
    return level + scale * found


def networks(part: dict[str, Any], series: Series) -> np.ndarray:
    """The mean of several networks on inputs that are standardised and cut at 5 deviations."""
    window = part["window"]
    x, values, level, scale = inputs(window, series)
    steps, season = ahead(window["horizon"]), window["season"]
    if part["sequence"]:
        columns = [(values[-part["lags"] :] - level) / scale]
        if season > 1:
            at = (series.position + np.arange(1 - part["lags"], 1)) % season
            columns += [np.sin(2 * np.pi * at / season), np.cos(2 * np.pi * at / season)]
        x = np.stack(columns, axis=1).ravel()
    else:
        x = np.concatenate([x, at_steps(window, series).ravel(), part["profile"][series.number]])
    x = np.clip((x - part["mean"]) / part["spread"], -5, 5).astype(np.float32)
    rows = x.reshape(1, *part["network"]["input_shape"]).astype(np.float64)
    outputs = [through(part["network"]["layers"], parameters, rows)[0] for parameters in part["parameters"]]
    base = values[len(values) - 1 - (seasons_back(steps, season) - steps)] if part["seasonal"] else level
    return np.asarray(base + scale * np.mean(outputs, axis=0))


OF_SERIES: dict[str, Callable[[dict[str, Any], Series, int], np.ndarray]] = {
    "repeated": repeated, "drift": drift, "mean": mean, "smoothing": smoothing, "theta": theta,
}  # fmt: skip
OF_WINDOWS: dict[str, Callable[[dict[str, Any], Series], np.ndarray]] = {
    "linear": linear, "levels": levels, "trees": trees, "networks": networks,
}  # fmt: skip


def steps_of(part: dict[str, Any], series: Series, steps: int) -> np.ndarray:
    """Methods on windows make a horizon at once; further steps follow from those that they have made."""
    if part["kind"] in OF_SERIES:
        return OF_SERIES[part["kind"]](part, series, steps)
    made: list[np.ndarray] = []
    while sum(map(len, made)) < steps:
        made.append(OF_WINDOWS[part["kind"]](part, series))
        series = series.followed_by(made[-1])
    return np.concatenate(made)[:steps]


def restlessness(raw: np.ndarray, season: int) -> float:
    """How far the values usually lie from those of the season before, the newest and all of them, half and half."""
    moved = np.abs(raw[season:] - raw[:-season])
    moved = moved[~np.isnan(moved)]
    size = float(np.nanmean(np.abs(raw)))
    floor = 1e-9 * (size if size > 0 else 1.0)
    whole = float(moved.mean()) if len(moved) and moved.mean() > 0 else floor
    if not len(moved):
        return max(whole, floor)
    fading, state, weight, total = 0.5 ** (1 / (4 * max(season, 7))), 0.0, 0.0, 0.0
    for here in moved:
        usual = state / weight if weight else math.inf
        tame = min(here, 6 * usual) if usual > 0 else here
        state, weight, total = fading * state + tame, fading * weight + 1, total + tame
    floor = max(floor, 1e-3 * whole)
    return math.sqrt(max(state / weight, floor) * max(total / len(moved), floor))


def unpacked(part: Any) -> Any:
    """A description with arrays in the place of {"type", "shape", "data"}."""
    if isinstance(part, dict):
        if set(part) == {"type", "shape", "data"}:
            return array_of(part)
        return {key: unpacked(value) for key, value in part.items()}
    return [unpacked(value) for value in part] if isinstance(part, list) else part


class Forecast:
    """What `read` gives: `forecast(values)`."""

    def __init__(self, description: dict[str, Any]) -> None:
        self.about = unpacked({name: part for name, part in description.items() if name != "components"})
        self.components = [unpacked(part) for part in description["components"]]
        for part in self.components:
            if part["kind"] == "networks":
                part["parameters"] = [arrays_of(one) for one in part["parameters"]]

    def forecast(self, values: Sequence[float | None], after: int = 0, series: str | None = None, known: Any = None,
                 past: Any = None) -> dict[str, Any]:  # fmt: skip
        """What comes after the last values of a series.

        Args:
            values: as many as there are, the newest last; None or nan where one is missing. What the model read gives
                its own forecast.
            after: how many steps the newest value lies after the last one that the model read.
            series: which one, where there are several.
            known: (before + steps, k) the columns known ahead, at the last steps up to the newest and those to come.
            past: (7, j) the columns known so far, at the last seven steps.

        Returns:
            {"prediction": (steps,), "lower": {level: (steps,)}, "upper": {level: (steps,)}}.
        """
        about, steps = self.about, self.about["steps"]
        raw = np.array([math.nan if value is None else value for value in values], float)
        if np.isinf(raw).any() or not (~np.isnan(raw)).any():
            raise ValueError("values: there must be a known value, and none may be infinite.")
        if len(about["ids"]) > 1 and series not in about["ids"]:
            raise ValueError(f"series: there is none {series!r}. Give one of {', '.join(about['ids'][:10])}.")
        number = about["ids"].index(series) if len(about["ids"]) > 1 else 0
        raw = np.where(np.isnan(raw), 0.0, raw) if about["zero"] else raw[np.argmax(~np.isnan(raw)) :]
        known = self.table("known", known, about["before"] + steps if about["known"] else 0)
        past = self.table("past", past, 7 if about["past"] else 0)
        one = Series(raw, without_gaps(raw, about["season"]), int(about["positions"][number]) + after, known, past,
                     about["before"], number)  # fmt: skip
        prediction = np.zeros(steps)
        for part, share in zip(self.components, about["shares"].T, strict=True):
            need = int(np.flatnonzero(share)[-1]) + 1
            if "lowest" in part:
                found = np.exp(np.minimum(steps_of(part, one.logarithms(part["lowest"][number]), need), 700.0))
            else:
                found = steps_of(part, one, need)
            prediction[:need] += share[:need] * found
        prediction = np.fmax(prediction, about["floor"][number])
        phase = (one.position + ahead(steps)) % len(about["phases"])
        half = about["ratios"] * restlessness(raw, about["season"]) * about["phases"][phase]
        lower = np.minimum(np.fmax(prediction - half, about["floor"][number]), prediction)
        levels = [f"{level:g}" for level in about["levels"]]
        return {
            "prediction": prediction,
            "lower": dict(zip(levels, lower, strict=True)),
            "upper": dict(zip(levels, prediction + half, strict=True)),
        }

    def table(self, name: str, given: Any, rows: int) -> np.ndarray:
        """(rows, columns) of a further input."""
        shape = rows, len(self.about[name])
        found = np.zeros(shape) if given is None and not rows else np.asarray(given, float)
        if found.shape != shape or not np.isfinite(found).all():
            raise ValueError(f"{name}: it must be {shape[0]} rows of {shape[1]} finite numbers. Got {found.shape}.")
        return found


def read(description: dict[str, Any]) -> Forecast:
    """The model of a description."""
    return Forecast(description)
