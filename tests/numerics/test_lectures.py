"""The numbers that the lectures work out by hand."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

import thetastar as ts

from .test_core_training import count_updates

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)


def network(*layers, inputs, **parameters):
    """A network with the given numbers: dense_1_weight=…"""
    named = {
        name.replace("_weight", ".weight").replace("_bias", ".bias"): values for name, values in parameters.items()
    }
    net = ts.Network(list(layers), input_shape=(inputs,))
    return net.with_parameters({name: np.array(values, np.float32) for name, values in named.items()})


def test_the_exact_xor_network():
    """Lecture 2: W = [[1, 1], [1, 1]], c = [0, -1], w = [1, -2], b = 0 with ReLU gives 0 1 1 0."""
    net = network(
        ts.Dense(2, activation="relu"),
        ts.Dense(1),
        inputs=2,
        dense_1_weight=[[1, 1], [1, 1]],
        dense_1_bias=[0, -1],
        dense_2_weight=[[1], [-2]],
        dense_2_bias=[0],
    )
    assert net.predict(CORNERS).ravel().tolist() == [0, 1, 1, 0]


def test_no_line_does_xor():
    """Lecture 2: whole-batch descent on a linear model ends at 1/2 everywhere, so no corner is right."""
    run = ts.train(
        ts.Network([ts.Dense(1)], input_shape=(2,)),
        CORNERS,
        np.array([0, 1, 1, 0], np.float32),
        loss="mean_squared_error",
        optimizer=ts.optimizers.SGD(learning_rate=0.2),
        epochs=2000,
        batch_size=4,
    )
    assert_allclose(run.network.predict(CORNERS), 0.5, atol=1e-4)


def test_the_neuron_quiz():
    """Lecture 4: w = (1, 3), b = 1, x = (1, 3), ReLU: 1 + 9 + 1 = 11."""
    net = network(ts.Dense(1, activation="relu"), inputs=2, dense_1_weight=[[1], [3]], dense_1_bias=[1])
    assert net.predict(np.array([[1, 3]], np.float32)).item() == 11


class TestOneStepByHand:
    """Lecture 4: x = 2.1, y = 4, w = 1, b = 0, loss (ŷ - y)²."""

    X, Y = np.array([[2.1]], np.float32), np.array([4.0], np.float32)
    NET = network(ts.Dense(1), inputs=1, dense_1_weight=[[1]], dense_1_bias=[0])

    def test_gradients(self):
        gradients = self.NET.gradients(self.X, self.Y, loss="mean_squared_error", dtype="float64")
        assert gradients["dense_1.weight"].item() == pytest.approx(-7.98, rel=1e-6)
        assert gradients["dense_1.bias"].item() == pytest.approx(-3.8, rel=1e-6)

    def test_one_step(self):
        optimizer = ts.optimizers.SGD(learning_rate=0.01)
        run = ts.train(self.NET, self.X, self.Y, loss="mean_squared_error", optimizer=optimizer, epochs=1)
        assert run.network.parameters["dense_1.weight"].item() == pytest.approx(1.0798, rel=1e-6)
        assert run.network.parameters["dense_1.bias"].item() == pytest.approx(0.038, rel=1e-5)

    def test_the_loss_falls_from_3_61_to_2_87(self):
        optimizer = ts.optimizers.SGD(learning_rate=0.01)
        run = ts.train(self.NET, self.X, self.Y, loss="mean_squared_error", optimizer=optimizer, epochs=2)
        assert run.history["loss"][0] == pytest.approx(3.61, rel=1e-5)
        assert run.history["loss"][1] == pytest.approx((2.1 * 1.0798 + 0.038 - 4) ** 2, rel=1e-5)
        assert round(float(run.history["loss"][1]), 2) == 2.87


def test_the_and_perceptron():
    """Lecture 5: w = (0.5, 0.1), b = 0.1, f(x) = x: outputs 0.1 0.2 0.6 0.7, errors 0.1 0.2 0.6 0.3."""
    net = network(ts.Dense(1), inputs=2, dense_1_weight=[[0.5], [0.1]], dense_1_bias=[0.1])
    outputs = net.predict(CORNERS).ravel()
    assert_allclose(outputs, [0.1, 0.2, 0.6, 0.7], rtol=1e-6)
    assert_allclose(np.abs(outputs - [0, 0, 0, 1]), [0.1, 0.2, 0.6, 0.3], rtol=1e-5)


@pytest.mark.parametrize(("examples", "batch_size", "updates"), [(10_000, 10, 1_000), (1_000, 100, 10)])
def test_updates_per_epoch(examples, batch_size, updates):
    """Lecture 1: 10,000 examples with batch 10 are 1,000 updates per epoch; 1,000 with batch 100 are 10."""
    assert count_updates(examples, batch_size) == updates


def test_two_relus_make_a_hard_sigmoid():
    """Lecture 1: c·hard_sigmoid(b + w x) = a·max(0, …) - a·max(0, …): a ramp from z = -3 minus one from z = 3."""
    pair = network(
        ts.Dense(2, activation="relu"),
        ts.Dense(1),
        inputs=1,
        dense_1_weight=[[1, 1]],
        dense_1_bias=[3, -3],
        dense_2_weight=[[1 / 6], [-1 / 6]],
        dense_2_bias=[0],
    )
    one = network(ts.Dense(1, activation="hard_sigmoid"), inputs=1, dense_1_weight=[[1]], dense_1_bias=[0])
    z = np.linspace(-8, 8, 65, dtype=np.float32)[:, None]
    assert_allclose(pair.predict(z), one.predict(z), atol=1e-6)


def test_hard_sigmoids_make_any_piecewise_linear_curve():
    """Lecture 1: a constant plus a sum of hard sigmoids runs through any corners."""
    x, y = np.array([0.0, 1.0, 3.0, 4.0, 6.0]), np.array([1.0, 4.0, 2.0, 2.0, -1.0])
    width = np.diff(x)
    net = network(
        ts.Dense(4, activation="hard_sigmoid"),
        ts.Dense(1),
        inputs=1,
        dense_1_weight=[6 / width],
        dense_1_bias=-6 / width * (x[:-1] + width / 2),
        dense_2_weight=np.diff(y)[:, None],
        dense_2_bias=[y[0]],
    )
    between = np.linspace(0, 6, 49, dtype=np.float32)[:, None]
    assert_allclose(net.predict(between).ravel(), np.interp(between.ravel(), x, y), atol=1e-5)


@pytest.mark.parametrize(("c", "b", "w"), [(2.0, 0.0, 1.0), (-1.0, 0.5, 4.0), (3.0, -2.0, 0.25)])
def test_slope_shift_and_height_of_a_sigmoid(c, b, w):
    """Lecture 1: c / (1 + e^-(b + w x)): height c, middle at -b/w, slope there c w / 4."""
    net = network(
        ts.Dense(1, activation="sigmoid"),
        ts.Dense(1, use_bias=False),
        inputs=1,
        dense_1_weight=[[w]],
        dense_1_bias=[b],
        dense_2_weight=[[c]],
    )
    x = np.array([[-b / w], [1e3], [-1e3], [-b / w + 0.01], [-b / w - 0.01]], np.float32)
    middle, right, left, after, before = net.predict(x).ravel().astype(float)
    assert middle == pytest.approx(c / 2, rel=1e-6)
    assert (right, left) == (pytest.approx(c, rel=1e-6), pytest.approx(0, abs=1e-6))
    assert (after - before) / 0.02 == pytest.approx(c * w / 4, rel=1e-3)


def test_mean_squared_error_gradients():
    """Lecture 2: ∂J/∂w = (2/n) Σ (f(x) - y) x and ∂J/∂b = (2/n) Σ (f(x) - y)."""
    x = np.array([0.5, -1.0, 2.0, 3.0], np.float32)
    y = np.array([1.0, 0.0, -1.0, 2.0], np.float32)
    net = network(ts.Dense(1), inputs=1, dense_1_weight=[[0.75]], dense_1_bias=[-0.25])
    gradients = net.gradients(x[:, None], y, loss="mean_squared_error", dtype="float64")
    error = 0.75 * x.astype(float) - 0.25 - y
    assert gradients["dense_1.weight"].item() == pytest.approx(2 / 4 * np.sum(error * x), rel=1e-12)
    assert gradients["dense_1.bias"].item() == pytest.approx(2 / 4 * np.sum(error), rel=1e-12)


@pytest.mark.parametrize("z", [-30.0, -2.0, 0.0, 0.5, 4.0])
@pytest.mark.parametrize("y", [0.0, 1.0])
def test_logistic_regression_slope_is_sigma_minus_y(z, y):
    """Lecture 2: the log loss of σ(z) has the slope σ(z) - y."""
    loss = ts.losses.get("binary_cross_entropy")
    scores, target = np.array([[z]]), np.array([[y]])
    sigma = 1 / (1 + math.exp(-z))
    assert loss.gradient(scores, target).item() == pytest.approx(sigma - y, rel=1e-9, abs=1e-12)
    log_loss = -math.log(sigma if y else 1 - sigma) if abs(z) < 20 else (abs(z) if (z < 0) == bool(y) else 0)
    assert loss(scores, target) == pytest.approx(log_loss, rel=1e-9, abs=1e-12)


def test_softmax_sums_to_one():
    """Lecture 4: the slope of cross-entropy is softmax minus one at the class, so over the classes it sums to 0."""
    scores = np.array([[1.0, -2.0, 0.5], [100.0, 0.0, -100.0]])
    gradient = ts.losses.get("cross_entropy").gradient(scores, np.array([2, 0]))
    assert_allclose(gradient.sum(axis=1), 0, atol=1e-15)
    softmax = 2 * gradient + np.eye(3)[[2, 0]]
    assert_allclose(softmax.sum(axis=1), 1, rtol=1e-12)
    assert_allclose(softmax[0], np.exp(scores[0]) / np.exp(scores[0]).sum(), rtol=1e-12)


def test_cross_entropy_of_two_classes_is_the_sigmoid():
    """Lecture 2: softmax over (0, z) is (1 - σ(z), σ(z)); losses and slopes agree."""
    z = np.linspace(-6, 6, 13)
    y = np.arange(13) % 2
    two = np.stack([np.zeros(13), z], axis=1)
    softmax, sigmoid = ts.losses.get("cross_entropy"), ts.losses.get("binary_cross_entropy")
    column = y[:, None].astype(float)
    assert_allclose(softmax.per_sample(two, y), sigmoid.per_sample(z[:, None], column), rtol=1e-9)
    assert_allclose(softmax.gradient(two, y)[:, 1], sigmoid.gradient(z[:, None], column)[:, 0], rtol=1e-9, atol=1e-15)


def test_a_rate_too_high_overshoots_and_one_too_low_is_slow():
    """Lecture 2, on f(x) = x²: θ ← (1 - 2η) θ, which flees for η > 1 and creeps for a small η."""

    def parabola(theta):
        return float(theta[0] ** 2), 2 * theta

    def end(rate):
        return abs(ts.optimizers.SGD(learning_rate=rate).minimize(parabola, [1.0], 10)[0][-1, 0])

    assert end(1.1) == pytest.approx(1.2**10) and end(0.001) == pytest.approx(0.998**10) and end(0.5) == 0


def test_the_gradient_descent_visualiser():
    """Lecture 4's exercise: x² + x from 2 with η = 0.1 walks by θ ← θ - 0.1 (2θ + 1) to -1/2."""
    path, values = ts.optimizers.SGD(learning_rate=0.1).minimize(lambda t: (t[0] ** 2 + t[0], 2 * t + 1), [2.0], 100)
    assert_allclose(path[:3, 0], [2.0, 1.5, 1.1], rtol=1e-12)
    assert path[-1, 0] == pytest.approx(-0.5, abs=1e-8) and values[-1] == pytest.approx(-0.25)


@pytest.mark.parametrize(
    ("inputs", "units", "count"),
    [(56, (100, 100, 100, 1), 26_001), (56, (100, 1), 5_801), (2, (4, 4, 1), 37), (1, (1,), 2), (784, (10,), 7_850)],
)
def test_counting_parameters(inputs, units, count):
    """Lecture 4 asks for the count: Σ (inputs + 1) · units. The lecture's 56-100-100-100-1 has 26,001."""
    net = ts.Network([ts.Dense(width) for width in units], input_shape=(inputs,))
    assert net.parameter_count == count
    assert sum(values.size for values in net.initialized(seed=0).parameters.values()) == count
    assert f"{count:,}" in str(net) or str(count) in str(net)


def test_three_dense_layers_learn_xor():
    """Lecture 4's example code (4 tanh, 4 tanh, 1 linear) learns what no line can."""
    net = ts.Network([ts.Dense(4, activation="tanh"), ts.Dense(4, activation="tanh"), ts.Dense(1)], input_shape=(2,))
    y = np.array([0, 1, 1, 0], np.float32)
    run = ts.train(
        net, CORNERS, y, loss="mse", optimizer=ts.optimizers.Adam(learning_rate=0.02), epochs=800, batch_size=4, seed=0
    )
    assert np.array_equal(run.network.predict(CORNERS).ravel() > 0.5, y > 0.5)
