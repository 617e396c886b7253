"""Members of one network with a loss each (TabM's form) beside separate networks, on rows that nothing has seen.

    python -m benchmarks.members --data FOLDER [--tables concrete,california,telco] [--seeds 0,1,2] [--rate 0.01]
                                 [--members 8] [--separate 4]

All are 64-64 on numbers in 16 pieces, silu, dropout 0.1, AdamW, batches of 64, and keep the best epoch of one fifth
of the rows: one dense network, some of them averaged, and members that share their weights. RMSE, AUC of telco; seconds
of the processor for training and prediction on one thread.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

TABLES = {  # file, target, rows to learn from, epochs
    "concrete": ("concrete.csv", "compressive_strength", 824, 180),
    "california": ("california_housing.csv", "median_house_value", 4000, 25),
    "telco": ("WA_Fn-UseC_-Telco-Customer-Churn.csv", "Churn", 3000, 25),
}
_PIECES, _WIDTH, _DROPOUT = 16, 64, 0.1


def prepared(folder: Path, name: str, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows to learn from and to judge by, and their targets: numbers, or 1 for a yes."""
    import pandas as pd
    from sklearn.model_selection import train_test_split

    from thetastar.data import Preparation, infer_roles, read_table
    from thetastar.data.piecewise import PiecewisePreparation

    file, target, count, _ = TABLES[name]
    table = pd.read_csv(folder / file).drop(columns=["rownames", "customerID"], errors="ignore")
    if name == "telco":
        table["TotalCharges"] = pd.to_numeric(table["TotalCharges"], errors="coerce")
    learned, judged = (
        part.reset_index(drop=True) for part in train_test_split(table, train_size=count, random_state=seed)
    )
    read, every = read_table(learned), np.arange(count)
    preparation = Preparation.fit(read, every, infer_roles(read, target))
    plain = preparation.transform(read)
    cut = PiecewisePreparation.fit(preparation, plain, every, _PIECES)
    truths = [(p[target] == "Yes" if name == "telco" else p[target]).to_numpy(np.float64) for p in (learned, judged)]
    return cut.expand(plain), cut.expand(preparation.transform(read_table(judged))), truths[0], truths[1]


def trained(
    layers: list[Any], rows: np.ndarray, target: np.ndarray, name: str, rate: float, split: int, seed: int
) -> Any:
    """The network of the best epoch."""
    import thetastar as ts

    order, epochs = np.random.default_rng(split).permutation(len(rows)), TABLES[name][3]
    job = ts.Job(
        ts.Network(layers, input_shape=(rows.shape[1],)), epochs=epochs, batch_size=64, seed=seed,
        loss="binary_cross_entropy" if name == "telco" else "mean_squared_error",
        optimizer=ts.optimizers.AdamW(rate, weight_decay=0.02), schedule=ts.schedules.Cosine(warmup=0.1),
        rows=np.sort(order[len(rows) // 5 :]), validation_rows=np.sort(order[: len(rows) // 5]),
        stop=[ts.EarlyStopping(patience=epochs)],
    )  # fmt: skip
    return ts.train_many([job], rows, target.astype(np.float32), threads=1)[0].network


def dense() -> list[Any]:
    import thetastar as ts

    hidden = [[ts.Dense(_WIDTH, activation="silu"), ts.Dropout(_DROPOUT)] for _ in range(2)]
    return [*hidden[0], *hidden[1], ts.Dense(1)]


def ensemble(members: int) -> list[Any]:
    import thetastar as ts

    layers: list[Any] = []
    for start in ("random_signs", "ones"):
        layers += [ts.BatchEnsemble(_WIDTH, members=members, input_scale_initializer=start), ts.Activation("silu"),
                   ts.Dropout(_DROPOUT)]  # fmt: skip
    return [*layers, ts.BatchEnsemble(1, members=members), ts.Flatten()]


def case(folder: Path, name: str, seed: int, rate: float, members: int, separate: int) -> str:
    """One line of figures."""
    from sklearn.metrics import roc_auc_score

    rows, later, target, truth = prepared(folder, name, seed)
    labels = name == "telco"
    middle, spread = (0.0, 1.0) if labels else (target.mean(), target.std())
    aim = ((target - middle) / spread)[:, None]

    def said(network: Any) -> np.ndarray:
        outputs = network.predict(later).astype(np.float64)
        return (1 / (1 + np.exp(-outputs)) if labels else outputs).mean(axis=1)

    def alone(number: int) -> np.ndarray:
        return said(trained(dense(), rows, aim, name, rate, seed, seed + 10 * number))

    ways = {
        "one": lambda: alone(0),
        f"{separate} separate": lambda: np.mean([alone(number) for number in range(separate)], axis=0),
        f"{members} members": lambda: said(
            trained(ensemble(members), rows, np.repeat(aim, members, axis=1), name, rate, seed, seed)
        ),
    }
    found = []
    for way, answer in ways.items():
        before = time.process_time()
        predicted = answer()
        seconds = time.process_time() - before
        score = (
            roc_auc_score(truth, predicted) if labels else np.sqrt(np.mean((predicted * spread + middle - truth) ** 2))
        )
        found.append(f"{way} {score:.5g} ({seconds:.1f} s)")
    return f"{name} {seed}: {', '.join(found)}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Members with a loss each beside separate networks.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--rate", type=float, default=0.01)
    parser.add_argument("--members", type=int, default=8)
    parser.add_argument("--separate", type=int, default=4)
    given = parser.parse_args()
    for name in given.tables.split(","):
        for seed in given.seeds.split(","):
            print(case(given.data, name, int(seed), given.rate, given.members, given.separate), flush=True)


if __name__ == "__main__":
    main()
