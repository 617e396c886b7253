"""Dropout: the share promised, scaled so that the mean stays, off at prediction, one mask forwards and backwards."""

import numpy as np
import pytest

import thetastar as ts
from reference import layers as reference

from .examples import assert_all_close, assert_close, both, data, dense, dropout, same_bits

UNITS = 2000


def masks_of_inputs(rate, epochs=1, seed=0, rows=1, units=UNITS):
    """How often each input was kept, times 1 / (1 - rate), read off weights that move by the kept input each step.

    Absolute error far below the target has slope -1, so W gains lr · x · m / (1 - rate) in every step.
    """
    net = ts.Network([ts.Dropout(rate), ts.Dense(1, use_bias=False)], input_shape=(units,)).with_parameters(
        {"dense_1.weight": np.zeros((units, 1), np.float32)}
    )
    run = ts.train(
        net,
        np.ones((rows, units), np.float32),
        np.full(rows, 1e9, np.float32),
        loss="mean_absolute_error",
        optimizer=ts.optimizers.SGD(learning_rate=1.0),
        epochs=epochs,
        batch_size=1,
        seed=seed,
    )
    return run.network.parameters["dense_1.weight"][:, 0]


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5, 0.9])
def test_the_share_kept_and_the_scale(rate):
    kept = masks_of_inputs(rate)
    np.testing.assert_allclose(np.unique(kept), [0, 1 / (1 - rate)], rtol=1e-6)
    assert abs(np.mean(kept > 0) - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / UNITS)


def test_rate_zero_keeps_everything():
    assert np.all(masks_of_inputs(0.0) == 1)


def test_the_mean_over_many_masks_is_the_input():
    counts = masks_of_inputs(0.5, epochs=400, units=200) / 400
    assert abs(counts.mean() - 1) < 5 / np.sqrt(400 * 200)
    assert np.abs(counts - 1).max() < 6 / np.sqrt(400)  # no input is favoured


def test_a_fresh_mask_every_step_and_epoch():
    one, two, three = (masks_of_inputs(0.5, epochs=epochs) for epochs in (1, 2, 3))
    second, third = two - one, three - two
    for first, other in ((one, second), (second, third)):
        assert 0.4 < np.mean(first == other) < 0.6  # independent fair coins agree half of the time


def test_a_fresh_mask_for_every_row_of_a_batch():
    """Rows of the identity: each weight sees its own row's mask only, so equal weights would mean one mask for all."""
    net = ts.Network([ts.Dropout(0.5), ts.Dense(1, use_bias=False)], input_shape=(64,)).with_parameters(
        {"dense_1.weight": np.zeros((64, 1), np.float32)}
    )
    run = ts.train(
        net,
        np.tile(np.array([[1.0]], np.float32), (64, 64)) * np.eye(64, dtype=np.float32),
        np.full(64, 1e9, np.float32),
        loss="mean_absolute_error",
        optimizer=ts.optimizers.SGD(learning_rate=64.0),
        epochs=1,
        batch_size=64,
    )
    kept = run.network.parameters["dense_1.weight"][:, 0]
    np.testing.assert_allclose(np.unique(kept), [0, 2], rtol=1e-6)
    assert 12 <= np.count_nonzero(kept) <= 52


def test_two_dropout_layers_have_masks_of_their_own():
    """With one mask for both, what survives the first survives the second: half kept instead of a quarter."""
    net = ts.Network([ts.Dropout(0.5), ts.Dropout(0.5), ts.Dense(1, use_bias=False)], input_shape=(UNITS,))
    net = net.with_parameters({"dense_1.weight": np.zeros((UNITS, 1), np.float32)})
    run = ts.train(
        net,
        np.ones((1, UNITS), np.float32),
        np.full(1, 1e9, np.float32),
        loss="mean_absolute_error",
        optimizer=ts.optimizers.SGD(learning_rate=1.0),
        epochs=1,
        batch_size=1,
    )
    assert abs(np.mean(run.network.parameters["dense_1.weight"] > 0) - 0.25) < 0.05


def test_off_at_prediction_and_in_gradients():
    layers = [dense(6, "tanh"), dropout(0.5), dense(2)]
    net, plain, parameters = both(layers, 3)
    X, y = data("mean_squared_error", 8, 3, 2)
    assert_close(net.predict(X), reference.forward(plain, parameters, X.astype(np.float64))[0], 1e-5)
    assert net.predict(X).tobytes() == net.predict(X).tobytes()
    _, expected = reference.loss_and_gradients(plain, parameters, X.astype(np.float64), y, "mean_squared_error")
    assert_all_close(net.gradients(X, y, loss="mean_squared_error", dtype="float64"), expected, 1e-10)


@pytest.mark.parametrize("rate", [0.3, 0.5])
def test_forward_and_backward_use_one_mask(rate):
    """One step of one row. The mask is read off the last layer's step; the first layer's step must agree with it."""
    layers = [dense(40, "tanh"), dropout(rate), dense(1)]
    net, plain, parameters = both(layers, 3)
    X, y = data("mean_squared_error", 1, 3, 1)
    run = ts.train(
        net,
        X,
        y,
        loss="mean_squared_error",
        optimizer=ts.optimizers.SGD(learning_rate=1.0),
        epochs=1,
        batch_size=1,
        dtype="float64",
    )
    moved = {name: parameters[name] - run.network.parameters[name].astype(np.float64) for name in parameters}
    mask = (moved["dense_2.weight"] != 0).T.astype(np.float64)
    assert 0 < mask.sum() < 40
    _, expected = reference.loss_and_gradients(
        plain, parameters, X.astype(np.float64), y, "mean_squared_error", masks={"dropout_1": mask}
    )
    assert_all_close(moved, expected, 1e-6)


def test_one_seed_one_mask():
    layers = [dense(16, "relu"), dropout(0.5), dense(1)]
    net, _, _ = both(layers, 3)
    X, y = data("mean_squared_error", 20, 3, 1)

    def train(seed):
        settings = {"loss": "mean_squared_error", "optimizer": ts.optimizers.SGD(), "epochs": 2, "shuffle": False}
        return ts.train(net, X, y, seed=seed, **settings).network.parameters

    assert same_bits(train(0), train(0))
    assert not same_bits(train(0), train(1))


def test_masks_do_not_depend_on_the_precision():
    """Single and double precision drop the same units, so one can be checked with the other, and levels too."""
    layers = [dense(13, "tanh"), dropout(0.5), dense(2)]
    net, _, _ = both(layers, 3)
    X, y = data("mean_squared_error", 20, 3, 2)
    settings = {"loss": "mean_squared_error", "optimizer": ts.optimizers.SGD(), "epochs": 2, "batch_size": 6}
    single = ts.train(net, X, y, dtype="float32", **settings).network.parameters
    double = ts.train(net, X, y, dtype="float64", **settings).network.parameters
    assert_all_close(single, double, 1e-5)
