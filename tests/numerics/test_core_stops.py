"""When training ends: early with the best parameters, at a threshold, at divergence."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from registry import ACTIVATIONS

import thetastar as ts
from reference import layers as reference_layers
from reference import losses as reference_losses
from reference import optimizers as reference_optimizers
from reference import training

from .examples import assert_all_close, both, data, dense, same_bits

LAYERS = [dense(12, "tanh"), dense(1)]


def overfitting(**settings):
    """A signal under noise: the validation loss falls in bumps, then rises as the noise is learned by heart."""
    net, plain, parameters = both(LAYERS, 3)
    (X, y), (Xv, yv) = (data("mean_squared_error", rows, 3, 1, seed) for rows, seed in ((20, 0), (30, 1)))
    y, yv = y + 2 * X[:, :1], yv + 2 * Xv[:, :1]
    run = ts.train(
        net,
        X,
        y,
        loss="mean_squared_error",
        optimizer=ts.optimizers.Adam(learning_rate=0.01),
        batch_size=5,
        validation=(Xv, yv),
        shuffle=False,
        dtype="float64",
        **settings,
    )
    return run, plain, parameters, (X, y), (Xv, yv)


@pytest.mark.parametrize("patience", [1, 3, 10])
@pytest.mark.parametrize("min_delta", [0.0, 0.01, 0.1])
def test_early_stopping_restores_the_best_epoch(patience, min_delta):
    run, plain, parameters, (X, y), (Xv, yv) = overfitting(epochs=400, stop=[ts.EarlyStopping(patience, min_delta)])
    expected = training.train(
        plain,
        parameters,
        X.astype(np.float64),
        y,
        loss="mean_squared_error",
        optimizer=reference_optimizers.Adam(learning_rate=0.01),
        epochs=400,
        batch_size=5,
        validation=(Xv.astype(np.float64), yv),
        patience=patience,
        min_delta=min_delta,
    )
    assert run.stopped == "early" == expected.stopped
    assert run.best_epoch == expected.best_epoch
    assert run.epochs == len(expected.loss) == run.best_epoch + patience
    assert_allclose(run.history["validation_loss"], expected.validation_loss, rtol=1e-6)
    assert_all_close(run.network.parameters, expected.parameters, 1e-6)
    scores, _ = reference_layers.forward(
        plain, {name: values.astype(float) for name, values in run.network.parameters.items()}, Xv.astype(float)
    )
    restored = reference_losses.mean_loss("mean_squared_error", scores, yv)
    assert restored == pytest.approx(run.history["validation_loss"][run.best_epoch - 1], rel=1e-5)


def test_early_stopping_that_never_stops_still_keeps_the_best():
    run, *_ = overfitting(epochs=400, stop=[ts.EarlyStopping(patience=10_000)])
    assert run.stopped == "epochs" and run.epochs == 400
    assert run.best_epoch == 1 + int(np.argmin(run.history["validation_loss"])) < 400
    short, *_ = overfitting(epochs=run.best_epoch)
    assert same_bits(run.network.parameters, short.network.parameters)


def test_the_last_parameters_on_request():
    run, *_ = overfitting(epochs=400, stop=[ts.EarlyStopping(patience=3, restore_best=False)])
    assert run.stopped == "early" and run.epochs == run.best_epoch + 3
    whole, *_ = overfitting(epochs=run.epochs)
    assert same_bits(run.network.parameters, whole.network.parameters)


def test_without_early_stopping_the_last_parameters_are_kept():
    run, *_ = overfitting(epochs=50)
    assert run.stopped == "epochs" and run.epochs == 50 == len(run.history["loss"])


def test_a_threshold_stops_at_the_first_epoch_below_it():
    free, *_ = overfitting(epochs=60)
    value = float(free.history["loss"][25])
    run, *_ = overfitting(epochs=60, stop=[ts.LossThreshold(value * (1 + 1e-9))])
    first = 1 + int(np.argmax(np.asarray(free.history["loss"]) <= value * (1 + 1e-9)))
    assert run.stopped == "threshold" and run.epochs == first == len(run.history["loss"])
    assert_allclose(run.history["loss"], free.history["loss"][:first], rtol=1e-12)


def test_a_threshold_that_is_never_reached_changes_nothing():
    free, *_ = overfitting(epochs=10)
    run, *_ = overfitting(epochs=10, stop=[ts.LossThreshold(1e-12)])
    assert run.stopped == "epochs" and same_bits(run.network.parameters, free.network.parameters)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["identity", "relu", "gelu", "mish", "softplus"])
def test_divergence_is_seen_and_stops(name, dtype):
    net, _, _ = both([dense(8, name), dense(1)], 3)
    X, y = data("mean_squared_error", 32, 3, 1)
    run = ts.train(
        net,
        X,
        y,
        loss="mean_squared_error",
        optimizer=ts.optimizers.SGD(learning_rate=1e4),
        epochs=500,
        batch_size=8,
        dtype=dtype,
    )
    assert run.stopped == "diverged"
    assert run.epochs < 500 and len(run.history["loss"]) == run.epochs


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "hard_sigmoid", "softsign", "gaussian", "step"])
def test_parameters_that_are_not_finite_are_seen_behind_a_saturating_activation(name):
    """tanh(inf) is 1: a finite loss may hide an infinite weight, the parameters are looked at as well."""
    net, _, _ = both([dense(8, name), dense(1)], 3)
    X, y = data("mean_squared_error", 32, 3, 1)
    run = ts.train(
        net, X, y, loss="mean_squared_error", optimizer=ts.optimizers.SGD(learning_rate=1e38), epochs=20, batch_size=8
    )
    assert run.stopped == "diverged"


@pytest.mark.parametrize("name", [entry.name for entry in ACTIVATIONS])
def test_a_hidden_nan_is_seen(name):
    """Finite parameters and inputs, two sums that overflow, and their difference: no activation may hide inf - inf."""
    net = ts.Network([ts.Dense(2, use_bias=False), ts.Dense(1, activation=name, use_bias=False)], input_shape=(1,))
    net = net.with_parameters(
        {"dense_1.weight": np.full((1, 2), 3e38, np.float32), "dense_2.weight": np.array([[1], [-1]], np.float32)}
    )
    assert np.isnan(net.predict(np.array([[2]], np.float32))).all()


def test_divergence_after_good_epochs_returns_the_best_of_them():
    """A rate that climbs from 0.03 to 30 on a linear model: good at first, then poison. What comes back is the best."""
    net, _, _ = both([dense(1)], 3)
    (X, y), (Xv, yv) = (data("mean_squared_error", rows, 3, 1, seed) for rows, seed in ((12, 0), (30, 1)))
    run = ts.train(
        net,
        X,
        y,
        loss="mean_squared_error",
        optimizer=ts.optimizers.SGD(learning_rate=30.0),
        schedule=ts.schedules.Cosine(warmup=0.9),
        epochs=1000,
        batch_size=12,
        validation=(Xv, yv),
        stop=[ts.EarlyStopping(patience=1000)],
    )
    assert run.stopped == "diverged"
    assert all(np.all(np.isfinite(values)) for values in run.network.parameters.values())
    assert 1 < run.best_epoch == 1 + int(np.nanargmin(run.history["validation_loss"])) < run.epochs


def test_divergence_in_the_first_epoch_leaves_an_empty_history():
    net, _, _ = both([dense(4), dense(1)], 3)
    X, y = data("mean_squared_error", 32, 3, 1)
    optimizer = ts.optimizers.SGD(learning_rate=1e30)
    run = ts.train(net, X, y, loss="mean_squared_error", optimizer=optimizer, epochs=5, batch_size=4)
    assert (run.stopped, run.epochs, run.best_epoch) == ("diverged", 0, 0)
    assert len(run.history["loss"]) == 0 and run.history["gradient_norm"].shape == (0, 2)
    assert "diverged" in repr(run)


def test_a_network_with_nothing_to_learn_trains():
    X, y = data("mean_squared_error", 8, 3, 3)
    run = ts.train(ts.Network([ts.Activation("tanh")], input_shape=(3,)), X, y, loss="mse", epochs=2)
    assert run.stopped == "epochs" and run.history["gradient_norm"].shape == (2, 0)
    assert run.history["loss"][0] == pytest.approx(np.mean((np.tanh(X.astype(float)) - y) ** 2), rel=1e-5)
