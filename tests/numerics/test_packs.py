"""Packs: tiny networks that are alike train side by side, a network a lane, each to the bits that it has alone."""

import time

import numpy as np
import pytest
from registry import ACTIVATIONS, OPTIMIZERS, SCHEDULES, cases

import thetastar as ts
from thetastar._native import engine
from thetastar.jobs import forced_way

from . import loss_examples
from .examples import data, equal

X, Y = data("mean_squared_error", 50, 3, 2)
NET = ts.Network([ts.Dense(4, activation="tanh"), ts.Dense(2)], input_shape=(3,))
LANES = engine.vector_bytes // 4  # as many as one pack has in single precision
SOME = 6 if LANES > 4 else 8  # jobs of a test, where it only matters that a pack of them is faster
MORE = 12  # more than a pack of eight lanes has


def jobs(network=NET, count=SOME, **settings):
    """Alike but for their seeds."""
    settings = {
        "loss": "mean_squared_error",
        "optimizer": ts.optimizers.Adam(0.02),
        "epochs": 3,
        "batch_size": 8,
    } | settings
    return [ts.Job(network, seed=seed, **settings) for seed in range(count)]


def alone(many, X=X, Y=Y, **settings):
    return [ts.train_many([job], X, Y, threads=1, **settings)[0] for job in many]


def together(many, X=X, Y=Y, *, threads=1, packed=True, dtype="float32", **settings):
    """Packed wherever that can be, or as the core chooses where it is not `packed`."""
    with forced_way(**({"pack": 1} if packed else {})):
        runs = ts.train_many(many, X, Y, threads=threads, dtype=dtype, **settings)
    if packed and dtype == "float32":
        assert all(size > 1 for size in networks_together(runs)), "these jobs should have been packed"
    return runs


def networks_together(runs):
    """Of each run, how many networks trained side by side."""
    return [run.way.networks for run in runs]


def assert_same_together(many, X=X, Y=Y, **settings):
    precision = {key: settings[key] for key in ("dtype",) if key in settings}
    expected = alone(many, X, Y, **precision)
    runs = together(many, X, Y, **settings)
    assert [equal(run, one) for run, one in zip(runs, expected, strict=True)] == [True] * len(many)
    return runs


# ---- Whatever is in the job -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", [entry.name for entry in ACTIVATIONS])
def test_every_activation(name, dtype):
    layers = [
        ts.Dense(5, activation=name),
        ts.Activation(name),
        ts.Dense(3, use_bias=False),
        ts.Dense(2, activation=name),
    ]
    assert_same_together(jobs(ts.Network(layers, input_shape=(3,))), dtype=dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "settings"), **loss_examples.EVERY)
def test_every_loss_of_single_samples(name, settings, dtype):
    loss = loss_examples.package(name, settings)
    if loss.members > 1:
        pytest.skip("pairs and triplets train alone")
    scores = getattr(loss, "prediction", "") == "scores" or name in ("ctc", "soft_margin", "multi_label_soft_margin")
    positive = name in ("poisson", "mean_squared_logarithmic_error")
    domain = "identity" if scores else "softplus" if positive else "sigmoid"
    net = ts.Network([ts.Dense(4, activation="tanh"), ts.Dense(loss_examples.width(name), activation=domain)], (3,))
    assert_same_together(jobs(net, loss=loss), X, loss_examples.target(name, settings, len(X)), dtype=dtype)


@pytest.mark.parametrize("outputs", [1, 2, 5, 17])
@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error", "binary_cross_entropy", "cross_entropy"])
def test_the_usual_losses_over_any_number_of_outputs(loss, outputs):
    outputs += loss == "cross_entropy"
    inputs, targets = data(loss, 40, 4, outputs)
    net = ts.Network([ts.Dense(3, activation="relu"), ts.Dense(outputs)], (4,))
    validated = {"rows": np.arange(30), "validation_rows": np.arange(30, 40)}
    assert_same_together(jobs(net, loss=loss, **validated), inputs, targets)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("entry", "settings"), **cases(OPTIMIZERS))
def test_every_optimiser(entry, settings, dtype):
    """Those that search lines, measure curvature or skip numbers train alone."""
    optimizer = getattr(ts.optimizers, entry.name)(**settings)
    assert_same_together(jobs(optimizer=optimizer, epochs=4), dtype=dtype, packed=False)


@pytest.mark.parametrize(("entry", "settings"), **cases(SCHEDULES))
def test_every_schedule(entry, settings):
    """A rate that follows a network's own losses is its own: such jobs train alone."""
    schedule = getattr(ts.schedules, entry.name)(**settings)
    assert_same_together(jobs(schedule=schedule, epochs=6), packed=entry.name != "ReduceOnPlateau")


@pytest.mark.parametrize("batch_size", [1, 3, 8, 49, 50, 1000])
@pytest.mark.parametrize("shuffle", [True, False])
def test_any_batch_and_a_shorter_last_one(batch_size, shuffle):
    assert_same_together(jobs(batch_size=batch_size, shuffle=shuffle))


@pytest.mark.parametrize("units", [(), (1,), (3, 5), (17,), (16, 16), (6, 33)])
@pytest.mark.parametrize("batch_size", [5, 50])
def test_any_small_network(units, batch_size):
    net = ts.Network([*(ts.Dense(width, activation="tanh") for width in units), ts.Dense(2)], input_shape=(3,))
    assert_same_together(jobs(net, count=20, batch_size=batch_size), packed=False)


def test_a_batch_that_passes_in_pieces():
    inputs, targets = data("mean_squared_error", 700, 3, 2)
    validated = {"rows": np.arange(500), "validation_rows": np.arange(500, 700)}
    assert_same_together(jobs(batch_size=500, **validated), inputs, targets)


def test_a_network_with_nothing_to_learn():
    net = ts.Network([ts.Activation("tanh"), ts.Activation("identity")], input_shape=(3,))
    assert_same_together(jobs(net), X, X)


@pytest.mark.parametrize(
    "settings",
    [
        {"l1": 0.01}, {"l2": 0.01}, {"l1": 0.003, "l2": 0.02, "clip_value": 0.05}, {"clip_value": 0.01},
        {"optimizer": ts.optimizers.AdamW(weight_decay=0.1)}, {"optimizer": ts.optimizers.SGD(0.1, weight_decay=0.1)},
    ],
    ids=str,
)  # fmt: skip
def test_penalties_clipping_and_decay(settings):
    assert_same_together(jobs(**settings))


@pytest.mark.parametrize("settings", [{"clip_norm": 0.1}, {"max_norm": 0.5}], ids=str)
def test_what_looks_at_a_whole_network_trains_alone(settings):
    runs = assert_same_together(jobs(epochs=20, **settings), packed=False)
    assert set(networks_together(runs)) == {1}


# ---- What may differ between the lanes ------------------------------------------------------------------------------


def test_weights_rows_and_tables_of_their_own():
    random = np.random.default_rng(3)
    tables = [data("mean_squared_error", 20, 3, 2, seed) for seed in range(SOME)]
    many = [
        ts.Job(
            NET, seed=7, epochs=4, batch_size=8, optimizer="adam", rows=random.permutation(50)[:21],
            sample_weight=random.random(50), validation=(*tables[index], random.random(20)),
        )
        for index in range(SOME)
    ]  # fmt: skip
    assert_same_together(many)


@pytest.mark.parametrize("weighted", [False, True])
def test_validation_rows_of_their_own(weighted):
    random = np.random.default_rng(4)
    parts = [np.split(random.permutation(50), [33]) for _ in range(SOME)]
    settings = {"epochs": 4, "batch_size": 8, "sample_weight": random.random(50) if weighted else None}
    assert_same_together([ts.Job(NET, rows=rows, validation_rows=held, **settings) for rows, held in parts])


def test_parameters_of_their_own():
    given = [NET.initialized(seed=50 + seed) if seed % 2 else NET for seed in range(SOME)]
    assert_same_together([ts.Job(net, seed=seed, epochs=3, batch_size=8) for seed, net in enumerate(given)])


@pytest.mark.parametrize("restore_best", [True, False])
@pytest.mark.parametrize("optimizer", [ts.optimizers.Adam(0.05), ts.optimizers.ASGD(0.1, t0=20)], ids=["Adam", "ASGD"])
def test_each_stops_early_for_itself(optimizer, restore_best):
    stop = [ts.EarlyStopping(patience=3, min_delta=0.001, restore_best=restore_best)]
    parts = {"rows": np.arange(0, 20), "validation_rows": np.arange(20, 50)}
    runs = assert_same_together(jobs(count=MORE, optimizer=optimizer, epochs=40, stop=stop, **parts))
    assert {run.stopped for run in runs} >= {"early"} and len({run.epochs for run in runs}) > 2


def test_each_stops_at_a_threshold_for_itself():
    losses = [run.loss for run in alone(jobs(count=MORE, epochs=12))]
    stop = [ts.LossThreshold(float(np.median(losses)))]
    runs = assert_same_together(jobs(count=MORE, epochs=12, stop=stop))
    assert {run.stopped for run in runs} == {"threshold", "epochs"} and len({run.epochs for run in runs}) > 2


@pytest.mark.parametrize("epochs", [1, 6])
@pytest.mark.parametrize("size", [1e25, 1e30, np.inf])
def test_one_that_diverges_leaves_its_neighbours_alone(size, epochs):
    """From weights that are too large, in the first lane, in the middle and in the last."""
    many = jobs(count=MORE, epochs=epochs)
    start = NET.initialized(seed=0).parameters
    poison = NET.with_parameters(start | {"dense_2.weight": np.full((4, 2), size, np.float32)})
    poisoned = (0, 3, MORE - 1)
    for place in poisoned:
        many[place] = ts.Job(
            poison, **{name: getattr(many[place], name) for name in ("optimizer", "epochs", "batch_size", "seed")}
        )
    runs = assert_same_together(many, packed=epochs > 1)
    assert [run.stopped for run in runs] == ["diverged" if i in poisoned else "epochs" for i in range(MORE)]


def test_all_diverge_at_their_own_time():
    runs = assert_same_together(jobs(count=9, epochs=200, optimizer=ts.optimizers.SGD(1.4)), packed=False)
    assert {run.stopped for run in runs} == {"diverged"} and len({run.epochs for run in runs}) > 1


# ---- The fleet ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [1, 2, 3, 4, 15, 16, 17, 20, 33])
def test_any_number_of_jobs_on_any_number_of_threads(count, threads):
    assert_same_together(jobs(count=count), threads=threads, packed=False)


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
def test_double_precision_is_packed_where_that_is_faster(name):
    """Where no exp or tanh is taken, number by number, from the C library."""
    net = ts.Network([ts.Dense(4, activation=name), ts.Dense(2)], input_shape=(3,))
    runs = assert_same_together(jobs(net, count=16, epochs=20), dtype="float64", packed=False)
    assert (max(networks_together(runs)) > 1) == (LANES > 4)  # two lanes are not faster


def test_packs_are_balanced_over_the_threads():
    runs = together(jobs(count=LANES + 4), threads=2, packed=False)
    assert networks_together(runs) == [LANES // 2 + 2] * (LANES + 4)


def test_few_jobs_and_large_ones_train_alone():
    large = ts.Network([ts.Dense(300, activation="relu"), ts.Dense(2)], input_shape=(3,))
    for many in (jobs(count=3, epochs=20), jobs(large, count=20, epochs=20)):
        assert set(networks_together(together(many, packed=False))) == {1}


def test_among_others():
    """Packs of two kinds, jobs that are alone of their kind, in any order."""
    many = [*jobs(count=9), *jobs(count=9, batch_size=7), *jobs(count=1, l2=0.1), *jobs(count=1, clip_norm=0.1)]
    order = np.random.default_rng(0).permutation(len(many))
    runs = assert_same_together([many[place] for place in order], threads=2, packed=False)
    assert max(networks_together(runs)) > 1 and min(networks_together(runs)) == 1


def test_progress_names_every_run_once_and_as_soon_as_it_ended():
    """Two of the lanes end after one epoch, long before the others."""
    zero = NET.with_parameters({name: np.zeros_like(x) for name, x in NET.initialized(seed=0).parameters.items()})
    settings = {"epochs": 10**7, "stop": [ts.LossThreshold(1e-30)], "optimizer": ts.optimizers.SGD(1e-9)}
    many = [ts.Job(zero if place in (1, 3) else NET, seed=place, **settings) for place in range(LANES)]
    first, later = [], []

    def watch(progress):
        (later if first else first).extend(place for place, _ in progress.finished)

    runs = together(many, X, np.zeros((50, 2), np.float32), seconds=0.5, on_progress=watch)
    assert sorted(first) == [1, 3] and sorted(later) == [place for place in range(LANES) if place not in (1, 3)]
    assert all(run.stopped == ("threshold" if place in (1, 3) else "interrupted") for place, run in enumerate(runs))


def test_a_pack_counts_its_epochs():
    last = []
    together(jobs(count=MORE, epochs=5), on_progress=lambda progress: last.append((progress.done, progress.epochs)))
    assert last[-1] == (MORE, 5 * MORE)


def test_a_time_limit_stops_all_lanes_at_once_with_what_they_have():
    started = time.monotonic()
    runs = together(jobs(count=LANES, epochs=10**8), seconds=0.2)
    assert time.monotonic() - started < 2
    assert all(run.stopped == "interrupted" and run.epochs == len(run.history["loss"]) > 0 for run in runs)
    assert all(np.isfinite(values).all() for run in runs for values in run.network.parameters.values())
    again = alone(jobs(count=1, epochs=runs[0].epochs))[0]
    assert again.history["loss"].tobytes() == runs[0].history["loss"].tobytes()


def test_a_network_counts_its_share_of_the_time():
    runs = together(jobs(count=LANES, epochs=300))
    whole = max(run.history["seconds"][-1] for run in runs)
    assert whole * 0.5 < sum(run.seconds for run in runs) < whole * 2
