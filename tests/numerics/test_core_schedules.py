"""Schedules: the factor at every step, and that training really uses it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from registry import SCHEDULES, cases

import thetastar as ts
from reference import optimizers, training
from reference import schedules as reference_schedules

from .examples import assert_all_close, both, data, dense
from .golden import read
from .test_reference import reference_factors

GOLDEN = read("schedules")
STEP_LABELS = [label for label in GOLDEN if isinstance(GOLDEN[label], dict) and "losses" not in GOLDEN[label]]


def counted(schedule, epochs, n):
    """Where a parameter stands in every epoch on average, and at the end, when each step moves it by the rate.

    A network of one bias, all inputs zero, absolute error far below the target: an update raises the bias by the
    learning rate exactly, and the loss is the distance that is left.
    """
    net = ts.Network([ts.Dense(1)], input_shape=(1,)).with_parameters(
        {"dense_1.weight": np.zeros((1, 1), np.float32), "dense_1.bias": np.zeros(1, np.float32)}
    )
    X, y = np.zeros((n, 1), np.float32), np.full(n, 1e6, np.float32)
    run = ts.train(
        net,
        X,
        y,
        loss="mean_absolute_error",
        optimizer=ts.optimizers.SGD(learning_rate=1.0),
        schedule=schedule,
        epochs=epochs,
        batch_size=1,
        dtype="float64",
    )
    return 1e6 - np.array(run.history["loss"]), float(run.network.parameters["dense_1.bias"][0])


@pytest.mark.parametrize("label", STEP_LABELS)
def test_training_applies_the_golden_factors(label):
    case, epochs, n = GOLDEN[label], GOLDEN["epochs"], GOLDEN["steps_per_epoch"]
    schedule = getattr(ts.schedules, case["schedule"])(**case["settings"])
    seen, end = counted(schedule, epochs, n)
    travelled = np.concatenate([[0], np.cumsum(case["factors"])])
    # the epoch's loss is the mean of the distances before each step, so it shows the mean of the bias over the epoch
    assert_allclose(seen, travelled[:-1].reshape(epochs, n).mean(axis=1), rtol=1e-6, atol=1e-6)
    assert end == pytest.approx(travelled[-1], rel=1e-6)


@pytest.mark.parametrize(
    ("entry", "settings"), **cases([entry for entry in SCHEDULES if entry.name != "ReduceOnPlateau"])
)
def test_training_with_a_schedule_walks_the_reference_path(entry, settings):
    layers = [dense(4, "tanh"), dense(1)]
    net, plain, parameters = both(layers, 3)
    X, y = data("mean_squared_error", 10, 3, 1)
    epochs, batch_size, n = 4, 4, 3
    case = {"schedule": entry.name, "settings": settings}
    factors = [1.0] * (epochs * n) if entry.name == "Constant" else reference_factors(case, epochs, n)
    expected = training.train(
        plain,
        parameters,
        X.astype(np.float64),
        y,
        loss="mean_squared_error",
        optimizer=optimizers.Adam(learning_rate=0.05),
        epochs=epochs,
        batch_size=batch_size,
        factor=lambda t: factors[t],
    )
    run = ts.train(
        net,
        X,
        y,
        loss="mean_squared_error",
        optimizer=ts.optimizers.Adam(learning_rate=0.05),
        schedule=getattr(ts.schedules, entry.name)(**settings),
        epochs=epochs,
        batch_size=batch_size,
        shuffle=False,
        dtype="float64",
    )
    assert_all_close(run.network.parameters, expected.parameters, 2e-7)


def test_reduce_on_plateau_halves_the_rate_when_nothing_gets_better():
    """A target of alternating signs with inputs zero: the loss is flat from the start, the rate falls on its floor."""
    net = ts.Network([ts.Dense(1, use_bias=False)], input_shape=(1,)).with_parameters(
        {"dense_1.weight": np.zeros((1, 1), np.float32)}
    )
    X, y = np.zeros((4, 1), np.float32), np.array([1, -1, 1, -1], np.float32)
    run = ts.train(
        net,
        X,
        y,
        loss="mean_squared_error",
        optimizer=ts.optimizers.SGD(learning_rate=0.8),
        schedule=ts.schedules.ReduceOnPlateau(factor=0.5, patience=2, minimum=0.25),
        epochs=12,
    )
    rates = np.array(run.history["learning_rate"])
    # epoch 1 sets the best; epochs 2, 3, 4 are not better, which is more than 2, so epoch 5 runs at half
    expected = [0.8] * 4 + [0.4] * 3 + [0.2] * 5
    assert_allclose(rates, expected, rtol=1e-6)


@pytest.mark.parametrize("peak", [0.1, 0.3, 0.5, 0.9])
@pytest.mark.parametrize(("epochs", "n"), [(2, 5), (7, 9)])
def test_one_cycle_ends_at_its_end(peak, epochs, n):
    schedule = ts.schedules.OneCycle(peak=peak, start=0.2, end=0.03)
    whole = counted(schedule, epochs, n)[1]
    factors = [reference_schedules.one_cycle(t, epochs * n, peak, 0.2, 0.03) for t in range(epochs * n)]
    assert whole == pytest.approx(sum(factors), rel=1e-6)
    assert factors[-1] == pytest.approx(0.03) and max(factors) <= 1


@pytest.mark.parametrize("warmup", [0.1, 0.25])
def test_cosine_with_warmup_climbs_in_equal_steps(warmup):
    _, end = counted(ts.schedules.Cosine(warmup=warmup, minimum=0.1), 1, 40)
    factors = [reference_schedules.cosine(t, 40, 0.1, warmup) for t in range(40)]
    assert end == pytest.approx(sum(factors), rel=1e-6)
    w = int(warmup * 40)
    assert_allclose(np.diff(factors[: w + 1]), factors[0], rtol=1e-12)
    assert factors[w] == 1 == max(factors)


@pytest.mark.parametrize("label", STEP_LABELS)
def test_factors_for_a_picture_equal_the_golden_ones(label):
    case = GOLDEN[label]
    schedule = getattr(ts.schedules, case["schedule"])(**case["settings"])
    factors = schedule.factors(GOLDEN["steps_per_epoch"], GOLDEN["epochs"])
    assert_allclose(factors, case["factors"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("entry", SCHEDULES, ids=lambda entry: entry.name)
def test_a_schedule_is_found_by_its_name_and_survives_being_written_down(entry):
    made = getattr(ts.schedules, entry.name)(**entry.legal[0])
    assert ts.schedules.get(made.to_dict()) == made == ts.schedules.get(made)
    assert isinstance(ts.schedules.get(entry.name), type(made))
