"""What calibrating several classes brings on rows that nothing has seen: a temperature, or a scale and shift a class.

    python -m benchmarks.calibration --data FOLDER [--tables letter,covertype,wine] [--seeds 0,1]
                                     [--models network,trees]

A model learns from some thousand rows, others calibrate it, all others judge: log loss and accuracy as it is, with a
temperature, with a scale and a shift for each class by how strongly these are drawn to a temperature, and what a study
would have kept. One line a case; a case takes some seconds on one thread.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np

TABLES = {  # file, target, rows to learn from; the rest of at most 2,000 calibrate
    "letter": ("LetterRecognition.csv", "lettr", 4000),
    "covertype": ("covertype_15k.csv", "Cover_Type", 4000),
    "wine": ("winequality-red.csv", 11, 800),
}
DRAWN = (1.0, 3.0, 10.0, 30.0, 100.0)
_CALIBRATING = 2000
_FEWEST = 20  # rows of a class; rarer ones are left out

Predict = Callable[[np.ndarray], np.ndarray]


def read(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """(n, F) standardised columns and (n,) class indices."""
    import pandas as pd

    file, target, _ = TABLES[name]
    table = pd.read_csv(folder / file, header=None if isinstance(target, int) else "infer")
    counts = table[target].value_counts()
    table = table[table[target].map(counts) >= _FEWEST].drop(columns="Id", errors="ignore")
    rows = table.drop(columns=target).to_numpy(np.float64)
    return (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-9), pd.factorize(table[target])[0]


def network(rows: np.ndarray, truth: np.ndarray, seed: int) -> Predict:
    """Two layers of 64, 25 epochs: sure of itself, as such networks are."""
    import thetastar as ts

    layers = [ts.Dense(64, activation="silu"), ts.Dense(64, activation="silu"), ts.Dense(int(truth.max()) + 1)]
    run = ts.train(
        ts.Network(layers, input_shape=(rows.shape[1],)), rows.astype(np.float32), truth.astype(np.int64),
        loss="cross_entropy", optimizer="adamw", epochs=25, batch_size=64, seed=seed, threads=1,
    )  # fmt: skip
    return lambda others: run.network.predict_proba(others.astype(np.float32)).astype(np.float64)


def trees(rows: np.ndarray, truth: np.ndarray, seed: int) -> Predict:
    """Sixty randomised trees: not sure enough, as averages are."""
    from sklearn.ensemble import ExtraTreesClassifier

    return ExtraTreesClassifier(60, min_samples_leaf=2, random_state=seed).fit(rows, truth).predict_proba


MODELS = {"network": network, "trees": trees}


def case(folder: Path, name: str, model: str, seed: int) -> str:
    """One line of figures."""
    from sklearn.model_selection import train_test_split

    from thetastar.model.metrics import METRICS
    from thetastar.study import vector_scaling
    from thetastar.study.calibrate import calibrate, fit_temperature

    rows, truth = read(folder, name)
    learned, rest = train_test_split(
        np.arange(len(truth)), train_size=TABLES[name][2], random_state=seed, stratify=truth
    )
    held, judged = train_test_split(
        rest, train_size=min(_CALIBRATING, len(rest) // 2), random_state=seed, stratify=truth[rest]
    )
    predict = MODELS[model](rows[learned], truth[learned], seed)
    said, real = predict(rows[held]), truth[held]
    later, so = predict(rows[judged]), truth[judged]

    def scored(probabilities: np.ndarray) -> str:
        return " ".join(f"{METRICS[metric](so, probabilities):.4f}" for metric in ("log_loss", "accuracy"))

    found = [f"plain {scored(later)}", f"temperature {scored(fit_temperature(said, real)(later))}"]
    usual = vector_scaling._DRAWN
    try:
        for drawn in DRAWN:
            vector_scaling._DRAWN = drawn
            found.append(f"drawn by {drawn:g} {scored(vector_scaling.fit_vector(said, real)(later))}")
    finally:
        vector_scaling._DRAWN = usual
    kept = calibrate(said, real, int(truth.max()) + 1, seed)[1].kind
    return f"{name} {model} {seed}: {'; '.join(found)}; kept {kept or 'nothing'}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Log loss before and after calibrating several classes.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--seeds", default="0,1")
    parser.add_argument("--models", default=",".join(MODELS))
    given = parser.parse_args()
    for name in given.tables.split(","):
        for model in given.models.split(","):
            for seed in given.seeds.split(","):
                print(case(given.data, name, model, int(seed)), flush=True)


if __name__ == "__main__":
    main()
