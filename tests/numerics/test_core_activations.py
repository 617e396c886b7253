"""Each activation inside the core: value and slope, at ordinary and at extreme arguments, in both precisions."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from registry import ACTIVATIONS

import thetastar as ts
from reference import activations as reference

from .golden import read

# the arguments of the golden file, to the digits that single precision has
Z = np.array(read("activations")["z"], np.float32)
NAMES = [entry.name for entry in ACTIVATIONS]


def unit(name):
    """One neuron that hands its input to the activation as it is."""
    net = ts.Network([ts.Dense(1, activation=name)], input_shape=(1,))
    return net.with_parameters({"dense_1.weight": np.ones((1, 1), np.float32), "dense_1.bias": np.zeros(1, np.float32)})


def slopes(name, dtype):
    """φ'(z) as the bias of one neuron feels it: the absolute error above its target has the slope 1."""
    below = np.full(1, -1e6, np.float32)
    gradients = [unit(name).gradients(z.reshape(1, 1), below, loss="mean_absolute_error", dtype=dtype) for z in Z]
    return np.array([gradient["dense_1.bias"].item() for gradient in gradients])


def values_in_double(name):
    """|φ(z)| as the absolute error from zero, which training reports in double precision."""
    still = ts.optimizers.SGD(learning_rate=1e-12)
    settings = {"loss": "mean_absolute_error", "optimizer": still, "epochs": 1, "dtype": "float64"}
    runs = [ts.train(unit(name), z.reshape(1, 1), np.zeros(1, np.float32), **settings) for z in Z]
    return np.array([run.history["loss"][0] for run in runs])


@pytest.mark.parametrize("name", NAMES)
def test_value_in_single_precision(name):
    actual = unit(name).predict(Z[:, None])[:, 0]
    expected = reference.VALUE[name](Z.astype(np.float64))
    # far out on the left a single exponential ends at 1e-38 instead of 0
    assert_allclose(actual, expected, rtol=2e-6, atol=2e-7)


@pytest.mark.parametrize("name", NAMES)
def test_value_in_double_precision(name):
    assert_allclose(values_in_double(name), np.abs(reference.VALUE[name](Z.astype(np.float64))), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_slope_in_both_precisions(name):
    expected = reference.SLOPE[name](Z.astype(np.float64))
    assert_allclose(slopes(name, "float64"), expected, rtol=1e-10, atol=1e-15)
    assert_allclose(slopes(name, "float32"), expected, rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("z", [-1e30, -1e10, 1e10])
def test_far_arguments_stay_finite_in_single_precision(name, z):
    """No overflow inside an activation may turn a finite argument into something that is not a number."""
    X = np.full((1, 1), z, np.float32)
    assert np.isfinite(unit(name).predict(X)).all()
    gradients = unit(name).gradients(X, np.zeros(1, np.float32), loss="mean_absolute_error")
    assert np.isfinite(gradients["dense_1.bias"]).all()


@pytest.mark.parametrize("name", NAMES)
def test_an_activation_is_the_same_inside_dense_and_as_its_own_layer(name):
    X = np.random.default_rng(0).standard_normal((20, 7)).astype(np.float32)
    inside = ts.Network([ts.Dense(5, activation=name), ts.Dense(2)], input_shape=(7,)).initialized(seed=1)
    outside = ts.Network([ts.Dense(5), ts.Activation(name), ts.Dense(2)], input_shape=(7,))
    outside = outside.with_parameters(inside.parameters)
    assert inside.predict(X).tobytes() == outside.predict(X).tobytes()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(), (1,), (27,), (3, 9), (5, 1, 2)])
def test_values_and_slopes_by_themselves(name, shape):
    """`activations.value` and `slope` keep shape and precision, whatever the length is beside a vector's."""
    z = np.resize(Z, shape)
    wide = z.astype(np.float64)
    for function, table in ((ts.activations.value, reference.VALUE), (ts.activations.slope, reference.SLOPE)):
        single, double = function(name, z), function(name, wide)
        assert single.shape == double.shape == shape and (single.dtype, double.dtype) == (np.float32, np.float64)
        assert_allclose(double, table[name](wide), rtol=1e-10, atol=1e-15)
        assert_allclose(single, table[name](wide), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("other", "name"),
    [("linear", "identity"), ("LeakyReLU", "leaky_relu"), ("Swish", "silu"), ("Heaviside", "step"), (None, "identity")],
)
def test_usual_names_find_our_activations(other, name):
    assert ts.activations.get(other) == name == ts.Dense(1, activation=other).activation
