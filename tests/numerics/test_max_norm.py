"""The max-norm constraint: no neuron's incoming weights are longer than the limit, and nothing else is touched."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from registry import OPTIMIZERS

import thetastar as ts

from .examples import data, dense, same_bits
from .test_core_training import train_both


def lengths(values):
    """Of every column."""
    return np.sqrt((values.astype(float) ** 2).sum(axis=0))


@pytest.mark.parametrize("optimizer", ["SGD", "Adam", "ASGD"])
@pytest.mark.parametrize("limit", [0.1, 0.7, 2.0, 1e9])
def test_training_equals_the_reference(optimizer, limit):
    layers = [dense(6, "tanh"), dense(2)]
    run, expected = train_both(layers, optimizer=optimizer, max_norm=limit)
    for name, values in expected.parameters.items():
        assert_allclose(run.network.parameters[name], values, rtol=2e-6, atol=2e-7)
    assert_allclose(run.history["loss"], expected.loss, rtol=1e-9)


@pytest.mark.parametrize("units", [3, 140, 300])  # a part of a vector, a piece and a part, more pieces
def test_only_what_is_too_long_is_scaled_and_keeps_its_direction(units):
    """A step of nothing: the constraint is all that acts."""
    random = np.random.default_rng(0)
    weight = (random.normal(size=(9, units)) * np.resize([0.2, 2.0, 0.5, 1.0, 0.1], units)).astype(np.float32)
    start = {"dense_1.weight": weight, "dense_1.bias": np.full(units, 50.0, np.float32)}
    net = ts.Network([ts.Dense(units)], input_shape=(9,)).with_parameters(start)
    X = np.zeros((1, 9), np.float32)
    run = ts.train(net, X, net.predict(X), optimizer=ts.optimizers.SGD(1e-30), epochs=1, max_norm=2.0)
    found = run.network.parameters
    long = lengths(weight) > 2
    assert 0 < long.sum() < units
    assert np.array_equal(found["dense_1.weight"][:, ~long], weight[:, ~long])
    assert_allclose(found["dense_1.weight"][:, long], (weight * (2 / lengths(weight)))[:, long], rtol=1e-6)
    assert np.array_equal(found["dense_1.bias"], start["dense_1.bias"])


def train(layers, shape, optimizer=None, rows=12, **settings):
    X, y = data("mean_squared_error", rows, shape, 2)
    if any(isinstance(layer, ts.Embedding) for layer in layers):
        X = np.abs(X) // 0.5
    net = ts.Network([*layers, ts.Flatten(), ts.Dense(2)], input_shape=shape)
    settings = {"optimizer": optimizer or ts.optimizers.SGD(0.1), "epochs": 4, "batch_size": 5, "seed": 1} | settings
    return ts.train(net, X, y, **settings)


@pytest.mark.parametrize(
    ("layers", "shape"),
    [
        ([ts.Conv2D(5, 3, groups=1, activation="tanh")], (5, 4, 2)),
        ([ts.Conv2D(4, 2, groups=2), ts.BatchNorm(), ts.Residual([ts.Conv2D(6, 3, padding="same")])], (5, 4, 2)),
        ([ts.LSTM(5, return_sequences=True), ts.LayerNorm(), ts.GRU(3, bidirectional=True)], (6, 4)),
    ],
)
def test_every_weight_of_every_kind_of_layer_keeps_the_limit(layers, shape):
    run = train(layers, shape, max_norm=0.4)
    weights = {name: values for name, values in run.network.parameters.items() if name.endswith("weight")}
    assert len(weights) > len(layers)
    for name, values in weights.items():
        assert lengths(values).max() <= 0.4 * (1 + 1e-6), name
        assert lengths(values).max() > 0.39, name  # which has acted everywhere
    assert all(lengths(v[:, None]).max() > 0.4 for n, v in run.network.parameters.items() if n.endswith("gamma"))


def test_an_embedding_is_left_alone():
    """Its columns are not what leads into a neuron: they are as long as there are words."""
    table = ts.Embedding(9, 3, embeddings_initializer=ts.initializers.normal(2.0))
    free, limited = (train([table], (4,), max_norm=limit, epochs=1) for limit in (None, 1e-3))
    assert lengths(limited.network.parameters["dense_1.weight"]).max() <= 1.001e-3
    assert lengths(limited.network.parameters["embedding_1.weight"]).max() > 1
    assert lengths(free.network.parameters["dense_1.weight"]).max() > 1e-2


@pytest.mark.parametrize(
    "name", [entry.name for entry in OPTIMIZERS if entry.name not in ("LBFGS", "ScheduleFreeAdamW")]
)
def test_every_optimiser_keeps_it(name):
    """ASGD gives back a mean of the parameters: it is limited as they are. Two are left out, which refuse it."""
    optimizer = ts.optimizers.ASGD(0.1, t0=3) if name == "ASGD" else getattr(ts.optimizers, name)()
    run = train([ts.Dense(20, activation="relu")], (5,), optimizer, max_norm=0.3)
    for values in (run.network.parameters["dense_1.weight"], run.network.parameters["dense_2.weight"]):
        assert lengths(values).max() <= 0.3 * (1 + 1e-6)


def test_the_best_and_the_stopped_keep_it_too():
    X, y = data("mean_squared_error", 20, 5, 2)
    net = ts.Network([ts.Dense(20), ts.Dense(2)], input_shape=(5,))
    run = ts.train(net, X, y, epochs=9, max_norm=0.5, validation=(X[:5], y[:5]), stop=ts.EarlyStopping(patience=2))
    assert lengths(run.network.parameters["dense_1.weight"]).max() <= 0.5 * (1 + 1e-6)


def test_any_number_of_threads_gives_the_same_bits():
    X, y = data("mean_squared_error", 64, 70, 3)
    net = ts.Network([ts.Dense(400, activation="relu"), ts.Dense(300), ts.Dense(3)], input_shape=(70,))
    runs = [ts.train(net, X, y, epochs=2, max_norm=0.8, seed=0, threads=threads) for threads in (1, 2, 3)]
    assert all(same_bits(run.network.parameters, runs[0].network.parameters) for run in runs)


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan"), "3"])
def test_a_limit_that_is_none_is_refused(limit):
    with pytest.raises(ts.InputError, match=r"train: max_norm must be a finite number above 0\. Got"):
        train([ts.Dense(2)], (3,), max_norm=limit)


def test_a_line_search_refuses_it():
    with pytest.raises(ts.InputError, match=r"LBFGS's line search needs the parameters where it put them\. .*use l2"):
        train([ts.Dense(2)], (3,), ts.optimizers.LBFGS(), max_norm=3.0)
