"""What units answer to, and recurrent layers along time: closed forms, the rows, and the references' cells."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import thetastar as ts
from reference import sequences
from thetastar.explain import detect, gates

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "identity"])
def test_a_dense_unit_wants_its_own_weights(activation):
    """On a sphere around c, w·x is largest at c + r w / ‖w‖."""
    net = ts.Network([ts.Dense(4, activation=activation), ts.Dense(1)], input_shape=(6,)).initialized(0)
    rows = RNG.normal(size=(200, 6)).astype(np.float32)
    found = detect(net, data=rows)
    centre = rows.mean(axis=0)
    far = np.median(np.linalg.norm(rows - centre, axis=1))
    weight = net.parameters["dense_1.weight"].T
    assert_allclose(
        found.inputs, centre + far * weight / np.linalg.norm(weight, axis=1, keepdims=True), atol=0.02 * far
    )
    assert_allclose(found.weights, weight)
    said = ts.activations.value(activation, rows @ weight.T)
    assert np.array_equal(found.rows, np.argsort(-said, axis=0, kind="stable")[:5].T)
    assert found.samples.shape == (4, 5, 6)


def test_deeper_units_answer_more_to_their_input_than_to_any_row():
    net = ts.Network(
        [ts.Dense(16, activation="tanh"), ts.Dense(5, activation="relu"), ts.Dense(1)], input_shape=(6,)
    ).initialized(3)
    rows = RNG.normal(size=(100, 6)).astype(np.float32)
    found = detect(net, "dense_2", rows, units=[0, 1, 2], names=list("abcdef"))
    away = rows - rows.mean(axis=0)
    lengths = np.linalg.norm(away, axis=1, keepdims=True)
    as_far = rows.mean(axis=0) + away * np.median(lengths) / lengths
    said = ts.explain.subject.part_of(net, 0, 2).predict(as_far)[:, :3]
    assert (found.answers >= said.max(axis=0) - 1e-6).all() and "a " in str(found)
    assert len(found.charts()) == 1 and found.units.tolist() == [0, 1, 2]


def test_pictures_of_filters_and_of_series():
    net = ts.Network(
        [ts.Conv2D(4, 3, activation="relu"), ts.Flatten(), ts.Dense(2)], input_shape=(8, 8, 1)
    ).initialized(0)
    found = detect(net, 0, RNG.uniform(size=(20, 8, 8, 1)).astype(np.float32), count=2, steps=10)
    assert (
        found.weights.shape == (4, 3, 3, 1)
        and found.inputs.shape == (4, 8, 8, 1)
        and found.samples.shape == (4, 2, 8, 8, 1)
    )
    assert_allclose(found.weights[1].ravel(), net.parameters["conv2d_1.weight"][:, 1])
    assert [chart["kind"] for chart in found.charts()] == ["multiples", "multiples"]
    series = ts.Network([ts.LSTM(3), ts.Dense(1)], input_shape=(7, 2)).initialized(0)
    found = detect(series, steps=10)
    assert (
        found.inputs.shape == (3, 7, 2) and found.rows.size == 0 and found.charts()[0]["charts"][0]["kind"] == "lines"
    )


SETTINGS = [{}, {"go_backwards": True}, {"mask_value": 0.0}]


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
@pytest.mark.parametrize("settings", SETTINGS, ids=["forward", "backward", "masked"])
def test_states_are_those_of_the_reference(kind, settings):
    layer = getattr(ts, kind)(4, return_sequences=True, **settings)
    net = ts.Network([layer], input_shape=(6, 2)).initialized(2)
    x = RNG.normal(size=(6, 2)).astype(np.float32)
    x[4:] = 0
    seen = gates(net, x)
    parameters = {name.partition(".")[2]: array.astype(float) for name, array in net.parameters.items()}
    slow = getattr(sequences, kind)(4, return_sequences=True, **settings)
    expected, _ = slow.forward(parameters, x[None].astype(float))
    rows = [t for t in range(6) if not seen.skipped[t]]
    assert_allclose(seen.state[rows], expected[0][rows], atol=1e-12)
    assert_allclose(seen.state[rows], net.predict(x[None])[0][rows], atol=1e-6)
    assert seen.skipped.tolist() == [settings.get("mask_value") is not None and t > 3 for t in range(6)]


def test_an_open_forget_gate_remembers_and_a_shut_one_forgets():
    net = ts.Network([ts.LSTM(2), ts.Dense(1)], input_shape=(5, 1)).initialized(0)
    bias = np.array([0, 0, 20, -20, 0, 0, 0, 0], np.float32)  # i f g o of two units
    parameters = {**net.parameters, "lstm_1.bias": bias}
    seen = gates(net.with_parameters(parameters), np.ones((5, 1)))
    assert_allclose(seen.remembered[:, 0], 1, atol=1e-6)
    assert_allclose(seen.remembered[:, 1], [0, 0, 0, 0, 1], atol=1e-6)
    for t in range(4):
        assert_allclose(seen.remembered[t], np.prod(seen.gates["forget gate f"][t + 1 :], axis=0))
    assert_allclose(
        seen.cell[1],
        seen.gates["forget gate f"][1] * seen.cell[0] + seen.gates["input gate i"][1] * seen.gates["candidate g"][1],
    )
    assert "remembered at the end" in str(seen) and len(seen.charts()) == 2


def test_both_directions_and_layers_before():
    net = ts.Network(
        [ts.Dense(3, activation="tanh"), ts.GRU(2, bidirectional=True), ts.Dense(1)], input_shape=(5, 2)
    ).initialized(0)
    x = RNG.normal(size=(5, 2))
    ahead, back = gates(net, x), gates(net, x, direction="backward")
    both = ts.explain.subject.part_of(net, 0, 2).predict(x[None])[0]
    assert_allclose(np.concatenate([ahead.state[-1], back.state[0]]), both, atol=1e-6)
    assert ahead.inputs.shape == (5, 3) and back.direction == "backward"


NET = ts.Network([ts.LSTM(2), ts.Dense(1)], input_shape=(5, 1)).initialized(0)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: detect(NET, units=[2]), "units must be numbers from 0 to 1"),
        (lambda: detect(NET, "dense_4"), "layer must be one of lstm_1, dense_1"),
        (lambda: gates(NET, np.ones((4, 1))), "x must be one sequence of shape (5, 1). Got (4, 1)"),
        (lambda: gates(NET, np.ones((5, 1)), layer="dense_1"), "the layer must be recurrent. Got dense_1"),
        (lambda: gates(NET, np.ones((5, 1)), direction="backward"), "reads forward only"),
        (
            lambda: gates(ts.Network([ts.Dense(1)], input_shape=(5, 1)).initialized(0), np.ones((5, 1))),
            "must have a SimpleRNN, LSTM or GRU",
        ),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ts.InputError) as refused:
        call()
    assert words in str(refused.value)
