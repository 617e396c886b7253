"""The networks that compete: small ones on lags, all starts of all kinds trained at once.

Inputs are differences from the window's own level in units of the series' scale, so the networks learn how a series
moves, not where it stands; all steps of the horizon come out at once. What they forecast is added to the level (the
mean of the last season, or the last value), or to the value one season before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar.forecasting.features import Inputs, examples, plan_inputs
from thetastar.forecasting.methods.contract import Fitted, Logged, LoggedFitted, Method, fits, half_of_lowest
from thetastar.forecasting.methods.linear import scaled
from thetastar.forecasting.methods.windows import WindowFitted, scales
from thetastar.forecasting.panel import Panel, Windows

__all__ = ["KINDS", "NetworkFitted", "NetworkMethod", "fit_networks", "hidden_layers"]

_WIDTH = 64
_BATCH = 32
_UPDATES = 2_500  # updates of one training; a small series has more passes over its rows for them
_FAR = 5.0  # an input further out than so many standard deviations is cut
_ONE_HOT = 64  # series of which each has an input of its own; of more, each is described by its profile
_PROFILE = 6  # numbers that describe a series then

KINDS = {
    "dense": "network",
    "linear + network": "linear + network",
    "blocks": "network of residual blocks",
    "convolution": "convolutional network",
    "recurrent": "recurrent network",
}
"""Kinds and what they are called."""


@dataclass(frozen=True)
class NetworkMethod(Method):
    """One kind of network.

    Args:
        shape: one of `KINDS`.
        lags: steps of the window.
        year: whether last year's movement is among the inputs.
        columns: whether the further columns are.
        residual_of: "level" or "season": what the network's outputs are added to.
        starts: random starts, whose forecasts are averaged.
        hidden: widths of the hidden layers of "dense".
        seed: of the first start.
    """

    shape: str
    lags: int
    year: bool = False
    columns: bool = False
    residual_of: str = "level"
    starts: int = 3
    hidden: tuple[int, ...] = (_WIDTH, _WIDTH)
    seed: int = 0

    simple = 6

    @property
    def name(self) -> str:
        words = [f"{self.lags} lags"] + ["last year"] * self.year + ["further columns"] * self.columns
        season = ", differences from the season before" if self.residual_of == "season" else ""
        return f"{KINDS[self.shape]} on {' and '.join(words)}{season}"

    def fit(self, panel: Panel, cut: int, horizon: int) -> Fitted:
        return fit_networks([self], panel, cut, horizon)[0]


@dataclass(frozen=True, eq=False)
class NetworkFitted(WindowFitted, kind="network"):
    """`networks` is the description that all starts share; `flat` (starts, parameters) float32 their parameters."""

    inputs: Inputs
    shape: str
    residual_of: str
    scale: np.ndarray
    mean: np.ndarray
    spread: np.ndarray
    profile: np.ndarray
    network: dict[str, Any]
    flat: np.ndarray

    def check(self, series: int) -> None:
        from thetastar.network import Network

        if self.shape not in KINDS or self.residual_of not in ("level", "season"):
            raise ValueError(f"there is no network of the kind {self.shape[:40]!r}")
        one = Network.from_dict(self.network)
        size = int(np.prod(one.input_shape))
        if tuple(one.output_shape) != (self.inputs.horizon,):
            raise ValueError("the network has other outputs than there are steps")
        if self.flat.ndim != 2 or not 1 <= len(self.flat) <= 1000 or self.flat.dtype != np.float32:
            raise ValueError("the parameters must be a float32 table of starts")
        if self.profile.ndim != 2:
            raise ValueError("the profile must be a table")
        fits(scale=(self.scale, (series,)), mean=(self.mean, (size,)), spread=(self.spread, (size,)),
             profile=(self.profile, (series, self.profile.shape[1])),
             flat=(self.flat, (len(self.flat), one.parameter_count)))  # fmt: skip

    def direct(self, panel: Panel, windows: Windows) -> np.ndarray:
        x, base = _arrays(panel, self.inputs, windows, self.scale, self.profile, self.residual_of)
        x = _standard(x, self.mean, self.spread, self.shape, self.inputs)
        total = 0.0
        for network in self._networks():
            total = total + network.predict(x).astype(np.float64)
        return base + self.scale[windows.series][:, None] * (total / len(self.flat))

    def _networks(self) -> list[Any]:
        cached = self.__dict__.get("_built")
        if cached is None:
            from thetastar.network import Network

            one = Network.from_dict(self.network)
            cached = [one._with_flat(np.ascontiguousarray(flat)) for flat in self.flat]
            object.__setattr__(self, "_built", cached)
        return cached


def hidden_layers(shape: str, inputs: int, outputs: int, hidden: Sequence[int], lags: int) -> tuple[list[Any], tuple]:
    """The layers of a kind of network and its input shape."""
    from thetastar.layers import GRU, Conv2D, Dense, Dropout, Flatten, MaxPool2D, Residual

    if shape == "dense":
        body = [part for width in hidden for part in (Dense(width, activation="relu"),)]
        return [Dropout(0.1), *body, Dense(outputs)], (inputs,)
    if shape == "linear + network":
        inner = [Dropout(0.2)]
        for width in hidden:
            inner += [Dense(width, activation="relu"), Dropout(0.2)]
        return [Residual([*inner, Dense(outputs)])], (inputs,)
    if shape == "blocks":
        width = hidden[0]
        block = [Residual([Dense(width, activation="relu"), Dropout(0.2), Dense(width)]) for _ in range(2)]
        return [Dense(width), *block, Dense(outputs)], (inputs,)
    if shape == "convolution":
        layers = [Conv2D(16, (7, 1), padding="same", activation="relu"), MaxPool2D((2, 1))] if lags >= 14 else []
        layers += [Conv2D(16, (3, 1), padding="same", activation="relu"), Flatten(), Dense(32, activation="relu")]
        return [*layers, Dropout(0.1), Dense(outputs)], (lags, 1, inputs // lags)
    return [GRU(16), Dense(outputs)], (lags, inputs // lags)


def fit_networks(methods: Sequence[Method], panel: Panel, cut: int, horizon: int, *, threads: int | None = None,
                 epochs_factor: float = 1.0) -> list[Fitted]:  # fmt: skip
    """Fit several kinds (plain or `Logged`), all starts of all of them in one `train_many` where their inputs agree.

    Each is trained with AdamW on the mean absolute error, for a fixed number of updates with the learning rate falling
    to zero along a cosine; no rows are held back, so that the newest ones are learned from.
    """
    from thetastar.losses import MeanAbsoluteError
    from thetastar.network import Network
    from thetastar.optimizers import AdamW
    from thetastar.training import Job, train_many

    prepared: dict[tuple, tuple] = {}
    jobs: dict[tuple, list] = {}
    for place, method in enumerate(methods):
        logged = isinstance(method, Logged)
        kind: NetworkMethod = method.inner if logged else method
        sequence = kind.shape in ("convolution", "recurrent")
        key = (logged, kind.lags, kind.year, kind.columns, kind.residual_of, sequence)
        if key not in prepared:
            prepared[key] = _prepared(
                panel.logged(half_of_lowest(panel, cut)) if logged else panel, cut, horizon, kind, sequence
            )
        inputs, x, y, *_ = prepared[key]
        layers, shape = hidden_layers(kind.shape, x.shape[1], horizon, kind.hidden, inputs.lags)
        epochs = int(np.clip(epochs_factor * _UPDATES * _BATCH / max(len(x), 1), 2, 120))
        if kind.shape == "recurrent":
            epochs = max(2, epochs // 3)  # a step of it costs as much as many dense ones
        batch = _BATCH if len(x) < 20_000 else 256
        rate = 1e-3 if kind.shape != "recurrent" else 3e-3
        job = Job(
            Network(layers, input_shape=shape), loss=MeanAbsoluteError(), epochs=epochs, batch_size=batch,
            optimizer=AdamW(learning_rate=rate * (2 if batch > 32 else 1), weight_decay=1e-2), schedule="cosine",
            clip_norm=5.0,
        )  # fmt: skip
        jobs.setdefault(key, []).extend(
            (place, each) for each in job.restarts(range(kind.seed, kind.seed + kind.starts))
        )
    fitted: list[Fitted | None] = [None] * len(methods)
    for key, group in jobs.items():
        inputs, x, y, *rest = prepared[key]
        runs = train_many([job for _, job in group], x, y, threads=threads)
        for place in dict.fromkeys(place for place, _ in group):
            method = methods[place]
            kind = method.inner if isinstance(method, Logged) else method
            own = [run.network for (at, _), run in zip(group, runs, strict=True) if at == place]
            good = [network for network in own if np.isfinite(network._flat).all()] or own
            flat = np.stack([network._flat for network in good])
            one = NetworkFitted(inputs, kind.shape, kind.residual_of, *rest, own[0].to_dict(), flat)
            fitted[place] = LoggedFitted(one, half_of_lowest(panel, cut)) if isinstance(method, Logged) else one
    return fitted


def _prepared(panel: Panel, cut: int, horizon: int, kind: NetworkMethod, sequence: bool) -> tuple:
    """Inputs, x (B, p) float32, y (B, horizon) float32, and what later windows are prepared by."""
    inputs = plan_inputs(panel, cut, horizon, kind.lags, calendar=not sequence, year=kind.year and not sequence,
                         columns=kind.columns and not sequence)  # fmt: skip
    windows, future = examples(panel, inputs, cut)
    complete = ~np.isnan(future).any(axis=1)
    windows = Windows(windows.values[complete], windows.series[complete], windows.ends[complete])
    scale = scales(panel, cut)
    profile = _profiles(panel, cut, scale)
    x, base = _arrays(panel, inputs, windows, scale, profile, kind.residual_of, sequence)
    y = (future[complete] - base) / scale[windows.series][:, None]
    mean = x.mean(axis=0) if len(x) else np.zeros(x.shape[1])
    spread = x.std(axis=0) if len(x) else np.ones(x.shape[1])
    spread = np.where(spread > 1e-9 * (1 + np.abs(mean)), spread, 1.0)
    x = _standard(x, mean, spread, "", inputs)
    return inputs, x, np.ascontiguousarray(y, dtype=np.float32), scale, mean, spread, profile


def _arrays(panel, inputs, windows, scale, profile, residual_of, sequence: bool | None = None):
    """(B, p) inputs and (B, horizon) what the outputs are added to."""
    level = inputs.base(windows)
    own = scale[windows.series]
    if sequence is None:
        sequence = not inputs.calendar
    if sequence:
        values = (windows.values[:, -inputs.lags :] - level[:, None]) / own[:, None]
        channels = [values]
        if inputs.season > 1:
            position = panel.offsets[windows.series][:, None] + windows.ends[:, None] + np.arange(1 - inputs.lags, 1)
            angle = 2 * np.pi * (position % inputs.season) / inputs.season
            channels += [np.sin(angle), np.cos(angle)]
        x = np.stack(channels, axis=2).reshape(len(values), -1)
    else:
        x = scaled(inputs, inputs.common(panel, windows, level), own)
        steps = inputs.at_steps(panel, windows)
        if steps is not None:
            x = np.concatenate([x, steps.reshape(len(x), -1)], axis=1)
        if profile.shape[1]:
            x = np.concatenate([x, profile[windows.series]], axis=1)
    base = np.repeat(level[:, None], inputs.horizon, axis=1)
    if residual_of == "season" and inputs.season > 1:
        ahead = np.arange(1, inputs.horizon + 1)
        back = inputs.season * -(-ahead // inputs.season) - ahead  # how long before the origin
        base = windows.values[:, windows.values.shape[1] - 1 - back]
    return x, base


def _standard(x: np.ndarray, mean: np.ndarray, spread: np.ndarray, shape: str, inputs: Inputs) -> np.ndarray:
    return np.ascontiguousarray(np.clip((x - mean) / spread, -_FAR, _FAR), dtype=np.float32)


def _profiles(panel: Panel, cut: int, scale: np.ndarray) -> np.ndarray:
    """(n, k) what tells the series apart: an input each for a few; else an embedding learned from their profiles.

    The first layer's weights of one input each are a learned embedding of the id. For thousands of series the
    embedding is the left singular vectors of their mean seasonal shapes, growth and roughness.
    """
    if panel.count == 1:
        return np.zeros((1, 0))
    if panel.count <= _ONE_HOT:
        return np.eye(panel.count)
    season = max(panel.season, 1)
    whole = cut - cut % season
    recent = panel.filled[:, max(cut - 52 * season, cut - whole) : cut]
    recent = recent[:, recent.shape[1] % season :]
    cycles = recent.reshape(panel.count, -1, season) / scale[:, None, None]
    means = cycles.mean(axis=2, keepdims=True)
    third = max(cycles.shape[1] // 3, 1)
    growth = means[:, -third:, 0].mean(axis=1) - means[:, :third, 0].mean(axis=1)
    rough = np.abs(np.diff(recent, axis=1)).mean(axis=1) / scale
    table = np.column_stack([(cycles - means).mean(axis=1), growth, rough])
    table = (table - table.mean(axis=0)) / (table.std(axis=0) + 1e-9)
    left, sizes, _ = np.linalg.svd(table, full_matrices=False)
    return (left * sizes)[:, :_PROFILE]
