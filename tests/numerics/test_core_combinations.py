"""Everything together: any architecture, loss, optimiser, schedule, weights, terms and rows equal the reference."""

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from registry import ACTIVATIONS, PLAIN_LOSSES, RULES, SCHEDULES

import thetastar as ts
from reference import layers as reference_layers
from reference import optimizers as reference_optimizers
from reference import training

from .examples import activation, both, data, dense, residual
from .test_reference import reference_factors

NAMES = [entry.name for entry in ACTIVATIONS]
TIMED = [entry for entry in SCHEDULES if entry.name not in ("Constant", "ReduceOnPlateau")]


@st.composite
def layers(draw):
    """Up to four layers of either kind, then an output layer."""
    hidden = draw(
        st.lists(
            st.one_of(
                st.builds(dense, st.integers(1, 20), st.sampled_from(NAMES), use_bias=st.booleans()),
                st.builds(activation, st.sampled_from(NAMES)),
            ),
            max_size=4,
        )
    )
    return [*hidden, dense(draw(st.integers(2, 5)), draw(st.sampled_from(["identity", "tanh", "softplus"])))]


@st.composite
def chosen(draw, entries):
    """(name, settings) of one legal line of a table."""
    entry = draw(st.sampled_from(entries))
    return entry.name, draw(st.sampled_from(entry.legal))


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    net=layers(),
    features=st.integers(1, 9),
    rows=st.integers(1, 30),
    batch_size=st.integers(1, 32),
    loss=st.sampled_from([entry.name for entry in PLAIN_LOSSES]),
    optimizer=chosen(RULES),
    schedule=st.none() | chosen(TIMED),
    weighted=st.booleans(),
    terms=st.fixed_dictionaries(
        {},
        optional={
            "l1": st.sampled_from([0.0, 0.01]),
            "l2": st.sampled_from([0.0, 0.05]),
            "clip_value": st.sampled_from([0.02, 1.0]),
            "clip_norm": st.sampled_from([0.1, 10.0]),
        },
    ),
)
def test_training_equals_the_reference(net, features, rows, batch_size, loss, optimizer, schedule, weighted, terms):
    if optimizer[0] in ("Muon", "Adafactor", "Lamb"):  # they refuse the others, as tests/numerics/test_words.py shows
        terms = {name: value for name, value in terms.items() if name == "clip_norm"}
    outputs, epochs = net[-1][1]["units"], 3
    start, plain, parameters = both(net, features)
    X, y = data(loss, rows, features, outputs)
    X_validation, y_validation = data(loss, 7, features, outputs, seed=1)
    weights = np.random.default_rng(5).integers(1, 5, rows).astype(float) if weighted else None
    steps = -(-rows // batch_size)
    factors = None
    if schedule is not None:
        factors = reference_factors({"schedule": schedule[0], "settings": schedule[1]}, epochs, steps)

    shared = {"loss": loss, "epochs": epochs, "batch_size": batch_size, "sample_weight": weights, **terms}
    expected = training.train(
        plain,
        parameters,
        X.astype(np.float64),
        y,
        optimizer=reference_optimizers.OPTIMIZERS[optimizer[0]](**optimizer[1]),
        factor=None if factors is None else factors.__getitem__,
        validation=(X_validation.astype(np.float64), y_validation),
        **shared,
    )
    run = ts.train(
        start,
        X,
        y,
        optimizer=getattr(ts.optimizers, optimizer[0])(**optimizer[1]),
        schedule=None if schedule is None else getattr(ts.schedules, schedule[0])(**schedule[1]),
        validation=(X_validation, y_validation),
        shuffle=False,
        dtype="float64",
        **shared,
    )
    assert run.stopped == "epochs"
    np.testing.assert_allclose(run.history["loss"], expected.loss, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(run.history["validation_loss"], expected.validation_loss, rtol=1e-6, atol=1e-9)
    for name, values in expected.parameters.items():
        np.testing.assert_allclose(run.network.parameters[name], values, rtol=1e-6, atol=1e-8, err_msg=name)


SIZE = st.integers(1, 6)
SMOOTH = st.sampled_from(["tanh", "silu", "softplus"])
ANYWHERE = st.one_of(
    st.builds(dense, SIZE, SMOOTH),
    st.builds(activation, SMOOTH),
    st.builds(lambda momentum: ("BatchNorm", {"momentum": momentum}), st.sampled_from([0.0, 0.9])),
    st.just(("LayerNorm", {})),
)
IMAGES = st.recursive(
    st.one_of(
        ANYWHERE,
        st.builds(
            lambda filters, kernel, strides, f: (
                "Conv2D",
                {"filters": filters, "kernel_size": kernel, "padding": "same", "strides": strides, "activation": f},
            ),
            SIZE, st.tuples(SIZE, SIZE), st.tuples(st.integers(1, 2), st.integers(1, 3)), SMOOTH,
        ),
        st.builds(
            lambda name, size, strides: (name, {"pool_size": size, "strides": strides, "padding": "same"}),
            st.sampled_from(["MaxPool2D", "AveragePool2D"]), st.tuples(SIZE, SIZE), st.none() | st.integers(1, 2),
        ),
    ),
    lambda part: st.lists(part, min_size=1, max_size=2).map(residual),
    max_leaves=3,
)  # fmt: skip
SEQUENCES = st.recursive(
    st.one_of(
        ANYWHERE,
        st.builds(
            lambda name, units, way: (name, {"units": units, "return_sequences": True, **way}),
            st.sampled_from(["SimpleRNN", "LSTM", "GRU"]),
            SIZE,
            st.sampled_from([{}, {"go_backwards": True}, {"bidirectional": True}]),
        ),
    ),
    lambda part: st.lists(part, min_size=1, max_size=2).map(residual),
    max_leaves=3,
)


@pytest.mark.parametrize(("kind", "shape"), [(IMAGES, (5, 4, 3)), (SEQUENCES, (4, 3))], ids=["images", "sequences"])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(draws=st.data(), batch_size=st.integers(2, 4))
def test_any_stack_trains_as_the_reference(kind, shape, draws, batch_size):
    """Layers on images or sequences in any order, residual ones in residual ones: two epochs, and predictions after."""
    stack = [*draws.draw(st.lists(kind, min_size=1, max_size=4)), ("Flatten", {}), dense(2)]
    try:
        start, plain, parameters = both(stack, shape)
    except ts.InputError as refusal:  # a residual whose strides no projection can follow
        assert "whole stride" in str(refusal)
        reject()
    X, y = data("mean_squared_error", 8, shape, 2)
    shared = {"loss": "mean_squared_error", "epochs": 2, "batch_size": batch_size, "clip_norm": 0.1}
    optimizer, wide = reference_optimizers.SGD(0.02), X.astype(np.float64)
    expected = training.train(plain, parameters, wide, y, optimizer=optimizer, **shared)
    run = ts.train(start, X, y, optimizer=ts.optimizers.SGD(0.02), shuffle=False, dtype="float64", **shared)
    np.testing.assert_allclose(run.history["loss"], expected.loss, rtol=1e-7)
    for name, values in expected.parameters.items():
        np.testing.assert_allclose(run.network.parameters[name], values, rtol=1e-6, atol=1e-8, err_msg=name)
    predicted = reference_layers.forward(plain, expected.parameters, wide)[0]
    np.testing.assert_allclose(run.network.predict(X), predicted, rtol=1e-6, atol=1e-8)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(net=layers(), features=st.integers(1, 9), seed=st.integers(0, 2**32))
def test_a_network_and_its_description_are_one(net, features, seed):
    """Parameters, predictions and description survive being taken apart and put together."""
    start, plain, _ = both(net, features)
    again = ts.Network.from_dict(start.to_dict())
    assert again.parameter_shapes == start.parameter_shapes and again.layer_names == start.layer_names
    drawn = again.initialized(seed=seed)
    X = data("mean_squared_error", 5, features, 1)[0]
    wide = {name: values.astype(np.float64) for name, values in drawn.parameters.items()}
    expected = reference_layers.forward(plain, wide, X.astype(np.float64))[0]
    np.testing.assert_allclose(start.with_parameters(drawn.parameters).predict(X), expected, rtol=1e-4, atol=1e-5)
