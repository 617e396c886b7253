"""Trains every layer, loss, optimiser, activation and schedule of the registry, and writes what was trained and what came out.

A program of its own, because the level of the engine is chosen when it is loaded: the test starts it with the baseline level, whose
vectors are as wide as a page's and which multiplies and adds as a page does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

from numerics import examples, loss_examples  # noqa: E402
from registry import ACTIVATIONS, LAYERS, LOSSES, OPTIMIZERS, SCHEDULES  # noqa: E402

import thetastar as ts  # noqa: E402
from thetastar import jobs, losses, optimizers, schedules  # noqa: E402

EPOCHS = 3


def run(name, net, X, y, *, loss, optimizer=None, schedule=None, epochs=EPOCHS, batch_size=8, **settings):
    """One training, described as the core is told it, and its losses and parameters."""
    optimizer = optimizer or ts.optimizers.Adam(learning_rate=0.01)
    net = net if net.is_initialized else net.initialized(seed=3)
    trained = ts.train(
        net,
        X,
        y,
        loss=loss,
        optimizer=optimizer,
        schedule=schedule,
        epochs=epochs,
        batch_size=batch_size,
        seed=5,
        **settings,
    )
    job = ts.Job(
        net, loss=loss, optimizer=optimizer, schedule=schedule, epochs=epochs, batch_size=batch_size, seed=5, **settings
    )
    found = losses.get(loss)
    native = jobs._settings(job, found, optimizers.get(optimizer), schedules.get(schedule), False, np.dtype(np.float32))
    parts = [np.asarray(part, np.float32).reshape(len(part), -1) for part in losses.member_parts(X)]
    rows, outputs = len(parts[0]), int(np.prod(net.output_shape))
    target = found.target_array("here", y, rows, outputs, np.dtype(np.float32))
    layers = [layer.native() | {"name": own} for own, layer in zip(net._names, net._layers, strict=True)]
    flat = lambda array: np.asarray(array, np.float64).ravel().tolist()  # noqa: E731
    return {
        "name": name, "job": {"network": {"input": list(net.input_shape), "layers": layers}, "settings": native, "seed": 5},
        "data": {"x": flat(losses.interleave(parts)), "y": flat(target), "count": rows, "features": parts[0].shape[1], "targets": target.shape[1]},
        "start": flat(net._flat), "epochs": epochs, "losses": flat(trained.history["loss"]), "parameters": flat(trained.network._flat),
        "stopped": trained.stopped,
    }  # fmt: skip


def all_runs():
    random = np.random.default_rng(0)
    X = random.standard_normal((20, 5)).astype(np.float32)
    y = random.standard_normal((20, 2)).astype(np.float32)
    net = ts.Network([ts.Dense(6, activation="tanh"), ts.Dense(2)], input_shape=(5,))
    for entry in LAYERS:
        for settings in entry.legal:
            around = examples.for_package(examples.around(entry, settings, 2), entry.shape)
            Xl = examples.samples(entry, settings, 20)
            yield run(f"layer {entry.label(settings)}", around, Xl, y, loss="mean_squared_error")
    for entry in LOSSES:
        for settings in entry.legal:
            loss = loss_examples.package(entry.name, settings)
            width = loss_examples.width(entry.name)
            positive = settings.get("prediction") in ("probabilities", "log_probabilities") or entry.name in (
                "nll",
                "poisson",
                "mean_squared_logarithmic_error",
                "gaussian_nll",
            )
            last = ts.Dense(
                width, activation="sigmoid" if positive or settings.get("log_input") is False else "identity"
            )
            small = ts.Network([ts.Dense(4, activation="tanh"), last], input_shape=(5,))
            Xm = tuple(random.standard_normal((20, 5)).astype(np.float32) for _ in range(loss.members))
            yield run(
                f"loss {entry.label(settings)}",
                small,
                Xm if loss.members > 1 else Xm[0],
                loss_examples.target(entry.name, settings, 20),
                loss=loss,
            )
    for entry in OPTIMIZERS:
        for settings in entry.legal:
            yield run(
                f"optimizer {entry.label(settings)}",
                net,
                X,
                y,
                loss="mean_squared_error",
                optimizer=getattr(ts.optimizers, entry.name)(**settings),
                epochs=8,
            )
    for entry in ACTIVATIONS:
        yield run(
            f"activation {entry.name}",
            ts.Network([ts.Dense(6, activation=entry.name), ts.Dense(2)], input_shape=(5,)),
            X,
            y,
            loss="mean_squared_error",
        )
    for entry in SCHEDULES:
        for settings in entry.legal:
            yield run(
                f"schedule {entry.label(settings)}",
                net,
                X,
                y,
                loss="mean_squared_error",
                schedule=getattr(ts.schedules, entry.name)(**settings),
                epochs=6,
            )
    for settings in (
        {"l1": 0.01},
        {"l2": 0.01},
        {"clip_norm": 0.1},
        {"clip_value": 0.01},
        {"max_norm": 0.5},
        {"shuffle": False},
    ):
        yield run(f"setting {settings}", net, X, y, loss="mean_squared_error", **settings)


if __name__ == "__main__":
    print(json.dumps(list(all_runs())))
