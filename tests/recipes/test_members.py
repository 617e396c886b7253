"""A loss for each member of a BatchEnsemble (TabM's): the mean of their own, by a target a member."""

import numpy as np
import pytest

import thetastar as ts

K = 3


def ensemble(features=4):
    layers = [
        ts.BatchEnsemble(5, members=K), ts.Activation("tanh"), ts.BatchEnsemble(1, members=K), ts.Flatten(),
    ]  # fmt: skip
    return ts.Network(layers, input_shape=(features,)).initialized(seed=3)


def rows(count=40):
    generator = np.random.default_rng(0)
    x = generator.normal(size=(count, 4)).astype(np.float32)
    return x, np.sin(x[:, 0]) + x[:, 1] * x[:, 2]


@pytest.mark.parametrize("loss", ["mean_squared_error", "binary_cross_entropy"])
def test_the_loss_is_the_mean_of_the_members_own_and_so_are_its_slopes(loss):
    x, y = rows()
    target = (y > 0 if loss == "binary_cross_entropy" else y).astype(np.float32)
    said, tiled = ensemble().predict(x), np.repeat(target[:, None], K, axis=1)
    ours = ts.losses.get(loss)
    alone = [ours(said[:, m : m + 1], target[:, None]) for m in range(K)]
    assert ours(said, tiled) == pytest.approx(np.mean(alone), rel=1e-6)
    h = 1e-3
    for row, member in ((0, 0), (7, 2)):
        up, down = said.astype(np.float64).copy(), said.astype(np.float64).copy()
        up[row, member] += h
        down[row, member] -= h
        joint = (ours(up, tiled) - ours(down, tiled)) / (2 * h)
        own = [ours(each[:, member : member + 1], target[:, None]) for each in (up, down)]
        assert joint == pytest.approx((own[0] - own[1]) / (2 * h) / K, rel=1e-3)


def test_no_member_hears_of_what_the_others_say():
    """With a loss each the training of the shared weight is the sum of theirs; with one of their mean it is not."""
    x, y = rows()
    tiled = np.repeat(y.astype(np.float32)[:, None], K, axis=1)
    start = ensemble()
    moved = {name: array.copy() for name, array in start.parameters.items()}
    bias = next(name for name in moved if name.startswith("batch_ensemble_2") and name.endswith("bias"))
    moved[bias][0] += 5.0  # member 0 says something else
    trained = [
        ts.train(start.with_parameters(p), x, tiled, loss="mean_squared_error", optimizer=ts.optimizers.SGD(1e-3),
                 epochs=1, batch_size=len(x), seed=0).network.parameters for p in (start.parameters, moved)
    ]  # fmt: skip
    scale = next(name for name in moved if name.startswith("batch_ensemble_2") and name.endswith("output_scale"))
    np.testing.assert_array_equal(trained[0][scale][1:], trained[1][scale][1:])  # the others' own parameters
    assert not np.array_equal(trained[0][scale][0], trained[1][scale][0])


def test_together_they_are_better_than_the_mean_of_them_alone():
    x, y = rows(400)
    tiled = np.repeat(y.astype(np.float32)[:, None], K, axis=1)
    run = ts.train(ensemble(), x, tiled, loss="mean_squared_error", optimizer="adamw", epochs=60, seed=1, threads=1)
    later, real = rows(900)
    real, said = real[400:], run.network.predict(later[400:])  # the first are those that were learned from
    alone = np.mean((said - real[:, None]) ** 2, axis=0)
    assert np.ptp(said, axis=1).mean() > 0.01  # they differ
    assert np.mean((said.mean(axis=1) - real) ** 2) < alone.mean()
