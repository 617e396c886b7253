"""Trainings made to fail in ten ways, two of each, and twenty healthy ones: what the doctor is tested on.

`sick(seed)` and `healthy(seed)` give (cause, run, X, y, loss): other seeds make other rows, starts and orders.
"""

from __future__ import annotations

import numpy as np

import thetastar as ts

ADAM, SGD = ts.optimizers.Adam, ts.optimizers.SGD
MSE, BCE = "mean_squared_error", "binary_cross_entropy"


def _net(inputs, *widths, activation="relu", outputs=1, **settings):
    layers = [ts.Dense(width, activation=activation, **settings) for width in widths]
    return ts.Network([*layers, ts.Dense(outputs)], input_shape=(inputs,))


def _wave(seed, rows=300, noise=0.1):
    return ts.datasets.make("sin(2x) + x/2", rows=rows, noise=noise, seed=seed, arrays=True)


def _moons(seed, rows=300, noise=0.15):
    return ts.datasets.make("moons", rows=rows, noise=noise, seed=seed, arrays=True)


def _table(seed, rows, columns, useful=3, noise=1.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((rows, columns)).astype(np.float32)
    y = X[:, :useful].sum(axis=1) + np.sin(2 * X[:, 0]) + noise * rng.standard_normal(rows)
    return X, y.astype(np.float32)


def _train(data, net, loss, seed, *, held=0.25, **settings):
    X, y = data
    count = int(len(X) * (1 - held))
    validation = np.arange(count, len(X)) if held else None
    run = ts.train(
        net, X, y, loss=loss, seed=seed, rows=np.arange(count), validation_rows=validation, threads=1, **settings
    )
    return run, X[:count], y[:count], loss


def _constant(value):
    return ts.initializers.constant(value)


def _normal(deviation):
    return ts.initializers.normal(deviation)


def sick(seed):
    def case(cause, data, net, loss, **settings):
        return cause, *_train(data, net, loss, seed, **settings)

    wide = _table(seed, 60, 40, noise=2.0)
    yield case("diverged", _table(seed, 200, 5), _net(5, 16), MSE, optimizer=SGD(5.0), epochs=60)
    yield case("diverged", _wave(seed), _net(1, 32, 32), MSE, optimizer=SGD(1.0, momentum=0.9), epochs=60)
    yield case(
        "learning rate too high", _moons(seed), _net(2, 16, 16, activation="tanh"), BCE, optimizer=ADAM(1.0), epochs=60
    )
    X, y = _table(seed, 300, 5)
    above = X, (y > 0).astype(np.float32)
    yield case("learning rate too high", above, _net(5, 32, activation="tanh"), BCE, optimizer=SGD(20.0), epochs=60)
    yield case("learning rate too low", _moons(seed), _net(2, 16, 16), BCE, optimizer=ADAM(1e-5), epochs=60)
    yield case("learning rate too low", _wave(seed), _net(1, 32, 32), MSE, optimizer=SGD(1e-4), epochs=40)
    zeros = {"kernel_initializer": "zeros"}
    same = ts.Network([ts.Dense(16, activation="tanh", **zeros), ts.Dense(1, **zeros)], input_shape=(1,))
    yield case(
        "all outputs equal",
        ts.datasets.make("x^2 - 3", rows=300, seed=seed, arrays=True),
        same,
        MSE,
        optimizer=ADAM(1e-2),
        epochs=60,
    )
    X, y = _moons(seed)
    yield case("all outputs equal", (np.full_like(X, 0.5), y), _net(2, 16), BCE, optimizer=ADAM(1e-2), epochs=40)
    drowned = ts.Network(
        [ts.Dense(32, activation="relu", bias_initializer=_constant(-30.0)), ts.Dense(1)], input_shape=(5,)
    )
    yield case("dead units", _table(seed, 300, 5), drowned, MSE, optimizer=ADAM(1e-3), epochs=40)
    yield case("dead units", _table(seed, 300, 5), _net(5, 64, 64), MSE, optimizer=ADAM(2.0), epochs=60)
    large = _net(5, 64, 64, 64, 64, kernel_initializer=_normal(2.0))
    yield case("exploding gradients", _table(seed, 300, 5), large, MSE, optimizer=ADAM(1e-3), epochs=20)
    yield case(
        "exploding gradients",
        _wave(seed),
        _net(1, 48, 48, 48, 48, 48, kernel_initializer=_normal(1.0)),
        MSE,
        optimizer=SGD(1e-3),
        clip_norm=1.0,
        epochs=20,
    )
    yield case(
        "vanishing gradients",
        _moons(seed),
        _net(2, *[16] * 7, activation="sigmoid"),
        BCE,
        optimizer=SGD(0.1),
        epochs=60,
    )
    yield case(
        "vanishing gradients",
        _wave(seed),
        _net(1, *[16] * 6, activation="tanh", kernel_initializer=_normal(0.05)),
        MSE,
        optimizer=SGD(0.05),
        epochs=60,
    )
    yield case("overfitting", wide, _net(40, 128, 128), MSE, optimizer=ADAM(1e-3), epochs=150)
    yield case(
        "overfitting",
        _moons(seed, rows=120, noise=0.6),
        _net(2, 128, 128),
        BCE,
        optimizer=ADAM(3e-3),
        epochs=300,
        held=0.5,
    )
    yield case(
        "underfitting",
        ts.datasets.make("spiral", rows=400, seed=seed, arrays=True),
        _net(2),
        BCE,
        optimizer=ADAM(1e-2),
        epochs=100,
        held=0,
    )
    yield case(
        "underfitting",
        ts.datasets.make("3 sin(3x)", rows=400, noise=0.1, seed=seed, arrays=True),
        _net(1, 1, activation="tanh"),
        MSE,
        optimizer=ADAM(2e-2),
        epochs=150,
    )
    yield case(
        "regularisation too strong", _table(seed, 300, 5), _net(5, 32), MSE, optimizer=ADAM(1e-2), l2=3.0, epochs=80
    )
    yield case(
        "regularisation too strong",
        _moons(seed),
        _net(2, 32, 32),
        BCE,
        optimizer=ts.optimizers.SGD(0.1, weight_decay=0.5),
        epochs=80,
    )


def healthy(seed):
    def case(name, data, net, loss, **settings):
        return name, *_train(data, net, loss, seed, **settings)

    stop = [ts.EarlyStopping(patience=15)]
    for activation in ("relu", "tanh", "silu"):
        yield case(
            f"moons, {activation}",
            _moons(seed),
            _net(2, 16, 16, activation=activation),
            BCE,
            optimizer=ADAM(1e-2),
            epochs=120,
            stop=stop,
        )
        yield case(
            f"wave, {activation}",
            _wave(seed),
            _net(1, 32, 32, activation=activation),
            MSE,
            optimizer=ADAM(5e-3),
            epochs=200,
            stop=stop,
        )
    yield case("linear", _table(seed, 400, 5), _net(5), MSE, optimizer=ADAM(1e-2), epochs=150)
    yield case(
        "logistic",
        ts.datasets.make("gaussians", rows=300, seed=seed, arrays=True),
        _net(2),
        BCE,
        optimizer=ADAM(2e-2),
        epochs=150,
    )
    yield case(
        "much noise", _table(seed, 600, 5, noise=3.0), _net(5, 16), MSE, optimizer=ADAM(3e-3), epochs=60, stop=stop
    )
    yield case(
        "much noise, classes",
        _moons(seed, rows=600, noise=0.5),
        _net(2, 16),
        BCE,
        optimizer=ADAM(5e-3),
        epochs=80,
        stop=stop,
    )
    yield case("sgd", _table(seed, 400, 5), _net(5, 32), MSE, optimizer=SGD(0.02), epochs=150, stop=stop)
    yield case(
        "momentum",
        _moons(seed),
        _net(2, 32, activation="tanh"),
        BCE,
        optimizer=SGD(0.05, momentum=0.9),
        epochs=150,
        stop=stop,
    )
    dropout = ts.Network([ts.Dense(64, activation="relu"), ts.Dropout(0.3), ts.Dense(1)], input_shape=(5,))
    yield case("dropout", _table(seed, 400, 5), dropout, MSE, optimizer=ADAM(3e-3), epochs=150, stop=stop)
    yield case(
        "weight decay",
        _table(seed, 400, 5),
        _net(5, 64),
        MSE,
        optimizer=ts.optimizers.AdamW(3e-3, weight_decay=0.01),
        epochs=150,
        stop=stop,
    )
    norm = ts.Network([ts.Dense(32), ts.BatchNorm(), ts.Activation("relu"), ts.Dense(1)], input_shape=(2,))
    yield case("batch norm", _moons(seed), norm, BCE, optimizer=ADAM(5e-3), epochs=80, stop=stop)
    yield case(
        "deep",
        _wave(seed),
        _net(1, 24, 24, 24, 24, kernel_initializer="he_normal"),
        MSE,
        optimizer=ADAM(3e-3),
        epochs=200,
        stop=stop,
    )
    yield case(
        "schedule", _moons(seed), _net(2, 16, 16), BCE, optimizer=ADAM(2e-2), epochs=100, schedule="cosine", stop=stop
    )
    yield case(
        "no validation",
        ts.datasets.make("circle", rows=300, seed=seed, arrays=True),
        _net(2, 16),
        BCE,
        optimizer=ADAM(2e-2),
        epochs=150,
        held=0,
    )
    yield case(
        "spiral",
        ts.datasets.make("spiral", rows=400, noise=0.1, seed=seed, arrays=True),
        _net(2, 64, 64),
        BCE,
        optimizer=ADAM(1e-2),
        epochs=200,
        held=0,
    )
    yield case(
        "plane",
        ts.datasets.make("plane", rows=300, noise=0.05, seed=seed, arrays=True),
        _net(2, 8, activation="tanh"),
        MSE,
        optimizer=ADAM(1e-2),
        epochs=150,
        stop=stop,
    )
