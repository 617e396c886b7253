"""Directions: a network trained with them rises and falls exactly as they say, and learns as a reference does."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_allclose

import thetastar as ts
from thetastar.directions import RISING, unit_directions

INPUTS = (1, -1, 0, 0)


def table(rows=400, seed=0):
    """Rises with the first column, falls with the second, and does neither with the others."""
    generator = np.random.default_rng(seed)
    X = generator.normal(size=(rows, 4)).astype(np.float32)
    y = np.tanh(X[:, 0]) - X[:, 1] ** 3 / 4 + np.sin(3 * X[:, 2]) * X[:, 3]
    return X, y + generator.normal(scale=0.5, size=rows)


def network(*layers):
    return ts.Network([*layers, ts.Dense(1)], input_shape=(4,))


def trained(hidden=(12, 10), activation="relu", **settings):
    X, y = table()
    net = network(*(ts.Dense(units, activation=activation) for units in hidden))
    given = {"epochs": 20, "directions": unit_directions(INPUTS, hidden), "optimizer": ts.optimizers.Adam(0.01)}
    return ts.train(net, X, y, seed=1, **(given | settings))


def signs(directions):
    """(I, O) of every dense layer: the sign that a weight must have, 0 where it must be zero, nan where it is free."""
    found = []
    for before, after in pairwise(directions):
        sign = np.outer(before, after).astype(float)
        sign[np.asarray(before) == 0] = np.nan
        found.append(sign)
    return found


def weights(run):
    return [values for name, values in run.network.parameters.items() if name.endswith("weight")]


@pytest.mark.parametrize("activation", RISING)
@pytest.mark.parametrize("optimizer", [ts.optimizers.SGD(0.02), ts.optimizers.AdamW(0.01), ts.optimizers.ASGD(0.02)])
def test_every_weight_has_its_sign(activation, optimizer):
    run = trained(activation=activation, optimizer=optimizer)
    for weight, sign in zip(weights(run), signs(unit_directions(INPUTS, (12, 10))), strict=True):
        assert np.all(weight[sign == 0] == 0)
        assert np.all((weight * sign)[~np.isnan(sign)] >= 0)
        assert (weight[np.isnan(sign)] < 0).any() or not np.isnan(sign).any()  # what is free goes both ways


@pytest.mark.parametrize("rows", [100_000, 1])  # of many rows other kernels take part than of one
@pytest.mark.parametrize("hidden", [(), (7,), (64, 64), (128, 128, 128)])
def test_no_pair_of_rows_goes_the_wrong_way(hidden, rows):
    """100,000 pairs that differ in the first two inputs, from far to neighbouring float32."""
    run = trained(hidden, epochs=3)
    generator = np.random.default_rng(7)
    pairs = 100_000 if rows > 1 else 300
    X = generator.normal(size=(pairs, 4)).astype(np.float32)
    X[::7, 0] *= 100
    more = X.copy()
    steps = np.abs(generator.normal(size=(pairs, 2)) * 10.0 ** generator.uniform(-9, 1, (pairs, 2)))
    more[:, 0] = np.maximum(X[:, 0] + steps[:, 0].astype(np.float32), np.nextafter(X[:, 0], np.float32(np.inf)))
    more[:, 1] = np.minimum(X[:, 1] - steps[:, 1].astype(np.float32), X[:, 1])
    if rows > 1:
        low, high = run.network.predict(X), run.network.predict(more)
    else:
        low, high = (np.concatenate([run.network.predict(row[None]) for row in part]) for part in (X, more))
    assert np.all(low <= high) and np.any(low < high)


def test_it_learns_what_rises_and_what_is_free():
    """Free inputs are bent as they like: the network comes near to the noise of 0.5, which the function without them
    cannot."""
    X, y = table(4_000)
    net = network(ts.Dense(64, activation="relu"), ts.Dense(64, activation="relu"))
    run = ts.train(
        net, X, y, epochs=60, batch_size=64, seed=0, directions=unit_directions(INPUTS, (64, 64)),
        optimizer=ts.optimizers.AdamW(0.005), schedule="cosine",
    )  # fmt: skip
    fresh, truth = table(2_000, seed=5)
    error = np.sqrt(np.mean((run.network.predict(fresh).ravel() - truth) ** 2))
    assert error < 0.66 < np.std(truth)


def test_training_equals_projected_descent_by_hand():
    """Three steps of plain descent on all rows in NumPy: mirrored first, then cut after every step."""
    X, y = table(50)
    directions = unit_directions(INPUTS, (6,))
    net = network(ts.Dense(6, activation="relu"))
    generator = np.random.default_rng(3)
    start = {name: generator.normal(size=shape).astype(np.float32) for name, shape in net.parameter_shapes.items()}
    run = ts.train(
        net.with_parameters(start), X, y, epochs=3, batch_size=50, directions=directions, shuffle=False,
        optimizer=ts.optimizers.SGD(0.05, momentum=0.0), dtype="float64",
    )  # fmt: skip
    W, b, V, c = (start[name].astype(float) for name in start)
    first, second = signs(directions)
    mirrored = lambda w, sign: np.where(np.isnan(sign), w, np.nan_to_num(sign) * np.abs(w))  # noqa: E731
    cut = lambda w, sign: np.where(np.isnan(sign), w, np.nan_to_num(sign) * np.maximum(np.nan_to_num(sign) * w, 0))  # noqa: E731
    W, V = mirrored(W, first), mirrored(V, second)
    for _ in range(3):
        Z = X @ W + b
        H = np.maximum(Z, 0)
        d = 2 * (H @ V + c - y[:, None]) / 50
        dH = (d @ V.T) * (Z > 0)
        W, b, V, c = W - 0.05 * X.T @ dH, b - 0.05 * dH.sum(0), V - 0.05 * H.T @ d, c - 0.05 * d.sum(0)
        W, V = cut(W, first), cut(V, second)
    found = run.network.parameters
    for name, expected in zip(start, (W, b, V, c), strict=True):
        assert_allclose(found[name], expected, rtol=2e-6, atol=1e-7)


def test_the_same_bits_on_any_number_of_threads_and_after_a_pause():
    runs = [trained(threads=threads) for threads in (1, 2, 3)]
    for run in runs[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(weights(runs[0]), weights(run), strict=True))
    X, y = table()
    job = ts.Job(
        network(ts.Dense(12, activation="relu")), epochs=6, seed=2, directions=unit_directions(INPUTS, (12,)), pause=3
    )
    (first,) = ts.train_many([job], X, y)
    (whole,) = ts.train_many([ts.Job(**{**vars(job), "pause": None})], X, y)
    (second,) = ts.train_many([ts.Job(**{**vars(job), "pause": None, "resume": first.pause})], X, y)
    assert all(np.array_equal(a, b) for a, b in zip(weights(whole), weights(second), strict=True))


def test_many_at_once_are_as_one_at_a_time():
    X, y = table()
    job = ts.Job(network(ts.Dense(5, activation="relu")), epochs=3, directions=unit_directions(INPUTS, (5,)))
    together = ts.train_many(job.restarts(range(20)), X, y)
    for seed in (0, 19):
        (alone,) = ts.train_many(job.restarts([seed]), X, y)
        assert all(np.array_equal(a, b) for a, b in zip(weights(alone), weights(together[seed]), strict=True))


@pytest.mark.parametrize(
    ("layers", "settings", "message"),
    [
        ([ts.Dense(4, activation="tanh")], {}, r"directions are for Dense and Dropout layers with rising activations"),
        ([ts.Dense(4), ts.LayerNorm()], {}, "directions are for Dense and Dropout layers"),
        ([ts.Dense(3)], {}, r"directions must be 3 lists of 4, 3, 1 numbers -1, 0 or 1: .* Got lists of 4, 4, 1"),
        ([ts.Dense(4)], {"directions": ((1, 0, 0, 2), (1, 1, 1, 1), (1,))}, r"directions must be 3 lists"),
        ([ts.Dense(4)], {"directions": ((1, 0, 0, 1), (1, 1, 1, 1), (0,))}, r"directions of the outputs must be 1 or"),
        ([ts.Dense(4)], {"optimizer": ts.optimizers.LBFGS()}, "LBFGS needs the parameters where it put them"),
        ([ts.Dense(4)], {"optimizer": "schedule_free_adamw"}, "needs the parameters where it put them"),
    ],
)
def test_refusals(layers, settings, message):
    X, y = table(20)
    with pytest.raises(ts.InputError, match=message):
        ts.train(network(*layers), X, y, epochs=1, **({"directions": unit_directions(INPUTS, (4,))} | settings))
