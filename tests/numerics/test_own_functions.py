"""Losses, metrics and callbacks of one's own in `ts.train`: they do what the core's do, and what goes wrong is said."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import thetastar as ts

X = np.random.default_rng(0).standard_normal((40, 3)).astype(np.float32)
Y = (X[:, 0] - X[:, 1] ** 2).astype(np.float32)


def network(outputs=1):
    return ts.Network([ts.Dense(8, "tanh"), ts.Dense(outputs)], input_shape=(3,)).initialized(seed=1)


def squared(y, f):
    error = f - y.reshape(f.shape)
    return np.mean(error**2, axis=1), 2 * error / f.shape[1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "settings",
    [
        {"optimizer": "adam", "batch_size": 7},
        {"optimizer": "lbfgs"},
        {"optimizer": "sophia", "batch_size": 40},
        {"optimizer": ts.optimizers.Lamb(0.01), "batch_size": 1, "schedule": "cosine", "clip_norm": 1.0},
        {"batch_size": 16, "sample_weight": np.linspace(0.5, 2, 40)},
    ],
    ids=["Adam", "L-BFGS", "Sophia", "Lamb", "weights"],
)
def test_a_squared_error_of_ones_own_trains_as_the_cores(settings, dtype):
    shared = {"epochs": 5, "seed": 3, "dtype": dtype, "validation": (X[:10], Y[:10])} | settings
    own = ts.train(network(), X, Y, loss=squared, **shared)
    core = ts.train(network(), X, Y, loss="mse", **shared)
    close = {"rtol": 2e-3 if dtype == "float32" else 1e-7, "atol": 2e-5}
    for name in ("loss", "validation_loss"):
        assert_allclose(own.history[name], core.history[name], **close)
    for name, values in own.network.parameters.items():
        assert_allclose(values, core.network.parameters[name], **close)


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads_and_beside_others():
    jobs = [ts.Job(network(), loss=loss, epochs=3, batch_size=8, seed=s) for s in (0, 1) for loss in (squared, "mse")]
    one, three = (ts.train_many(jobs, X, Y, threads=threads) for threads in (1, 3))
    for a, b in zip(one, three, strict=True):
        assert all(np.array_equal(a.network.parameters[n], b.network.parameters[n]) for n in a.network.parameters)


def test_targets_come_as_they_were_given():
    seen = set()

    def looks(y, f):
        seen.add((y.shape, str(y.dtype), f.shape))
        return np.zeros(len(f)), np.zeros_like(f)

    ts.train(network(2), X, Y, loss=looks, epochs=1, batch_size=40)
    ts.train(network(2), X, np.zeros((40, 5)), loss=looks, epochs=1, batch_size=40, dtype="float64")
    assert seen == {((40,), "float32", (40, 2)), ((40, 5), "float64", (40, 2))}
    targetless = ts.train(network(2), X, None, loss=lambda y, f: ((f**2).sum(axis=1), 2 * f), epochs=200)
    assert targetless.loss < 0.01


def test_by_itself_it_is_a_loss():
    loss = ts.losses.get(squared)
    assert loss([[1.0], [4.0]], [0.0, 2.0]) == 2.5
    assert loss.gradient([[1.0], [4.0]], [0.0, 2.0]).tolist() == [[1.0], [2.0]]


def fails(y, f):
    raise ZeroDivisionError("the user's own")


REFUSED = {
    "a value alone": (
        lambda y, f: np.zeros(len(f)),
        r"must return \(values, slopes\).*Got ndarray\. A slope is not gue",
    ),
    "three parts": (lambda y, f: (1, 2, 3), r"Got 3 parts\. A slope is not guessed"),
    "a mean": (lambda y, f: (f.mean(), np.ones_like(f)), r"Got \(\) and \(32, 1\) for outputs \(32, 1\)\. Take no m"),
    "no numbers": (lambda y, f: ("a", "b"), r"Got something that is no numbers\."),
}


@pytest.mark.parametrize("what", REFUSED)
def test_an_answer_of_another_form_is_refused(what):
    function, words = REFUSED[what]
    with pytest.raises(ts.InputError, match=r"the loss '<lambda>': it " + words if "must" in words else words):
        ts.train(network(), X, Y, loss=function, epochs=2)


def test_what_a_function_raises_comes_out():
    with pytest.raises(ZeroDivisionError, match="the user's own"):
        ts.train(network(), X, Y, loss=fails, epochs=2)
    with pytest.raises(ZeroDivisionError, match="the user's own"):
        ts.train(network(), X, Y, callback=lambda epoch: fails(0, 0), epochs=2)
    with pytest.raises(ZeroDivisionError, match="the user's own"):
        ts.train(network(), X, Y, metrics=fails, epochs=2)


def test_what_it_cannot_do_is_refused():
    with pytest.raises(ts.InputError, match=r"the loss 'squared' is a function of one's own.*or ts\.train"):
        network().gradients(X, Y, loss=squared)
    with pytest.raises(ts.InputError, match=r"Own: function must be callable\. Got 3\. Give f\(y, outputs\)"):
        ts.losses.Own(3)
    with pytest.raises(ts.InputError, match=r"train: y must be numbers\. Got list of something else\. Encode"):
        ts.train(network(), X, [[1], [2, 3]] * 20, loss=squared)
    with pytest.raises(ts.InputError, match=r"train: y must have 40 rows, one a sample\. Got \(39,\)\. Give"):
        ts.train(network(), X, Y[1:], loss=squared)


def test_a_callback_sees_every_epoch_and_may_stop():
    seen = []

    def watch(epoch):
        seen.append(epoch)
        return epoch.number == 4

    run = ts.train(network(), X, Y, epochs=20, validation=(X, Y), metrics="mae", callback=watch)
    assert (run.stopped, run.epochs, [epoch.number for epoch in seen]) == ("callback", 4, [1, 2, 3, 4])
    assert [epoch.loss for epoch in seen] == run.history["loss"].tolist()
    assert [epoch.validation_loss for epoch in seen] == run.history["validation_loss"].tolist()
    assert [epoch.metrics["validation_mae"] for epoch in seen] == run.history["validation_mae"].tolist()
    assert seen[0].seconds <= seen[-1].seconds and seen[0].learning_rate == pytest.approx(1e-3)
    last = seen[-1].network.parameters
    assert all(np.array_equal(last[name], values) for name, values in run.network.parameters.items())
    assert ts.train(network(), X, Y, epochs=2, callback=lambda epoch: None).stopped == "epochs"
    stopped_early = ts.train(
        network(), X, Y, epochs=50, validation=(X, Y), stop=[ts.EarlyStopping(patience=1, min_delta=10.0)],
        callback=lambda epoch: epoch.number == 2,
    )  # fmt: skip
    assert (stopped_early.stopped, stopped_early.epochs) == ("early", 2)


def test_a_callback_changes_no_bit():
    plain = ts.train(network(), X, Y, epochs=4, seed=2)
    watched = ts.train(network(), X, Y, epochs=4, seed=2, callback=lambda epoch: False, metrics="rmse")
    assert all(np.array_equal(watched.network.parameters[n], v) for n, v in plain.network.parameters.items())
    with pytest.raises(ts.InputError, match=r"train: callback must be a function of an epoch\. Got int\. Return True"):
        ts.train(network(), X, Y, callback=3)
    with pytest.raises(ts.InputError, match=r"there is no setting 'callbacks'\. Did you mean 'callback'"):
        ts.train(network(), X, Y, callbacks=[])
