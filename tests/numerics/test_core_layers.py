"""Every listed layer with every listed setting: the same contract, driven by the registry."""

import json

import numpy as np
import pytest
from registry import LAYERS, PLAIN_LOSSES, cases

import thetastar as ts
from reference import layers as reference
from reference import optimizers as reference_optimizers
from reference import training

from .examples import around, assert_all_close, assert_close, both, data, same_bits, samples

ROWS, OUTPUTS = 7, 2
EVERY = cases(LAYERS)


def example(entry, chosen, loss="mean_squared_error", rows=ROWS):
    """(network with parameters, reference layers, parameters in double precision, X, y)."""
    layers = around(entry, chosen, OUTPUTS)
    return *both(layers, entry.shape), samples(entry, chosen, rows), data(loss, rows, entry.shape, OUTPUTS)[1]


@pytest.mark.parametrize("loss", [entry.name for entry in PLAIN_LOSSES])
@pytest.mark.parametrize(("entry", "chosen"), **EVERY)
def test_outputs_and_gradients_equal_the_reference(entry, chosen, loss):
    net, plain, parameters, X, y = example(entry, chosen, loss)
    wide = X.astype(np.float64)
    assert net.parameter_shapes == {name: values.shape for name, values in parameters.items()}
    assert net.shapes == tuple(reference.shapes(plain, entry.shape))
    _, expected = reference.loss_and_gradients(plain, parameters, wide, y, loss)
    assert_all_close(net.gradients(X, y, loss=loss, dtype="float64"), expected, 1e-10)
    assert_all_close(net.gradients(X, y, loss=loss), expected, 5e-5)
    assert_close(net.predict(X), reference.forward(plain, parameters, wide)[0], 1e-5, "predict")


@pytest.mark.parametrize(("entry", "chosen"), **EVERY)
def test_the_trace_equals_the_reference(entry, chosen):
    """What passes between the layers, forwards and backwards, down to the input."""
    net, plain, parameters, X, y = example(entry, chosen)
    wide = X.astype(np.float64)
    seen = net.trace(X, y, loss="mse", dtype="float64")
    between = reference.gradients_between(plain, parameters, wide, y, "mean_squared_error")
    for k, name in enumerate(["input", *net.layer_names]):
        assert_close(seen[name]["output"], reference.forward(plain[:k], parameters, wide)[0], 1e-12, f"{name}: output")
        assert_close(seen[name]["d_output"], between[k], 1e-9, f"{name}: d_output")


def some_places(array, count=12):
    places = list(np.ndindex(array.shape))
    return places[:: max(1, len(places) // count)]


@pytest.mark.parametrize(("entry", "chosen"), **EVERY)
def test_gradients_equal_difference_quotients(entry, chosen):
    """In double precision, of the parameters and of the input: this knows nothing of any backward."""
    net, _, parameters, X, y = example(entry, chosen, rows=3)
    X, loss, h = X.astype(np.float64), ts.losses.get("mse"), 1e-6
    gradients = net.gradients(X, y, loss=loss, dtype="float64")
    values = {name: array for name, array in parameters.items() if "running" not in name}  # not learned
    whole_numbers = "categories" in entry.traits
    if not whole_numbers and chosen.get("mask_value") is None:  # a step that is moved is no longer masked
        values["X"], gradients["X"] = X, net.trace(X, y, loss=loss, dtype="float64")["input"]["d_output"]
    for name, array in values.items():
        for place in some_places(array):
            sides = []
            for step in (h, -h):
                moved = array.copy()
                moved[place] += step
                there = net.with_parameters({**parameters, name: moved} if name != "X" else parameters)
                sides.append(loss(there.predict(moved if name == "X" else X), y))
            quotient = (sides[0] - sides[1]) / (2 * h)
            assert gradients[name][place] == pytest.approx(quotient, rel=1e-5, abs=1e-8), f"{name}{list(place)}"


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize(("entry", "chosen"), **EVERY)
def test_training_equals_the_reference(entry, chosen, momentum):
    """Three epochs of batches of 3, 3 and 1 rows, with penalties; batch normalisation looks at the batch meanwhile."""
    net, plain, parameters, X, y = example(entry, chosen)
    if entry.name == "Dropout" and chosen["rate"] > 0:
        pytest.skip("draws its own masks; test_core_dropout.py")
    rate = {"learning_rate": 0.05, "momentum": momentum}
    shared = {"loss": "mean_squared_error", "epochs": 3, "batch_size": 3, "l1": 0.01, "l2": 0.02}
    optimizer = reference_optimizers.SGD(**rate)
    Xv, yv = X[:4] + np.float32("categories" not in entry.traits), y[:4]
    wide, wide_v = X.astype(np.float64), Xv.astype(np.float64)
    expected = training.train(plain, parameters, wide, y, optimizer=optimizer, validation=(wide_v, yv), **shared)
    run = ts.train(
        net, X, y, optimizer=ts.optimizers.SGD(**rate), validation=(Xv, yv), shuffle=False, dtype="float64", **shared
    )
    np.testing.assert_allclose(run.history["loss"], expected.loss, rtol=1e-9)
    np.testing.assert_allclose(run.history["validation_loss"], expected.validation_loss, rtol=1e-6)
    assert_all_close(run.network.parameters, expected.parameters, 1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("entry", "chosen"), **EVERY)
def test_a_row_does_not_feel_its_company_or_the_threads(entry, chosen, dtype):
    """Many rows at once, one at a time, in threads, as images or in one row each: the same bits."""
    net, _, parameters, _, _ = example(entry, chosen)
    if dtype == "float64":
        net = net.with_parameters(parameters)
    X = samples(entry, chosen, 300)
    together = net.predict(X)
    assert together.dtype == dtype and together.shape == (300, *net.output_shape)
    assert net.predict(X, threads=3).tobytes() == together.tobytes()
    assert net.predict(X.reshape(300, -1)).tobytes() == together.tobytes()
    for k in range(0, 300, 37):
        assert net.predict(X[k : k + 1]).tobytes() == together[k : k + 1].tobytes()


@pytest.mark.parametrize(("entry", "chosen"), **EVERY)
def test_many_equal_one_at_a_time_and_repeat_themselves(entry, chosen):
    """Fleets on one and on two threads, and alone: the same bits, whatever ran in the same memory before."""
    layers = around(entry, chosen, OUTPUTS)
    X, y = samples(entry, chosen, 20), data("mean_squared_error", 20, entry.shape, OUTPUTS)[1]
    net = ts.Network([getattr(ts, kind)(**settings) for kind, settings in layers], input_shape=entry.shape)
    settings = {"loss": "mse", "epochs": 2, "batch_size": 6, "stop": ts.EarlyStopping(patience=1)}
    rows = {"rows": range(0, 14), "validation_rows": range(14, 20)}
    jobs = [ts.Job(net, seed=seed, **settings, **rows) for seed in (1, 2, 1)]
    alone = [ts.train_many([job], X, y, threads=1)[0] for job in jobs[:2]]
    for threads in (1, 2):
        runs = ts.train_many(jobs, X, y, threads=threads)
        assert same_bits(runs[0].network.parameters, alone[0].network.parameters)
        assert same_bits(runs[1].network.parameters, alone[1].network.parameters)
        assert same_bits(runs[2].network.parameters, alone[0].network.parameters)
        assert runs[1].history["validation_loss"].tobytes() == alone[1].history["validation_loss"].tobytes()


@pytest.mark.parametrize(("entry", "chosen"), **EVERY)
def test_a_trained_network_is_saved_and_loaded(entry, chosen):
    """Description through JSON and parameters by name: predictions to the bit, in both precisions."""
    net, _, _, X, y = example(entry, chosen)
    for dtype in ("float32", "float64"):
        trained = ts.train(net, X, y, loss="mse", epochs=1, dtype=dtype).network
        again = ts.Network.from_dict(json.loads(json.dumps(trained.to_dict()))).with_parameters(trained.parameters)
        assert again.predict(X).tobytes() == trained.predict(X).tobytes()
        assert again.parameter_count == sum(values.size for values in trained.parameters.values())


@pytest.mark.parametrize(("entry", "chosen"), **EVERY)
def test_drawn_parameters_are_as_described(entry, chosen):
    """Same seed, same numbers; gains and variances begin at 1, everything that is no weight otherwise at its rule."""
    net, _, _, X, _ = example(entry, chosen)
    drawn = net.initialized(seed=5).parameters
    assert same_bits(drawn, net.initialized(seed=5).parameters)
    for name, values in drawn.items():
        assert np.isfinite(values).all()
        if name.endswith(("gamma", "running_variance")):
            assert np.all(values == 1)
        if name.endswith(("beta", "running_mean", "recurrent_bias")):
            assert np.all(values == 0)
    assert np.isfinite(net.initialized(seed=5).predict(X)).all()


@pytest.mark.parametrize("scale", [1e4, 1e-30])
@pytest.mark.parametrize(("entry", "chosen"), **EVERY)
def test_far_and_tiny_inputs_stay_finite_in_single_precision(entry, chosen, scale):
    net, _, _, X, y = example(entry, chosen)
    X = X if "categories" in entry.traits else X * np.float32(scale)
    assert np.isfinite(net.predict(X)).all()
    assert all(np.isfinite(gradient).all() for gradient in net.gradients(X, y, loss="mae").values())


def drawn(layer, shape, part):
    """A parameter array of a layer as it is initialised."""
    parameters = ts.Network([layer], input_shape=shape).initialized(seed=0).parameters
    return next(values for name, values in parameters.items() if name.split(".", 1)[1] == part)


@pytest.mark.parametrize(
    ("layer", "shape", "part", "fans"),
    [
        (ts.Conv2D(32, (3, 2)), (8, 8, 10), "weight", (6 * 10, 6 * 32)),
        (ts.Conv2D(32, 3, groups=2), (8, 8, 10), "weight", (9 * 5, 9 * 16)),
        (ts.LSTM(30), (5, 40), "weight", (40, 30)),
        (ts.GRU(30, bidirectional=True), (5, 40), "backward.weight", (40, 30)),
        (ts.Residual([ts.Conv2D(40, 3, strides=2, padding="same")]), (8, 8, 60), "projection.weight", (60, 40)),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_glorot_knows_what_goes_in_and_out(layer, shape, part, fans):
    """Uniform within √(6 / (in + out)): of one gate, and of the channels of one group."""
    values, limit = drawn(layer, shape, part), np.sqrt(6 / sum(fans))
    assert 0.99 * limit < np.abs(values).max() <= limit
    assert np.var(values) == pytest.approx(limit**2 / 3, rel=0.1)


@pytest.mark.parametrize(("layer", "gates"), [(ts.SimpleRNN(7), 1), (ts.GRU(7), 3), (ts.LSTM(7), 4)])
def test_the_recurrent_weight_begins_with_orthonormal_rows(layer, gates):
    R = drawn(layer, (5, 3), "recurrent_weight").astype(float)
    assert R.shape == (7, 7 * gates)
    np.testing.assert_allclose(R @ R.T, np.eye(7), atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_mask_is_found_in_the_precision_of_the_data(dtype):
    """0.1 as it stands in a table of float32 is no 0.1 in double precision, and still is the mask."""
    net = ts.Network([ts.LSTM(2, mask_value=0.1)], input_shape=(4, 1)).initialized()
    X = np.array([[[1.0], [2.0], [0.1], [0.1]]], np.float32)
    settings = {"loss": "mse", "optimizer": ts.optimizers.SGD(1e-30), "epochs": 1, "dtype": dtype}
    short = ts.Network([ts.LSTM(2)], input_shape=(2, 1)).with_parameters(net.parameters).predict(X[:, :2])
    assert ts.train(net, X, short, **settings).history["loss"][0] < 1e-12


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_images_that_lie_side_by_side_learn_as_they_do_alone(dtype):
    """37 images of 35 pixels: whole groups of every vector's width, and some that are left over."""
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(37, 7, 5, 1)), rng.normal(size=(37, 2))
    net = ts.Network([ts.Conv2D(3, 3), ts.Flatten(), ts.Dense(2)], input_shape=(7, 5, 1)).initialized(seed=0)
    together = net.gradients(X, y, loss="mse", dtype=dtype)
    alone = [net.gradients(X[i : i + 1], y[i : i + 1], loss="mse", dtype=dtype) for i in range(len(X))]
    for name, gradient in together.items():
        mean = np.mean([one[name] for one in alone], axis=0)
        np.testing.assert_allclose(gradient, mean, rtol=0, atol=2e-6 if dtype == "float32" else 1e-14)
