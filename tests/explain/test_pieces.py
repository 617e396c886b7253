"""A curve and its parts: they add up, bend where a fine search finds the bends, and more neurons come closer."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import thetastar as ts
from thetastar.explain import approximate, as_relus, pieces


def _net(*widths, activation="relu", seed=0):
    layers = [ts.Dense(w, activation=activation, bias_initializer=ts.initializers.uniform(1.0)) for w in widths]
    net = ts.Network([*layers, ts.Dense(1)], input_shape=(1,)).initialized(seed)
    return net.with_parameters({name: array.astype(float) for name, array in net.parameters.items()})


@pytest.mark.parametrize("activation", ["sigmoid", "relu", "hard_sigmoid", "tanh", "gaussian"])
def test_the_constant_and_the_parts_are_the_curve(activation):
    net = _net(6, activation=activation)
    apart = pieces(net, domain=(-4, 4))
    assert_allclose(apart.constant + apart.parts.sum(axis=0), net.predict(apart.x[:, None])[:, 0], atol=1e-12)
    z = apart.shifts[:, None] + apart.slopes[:, None] * apart.x
    assert_allclose(apart.parts, apart.heights[:, None] * ts.activations.value(activation, z), atol=1e-12)
    assert_allclose(apart.shifts + apart.slopes * apart.centres, 0, atol=1e-12)


def _bends_by_search(net, low, high, places=200_001):
    """Where the slope changes, by looking at very many places."""
    x = np.linspace(low, high, places)
    slopes = np.diff(net.predict(x[:, None])[:, 0]) / np.diff(x)
    changed = np.flatnonzero(np.abs(np.diff(slopes)) > 1e-5 * np.abs(slopes).max()) + 1
    runs = np.split(changed, np.flatnonzero(np.diff(changed) > 2) + 1)
    return np.array([x[run].mean() for run in runs if len(run)])


@pytest.mark.parametrize(
    "widths, activation",
    [((5,), "relu"), ((4, 4), "relu"), ((6, 5, 4), "leaky_relu"), ((5,), "hard_sigmoid"), ((4, 3), "hard_sigmoid")],
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_breakpoints_are_those_that_a_fine_search_finds(widths, activation, seed):
    net = _net(*widths, activation=activation, seed=seed)
    found = pieces(net, domain=(-5, 5))
    expected = _bends_by_search(net, -5, 5)
    assert found.straight
    for place in expected:  # the search joins bends closer than its steps
        assert np.abs(found.breakpoints - place).min() < 2e-4
    for place in found.breakpoints:
        assert np.abs(expected - place).min() < 2e-4


def test_smooth_curves_have_no_breakpoints():
    apart = pieces(_net(4, activation="sigmoid"))
    assert not apart.straight and len(apart.breakpoints) == 0 and "c · sigmoid(b + w x)" in str(apart)


def test_two_relus_are_one_hard_sigmoid():
    for widths in ((5,), (4, 3)):
        net = _net(*widths, activation="hard_sigmoid")
        relus, x = as_relus(net), np.linspace(-9, 9, 500)[:, None]
        assert [layer.units for layer in relus.layers[:-1]] == [2 * w for w in widths]
        assert_allclose(relus.predict(x), net.predict(x), atol=1e-12)


def test_a_broken_line_errs_as_its_theory_says():
    closer = approximate("x^2", neurons=(2, 4, 8, 16), domain=(0, 1), method="constructed")
    assert_allclose(closer.largest, 1 / (4 * np.array([2, 4, 8, 16.0]) ** 2), rtol=1e-4)
    line = approximate("2x - 1", neurons=(1,), method="constructed")
    assert line.largest[0] < 1e-12


def test_more_trained_neurons_come_closer():
    seen = approximate("sin(3x) + x/2", neurons=(2, 5, 20), rows=200, epochs=300, starts=3)
    assert (np.diff(seen.rms) < 0).all() and seen.rms[-1] < 0.03 and len(seen.networks) == 3
    again = approximate("sin(3x) + x/2", neurons=(2, 5, 20), rows=200, epochs=300, starts=3, threads=1)
    assert np.array_equal(seen.fits, again.fits)
    wave = approximate(np.cos, neurons=(4,), method="constructed")
    assert wave.function == "cos" and len(wave.charts()) == 2


LINE = ts.Network([ts.Dense(1)], input_shape=(1,)).initialized(0)


@pytest.mark.parametrize(
    "call, words",
    [
        (
            lambda: pieces(ts.Network([ts.Dense(2), ts.Dense(1)], input_shape=(2,)).initialized(0)),
            "must have one input",
        ),
        (
            lambda: pieces(ts.Network([ts.Dense(2), ts.Dense(1, activation="tanh")], input_shape=(1,)).initialized(0)),
            "without activation",
        ),
        (lambda: pieces(LINE), "there must be a hidden layer"),
        (lambda: pieces(_net(3), domain=(1, 0)), "domain must go from low to high"),
        (lambda: pieces(_net(3), domain=3), "domain must be (low, high)"),
        (lambda: as_relus(_net(3)), "activation 'hard_sigmoid'"),
        (lambda: approximate("x + y"), "at most 1 variables"),
        (lambda: approximate("3"), "must have one variable"),
        (lambda: approximate("1/x", domain=(0, 1)), "must have a finite value at every x"),
        (lambda: approximate("x", method="guessed"), "there is no method 'guessed'"),
        (lambda: approximate("x", neurons=()), "must be a list of widths"),
        (lambda: approximate("x", domain=(2, 1)), "domain must go from low to high"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ts.InputError) as refused:
        call()
    assert words in str(refused.value)
