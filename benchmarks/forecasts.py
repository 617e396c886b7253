"""Forecasts measured: errors, coverage, and the peers flaircast and statsforecast in an environment of their own.

    python benchmarks/forecasts.py accuracy --data FOLDER [--only NAME] [--peer PYTHON]
    python benchmarks/forecasts.py noise
    python benchmarks/forecasts.py many --peer PYTHON [--count SERIES]
    python benchmarks/forecasts.py command

`FOLDER` holds CSV files of daily series, of which `SERIES` names time and target. `--peer` is the interpreter of an
environment with `pip install "pandas<3" flaircast statsforecast`. What is measured:

- one step ahead on the last fifth, by a model trained on the rest for one step, whose `predict` sees the true rows;
- 28 steps ahead from six origins, 28 steps apart, the last one 28 steps before the end, each trained on its past;
- the 80 % interval from every origin of the last fifth, by a model trained on the rest, which sees each origin's past;
- a random walk and white noise, twenty seeds each, relative to the last value and the mean;
- a thousand series of 400 days, 28 ahead, in processor time, beside AutoETS with the season 7;
- the whole command for one series of 1,500 days, report included.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SERIES = {
    "bike_sharing_day": ("dteday", "cnt"),
    "daily-min-temperatures": ("Date", "Temp"),
    "daily-website-visitors": ("Date", "Page.Loads"),
    "example_wp_log_R": ("ds", "y"),
    "example_wp_log_peyton_manning": ("ds", "y"),
    "hyndsight": ("time", "value"),
    "youtube_kevinmcaleer_daily_views": ("Date", "Views"),
}
STEPS, ORIGINS = 28, 6

PEER_FLAIR = """
import json, sys, numpy as np
from flaircast import forecast
work = json.load(open(sys.argv[1]))
out = [np.median(forecast(np.array(y), horizon=28, freq="D", n_samples=1000, seed=0), axis=0).tolist() for y in work]
json.dump(out, open(sys.argv[2], "w"))
"""
PEER_ETS = """
import json, sys, time, resource, os
os.environ["NIXTLA_ID_AS_COL"] = "1"
import numpy as np, pandas as pd
from statsforecast import StatsForecast
from statsforecast.models import AutoETS
Y = np.load(sys.argv[1])
n, T = Y.shape
ids, steps = np.repeat(np.arange(n), T), np.tile(np.arange(T), n)
frame = pd.DataFrame({"unique_id": ids, "ds": steps, "y": Y.ravel().astype(float)})
StatsForecast(models=[AutoETS(season_length=7)], freq=1, n_jobs=1).forecast(df=frame[frame.unique_id < 2], h=28)
before = time.process_time()
made = StatsForecast(models=[AutoETS(season_length=7)], freq=1, n_jobs=1).forecast(df=frame, h=28)
print(json.dumps({"seconds": time.process_time() - before}))
np.save(sys.argv[2], made["AutoETS"].to_numpy().reshape(n, 28))
"""


def load(folder: Path, name: str):
    """The rows of a series in order of time, gaps left out, and the regular series."""
    from thetastar.data import read_table
    from thetastar.forecasting.series import read_series

    when, target = SERIES[name]
    table = read_table(str(folder / f"{name}.csv"))
    series = read_series(table, target, when)
    values, rows = series.values[0], series.rows[0]
    return table, values, rows, when, target


def filled(values: np.ndarray, lag: int = 7) -> np.ndarray:
    """For the rivals: the value a week before."""
    values = values.copy()
    for t in np.flatnonzero(np.isnan(values)):
        values[t] = values[t - lag] if t >= lag else values[t - 1]
    return values


def seasonal_naive(y: np.ndarray, steps: int = STEPS) -> np.ndarray:
    return np.array([y[len(y) + h - 7 * -(-h // 7) - 1] for h in range(1, steps + 1)])


def linear_rival(y: np.ndarray, cut: int, lags: int = 56) -> np.ndarray:
    """One step ahead from `cut` on: least squares on the last 56 values, learned before it."""
    at = np.arange(lags, len(y))
    x = np.column_stack([y[at[:, None] - np.arange(1, lags + 1)], np.ones(len(at))])
    seen = at < cut
    weight = np.linalg.lstsq(x[seen], y[at[seen]], rcond=None)[0]
    return x[at >= cut] @ weight


def smoothing_rival(y: np.ndarray, cut: int) -> np.ndarray:
    """One step ahead from `cut` on: additive exponential smoothing with the week, parameters by one-step squares."""
    from itertools import product

    def run(alpha: float, gamma: float) -> np.ndarray:
        level, season = y[:7].mean(), y[:28].reshape(4, 7).mean(axis=0) - y[:28].mean()
        made = np.empty(len(y))
        for t, value in enumerate(y):
            made[t] = level + season[t % 7]
            error = value - made[t]
            level += alpha * error
            season[t % 7] += gamma * error
        return made

    tries = {
        (a, g): run(a, g * (1 - a))
        for a, g in product((0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9), (0.01, 0.05, 0.1, 0.2, 0.4))
    }
    best = min(tries, key=lambda key: np.mean((tries[key][28:cut] - y[28:cut]) ** 2))
    return tries[best][cut:]


def accuracy(folder: Path, only: str | None, peer: str | None) -> None:
    import thetastar as ts

    ratios, flair_ratios, covered = {}, {}, {}
    for name in SERIES if only is None else [n for n in SERIES if only in n]:
        table, values, rows, when, target = load(folder, name)
        y = filled(values)
        length = len(values)
        cut = length - length // 5

        def part(first: int, last: int, table=table, rows=rows):
            kept = rows[first:last]
            return table.select(kept[kept >= 0])

        truth = values[cut:]
        model = ts.forecast(part(0, cut), target, when, horizon=1, past=())
        made = np.full(length, np.nan)
        found = np.asarray(model.predict(part(0, length)))
        kept = rows[rows >= 0]
        made[np.flatnonzero(rows >= 0)] = found[: len(kept)]
        mae = {
            "ours": made[cut:], "seasonal naive": y[cut - 7 : -7], "linear 56": linear_rival(y, cut),
            "smoothing": smoothing_rival(y, cut),
        }  # fmt: skip
        mae = {who: float(np.nanmean(np.abs(each - truth))) for who, each in mae.items()}
        best = min(mae["linear 56"], mae["smoothing"])
        print(f"{name}: one step, {model.record.chosen}: " + ", ".join(f"{k} {v:.4g}" for k, v in mae.items())
              + f"; to the best rival {mae['ours'] / best:.4f}", flush=True)  # fmt: skip

        model = ts.forecast(part(0, cut), target, when, horizon=STEPS, past=())
        found = model.evaluate(part(cut, length))
        share = [step["coverage"]["80"] for step in found["by_step"]]
        many = np.array([np.sum(~np.isnan(values[cut + h :])) for h in range(STEPS)])
        covered[name] = np.array([share, many])
        weeks = [np.average(share[7 * w : 7 * w + 7], weights=many[7 * w : 7 * w + 7]) for w in range(4)]
        print(f"{name}: 80 % interval held {found['coverage']['80']:.3f}; by week {np.round(weeks, 3)}", flush=True)

        errors, naive, pasts, reals = [], [], [], []
        for back in range(ORIGINS, 0, -1):
            end = length - STEPS * back
            model = ts.forecast(part(0, end), target, when, horizon=STEPS, past=())
            made = np.array([row["prediction"] for row in model.rows(STEPS)])
            real = values[end : end + STEPS]
            ahead = len(model.series.values[0])
            made = (
                made
                if ahead == end
                else np.array([row["prediction"] for row in model.rows(STEPS + end - ahead)])[end - ahead :]
            )
            errors.append(np.abs(made - real))
            naive.append(np.abs(seasonal_naive(y[:end]) - real))
            pasts.append(y[:end].tolist())
            reals.append(real)
        ratios[name] = float(np.nanmean(errors) / np.nanmean(naive))
        text = f"{name}: {STEPS} steps from {ORIGINS} origins, to seasonal naive {ratios[name]:.3f}"
        if peer:
            with tempfile.TemporaryDirectory() as place:
                here = Path(place)
                (here / "in.json").write_text(json.dumps(pasts))
                subprocess.run([peer, "-c", PEER_FLAIR, here / "in.json", here / "out.json"], check=True)
                made = np.array(json.loads((here / "out.json").read_text()))
            flair_ratios[name] = float(np.nanmean(np.abs(made - np.array(reals))) / np.nanmean(naive))
            text += f", flaircast {flair_ratios[name]:.3f}"
        print(text, flush=True)
    print(f"geometric mean {np.exp(np.mean(np.log(list(ratios.values())))):.3f}")
    if flair_ratios:
        won = sum(ratios[name] < flair_ratios[name] for name in ratios)
        print(
            f"flaircast {np.exp(np.mean(np.log(list(flair_ratios.values())))):.3f}; below it on {won} of {len(ratios)}"
        )
    share, many = np.stack(list(covered.values())).transpose(1, 0, 2)
    weeks = [np.average(share[:, w : w + 7], weights=many[:, w : w + 7]) for w in range(0, STEPS, 7)]
    print(f"80 % interval pooled {np.average(share, weights=many):.3f}, by week {np.round(weeks, 3)}")


def noise(seeds: int = 20, length: int = 500) -> None:
    import thetastar as ts

    cut, found = length - length // 5, {"random walk": [], "white noise": []}
    days = np.datetime64("2020-01-01") + np.arange(length)
    for seed in range(seeds):
        for kind, ratios in found.items():
            drawn = np.random.default_rng(1000 + seed).normal(size=length)
            y = drawn.cumsum() + 50 if kind == "random walk" else 3 * drawn + 20
            model = ts.forecast({"t": days[:cut], "y": y[:cut]}, "y", "t", seed=seed)
            made = np.asarray(model.predict({"t": days, "y": y}))[cut:]
            plain = y[cut - 1 : -1] if kind == "random walk" else np.array([y[:k].mean() for k in range(cut, length)])
            ratios.append(float(np.abs(made - y[cut:]).mean() / np.abs(plain - y[cut:]).mean()))
    for kind, ratios in found.items():
        good = sum(ratio <= 1.01 for ratio in ratios)
        print(f"{kind}: at most 1.01 times the plain error in {good} of {seeds} seeds, at worst {max(ratios):.4f}")


def panel(count: int, length: int, seed: int = 0) -> np.ndarray:
    """Synthetic daily series: levels, weeks, growth and noise of many kinds."""
    draw = np.random.default_rng(seed)
    t = np.arange(length)
    level = np.exp(draw.normal(4, 1, count))[:, None]
    week = np.exp(draw.normal(0, 0.25, (count, 7)))[:, t % 7]
    growth = np.exp(draw.normal(0, 0.3, count)[:, None] * t / length)
    wander = np.exp(np.cumsum(draw.normal(0, 0.02, (count, length)), axis=1))
    return level * week * growth * wander * np.exp(draw.normal(0, 0.15, (count, length)))


def many(peer: str | None, count: int = 1000, length: int = 400) -> None:
    import thetastar as ts

    Y = panel(count, length + STEPS)
    days = np.datetime64("2023-01-01") + np.arange(length)
    table = {
        "id": np.repeat([f"s{k}" for k in range(count)], length),
        "t": np.tile(days, count),
        "y": Y[:, :length].ravel(),
    }
    before = time.process_time()
    model = ts.forecast(table, "y", "t", id="id", horizon=STEPS)
    made = np.array([row["prediction"] for row in model.rows()]).reshape(count, STEPS)
    ours = time.process_time() - before
    real = Y[:, length:]
    scale = np.abs(np.diff(Y[:, :length], axis=1)).mean(axis=1, keepdims=True)
    error = np.mean(np.abs(made - real) / scale)
    print(f"thetastar: {ours:.1f} s of processor time, scaled error {error:.4f}, {model.record.chosen}", flush=True)
    if peer:
        with tempfile.TemporaryDirectory() as place:
            here = Path(place)
            np.save(here / "y.npy", Y[:, :length])
            run = subprocess.run(
                [peer, "-c", PEER_ETS, here / "y.npy", here / "out.npy"], check=True, capture_output=True, text=True
            )
            seconds = json.loads(run.stdout.splitlines()[-1])["seconds"]
            theirs = np.load(here / "out.npy")
        error = np.mean(np.abs(theirs - real) / scale)
        print(f"AutoETS, season 7: {seconds:.1f} s, scaled error {error:.4f}; ours takes {ours / seconds:.2f} of it")


def command(length: int = 1500) -> None:
    y = panel(1, length)[0]
    days = np.datetime64("2020-01-01") + np.arange(length)
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "series.csv"
        file.write_text("date,y\n" + "\n".join(f"{d},{v:.4f}" for d, v in zip(days, y, strict=True)) + "\n")
        for horizon in (1, 28):
            began, before = time.perf_counter(), os.times()
            subprocess.run(
                [sys.executable, "-m", "thetastar", "forecast", str(file), "--target", "y", "--time", "date",
                 "--horizon", str(horizon), "--out", str(Path(place) / f"out{horizon}")],
                check=True, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            after = os.times()
            spent = after.children_user + after.children_system - before.children_user - before.children_system
            print(f"the command, {length:,} days, horizon {horizon}: {time.perf_counter() - began:.1f} s, "
                  f"{spent:.1f} s of processor time")  # fmt: skip


if __name__ == "__main__":
    reader = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    reader.add_argument("what", choices=("accuracy", "noise", "many", "command"))
    reader.add_argument("--data", type=Path)
    reader.add_argument("--only")
    reader.add_argument("--peer")
    reader.add_argument("--count", type=int, default=1000, help="series of `many`")
    asked = reader.parse_args()
    if asked.what == "accuracy":
        accuracy(asked.data, asked.only, asked.peer)
    elif asked.what == "noise":
        noise()
    elif asked.what == "many":
        many(asked.peer, asked.count)
    else:
        command()
