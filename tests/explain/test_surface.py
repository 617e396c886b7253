"""The loss as a landscape: every place is the loss of a network there, and paths say what they are."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import thetastar as ts
from thetastar.explain import surface

X, Y = ts.datasets.make("moons", rows=60, noise=0.2, arrays=True)
NET = ts.Network(
    [ts.Dense(5, activation="tanh"), ts.Dense(4, activation="relu"), ts.Dense(1)], input_shape=(2,)
).initialized(0)


def _trained(parts=4):
    nets = [NET]
    for seed in range(parts):
        nets.append(
            ts.train(nets[-1], X, Y, loss="bce", epochs=4, seed=seed, optimizer=ts.optimizers.Adam(2e-2)).network
        )
    return nets


def _flat(net):
    return np.concatenate([array.ravel() for array in net.parameters.values()]).astype(float)


def _loss_at(net, flat):
    moved = net.with_parameters(net._unflatten(flat.astype(np.float32)))
    return ts.losses.get("bce")(moved.predict(X), Y)


@pytest.mark.parametrize(
    "axes",
    [
        ("dense_1.weight[1,3]", "dense_3.bias[0]"),
        ("dense_3.weight[2,0]", "dense_3.bias[0]"),
        ("dense_2.bias[1]",),
        "random",
        "pca",
    ],
)
def test_every_place_is_the_loss_of_the_network_there(axes):
    nets = _trained()
    seen = surface(nets[-1], X, Y, loss="bce", axes=axes, path=nets, resolution=5)
    centre, own = _flat(nets[-1]), np.array(seen.at)
    ups = seen.up if len(seen.axes) == 2 else [None]
    for j, up in enumerate(ups):
        for i, across in enumerate(seen.across):
            place = np.array([across] if up is None else [across, up])
            value = seen.values[i] if up is None else seen.values[j, i]
            assert value == pytest.approx(_loss_at(nets[-1], centre + (place - own) @ seen.directions), rel=1e-6)
    assert seen.loss_at == pytest.approx(_loss_at(nets[-1], centre), rel=1e-6)
    assert_allclose(seen.path_losses, [_loss_at(net, _flat(net)) for net in nets], rtol=1e-6)


def test_threads_change_no_bit():
    one, two = (surface(NET, X, Y, loss="bce", resolution=6, threads=threads).values for threads in (1, 2))
    assert np.array_equal(one, two)


def test_the_lectures_landscape_is_a_bowl():
    """Lecture 1: L(b, w) of y = b + w x, with a closed form: the mean of (b + w x - y)²."""
    x = np.array([[0.0], [1.0], [2.0]])
    y = np.array([1.0, 3.0, 5.0])
    line = ts.Network([ts.Dense(1)], input_shape=(1,)).with_parameters(
        {"dense_1.weight": [[2.0]], "dense_1.bias": [1.0]}
    )
    seen = surface(
        line,
        x,
        y,
        loss="mse",
        axes=("dense_1.weight[0,0]", "dense_1.bias[0]"),
        limits=[(1, 3), (0, 2)],
        resolution=(5, 3),
    )
    for j, b in enumerate(seen.up):
        for i, w in enumerate(seen.across):
            assert seen.values[j, i] == pytest.approx(((b + w * x[:, 0] - y) ** 2).mean(), abs=1e-7)
    assert seen.lowest == (2.0, 1.0) and not seen.projected


def test_a_path_on_the_plane_is_not_called_projected_and_one_beside_it_is():
    line = ts.Network([ts.Dense(1)], input_shape=(1,))
    walk = [
        line.with_parameters({"dense_1.weight": [[float(w)]], "dense_1.bias": [float(b)]})
        for w, b in ((0, 0), (1, 0.5), (2, 1))
    ]
    x, y = [[0.0], [1.0]], [1.0, 3.0]
    seen = surface(walk[-1], x, y, loss="mse", axes=("dense_1.weight[0,0]", "dense_1.bias[0]"), path=walk)
    assert not seen.projected and seen.seen == 1
    assert_allclose(seen.path, [[0, 0], [1, 0.5], [2, 1]])
    assert_allclose(seen.path_losses, seen.path_on_plane)
    assert seen.charts()[0]["paths"][0]["name"] == "path"
    nets = _trained()
    seen = surface(nets[-1], X, Y, loss="bce", axes="pca", path=nets, resolution=5)
    assert seen.projected and 0.5 < seen.seen < 1 and "projected" in str(seen) and len(seen.charts()) == 2
    assert seen.charts()[0]["paths"][0]["name"] == "path (projected)"


def test_the_main_directions_are_those_of_the_svd():
    nets = _trained()
    seen = surface(nets[-1], X, Y, loss="bce", axes="pca", path=nets, resolution=3)
    moved = np.stack([_flat(net) for net in nets]) - _flat(nets[-1])
    lengths = np.linalg.svd(moved, compute_uv=False)
    assert seen.seen == pytest.approx((lengths[:2] ** 2).sum() / (lengths**2).sum())
    assert_allclose(seen.directions @ seen.directions.T, np.eye(2), atol=1e-9)


def test_random_directions_are_as_long_as_the_networks_filters():
    seen = surface(NET, X, Y, loss="bce", resolution=3)
    for direction in seen.directions:
        for name, array in NET._unflatten(direction).items():
            if name.endswith("weight"):
                assert_allclose(np.linalg.norm(array, axis=0), np.linalg.norm(NET.parameters[name], axis=0), rtol=1e-6)
            else:
                assert not array.any()


def test_weights_pairs_and_progress():
    weights, told = np.arange(60.0), []
    seen = surface(NET, X, Y, loss="bce", resolution=3, sample_weight=weights, on_progress=told.append)
    values = ts.losses.get("bce").per_sample(NET.predict(X), Y)
    assert seen.loss_at == pytest.approx(np.average(values, weights=weights), rel=1e-6)
    assert told[-1] == 1 and sorted(told) == told
    pair, same = (X[:30], X[30:]), np.where(np.arange(30) % 2, 1.0, -1.0)
    embed = ts.Network([ts.Dense(3)], input_shape=(2,)).initialized(0)
    seen = surface(embed, pair, same, loss="cosine_embedding", resolution=3)
    assert seen.loss_at == pytest.approx(
        ts.losses.get("cosine_embedding")((embed.predict(pair[0]), embed.predict(pair[1])), same), rel=1e-5
    )


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"axes": ("dense_1.wieght[0,0]", "dense_1.bias[0]")}, "Did you mean 'dense_1.weight'"),
        ({"axes": ("dense_1.weight[2,0]", "dense_1.bias[0]")}, "places from [0,0] to [1,4]. Got 'dense_1.weight[2,0]'"),
        ({"axes": ("dense_1.weight", "dense_1.bias[0]")}, "Name one of them"),
        ({"axes": ("dense_1.bias[0]", "dense_1.bias[0]")}, "two different parameters"),
        ({"axes": "pca"}, "needs a path of at least 2 networks. Got 0"),
        ({"axes": "pca", "path": [NET, NET]}, "needs a path that moves"),
        ({"path": NET}, "path must be several networks"),
        ({"path": [ts.Network([ts.Dense(1)], input_shape=(2,)).initialized(0)]}, "Number 0 has others"),
        ({"limits": [(0, 1)]}, "for each of 2 axes"),
        ({"limits": [(1, 0), (0, 1)]}, "from low to high"),
        ({"resolution": (3, 3, 3)}, "one for each of 2 axes"),
    ],
)
def test_refusals(settings, words):
    with pytest.raises(ts.InputError) as refused:
        surface(NET, X, Y, loss="bce", **settings)
    assert words in str(refused.value)
    with pytest.raises(ts.InputError, match="X must have shape"):
        surface(NET, X[:, :1], Y, loss="bce")
