"""Images and sequences of any shape equal the reference; samples come in their shape or in one row each."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import thetastar as ts
from reference import layers as reference
from reference.conv2d import places

from .examples import both, data, dense, flatten

SIZES = st.integers(1, 9)
PAIRS = st.tuples(st.integers(1, 9), st.integers(1, 9))
CHANNELS = st.integers(1, 18)  # on both sides of a vector's length
MANY = settings(max_examples=120, deadline=None, derandomize=True)


def check(layers, shape, rows, masked=None):
    """Outputs, gradients of the parameters and of the input, in double precision to 1e-9 of the reference.

    Where `masked` (rows, T) the steps of X are 0.
    """
    net, plain, parameters = both(layers, shape)
    width = int(np.prod(net.output_shape))
    X, y = data("mean_squared_error", rows, shape, width)
    if masked is not None:
        X[masked] = 0
    wide = X.astype(np.float64)
    assert net.shapes == tuple(reference.shapes(plain, shape))
    _, expected = reference.loss_and_gradients(plain, parameters, wide, y, "mean_squared_error")
    found = net.gradients(X, y, loss="mse", dtype="float64")
    largest = max([1.0, *(np.abs(gradient).max() for gradient in expected.values())])
    for name, gradient in expected.items():  # one channel normalised over itself has the gradient 0, up to rounding
        np.testing.assert_allclose(found[name], gradient, rtol=1e-9, atol=1e-12 * largest, err_msg=name)
    seen = net.trace(X, y, loss="mse", dtype="float64")["input"]["d_output"]
    between = reference.gradients_between(plain, parameters, wide, y, "mean_squared_error")
    np.testing.assert_allclose(seen, between[0], rtol=1e-9, atol=1e-12 * largest, err_msg="d_input")
    np.testing.assert_allclose(net.predict(X), reference.forward(plain, parameters, wide)[0], rtol=1e-4, atol=1e-5)


def fits(shape, window, strides, dilation, padding):
    return all(
        places(size, *axis, padding)[0] > 0 and (padding == "same" or (axis[0] - 1) * axis[2] < size)
        for size, *axis in zip(shape, window, strides, dilation, strict=True)
    )


@MANY
@given(
    rows=st.integers(1, 3),
    shape=st.tuples(SIZES, SIZES),
    channels=st.integers(1, 5),
    filters=st.integers(1, 6),
    groups=st.integers(1, 3),
    window=PAIRS,
    strides=PAIRS,
    dilation=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.sampled_from(["valid", "same"]),
    in_front=st.booleans(),
)
def test_convolution(rows, shape, channels, filters, groups, window, strides, dilation, padding, in_front):
    """Windows as large as the image and larger, odd strides, one pixel, one channel, first in the network or not."""
    assume(fits(shape, window, strides, dilation, padding))
    chosen = {"filters": filters * groups, "kernel_size": window, "strides": strides, "padding": padding}
    layer = ("Conv2D", {**chosen, "dilation_rate": dilation, "groups": groups, "activation": "tanh"})
    first = [dense(channels * groups, "tanh")] if in_front else []
    check([*first, layer], (*shape, channels * groups), rows)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    rows=st.integers(1, 6),
    shape=st.tuples(st.integers(8, 15), st.integers(8, 15)),
    channels=st.integers(12, 40),
    filters=st.integers(12, 40),
    padding=st.sampled_from(["valid", "same"]),
    activation=st.sampled_from(["identity", "relu", "gelu"]),
    use_bias=st.booleans(),
)
def test_convolution_of_many_channels(rows, shape, channels, filters, padding, activation, use_bias):
    """Windows of 3 × 3 over many channels go by minimal filtering: even and odd sizes, with and without borders."""
    chosen = {"filters": filters, "kernel_size": 3, "padding": padding, "activation": activation, "use_bias": use_bias}
    check([dense(channels, "tanh"), ("Conv2D", chosen)], (*shape, 2), rows)


@pytest.mark.parametrize("name", ["MaxPool2D", "AveragePool2D"])
@MANY
@given(
    rows=st.integers(1, 3),
    shape=st.tuples(SIZES, SIZES),
    channels=CHANNELS,
    window=PAIRS,
    strides=PAIRS,
    padding=st.sampled_from(["valid", "same"]),
)
def test_pooling(name, rows, shape, channels, window, strides, padding):
    assume(fits(shape, window, strides, (1, 1), padding))
    layer = (name, {"pool_size": window, "strides": strides, "padding": padding})
    check([layer, flatten(), dense(2)], (*shape, channels), rows)


@pytest.mark.parametrize("name", ["SimpleRNN", "LSTM", "GRU"])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    rows=st.integers(1, 4),
    steps=st.integers(1, 6),
    features=CHANNELS,
    units=CHANNELS,
    way=st.sampled_from([{}, {"go_backwards": True}, {"bidirectional": True}]),
    sequences=st.booleans(),
    masked=st.none() | st.integers(0, 2**24 - 1),
)
def test_recurrent(name, rows, steps, features, units, way, sequences, masked):
    """One step, one feature, one unit; any steps masked; stacked where sequences are returned."""
    mask = {} if masked is None else {"mask_value": 0.0}
    layer = (name, {"units": units, "return_sequences": sequences, **way, **mask})
    where = None if masked is None else np.array([masked >> k & 1 for k in range(rows * steps)], bool)
    places = None if where is None else where.reshape(rows, steps)
    check([layer, *([(name, {"units": 2, **mask})] if sequences else [])], (steps, features), rows, places)


@pytest.mark.parametrize("name", ["BatchNorm", "LayerNorm", "GlobalAveragePool2D", "Flatten"])
@settings(max_examples=30, deadline=None, derandomize=True)
@given(rows=st.integers(1, 4), shape=st.tuples(SIZES, SIZES), channels=CHANNELS)
def test_layers_over_all_positions(name, rows, shape, channels):
    check([dense(channels, "sigmoid"), (name, {}), dense(2)], (*shape, channels), rows)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    rows=st.integers(1, 3),
    shape=st.tuples(SIZES, SIZES),
    channels=CHANNELS,
    filters=CHANNELS,
    strides=st.tuples(st.integers(1, 3), st.integers(1, 3)),
)
def test_residual(rows, shape, channels, filters, strides):
    """With the identity, with a dense projection, and with one that strides."""
    conv = {"kind": "conv2d", "filters": filters, "kernel_size": 3, "padding": "same", "strides": strides}
    layer = ("Residual", {"layers": ({**conv, "activation": "tanh"}, {**conv, "strides": 1})})
    check([layer, ("GlobalAveragePool2D", {})], (*shape, channels), rows)


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_batch_norm_trains_on_any_batch(rows):
    """Also on one row of one position, whose variance is 0: it gives β, and the running variance shrinks."""
    net = ts.Network([ts.BatchNorm(momentum=0.5)], input_shape=(3,)).initialized()
    X = np.random.default_rng(0).standard_normal((rows, 3))
    run = ts.train(net, X, X, loss="mse", epochs=1, batch_size=1, optimizer=ts.optimizers.SGD(1e-9), dtype="float64")
    np.testing.assert_allclose(run.network.parameters["batch_norm_1.running_variance"], 0.5**rows, rtol=1e-12)


def test_batch_norm_predicts_by_what_it_remembered():
    """After many batches of the same data, training and prediction normalise alike."""
    X = 3 + 2 * np.random.default_rng(0).standard_normal((40, 4))
    net = ts.Network([ts.BatchNorm(momentum=0.5)], input_shape=(4,))
    optimizer = ts.optimizers.SGD(1e-12)
    run = ts.train(net, X, X, loss="mse", epochs=60, batch_size=40, optimizer=optimizer, dtype="float64")
    normal = run.network.predict(X)
    np.testing.assert_allclose(normal.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(normal.var(axis=0), X.var(axis=0) / (X.var(axis=0) + 1e-3), rtol=1e-9)


@pytest.mark.parametrize("decay", [{"l2": 0.1}, {"optimizer": ts.optimizers.AdamW(1e-3, weight_decay=0.3)}])
def test_penalties_leave_everything_but_weights_alone(decay):
    """Targets that the network meets: only weights move, not biases, gains or running statistics."""
    layers = [ts.Dense(3), ts.LayerNorm(), ts.GRU(2)]
    net = ts.Network([layers[0], layers[1], layers[2]], input_shape=(4, 3)).initialized(1)
    X = np.random.default_rng(0).standard_normal((6, 4, 3)).astype(np.float32)
    y = net.predict(X)
    run = ts.train(
        net, X, y, **{"loss": "mse", "epochs": 1, "batch_size": 6, "optimizer": ts.optimizers.SGD(0.1), **decay}
    )
    for name, values in run.network.parameters.items():
        still = np.allclose(values, net.parameters[name], atol=1e-6)
        assert still != name.endswith("weight"), name


def test_samples_and_targets_in_their_shape_or_in_one_row_are_the_same():
    net = ts.Network([ts.LSTM(2, return_sequences=True)], input_shape=(4, 3)).initialized(0)
    X = np.random.default_rng(0).standard_normal((6, 4, 3)).astype(np.float32)
    y = np.random.default_rng(1).standard_normal((6, 4, 2)).astype(np.float32)
    flat_X, flat_y = X.reshape(6, -1), y.reshape(6, -1)
    assert np.array_equal(net.predict(X), net.predict(flat_X)) and net.predict(X).shape == (6, 4, 2)
    ours, flat = net.gradients(X, y, loss="mse"), net.gradients(flat_X, flat_y, loss="mse")
    assert all(np.array_equal(ours[name], flat[name]) for name in ours)
    run = ts.train(net, X, y, loss="mse", epochs=2, validation=(X, y)).network.parameters
    flat = ts.train(net, flat_X, flat_y, loss="mse", epochs=2, validation=(flat_X, flat_y)).network.parameters
    assert all(np.array_equal(run[name], flat[name]) for name in run)
    one, first = net.trace(X[0], y[0], loss="mse"), net.trace(X[:1], y[:1], loss="mse")
    assert np.array_equal(one["lstm_1"]["output"], first["lstm_1"]["output"])


def test_max_pooling_keeps_what_is_not_a_number():
    """A network that broke must not look whole behind its pooling."""
    X = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    X[0, 0, 0] = np.nan
    X[0, 2, 3] = -np.inf
    net = ts.Network([ts.MaxPool2D(2)], input_shape=(4, 4, 1)).initialized()
    np.testing.assert_array_equal(net.predict(X)[0, :, :, 0], [[np.nan, 7], [13, 15]])


def test_max_pooling_sends_its_gradient_to_the_first_of_equals():
    net = ts.Network([ts.MaxPool2D(2)], input_shape=(4, 4, 1)).initialized()
    seen = net.trace(np.ones((1, 4, 4, 1)), np.zeros((1, 4)), loss="mse")["input"]["d_output"][0, :, :, 0]
    np.testing.assert_array_equal(seen, np.kron(np.ones((2, 2)), [[0.5, 0], [0, 0]]))


def test_two_dropouts_in_one_residual_have_masks_of_their_own():
    """With one mask for both, what survives the first survives the second: half kept instead of a quarter."""
    units = 2000
    inner = [ts.Dropout(0.5), ts.Dropout(0.5)]
    net = ts.Network([ts.Residual(inner), ts.Dense(1, use_bias=False)], input_shape=(units,))
    net = net.with_parameters({"dense_1.weight": np.zeros((units, 1), np.float32)})
    X, y = np.ones((1, units), np.float32), np.full(1, 1e9, np.float32)
    run = ts.train(net, X, y, loss="mae", optimizer=ts.optimizers.SGD(1.0), epochs=1, batch_size=1)
    kept = np.mean(run.network.parameters["dense_1.weight"] > 1.5)
    assert abs(kept - 0.25) < 5 * np.sqrt(0.25 * 0.75 / units)


def test_trees_of_residuals_name_their_parameters():
    inner = ts.Residual([ts.Dense(4), ts.Dense(3)])
    net = ts.Network([inner, ts.Residual([inner, ts.Dense(5)])], input_shape=(3,))
    assert list(net.parameter_shapes) == [
        "residual_1.dense_1.weight",
        "residual_1.dense_1.bias",
        "residual_1.dense_2.weight",
        "residual_1.dense_2.bias",
        "residual_2.residual_1.dense_1.weight",
        "residual_2.residual_1.dense_1.bias",
        "residual_2.residual_1.dense_2.weight",
        "residual_2.residual_1.dense_2.bias",
        "residual_2.dense_1.weight",
        "residual_2.dense_1.bias",
        "residual_2.projection.weight",
    ]
