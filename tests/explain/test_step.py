"""One step: the trainer's own bits for every optimiser, the lecture's page, and formulas whose numbers come out."""

import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose
from registry import OPTIMIZERS, cases

import thetastar as ts
from thetastar.explain import step

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 5)).astype(np.float32)
Y = RNG.normal(size=(24, 2)).astype(np.float32)
LINE = ts.Network([ts.Dense(1)], input_shape=(1,)).with_parameters({"dense_1.weight": [[1.0]], "dense_1.bias": [0.0]})


def _same_bits(network, other):
    return all(np.array_equal(network.parameters[name], other.parameters[name]) for name in network.parameters)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("entry, settings", **cases(OPTIMIZERS))
def test_steps_are_the_trainers_own_bit_for_bit(entry, settings, dtype):
    optimizer = ts.optimizers.get({"kind": entry.name, **settings})
    net = ts.Network([ts.Dense(9, activation="tanh"), ts.Dropout(0.2), ts.Dense(2)], input_shape=(5,)).initialized(1)
    now, state = net, None
    for count in range(1, 12):
        taken = step(now, X, Y, loss="mse", optimizer=optimizer, state=state, dtype=dtype, seed=3)
        now, state = taken.network, taken.state
        if count in (1, 2, 5, 11):
            run = ts.train(
                net,
                X,
                Y,
                loss="mse",
                optimizer=optimizer,
                epochs=count,
                batch_size=24,
                shuffle=False,
                dtype=dtype,
                seed=3,
            )
            assert _same_bits(run.network, now)
    assert state.steps == 11


@pytest.mark.parametrize(
    "settings",
    [
        {"l2": 0.01},
        {"l1": 0.01},
        {"clip_norm": 0.1},
        {"clip_value": 0.01},
        {"max_norm": 0.5},
        {"sample_weight": np.arange(24.0)},
    ],
    ids=lambda s: next(iter(s), "none"),
)
@pytest.mark.parametrize(
    "layers", [[ts.Dense(9), ts.BatchNorm(), ts.Dense(2)], [ts.Dense(300, activation="relu"), ts.Dense(2)]]
)
def test_penalties_limits_and_weights_too(settings, layers):
    net = ts.Network(layers, input_shape=(5,)).initialized(0)
    now, state = net, None
    for _ in range(3):
        taken = step(now, X, Y, loss="mse", optimizer="adamw", state=state, **settings)
        now, state = taken.network, taken.state
    run = ts.train(net, X, Y, loss="mse", optimizer="adamw", epochs=3, batch_size=24, shuffle=False, **settings)
    assert _same_bits(run.network, now)


def test_convolutions_sequences_and_pairs():
    for layers, shape in (
        ([ts.Conv2D(3, 3, activation="relu"), ts.MaxPool2D(2), ts.Flatten(), ts.Dense(2)], (6, 6, 1)),
        ([ts.LSTM(4), ts.Dense(2)], (5, 2)),
    ):
        images = RNG.normal(size=(8, *shape)).astype(np.float32)
        net = ts.Network(layers, input_shape=shape).initialized(0)
        taken = step(net, images, Y[:8], loss="mse", optimizer="adam")
        run = ts.train(net, images, Y[:8], loss="mse", optimizer="adam", epochs=1, batch_size=8, shuffle=False)
        assert _same_bits(run.network, taken.network)
    net = ts.Network([ts.Dense(3)], input_shape=(5,)).initialized(0)
    pair, same = (X[:8], X[8:16]), np.where(np.arange(8) % 2, 1.0, -1.0)
    taken = step(net, pair, same, loss="cosine_embedding", optimizer="sgd")
    run = ts.train(net, pair, same, loss="cosine_embedding", optimizer="sgd", epochs=1, batch_size=8, shuffle=False)
    assert _same_bits(run.network, taken.network) and taken.trace is None


def test_the_lectures_page():
    """Lecture 4: x = 2.1, y = 4, w = 1, b = 0, lr 0.01."""
    seen = step(LINE, [2.1], 4.0, loss="mse", optimizer=ts.optimizers.SGD(learning_rate=0.01))
    page = str(seen)
    for words in (
        "ŷ = x · w + b = 2.1 · 1 + 0 = 2.1", "L = (ŷ - y)² = (2.1 - 4)² = 3.61",
        "∂L/∂ŷ = 2 (ŷ - y) = 2 (2.1 - 4) = -3.8", "∂L/∂w = ∂L/∂ŷ · x = (-3.8) · 2.1 = -7.98",
        "∂L/∂b = ∂L/∂ŷ = -3.8", "w ← w - η ∂L/∂w = 1 - 0.01 · (-7.98) = 1.0798",
        "b ← b - η ∂L/∂b = 0 - 0.01 · (-3.8) = 0.038", "3.61 → 2.87106", "ŷ 2.1 → 2.30558  (y = 4)",
    ):  # fmt: skip
        assert words in page
    assert seen.loss_before - seen.loss_after == pytest.approx(0.74, abs=0.005)
    assert seen.gradients["dense_1.weight"].item() == pytest.approx(-7.98, rel=1e-6)
    assert seen.changes["dense_1.bias"].item() == pytest.approx(0.038, rel=1e-6)


def test_the_and_perceptron():
    """Lecture 5: w = (0.5, 0.1), b = 0.1 gives 0.1 0.2 0.6 0.7 on the corners; one step on all four."""
    net = ts.Network([ts.Dense(1)], input_shape=(2,)).with_parameters(
        {"dense_1.weight": [[0.5], [0.1]], "dense_1.bias": [0.1]}
    )
    corners, target = ts.datasets.make("and", noise=0, arrays=True)
    seen = step(net, corners, target, loss="mse", optimizer=ts.optimizers.SGD(learning_rate=0.1))
    assert_allclose(seen.prediction_before.ravel(), [0.1, 0.2, 0.6, 0.7], rtol=1e-6)
    errors = np.array([0.1, 0.2, 0.6, -0.3])
    assert seen.loss_before == pytest.approx((errors**2).mean(), rel=1e-6)
    assert_allclose(seen.gradients["dense_1.weight"].ravel(), 2 * errors @ corners / 4, rtol=1e-5)
    assert "row 3" in str(seen) and "ŷ 0.7 →" in str(seen)


def _value(text):
    """What a line's numbers come to, read as a person reads them."""
    for sign, python in (("·", "*"), ("^", "**"), ("√", "sqrt")):
        text = text.replace(sign, python)
    text = re.sub(r"\|([^|]*)\|", r"abs(\1)", text)
    names = {"sqrt": math.sqrt, "sign": lambda v: (v > 0) - (v < 0), "abs": abs, "max": max, "min": min}
    return eval(text, {"__builtins__": {}}, names)  # our own text, in a test


@pytest.mark.parametrize("entry, settings", **cases(OPTIMIZERS))
def test_the_numbers_of_every_line_come_out(entry, settings):
    optimizer = ts.optimizers.get({"kind": entry.name, **settings})
    net = ts.Network([ts.Dense(3, activation="tanh"), ts.Dense(2)], input_shape=(5,)).initialized(1)
    state = None
    for _ in range(8):
        seen = step(net, X, Y, loss="mse", optimizer=optimizer, state=state, dtype="float64")
        net, state = seen.network, seen.state
    lines = [line for lines in seen.updates.values() for line in lines]
    assert len({line.of for line in lines}) == 8 + 3 + 6 + 2
    for line in lines:
        if line.numbers:
            assert _value(line.numbers) == pytest.approx(line.value, rel=2e-5, abs=5e-6), str(line)
        if line.symbol.startswith(("w", "b")) and "'" not in line.symbol:
            name, place = line.of.rstrip("]").split("[")
            assert line.value == seen.after[name][tuple(map(int, place.split(",")))]


def test_moments_are_what_the_formulas_say():
    seen = step(LINE, [2.1], 4.0, loss="mse", optimizer="adam", dtype="float64")
    assert seen.moments_before["m"]["dense_1.weight"].item() == 0
    assert seen.moments_after["m"]["dense_1.weight"].item() == pytest.approx(-0.798)
    assert seen.moments_after["v"]["dense_1.weight"].item() == pytest.approx(0.001 * 7.98**2)


def test_a_step_that_diverges_says_so_and_loses_nothing():
    net = LINE.with_parameters({"dense_1.weight": [[3e38]], "dense_1.bias": [0.0]})
    seen = step(net, [3e38], 0.0, loss="mse", optimizer="sgd")
    assert not seen.finite and "diverged" in str(seen) and seen.to_dict()["loss_after"] is None


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: step(LINE, [2.1], 4.0, schedule="cosine"), "a step has no setting 'schedule'"),
        (lambda: step(LINE, [2.1], 4.0, dtype="float16"), "dtype must be 'float32' or 'float64'"),
        (lambda: step(LINE, [2.1], 4.0, state={}), "state must be the state of another step"),
        (
            lambda: step(LINE, [2.1], 4.0, optimizer="adam", state=step(LINE, [2.1], 4.0, optimizer="sgd").state),
            "must be of this optimiser",
        ),
        (lambda: step("net", [2.1], 4.0), "must be a network, a run or a model. Got str"),
        (lambda: step(ts.Network([ts.Dense(1)], input_shape=(1,)), [2.1], 4.0), "must have parameters"),
        (lambda: step(LINE, [2.1], 4.0, network=1), "network must be an index from 0 to 0"),
        (lambda: step(LINE, [[1.0, 2.0]], [1.0]), "X must have shape (n, 1)"),
    ],
)
def test_refusals(call, words):
    with pytest.raises(ts.InputError) as refused:
        call()
    assert words in str(refused.value)
