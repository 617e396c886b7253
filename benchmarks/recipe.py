"""The recipe for tables beside pytabkit's RealMLP-TD: processor time of one training at the same widths and epochs.

    python benchmarks/recipe.py --data FOLDER --peer PYTHON [--tables concrete,telco] [--epochs 256] [--turns 3]

Both train 3 layers of 256 neurons with 16 cosines a number, dropout 0.15 and batches of 256 rows on the training part
of `answers.py`'s split (seed 0), a fifth of it held out for the best epoch, on one thread. `PYTHON` is an interpreter
that has pytabkit; it is asked in turns with ours, and medians count. The score of the split's test rows stands beside,
so that nobody compares trainings that differ. The last column is what the products of our training alone ask of the
processor: their multiplications at the speed of this machine's fastest product of that size.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from answers import TABLES, load, score

THEIRS = """
import json, os, sys, time
os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
import pandas, torch
from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor
torch.set_num_threads(1)
train, test, aim, metric, epochs = sys.argv[1:]
train, test = pandas.read_csv(train), pandas.read_csv(test)
kind = RealMLP_TD_Regressor if metric == "rmse" else RealMLP_TD_Classifier
model = kind(device="cpu", random_state=0, n_cv=1, n_refit=0, n_epochs=int(epochs), n_threads=1, val_fraction=0.2)
inputs = train.drop(columns=aim)
for column in inputs.select_dtypes("number"):  # it takes no missing numbers
    middle = inputs[column].median()
    inputs[column], test[column] = inputs[column].fillna(middle), test[column].fillna(middle)
before = time.process_time()
model.fit(inputs, train[aim])
seconds = time.process_time() - before
others = test.drop(columns=aim)
answers = model.predict(others) if metric == "rmse" else model.predict_proba(others)
print(json.dumps({"seconds": seconds, "answers": answers.tolist()}))
"""


def ours(train: Any, test: Any, aim: str, metric: str, epochs: int) -> tuple[float, np.ndarray, Any]:
    """Seconds of the training, what it makes of the test rows, and the run."""
    import thetastar as ts
    from thetastar.data import Preparation, infer_roles, read_table

    table = read_table(train)
    rows = np.random.default_rng(0).permutation(len(train))
    held, learned = np.sort(rows[: len(rows) // 5]), np.sort(rows[len(rows) // 5 :])
    preparation = Preparation.fit(table, learned, infer_roles(table, aim), scaling="robust", limit=3.0)
    inputs, others = (preparation.transform(read_table(each, expected=preparation.names)) for each in (train, test))
    labels = sorted(train[aim].astype(str).unique())
    numbers = metric == "rmse"
    if numbers:
        values = train[aim].to_numpy(dtype=float)
        middle, spread = values[learned].mean(), values[learned].std()
        target, outputs, loss = ((values - middle) / spread).astype(np.float32), 1, "mse"
    else:
        target = train[aim].astype(str).map({label: k for k, label in enumerate(labels)}).to_numpy()
        outputs, loss = len(labels), "cross_entropy"
    candidate = ts.Candidate(
        kind="tabular", hidden=(256, 256, 256), frequencies=16, activation="mish" if numbers else "selu", dropout=0.15,
        schedule="log_cosine", learning_rate=0.2 if numbers else 0.04, epochs=epochs, batch_size=256,
    )  # fmt: skip
    network = candidate.network(inputs.shape[1], outputs, numbers=preparation.numbers)
    job = ts.Job(network, loss=loss, rows=learned, validation_rows=held, stop=[ts.EarlyStopping(patience=epochs)],
                 **candidate.training(epochs, 256))  # fmt: skip
    before = time.process_time()
    run = ts.train_many([job], inputs, target, threads=1)[0]
    seconds = time.process_time() - before
    if numbers:
        return seconds, run.network.predict(others)[:, 0] * spread + middle, run
    return seconds, run.network.predict_proba(others), run


def theirs(peer: str, files: list[str], aim: str, metric: str, epochs: int) -> tuple[float, np.ndarray]:
    """The same by pytabkit, in a process of its own."""
    command = [peer, "-W", "ignore", "-c", THEIRS, *files, aim, metric, str(epochs)]
    found = subprocess.run(command, capture_output=True, text=True)
    if found.returncode:
        sys.exit(f"pytabkit: {found.stderr[-2000:]}")
    said = json.loads(found.stdout.splitlines()[-1])
    return said["seconds"], np.asarray(said["answers"], dtype=float)


def least_seconds(network: Any, rows: int, epochs: int) -> float:
    """What the products alone take: forward, and two of that size backward, at the speed of a product of 256 × 256."""
    left, right = np.ones((256, 256), np.float32), np.ones((256, 256), np.float32)
    speeds = []
    for _ in range(20):
        before = time.process_time()
        for _ in range(20):
            left @ right
        speeds.append(20 * 256**3 / max(time.process_time() - before, 1e-9))
    return 3 * network.multiplications * rows * epochs / max(speeds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the tables")
    parser.add_argument("--peer", required=True, help="an interpreter that has pytabkit")
    parser.add_argument("--tables", default="concrete,telco", help="names of tables, with commas")
    parser.add_argument("--epochs", type=int, default=256)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--work", type=Path, default=Path("."), help="a folder for the rows that both read")
    asked = parser.parse_args()
    print(
        f"{'table':14s}{'rows':>8s}{'ours':>10s}{'pytabkit':>10s}{'ratio':>7s}{'score':>12s}{'its':>12s}{'least':>8s}"
    )
    for name in asked.tables.split(","):
        metric = TABLES[name][2]
        train, test, aim = load(asked.data, name, 0)
        files = [str(asked.work / f"{name}-{part}.csv") for part in ("train", "test")]
        for part, file in zip((train, test), files, strict=True):
            part.to_csv(file, index=False)
        truth = test[aim].to_numpy(dtype=float) if metric == "rmse" else None
        if truth is None:
            labels = sorted(train[aim].astype(str).unique())
            truth = test[aim].astype(str).map({label: k for k, label in enumerate(labels)}).to_numpy()
        mine, its = [], []
        for _ in range(asked.turns):
            seconds, answers, run = ours(train, test, aim, metric, asked.epochs)
            mine.append(seconds)
            seconds, other = theirs(asked.peer, files, aim, metric, asked.epochs)
            its.append(seconds)
        own, other_time = statistics.median(mine), statistics.median(its)
        least = least_seconds(run.network, 4 * len(train) // 5, asked.epochs)
        scores = [f"{score(metric, truth, each):12,.4f}" for each in (answers, other)]
        times = f"{own:9.1f}s{other_time:9.1f}s{other_time / own:7.1f}"
        print(f"{name:14s}{len(train):8,d}{times}{''.join(scores)}{least:7.1f}s", flush=True)
        for file in files:
            Path(file).unlink()


if __name__ == "__main__":
    main()
