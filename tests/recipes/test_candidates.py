"""Candidates: names, networks, settings; the default set."""

import pytest
from pydantic import ValidationError

from thetastar.recipes import Candidate, batch_size_for, default_candidates


def test_names_say_what_differs_from_the_usual():
    assert Candidate().name == "linear"
    assert Candidate(hidden=(64, 32), activation="tanh").name == "64-32 tanh"
    assert Candidate(hidden=(8,), pieces=12, dropout=0.2, optimizer="sgd", epochs=5).name == (
        "8 silu on pieces, dropout 0.2, sgd, epochs 5"
    )
    assert Candidate(label="mine").name == "mine"


def test_sentence_says_everything():
    sentence = Candidate(hidden=(8, 8), pieces=12, dropout=0.2, weight_decay=0.1).sentence
    assert sentence == (
        "2 hidden layers of 8, 8 silu, numbers cut into 12 pieces, dropout 0.2; adamw, learning rate 0.02 (cosine), "
        "weight decay 0.1"
    )
    assert Candidate(weight_decay=0).sentence == "no hidden layer; adamw, learning rate 0.02 (cosine)"


def test_rate_by_width_unless_given():
    assert Candidate(hidden=(64,)).rate == 0.02 and Candidate(hidden=(64, 65)).rate == 0.01
    assert Candidate(optimizer="sgd").rate == 0.05 and Candidate(learning_rate=0.3).rate == 0.3


def test_network_has_the_counted_parameters_and_its_dropout():
    candidate = Candidate(hidden=(8, 4), activation="selu", dropout=0.3)
    network = candidate.network(5, 3)
    assert network.parameter_count == candidate.parameter_count(5, 3) == 6 * 8 + 9 * 4 + 5 * 3
    assert network.layer_names == ("dense_1", "dropout_1", "dense_2", "dropout_2", "dense_3")
    assert network.layers[0].to_dict()["kernel"]["kind"] == "lecun_normal"


@pytest.mark.parametrize("optimizer", ["adamw", "adam", "sgd"])
@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle"])
def test_every_setting_trains(optimizer, schedule):
    import numpy as np

    import thetastar as ts

    candidate = Candidate(hidden=(8,), optimizer=optimizer, schedule=schedule)
    x = np.linspace(-1, 1, 64, dtype=np.float32)[:, None]
    run = ts.train(candidate.network(1, 1), x, 2 * x[:, 0], loss="mse", **candidate.training(20, 8))
    assert run.epochs == 20 and run.history["loss"][-1] < run.history["loss"][0] / 3


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
@pytest.mark.parametrize("pieces", [0, 24])
def test_default_set_is_varied_and_distinct(task, pieces):
    candidates = default_candidates(task, pieces)
    assert len({candidate.name for candidate in candidates}) == len(candidates)
    assert {len(candidate.hidden) for candidate in candidates} == {0, 1, 2, 3, 4}
    assert any(candidate.dropout for candidate in candidates)
    assert any(candidate.pieces for candidate in candidates) == bool(pieces)


def test_batches_grow_with_the_rows():
    sizes = [batch_size_for(rows) for rows in (100, 1_000, 10_000, 50_000, 100_000, 10**6)]
    assert sizes == [32, 64, 128, 256, 512, 1024]


def test_settings_out_of_range_are_refused():
    for wrong in (
        {"dropout": 1.0},
        {"learning_rate": 0.0},
        {"hidden": (70_000,)},
        {"activation": "step"},
        {"colour": 1},
    ):
        with pytest.raises(ValidationError):
            Candidate(**wrong)
