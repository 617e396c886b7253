"""One sample there and back: the lectures' numbers, and every equation against back-propagation and differences."""

import numpy as np
import pytest

import thetastar as ts
from thetastar.explain import trace


def _with(net, *values):
    return net.with_parameters({name: np.array(v, float) for name, v in zip(net.parameter_shapes, values, strict=True)})


XOR = _with(
    ts.Network([ts.Dense(2, activation="relu"), ts.Dense(1)], input_shape=(2,)),
    [[1, 1], [1, 1]],
    [0, -1],
    [[1], [-2]],
    [0],
)


def test_the_neurons_quiz():
    """Lecture 4: w = (1, 3), b = 1, x = (1, 3), ReLU: 11."""
    quiz = _with(ts.Network([ts.Dense(1, activation="relu")], input_shape=(2,)), [[1], [3]], [1])
    seen = trace(quiz, [1, 3], 10, loss="mae")
    assert "z = x₁ · w₁₁ + x₂ · w₂₁ + b = 1 · 1 + 3 · 3 + 1 = 11" in str(seen) and seen.prediction.tolist() == [11]


@pytest.mark.parametrize("corner, said", [((0, 0), 0), ((0, 1), 1), ((1, 0), 1), ((1, 1), 0)])
def test_the_xor_network(corner, said):
    """Lecture 2: W = [[1, 1], [1, 1]], c = [0, -1], w = [1, -2], b = 0."""
    seen = trace(XOR, corner, said, loss="mse")
    assert seen.prediction.tolist() == [said] and seen.loss == 0
    if corner == (1, 1):
        assert "z₂ = x₁ · w₁₂ + x₂ · w₂₂ + b₂ = 1 · 1 + 1 · 1 + (-1) = 1" in str(seen)


LOSSES = [("mse", [0.7]), ("mae", [0.7]), ("bce", [1.0]), ("huber", [0.7]), ("cross_entropy", 2)]


@pytest.mark.parametrize("activation", ts.activations.NAMES)
def test_every_equation_is_a_number_of_the_network(activation):
    net = ts.Network(
        [ts.Dense(4, activation=activation), ts.Dense(3, activation="tanh"), ts.Dense(1)], input_shape=(2,)
    ).initialized(2)
    net = net.with_parameters({name: array.astype(float) for name, array in net.parameters.items()})
    seen = trace(net, [0.4, -1.1], 0.5, loss="mse", most=99)
    found = {equation.of: equation.value for equation in (*seen.forward, *seen.backward)}
    for name, array in net.gradients([[0.4, -1.1]], [0.5], loss="mse").items():
        for place in np.ndindex(array.shape):
            assert found[f"{name}[{','.join(map(str, place))}]"] == pytest.approx(array[place], rel=1e-12)
    for layer in net.layer_names:
        for unit, value in enumerate(seen.values[layer]["output"][0]):
            assert found[f"{layer}.output[{unit}]"] == value


@pytest.mark.parametrize("loss, target", LOSSES)
def test_slopes_are_numerical_ones(loss, target):
    outputs = 3 if loss == "cross_entropy" else 1
    net = ts.Network([ts.Dense(3, activation="tanh"), ts.Dense(outputs)], input_shape=(2,)).initialized(0)
    net = net.with_parameters({name: array.astype(float) for name, array in net.parameters.items()})
    seen, x = trace(net, [0.3, 0.8], target, loss=loss), np.array([[0.3, 0.8]])
    measured = ts.losses.get(loss)
    assert seen.loss == pytest.approx(measured(net.predict(x), np.ravel(target)), rel=1e-12)
    weight = net.parameters["dense_1.weight"].copy()
    there, back = (
        measured(
            net.with_parameters(
                {**net.parameters, "dense_1.weight": weight + side * 1e-6 * np.eye(2, 3)[:, :3]}
            ).predict(x),
            np.ravel(target),
        )
        for side in (1, -1)
    )
    both = sum(e.value for e in seen.backward if e.of in ("dense_1.weight[0,0]", "dense_1.weight[1,1]"))
    assert both == pytest.approx((there - back) / 2e-6, rel=1e-4, abs=1e-8)


def test_wide_layers_are_cut_and_say_where_the_rest_is():
    net = ts.Network([ts.Dense(100, activation="relu"), ts.Dense(1)], input_shape=(56,)).initialized(0)
    page = str(trace(net, np.ones(56), 1.0, loss="mse"))
    assert page.count("\n") < 90 and "(52 more)" in page and "… the others are in .values['dense_1']" in page


def test_images_and_sequences_say_what_their_layers_do():
    net = ts.Network(
        [ts.Conv2D(2, 3), ts.MaxPool2D(2), ts.Flatten(), ts.Dropout(0.5), ts.Dense(3)], input_shape=(6, 6, 1)
    ).initialized(0)
    image = np.arange(36.0).reshape(6, 6, 1) / 36
    seen = trace(net, image, 1, loss="cross_entropy")
    first = net.parameters["conv2d_1.weight"][:, 0].astype(float) @ image[:3, :3].ravel()
    assert seen.forward[0].value == pytest.approx(first, rel=1e-5) and "the largest number of each window" in str(seen)
    net = ts.Network([ts.GRU(3), ts.Dense(1)], input_shape=(5, 1)).initialized(0)
    assert "z, r = σ(…)" in str(trace(net, np.ones((5, 1)), 0.0, loss="mse"))


def test_results_are_data_text_and_pictures():
    seen = trace(XOR, (1, 1), 0, loss="mse")
    assert seen.charts()[0]["kind"] == "network" and seen.to_dict()["loss"] == 0
    assert "<pre>One sample" in seen._repr_html_()
    with pytest.raises(AttributeError):
        seen.loss = 1


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: trace(XOR, [1, 2, 3], 0, loss="mse"), "x must be one sample of shape (2,). Got (3,)"),
        (lambda: trace(XOR, ["a", "b"], 0, loss="mse"), "x must be numbers of shape (2,)"),
        (lambda: trace(XOR, [1, 2], 0, loss="triplet_margin"), "must be of single predictions. Got 'triplet_margin'"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ts.InputError) as refused:
        call()
    assert words in str(refused.value)
