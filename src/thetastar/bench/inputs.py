"""What every side of a case gets: the same rows, targets and initial parameters, written to one file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from thetastar.bench.architectures import Architecture
from thetastar.bench.cases import Prediction, Search, Training

__all__ = ["write_inputs"]


def write_inputs(case: Training | Prediction | Search, folder: Path) -> Path:
    """Write "X" (n, F) and "y", and the starts "dense_1.weight" (networks, I, O), … or the folds, as one .npz file."""
    path = folder / f"{case.name}.npz"
    if isinstance(case, Search):
        np.savez(path, **_folds(case))
        return path
    X, y = _rows(case.net, case.rows)
    network = case.net.network()
    starts = [network.initialized(seed=seed).parameters for seed in range(case.networks)]
    np.savez(path, X=X, y=y, **{name: np.stack([start[name] for start in starts]) for name in starts[0]})
    return path


def _rows(net: Architecture, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows that something can be learned from: noise in X, and a target that depends on it; seed 0."""
    random = np.random.default_rng(0)
    size = int(np.prod(net.input_shape))
    X = random.standard_normal((rows, size), dtype=np.float32)
    if len(net.input_shape) == 3:
        X = np.abs(X)  # pixels are not negative
    weights = random.standard_normal((size, 10), dtype=np.float32) / np.sqrt(size)
    scores = X[:, :size] @ weights
    if net.loss == "cross_entropy":
        return X, scores.argmax(axis=1).astype(np.int64)
    return X, np.tanh(scores[:, :1]) + 0.1 * random.standard_normal((rows, 1), dtype=np.float32)


def _folds(case: Search) -> dict[str, np.ndarray]:
    from sklearn.datasets import load_digits
    from sklearn.model_selection import StratifiedKFold

    X, y = load_digits(return_X_y=True)
    X = ((X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-6)).astype(np.float32)
    arrays: dict[str, np.ndarray] = {"X": X, "y": y.astype(np.int64)}
    folds = StratifiedKFold(case.folds, shuffle=True, random_state=0).split(X, y)
    for k, (train, valid) in enumerate(folds):
        arrays |= {f"train/{k}": train.astype(np.int64), f"valid/{k}": valid.astype(np.int64)}
    return arrays
