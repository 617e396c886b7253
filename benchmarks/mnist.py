"""MNIST by hand: the four networks that papers report, their test errors, times and epochs.

    python benchmarks/mnist.py --folder DIR [--only NAME ...] [--seeds 3] [--validate] [--json FILE]

DIR holds the four IDX files of the data set (train-images-idx3-ubyte.gz and so on). Every network trains on the 60,000
with some seeds, as jobs side by side, one a thread, for a fixed number of epochs, and is then measured once on the
10,000 test images. The settings below were chosen as --validate measures: training on the first 50,000, measuring on
the last 10,000 of the 60,000, one seed each, two to five settings a network. Only the 30 epochs of 3x1024 were not: it
was chosen at 20.
"""

from __future__ import annotations

import argparse
import gzip
import json
import time
from pathlib import Path

import numpy as np

import thetastar as ts
from thetastar._native import default_threads, level


def dense(*widths: int, dropout: float = 0.5) -> ts.Network:
    """Dense layers with ReLU; a fifth of the pixels and that share of every layer are dropped in training."""
    layers: list[ts.layers.Layer] = [ts.Flatten(), ts.Dropout(0.2)]
    for width in widths:
        layers += [ts.Dense(width, activation="relu", kernel_initializer="he_uniform"), ts.Dropout(dropout)]
    return ts.Network([*layers, ts.Dense(10)], input_shape=(28, 28, 1))


RECIPE = {"loss": "cross_entropy", "optimizer": ts.optimizers.Adam(1e-3), "schedule": ts.schedules.Cosine()}
FASTER = ts.optimizers.Adam(2e-3)
SMOOTHED = ts.losses.CrossEntropy(label_smoothing=0.1)
MOVED = ts.Augment(shift=1.5, scale=0.1, rotate=10, shear=5)
# name: (network, settings, the test error in % that it must not exceed)
NETWORKS = {
    "784-800-10": (dense(800), {"epochs": 20, "batch_size": 128}, 1.6),
    "3x1024": (
        dense(1024, 1024, 1024, dropout=0.4),
        {"epochs": 30, "batch_size": 128, "max_norm": 2.0, "loss": SMOOTHED},
        1.25,
    ),
    "lenet5": (ts.presets.lenet5(dropout=0.3), {"epochs": 20, "batch_size": 64, "optimizer": FASTER}, 0.95),
    "lenet5-augmented": (
        ts.presets.lenet5(),
        {"epochs": 40, "batch_size": 64, "optimizer": FASTER, "augment": MOVED},
        0.7,
    ),
}


def read(folder: Path, name: str) -> np.ndarray:
    """An IDX file: two zeros, the type (8: bytes), the number of sizes, the sizes, the numbers."""
    data = gzip.decompress((folder / f"{name}.gz").read_bytes())
    sizes = np.frombuffer(data, ">u4", count=data[3], offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(sizes)


def load(folder: Path, kind: str) -> tuple[np.ndarray, np.ndarray]:
    X = read(folder, f"{kind}-images-idx3-ubyte").astype(np.float32)[..., None] / 255
    return X, read(folder, f"{kind}-labels-idx1-ubyte").astype(np.int64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--only", choices=NETWORKS, nargs="+", default=list(NETWORKS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, help="other than the network's own")
    parser.add_argument("--threads", type=int, default=default_threads())
    parser.add_argument("--validate", action="store_true", help="measure on the last 10,000 of the 60,000")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    X, y = load(options.folder, "train")
    if options.validate:
        X, y, held, truth = X[:50000], y[:50000], X[50000:], y[50000:]
    else:
        held, truth = load(options.folder, "t10k")
    print(f"engine {level}, {options.threads} threads, {len(X):,} images to learn from, {len(held):,} to judge by")
    results = {}
    for name in options.only:
        network, settings, limit = NETWORKS[name]
        settings = RECIPE | settings | ({"epochs": options.epochs} if options.epochs else {})
        seeds = range(options.first_seed, options.first_seed + options.seeds)
        started = time.perf_counter()
        runs = ts.train_many([ts.Job(network, seed=seed, **settings) for seed in seeds], X, y, threads=options.threads)
        seconds = time.perf_counter() - started
        errors = [100 * float(np.mean(run.network.predict(held).argmax(axis=1) != truth)) for run in runs]
        results[name] = {
            "errors": errors, "limit": limit, "epochs": settings["epochs"], "seconds_a_run": [r.seconds for r in runs],
            "seconds": seconds, "validated": options.validate,
        }  # fmt: skip
        listed = ", ".join(f"{error:.2f}" for error in errors)
        print(
            f"{name:17s} error {np.mean(errors):.2f} % (at most {limit} %; seeds: {listed}), "
            f"{settings['epochs']} epochs, {np.median([run.seconds for run in runs]):.0f} s a run, "
            f"{seconds:.0f} s for all",
            flush=True,
        )
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
