"""Everything together: any architecture, loss, optimiser, schedule, weights, terms and rows equal the reference."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from registry import ACTIVATIONS, PLAIN_LOSSES, RULES, SCHEDULES

import thetastar as ts
from reference import layers as reference_layers
from reference import optimizers as reference_optimizers
from reference import training

from .examples import activation, both, data, dense
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
