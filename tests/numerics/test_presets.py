"""The networks with a name: their shapes and counts are the papers', they learn, and they refuse what does not fit."""

import numpy as np
import pytest

import thetastar as ts
from thetastar import presets

IMAGES = ("lenet5", "small_vgg", "small_resnet")


def stripes(rows=120, size=12, seed=0):
    """Images with lying (0) or standing (1) stripes in noise."""
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, rows)
    wave = np.sin(np.arange(size) * 1.5 + random.uniform(0, 6, (rows, 1)))
    X = np.where(y[:, None, None] == 0, wave[:, :, None], wave[:, None, :]) + random.normal(0, 0.3, (rows, size, size))
    return X[..., None].astype(np.float32), y


@pytest.mark.parametrize("name", IMAGES)
def test_a_preset_learns_stripes(name):
    X, y = stripes()
    network = getattr(presets, name)((12, 12, 1), classes=2)
    run = ts.train(network, X, y, loss="cross_entropy", epochs=15, batch_size=16, seed=0)
    X, y = stripes(seed=1)
    assert np.mean(run.network.predict(X).argmax(axis=1) == y) > 0.9


@pytest.mark.parametrize("name", IMAGES)
@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32, 3), (13, 18, 2)])
def test_a_preset_takes_any_image(name, shape):
    network = getattr(presets, name)(shape, classes=7)
    assert network.input_shape == shape and network.output_shape == (7,)
    assert ts.Network.from_dict(network.to_dict()).parameter_shapes == network.parameter_shapes


def test_lenet5_has_the_numbers_of_its_layers():
    network = presets.lenet5()
    assert [shape for shape in network.shapes[1:5]] == [(28, 28, 6), (14, 14, 6), (10, 10, 16), (5, 5, 16)]
    assert network.parameter_count == 156 + 2416 + 48120 + 10164 + 850
    assert sum(isinstance(layer, ts.Dropout) for layer in presets.lenet5(dropout=0.5).layers) == 2


def test_a_residual_net_has_6n_plus_2_layers():
    for blocks in (1, 3):
        network = presets.small_resnet(blocks=blocks)
        inner = [layer for block in network.layers if isinstance(block, ts.Residual) for layer in block.layers]
        weighted = [layer for layer in (*network.layers, *inner) if isinstance(layer, ts.Conv2D | ts.Dense)]
        assert len(weighted) == 6 * blocks + 2


def test_an_autoencoder_finds_the_strange_row():
    random = np.random.default_rng(0)
    X = (random.normal(size=(400, 2)) @ random.normal(size=(2, 9))).astype(np.float32)  # a plane in nine dimensions
    network = presets.autoencoder((9,), code=2, hidden=(16,))
    run = ts.train(network, X, X, epochs=60, seed=0)
    strange = random.normal(size=(20, 9)).astype(np.float32) * X.std()
    assert presets.reconstruction_error(run.network, strange).min() > np.median(
        presets.reconstruction_error(run.network, X)
    )
    assert presets.reconstruction_error(run.network, X).mean() == pytest.approx(run.loss, rel=0.3)


def test_an_autoencoder_of_images_is_scored_on_images_and_on_rows():
    network = presets.autoencoder((4, 3, 2), code=3, hidden=(5, 4)).initialized(0)
    assert [layer.units for layer in network.layers[1:]] == [5, 4, 3, 4, 5, 24]
    X = np.random.default_rng(0).normal(size=(6, 4, 3, 2)).astype(np.float32)
    scores = presets.reconstruction_error(network, X)
    assert np.array_equal(scores, presets.reconstruction_error(network, X.reshape(6, 24)))
    by_hand = ((network.predict(X) - X.reshape(6, 24)) ** 2).mean(axis=1)
    np.testing.assert_allclose(scores, by_hand, rtol=1e-5)


@pytest.mark.parametrize(
    ("build", "pieces"),
    [
        (lambda: presets.lenet5((11, 28, 1)), ("lenet5", "at least 12 × 12", "11 × 28", "Enlarge")),
        (lambda: presets.lenet5((28, 28)), ("lenet5", "(height, width, channels)", "(28, 28)", "1 channel")),
        (lambda: presets.lenet5(classes=0), ("units", "0")),
        (lambda: presets.small_vgg((7, 9, 1), filters=(8, 8, 8)), ("small_vgg", "at least 8 × 8", "7 × 9")),
        (lambda: presets.small_vgg(convolutions=0), ("small_vgg", "convolutions", "0")),
        (lambda: presets.small_vgg(filters=()), ("small_vgg", "filters must have at least 1", "Got none")),
        (lambda: presets.small_resnet(filters=(16, 0)), ("small_resnet", "filters[1]", "0")),
        (lambda: presets.small_resnet(blocks=1.5), ("small_resnet", "blocks", "1.5")),
        (lambda: presets.autoencoder((0,)), ("autoencoder", "input_shape[0]", "0")),
        (lambda: presets.autoencoder((4,), hidden=(3, -1)), ("autoencoder", "hidden[1]", "-1")),
    ],
)
def test_what_does_not_fit_is_refused(build, pieces):
    with pytest.raises(ts.InputError) as refusal:
        build()
    assert all(piece in str(refusal.value) for piece in pieces), refusal.value


def test_a_network_that_is_no_autoencoder_has_no_reconstruction_error():
    network = ts.Network([ts.Dense(2)], input_shape=(3,)).initialized(0)
    with pytest.raises(ts.InputError, match=r"as many numbers as it takes \(3\)\. Got 2\. Use .*autoencoder"):
        presets.reconstruction_error(network, np.zeros((1, 3)))
