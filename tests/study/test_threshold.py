"""Thresholds: chosen on validation rows by the rule that was asked for, and used wherever a class is named."""

import numpy as np
import pytest

import thetastar as ts
from tests.study.conftest import SMALL
from thetastar.model.metrics import METRICS, judged, named, score_all
from thetastar.study.threshold import choose_threshold, operating_point, parse_rule


def rare_table(rows=900, seed=0):
    """About one row in eight is positive, with noise: one half finds few of them."""
    generator = np.random.default_rng(seed)
    x, z = generator.normal(size=rows), generator.normal(size=rows)
    sick = generator.random(rows) < 1 / (1 + np.exp(3 - 1.5 * x - z))
    return {"x": x, "z": z, "sick": ["yes" if one else "no" for one in sick]}


def said_and_true(rows=300, seed=0):
    generator = np.random.default_rng(seed)
    p = generator.beta(1, 4, rows).round(2)  # with ties
    return np.column_stack([1 - p, p]), (generator.random(rows) < p).astype(int)


def gain(rule, said, truth, at):
    """What the rule wants, by a slow count."""
    called, real = said[:, 1] >= at, truth == 1
    hits, missed, alarms = (called & real).sum(), (~called & real).sum(), (called & ~real).sum()
    if rule.name == "f1":
        return 2 * hits / max(2 * hits + missed + alarms, 1)
    if rule.name == "youden":
        return hits / real.sum() - alarms / (~real).sum()
    return -(rule.missed * missed + rule.alarm * alarms)


@pytest.mark.parametrize("given", ["f1", "youden", "cost=5:1", "cost=1:20"])
@pytest.mark.parametrize("seed", range(5))
def test_no_other_threshold_is_better(given, seed):
    said, truth = said_and_true(seed=seed)
    found, rule = choose_threshold(given, said, truth, "yes"), parse_rule(given)
    best = max(gain(rule, said, truth, at) for at in np.linspace(0, 1, 1001))
    assert gain(rule, said, truth, found.value) == pytest.approx(best)
    assert found.chosen == operating_point(said, truth, found.value) and found.half.threshold == 0.5
    assert found.rule == given and found.rows == 300


def test_costs_that_favour_one_side_name_all_or_none():
    said, truth = said_and_true()
    truth[np.argmax(said[:, 1])] = 0  # the surest row is wrong
    assert choose_threshold("cost=1000:1", said, truth, "yes").chosen.recall == 1.0
    assert choose_threshold("cost=1:1000", said, truth, "yes").chosen.named == 0
    assert choose_threshold("cost=1:1000", said, truth, "yes").chosen.precision is None


def test_a_number_is_taken_as_it_is():
    said, truth = said_and_true()
    found = choose_threshold(0.3, said, truth, "yes")
    assert found.value == 0.3 and found.why.startswith(
        "Rows count as 'yes' from a probability of 0.3 on (0.3): precision "
    )
    assert "validation rows; from one half on it would be precision " in found.why


@pytest.mark.parametrize(("given", "value"), [("f1", 0.5), (0.3, 0.3)])
def test_without_validation_rows_it_says_so(given, value):
    found = choose_threshold(given, None, np.zeros(0, int), "yes")
    assert found.value == value and found.chosen is None
    assert "there are no validation rows of both classes to judge by" in found.why


@pytest.mark.parametrize("given", ["F1", " youden ", "cost=2:0.5", "0.25", 0.25])
def test_rules_that_are_taken(given):
    assert ts.study.StudyOptions.checked(threshold=given).threshold in ("f1", "youden", "cost=2:0.5", 0.25)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("f2", "threshold: it must be f1, youden, cost=FN:FP or a probability between 0 and 1, got 'f2'"),
        (1.0, "threshold: it must be f1, youden, cost=FN:FP or a probability between 0 and 1, got 1.0"),
        (True, "threshold: it must be f1, youden, cost=FN:FP or a probability between 0 and 1, got True"),
        ("nan", "threshold: it must be f1"),
        ("cost=5", "threshold: a cost must be two numbers above 0, what a missed row and what a false alarm costs"),
        ("cost=5:0", "a cost must be two numbers above 0"),
        ("cost=inf:1", "a cost must be two numbers above 0"),
    ],
)
def test_rules_that_are_refused(given, message):
    with pytest.raises(ts.InputError, match=message):
        ts.fit(rare_table(50), target="sick", threshold=given)


def test_only_two_classes_have_one():
    rows = {"x": np.arange(60.0), "y": np.arange(60.0) ** 2}
    with pytest.raises(
        ts.InputError, match=r"threshold: only a target of two classes has one. 'y' is a regression target"
    ):
        ts.fit(rows, target="y", threshold="f1")
    rows["y"] = ["a", "b", "c"] * 20
    with pytest.raises(ts.InputError, match=r"'y' is a multiclass target. Leave it out."):
        ts.fit(rows, target="y", threshold=0.3)


@pytest.fixture(scope="module", params=["one", "best"])
def with_threshold(request, tmp_path_factory):
    out = tmp_path_factory.mktemp("threshold") / "out"
    settings = {**SMALL, "folds": 3, "effort": 1.5}
    return out, ts.fit(rare_table(), target="sick", threshold="f1", answer=request.param, out=out, **settings)


def test_everything_names_classes_by_it(with_threshold):
    out, model = with_threshold
    table, at = rare_table(400, seed=4), model.threshold
    assert at == model.record.threshold.value != 0.5
    probability = model.predict_proba(table)[:, 1]
    assert np.array_equal(model.predict(table) == "yes", probability >= at)
    assert np.array_equal(ts.load(out / "model.theta").predict(table), model.predict(table))
    truth = model.target_encoding.truth(model._read(table))
    point = operating_point(model.predict_proba(table), truth, at)
    assert model.evaluate(table)["f1"] == pytest.approx(point.f1)
    record = model.record
    test, half = record.test.operating
    assert record.test.scores["f1"] == pytest.approx(test.f1)
    (_, alarms), (missed, found) = record.test.confusion
    assert test.named == alarms + found and test.recall == found / (missed + found) and half.threshold == 0.5
    assert record.threshold.why in record.verdict and model.result()["threshold"]["rule"] == "f1"
    assert record.threshold.chosen.f1 >= record.threshold.half.f1
    page = (out / "report.html").read_text()
    assert "Where the model names classes" in page and f"threshold {at:.3g}" in page


def test_the_worst_rows_are_named_by_it(with_threshold):
    _, model = with_threshold
    table = rare_table(200, seed=4)
    found = ts.explain.worst_rows(model, table, count=200)
    assert list(found.answers) == list(model.predict(table)[found.indices])


def test_an_audit_follows_it(with_threshold):
    from thetastar.study import audit

    out, _ = with_threshold
    assert not [line for line in audit(out, data=rare_table()).lines if line.holds is False]


def test_scores_of_named_classes_follow_it_and_others_do_not():
    said, truth = said_and_true()
    plain, moved = score_all("binary", truth, said), score_all("binary", truth, said, 0.2)
    assert plain["auc"] == moved["auc"] and plain["log_loss"] == moved["log_loss"]
    assert moved["f1"] == operating_point(said, truth, 0.2).f1
    assert np.array_equal(named(said, None), said.argmax(axis=1))
    assert judged(METRICS["auc"], said, 0.2) is said


def test_a_file_whose_threshold_does_not_hold_is_refused(with_threshold, tmp_path):
    from tests.attacks.test_model_files import altered

    raw = with_threshold[1].save(tmp_path / "sound.theta").read_bytes()
    path = tmp_path / "m.theta"
    for value in (1.5, "0.3", True, -0.1):
        path.write_bytes(altered(raw, lambda header, document, value=value: document.update(threshold=value)))
        with pytest.raises(ts.InputError, match="not a number from 0 to 1; the file is damaged"):
            ts.load(path)


def test_a_random_target_scores_chance_at_any_threshold():
    generator = np.random.default_rng(3)
    table = {f"x{k}": generator.normal(size=900) for k in range(3)} | {"y": generator.integers(0, 2, 900)}
    model = ts.fit(table, target="y", candidates=[(8,)], restarts=1, folds=3, effort=0.5, threshold="youden")
    later = {f"x{k}": generator.normal(size=4000) for k in range(3)}
    right = (model.predict(later) == generator.integers(0, 2, 4000)).mean()
    assert abs(right - 0.5) < 0.03
