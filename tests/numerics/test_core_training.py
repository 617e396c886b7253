"""The loop: which rows are seen when, what is added to the cost, what is clipped, what is recorded."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from registry import PLAIN_LOSSES

import thetastar as ts
from reference import layers as reference_layers
from reference import losses as reference_losses
from reference import optimizers as reference_optimizers
from reference import training

from .examples import assert_all_close, both, data, dense, same_bits

LAYERS = [dense(6, "tanh"), dense(2)]


def counter(features=1):
    """A network whose bias counts updates: inputs zero, absolute error far below the target, learning rate 1."""
    return ts.Network([ts.Dense(1)], input_shape=(features,)).with_parameters(
        {"dense_1.weight": np.zeros((features, 1), np.float32), "dense_1.bias": np.zeros(1, np.float32)}
    )


def count_updates(rows, batch_size, epochs=1):
    run = ts.train(
        counter(),
        np.zeros((rows, 1), np.float32),
        np.full(rows, 1e9, np.float32),
        loss="mean_absolute_error",
        optimizer=ts.optimizers.SGD(learning_rate=1.0),
        epochs=epochs,
        batch_size=batch_size,
        dtype="float64",  # a batch's mean slope of ten times 1/10 is 1 to 1e-16, and to 1e-7 in single precision
    )
    return round(run.network.parameters["dense_1.bias"].item(), 9)


@pytest.mark.parametrize(
    ("rows", "batch_size", "updates"),
    [(10, 1, 10), (10, 3, 4), (10, 4, 3), (10, 5, 2), (10, 9, 2), (10, 10, 1), (10, 11, 1), (1, 32, 1), (33, 32, 2)],
)
def test_the_last_partial_batch_is_kept(rows, batch_size, updates):
    assert count_updates(rows, batch_size) == updates
    assert count_updates(rows, batch_size, epochs=3) == 3 * updates


def train_both(layers=LAYERS, rows=10, batch_size=4, epochs=3, loss="mean_squared_error", optimizer="SGD", **settings):
    """The same training by the core in double precision and by the reference: (Run, reference Run)."""
    net, plain, parameters = both(layers, 3)
    X, y = data(loss, rows, 3, layers[-1][1]["units"])
    rate = {"learning_rate": 0.05}
    run = ts.train(
        net,
        X,
        y,
        loss=loss,
        optimizer=getattr(ts.optimizers, optimizer)(**rate),
        epochs=epochs,
        batch_size=batch_size,
        shuffle=False,
        dtype="float64",
        **settings,
    )
    expected = training.train(
        plain,
        parameters,
        X.astype(np.float64),
        y,
        loss=loss,
        optimizer=reference_optimizers.OPTIMIZERS[optimizer](**rate),
        epochs=epochs,
        batch_size=batch_size,
        **settings,
    )
    return run, expected


@pytest.mark.parametrize("loss", [entry.name for entry in PLAIN_LOSSES])
@pytest.mark.parametrize("rows", [1, 4, 10, 13])
def test_training_equals_the_reference(loss, rows):
    run, expected = train_both(rows=rows, loss=loss)
    assert_all_close(run.network.parameters, expected.parameters, 2e-7)
    assert_allclose(run.history["loss"], expected.loss, rtol=1e-9)


@pytest.mark.parametrize(
    "settings",
    [{"l1": 0.1}, {"l2": 0.1}, {"l1": 0.02, "l2": 0.3}, {"clip_value": 0.05}, {"clip_norm": 0.1}, {"clip_norm": 1e9}],
    ids=str,
)
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_terms_in_the_cost_and_clipping_equal_the_reference(optimizer, settings):
    run, expected = train_both(optimizer=optimizer, **settings)
    assert_all_close(run.network.parameters, expected.parameters, 2e-7)
    assert_allclose(run.history["loss"], expected.loss, rtol=1e-9)


@pytest.mark.parametrize("settings", [{"l1": 0.1}, {"l2": 0.1}])
def test_terms_in_the_cost_leave_biases_alone(settings):
    """A step from a perfect fit: only the term moves anything, and it moves weights only."""
    net, _, parameters = both(LAYERS, 3)
    X = data("mean_squared_error", 8, 3, 2)[0]
    y = net.predict(X)
    optimizer = ts.optimizers.SGD(learning_rate=0.1)
    run = ts.train(net, X, y, loss="mean_squared_error", optimizer=optimizer, epochs=1, batch_size=8, **settings)
    for name, values in run.network.parameters.items():
        if name.endswith("bias"):
            assert_allclose(values, parameters[name], atol=1e-6)
        else:
            slope = {"l1": np.sign(parameters[name]), "l2": 2 * parameters[name]}[next(iter(settings))]
            assert_allclose(values, parameters[name] - 0.1 * 0.1 * slope, atol=1e-6)


def one_step(net, X, y, **settings):
    """How far one whole-batch SGD step with rate 1 moves: minus the gradient as the step used it."""
    optimizer = ts.optimizers.SGD(learning_rate=1.0)
    settings = {"loss": "mean_squared_error", "epochs": 1, "batch_size": len(X), "dtype": "float64", **settings}
    run = ts.train(net, X, y, optimizer=optimizer, **settings)
    return {name: net.parameters[name].astype(float) - run.network.parameters[name] for name in net.parameters}


def test_clipping_by_norm_keeps_the_direction():
    net, _, _ = both(LAYERS, 3)
    X, y = data("mean_squared_error", 8, 3, 2)
    free, clipped = one_step(net, X, y), one_step(net, X, y, clip_norm=0.25)
    norms = [np.sqrt(sum((g**2).sum() for g in gradients.values())) for gradients in (free, clipped)]
    assert norms[0] > 0.3 and norms[1] == pytest.approx(0.25, rel=1e-5)
    assert_all_close(clipped, {name: g * (0.25 / norms[0]) for name, g in free.items()}, 1e-5)


def test_clipping_by_value_cuts_each_number():
    net, _, _ = both(LAYERS, 3)
    X, y = data("mean_squared_error", 8, 3, 2)
    free, clipped = one_step(net, X, y), one_step(net, X, y, clip_value=0.1)
    assert max(np.abs(g).max() for g in free.values()) > 0.1
    assert_all_close(clipped, {name: np.clip(g, -0.1, 0.1) for name, g in free.items()}, 1e-5)


def test_whole_batch_step_is_the_gradient():
    net, _, _ = both(LAYERS, 3)
    X, y = data("mean_squared_error", 8, 3, 2)
    assert_all_close(one_step(net, X, y), net.gradients(X, y, loss="mean_squared_error", dtype="float64"), 1e-6)


def visits(epochs, seed=0, rows=37, batch_size=5, **settings):
    """How far each row was learned: row i moves weight i alone, by the rate over its batch's length."""
    net = ts.Network([ts.Dense(1, use_bias=False)], input_shape=(rows,)).with_parameters(
        {"dense_1.weight": np.zeros((rows, 1), np.float32)}
    )
    run = ts.train(
        net,
        np.eye(rows, dtype=np.float32),
        np.full(rows, 1e9, np.float32),
        loss="mean_absolute_error",
        optimizer=ts.optimizers.SGD(learning_rate=1.0),
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        **settings,
    )
    return run.network.parameters["dense_1.weight"][:, 0]


def test_an_epoch_sees_every_row_exactly_once():
    seen = visits(1)
    assert sorted(np.round(seen, 6)) == [0.2] * 35 + [0.5] * 2  # seven batches of five, and the last two rows


def test_every_epoch_is_shuffled_anew():
    last = [tuple(np.flatnonzero(visits(epochs) - visits(epochs - 1) > 0.4)) for epochs in range(2, 12)]
    assert all(len(rows) == 2 for rows in last) and len(set(last)) > 5


def test_the_order_belongs_to_the_seed():
    assert np.array_equal(visits(1), visits(1))
    assert len({visits(1, seed=seed).tobytes() for seed in range(8)}) > 5


def test_without_shuffling_the_order_is_that_of_the_rows():
    assert_allclose(visits(1, shuffle=False), [0.2] * 35 + [0.5] * 2, rtol=1e-6)


def test_every_place_in_the_order_is_equally_likely():
    """The last row of an epoch over 400 seeds: no row comes last more than it should (5 sigma of a binomial)."""
    rows, seeds = 8, 400
    jobs_last = np.zeros(rows)
    for seed in range(seeds):
        jobs_last[np.argmax(visits(1, seed=seed, rows=rows, batch_size=7))] += 1
    expected = seeds / rows
    assert np.abs(jobs_last - expected).max() < 5 * np.sqrt(expected * (1 - 1 / rows))


def test_integer_weights_equal_repeated_rows():
    net, _, _ = both(LAYERS, 3)
    X, y = data("mean_squared_error", 6, 3, 2)
    weights = np.array([1, 3, 0, 2, 1, 1])
    weighted = one_step(net, X, y, sample_weight=weights)
    repeated = one_step(net, np.repeat(X, weights, axis=0), np.repeat(y, weights, axis=0))
    assert_all_close(weighted, repeated, 1e-6)


@pytest.mark.parametrize("loss", [entry.name for entry in PLAIN_LOSSES])
def test_sample_weights_equal_the_reference(loss):
    """Weights are scaled to mean 1 over the training rows once, not inside each batch."""
    weights = np.random.default_rng(3).random(10) + 0.1
    run, expected = train_both(loss=loss, sample_weight=weights)
    assert_all_close(run.network.parameters, expected.parameters, 2e-7)
    assert_allclose(run.history["loss"], expected.loss, rtol=1e-6)  # weights are handed over in single precision


def test_the_unit_of_the_weights_does_not_matter():
    net, _, _ = both(LAYERS, 3)
    X, y = data("mean_squared_error", 6, 3, 2)
    weights = np.array([1.0, 3.0, 0.5, 2.0, 1.0, 0.5])
    assert_all_close(one_step(net, X, y, sample_weight=weights), one_step(net, X, y, sample_weight=8 * weights), 1e-6)
    assert_all_close(one_step(net, X, y, sample_weight=np.full(6, 7.0)), one_step(net, X, y), 1e-6)


def test_chosen_rows_equal_a_smaller_table():
    net, _, _ = both(LAYERS, 3)
    X, y = data("mean_squared_error", 20, 3, 2)
    rows = np.array([3, 17, 5, 8, 11])
    settings = {"loss": "mean_squared_error", "optimizer": ts.optimizers.Adam(), "epochs": 3, "batch_size": 2}
    chosen = ts.train(net, X, y, rows=rows, validation_rows=np.array([0, 1]), **settings)
    small = ts.train(net, X[rows], y[rows], validation=(X[:2], y[:2]), **settings)
    assert same_bits(chosen.network.parameters, small.network.parameters)
    assert np.array_equal(chosen.history["validation_loss"], small.history["validation_loss"])


def test_history_says_what_happened():
    run, expected = train_both(epochs=4)
    assert run.stopped == "epochs" and run.epochs == 4 and run.best_epoch == 4
    assert {"loss", "gradient_norm", "seconds", "learning_rate"} <= set(run.history)
    assert "validation_loss" not in run.history
    assert len(run.history["seconds"]) == 4 and np.all(np.diff(run.history["seconds"]) >= 0)
    assert 0 < run.history["seconds"][-1] <= run.seconds
    assert_allclose(run.history["learning_rate"], [0.05] * 4, rtol=1e-6)
    assert np.shape(run.history["gradient_norm"])[0] == 4
    assert np.all(np.asarray(run.history["gradient_norm"]) > 0)
    assert expected.steps == 12


def test_validation_loss_is_the_loss_after_the_epoch():
    net, plain, _ = both(LAYERS, 3)
    X, y = data("mean_squared_error", 10, 3, 2)
    Xv, yv = data("mean_squared_error", 7, 3, 2, seed=5)
    optimizer = ts.optimizers.SGD(learning_rate=0.05)
    for epochs in (1, 2, 3):
        run = ts.train(net, X, y, loss="mean_squared_error", optimizer=optimizer, epochs=epochs, validation=(Xv, yv))
        parameters = {name: values.astype(np.float64) for name, values in run.network.parameters.items()}
        scores, _ = reference_layers.forward(plain, parameters, Xv.astype(np.float64))
        expected = reference_losses.mean_loss("mean_squared_error", scores, yv)
        assert run.history["validation_loss"][-1] == pytest.approx(expected, rel=1e-5)


def test_a_network_that_carries_parameters_starts_from_them():
    """Five epochs at once and five epochs cut in two are the same path where nothing is remembered between steps."""
    net, _, _ = both(LAYERS, 3)
    X, y = data("mean_squared_error", 10, 3, 2)
    settings = {"loss": "mean_squared_error", "optimizer": ts.optimizers.SGD(), "shuffle": False, "batch_size": 3}
    whole = ts.train(net, X, y, epochs=5, **settings)
    half = ts.train(net, X, y, epochs=2, **settings)
    rest = ts.train(half.network, X, y, epochs=3, **settings)
    assert same_bits(rest.network.parameters, whole.network.parameters)


def test_a_network_without_parameters_starts_from_the_seed():
    X, y = data("mean_squared_error", 10, 3, 2)
    net = ts.Network([ts.Dense(4, activation="tanh"), ts.Dense(2)], input_shape=(3,))
    settings = {"loss": "mean_squared_error", "optimizer": ts.optimizers.SGD(), "epochs": 2}
    cold = ts.train(net, X, y, seed=7, **settings)
    warm = ts.train(net.initialized(seed=7), X, y, seed=7, **settings)
    assert same_bits(cold.network.parameters, warm.network.parameters)


def test_training_changes_neither_network_nor_data():
    net, _, _ = both(LAYERS, 3)
    X, y = data("mean_squared_error", 10, 3, 2)
    before = {name: values.copy() for name, values in net.parameters.items()}
    X_before, y_before = X.copy(), y.copy()
    run = ts.train(net, X, y, loss="mean_squared_error", optimizer=ts.optimizers.Adam(), epochs=2)
    assert same_bits(net.parameters, before) and not same_bits(run.network.parameters, before)
    assert np.array_equal(X, X_before) and np.array_equal(y, y_before)


def test_the_gradient_norm_of_a_layer_is_that_of_its_weights_and_biases():
    net, _, _ = both(LAYERS, 3)
    X, y = data("mean_squared_error", 8, 3, 2)
    gradients = net.gradients(X, y, loss="mean_squared_error", dtype="float64")
    settings = {"loss": "mean_squared_error", "optimizer": ts.optimizers.SGD(), "epochs": 1, "dtype": "float64"}
    run = ts.train(net, X, y, batch_size=8, **settings)
    expected = [
        np.sqrt((gradients[layer + ".weight"] ** 2).sum() + (gradients[layer + ".bias"] ** 2).sum())
        for layer in ("dense_1", "dense_2")
    ]
    assert_allclose(run.history["gradient_norm"], [expected], rtol=1e-9)


def test_the_gradient_norm_of_an_epoch_is_the_root_of_the_mean_square_over_its_steps():
    """With a rate of nothing the steps do not move, so the batches' gradients are those of the start."""
    net, _, _ = both(LAYERS, 3)
    X, y = data("mean_squared_error", 8, 3, 2)
    still = ts.optimizers.SGD(learning_rate=1e-300)
    settings = {"loss": "mean_squared_error", "optimizer": still, "epochs": 1, "shuffle": False, "dtype": "float64"}
    parts = [ts.train(net, X[at], y[at], **settings).history["gradient_norm"][0] for at in (slice(0, 5), slice(5, 8))]
    whole = ts.train(net, X, y, batch_size=5, **settings).history["gradient_norm"][0]
    assert_allclose(whole, np.sqrt(np.mean(np.square(parts), axis=0)), rtol=1e-9)
