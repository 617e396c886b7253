"""Calibration: what is too sure is mended, what is right is left, and everything that predicts says the same."""

from contextlib import contextmanager

import numpy as np
import pytest

import thetastar as ts
from tests.attacks.test_model_files import altered
from tests.study.conftest import rings_table
from thetastar.model.calibration import Beta, Temperature, calibration_from_state
from thetastar.model.metrics import METRICS, brier
from thetastar.study.calibrate import calibrate, fit_beta, fit_temperature

LOG_LOSS = METRICS["log_loss"]


def said_and_true(rows, sharpness, classes=2, seed=0):
    """Probabilities that are too sure by a factor of `sharpness` in their scores, and what came true."""
    generator = np.random.default_rng(seed)
    scores = generator.normal(scale=1.5, size=(rows, classes))
    real = softmax(scores)
    truth = (generator.random(rows)[:, None] > np.cumsum(real, axis=1)).sum(axis=1)
    return softmax(sharpness * scores), truth


def softmax(scores):
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("classes", "kind"), [(2, "beta"), (4, "temperature")])
@pytest.mark.parametrize("sharpness", [3.0, 0.3])
def test_what_is_too_sure_or_not_sure_enough_is_mended(classes, kind, sharpness):
    found, told = calibrate(*said_and_true(600, sharpness, classes), classes, seed=0)
    assert told.kind == kind == found.kind and told.rows == 600
    said, truth = said_and_true(4_000, sharpness, classes, seed=9)  # rows that nothing has seen
    best, _ = said_and_true(4_000, 1.0, classes, seed=9)
    before, after, ideal = (LOG_LOSS(truth, p) for p in (said, found(said), best))
    assert after - ideal < 0.05 * (before - ideal)
    assert brier(truth, found(said)) < brier(truth, said)
    assert told.validation_after.log_loss < told.validation_before.log_loss
    assert told.reliability_after.gap < told.reliability_before.gap
    assert told.why.startswith(f"Probabilities are calibrated ({kind}): log loss on 600 validation rows ")


@pytest.mark.parametrize("classes", [2, 5])
def test_what_is_calibrated_is_left(classes):
    kept = [calibrate(*said_and_true(400, 1.0, classes, seed), classes, 0)[0] is not None for seed in range(40)]
    assert sum(kept) <= 4  # by one standard error of proof: seldom
    found, told = calibrate(*said_and_true(400, 1.0, classes), classes, 0)
    assert found is None and told.kind is None
    assert told.why.startswith("Probabilities are left as they are, for a calibration brings nothing beyond chance: ")


def test_few_rows_are_left_in_words():
    for rows, words in ((99, "that needs 100 validation rows, and there are 99"),):
        found, told = calibrate(*said_and_true(rows, 3.0), 2, 0)
        assert found is None and told.why == f"Probabilities are not calibrated: {words}."
    said, truth = said_and_true(500, 3.0)
    truth[:] = 0
    truth[:19] = 1
    words = "that needs 20 validation rows of the rarer class, and there are 19"
    assert calibrate(said, truth, 2, 0)[1].why == f"Probabilities are not calibrated: {words}."
    words = "the budget left no validation rows that all members have predicted"
    assert calibrate(None, truth[:0], 2, 0)[1].why == f"Probabilities are not calibrated: {words}."


def test_the_order_of_rows_and_the_likeliest_class_stay():
    said, truth = said_and_true(500, 4.0)
    assert METRICS["auc"](truth, fit_beta(said, truth)(said)) == METRICS["auc"](truth, said)
    said, truth = said_and_true(500, 4.0, classes=6)
    assert (fit_temperature(said, truth)(said).argmax(axis=1) == said.argmax(axis=1)).all()


def test_a_fit_is_the_minimum():
    """Beside every number of it the loss is higher, by a slow search."""
    said, truth = said_and_true(300, 2.5)
    found = fit_beta(said, truth)

    def penalised(a, b, c):
        return len(truth) * LOG_LOSS(truth, Beta(a, b, c)(said)) + ((a - 1) ** 2 + (b - 1) ** 2 + c**2) / 2

    best = penalised(found.a, found.b, found.c)
    for k in range(3):
        for step in (-1e-3, 1e-3):
            beside = [found.a, found.b, found.c]
            beside[k] += step
            assert penalised(*beside) > best
    said, truth = said_and_true(300, 2.5, classes=4)
    temperature = fit_temperature(said, truth).temperature
    losses = [
        len(truth) * LOG_LOSS(truth, Temperature(1 / s)(said)) + (s - 1) ** 2 / 2
        for s in (0.999 / temperature, 1 / temperature, 1.001 / temperature)
    ]
    assert losses[1] < losses[0] and losses[1] < losses[2]


def test_what_would_turn_the_order_round_is_cut_off():
    said, truth = said_and_true(400, 1.0)
    found = fit_beta(said, 1 - truth)  # the wrong way round
    assert found.a >= 0 and found.b >= 0 and np.ptp(found(said)[:, 1]) < 0.05


def test_certain_and_impossible_stay_finite():
    said = np.array([[1.0, 0.0], [0.0, 1.0], [1e-300, 1.0]] * 50)
    truth = np.array([0, 1, 1] * 49 + [1, 0, 0])
    for found in (fit_beta(said, truth), fit_temperature(said, truth), Beta(900.0, 900.0, 0.0)):
        after = found(said)
        assert np.isfinite(after).all() and np.allclose(after.sum(axis=1), 1)


SHORT = {"candidates": [(24, 24), (12,)], "restarts": 2, "folds": 3, "effort": 2.0, "answer": "one"}


def noisy_rings(rows=700, seed=0):
    """Rings, of which some labels are wrong: a network that learns them by heart is too sure."""
    table = rings_table(rows, seed=seed)
    wrong = np.random.default_rng([seed, 1]).random(rows) < 0.15
    names = ["ring 0", "ring 1"]
    return {**table, "ring": [names[1 - names.index(r)] if w else r for r, w in zip(table["ring"], wrong, strict=True)]}


@contextmanager
def kept_in_any_case():
    """A calibration is kept however little it brings, so that every door has one to apply."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thetastar.study.calibrate._PROOF", -1e9)
        yield


@pytest.fixture(scope="module")
def calibrated(tmp_path_factory):
    out = tmp_path_factory.mktemp("calibrated") / "out"
    with kept_in_any_case():
        return out, ts.fit(noisy_rings(), target="ring", out=out, **SHORT)


def test_a_study_calibrates_its_answer(calibrated):
    out, model = calibrated
    table, record = noisy_rings(500, seed=3), model.record
    assert model.calibration is not None and record.calibrated.kind == "beta" and record.calibrated.rows == 630
    plain = model.target_encoding.predicted(model.network.predict(model.preparation.transform(model._read(table))))
    assert np.array_equal(model.predict_proba(table), model.calibration(plain))
    assert np.array_equal(model.predict(table) == model.classes[1], model.predict_proba(table)[:, 1] > 0.5)
    assert record.test.probabilities.log_loss == record.test.scores["log_loss"]
    assert record.test.uncalibrated != record.test.probabilities
    assert np.array_equal(ts.load(out / "model.theta").predict_proba(table), model.predict_proba(table))
    assert record.calibrated.why in record.verdict and model.result()["calibrated"]["kind"] == "beta"
    page = (out / "report.html").read_text()
    assert "What calibrating them brought" in page and "before (rings) and after (dots)" in page


def test_it_has_the_same_bits_on_one_thread_and_from_the_journal(calibrated):
    out, model = calibrated
    table = noisy_rings(300, seed=3)
    with kept_in_any_case():
        alone = ts.fit(noisy_rings(), target="ring", threads=1, **SHORT)
    assert alone.calibration == model.calibration
    (out / "model.theta").rename(out / "moved.theta")
    with kept_in_any_case():
        again = ts.fit(noisy_rings(), target="ring", out=out, **SHORT)
    assert again.calibration == model.calibration
    assert np.array_equal(again.predict_proba(table), model.predict_proba(table))


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"kind": "isotonic"}, "the calibration has the kind 'isotonic'; there are beta, temperature"),
        ({"kind": ["beta"]}, r"the calibration has the kind \"\['beta'\]\""),
        ({"kind": "beta", "a": 1.0, "b": 1.0}, r"the calibration \(beta\) does not hold: its parts are not a, b, c"),
        ({"kind": "beta", "a": -1.0, "b": 1.0, "c": 0.0}, "a and b must not be below zero"),
        ({"kind": "beta", "a": True, "b": 1.0, "c": 0.0}, "its numbers are none, or too large"),
        ({"kind": "beta", "a": 1e300, "b": 1.0, "c": 0.0}, "its numbers are none, or too large"),
        ({"kind": "temperature", "temperature": 0.0}, "the temperature must be above zero"),
    ],
)
def test_states_that_do_not_hold_are_refused(state, message):
    with pytest.raises(ts.InputError, match=message):
        calibration_from_state(state)


def test_files_that_do_not_hold_are_refused(calibrated, tmp_path):
    raw = calibrated[1].save(tmp_path / "sound.theta").read_bytes()
    path = tmp_path / "m.theta"
    for change, message in (
        ({"kind": "beta", "a": 1.0}, "its parts are not a, b, c; the file is damaged"),
        ("beta", "the part 'calibration' is a str, not a table"),
    ):
        path.write_bytes(altered(raw, lambda header, document, change=change: document.update(calibration=change)))
        with pytest.raises(ts.InputError, match=message) as caught:
            ts.load(path)
        assert str(path) in str(caught.value)
    with pytest.raises(ts.InputError, match="it is for two classes, and the target has 3"):
        Beta(1.0, 1.0, 0.0).check(3)
    with pytest.raises(ts.InputError, match="it is for classes, and the target has 0"):
        Temperature(1.0).check(0)


def test_a_random_target_keeps_the_loss_of_chance():
    generator = np.random.default_rng(5)
    table = {f"x{k}": generator.normal(size=1200) for k in range(4)} | {"y": generator.integers(0, 2, 1200)}
    model = ts.fit(table, target="y", candidates=[(32, 32), (16,)], restarts=2, folds=3, effort=1.5)
    later = {f"x{k}": generator.normal(size=3000) for k in range(4)}
    truth = generator.integers(0, 2, 3000)
    assert LOG_LOSS(truth, model.predict_proba(later)) < np.log(2) + 0.02
    ends = model.record.test.intervals["auc"]
    assert ends[0] <= 0.5 <= ends[1]
