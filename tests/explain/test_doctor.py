"""The doctor on trainings made to fail in ten ways and on healthy ones, and the gradients that it reads."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import thetastar as ts
from thetastar.explain import doctor, gradients
from thetastar.explain.gradients import units_of

from .trainings import healthy, sick

SEED = 11  # the rules were written while looking at seeds 0 to 4


def test_the_cause_is_named_in_eighteen_of_twenty_failed_trainings():
    told = [(cause, doctor(run, X, y, loss=loss).causes) for cause, run, X, y, loss in sick(SEED)]
    assert len(told) == 20 and len({cause for cause, _ in told}) == 10
    missed = [(cause, causes) for cause, causes in told if cause not in causes]
    assert len(missed) <= 2, missed
    assert sum(causes[:1] == (cause,) for cause, causes in told) >= 17, told


def test_it_is_silent_on_twenty_healthy_trainings():
    told = {name: str(doctor(run, X, y, loss=loss)) for name, run, X, y, loss in healthy(SEED)}
    assert len(told) == 20
    assert {name: words for name, words in told.items() if words != "Nothing conspicuous."} == {}


def test_a_finding_says_what_was_seen_and_what_to_try():
    X, y = ts.datasets.make("3x + 1", arrays=True)
    run = ts.train(ts.Network([ts.Dense(1)], input_shape=(1,)), X, y, optimizer=ts.optimizers.SGD(10), epochs=50)
    said = doctor(run)
    assert said and said.causes[0] == "diverged" and "Try a tenth of the learning rate" in str(said)
    assert said.to_dict()["findings"][0]["cause"] == "diverged"


def test_gradients_are_the_historys():
    X, y = ts.datasets.make("moons", arrays=True)
    net = ts.Network(
        [ts.Dense(8, activation="relu"), ts.Dropout(0.1), ts.Dense(8, activation="sigmoid"), ts.Dense(1)],
        input_shape=(2,),
    )
    run = ts.train(net, X, y, loss="bce", epochs=4)
    seen = gradients(run, X)
    assert seen.layers == ("dense_1", "dense_2", "dense_3") and seen.norms.shape == (4, 3)
    assert_allclose(seen.norms, run.history["gradient_norm"])
    assert_allclose(seen.per_parameter, seen.norms / np.sqrt([24, 72, 9]))
    assert "epoch 4" in str(seen) and len(seen.charts()[0]["series"]) == 3 and seen.probed == "rows"


def test_dead_and_saturated_units_are_counted():
    layers = [ts.Dense(3, activation="relu"), ts.Dense(3, activation="tanh"), ts.Dense(1)]
    net = ts.Network(layers, input_shape=(1,)).with_parameters({
        "dense_1.weight": [[1.0, 1.0, 0.0]], "dense_1.bias": [0.0, -9.0, 1.0],
        "dense_2.weight": [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 9.0, -9.0]], "dense_2.bias": [0.0, 0.0, 0.0],
        "dense_3.weight": [[1.0], [1.0], [1.0]], "dense_3.bias": [0.0],
    })  # fmt: skip
    first, second = units_of(net, np.linspace(-1, 1, 50, dtype=np.float32)[:, None])
    assert first.dead.tolist() == [1] and first.count == 3 and first.saturated.tolist() == []
    assert second.dead.tolist() == [] and second.saturated.tolist() == [1, 2]


@pytest.mark.parametrize("call", [lambda: gradients("run"), lambda: doctor(None)])
def test_refusals(call):
    with pytest.raises(ts.InputError, match="the first argument must be a run"):
        call()
