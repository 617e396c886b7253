"""The losses of every table of numbers (squared, absolute, two cross-entropies) equal PyTorch, also at extremes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from registry import LOSS_NAMES, PLAIN_LOSSES

import thetastar as ts
from reference import losses as reference

from .examples import both, data, dense
from .golden import read

GOLDEN = read("losses_plain")


def arguments(case):
    dtype = np.dtype(case["dtype"])
    target = np.array(case["target"])
    return np.array(case["scores"], dtype), target if target.dtype.kind == "i" else target.astype(dtype)


@pytest.mark.parametrize("label", [k for k in GOLDEN if GOLDEN[k]["weights"] is None and "one class" not in k])
def test_value_per_sample_and_gradient_equal_the_golden_figures(label):
    case = GOLDEN[label]
    scores, target = arguments(case)
    loss = ts.losses.get(case["loss"])
    rtol, atol = (1e-12, 1e-14) if case["dtype"] == "float64" else (2e-6, 1e-7)
    assert_allclose(loss.per_sample(scores, target), case["per_sample"], rtol=rtol, atol=atol)
    assert_allclose(loss(scores, target), case["mean"], rtol=rtol)
    gradient = loss.gradient(scores, target)
    assert gradient.shape == scores.shape
    assert_allclose(gradient, case["gradient_of_mean"], rtol=rtol, atol=atol)


@pytest.mark.parametrize("label", [label for label in GOLDEN if "extreme" in label])
def test_extreme_scores_stay_finite(label):
    """±10,000 in single precision, targets exactly 0 and 1: where a naive logarithm of a sigmoid gives infinity."""
    scores, target = arguments(GOLDEN[label])
    loss = ts.losses.get(GOLDEN[label]["loss"])
    assert np.all(np.isfinite(loss.per_sample(scores, target)))
    assert np.all(np.isfinite(loss.gradient(scores, target)))


@pytest.mark.parametrize("loss", ["binary_cross_entropy", "cross_entropy"])
def test_extreme_scores_inside_a_network_stay_finite(loss):
    outputs = 1 if loss == "binary_cross_entropy" else 3
    net, _, _ = both([dense(outputs)], 2)
    net = net.with_parameters({name: np.full_like(values, 1e4) for name, values in net.parameters.items()})
    X = np.array([[1, 1], [-1, -1], [1, -1], [-1, 1]], np.float32)
    y = np.array([[1.0], [1.0], [0.0], [0.0]], np.float32) if outputs == 1 else np.array([0, 1, 2, 0])
    assert all(np.all(np.isfinite(gradient)) for gradient in net.gradients(X, y, loss=loss).values())


@pytest.mark.parametrize("name", [entry.name for entry in PLAIN_LOSSES])
def test_the_gradient_belongs_to_the_value(name):
    """∂L/∂s by central differences of the loss object itself."""
    scores = data("mean_squared_error", 5, 3, 3)[1].astype(np.float64)
    _, target = data(name, 5, 3, 3, seed=1)
    loss = ts.losses.get(name)
    gradient = loss.gradient(scores, target)
    for place in np.ndindex(scores.shape):
        up, down = scores.copy(), scores.copy()
        up[place] += 1e-6
        down[place] -= 1e-6
        slope = (loss(up, target) - loss(down, target)) / 2e-6
        assert gradient[place] == pytest.approx(slope, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("name", [entry.name for entry in PLAIN_LOSSES])
def test_the_mean_is_the_mean_of_the_samples(name):
    scores = data("mean_squared_error", 7, 3, 3)[1].astype(np.float64)
    _, target = data(name, 7, 3, 3, seed=1)
    loss = ts.losses.get(name)
    assert loss(scores, target) == pytest.approx(np.mean(loss.per_sample(scores, target)), rel=1e-12)
    assert_allclose(
        loss.per_sample(scores, target),
        reference.PER_SAMPLE[name](scores, reference.as_target(name, target)),
        rtol=1e-9,
        atol=1e-12,
    )


@pytest.mark.parametrize(("other", "name"), LOSS_NAMES.items())
def test_the_names_of_the_lectures_find_our_losses(other, name):
    assert ts.losses.get(other) == ts.losses.get(name)
