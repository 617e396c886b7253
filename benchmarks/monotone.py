"""What `--monotone` costs: RMSE on rows that nothing has seen, free, free with the same networks, and held.

    python -m benchmarks.monotone --data FOLDER [--tables concrete,california] [--seeds 0,1,2] [--effort usual]
                                  [--rows N] [--answer best] [--folds N] [--ways free,relu,held]

`free` is `ts.fit` as it is. `relu` has the networks that can be held (ReLU, dense), without being held, so that
what the activations cost is told from what the directions cost. `held` is `ts.fit(…, monotone=…)`. Beside the RMSE
stands the share of test rows whose answer moves the wrong way when a column is raised by a tenth of its deviation: of
what is held it must be none. Splits are those of `benchmarks/answers.py`; `--rows` learns from as many rows only.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.answers import load

KNOWN = {
    "concrete": {"age": "+", "cement": "+"},
    "california": {"median_income": "+"},
}
_RAISED = 0.1  # deviations
_NOTHING = 1e-9  # of the target's deviation: a difference that rounding makes


def wrong_ways(model: Any, test: Any, directions: dict[str, str], spread: float) -> float:
    """The share of rows whose answer moves against a direction when its column is raised."""
    before, wrong = np.asarray(model.predict(test)), np.zeros(len(test), dtype=bool)
    for column, way in directions.items():
        raised = test.assign(**{column: test[column].astype(float) + _RAISED * test[column].std()})
        moved = np.asarray(model.predict(raised)) - before
        wrong |= (moved if way == "+" else -moved) < -_NOTHING * spread
    return float(wrong.mean())


def run(folder: Path, name: str, seed: int, asked: list[str], rows: int | None, usual: dict[str, Any]) -> list[str]:
    """A line for each way to fit; `usual` are the options that all have."""
    import thetastar as ts
    from thetastar.data.piecewise import pieces_for
    from thetastar.recipes.monotone import monotone_candidates

    train, test, target = load(folder, name, seed)
    train = train.iloc[:rows].drop(columns="rownames", errors="ignore")
    test, directions, found = test.drop(columns="rownames", errors="ignore"), KNOWN[name], []
    truth = test[target].to_numpy(np.float64)
    numbers = train.drop(columns=target).select_dtypes("number").shape[1]
    alike = monotone_candidates(pieces_for(numbers, int(0.8 * len(train))))  # about as many pieces as a study has
    ways: dict[str, dict[str, Any]] = {
        "free": {},
        "relu": {"candidates": alike},
        "held": {"monotone": directions},
    }
    for way in asked:
        before = time.process_time()
        model = ts.fit(train, target=target, seed=seed, **usual, **ways[way])
        seconds = time.process_time() - before
        rmse = float(np.sqrt(np.mean(np.square(np.asarray(model.predict(test)) - truth))))
        wrong = wrong_ways(model, test.drop(columns=target), directions, float(truth.std()))
        found.append(
            f"{name:<10} {seed} {way:<4} RMSE {rmse:10.5g}, {wrong:6.1%} of the rows move the wrong way, "
            f"{seconds:.0f} s, {model.record.answer.kind} of {len(model.members)}"
        )
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="What holding directions costs on unseen rows.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--tables", default=",".join(KNOWN))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--effort", default="usual")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--answer", default="best", choices=("best", "networks", "one"))
    parser.add_argument("--folds", type=int)
    parser.add_argument("--ways", default="free,relu,held")
    given = parser.parse_args()
    effort = given.effort if given.effort.isalpha() else float(given.effort)
    usual, ways = {"effort": effort, "answer": given.answer, "folds": given.folds}, given.ways.split(",")
    for name in given.tables.split(","):
        for seed in given.seeds.split(","):
            print(*run(given.data, name, int(seed), ways, given.rows, usual), sep="\n", flush=True)


if __name__ == "__main__":
    main()
