"""scikit-learn's side: `MLPRegressor` and `MLPClassifier` with the same start, and GridSearchCV over them.

The start is put in by a warm start: one epoch makes the arrays, which are then overwritten.
"""

from __future__ import annotations

import warnings

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from turns import named_layers, serve, starts

warnings.filterwarnings("ignore", category=ConvergenceWarning)
_FOREVER = {"tol": 0.0, "n_iter_no_change": 1_000_000_000}


def build(spec, arrays):
    """The estimator, made but not trained, with what overwrites its parameters."""
    start = starts(spec, arrays)[0]
    names = [name for name, _ in named_layers(spec)]
    weights, biases = ([start[f"{name}.{part}"] for name in names] for part in ("weight", "bias"))
    kind = MLPClassifier if spec["loss"] == "cross_entropy" else MLPRegressor
    estimator = kind(hidden_layer_sizes=[w.shape[1] for w in weights[:-1]], activation="relu", solver="adam", alpha=0.0,
                     batch_size=spec["batch"], learning_rate_init=spec["learning_rate"],
                     max_iter=1, shuffle=False, warm_start=True, **_FOREVER)  # fmt: skip
    y = arrays["y"]
    estimator.fit(arrays["X"], y if y.ndim == 1 or y.shape[1] > 1 else y[:, 0])

    def begin() -> None:
        estimator.coefs_ = [w.copy() for w in weights]
        estimator.intercepts_ = [b.copy() for b in biases]

    return estimator, begin


def prepare_training(spec, arrays):
    estimator, begin = build(spec, arrays)
    X, y = arrays["X"], arrays["y"]
    y = y if y.ndim == 1 or y.shape[1] > 1 else y[:, 0]
    halves = 1 if spec["loss"] == "cross_entropy" else 2  # its squared error is halved

    def turn(epochs: int) -> dict:
        begin()
        estimator.set_params(max_iter=epochs)
        estimator.loss_curve_ = []
        estimator.fit(X, y)
        return {"losses": [float(estimator.loss_curve_[-1]) * halves]}

    return turn, {"version": sklearn.__version__}


def prepare_prediction(spec, arrays):
    # One row would be too few to make the arrays from: any target does, its network is overwritten.
    rows = np.resize(arrays["X"][:64], (64, arrays["X"].shape[1]))
    estimator, begin = build(spec, arrays | {"X": rows, "y": np.linspace(0, 1, 64, dtype=np.float32)[:, None]})
    begin()
    X = arrays["X"]

    def turn(passes: int) -> dict:
        for _ in range(passes):
            predicted = estimator.predict(X)
        return {"outputs": [float(value) for value in predicted[:16].ravel()]}

    return turn, {"version": sklearn.__version__}


def prepare_search(spec, arrays):
    from sklearn.model_selection import GridSearchCV, ParameterGrid

    X, y = arrays["X"], arrays["y"]
    folds = [(arrays[f"train/{k}"], arrays[f"valid/{k}"]) for k in range(spec["folds"])]
    grid = [{name: [tuple(v) if isinstance(v, list) else v] for name, v in point.items()} for point in spec["grid"]]
    assert len(list(ParameterGrid(grid))) == len(spec["grid"])

    def turn(epochs: int) -> dict:
        network = MLPClassifier(max_iter=epochs, batch_size=spec["batch"], random_state=0, **_FOREVER)
        search = GridSearchCV(network, grid, cv=folds, n_jobs=spec["threads"], refit=False).fit(X, y)
        return {"accuracies": [float(value) for value in search.cv_results_["mean_test_score"]]}

    return turn, {"version": sklearn.__version__}


if __name__ == "__main__":
    serve({"train": prepare_training, "predict": prepare_prediction, "search": prepare_search})
