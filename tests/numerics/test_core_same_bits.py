"""Many = one at a time = any number of threads = any order: the same bits, and neighbours do not touch each other."""

import dataclasses
import json
import multiprocessing
import os
import pickle
import time
import tracemalloc
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

import thetastar as ts
from reference.rng import KNOWN_ANSWERS
from thetastar._native import engine

from .examples import data, equal, same_bits

X, Y = data("mean_squared_error", 60, 6, 1)
Y_CLASSES = np.digitize(Y[:, 0], [-0.5, 0.5])


def network(*units, name="relu", rate=0.0, outputs=1):
    hidden = [layer for width in units for layer in (ts.Dense(width, activation=name), ts.Dropout(rate))]
    return ts.Network([*hidden, ts.Dense(outputs)], input_shape=(6,))


def jobs():
    """Different architectures, settings, seeds and rows."""
    base = {"loss": "mean_squared_error", "epochs": 4, "batch_size": 7}
    validated = {"rows": np.arange(0, 40), "validation_rows": np.arange(40, 60), "stop": [ts.EarlyStopping(patience=2)]}
    return [
        ts.Job(network(5), optimizer=ts.optimizers.SGD(learning_rate=0.05), seed=0, **base),
        ts.Job(network(17, 9, rate=0.3), optimizer=ts.optimizers.Adam(), seed=0, **base),
        ts.Job(network(17, 9, rate=0.3), optimizer=ts.optimizers.Adam(), seed=1, **base),
        ts.Job(network(33, name="gelu"), optimizer=ts.optimizers.AdamW(), seed=2, rows=np.arange(5, 48), **base),
        ts.Job(network(), optimizer=ts.optimizers.SGD(momentum=0.9, nesterov=True), seed=3, **base),
        ts.Job(network(8, 8, 8, name="mish"), optimizer=ts.optimizers.Adam(), seed=4, **base, **validated),
        ts.Job(network(12), optimizer=ts.optimizers.Adam(), seed=5, l2=0.01, clip_norm=0.5, **base),
        ts.Job(
            network(12),
            optimizer=ts.optimizers.Adam(),
            seed=6,
            schedule=ts.schedules.Cosine(),
            **{**base, "batch_size": 60},
        ),
    ]


def poisoned():
    """A job that diverges at once."""
    optimizer = ts.optimizers.SGD(learning_rate=1e30)
    return ts.Job(network(9), loss="mean_squared_error", optimizer=optimizer, epochs=4, batch_size=7, seed=9)


ALONE = [ts.train_many([job], X, Y, threads=1)[0] for job in jobs()]


@pytest.mark.parametrize("threads", [1, 2, 3, None])
def test_many_equal_one_at_a_time(threads):
    runs = ts.train_many(jobs(), X, Y, threads=threads)
    assert len(runs) == len(ALONE) and all(equal(run, alone) for run, alone in zip(runs, ALONE, strict=True))


@pytest.mark.parametrize("threads", [1, 2])
def test_any_order(threads):
    order = np.random.default_rng(0).permutation(len(ALONE))
    runs = ts.train_many([jobs()[place] for place in order], X, Y, threads=threads)
    assert all(equal(run, ALONE[place]) for run, place in zip(runs, order, strict=True))


def test_among_hundreds():
    crowd = [jobs()[1], *(job for _ in range(30) for job in jobs()), jobs()[5]]
    runs = ts.train_many(crowd, X, Y, threads=2)
    assert equal(runs[0], ALONE[1]) and equal(runs[-1], ALONE[5])
    assert all(equal(run, ALONE[k % len(ALONE)]) for k, run in enumerate(runs[1:-1]))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("width", [3, 100])  # starts that are handed over together, and one by one
def test_restarts_are_the_job_with_other_starts(width, threads):
    """Seeds and networks mixed: with parameters and without, of the job's layers and of others."""
    net, other = network(width, 50), network(4)
    starts = [5, net.initialized(1), 0, net, net.initialized(2), other, other.initialized(3), net.initialized(4), 7, 5]
    job = ts.Job(net, loss="mse", optimizer="adam", epochs=3, batch_size=7, rows=np.arange(10, 50), seed=8)
    replaced = [
        dataclasses.replace(job, **{"network" if isinstance(start, ts.Network) else "seed": start}) for start in starts
    ]
    expected = [ts.train_many([one], X, Y, threads=1)[0] for one in replaced]
    for many in (job.restarts(starts), pickle.loads(pickle.dumps(job.restarts(starts)))):
        assert [(one.network.parameter_count, one.seed) for one in many] == [
            (one.network.parameter_count, one.seed) for one in replaced
        ]
        runs = ts.train_many([*many, poisoned()], X, Y, threads=threads)
        assert all(equal(run, alone) for run, alone in zip(runs, expected, strict=False))
        for some in (slice(None), slice(4, 5), slice(0, 3, 2), slice(0, 0)):  # as they are: mixed, of one kind, none
            runs = ts.train_many(job.restarts(starts[some]), X, Y, threads=threads)
            assert all(equal(run, alone) for run, alone in zip(runs, expected[some], strict=True))
    assert equal(expected[0], expected[-1]) and not equal(expected[0], expected[2])


def test_restarts_are_a_sequence_of_jobs():
    job = ts.Job(network(4), epochs=3, seed=8)
    many = job.restarts(range(3))
    assert [one.seed for one in many] == [0, 1, 2] and job.seed == 8
    assert len(many) == 3 and many[-1].seed == 2 and many[1].network is job.network and many[1].epochs == 3
    assert [one.seed for one in many[1:]] == [1, 2] and [one.seed for one in reversed(many)] == [2, 1, 0]
    first = [job]
    assert [one.seed for one in first + many] == [8, 0, 1, 2] and [one.seed for one in many + first] == [0, 1, 2, 8]
    assert repr(many) == f"Restarts({job!r}, 3 starts)"
    with pytest.raises(IndexError):
        many[3]


@pytest.mark.parametrize("given", [{"validation": (X[:9], Y[:9])}, {"sample_weight": np.arange(1.0, len(X) + 1)}])
def test_restarts_take_what_train_many_gives_to_all(given):
    job = ts.Job(network(4), epochs=3, batch_size=7, rows=np.arange(10, 50))
    expected = [ts.train_many([dataclasses.replace(job, seed=seed, **given)], X, Y)[0] for seed in range(9)]
    runs = ts.train_many(job.restarts(range(9)), X, Y, **given)
    assert all(equal(run, alone) for run, alone in zip(runs, expected, strict=True))
    without = ts.train_many([job], X, Y)[0]
    assert "validation_loss" in runs[0].history or not equal(runs[0], without)
    assert job.validation is None and job.sample_weight is None


def test_train_is_train_many_of_one():
    run = ts.train(
        network(17, 9, rate=0.3),
        X,
        Y,
        loss="mean_squared_error",
        optimizer=ts.optimizers.Adam(),
        epochs=4,
        batch_size=7,
    )
    assert equal(run, ALONE[1])


@pytest.mark.parametrize("threads", [1, 2])
def test_a_diverging_job_leaves_its_neighbours_alone(threads):
    mixed = [poisoned(), *(job for pair in zip(jobs(), [poisoned()] * 8, strict=True) for job in pair)]
    runs = ts.train_many(mixed, X, Y, threads=threads)
    assert all(run.stopped == "diverged" for run in runs[0::2])
    assert all(equal(run, alone) for run, alone in zip(runs[1::2], ALONE, strict=True))
    assert all(run.stopped != "diverged" for run in ALONE)


def test_different_seeds_give_different_networks():
    assert not same_bits(ALONE[1].network.parameters, ALONE[2].network.parameters)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_again_in_both_precisions(dtype):
    first, second = (ts.train_many(jobs()[:3], X, Y, threads=threads, dtype=dtype) for threads in (1, 2))
    assert all(equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_a_large_network_shared_by_threads_gives_the_same_bits(activation):
    """Threads cut its layers by units (512 of 6 and of 512 inputs, 8 rows at a time), or by rows (600 at a time)."""
    many = np.random.default_rng(4).normal(size=(600, 6)).astype(np.float32)
    for batch_size, rows in ((8, 24), (600, 600)):
        job = ts.Job(network(512, 512, name=activation, rate=0.1), epochs=2, batch_size=batch_size, seed=1)
        alone, *shared = (
            ts.train_many([job], many[:rows], many[:rows, :1], threads=threads)[0] for threads in (1, 2, 3)
        )
        assert all(equal(alone, run) for run in shared)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_predictions_do_not_depend_on_threads_or_on_the_company_of_a_row(threads):
    net = network(33, 17, name="silu").initialized(seed=0)
    many = data("mean_squared_error", 700, 6, 1)[0]
    together = net.predict(many, threads=threads)
    assert together.shape == (700, 1) and together.dtype == np.float32
    one_by_one = np.concatenate([net.predict(many[k : k + 1]) for k in range(0, 700, 31)])
    assert together[::31].tobytes() == one_by_one.tobytes()


def test_classes_too():
    job = {"loss": "cross_entropy", "optimizer": ts.optimizers.Adam(), "epochs": 3, "seed": 1}
    net = network(9, outputs=3)
    first = ts.train(net, X, Y_CLASSES, **job)
    (second,) = ts.train_many([ts.Job(net, **job)], X, Y_CLASSES, threads=2)
    assert equal(first, second)


def test_parameters_survive_being_handed_around():
    net = ALONE[5].network
    again = ts.Network.from_dict(net.to_dict()).with_parameters(net.parameters)
    assert same_bits(again.parameters, net.parameters)
    assert again.predict(X).tobytes() == net.predict(X).tobytes()
    assert again.parameter_count == net.parameter_count == sum(values.size for values in net.parameters.values())


def test_a_description_survives_json():
    net = network(5, 3, name="mish", rate=0.25)
    again = ts.Network.from_dict(json.loads(json.dumps(net.to_dict())))
    assert same_bits(again.initialized(seed=4).parameters, net.initialized(seed=4).parameters)
    assert again.to_dict() == net.to_dict()


@pytest.mark.parametrize(("counter", "key", "output"), KNOWN_ANSWERS)
def test_the_core_draws_its_authors_known_answers(counter, key, output):
    assert engine.threefry(*key, *counter) == output


def test_a_forked_child_trains_to_the_same_bits():
    """No threads outlive a training, so nothing is lost in a fork: joblib and multiprocessing may fork at any time."""
    if not hasattr(os, "fork"):
        pytest.skip("this system cannot fork")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("fork")) as pool:
        parameters = pool.submit(train_in_a_child).result(timeout=60)
    assert same_bits(parameters, ALONE[1].network.parameters)


def train_in_a_child():
    (run,) = ts.train_many([jobs()[1]], X, Y, threads=2)
    return {name: values.copy() for name, values in run.network.parameters.items()}


def test_python_threads_may_train_and_predict_at_once():
    """The GIL is released and nothing is shared: eight callers at once get what each would get alone."""
    net = ALONE[5].network.with_parameters(ALONE[5].network.parameters)
    expected = ALONE[5].network.predict(X)
    with ThreadPoolExecutor(8) as pool:
        predictions = [pool.submit(net.predict, X) for _ in range(32)]
        trainings = [pool.submit(ts.train_many, jobs()[:3], X, Y, threads=1) for _ in range(4)]
        assert all(future.result(60).tobytes() == expected.tobytes() for future in predictions)
        for future in trainings:
            assert all(equal(run, alone) for run, alone in zip(future.result(60), ALONE[:3], strict=True))


def test_the_interpreter_is_free_while_a_network_trains():
    ticks = 0
    job = ts.Job(network(64, 64), loss="mean_squared_error", epochs=10**7)
    with ThreadPoolExecutor(1) as pool:
        training = pool.submit(ts.train_many, [job], X, Y, threads=1, seconds=0.3)
        while not training.done():
            time.sleep(0.005)
            ticks += 1
    assert training.result()[0].stopped == "interrupted" and ticks > 10


def test_many_jobs_share_one_table():
    """Forty jobs on a table of 8 MB allocate less than the table on the side of Python: it is used in place."""
    table, target = np.ones((20_000, 100), np.float32), np.ones(20_000, np.float32)
    net = ts.Network([ts.Dense(1)], input_shape=(100,))
    job = {"loss": "mean_squared_error", "epochs": 1, "batch_size": 1000, "rows": np.arange(2000)}
    many = [ts.Job(net, seed=seed, **job) for seed in range(40)]
    tracemalloc.start()
    ts.train_many(many, table, target, threads=1)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < table.nbytes / 2
