"""What products in bfloat16 cost in accuracy: python benchmarks/precision.py

Networks on rows that none of them has seen: five splits, eight starts each, the same for both precisions. Printed: the
mean over splits and starts, and the standard error of the difference between the precisions.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from sklearn.datasets import load_digits, make_friedman1
from sklearn.model_selection import train_test_split

import thetastar as ts

STARTS, SPLITS = 8, 5


def digits() -> tuple[np.ndarray, np.ndarray]:
    """1,797 digits of 8 × 8 pixels, 10 classes."""
    X, y = load_digits(return_X_y=True)
    return (X / 16).astype(np.float32), y


def friedman() -> tuple[np.ndarray, np.ndarray]:
    """Friedman's first function of five of ten features, 6,000 rows, noise 1; R² of the function itself: 0.96."""
    X, y = make_friedman1(6000, noise=1.0, random_state=0)
    return ((X - 0.5) * 2).astype(np.float32), ((y - y.mean()) / y.std()).astype(np.float32)


def accuracy(outputs: np.ndarray, y: np.ndarray) -> float:
    return float((outputs.argmax(axis=1) == y).mean())


def r2(outputs: np.ndarray, y: np.ndarray) -> float:
    return float(1 - ((outputs[:, 0] - y) ** 2).mean() / y.var())


CASES: tuple[tuple[str, Callable, tuple[int, ...], str, Callable, int], ...] = (
    ("digits 64-100-100-10, accuracy", digits, (100, 100, 10), "cross_entropy", accuracy, 32),
    ("digits 64-256-256-256-10, accuracy", digits, (256, 256, 256, 10), "cross_entropy", accuracy, 128),
    ("friedman 10-64-64-1, R²", friedman, (64, 64, 1), "mse", r2, 32),
    ("friedman 10-256-256-256-1, R²", friedman, (256, 256, 256, 1), "mse", r2, 128),
)


def scores(X, y, net, loss, score, batch, precision) -> tuple[np.ndarray, float]:
    """(splits, starts) scores on the held-out rows, and the seconds of training."""
    all_scores, seconds = [], 0.0
    for split in range(SPLITS):
        train, test = train_test_split(np.arange(len(X)), test_size=0.3, random_state=split)
        jobs = [
            ts.Job(net, loss=loss, epochs=40, batch_size=batch, rows=train, seed=seed, matmul_precision=precision)
            for seed in range(STARTS)
        ]
        begun = time.perf_counter()
        runs = ts.train_many(jobs, X, y)
        seconds += time.perf_counter() - begun
        all_scores.append([score(run.network.predict(X[test]), y[test]) for run in runs])
    return np.array(all_scores), seconds


def main() -> None:
    print(f"{'':<36}{'float32':>9}{'bfloat16':>10}{'difference':>20}{'times as fast':>16}")
    for title, data, widths, loss, score, batch in CASES:
        X, y = data()
        hidden = [ts.Dense(width, activation="relu") for width in widths[:-1]]
        net = ts.Network([*hidden, ts.Dense(widths[-1])], input_shape=(X.shape[1],))
        full, full_seconds = scores(X, y, net, loss, score, batch, "float32")
        half, half_seconds = scores(X, y, net, loss, score, batch, "bfloat16")
        apart = (half - full).mean(axis=1)  # a split each
        error = apart.std(ddof=1) / np.sqrt(SPLITS)
        difference = f"{apart.mean():+.4f} ± {error:.4f}"
        print(f"{title:<36}{full.mean():>9.4f}{half.mean():>10.4f}{difference:>20}{full_seconds / half_seconds:>16.2f}")


if __name__ == "__main__":
    main()
