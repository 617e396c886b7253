"""The core's outputs and gradients equal the reference and difference quotients: activations, losses, dense shapes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from registry import ACTIVATIONS, PLAIN_LOSSES

import thetastar as ts
from reference import layers as reference

from .examples import activation, assert_all_close, assert_close, both, data, dense, dropout

ROWS, FEATURES, OUTPUTS = 9, 5, 3

# where the activation under test stands
PLACES = {
    "hidden": lambda name: [dense(6, name), dense(4, name, use_bias=False), dense(OUTPUTS)],
    "own layer": lambda name: [dense(6), activation(name), dropout(0.4), dense(OUTPUTS)],
    "output": lambda name: [dense(6, "tanh"), dense(OUTPUTS, name)],
}


def check(layers, features, rows, outputs, loss, seed=0):
    """Double precision to 1e-6 of reference and of differences; single to 1e-5 of the reference; predictions too."""
    net, plain, parameters = both(layers, features, seed)
    X, y = data(loss, rows, features, outputs, seed)
    wide = X.astype(np.float64)
    _, expected = reference.loss_and_gradients(plain, parameters, wide, y, loss)

    double = net.gradients(X, y, loss=loss, dtype="float64")
    assert_all_close(double, expected, 1e-10)
    assert_all_close(double, reference.central_differences(plain, parameters, wide, y, loss), 1e-6)
    assert_all_close(net.gradients(X, y, loss=loss), expected, 2e-5)
    assert_close(net.predict(X), reference.forward(plain, parameters, wide)[0], 1e-5, "predict")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("loss", [entry.name for entry in PLAIN_LOSSES])
@pytest.mark.parametrize("name", [entry.name for entry in ACTIVATIONS])
def test_gradients_of_every_activation_and_loss(name, loss, place):
    check(PLACES[place](name), FEATURES, ROWS, OUTPUTS, loss)


@pytest.mark.parametrize("loss", [entry.name for entry in PLAIN_LOSSES])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(
    rows=st.integers(1, 40),
    features=st.integers(1, 20),
    widths=st.lists(st.integers(1, 35), max_size=5),
    outputs=st.integers(1, 18),
)
def test_gradients_of_every_shape(loss, rows, features, widths, outputs):
    """Batches of one, one feature, one unit, one class, no hidden layer, widths on both sides of a vector's length."""
    outputs = max(outputs, 2 if loss == "cross_entropy" else 1)
    net, plain, parameters = both([*(dense(width, "tanh") for width in widths), dense(outputs)], features)
    X, y = data(loss, rows, features, outputs)
    _, expected = reference.loss_and_gradients(plain, parameters, X.astype(np.float64), y, loss)
    actual = net.gradients(X, y, loss=loss, dtype="float64")
    largest = max(np.abs(gradient).max() for gradient in expected.values())
    for name, gradient in expected.items():
        assert actual[name].shape == gradient.shape
        np.testing.assert_allclose(actual[name], gradient, rtol=1e-9, atol=1e-11 * largest + 1e-300, err_msg=name)
    outputs_expected = reference.forward(plain, parameters, X.astype(np.float64))[0]
    np.testing.assert_allclose(net.predict(X), outputs_expected, rtol=1e-4, atol=1e-5)


def test_a_deep_network_of_thin_layers():
    """Thirty layers shrink the first gradient to 1e-9: too small for difference quotients, not for the chain rule."""
    net, plain, parameters = both([*(dense(2, "softsign") for _ in range(30)), dense(1)], 2)
    X, y = data("mean_squared_error", 5, 2, 1)
    _, expected = reference.loss_and_gradients(plain, parameters, X.astype(np.float64), y, "mean_squared_error")
    assert 0 < np.abs(expected["dense_1.weight"]).max() < 1e-7
    assert_all_close(net.gradients(X, y, loss="mean_squared_error", dtype="float64"), expected, 1e-9)


def test_one_class_has_nothing_to_learn():
    """A constant answer needs no network: cross-entropy asks for two classes, and says what to do instead."""
    net, _, _ = both([dense(1)], 3)
    X, y = data("cross_entropy", 4, 3, 1)
    with pytest.raises(ts.InputError, match=r"needs one output per class, at least 2\. Got 1"):
        net.gradients(X, y, loss="cross_entropy")


def test_nothing_flows_back_through_a_step():
    net, _, _ = both([dense(4, "step"), dense(2)], 3)
    X, y = data("mean_squared_error", 8, 3, 2)
    gradients = net.gradients(X, y, loss="mean_squared_error")
    assert np.all(gradients["dense_1.weight"] == 0) and np.all(gradients["dense_1.bias"] == 0)
    assert np.any(gradients["dense_2.weight"] != 0)


def test_the_gradient_is_that_of_the_mean_and_not_of_the_sum():
    net, _, _ = both([dense(4, "tanh"), dense(2)], 3)
    X, y = data("mean_squared_error", 6, 3, 2)
    once = net.gradients(X, y, loss="mean_squared_error", dtype="float64")
    twice = net.gradients(np.tile(X, (2, 1)), np.tile(y, (2, 1)), loss="mean_squared_error", dtype="float64")
    assert_all_close(twice, once, 1e-12)


def test_gradients_of_a_flat_target_and_of_a_column_agree():
    net, _, _ = both([dense(4, "tanh"), dense(1)], 3)
    X, y = data("mean_squared_error", 6, 3, 1)
    flat = net.gradients(X, y[:, 0], loss="mean_squared_error", dtype="float64")
    assert_all_close(flat, net.gradients(X, y, loss="mean_squared_error", dtype="float64"), 0)


def test_weighted_gradients_equal_the_reference():
    """The mean is Σ w_i l_i / Σ w_i, so the unit of the weights does not matter."""
    net, plain, parameters = both([dense(4, "tanh"), dense(2)], 3)
    X, y = data("mean_squared_error", 6, 3, 2)
    weights = np.array([1.0, 0.0, 2.0, 0.5, 3.0, 1.5])
    scaled = weights / weights.mean()
    _, expected = reference.loss_and_gradients(plain, parameters, X.astype(float), y, "mean_squared_error", scaled)
    for unit in (1.0, 8.0):
        actual = net.gradients(X, y, loss="mean_squared_error", sample_weight=unit * weights, dtype="float64")
        assert_all_close(actual, expected, 1e-10)


def test_parameters_in_double_precision_stay_so():
    _, plain, parameters = both([dense(40, "mish"), dense(2)], 3)
    exact = {name: values + 1e-12 for name, values in parameters.items()}
    net = ts.Network([ts.Dense(40, activation="mish"), ts.Dense(2)], input_shape=(3,)).with_parameters(exact)
    X = data("mean_squared_error", 6, 3, 2)[0].astype(np.float64)
    assert net.predict(X).dtype == np.float64
    assert_close(net.predict(X), reference.forward(plain, exact, X)[0], 1e-13)
