"""`trace` shows what really happens between a sample and its loss: every value and gradient equals the reference's."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from registry import PLAIN_LOSSES

import thetastar as ts
from reference import activations, losses
from reference import layers as reference

from .examples import activation, assert_close, both, data, dense, dropout

LAYERS = [dense(6, "tanh"), dropout(0.5), dense(4, "gelu", use_bias=False), activation("softplus"), dense(3, "sigmoid")]
NAMES = ["dense_1", "dropout_1", "dense_2", "activation_1", "dense_3"]


@pytest.mark.parametrize("rows", [1, 5])
@pytest.mark.parametrize("loss", [entry.name for entry in PLAIN_LOSSES])
def test_every_value_and_gradient_equals_the_reference(loss, rows):
    net, plain, parameters = both(LAYERS, 3)
    X, y = data(loss, rows, 3, 3)
    x = X.astype(np.float64)
    outputs = [x] + [reference.forward(plain[: k + 1], parameters, x)[0] for k in range(len(plain))]
    scores, saved = reference.forward(plain, parameters, x)
    between = reference.gradients_between(plain, parameters, x, y, loss)
    _, gradients = reference.loss_and_gradients(plain, parameters, x, y, loss)

    seen = net.trace(X, y, loss=loss, dtype="float64")
    assert list(seen) == ["input", *NAMES, "loss"]
    assert float(seen["loss"]["value"]) == pytest.approx(losses.mean_loss(loss, scores, y), rel=1e-12)
    for k, name in enumerate(["input", *NAMES]):
        assert_close(seen[name]["output"], outputs[k], 1e-12, f"{name}: output")
        assert_close(seen[name]["d_output"], between[k], 1e-9, f"{name}: d_output")
    for name, layer, (_, z), dy in zip(NAMES, plain, saved, between[1:], strict=True):
        if name.startswith("dense"):
            assert_close(seen[name]["weighted_sum"], z, 1e-12, f"{name}: weighted_sum")
            assert_close(seen[name]["d_weighted_sum"], dy * activations.SLOPE[layer.activation](z), 1e-9, name)
            assert_close(seen[name]["d_weight"], gradients[name + ".weight"], 1e-9, f"{name}: d_weight")
            assert ("d_bias" in seen[name]) == layer.use_bias
            if layer.use_bias:
                assert_close(seen[name]["d_bias"], gradients[name + ".bias"], 1e-9, f"{name}: d_bias")


def test_one_sample_may_come_without_its_row():
    net, _, _ = both([dense(4, "tanh"), dense(2)], 3)
    X, y = data("mean_squared_error", 1, 3, 2)
    flat, rows = net.trace(X[0], y[0], loss="mse"), net.trace(X, y, loss="mse")
    assert all(np.array_equal(flat[name][part], rows[name][part]) for name in rows for part in rows[name])
    assert flat["dense_1"]["output"].shape == (1, 4)


@pytest.mark.parametrize("label", [1, np.int64(1), [1]])
def test_one_class_index_may_come_as_a_number(label):
    net, _, _ = both([dense(3)], 2)
    seen = net.trace([0.5, -1.0], label, loss="cross_entropy")
    assert_allclose(seen["dense_1"]["d_output"].sum(), 0, atol=1e-6)
    assert seen["dense_1"]["d_output"][0, 1] < 0 < seen["dense_1"]["d_output"][0, 0]


def test_the_lectures_step_layer_by_layer():
    """Lecture 4: x = 2.1, y = 4, w = 1, b = 0: ŷ = 2.1, loss 3.61, ∂L/∂ŷ = -3.8, ∂L/∂w = -7.98."""
    net = ts.Network([ts.Dense(1)], input_shape=(1,))
    net = net.with_parameters({"dense_1.weight": np.ones((1, 1)), "dense_1.bias": np.zeros(1)})
    seen = net.trace([2.1], [4.0], loss="mean_squared_error")
    assert float(seen["loss"]["value"]) == pytest.approx(3.61)
    assert seen["dense_1"]["output"].item() == pytest.approx(2.1)
    assert seen["dense_1"]["d_output"].item() == pytest.approx(-3.8)
    assert seen["dense_1"]["d_weight"].item() == pytest.approx(-7.98)
    assert seen["dense_1"]["d_bias"].item() == pytest.approx(-3.8)
    assert seen["input"]["d_output"].item() == pytest.approx(-3.8)
