"""Augmentation: equal to its slow twin, true to its geometry, and seen by training steps only."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import thetastar as ts
from reference import augment as reference
from reference import optimizers as reference_optimizers
from reference import training

from .examples import assert_all_close, both, dense, flatten, same_bits

SETTINGS = (
    {"shift": 2.3},
    {"scale": 0.4},
    {"rotate": 180.0},
    {"shear": 30.0, "fill": -0.5},
    {"noise": 0.3},
    {"flip": "both"},
    {"shift": 9.0, "scale": 0.3, "rotate": 40.0, "shear": 20.0, "noise": 0.1, "flip": "horizontal", "fill": 1.5},
    {"shift": 1.0, "scale": 0.2, "rotate": 15.0, "flip": "vertical"},
)
SHAPES = [(7, 9, 2), (8, 8, 1), (1, 5, 3), (6, 1, 1), (1, 1, 1), (2, 33, 1)]


def images(count=6, shape=(7, 9, 2), seed=0):
    return np.random.default_rng(seed).normal(size=(count, *shape))


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_it_equals_the_twin(settings, shape):
    X = images(shape=shape)
    for seed, epoch in ((0, 0), (2**40 + 5, 3)):
        expected = reference.augment(X, seed, epoch, **settings)
        augment = ts.Augment(**settings)
        assert_allclose(augment.apply(X, seed, epoch), expected, rtol=0, atol=1e-12)
        assert_allclose(augment.apply(X.astype(np.float32), seed, epoch), expected, rtol=0, atol=1e-4)


def test_the_twin_moves_by_whole_pixels():
    image = images(1)[0]
    for fill in ("edge", 7.0):
        moved = reference.warp(image, move=(2, -1), fill=fill)
        assert np.array_equal(moved[1:, :-2], image[:-1, 2:])
        assert np.array_equal(moved[1:, -2:], np.full((6, 2, 2), 7.0) if fill == 7 else image[:-1, [-1, -1]])
        assert np.array_equal(moved[0], np.full((9, 2), 7.0) if fill == 7 else image[0, [2, 3, 4, 5, 6, 7, 8, 8, 8]])


def test_the_twin_turns_by_right_angles_and_mirrors():
    square = images(1, (5, 5, 2))[0]
    assert_allclose(reference.warp(square, angle=np.pi / 2), np.rot90(square), atol=1e-12)
    assert np.array_equal(reference.warp(square, mirrored=True), square[:, ::-1])
    assert np.array_equal(reference.warp(square, upended=True), square[::-1])
    twice = reference.warp(reference.warp(square, mirrored=True), mirrored=True)
    assert np.array_equal(twice, square)


def test_a_straight_slope_stays_one():
    """Bilinear reading is exact on a plane, so each map can be read off the picture of the coordinates."""
    y, x = np.mgrid[0:21.0, 0:21.0]
    X = np.stack([x, y], axis=2)[None]
    seen = ts.Augment(shift=2, scale=0.1, rotate=10, shear=10).apply(X, seed=1)[0, 6:15, 6:15]
    for channel in range(2):
        steps = [np.diff(seen[..., channel], axis=axis) for axis in (0, 1)]
        assert all(np.ptp(step) < 1e-12 for step in steps)
    assert np.abs(seen[4, 4] - 10).max() <= 2  # the centre moves by the shift alone


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_asked_changes_nothing(dtype):
    X = images().astype(dtype)
    for augment in (ts.Augment(), ts.Augment(shift=1e-300), ts.Augment(rotate=1e-300)):
        assert augment.apply(X).tobytes() == X.tobytes() and augment.apply(X).dtype == dtype


def test_flips_are_exact_and_of_half_the_images():
    X = images(400, (4, 5, 1)).astype(np.float32)
    for flip, sides in (("horizontal", (1, -1)), ("vertical", (-1, 1))):
        seen = ts.Augment(flip=flip).apply(X, seed=3)
        flipped = X[:, :: sides[0], :: sides[1]]
        is_flipped = (seen == flipped).all(axis=(1, 2, 3))
        assert (is_flipped | (seen == X).all(axis=(1, 2, 3))).all()
        assert 150 < is_flipped.sum() < 250
        again = ts.Augment(flip=flip).apply(seen, seed=3)  # the same rows, so flipped twice
        assert np.array_equal(again, X)
    both_sides = ts.Augment(flip="both").apply(X, seed=3)
    kinds = [(both_sides == X[:, ::a, ::b]).all(axis=(1, 2, 3)).sum() for a in (1, -1) for b in (1, -1)]
    assert sum(kinds) == 400 and min(kinds) > 60


def test_every_seed_epoch_and_row_has_numbers_of_its_own():
    X = np.repeat(images(1), 50, axis=0)
    augment = ts.Augment(shift=2, noise=0.1)
    seen = [augment.apply(X, seed, epoch) for seed, epoch in ((0, 0), (0, 1), (1, 0))]
    assert len({image.tobytes() for batch in seen for image in batch}) == 150
    assert np.array_equal(augment.apply(X, 0, 1), seen[1])
    assert np.array_equal(augment.apply(X[:7], 0, 1), seen[1][:7])


def test_what_is_drawn_stays_within_its_range_and_fills_it():
    drawn = [reference.draw(reference.key_of(0, 0, row), shift=2, scale=0.1, rotate=10, shear=5) for row in range(2000)]
    for values, most in (
        ([d["angle"] for d in drawn], np.radians(10)),
        ([d["shear"] for d in drawn], np.radians(5)),
        ([d["zoom"] - 1 for d in drawn], 0.1),
        ([d["move"][0] for d in drawn], 2),
        ([d["move"][1] for d in drawn], 2),
    ):
        assert np.abs(values).max() <= most
        assert np.std(values) == pytest.approx(most / np.sqrt(3), rel=0.05)
        assert np.mean(values) == pytest.approx(0, abs=0.05 * most)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_noise_is_normal(dtype):
    noise = ts.Augment(noise=0.5).apply(np.zeros((40, 50, 50, 1), dtype)).ravel().astype(float) / 0.5
    count = len(noise)
    assert abs(noise.mean()) < 5 / np.sqrt(count)
    assert noise.var() == pytest.approx(1, abs=0.02)
    assert np.mean(noise**4) == pytest.approx(3, abs=0.15)
    assert np.mean(np.abs(noise) < 1) == pytest.approx(0.6827, abs=0.01)
    halves = noise.reshape(40, 2, -1)
    assert abs(np.mean(halves[:, 0] * halves[:, 1])) < 5 / np.sqrt(count / 2)


# In training

IMAGE = (5, 4, 2)
AUGMENT = ts.Augment(shift=1.5, scale=0.2, rotate=20, noise=0.1, flip="horizontal", fill=0.25)


def problem(rows=11, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, *IMAGE)).astype(np.float32), random.normal(size=(rows, 2)).astype(np.float32)


def layers():
    return [("Conv2D", {"filters": 3, "kernel_size": 2, "activation": "tanh"}), flatten(), dense(2)]


@pytest.mark.parametrize("batch_size", [1, 4, 11])
def test_training_equals_the_reference(batch_size):
    net, plain, parameters = both(layers(), IMAGE)
    X, y = problem()
    shared = {"loss": "mean_squared_error", "epochs": 3, "batch_size": batch_size}
    run = ts.train(
        net, X, y, optimizer=ts.optimizers.SGD(0.05), shuffle=False, seed=4, augment=AUGMENT, dtype="float64", **shared
    )
    ranges = {"shift": 1.5, "scale": 0.2, "rotate": 20, "noise": 0.1, "flip": "horizontal", "fill": 0.25}
    expected = training.train(
        plain,
        parameters,
        X.astype(np.float64),
        y,
        optimizer=reference_optimizers.OPTIMIZERS["SGD"](learning_rate=0.05),
        images=lambda epoch: reference.augment(X, 4, epoch, **ranges),
        **shared,
    )
    assert_all_close(run.network.parameters, expected.parameters, 2e-7)
    assert_allclose(run.history["loss"], expected.loss, rtol=1e-9)


def test_the_batch_does_not_show_in_what_an_image_becomes():
    """With a rate of (nearly) nothing, an epoch's loss is the mean over the images as `apply` shows them."""
    net, _, _ = both(layers(), IMAGE)
    X, y = problem()
    losses = []
    for batch_size in (1, 3, 11):
        run = ts.train(
            net, X, y, optimizer=ts.optimizers.SGD(1e-30), epochs=2, batch_size=batch_size, seed=9, augment=AUGMENT
        )
        losses.append(run.history["loss"][1])
    direct = np.mean((net.predict(AUGMENT.apply(X, 9, 1)) - y) ** 2)
    assert_allclose(losses, direct, rtol=1e-5)


def test_validation_and_prediction_see_the_images_as_they_are():
    net, _, _ = both(layers(), IMAGE)
    X, y = problem()
    run = ts.train(
        net, X, y, optimizer=ts.optimizers.SGD(1e-30), epochs=2, augment=ts.Augment(noise=5.0), validation=(X, y)
    )
    plain = np.mean((net.predict(X) - y) ** 2)
    assert_allclose(run.history["validation_loss"], plain, rtol=1e-5)
    assert np.abs(run.history["loss"] / plain - 1).min() > 0.05  # the training loss is of the noisy ones
    assert_allclose(run.network.predict(X), net.predict(X), rtol=1e-5)


def test_many_are_as_one_at_a_time_on_any_number_of_threads():
    X, y = problem(40)
    networks = [both(layers(), IMAGE, seed)[0] for seed in range(2)] + [ts.presets.small_resnet(IMAGE, 2, (4,))]
    jobs = [ts.Job(net, epochs=3, batch_size=7, seed=seed, augment=AUGMENT) for net in networks for seed in (0, 1)]
    alone = [ts.train_many([job], X, y, threads=1)[0].network.parameters for job in jobs]
    for threads in (1, 2, 5):
        together = ts.train_many(jobs, X, y, threads=threads)
        assert all(same_bits(run.network.parameters, one) for run, one in zip(together, alone, strict=True))
    assert not same_bits(alone[0], alone[1])


def test_an_image_that_keeps_its_row_keeps_its_map():
    """A subset of the rows learns from the same images: what an image becomes belongs to its row of X."""
    net, _, _ = both(layers(), IMAGE)
    X, y = problem()
    settings = {"optimizer": ts.optimizers.SGD(1e-30), "epochs": 1, "batch_size": 11, "seed": 2, "augment": AUGMENT}
    run = ts.train(net, X, y, rows=[3, 7], **settings)
    shown = AUGMENT.apply(X, 2, 0)[[3, 7]]
    assert run.loss == pytest.approx(np.mean((net.predict(shown) - y[[3, 7]]) ** 2), rel=1e-5)


def test_members_of_a_triplet_are_moved_each_by_itself():
    net, _, _ = both(layers(), IMAGE)
    X, _ = problem(8)
    run = ts.train(
        net,
        (X, X, X),
        loss=ts.losses.TripletMargin(margin=1.0),
        optimizer=ts.optimizers.SGD(1e-30),
        epochs=1,
        augment=ts.Augment(shift=2.0),
        dtype="float64",
    )
    assert run.loss != pytest.approx(1.0, abs=1e-3)  # three equal images would be at the margin exactly
    shown = ts.Augment(shift=2.0).apply(np.repeat(X, 3, axis=0).astype(float))  # member m of sample i is row 3 i + m
    a, p, n = net.predict(shown).reshape(8, 3, 2).transpose(1, 0, 2).astype(float)
    expected = np.maximum(0, np.linalg.norm(a - p, axis=1) - np.linalg.norm(a - n, axis=1) + 1).mean()
    assert run.loss == pytest.approx(expected, rel=1e-4)


def test_it_helps_where_the_test_images_are_moved():
    random = np.random.default_rng(0)
    y = random.integers(0, 3, 60)
    X = np.zeros((60, 9, 9, 1), np.float32)
    for i, kind in enumerate(y):
        X[i, 4, 2:7] += kind != 0
        X[i, 2:7, 4] += kind != 1
    moved = ts.Augment(shift=2).apply(X, seed=77)
    errors = {}
    for augment in (None, ts.Augment(shift=2)):
        net = ts.presets.small_vgg((9, 9, 1), 3, (8,), 1, 32)
        run = ts.train(net, X, y, loss="cross_entropy", epochs=40, batch_size=10, seed=0, augment=augment)
        errors[augment is None] = np.mean(run.network.predict(moved).argmax(axis=1) != y)
    assert errors[False] <= min(0.05, errors[True])


REFUSALS = {
    "a negative shift": (lambda: ts.Augment(shift=-1), r"Augment: shift must be a finite number from 0 .*Got -1"),
    "a scale of all": (lambda: ts.Augment(scale=1.0), r"Augment: scale must be .* and below 1\. Got 1\.0"),
    "more than a turn": (lambda: ts.Augment(rotate=181), r"Augment: rotate must be .* up to 180\. Got 181"),
    "a slant of 90": (lambda: ts.Augment(shear=90), r"Augment: shear must be .* below 90\. Got 90"),
    "noise of nan": (lambda: ts.Augment(noise=float("nan")), r"Augment: noise must be .*Got nan"),
    "a flip": (lambda: ts.Augment(flip="left"), r"Augment: there is no flip 'left'\. There are: horizontal, vert"),
    "a fill": (lambda: ts.Augment(fill="mirror"), r"Augment: there is no fill 'mirror'\. There are: edge"),
    "an endless fill": (lambda: ts.Augment(fill=float("inf")), r"Augment: fill must be a finite number.*Got inf"),
    "rows": (lambda: ts.Augment().apply(np.ones((2, 9))), r"Augment: X must be images .*Got float64 \(2, 9\)\. A grey"),
    "words": (lambda: ts.Augment().apply(np.full((1, 1, 1, 1), "a")), r"Augment: X must be images .*Got <U1"),
    "a seed": (lambda: ts.Augment().apply(images(), seed=-1), r"Augment: seed must be a whole number.*Got -1"),
    "an epoch": (lambda: ts.Augment().apply(images(), epoch=0.5), r"Augment: epoch must be a whole number.*Got 0\.5"),
    "something else": (
        lambda: ts.train(both(layers(), IMAGE)[0], *problem(), augment={"shift": 2}),
        r"train: augment must be a ts\.Augment\. Got dict\. Use for example ts\.Augment\(shift=2\)\.",
    ),
    "a flat network": (
        lambda: ts.train(ts.Network([ts.Dense(2)], (2,)), np.ones((4, 2)), np.ones((4, 2)), augment=AUGMENT),
        r"train: augment is for images, .*\(height, width, channels\)\. Got \(2,\)\. Begin a dense",
    ),
    "a line search": (
        lambda: ts.train(both(layers(), IMAGE)[0], *problem(), augment=AUGMENT, optimizer="lbfgs"),
        r"train: LBFGS's line search needs the same cost in every epoch, .*Leave it out, or use another",
    ),
}


@pytest.mark.parametrize(("call", "message"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(call, message):
    with pytest.raises(ts.InputError, match=message):
        call()


def test_the_memory_announced_counts_the_images_in_hand():
    net = ts.presets.lenet5()
    more = ts.Job(net, augment=AUGMENT).memory(rows=100) - ts.Job(net).memory(rows=100)
    assert 4 * (30 * 30 + 2 * 28 * 28) <= more < 20_000
