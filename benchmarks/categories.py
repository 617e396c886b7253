"""Categories as columns of 0 and 1, or as vectors of 8 learned numbers, on rows that nothing has seen.

    python -m benchmarks.categories --data FOLDER [--cases adult,levels] [--seeds 0,1,2] [--rows 4000]

Both networks see categories alone, so that nothing else differs: numbers are cut into 16 of them by their quantiles.
Behind the columns, or the vectors side by side, are two layers of 64, silu, dropout 0.1, AdamW, the best epoch of a
fifth of the rows. `adult` is the table with its own test file (AUC); in `levels` the answer is an effect of each of 200
levels, and of a number that acts by the group that the level belongs to, with noise of deviation 0.3 (RMSE). One line a
case, with the processor's seconds on one thread.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

_BINS, _UNITS = 16, 8
_LEVELS, _GROUPS, _LATER = 200, 5, 20_000

Case = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, bool]
"""Categories (n, T) and targets to learn from and to judge by, and whether these are yes or no."""


def adult(folder: Path, seed: int, rows: int) -> Case:
    from benchmarks.answers import load

    train, test, target = load(folder, "adult", seed)
    some = np.sort(np.random.default_rng(seed).permutation(len(train))[:rows])
    train = train.iloc[some]
    columns = []
    for name in train.columns.drop(target):
        if train[name].dtype.kind in "if":
            edges = np.unique(np.quantile(train[name], np.linspace(0, 1, _BINS + 1)[1:-1]))
            columns.append([np.searchsorted(edges, part[name]) for part in (train, test)])
        else:
            levels = {level: place for place, level in enumerate(sorted(train[name].dropna().unique()))}
            columns.append([part[name].map(levels).fillna(len(levels)).to_numpy(np.int64) for part in (train, test)])
    learned, judged = (np.column_stack([column[k] for column in columns]) for k in (0, 1))
    yes = [(part[target] == ">50K").to_numpy(np.float64) for part in (train, test)]
    return learned, judged, yes[0], yes[1], True


def levels(folder: Path, seed: int, rows: int) -> Case:
    generator = np.random.default_rng(seed)
    effect, group = generator.normal(size=_LEVELS), generator.integers(0, _GROUPS, _LEVELS)
    slope = np.linspace(-1.5, 1.5, _GROUPS)
    level, number = generator.integers(0, _LEVELS, rows + _LATER), generator.normal(size=rows + _LATER)
    target = effect[level] + slope[group[level]] * number + 0.3 * generator.normal(size=rows + _LATER)
    edges = np.quantile(number[:rows], np.linspace(0, 1, _BINS + 1)[1:-1])
    found = np.column_stack([level, np.searchsorted(edges, number)])
    return found[:rows], found[rows:], target[:rows], target[rows:], False


CASES = {"adult": adult, "levels": levels}


def case(folder: Path, name: str, seed: int, rows: int) -> str:
    """One line of figures."""
    from sklearn.metrics import roc_auc_score

    import thetastar as ts

    learned, judged, target, truth, labels = CASES[name](folder, seed, rows)
    counts = np.maximum(learned.max(axis=0), judged.max(axis=0)) + 1
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    middle, spread = (0.0, 1.0) if labels else (target.mean(), target.std())

    def by_columns(part: np.ndarray) -> np.ndarray:
        found = np.zeros((len(part), counts.sum()), np.float32)
        np.put_along_axis(found, part + starts, 1.0, axis=1)
        return found

    def by_numbers(part: np.ndarray) -> np.ndarray:
        return (part + starts).astype(np.float32)

    def network(first: list[Any], inputs: int) -> Any:
        layers = [*first, *(layer for _ in range(2) for layer in (ts.Dense(64, activation="silu"), ts.Dropout(0.1)))]
        return ts.Network([*layers, ts.Dense(1)], input_shape=(inputs,))

    drawn = ts.initializers.normal(std=1.0)  # as RealMLP draws them; by small ones they learn slowly
    embedded = [ts.Embedding(int(counts.sum()), _UNITS, embeddings_initializer=drawn), ts.Flatten()]
    ways = {
        "columns": (by_columns, network([], int(counts.sum()))),
        "vectors": (by_numbers, network(embedded, len(counts))),
    }
    order, found = np.random.default_rng(seed).permutation(len(learned)), []
    for way, (made, start) in ways.items():
        before = time.process_time()
        job = ts.Job(
            start, loss="binary_cross_entropy" if labels else "mean_squared_error", epochs=30, batch_size=64, seed=seed,
            optimizer=ts.optimizers.AdamW(0.005, weight_decay=0.02), schedule=ts.schedules.Cosine(warmup=0.1),
            rows=np.sort(order[len(order) // 5 :]), validation_rows=np.sort(order[: len(order) // 5]),
            stop=[ts.EarlyStopping(patience=30)],
        )  # fmt: skip
        aim = ((target - middle) / spread).astype(np.float32)[:, None]
        run = ts.train_many([job], made(learned), aim, threads=1)[0]
        said = run.network.predict(made(judged))[:, 0].astype(np.float64)
        score = roc_auc_score(truth, said) if labels else np.sqrt(np.mean((said * spread + middle - truth) ** 2))
        found.append(f"{way} {score:.5g} ({time.process_time() - before:.1f} s)")
    return f"{name} {seed}: {', '.join(found)}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Categories as columns of 0 and 1, or as learned vectors.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--rows", type=int, default=4_000)
    given = parser.parse_args()
    for name in given.cases.split(","):
        for seed in given.seeds.split(","):
            print(case(given.data, name, int(seed), given.rows), flush=True)


if __name__ == "__main__":
    main()
