"""Several labels: each is calibrated and named by itself, and everything that predicts says the same."""

from types import SimpleNamespace

import numpy as np
import pytest

import thetastar as ts
from tests.attacks.test_model_files import altered
from tests.study.test_calibrate import kept_in_any_case, said_and_true
from thetastar.data.task import find_task
from thetastar.model.calibration import Beta, EachLabel, calibration_from_state
from thetastar.model.metrics import METRICS, find_metric, score_all
from thetastar.study.beliefs import beliefs_of_labels
from thetastar.study.calibrate import calibrate
from thetastar.study.threshold import choose_threshold

SETTINGS = {"candidates": [(24,)], "restarts": 1, "folds": 3, "effort": 1.5, "threads": 1}
TARGETS = ["rain", "frost", "chance"]
LABELS = SimpleNamespace(
    kind=find_task("multilabel(2)"), parts=[SimpleNamespace(classes=("no", "yes")), SimpleNamespace(classes=(0, 1))]
)


def two_labels(rows=800, seed=0):
    """(m, 2) probabilities of yes, of which the first label's are too sure and the second's right, and the truth."""
    (sure, one), (right, two) = said_and_true(rows, 3.0, seed=seed), said_and_true(rows, 1.0, seed=seed + 50)
    return np.column_stack([sure[:, 1], right[:, 1]]), np.column_stack([one, two])


def weather(rows=700, seed=1):
    """Three labels: a frequent one, a rare one, and one that is chance."""
    generator = np.random.default_rng(seed)
    u, v, w = generator.normal(size=(3, rows))
    noise = generator.normal(size=(2, rows))
    return {
        "u": u, "v": v, "w": w, "rain": np.where(u + noise[0] > 0.3, "wet", "dry").tolist(),
        "frost": (v + 0.5 * noise[1] > 1.6).astype(int), "chance": (generator.random(rows) < 0.3).astype(int),
    }  # fmt: skip


# ---------------------------------------------------------------- each by itself


def test_each_label_is_calibrated_only_where_it_pays():
    said, truth = two_labels()
    found = beliefs_of_labels(said, truth, LABELS, None, 0)
    first, second = found.calibration.parts
    assert isinstance(first, Beta) and second is None and found.value is None
    alone, _ = calibrate(np.column_stack([1 - said[:, 0], said[:, 0]]), truth[:, 0], 2, 0)
    assert first == alone  # as of a target by itself, to the bit
    assert found.calibrated.kind == "labels" and found.calibrated.rows == 800
    assert found.calibrated.why.startswith("Probabilities of 1 of 2 labels are calibrated (beta): log loss on 800 ")
    each = [calibrated for calibrated, _ in found.of_labels]
    before = [one.validation_before.log_loss for one in each]
    after = [each[0].validation_after.log_loss, before[1]]  # the second stays as it is
    assert found.calibrated.validation_before.log_loss == pytest.approx(np.mean(before))
    assert found.calibrated.validation_after.log_loss == pytest.approx(np.mean(after))
    later, real = two_labels(4000, seed=9)
    moved = found.calibration(later)
    assert np.array_equal(moved[:, 1], later[:, 1])
    log_loss = find_metric("log_loss", "multilabel(2)")
    assert log_loss(real, moved) < log_loss(real, later)


@pytest.mark.parametrize("rule", ["f1", "youden", "cost=5:1", 0.3])
def test_each_label_has_its_own_threshold_of_calibrated_probabilities(rule):
    said, truth = two_labels()
    found = beliefs_of_labels(said, truth, LABELS, rule, 0)
    moved = found.calibration(said)
    for k, label in enumerate(("yes", "1")):
        alone = choose_threshold(rule, np.column_stack([1 - moved[:, k], moved[:, k]]), truth[:, k], label)
        assert found.value[k] == pytest.approx(alone.value, abs=1e-12)
        assert found.of_labels[k][1].chosen.f1 == pytest.approx(alone.chosen.f1)
    assert found.value == (0.3, 0.3) if rule == 0.3 else found.value[0] != found.value[1]


def test_what_lacks_rows_is_left_in_words():
    said, truth = two_labels(99)
    found = beliefs_of_labels(said, truth, LABELS, "f1", 0)
    assert found.calibration is None and len(found.value) == 2
    assert found.calibrated.why == "Probabilities are not calibrated: that needs 100 validation rows, and there are 99."
    said, truth = two_labels()
    truth[:, 0] = 0
    truth[:19, 0] = 1
    found = beliefs_of_labels(said, truth, LABELS, None, 0)
    assert found.calibration is None and found.calibrated.kind is None
    assert found.calibrated.why.startswith("Probabilities of all labels are left as they are, for a calibration brings")
    assert "20 validation rows of the rarer class" in found.of_labels[0][0].why
    none = beliefs_of_labels(None, truth[:0], LABELS, 0.4, 0)
    assert none.calibration is None and none.value == (0.4, 0.4)


def test_scores_of_named_labels_follow_the_thresholds():
    said, truth = two_labels(400)
    at = (0.2, 0.7)
    scores, plain = (score_all("multilabel(2)", truth, said, above) for above in (at, None))
    named = said >= np.array(at)
    f1 = [2 * (n & t).sum() / (n.sum() + t.sum()) for n, t in zip(named.T, (truth == 1).T, strict=True)]
    assert scores["macro_f1"] == pytest.approx(np.mean(f1))
    assert scores["subset_accuracy"] == pytest.approx((named == (truth == 1)).all(axis=1).mean())
    assert {name for name in scores if scores[name] != plain[name]} == {"macro_f1", "micro_f1", "subset_accuracy"}


# ---------------------------------------------------------------- a study


@pytest.fixture(scope="module")
def believed(tmp_path_factory):
    out = tmp_path_factory.mktemp("believed") / "out"
    with kept_in_any_case():
        return out, ts.fit(weather(), target=TARGETS, threshold="f1", out=out, **SETTINGS)


def test_a_study_calibrates_and_names_each_label(believed):
    out, model = believed
    table = weather(400, seed=8)
    assert isinstance(model.calibration, EachLabel) and len(model.threshold) == 3 and len(set(model.threshold)) == 3
    likely, named = model.predict_proba(table), model.predict(table)
    assert ((named[:, 0] == "wet") == (likely[:, 0] >= model.threshold[0])).all()
    assert ((named[:, 1] == 1) == (likely[:, 1] >= model.threshold[1])).all()
    again = ts.load(out / "model.theta")
    assert again.threshold == model.threshold and again.calibration == model.calibration
    assert np.array_equal(again.predict_proba(table), likely) and (again.predict(table) == named).all()


def test_the_record_and_the_report_say_so(believed):
    out, model = believed
    record = model.record
    for each, at in zip(record.targets, model.threshold, strict=True):
        assert each.threshold.value == at and each.threshold.rule == "f1" and each.calibrated.kind == "beta"
        assert each.test.operating[0].threshold == at and each.test.operating[1].threshold == 0.5
        assert each.test.scores["f1"] == pytest.approx(each.test.operating[0].f1 or 0.0)
        assert each.test.uncalibrated != each.test.probabilities
    said = " ".join(record.verdict)
    assert "Labels are named by their own probabilities (f1): 'rain' from " in said
    assert record.calibrated.kind == "labels" and record.calibrated.why in record.verdict
    assert model.result()["targets"][1]["threshold"]["value"] == model.threshold[1]
    page = (out / "report.html").read_text()
    assert "How labels are named and believed" in page and "A label is named where its probability" not in page
    assert ts.study.audit(out).holds


def test_scores_of_other_rows_are_by_the_same_names(believed, tmp_path, capsys):
    from thetastar.cli import main

    out, model = believed
    table = weather(300, seed=4)
    scores = model.evaluate(table)
    frost = model.predict(table)[:, 1] == 1
    real = table["frost"] == 1
    assert scores["f1 of frost"] == pytest.approx(2 * (frost & real).sum() / (frost.sum() + real.sum()))
    text = "\n".join(",".join(map(str, row)) for row in [table, *zip(*table.values(), strict=True)])
    (tmp_path / "t.csv").write_text(text)
    assert main(["evaluate", str(out / "model.theta"), str(tmp_path / "t.csv")]) == 0
    printed = capsys.readouterr().out
    assert f"Labels are named from a probability of {model.threshold[0]:.4g} (rain), " in printed


def test_the_worst_rows_are_named_as_the_model_names_them(believed):
    _, model = believed
    table = weather(60, seed=4)
    found = ts.explain.worst_rows(model, table, count=60)
    named = model.predict(table)[found.indices]
    yes = np.column_stack([named[:, 0] == "wet", named[:, 1] == 1, named[:, 2] == 1])
    wanted = [" + ".join(name for name, there in zip(TARGETS, row, strict=True) if there) or "none" for row in yes]
    assert list(found.answers) == wanted


def test_files_that_do_not_hold_are_refused(believed, tmp_path):
    raw = believed[1].save(tmp_path / "sound.theta").read_bytes()
    path = tmp_path / "m.theta"
    beta = {"a": 1.0, "b": 1.0, "c": 0.0}
    for change, message in (
        (
            {"threshold": [0.5, 0.5]},
            "2 thresholds are for as many labels, which the target has not; the file is damaged",
        ),
        ({"threshold": []}, r"the threshold is \[\], not a number from 0 to 1"),
        ({"threshold": [0.5, 1.5, 0.5]}, r"the threshold is \[0\.5, 1\.5, 0\.5\], not a number from 0 to 1"),
        ({"threshold": [0.5, True, 0.5]}, "not a number from 0 to 1"),
        ({"threshold": 0.5}, "a threshold is for two classes, which the target has not"),
        ({"calibration": {"kind": "labels", "parts": [beta, None]}}, "it is for 2 labels, and the target has 3"),
        ({"calibration": {"kind": "beta", **beta}}, "it is for two classes, and the target has 0"),
    ):
        path.write_bytes(altered(raw, lambda header, document, change=change: document.update(change)))
        with pytest.raises(ts.InputError, match=message) as caught:
            ts.load(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (
            {"kind": "labels"},
            r"the calibration \(labels\) does not hold: its parts are not a list of calibrations or None",
        ),
        ({"kind": "labels", "parts": [1.0]}, "its parts are not a list of calibrations or None"),
        (
            {"kind": "labels", "parts": [{"a": 1.0}]},
            r"the calibration \(labels\) does not hold: its parts are not a, b, c",
        ),
        ({"kind": "labels", "parts": [{"a": -1.0, "b": 1.0, "c": 0.0}]}, "a and b must not be below zero"),
    ],
)
def test_states_that_do_not_hold_are_refused(state, message):
    with pytest.raises(ts.InputError, match=message):
        calibration_from_state(state)


def test_states_give_the_same_again():
    found = EachLabel((Beta(0.5, 1.5, 0.1), None))
    assert calibration_from_state(found.to_state()) == found
    assert METRICS["log_loss"] is not None and found(np.array([[0.3, 0.6]]))[0, 1] == 0.6
