"""Courses of weight decay and dropout, and parameters that begin by the data: what training does with both."""

import numpy as np
import pytest

import thetastar as ts
from reference import schedules as reference

from .examples import data, equal, same_bits

STILL = {"loss": "mse", "optimizer": ts.optimizers.SGD(1e-30), "epochs": 1, "dtype": "float64"}


def begun(layers, X, seed=0, **settings):
    """The parameters that a training begins with."""
    net = ts.Network(layers, input_shape=X.shape[1:])
    return ts.train(net, X, np.zeros(len(X)), seed=seed, **{**STILL, **settings}).network


def table(rows=200, features=5):
    return np.random.default_rng(0).normal(2.0, [1.0, 5.0, 0.2, 3.0, 40.0][:features], (rows, features))


def sums(net, X):
    """The weighted sums of every dense layer, before their biases, and after them."""
    found = []
    for name, layer in zip(net.layer_names, net.layers, strict=True):
        if layer.kind == "dense":
            z = X @ net.parameters[f"{name}.weight"]
            found.append((z, z + net.parameters[f"{name}.bias"]))
            X = found[-1][1]
        else:
            X = np.tanh(X)
    return found


DRIVEN = {"kernel_initializer": "unit_variance", "bias_initializer": "hull"}
LAYERS = [ts.Dense(30, **DRIVEN), ts.Activation("tanh"), ts.Dense(20, **DRIVEN), ts.Activation("tanh"), ts.Dense(1)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_weighted_sums_begin_with_variance_1(dtype):
    """Layer by layer, whatever the columns' scales are, on what the layers before make of them."""
    X = table()
    for z, _ in sums(begun(LAYERS, X, dtype=dtype), X)[:2]:
        np.testing.assert_allclose(z.std(axis=0), 1.0, rtol=1e-5 if dtype == "float32" else 1e-10)


def test_every_units_zero_begins_among_the_rows():
    """0 lies between the smallest and the largest weighted sum of every unit, and not at the same place for all."""
    X = table()
    for z, shifted in sums(begun(LAYERS, X), X)[:2]:
        assert np.all(shifted.min(axis=0) <= 0) and np.all(shifted.max(axis=0) >= 0)
        share = (shifted > 0).mean(axis=0)
        assert share.std() > 0.05
        assert np.ptp((shifted - z).mean(axis=0)) > 0.5


def test_a_start_by_data_belongs_to_its_seed_and_to_no_thread():
    X, y = table(300), np.arange(300.0)
    jobs = [ts.Job(ts.Network(LAYERS, input_shape=(5,)), loss="mse", epochs=2, seed=seed) for seed in (0, 1, 0)]
    one, other = (ts.train_many(jobs, X, y, threads=threads) for threads in (1, 2))
    assert all(equal(a, b) for a, b in zip(one, other, strict=True))
    assert equal(one[0], one[2]) and not equal(one[0], one[1])


def test_only_the_training_rows_are_looked_at():
    X = table(300)
    settings = {**STILL, "rows": np.arange(200)}
    net = ts.Network(LAYERS, input_shape=(5,))
    first = ts.train(net, X, np.zeros(300), **settings).network.parameters
    X[200:] = 1e6
    assert same_bits(first, ts.train(net, X, np.zeros(300), **settings).network.parameters)


def test_parameters_that_are_given_stay():
    X = table()
    net = ts.Network(LAYERS, input_shape=(5,)).initialized(seed=4)
    after = ts.train(net, X, np.zeros(len(X)), **STILL).network.parameters
    for name, values in net.parameters.items():
        np.testing.assert_allclose(after[name], values, rtol=1e-6, atol=1e-20)


def test_a_unit_that_sees_nothing_begins_as_it_was_drawn():
    """Columns of zeros: there is no deviation to divide by."""
    net = begun([ts.Dense(4, **DRIVEN), ts.Dense(1)], np.zeros((50, 3)))
    assert np.isfinite(net.parameters["dense_1.weight"]).all() and np.all(net.parameters["dense_1.bias"] == 0)


@pytest.mark.parametrize("optimizer", ["AdamW", "SGD"])
def test_weight_decay_follows_its_course(optimizer):
    """Without any gradient, weights shrink by 1 - rate · decay · factor in every step."""
    X, y = np.zeros((6, 3), np.float32), np.zeros(6, np.float32)
    net = ts.Network([ts.Dense(2, use_bias=False), ts.Dense(1, use_bias=False)], input_shape=(3,)).initialized(seed=0)
    rule = getattr(ts.optimizers, optimizer)(
        0.1, weight_decay=0.5, **({"decoupled": True} if optimizer == "SGD" else {})
    )
    run = ts.train(net, X, y, loss="mse", optimizer=rule, epochs=4, batch_size=2, dtype="float64",
                   schedule="log_cosine", decay_schedule=ts.schedules.FlatCosine(0.25))  # fmt: skip
    factors = [reference.log_cosine(t, 12) * reference.flat_cosine(t, 12, 0.25) for t in range(12)]
    left = np.prod([1 - 0.05 * factor for factor in factors])
    for name, values in run.network.parameters.items():
        np.testing.assert_allclose(values, left * net.parameters[name].astype(float), rtol=1e-6)


def test_dropout_follows_its_course():
    """Weights that move by the kept input: those of an epoch are kept with 1 - rate · factor, and scaled by that."""
    units, rate = 2000, 0.8
    net = ts.Network([ts.Dropout(rate), ts.Dense(1, use_bias=False)], input_shape=(units,)).with_parameters(
        {"dense_1.weight": np.zeros((units, 1), np.float32)}
    )
    seen = [
        ts.train(
            net, np.ones((1, units)), np.full(1, 1e9), loss="mae", optimizer=ts.optimizers.SGD(1.0), epochs=epochs,
            batch_size=1, dropout_schedule=ts.schedules.Step(every=1, factor=0.5), dtype="float64",
        ).network.parameters["dense_1.weight"][:, 0]
        for epochs in (1, 2, 3)
    ]  # fmt: skip
    for epoch, kept in enumerate((seen[0], seen[1] - seen[0], seen[2] - seen[1])):
        dropped = rate * 0.5**epoch
        np.testing.assert_allclose(np.unique(kept.round(6)), [0, 1 / (1 - dropped)], atol=1e-5)
        assert abs(np.mean(kept > 0) - (1 - dropped)) < 5 * np.sqrt(dropped * (1 - dropped) / units)


def test_constant_courses_change_no_bit():
    X, y = data("mean_squared_error", 40, 3, 1)
    net = ts.Network([ts.Dense(8, activation="tanh"), ts.Dropout(0.3), ts.Dense(1)], input_shape=(3,))
    settings = {"loss": "mse", "optimizer": ts.optimizers.AdamW(0.01), "epochs": 3}
    constant = {"decay_schedule": "constant", "dropout_schedule": ts.schedules.Constant()}
    assert equal(ts.train(net, X, y, **settings), ts.train(net, X, y, **settings, **constant))


def test_packs_leave_what_they_cannot_do():
    """A course of the decay and a start by data go alone, to the bits that each has alone."""
    X, y = data("mean_squared_error", 40, 3, 1)
    for layers, more in (
        ([ts.Dense(4, activation="tanh"), ts.Dense(1)], {"decay_schedule": "flat_cosine"}),
        ([ts.Dense(4, activation="tanh", **DRIVEN), ts.Dense(1)], {}),
    ):
        net = ts.Network(layers, input_shape=(3,))
        job = ts.Job(net, loss="mse", optimizer=ts.optimizers.AdamW(0.01), epochs=2, batch_size=8, **more)
        runs = ts.train_many(job.restarts(range(20)), X, y, threads=1)
        assert {run.way.networks for run in runs} == {1}
        assert equal(runs[7], ts.train_many([job.restarts([7])[0]], X, y)[0])


@pytest.mark.parametrize("name", ["decay_schedule", "dropout_schedule"])
def test_a_course_that_follows_the_loss_or_disturbs_a_line_search_is_refused(name):
    net = ts.Network([ts.Dense(1)], input_shape=(1,))
    with pytest.raises(ts.InputError) as refusal:
        ts.train(net, [[1.0]], [1.0], **{name: "plateau"})
    assert str(refusal.value) == (
        f"train: {name} must follow the time. Got ReduceOnPlateau, which follows the loss. "
        "Use for example 'flat_cosine'."
    )
    with pytest.raises(ts.InputError) as refusal:
        ts.train(net, [[1.0]], [1.0], optimizer="lbfgs", **{name: "cosine"})
    assert str(refusal.value) == (
        f"train: LBFGS's line search needs the same cost in every epoch. Got {name}. "
        "Leave it out, or use another optimiser."
    )
