"""Optimisers: `minimize` walks the golden paths, training steps walk the reference's path."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from registry import OPTIMIZERS, cases

import thetastar as ts
from reference import optimizers as reference
from reference import training

from .examples import assert_all_close, both, data, dense
from .golden import read
from .test_reference import FUNCTIONS

GOLDEN = read("optimizers")


@pytest.mark.parametrize("label", GOLDEN)
def test_minimize_walks_the_golden_path(label):
    case = GOLDEN[label]
    optimizer = getattr(ts.optimizers, case["optimizer"])(**case["settings"])
    path, values = optimizer.minimize(FUNCTIONS[case["function"]], np.array(case["path"][0]), 20)
    assert path.shape == (21, 2) and values.shape == (21,)
    assert_allclose(path, case["path"], rtol=1e-6, atol=1e-9)
    assert_allclose(values, case["values"], rtol=1e-6, atol=1e-9)


def test_minimize_keeps_nothing_between_calls():
    optimizer = ts.optimizers.Adam(learning_rate=0.1)
    first, _ = optimizer.minimize(FUNCTIONS["quadratic"], [2.0, -3.0], 5)
    second, _ = optimizer.minimize(FUNCTIONS["quadratic"], [2.0, -3.0], 5)
    assert np.array_equal(first, second)


def test_minimize_leaves_the_start_alone():
    start = np.array([2.0, -3.0])
    ts.optimizers.SGD(learning_rate=0.1).minimize(FUNCTIONS["quadratic"], start, 3)
    assert start.tolist() == [2.0, -3.0]


@pytest.mark.parametrize("batch_size", [1, 4, 10])
@pytest.mark.parametrize(("entry", "settings"), **cases(OPTIMIZERS))
def test_training_walks_the_reference_path(entry, settings, batch_size):
    """Per sample, per mini-batch with a smaller last one, per whole batch: 3 epochs, rows in their own order."""
    layers = [dense(5, "tanh"), dense(2)]
    net, plain, parameters = both(layers, 3)
    X, y = data("mean_squared_error", 10, 3, 2)
    expected = training.train(
        plain,
        parameters,
        X.astype(np.float64),
        y,
        loss="mean_squared_error",
        optimizer=reference.OPTIMIZERS[entry.name](**settings),
        epochs=3,
        batch_size=batch_size,
    )
    train_settings = {"loss": "mean_squared_error", "epochs": 3, "batch_size": batch_size, "shuffle": False}
    optimizer = getattr(ts.optimizers, entry.name)(**settings)
    double = ts.train(net, X, y, optimizer=optimizer, dtype="float64", **train_settings)
    assert_all_close(double.network.parameters, expected.parameters, 2e-7)  # parameters come back in single precision
    assert_allclose(double.history["loss"], expected.loss, rtol=1e-9)
    single = ts.train(net, X, y, optimizer=optimizer, **train_settings)
    assert_all_close(single.network.parameters, expected.parameters, 5e-5)
    assert_allclose(single.history["loss"], expected.loss, rtol=1e-4)


@pytest.mark.parametrize(("entry", "settings"), **cases(OPTIMIZERS))
def test_every_optimiser_descends(entry, settings):
    net, _, _ = both([dense(8, "tanh"), dense(1)], 2)
    X, _ = data("mean_squared_error", 64, 2, 1)
    y = X[:, 0] - 0.5 * X[:, 1]
    optimizer = getattr(ts.optimizers, entry.name)(**settings)
    run = ts.train(net, X, y, loss="mean_squared_error", optimizer=optimizer, epochs=30, batch_size=16)
    assert run.history["loss"][-1] < 0.5 * run.history["loss"][0]


@pytest.mark.parametrize("name", [entry.name for entry in OPTIMIZERS])
def test_an_optimiser_is_found_by_its_name(name):
    for spelling in (name, name.lower()):
        assert isinstance(ts.optimizers.get(spelling), getattr(ts.optimizers, name))


@pytest.mark.parametrize("beta_2", [0.9, 0.999, 0.999999])
def test_adam_first_step_is_the_rate_in_single_precision(beta_2):
    """m̂ / √ŝ is exactly ±1 at t = 1, whatever β₂, unless 1 - β₂ is formed in single precision and loses digits."""
    net, _, _ = both([dense(3)], 2)
    net = net.with_parameters({name: np.zeros_like(values) for name, values in net.parameters.items()})
    X, y = data("mean_squared_error", 4, 2, 3)
    optimizer = ts.optimizers.Adam(learning_rate=0.5, beta_2=beta_2, epsilon=0.0)
    run = ts.train(net, X, y, loss="mean_squared_error", optimizer=optimizer, epochs=1, batch_size=4)
    for values in run.network.parameters.values():
        assert_allclose(np.abs(values), 0.5, rtol=2e-6)


@pytest.mark.parametrize(("entry", "settings"), **cases(OPTIMIZERS))
def test_an_optimiser_survives_being_written_down(entry, settings):
    made = getattr(ts.optimizers, entry.name)(**settings)
    assert ts.optimizers.get(made.to_dict()) == made == ts.optimizers.get(made)
