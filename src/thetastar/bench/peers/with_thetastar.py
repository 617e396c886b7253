"""thetastar's side: `train_many` and `Network.predict` as anyone calls them."""

from __future__ import annotations

import thetastar as ts
from thetastar._native import level
from thetastar.bench.architectures import build
from thetastar.bench.peers.turns import serve, starts


def prepare_training(spec, arrays):
    network = build(spec)
    networks = [network.with_parameters(start) for start in starts(spec, arrays)]
    X, y, adam = arrays["X"], arrays["y"], ts.optimizers.Adam(spec["learning_rate"], epsilon=1e-8)

    def turn(epochs: int) -> dict:
        job = ts.Job(
            network, loss=spec["loss"], optimizer=adam, epochs=epochs, batch_size=spec["batch"], shuffle=False,
            matmul_precision=spec.get("matmul_precision", "float32"),
        )  # fmt: skip
        runs = ts.train_many(job.restarts(networks), X, y, threads=spec["threads"])
        return {"losses": [run.loss for run in runs], "way": str(runs[0].way)}

    return turn, {"version": ts.__version__, "level": level}


def prepare_memory(spec, arrays):
    """Training, with the growth of the process's memory at its peak (Linux)."""
    train, about = prepare_training(spec, arrays)
    ts.train(ts.Network([ts.Dense(1)], (1,)), [[0.0]], [0.0], epochs=1)  # what only the first training loads

    def resident(word: str) -> int:
        with open("/proc/self/status", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(word))

    def turn(epochs: int) -> dict:
        with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
            file.write("5")  # the peak counts from here
        before = resident("VmRSS")
        return train(epochs) | {"grown_bytes": resident("VmHWM") - before}

    return turn, about


def prepare_prediction(spec, arrays):
    network, X = build(spec).with_parameters(starts(spec, arrays)[0]), arrays["X"]

    def rows(passes: int) -> dict:
        for _ in range(passes):
            predicted = network.predict(X, threads=spec["threads"])
        return {"outputs": predicted[:16].ravel().tolist()}

    def row(calls: int) -> dict:
        one = X[:1]
        for _ in range(calls):
            predicted = network.predict(one)
        return {"outputs": predicted.ravel().tolist()}

    return (row if len(X) == 1 else rows), {"version": ts.__version__, "level": level}


def prepare_search(spec, arrays):
    """The grid's networks on its folds, all at once; the accuracy is the mean over the folds."""
    import numpy as np

    X, y, grid = arrays["X"], arrays["y"], spec["grid"]
    folds = [(arrays[f"train/{k}"], arrays[f"valid/{k}"]) for k in range(spec["folds"])]

    def turn(epochs: int) -> dict:
        jobs = []
        for point in grid:
            widths = [ts.Dense(width, activation="relu") for width in point["hidden_layer_sizes"]]
            network = ts.Network([*widths, ts.Dense(10)], input_shape=(X.shape[1],))
            adam = ts.optimizers.Adam(point["learning_rate_init"], epsilon=1e-8)
            # scikit-learn's penalty is alpha / 2 · Σ w² divided by the rows of the batch
            penalty = point["alpha"] / 2 / spec["batch"]
            jobs += [
                ts.Job(network, loss="cross_entropy", optimizer=adam, epochs=epochs, batch_size=spec["batch"],
                       rows=train, l2=penalty, seed=k)
                for k, (train, _) in enumerate(folds)
            ]  # fmt: skip
        runs = ts.train_many(jobs, X, y, threads=spec["threads"])
        right = [
            float(np.mean(run.network.predict(X[folds[k % len(folds)][1]]).argmax(1) == y[folds[k % len(folds)][1]]))
            for k, run in enumerate(runs)
        ]
        means = np.array(right).reshape(len(grid), len(folds)).mean(axis=1)
        return {"accuracies": means.tolist()}

    return turn, {"version": ts.__version__, "level": level}


if __name__ == "__main__":
    serve(
        {"train": prepare_training, "memory": prepare_memory, "predict": prepare_prediction, "search": prepare_search}
    )
