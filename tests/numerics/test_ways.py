"""The ways of computing: each gives the same bits, the one taken is told, and what is misspelt is refused."""

import numpy as np
import pytest
from registry import LAYERS, LOSSES, OPTIMIZERS, SCHEDULES

import thetastar as ts
from thetastar._native import engine
from thetastar.jobs import forced_way

from .examples import data, equal, same_bits

X, Y = data("mean_squared_error", 80, 12, 2)
WAYS = [
    {"lanes": 1}, {"lanes": 0}, {"lanes": 0, "chain": 0}, {"lanes": 0, "chain": 1, "registers": 0},
    {"lanes": 0, "chain": 1, "registers": 1}, {"lanes": 0, "panels": 1}, {"panels": 0}, {"blocks": 0}, {"blocks": 1},
    {"samples": 16}, {"columns": 1},
]  # fmt: skip
NETWORKS = {
    "tiny": [ts.Dense(4, activation="tanh"), ts.Dense(2)],
    "small": [ts.Dense(20, activation="gelu"), ts.Dense(7, activation="relu"), ts.Dense(2)],
    "wide": [ts.Dense(70, activation="relu"), ts.Dense(300, activation="silu"), ts.Dense(2)],
}


def trained(network, threads=1, **settings):
    settings = {"epochs": 2, "batch_size": 8, "seed": 3, "l2": 0.01} | settings
    job = ts.Job(network, validation_rows=np.arange(60, 80), rows=np.arange(60), **settings)
    return ts.train_many([job], X, Y, threads=threads)[0]


@pytest.mark.parametrize("ways", WAYS, ids=str)
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("batch_size", [8, 48])
def test_every_way_gives_the_same_bits(name, ways, batch_size):
    network = ts.Network(NETWORKS[name], input_shape=(12,))
    chosen = trained(network, batch_size=batch_size)
    with forced_way(**ways):
        assert equal(trained(network, batch_size=batch_size), chosen)
        assert equal(trained(network, threads=2, batch_size=batch_size), chosen)


def test_the_way_taken_is_the_one_that_was_forced():
    network = ts.Network(NETWORKS["tiny"], input_shape=(12,))
    for ways, lane, registers in [
        ({"lanes": 1}, "sample", "product"),
        ({"lanes": 0, "chain": 0}, "unit", "product"),
        ({"lanes": 0, "chain": 1, "registers": 0}, "unit", "layers"),
        ({"lanes": 0, "chain": 1, "registers": 1}, "unit", "step"),
    ]:
        with forced_way(**ways):
            way = trained(network).way
        assert (way.lane, way.registers, way.networks, way.threads) == (lane, registers, 1, 1)


def test_a_run_tells_how_it_was_computed():
    run = trained(ts.Network(NETWORKS["tiny"], input_shape=(12,)))
    assert str(run.way) == "a unit in every lane, whole steps in registers" and repr(run).endswith(f" s ({run.way})")
    way = ts.training.Way("network", networks=16)
    assert str(way) == "a network in every lane (16 together)"
    way = ts.training.Way(factors="panels", by_blocks=True, threads=2, by_columns=1)
    assert str(way) == (
        "a unit in every lane, factors in panels, parameters by blocks, 2 threads a step, 1 layer by columns"
    )


def test_forcing_ends_with_its_block():
    network = ts.Network(NETWORKS["tiny"], input_shape=(12,))
    with pytest.raises(RuntimeError), forced_way(lanes=1):
        raise RuntimeError
    assert trained(network).way.lane == "unit"


# ---- Snapshots ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tiny", "wide"])
@pytest.mark.parametrize("wanted", [2, [2, 4, 6], (6, 2, 4, 4)], ids=str)
def test_snapshots_are_what_shorter_trainings_give(name, wanted):
    network = ts.Network(NETWORKS[name], input_shape=(12,))
    run = trained(network, epochs=6, snapshots=wanted)
    assert list(run.snapshots) == [2, 4, 6]
    for epoch, parameters in run.snapshots.items():
        assert same_bits(parameters, trained(network, epochs=epoch).network.parameters)


@pytest.mark.parametrize("optimizer", ["adam", ts.optimizers.ASGD(0.05, t0=3)], ids=["Adam", "ASGD"])
def test_snapshots_of_a_pack_are_those_of_its_networks(optimizer):
    network = ts.Network(NETWORKS["tiny"], input_shape=(12,))
    many = [ts.Job(network, optimizer=optimizer, epochs=5, batch_size=8, snapshots=[1, 4], seed=s) for s in range(6)]
    with forced_way(pack=1):
        packed = ts.train_many(many, X, Y, threads=1)
    for job, run in zip(many, packed, strict=True):
        alone = ts.train_many([job], X, Y)[0]
        assert run.way.networks > 1 and list(run.snapshots) == list(alone.snapshots) == [1, 4]
        assert all(same_bits(run.snapshots[epoch], alone.snapshots[epoch]) for epoch in (1, 4))


def test_snapshots_end_where_training_ends():
    network = ts.Network(NETWORKS["tiny"], input_shape=(12,))
    run = trained(network, epochs=6, snapshots=1, stop=[ts.LossThreshold(1e9)])
    assert run.stopped == "threshold" and list(run.snapshots) == [1]
    assert trained(network).snapshots == {}


@pytest.mark.parametrize(
    ("snapshots", "words"),
    [
        ([1, 9], "train: snapshots must be epochs from 1 to 2, which is epochs. Got 9. Name earlier ones"),
        (0, "train: snapshots must be a whole number of 1 or more. Got 0"),
        ([0], "train: snapshots must be a whole number of 1 or more. Got 0"),
        (1.5, "train: snapshots must be a whole number of 1 or more. Got 1.5"),
        ("all", "train: snapshots must be a whole number of 1 or more. Got 'all'"),
    ],
    ids=str,
)
def test_snapshots_that_make_no_sense_are_refused(snapshots, words):
    with pytest.raises(ts.errors.InputError, match=words.replace("(", r"\(")):
        trained(ts.Network(NETWORKS["tiny"], input_shape=(12,)), snapshots=snapshots)


# ---- The boundary ---------------------------------------------------------------------------------------------------


def test_the_package_and_the_core_know_the_same_names():
    from thetastar.layers.layer import KINDS

    assert set(engine.layers) == set(KINDS)
    assert {loss.to_native()["kind"] for loss in every(ts.losses, LOSSES)} == set(engine.losses)
    assert {optimizer.to_native()["kind"] for optimizer in every(ts.optimizers, OPTIMIZERS)} == set(engine.optimizers)
    assert {entry.name for entry in LAYERS} and {entry.name for entry in SCHEDULES}


def every(catalogue, entries):
    return [catalogue.get({"kind": entry.name, **settings}) for entry in entries for settings in entry.legal]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"epoch": 3}, r"settings has no setting 'epoch'. Its settings are: loss, optimizer, groups, schedule, "),
        (
            {"optimizer": {"learning_rat": 1}},
            r"settings\['optimizer'\] has no setting 'learning_rat'. Its settings are",
        ),
        ({"groups": [{}, {"kin": 1}]}, r"settings\['groups'\]\[1\] has no setting 'kin'"),
        ({3: 4}, r"settings has no setting 3\."),
        ({"epochs": "many"}, r"settings\['epochs'\] must be a whole number. Got 'many'"),
        ({"l1": None}, r"settings\['l1'\] must be a number. Got None"),
        ({"shuffle": "yes"}, r"settings\['shuffle'\] must be True or False. Got 'yes'"),
        ({"loss": {"kind": 3}}, r"settings\['loss'\]\['kind'\] must be text. Got 3"),
        ({"loss": 3}, r"settings\['loss'\] must be a dict. Got 3"),
        ({"groups": {}}, r"settings\['groups'\] must be a list. Got \{\}"),
    ],
    ids=str,
)
def test_what_is_misspelt_or_of_another_type_is_refused_at_the_boundary(settings, words):
    with pytest.raises(ValueError, match=words):
        engine.TrainSpec(settings)


@pytest.mark.parametrize("shape", [[], [1, 2, 3, 4], [0], [3, -1], "ab", None, [2**40]], ids=str)
def test_a_shape_that_is_none_is_refused_at_the_boundary(shape):
    with pytest.raises(ValueError, match=r"network\['input'\] must be one to three whole numbers above 0"):
        engine.NetworkSpec({"input": shape, "layers": []})
