"""A training that paused goes on to the bits of one that did not: alone, in packs, and from bytes."""

import numpy as np
import pytest

import thetastar as ts
from thetastar.jobs import forced_way

X = np.random.default_rng(0).standard_normal((120, 5)).astype(np.float32)
Y = (X[:, 0] * X[:, 1]).astype(np.float32)
TANH = [ts.Dense(6, activation="tanh"), ts.Dense(1)]
HABITS = {
    **{name: (TANH, {"optimizer": name}) for name in ts.optimizers.NAMES if name != "sparse_adam"},
    "schedule-free under a cosine": (TANH, {"optimizer": "schedule_free_adamw", "schedule": "cosine"}),
    "a plateau": (TANH, {"optimizer": "adam", "schedule": ts.schedules.ReduceOnPlateau(patience=1)}),
    "dropout, batch norm, clipping": (
        [ts.Dense(6, activation="relu"), ts.Dropout(0.3), ts.BatchNorm(), ts.Dense(1)],
        {"optimizer": "adamw", "schedule": ts.schedules.Cosine(warmup=0.1), "clip_norm": 5.0},
    ),
    "a mean of the parameters": (TANH, {"optimizer": ts.optimizers.Adam(average=ts.optimizers.Average())}),
}


@pytest.mark.parametrize("pack", [0, 1])
@pytest.mark.parametrize("habit", HABITS)
def test_it_goes_on_to_the_same_bits(habit, pack):
    layers, settings = HABITS[habit]
    network = ts.Network(layers, input_shape=(5,))
    job = ts.Job(
        network, epochs=9, batch_size=16, rows=np.arange(80), validation_rows=np.arange(80, 120),
        stop=[ts.EarlyStopping(patience=8)], **settings,
    )  # fmt: skip

    def trained(pause=None, after=None):
        after = [None] * 3 if after is None else [ts.Pause.from_bytes(run.pause.to_bytes()) for run in after]
        from dataclasses import replace

        jobs = [replace(job, seed=seed, pause=pause, resume=stood) for seed, stood in enumerate(after)]
        with forced_way(pack=pack):
            return ts.train_many(jobs, X, Y, threads=1)

    whole, first = trained(), trained(pause=3)
    second = trained(pause=5, after=first)
    last = trained(after=second)
    for one, a, b, c in zip(whole, first, second, last, strict=True):
        assert (a.stopped, b.stopped, a.epochs, b.epochs) == ("paused", "paused", 3, 5)
        assert (c.stopped, c.epochs, c.best_epoch) == (one.stopped, one.epochs, one.best_epoch)
        for name in ("loss", "validation_loss", "learning_rate", "gradient_norm", "updates"):
            assert np.array_equal(np.concatenate([run.history[name] for run in (a, b, c)]), one.history[name]), name
        assert all(np.array_equal(c.network.parameters[name], value) for name, value in one.network.parameters.items())


def half(**changes):
    network = ts.Network([ts.Dense(1)], input_shape=(5,))
    return network, ts.train(network, X, Y, epochs=6, **{"pause": 2, **changes})


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"resume": 3}, r"train: resume must be a ts\.Pause\. Got int\. Use the pause of a Run\."),
        ({"pause": 0}, r"train: pause must be a whole number of 1 or more\. Got 0\."),
        ({"epochs": 2}, r"train: resume must be a pause of this very job: 6 parameters, before epoch 2\. Got 6 "
                        r"parameters after epoch 2\. Give the job that paused\."),
        ({"pause": 2}, r"train: pause must come after the 2 epochs that resume has behind it\. Got 2\. Name a later"),
        ({"dtype": "float64"}, r"train: resume must be of a training in dtype='float64'\. Got one in 'float32'\."),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(settings, told):
    network, run = half()
    with pytest.raises(ts.InputError, match=told):
        ts.train(network, X, Y, **{"epochs": 6, "resume": run.pause, **settings})


def test_another_networks_pause_and_damaged_bytes_are_refused():
    network, run = half()
    other = ts.Network([ts.Dense(2), ts.Dense(1)], input_shape=(5,))
    with pytest.raises(ts.InputError, match=r"15 parameters, before epoch 6\. Got 6 parameters after epoch 2"):
        ts.train(other, X, Y, epochs=6, resume=run.pause)
    data = bytearray(run.pause.to_bytes())
    data[-1] ^= 1
    with pytest.raises(ts.InputError, match=r"pause: not the whole bytes of a paused training\. Train it again"):
        ts.Pause.from_bytes(bytes(data))
    with pytest.raises(ts.InputError, match=r"restarts: a job that resumes has its start already\. Got resume\."):
        ts.train_many(ts.Job(network, epochs=6, resume=run.pause).restarts([1, 2]), X, Y)


def test_a_training_that_ends_before_its_pause_has_none():
    _, run = half(pause=6)
    assert run.stopped == "epochs" and run.pause is None
