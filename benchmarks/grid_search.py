"""`ts.GridSearch` beside `GridSearchCV`: 42 combinations in 5 folds on scikit-learn's digits, in turns of one run.

    python benchmarks/grid_search.py [--turns 3] [--epochs 20] [--rows 1797]

The sides: `ts.GridSearch` over `NetworkClassifier`, `GridSearchCV` over the same, and `GridSearchCV(n_jobs=2)`
over scikit-learn's `MLPClassifier` with the same widths, epochs, batches and rates. None refits. Wall times; printed
are, a line a side, the median seconds, the median of how many times as long as `ts.GridSearch` it took in the same
turn, and the best mean accuracy; before them a line a turn. At full size a turn takes three to five minutes on two
cores: run it when nothing else runs. `--epochs 2 --rows 200 --turns 1` shows in half a minute that it runs.
"""

from __future__ import annotations

import argparse
import statistics
import time
import warnings

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

import thetastar as ts

BATCH = 32
WIDTHS = [(16,), (32,), (64,), (100,), (32, 32), (64, 64), (100, 100)]
RATES = [0.001, 0.003, 0.01]
ACTIVATIONS = ["relu", "tanh"]
X = StandardScaler().fit_transform(load_digits().data).astype("float32")
Y = load_digits().target


def ours(search: type, epochs: int, rows: int) -> GridSearchCV:
    network = ts.NetworkClassifier(
        epochs=epochs, batch_size=BATCH, optimizer="adam", schedule="constant", weight_decay=0, random_state=0
    )
    grid = {"hidden_layer_sizes": WIDTHS, "learning_rate": RATES, "activation": ACTIVATIONS}
    return search(network, grid, cv=5, refit=False).fit(X[:rows], Y[:rows])


def theirs(epochs: int, rows: int) -> GridSearchCV:
    network = MLPClassifier(max_iter=epochs, batch_size=BATCH, alpha=0, n_iter_no_change=epochs, random_state=0)
    grid = {"hidden_layer_sizes": WIDTHS, "learning_rate_init": RATES, "activation": ACTIVATIONS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return GridSearchCV(network, grid, cv=5, refit=False, n_jobs=2).fit(X[:rows], Y[:rows])


def main() -> None:
    """Run the turns and print the ratios."""
    parser = argparse.ArgumentParser(description="ts.GridSearch beside GridSearchCV.")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--rows", type=int, default=len(Y))
    given = parser.parse_args()
    size = (given.epochs, given.rows)
    sides = {
        "ts.GridSearch": lambda: ours(ts.GridSearch, *size),
        "GridSearchCV over NetworkClassifier": lambda: ours(GridSearchCV, *size),
        "GridSearchCV over MLPClassifier": lambda: theirs(*size),
    }
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    best = {}
    count = len(WIDTHS) * len(RATES) * len(ACTIVATIONS)
    print(f"{count} combinations × 5 folds, {given.epochs} epochs of {given.rows:,} rows", flush=True)
    for turn in range(given.turns):
        for name, run in sides.items():
            began = time.perf_counter()
            best[name] = run().cv_results_["mean_test_score"].max()
            seconds[name].append(time.perf_counter() - began)
        print(f"turn {turn + 1}: " + ", ".join(f"{taken[-1]:.1f} s" for taken in seconds.values()), flush=True)
    for name, taken in seconds.items():
        ratio = statistics.median(other / own for own, other in zip(seconds["ts.GridSearch"], taken, strict=True))
        print(f"{name:<38} {statistics.median(taken):7.2f} s  {ratio:6.1f} times as long   best {best[name]:.4f}")


if __name__ == "__main__":
    main()
