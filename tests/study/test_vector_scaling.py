"""A scale and a shift for each class: found where classes are wrong by different amounts, and else left alone."""

import numpy as np
import pytest

import thetastar as ts
from tests.study.test_calibrate import LOG_LOSS, said_and_true, softmax
from thetastar.model.calibration import VectorScaling, calibration_from_state
from thetastar.study.calibrate import calibrate, fit_temperature
from thetastar.study.vector_scaling import MOST_CLASSES, fit_vector, vector_loss


def shifted(rows, seed=0, classes=5):
    """Probabilities of which some classes are too seldom and others too sure, and what came true."""
    said, truth = said_and_true(rows, 1.0, classes, seed)
    bend = np.random.default_rng(3)
    return softmax(np.log(said) * bend.uniform(1.0, 2.0, classes) + bend.normal(scale=0.7, size=classes)), truth


def problem(rows=60, classes=4, seed=0):
    generator = np.random.default_rng(seed)
    logs = np.log(softmax(generator.normal(size=(rows, classes))))
    numbers = np.concatenate([[1.2], 0.2 * generator.normal(size=2 * classes)])
    return numbers, logs, generator.integers(0, classes, rows), generator.uniform(0.2, 3.0, rows)


def slow_loss(numbers, logs, truth, counts):
    """Row by row, as the definition has it."""
    classes = logs.shape[1]
    total = (numbers[0] - 1) ** 2 / 2 + 10 * np.sum(numbers[1:] ** 2) / 2
    for row, real, count in zip(logs, truth, counts, strict=True):
        scores = [(numbers[0] + numbers[1 + c]) * row[c] + numbers[1 + classes + c] for c in range(classes)]
        total += count * (np.log(np.sum(np.exp(scores))) - scores[real])
    return total


def test_the_loss_is_its_definition_and_its_slopes_are_right():
    numbers, *rest = problem()
    value, slope, curve = vector_loss(numbers, *rest)
    assert value == pytest.approx(slow_loss(numbers, *rest), rel=1e-12)
    h = 1e-5
    steps = h * np.eye(len(numbers))
    by_difference = [(slow_loss(numbers + s, *rest) - slow_loss(numbers - s, *rest)) / (2 * h) for s in steps]
    np.testing.assert_allclose(slope, by_difference, rtol=1e-6, atol=1e-6)
    bends = [(vector_loss(numbers + s, *rest)[1] - vector_loss(numbers - s, *rest)[1]) / (2 * h) for s in steps]
    np.testing.assert_allclose(curve, bends, rtol=1e-6, atol=1e-6)
    assert np.linalg.eigvalsh(curve).min() > 0  # convex: what is found is the minimum


def test_a_fit_stands_where_all_slopes_are_zero():
    said, truth = shifted(400)
    found = fit_vector(said, truth)
    scale, shift = np.array(found.scale), np.array(found.shift)
    inverse = (1.0 + 10 * scale.sum()) / (1.0 + 10 * len(scale))  # where the common part's own slope is zero
    numbers = np.concatenate([[inverse], scale - inverse, shift])
    _, slope, _ = vector_loss(numbers, np.log(said), truth, np.ones(400))
    assert np.abs(slope).max() < 1e-3


def test_what_classes_are_wrong_by_is_mended():
    found, told = calibrate(*shifted(1500), 5, seed=0)
    assert told.kind == "vector" == found.kind
    said, truth = shifted(6000, seed=9)  # rows that nothing has seen
    best = LOG_LOSS(truth, said_and_true(6000, 1.0, 5, 9)[0])
    before, after = LOG_LOSS(truth, said), LOG_LOSS(truth, found(said))
    by_temperature = LOG_LOSS(truth, fit_temperature(*shifted(1500))(said))
    assert after - best < 0.1 * (before - best) and after < by_temperature
    assert told.why.startswith("Probabilities are calibrated (vector): log loss on 1,500 validation rows ")


def test_where_one_temperature_does_it_there_is_one_temperature():
    kinds = [calibrate(*said_and_true(500, 2.5, 4, seed), 4, 0)[1].kind for seed in range(12)]
    assert kinds.count("temperature") >= 10 and None not in kinds


def test_few_rows_move_little_and_many_classes_get_a_temperature():
    said, truth = said_and_true(100, 1.0, 10)
    found = fit_vector(said, truth)
    assert np.abs(found.shift).max() < 0.6 and np.ptp(found.scale) < 0.6
    said, truth = said_and_true(600, 3.0, MOST_CLASSES + 1)
    assert calibrate(said, truth, MOST_CLASSES + 1, 0)[0].kind == "temperature"


def test_a_class_that_no_row_has_and_certainties_stay_finite():
    said, truth = said_and_true(300, 1.0, 4)
    said[:50] = np.eye(4)[truth[:50]]
    found = fit_vector(said, np.minimum(truth, 2))
    after = found(said)
    assert np.isfinite(after).all() and np.allclose(after.sum(axis=1), 1) and (after[50:, 3] > 0).all()


def test_a_weight_of_two_is_the_row_twice():
    said, truth = shifted(300)
    weight = np.where(np.arange(300) % 3 == 0, 2.0, 1.0)
    twice = np.concatenate([np.arange(300), np.flatnonzero(weight == 2)])
    one, two = fit_vector(said, truth, weight), fit_vector(said[twice], truth[twice])
    np.testing.assert_allclose(one.scale, two.scale, atol=1e-6)
    np.testing.assert_allclose(one.shift, two.shift, atol=1e-6)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"scale": [1.0, 1.0, 1.0]}, r"the calibration \(vector\) does not hold: its parts are not scale, shift"),
        ({"scale": [1.0, 1.0], "shift": [0.0]}, "scale and shift are not as many numbers"),
        ({"scale": 1.0, "shift": 0.0}, "scale and shift are not as many numbers"),
        ({"scale": [1.0, "1", 1.0], "shift": [0.0] * 3}, "scale and shift are not as many numbers"),
        ({"scale": [1.0, -1.0, 1.0], "shift": [0.0] * 3}, "no scale must be below zero"),
    ],
)
def test_states_that_do_not_hold_are_refused(state, message):
    with pytest.raises(ts.InputError, match=message):
        calibration_from_state({"kind": "vector", **state})


def test_states_give_the_same_again_and_suit_their_target():
    found = VectorScaling((1.0, 0.5, 2.0), (0.0, 0.25, -1.0))
    assert calibration_from_state(found.to_state()) == found
    found.check(3)
    with pytest.raises(ts.InputError, match="it is for 3 classes, and the target has 4"):
        found.check(4)


def test_a_study_of_several_classes_keeps_it_where_it_pays(tmp_path):
    """One class is named too seldom on purpose: rows of it are told to be another's by a weight of their own."""
    from tests.study.test_calibrate import kept_in_any_case

    generator = np.random.default_rng(0)
    u, v = generator.normal(size=(2, 600))
    table = {"u": u, "v": v, "y": np.digitize(u + 0.7 * generator.normal(size=600), [-0.5, 0.8]).tolist()}
    with kept_in_any_case():
        model = ts.fit(table, target="y", task="multiclass", candidates=[(8,)], folds=3, restarts=1, effort=1.0,
                       threads=1, answer="one")  # fmt: skip
    assert isinstance(model.calibration, VectorScaling) and model.record.calibrated.kind == "vector"
    again = ts.load(model.save(tmp_path / "m.theta"))
    assert again.calibration == model.calibration
    assert np.array_equal(again.predict_proba(table), model.predict_proba(table))
