"""The lecture's table on any series: linear functions of 1, 7, 28 and 56 days, and 1 to 4 hidden layers of 100 ReLU.

Each is trained on the training years to the smallest mean absolute error one step ahead, and measured there and on the
unseen last year. What follows (whether depth helps, whether it overfits, whether linear wins) is said from this series'
own numbers.

Source: lectures 1 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from thetastar.errors import InputError
from thetastar.forecasting.calendar import DAY
from thetastar.forecasting.series import SeriesSet
from thetastar.forecasting.times import time_texts

__all__ = ["HISTORY", "LECTURE_WEIGHTS", "make_lecture"]

HISTORY = (1, 7, 28, 56)
DEPTHS = (1, 2, 3, 4)
LECTURE_WEIGHTS = (0.79, -0.31, 0.12, -0.01, -0.10, 0.30, 0.18)
"""What the lecture found for 7 days of its channel, yesterday first; b = 0.05k."""

_WIDTH, _EPOCHS, _BATCH = 100, 25, 32
_GRID = 41
_DESCENT = 120


@dataclass(frozen=True, eq=False)
class _Part:
    """Examples for one number of days: inputs (n, days · columns), newest first, and the next value."""

    x: np.ndarray
    y: np.ndarray
    seen: np.ndarray
    unseen: np.ndarray


def make_lecture(
    series: SeriesSet, filled: np.ndarray, *, starts: int = 5, seed: int = 0, threads: int | None = None
) -> dict[str, Any]:
    """The lecture's table and pictures of the first series, as plain data.

    Args:
        series: as read.
        filled: (T,) the first series without gaps.
        starts: random starts of each network.
        seed: of the first start.
        threads: for the networks.

    Raises:
        InputError: the series is too short for 56 steps of history and a stretch held back.
    """
    raw = series.values[0]
    longest = HISTORY[-1]
    cut = _cut(series)
    if cut < 2 * longest + 30:
        raise InputError(
            f"--lecture: {len(raw)} steps are too few: {longest} of history and an unseen stretch need at least "
            f"{3 * longest + 60}. Give a longer series."
        )
    columns = [np.where(np.isnan(raw), filled, raw)]
    columns += [_carried(parts[0]) for parts in series.columns.values()]
    table = np.stack(columns, axis=1)
    parts = {days: _examples(table, raw, days, cut, longest) for days in HISTORY}
    rows, estimates, solved = [], {}, {}
    for days in HISTORY:
        part = parts[days]
        bias, weight = _least_absolute(part.x[part.seen], part.y[part.seen])
        made = part.x @ weight + bias
        error = np.abs(made - part.y)
        name = f"linear, {days} step{'s' * (days != 1)}"
        rows.append(_row(name, len(weight) + 1, [error[part.seen].mean()], [error[part.unseen].mean()]))
        estimates[name], solved[days] = made, (bias, weight)
    deep = _networks(parts[longest], starts, seed, threads)
    part = parts[longest]
    for depth, (made, count) in deep.items():
        errors = np.abs(made - part.y)
        name = f"{depth} hidden layer{'s' * (depth != 1)}, {longest} steps"
        rows.append(_row(name, count, errors[:, part.seen].mean(axis=1), errors[:, part.unseen].mean(axis=1)))
        estimates[name] = made.mean(axis=0)
    naive = np.abs(part.x[:, 0] - part.y)
    rows.insert(0, _row("last value", 0, [naive[part.seen].mean()], [naive[part.unseen].mean()]))
    first = longest
    times = series.times(0, first, len(raw) - first)
    shown = np.flatnonzero(part.unseen)
    best = min(rows[1:], key=lambda row: row["unseen"])["name"]
    dates = series.layout.dates
    return {
        "unit": series.layout.target, "step": series.layout.calendar.name, "columns": list(series.columns),
        "split": {"first": time_texts(times[:1], dates=dates)[0],
                  "unseen": time_texts(times[shown[:1]], dates=dates)[0],
                  "last": time_texts(times[-1:], dates=dates)[0], "seen_steps": int(part.seen.sum()),
                  "unseen_steps": int(part.unseen.sum())},
        "rows": rows, "starts": starts, "words": _words(rows),
        "weights": {"bias": float(solved[7][0]), "weights": [float(w) for w in solved[7][1][:7]],
                    "lecture": list(LECTURE_WEIGHTS)},
        "curves": {
            "times": time_texts(times[shown], dates=dates), "real": _list(part.y[shown]), "best": best,
            "estimates": {name: _list(estimates[name][shown]) for name in dict.fromkeys(["linear, 7 steps", best])},
        },
        "map": _loss_map(parts[1], *solved[1]),
    }  # fmt: skip


def _cut(series: SeriesSet) -> int:
    """The first unseen step: the beginning of the last calendar year of days, else the last fifth."""
    length = len(series.values[0])
    if series.layout.calendar.name != "day":
        return length - length // 5
    times = series.times(0, 0, length)
    years = np.floor(times / DAY).astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64)
    for year in np.unique(years)[::-1][:2]:
        first = int(np.argmax(years == year))
        if length - first >= 300 and first >= 300:
            return first
    return length - min(365, length // 5)


def _examples(table: np.ndarray, raw: np.ndarray, days: int, cut: int, longest: int) -> _Part:
    """All models are measured on the same steps: those with the longest history before them."""
    at = np.arange(longest, len(table))
    lags = at[:, None] - np.arange(1, days + 1)
    x = table[lags].transpose(0, 2, 1).reshape(len(at), -1)
    known = ~np.isnan(raw[at])
    y = np.where(known, raw[at], 0.0)
    return _Part(x, y, known & (at < cut), known & (at >= cut))


def _least_absolute(x: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """b and w of the smallest mean absolute error, by least squares with weights 1 / |error|, again and again."""
    middle, spread = x.mean(axis=0), x.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    z = np.column_stack([np.ones(len(x)), (x - middle) / spread])
    theta = np.linalg.lstsq(z, y, rcond=None)[0]
    floor = 1e-6 * max(np.abs(y - y.mean()).mean(), 1e-300)
    for _ in range(60):
        weight = 1 / np.maximum(np.abs(y - z @ theta), floor)
        gram = z.T @ (z * weight[:, None])
        gram[np.diag_indices(len(gram))] += 1e-12 * np.trace(gram)
        theta = np.linalg.solve(gram, z.T @ (weight * y))
    return float(theta[0] - (theta[1:] * middle / spread).sum()), theta[1:] / spread


def _networks(part: _Part, starts: int, seed: int, threads: int | None) -> dict[int, tuple[np.ndarray, int]]:
    """For each depth the estimates of every start (starts, n), and how many parameters there are."""
    from thetastar.layers import Dense
    from thetastar.network import Network
    from thetastar.optimizers import Adam
    from thetastar.training import Job, train_many

    rows = part.seen
    middle, spread = part.x[rows].mean(axis=0), part.x[rows].std(axis=0)
    level, size = part.y[rows].mean(), max(part.y[rows].std(), 1e-300)
    x = np.ascontiguousarray((part.x - middle) / np.where(spread > 0, spread, 1.0), dtype=np.float32)
    y = np.ascontiguousarray((part.y - level) / size, dtype=np.float32)
    jobs, depths = [], []
    for depth in DEPTHS:
        layers = [*(Dense(_WIDTH, activation="relu") for _ in range(depth)), Dense(1)]
        job = Job(
            Network(layers, input_shape=(x.shape[1],)), loss="mean_absolute_error", optimizer=Adam(1e-3),
            epochs=_EPOCHS, batch_size=_BATCH, schedule="cosine", rows=np.flatnonzero(rows),
        )  # fmt: skip
        jobs += job.restarts(range(seed, seed + starts))
        depths += [depth] * starts
    runs = train_many(jobs, x, y, threads=threads)
    made: dict[int, tuple[np.ndarray, int]] = {}
    for depth in DEPTHS:
        own = [run.network for run, at in zip(runs, depths, strict=True) if at == depth]
        estimates = np.stack([network.predict(x)[:, 0].astype(np.float64) * size + level for network in own])
        made[depth] = estimates, own[0].parameter_count
    return made


def _row(name: str, parameters: int, seen: Any, unseen: Any) -> dict[str, Any]:
    seen, unseen = np.asarray(seen), np.asarray(unseen)
    many = len(unseen) > 1
    return {
        "name": name, "parameters": int(parameters), "seen": float(seen.mean()), "unseen": float(unseen.mean()),
        "seen_spread": float(seen.std(ddof=1)) if many else None,
        "unseen_spread": float(unseen.std(ddof=1)) if many else None, "starts": _list(unseen) if many else None,
    }  # fmt: skip


def _words(rows: list[dict[str, Any]]) -> list[str]:
    """What this series' own numbers say about history, depth and overfitting."""
    linear = [row for row in rows if row["name"].startswith("linear")]
    deep = [row for row in rows if "hidden" in row["name"]]
    best_linear, best_deep = min(linear, key=_unseen), min(deep, key=_unseen)
    words = [_history_words(linear)]
    noise = best_deep["unseen_spread"] or 0.0
    gain = 1 - best_deep["unseen"] / best_linear["unseen"]
    if best_linear["unseen"] <= best_deep["unseen"]:
        words.append(
            f"On the unseen stretch linear wins: {best_linear['name']} is off by {_short(best_linear['unseen'])}, the "
            f"best network ({best_deep['name']}) by {_short(best_deep['unseen'])}."
        )
    else:
        close = " (within the spread of its starts)" if best_linear["unseen"] - best_deep["unseen"] < noise else ""
        words.append(
            f"On the unseen stretch the best network ({best_deep['name']}, {_short(best_deep['unseen'])}) is "
            f"{100 * gain:.1f} % better than the best linear function ({best_linear['name']}, "
            f"{_short(best_linear['unseen'])}){close}."
        )
    worse = [
        (a, b) for a, b in pairwise(deep)
        if b["seen"] < a["seen"] and b["unseen"] > a["unseen"] + (b["unseen_spread"] or 0) / 2
    ]  # fmt: skip
    if worse:
        a, b = worse[0]
        words.append(
            f"Better on training data, worse on unseen data: from {a['name']} to {b['name']} the training error falls "
            f"from {_short(a['seen'])} to {_short(b['seen'])}, the unseen one rises from {_short(a['unseen'])} to "
            f"{_short(b['unseen'])}. That is overfitting."
        )
    elif deep[-1]["seen"] < deep[0]["seen"]:
        words.append(
            "With depth the training error falls, and the unseen one does not rise beyond the spread of the starts."
        )
    gap = deep[-1]["unseen"] / max(deep[-1]["seen"], 1e-300)
    if gap > 1.5:
        words.append(
            f"The deepest network's unseen error is {gap:.1f} times its training error: it knows the training years by "
            "heart."
        )
    return words


def _history_words(linear: list[dict[str, Any]]) -> str:
    first, week, last = linear[0], linear[1], linear[-1]
    best = min(linear, key=_unseen)
    moved = f"from {_short(first['unseen'])} to {_short(week['unseen'])}"
    text = f"7 steps of history in place of 1 bring the unseen error {moved}"
    if best is last:
        return f"{text}, 56 steps to {_short(last['unseen'])}: a longer history helps."
    return f"{text}; beyond {best['name'].split(', ')[1]} a longer history does not help on unseen data."


def _unseen(row: dict[str, Any]) -> float:
    return row["unseen"]


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def _loss_map(part: _Part, bias: float, weight: np.ndarray) -> dict[str, Any]:
    """The mean absolute error of y = b + w x over b and w, and the path of gradient descent from a corner.

    Descent is Adam's on b in units of the mean and on w, so that both are of one size.
    """
    from thetastar.optimizers import Adam

    x, y = part.x[part.seen][:, 0], part.y[part.seen]
    unit = max(float(np.abs(y).mean()), 1e-300)
    w, b = float(weight[0]), bias / unit
    weights = np.linspace(w - 0.8, w + 0.8, _GRID)
    biases = np.linspace(b - 0.8, b + 0.8, _GRID)
    thin = slice(None, None, max(1, len(x) // 500))
    u, v = x[thin] / unit, y[thin] / unit
    loss = np.array([[np.abs(bi + wi * u - v).mean() for wi in weights] for bi in biases]) * unit

    def f(theta: np.ndarray) -> tuple[float, np.ndarray]:
        rest = theta[0] + theta[1] * x / unit - y / unit
        sign = np.sign(rest)
        return float(np.abs(rest).mean()), np.array([sign.mean(), (sign * x / unit).mean()])

    path, _ = Adam(0.03).minimize(f, np.array([biases[4], weights[4]]), _DESCENT)
    path = np.asarray(path)
    return {
        "weights": _list(weights), "biases": _list(biases * unit), "loss": [_list(row) for row in loss],
        "path": [[float(f"{p[1]:.6g}"), float(f"{p[0] * unit:.6g}")] for p in path[:: max(1, len(path) // 60)]],
        "best": [w, bias], "least": float(np.abs(bias + w * x - y).mean()),
    }  # fmt: skip


def _carried(values: np.ndarray) -> np.ndarray:
    known = ~np.isnan(values)
    place = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    first = values[known][0] if known.any() else 0.0
    return np.where(place >= 0, values[np.maximum(place, 0)], first)


def _list(values: np.ndarray) -> list[float | None]:
    return [None if np.isnan(v) else float(f"{v:.6g}") for v in np.asarray(values, dtype=np.float64)]
