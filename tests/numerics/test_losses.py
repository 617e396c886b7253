"""Every loss that is listed: golden figures, the reference, difference quotients, extremes, training, names."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from registry import LOSSES, PYTORCH_LOSSES, TENSORFLOW_LOSSES

import thetastar as ts
from reference import layers as reference_layers
from reference import losses as reference
from reference import training
from reference.optimizers import Adam

from .examples import assert_all_close, both, dense, same_bits
from .golden import read
from .loss_examples import EVERY, described, joined, members, package, scores, target, width

GOLDEN = {f"{file}: {label}": case for file in ("losses_pytorch", "losses_keras") for label, case in read(file).items()}
every_loss = pytest.mark.parametrize(("name", "settings"), **EVERY)


def golden_arguments(label):
    case = GOLDEN[label]
    parts = [np.array(part, case["dtype"]) for part in case["scores"]]
    y = None if case["target"] is None else np.array(case["target"])
    return case, parts, y


@pytest.mark.parametrize("label", GOLDEN)
def test_value_and_gradient_equal_the_golden_figures(label):
    case, parts, y = golden_arguments(label)
    loss = package(case["loss"], case["settings"])
    prediction = parts[0] if len(parts) == 1 else tuple(parts)
    rtol, atol = (1e-9, 1e-11) if case["dtype"] == "float64" else (2e-6, 1e-6)
    assert_allclose(loss.per_sample(prediction, y), case["per_sample"], rtol=rtol, atol=atol)
    gradient = loss.gradient(prediction, y)
    for ours, theirs in zip(
        gradient if isinstance(gradient, tuple) else [gradient], case["gradient_of_mean"], strict=True
    ):
        assert ours.shape == np.shape(theirs)
        assert_allclose(ours, theirs, rtol=rtol, atol=atol)


@pytest.mark.parametrize("label", GOLDEN)
def test_the_reference_equals_the_golden_figures(label):
    case, parts, y = golden_arguments(label)
    if "zeros and ones" in label:
        y = 2 * y - 1  # the package's courtesy, not the formula
    loss = {"kind": case["loss"], **case["settings"]}
    rows = np.stack([part.astype(np.float64) for part in parts], axis=1).reshape(-1, parts[0].shape[1])
    rtol, atol = (1e-9, 1e-11) if case["dtype"] == "float64" else (2e-6, 1e-6)
    assert_allclose(reference.per_sample(loss, rows, y), case["per_sample"], rtol=rtol, atol=atol)
    gradient = reference.d_mean_loss(loss, rows, y)
    apart = np.stack([gradient[m :: len(parts)] for m in range(len(parts))])
    assert_allclose(apart, case["gradient_of_mean"], rtol=rtol, atol=atol)


def test_every_loss_that_a_framework_has_has_golden_figures():
    plain = {case["loss"] for case in read("losses_plain").values()}
    neither_has = {"quantile", "quantiles", "half_squared_error", "focal_cross_entropy"}
    assert {case["loss"] for case in GOLDEN.values()} | plain | neither_has == set(ts.losses.NAMES)


def test_the_reference_knows_every_loss():
    assert set(reference.NAMES) == set(ts.losses.NAMES)


@every_loss
def test_values_and_gradients_equal_the_reference(name, settings):
    """Double precision to 1e-10, single precision to rounding; the gradient to the difference quotient as well."""
    loss, rows = package(name, settings), scores(name, settings, 7)
    y, plain = target(name, settings, 7), described(name, settings)
    values, gradient = reference.per_sample(plain, rows, y), reference.d_mean_loss(plain, rows, y)
    given = members(rows, loss.members)
    assert_allclose(loss.per_sample(given, y), values, rtol=1e-10, atol=1e-12)
    assert loss(given, y) == pytest.approx(np.mean(values), rel=1e-10)
    assert_allclose(joined(loss.gradient(given, y)), gradient, rtol=1e-9, atol=1e-12)
    single = members(rows.astype(np.float32), loss.members)
    assert_allclose(loss.per_sample(single, y), values, rtol=1e-5, atol=1e-5)
    assert_allclose(joined(loss.gradient(single, y)), gradient, rtol=1e-4, atol=1e-5)
    for place in np.ndindex(rows.shape):
        up, down = rows.copy(), rows.copy()
        up[place] += 1e-6
        down[place] -= 1e-6
        slope = (loss(members(up, loss.members), y) - loss(members(down, loss.members), y)) / 2e-6
        assert gradient[place] == pytest.approx(slope, rel=1e-6, abs=2e-9)


@pytest.mark.parametrize("columns", [1, 2, 4, 5, 15, 16, 17, 33])
@pytest.mark.parametrize("rows", [1, 2, 19])
@pytest.mark.parametrize("name", [entry.name for entry in LOSSES if entry.name != "ctc"])
def test_every_shape(name, rows, columns):
    """A batch of one, one output, two classes, widths on both sides of a vector's length."""
    settings = {"levels": tuple((np.arange(columns) + 0.5) / columns)} if name == "quantiles" else {}
    loss, plain = package(name, settings), described(name, settings)
    if columns == 1 and name in CLASSES:
        return
    f, y = scores(name, settings, rows, columns=columns), target(name, settings, rows, columns=columns)
    given = members(f, loss.members)
    assert_allclose(loss.per_sample(given, y), reference.per_sample(plain, f, y), rtol=1e-10, atol=1e-12)
    assert_allclose(joined(loss.gradient(given, y)), reference.d_mean_loss(plain, f, y), rtol=1e-9, atol=1e-12)
    single = members(f.astype(np.float32), loss.members)
    assert_allclose(loss.per_sample(single, y), reference.per_sample(plain, f, y), rtol=2e-5, atol=2e-5)


@every_loss
def test_a_trace_shows_the_loss_and_what_flows_back(name, settings):
    net, _, _, X, _, y = example(name, settings)
    seen = net.trace(X, y, loss=described(name, settings), dtype="float64")
    outputs, loss = seen["dense_2"]["output"], package(name, settings)
    assert seen["loss"]["value"] == pytest.approx(loss(members(outputs, loss.members), y), rel=1e-12)
    back = joined(loss.gradient(members(outputs, loss.members), y))
    assert_allclose(seen["dense_2"]["d_output"], back, rtol=1e-9, atol=1e-12)


CLASSES = (
    "generalized_cross_entropy",
    "cross_entropy",
    "categorical_cross_entropy",
    "focal_cross_entropy",
    "categorical_focal_cross_entropy",
    "nll",
    "kl_divergence",
    "categorical_hinge",
    "multi_margin",
)
CORNERS = [1e4, -1e4, 0.0, 1.0, 88.0, -88.0, 1e-8, 1 - 1e-8]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_loss
def test_extreme_scores_stay_finite_and_equal_the_reference(name, settings, dtype):
    """±10,000 in single precision, probabilities of exactly 0 and 1 and outside of it, rates and variances below 0."""
    loss = package(name, settings)
    random = np.random.default_rng(3)
    rows = random.choice(CORNERS, (40 * loss.members, width(name))).astype(dtype)
    y = target(name, settings, 40)
    values, gradient = (
        loss.per_sample(members(rows, loss.members), y),
        joined(loss.gradient(members(rows, loss.members), y)),
    )
    assert np.isfinite(values).all() and np.isfinite(gradient).all()
    expected = reference.per_sample(described(name, settings), rows.astype(np.float64), y)
    tolerance = {"rtol": 1e-5, "atol": 1e-4} if dtype == np.float32 else {"rtol": 1e-9, "atol": 1e-7}
    assert_allclose(values, expected, **tolerance)
    if name != "categorical_hinge":  # of several equal rivals any may carry the slope
        slope = reference.d_mean_loss(described(name, settings), rows.astype(np.float64), y)
        assert_allclose(gradient, slope, **tolerance)


@every_loss
def test_a_loss_that_is_not_a_number_is_not_hidden(name, settings):
    loss, rows = package(name, settings), scores(name, settings, 3)
    rows[:] = np.nan
    assert np.isnan(loss.per_sample(members(rows, loss.members), target(name, settings, 3))).any()


def example(name, settings, rows=9, features=4, seed=0):
    """(network, reference layers, parameters, X as the package takes it, X as the reference takes it, y)."""
    hidden = [dense(5, "tanh")]
    last = (
        "softplus"
        if name in ("poisson", "mean_squared_logarithmic_error") or settings.get("log_input") is False
        else "identity"
    )
    last = (
        "sigmoid" if settings.get("prediction") == "probabilities" else "softplus" if name == "gaussian_nll" else last
    )
    if package(name, settings).members > 1:
        last = "tanh"  # of differences, a last bias without a curve behind it would have the gradient 0
    net, plain, parameters = both([*hidden, dense(width(name), last)], features, seed)
    count = package(name, settings).members
    X = np.random.default_rng(5 + seed).standard_normal((rows * count, features)).astype(np.float32)
    return net, plain, parameters, members(X, count), X.astype(np.float64), target(name, settings, rows, seed)


@every_loss
def test_gradients_of_a_network_equal_the_reference(name, settings):
    net, plain, parameters, X, wide, y = example(name, settings)
    loss = described(name, settings)
    weights = np.random.default_rng(1).integers(1, 4, 9).astype(float)
    _, expected = reference_layers.loss_and_gradients(plain, parameters, wide, y, loss, weights / weights.mean())
    assert_all_close(net.gradients(X, y, loss=loss, sample_weight=weights, dtype="float64"), expected, 1e-9)
    assert_all_close(net.gradients(X, y, loss=loss, sample_weight=weights), expected, 5e-5)
    numerical = reference_layers.central_differences(plain, parameters, wide, y, loss, weights / weights.mean())
    assert_all_close(expected, numerical, 1e-6)


@pytest.mark.parametrize("batch_size", [1, 4, 9])
@every_loss
def test_training_walks_the_reference_path(name, settings, batch_size):
    net, plain, parameters, X, wide, y = example(name, settings)
    _, _, _, Xv, wide_v, yv = example(name, settings, rows=5, seed=1)
    loss, weights = described(name, settings), np.random.default_rng(1).integers(1, 4, 9).astype(float)
    shared = {"loss": loss, "epochs": 3, "batch_size": batch_size, "sample_weight": weights}
    expected = training.train(plain, parameters, wide, y, optimizer=Adam(0.01), validation=(wide_v, yv), **shared)
    run = ts.train(
        net, X, y, optimizer=ts.optimizers.Adam(0.01), shuffle=False, dtype="float64", validation=(Xv, yv), **shared
    )
    assert_all_close(run.network.parameters, expected.parameters, 1e-6)
    assert_allclose(run.history["loss"], expected.loss, rtol=1e-8)
    assert_allclose(run.history["validation_loss"], expected.validation_loss, rtol=1e-8)


@every_loss
def test_many_equal_one_at_a_time(name, settings):
    net, _, _, X, _, y = example(name, settings, rows=30)
    rows = {"rows": np.arange(3, 24), "validation_rows": np.arange(24, 30), "stop": [ts.EarlyStopping(patience=2)]}
    jobs = [ts.Job(net, loss=described(name, settings), epochs=3, batch_size=7, seed=s, **rows) for s in range(4)]
    alone = [ts.train_many([job], X, y, threads=1)[0] for job in jobs]
    for run, once in zip(ts.train_many(jobs, X, y, threads=3), alone, strict=True):
        assert same_bits(run.network.parameters, once.network.parameters)
        assert run.history["validation_loss"].tobytes() == once.history["validation_loss"].tobytes()


@every_loss
def test_settings_survive_being_written_down(name, settings):
    import json

    loss = package(name, settings)
    assert ts.losses.get(json.loads(json.dumps(loss.to_dict()))) == loss
    assert hash(loss) == hash(package(name, settings))


@pytest.mark.parametrize(("theirs", "ours"), TENSORFLOW_LOSSES.items())
def test_tensorflow_names_of_the_lecture(theirs, ours):
    assert ts.losses.get(theirs) == ts.losses.get(ours)


@pytest.mark.parametrize(
    ("theirs", "ours"), [(name + word, ours) for name, ours in PYTORCH_LOSSES.items() for word in ("", "Loss")]
)
def test_pytorch_names_of_the_lecture(theirs, ours):
    if ours == "ctc":  # how many classes there are cannot be guessed
        assert ts.losses.get({"kind": theirs, "classes": 3}) == ts.losses.CTC(3)
        return
    assert ts.losses.get(theirs) == ts.losses.get(ours)


def test_pytorch_bce_is_of_probabilities_and_bce_with_logits_of_scores():
    assert ts.losses.get("BCELoss") == ts.losses.BinaryCrossEntropy(prediction="probabilities")
    assert ts.losses.get("BCE") == ts.losses.get("BCEWithLogitsLoss") == ts.losses.BinaryCrossEntropy()
    assert ts.losses.get("bce", convention="keras") == ts.losses.get("BCELoss")


def test_every_name_is_its_own():
    for entry in LOSSES:
        loss = package(entry.name, entry.legal[0])
        name = type(loss).__name__
        if name not in ("KLDivergence", "Dice", "Tversky"):  # which are Keras's too, and of probabilities there
            assert ts.losses.get({"kind": name, **entry.legal[0]}) == loss


def test_ctc_takes_frames_apart_or_in_a_row():
    loss, rows, y = ts.losses.CTC(classes=3), scores("ctc", {"classes": 3}, 5), target("ctc", {"classes": 3}, 5)
    cube = rows.reshape(5, 4, 3)
    assert loss(cube, y) == loss(rows, y)
    assert np.array_equal(loss.gradient(cube, y), loss.gradient(rows, y).reshape(5, 4, 3))


def test_ctc_of_a_long_sequence_equals_the_log_domain():
    """1,000 frames: products of probabilities would vanish even in double precision."""
    random = np.random.default_rng(0)
    rows = random.standard_normal((2, 1000 * 5)) * 3
    labels = random.integers(1, 5, (2, 200))
    loss = ts.losses.CTC(classes=5)
    values, gradient = loss.per_sample(rows, labels), loss.gradient(rows, labels)
    assert (values > 800).all() and np.isfinite(gradient).all()
    # at every frame the gradient is a difference of two distributions
    assert_allclose(gradient.reshape(2, 1000, 5).sum(axis=2), 0, atol=1e-9)
    direction = random.standard_normal(rows.shape)
    slope = (loss(rows + 1e-6 * direction, labels) - loss(rows - 1e-6 * direction, labels)) / 2e-6
    assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-6)


def test_triplets_of_images():
    """A convolutional network sees three images a sample: (n, H, W, C) each."""
    layers = [ts.Conv2D(3, 3, activation="tanh"), ts.Flatten(), ts.Dense(4)]
    net = ts.Network(layers, input_shape=(5, 6, 1)).initialized(seed=0)
    images = np.random.default_rng(0).standard_normal((3, 20, 5, 6, 1)).astype(np.float32)
    shared = {"loss": "triplet_margin", "epochs": 40, "batch_size": 5}
    run = ts.train(net, tuple(images), None, validation=(tuple(images), None), **shared)
    assert run.history["loss"][-1] < 0.5 * run.history["loss"][0]
    predictions = tuple(run.network.predict(part) for part in images)
    measured = run.history["validation_loss"][-1]
    assert ts.losses.TripletMargin()(predictions) == pytest.approx(measured, rel=1e-5, abs=1e-7)
