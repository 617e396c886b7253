"""A `Run`: what a training gave, whose parts are made when somebody asks for them."""

import copy
import dataclasses
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from thetastar import Dense, Job, Network, train, train_many

X = np.linspace(-1, 1, 24, dtype=np.float32).reshape(12, 2)
Y = X.sum(axis=1)
NETWORK = Network([Dense(3, activation="tanh"), Dense(1)], input_shape=(2,))


def run(**settings):
    return train(NETWORK, X, Y, epochs=4, batch_size=5, **settings)


def assert_same(one, other):
    assert (one.stopped, one.epochs, one.best_epoch) == (other.stopped, other.epochs, other.best_epoch)
    for name in ("loss", "learning_rate", "gradient_norm"):
        assert np.array_equal(one.history[name], other.history[name])
    for name, values in one.network.parameters.items():
        assert np.array_equal(values, other.network.parameters[name])


def test_the_loss_is_the_same_before_and_after_the_rest_is_read():
    first = run(validation=(X, Y))
    loss = first.loss
    assert loss == first.history["loss"][-1] == first.loss
    assert first.validation_loss == min(first.history["validation_loss"])
    assert len(first.history["seconds"]) == first.epochs == 4


def test_it_outlives_the_training_and_its_neighbours():
    runs = train_many([Job(NETWORK, epochs=3, seed=seed) for seed in range(40)], X, Y)
    kept = runs[7]
    del runs
    assert np.array_equal(kept.network.predict(X), train(NETWORK, X, Y, epochs=3, seed=7).network.predict(X))


@pytest.mark.parametrize(
    "way", [copy.copy, copy.deepcopy, lambda r: pickle.loads(pickle.dumps(r)), dataclasses.replace]
)
@pytest.mark.parametrize("read_before", [False, True])
def test_copies_and_pickles_are_the_same(way, read_before):
    original = run()
    if read_before:
        assert original.history
    assert_same(way(original), original)


def test_threads_that_read_it_at_once_see_the_same():
    for _ in range(20):
        fresh = run()
        with ThreadPoolExecutor(8) as pool:
            seen = list(pool.map(lambda _, r=fresh: (r.epochs, r.history["loss"].tolist(), r.stopped), range(8)))
        assert seen == seen[:1] * 8


def test_it_cannot_be_changed_and_has_nothing_else():
    done = run()
    with pytest.raises(dataclasses.FrozenInstanceError):
        done.stopped = "early"
    with pytest.raises(AttributeError, match="'Run' object has no attribute 'losses'"):
        _ = done.losses
    assert repr(done).startswith("Run: 13 parameters, loss ")


def test_float64_too():
    assert run(dtype="float64").network.parameters["dense_1.weight"].dtype == np.float64
