"""Weights of rows through a whole study: a row of weight 2 counts like two rows wherever that is exactly defined."""

import warnings

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    brier_score_loss,
    log_loss,
    mean_absolute_error,
    precision_score,
    r2_score,
    recall_score,
    roc_auc_score,
    root_mean_squared_error,
)

import thetastar as ts
from thetastar.data.row_weights import effective
from thetastar.model.metrics import METRICS, brier, score_all
from thetastar.model.own_metric import any_metric
from thetastar.recipes.baselines import baselines_for
from thetastar.study import audit, compare, repeat
from thetastar.study.answer import Contender, picked
from thetastar.study.calibrate import calibrate, fit_beta, fit_temperature
from thetastar.study.evidence import calibration
from thetastar.study.folder import read_study
from thetastar.study.intervals import difference_interval, score_interval, score_intervals
from thetastar.study.options import StudyOptions
from thetastar.study.problem import ask
from thetastar.study.refit import score_test
from thetastar.study.threshold import choose_threshold, operating_point

ROWS = 240
RNG = np.random.default_rng(5)
COUNTS = RNG.integers(1, 5, ROWS)
TWICE = np.repeat(np.arange(ROWS), COUNTS)
TRUTH = {
    "regression": RNG.normal(size=ROWS),
    "binary": RNG.integers(0, 2, ROWS),
    "multiclass": RNG.integers(0, 3, ROWS),
}
SAID = {
    "regression": TRUTH["regression"] + RNG.normal(size=ROWS),
    "binary": RNG.dirichlet(np.ones(2), ROWS).round(2),
    "multiclass": RNG.dirichlet(np.ones(3), ROWS),
}
QUICK = {"candidates": [(), (8,)], "restarts": 1, "folds": 2, "effort": 1.0}


def two_lines(heavy=9.0, rows=400):
    """Half of the rows are on y = x and half on y = -x: which of them count more is what a slope says."""
    generator = np.random.default_rng(1)
    x, up = generator.uniform(-1, 1, rows), np.arange(rows) % 2 == 0
    y = np.where(up, x, -x) + 0.05 * generator.normal(size=rows)
    return {"x": x, "z": generator.normal(size=rows), "w": np.where(up, heavy, 1.0), "y": y}


# ---------------------------------------------------------------- what is exact


@pytest.mark.parametrize("task", list(TRUTH))
def test_every_metric_of_weights_is_that_of_repeated_rows(task):
    truth, said = TRUTH[task], SAID[task]
    weighted = score_all(task, truth, said, weight=COUNTS)
    assert weighted == pytest.approx(score_all(task, truth[TWICE], said[TWICE]), rel=1e-12)
    assert weighted == pytest.approx(score_all(task, truth, said, weight=COUNTS * 0.001), rel=1e-12)


def test_weighted_scores_are_scikit_learns():
    y, f = TRUTH["regression"], SAID["regression"]
    found = score_all("regression", y, f, weight=COUNTS)
    for name, judge in (("rmse", root_mean_squared_error), ("mae", mean_absolute_error), ("r2", r2_score)):
        assert found[name] == pytest.approx(judge(y, f, sample_weight=COUNTS), rel=1e-12)
    y, p = TRUTH["binary"], SAID["binary"]
    found = score_all("binary", y, p, weight=COUNTS)
    assert found["auc"] == pytest.approx(roc_auc_score(y, p[:, 1], sample_weight=COUNTS), rel=1e-12)
    assert found["accuracy"] == pytest.approx(accuracy_score(y, p.argmax(1), sample_weight=COUNTS), rel=1e-12)
    assert brier(y, p, COUNTS) == pytest.approx(brier_score_loss(y, p[:, 1], sample_weight=COUNTS), rel=1e-12)
    inside = np.clip(p, 1e-9, 1)
    expected = log_loss(y, inside / inside.sum(1, keepdims=True), sample_weight=COUNTS)
    assert METRICS["log_loss"](y, inside, COUNTS) == pytest.approx(expected, rel=1e-6)


def test_confusion_counts_rows_and_shares_count_weights():
    y, p, labels = TRUTH["binary"], SAID["binary"], ["no", "yes"]
    tested = score_test(
        "binary", METRICS["auc"], y, p, {}, None, labels, 0, baselines_refitted=True, weight=COUNTS.astype(float)
    )
    assert np.sum(tested.confusion) == ROWS and [row.support for row in tested.per_class] == np.bincount(y).tolist()
    for label, row in enumerate(tested.per_class):
        how = {"sample_weight": COUNTS, "pos_label": label}
        assert row.precision == pytest.approx(precision_score(y, p.argmax(1), **how))
        assert row.recall == pytest.approx(recall_score(y, p.argmax(1), **how))
    again = score_test("binary", METRICS["auc"], y[TWICE], p[TWICE], {}, None, labels, 0, baselines_refitted=True)
    assert tested.roc.tpr == pytest.approx(again.roc.tpr) and tested.roc.fpr == pytest.approx(again.roc.fpr)
    assert tested.roc.auc == pytest.approx(again.roc.auc)


def test_calibrations_of_weights_are_those_of_repeated_rows():
    y, p = TRUTH["binary"], SAID["binary"]
    one, two = fit_beta(p, y, COUNTS.astype(float)), fit_beta(p[TWICE], y[TWICE])
    assert (one.a, one.b, one.c) == pytest.approx((two.a, two.b, two.c), rel=1e-6, abs=1e-9)
    y, p = TRUTH["multiclass"], SAID["multiclass"]
    assert fit_temperature(p, y, COUNTS.astype(float)).temperature == pytest.approx(
        fit_temperature(p[TWICE], y[TWICE]).temperature, rel=1e-9
    )


def test_a_calibration_is_kept_for_the_rows_that_count():
    """Sure and right among the rows that count, sure and wrong among those that hardly do."""
    generator = np.random.default_rng(0)
    y = generator.integers(0, 2, 2000)
    wrong = generator.random(2000) < 0.3
    p = np.where((y == 1) != wrong, 0.95, 0.05)
    p = np.stack([1 - p, p], axis=1)
    alike, _ = calibrate(p, y, 2, 0)
    assert alike is not None  # 0.95 comes true in 70 of 100 rows
    weight = np.where(wrong, 0.05 / 0.3, 0.95 / 0.7)  # it comes true as often as it says
    kept, said = calibrate(p, y, 2, 0, weight / weight.mean())
    assert kept is None and said.validation_before.log_loss < 0.21


def test_reliability_weighs_the_rows_of_a_bin():
    y, p = np.array([1, 0] * 20), np.tile([0.25, 0.75], (40, 1))
    found = calibration(y, p, np.where(y == 1, 3.0, 1.0))
    assert [(one.rows, one.predicted, one.observed) for one in found.bins] == [(40, 0.75, 0.75)] and found.gap == 0


@pytest.mark.parametrize("rule", ["f1", "youden", "cost=3:1"])
def test_thresholds_of_weights_are_those_of_repeated_rows(rule):
    y, p = TRUTH["binary"], SAID["binary"]
    one = choose_threshold(rule, p, y, "yes", COUNTS.astype(float))
    two = choose_threshold(rule, p[TWICE], y[TWICE], "yes")
    assert one.value == two.value
    assert (one.chosen.precision, one.chosen.recall) == pytest.approx((two.chosen.precision, two.chosen.recall))
    assert one.chosen.named == operating_point(p, y, one.value).named  # rows, whatever they count


def test_greedy_picks_of_weights_are_those_of_repeated_rows():
    y = TRUTH["regression"]
    made = [y + RNG.normal(size=ROWS) for _ in range(5)]
    one = picked([Contender(str(k), "network", k, f) for k, f in enumerate(made)], y, METRICS["rmse"], weight=COUNTS)
    two = picked([Contender(str(k), "network", k, f[TWICE]) for k, f in enumerate(made)], y[TWICE], METRICS["rmse"])
    assert one == two


@pytest.mark.parametrize(
    ("task", "metric"), [("regression", "rmse"), ("regression", "mae"), ("binary", "auc"), ("multiclass", "accuracy")]
)
def test_baselines_of_weights_are_those_of_repeated_rows(task, metric):
    generator = np.random.default_rng(2)
    X = generator.normal(size=(ROWS, 3))
    classes = 0 if task == "regression" else len(np.unique(TRUTH[task]))
    y = X[:, 0] + 0.3 * generator.normal(size=ROWS) if not classes else TRUTH[task]
    for baseline in baselines_for(task, metric, classes, 0)[:2]:  # trees draw their own rows for early stopping
        one = baseline.fit(X, y, {}, COUNTS.astype(float))[0].predict(X.astype(np.float32))
        two = baseline.fit(X[TWICE], y[TWICE], {}, None)[0].predict(X.astype(np.float32))
        assert np.allclose(one, two, rtol=0.02, atol=0.02), baseline.name
    trees = baselines_for(task, metric, classes, 0)[2].fit(X, y, {"trees": 5}, COUNTS.astype(float))[0]
    alike = baselines_for(task, metric, classes, 0)[2].fit(X, y, {"trees": 5}, None)[0]
    assert not np.array_equal(trees.predict(X.astype(np.float32)), alike.predict(X.astype(np.float32)))


def test_a_network_of_weights_is_that_of_repeated_rows():
    generator = np.random.default_rng(2)
    X = generator.normal(size=(ROWS, 3)).astype(np.float32)
    y = np.sin(2 * X[:, 0]) + 0.3 * generator.normal(size=ROWS)
    net = ts.Network([ts.Dense(8, activation="tanh"), ts.Dense(1)], input_shape=(3,))
    how = {"epochs": 60, "batch_size": 10_000, "seed": 0, "dtype": "float64"}
    one = ts.train(net, X, y, sample_weight=COUNTS, **how).network.predict(X)
    two = ts.train(net, X[TWICE], y[TWICE], **how).network.predict(X)
    assert np.allclose(one, two, atol=1e-9)


# ---------------------------------------------------------------- intervals: rows are the evidence


def test_weights_of_one_change_no_interval():
    for task in TRUTH:
        plain = score_intervals(task, TRUTH[task], SAID[task], 0)
        assert score_intervals(task, TRUTH[task], SAID[task], 0, weight=np.full(ROWS, 2.0)) == {
            name: pytest.approx(ends) for name, ends in plain.items()
        }


def test_a_row_of_weight_two_is_not_two_observations():
    y, p = TRUTH["binary"], SAID["binary"]
    for name in ("accuracy", "auc", "log_loss", "f1"):
        weighed = score_interval(METRICS[name], y, p, 0, COUNTS.astype(float))
        copied = score_interval(METRICS[name], y[TWICE], p[TWICE], 0)
        assert weighed[1] - weighed[0] > 1.3 * (copied[1] - copied[0])
        assert weighed[0] < METRICS[name](y, p, COUNTS) < weighed[1]


@pytest.mark.parametrize("name", ["accuracy", "auc", "rmse", "r2"])
def test_weighted_intervals_hold_the_truth(name):
    """What holds for all rows of a large table is held by 95 % of the intervals of samples of it, or nearly so."""
    generator = np.random.default_rng(11)
    rows, size, draws = 40_000, 150, 300
    x, weight = generator.normal(size=rows), generator.exponential(size=rows) + 0.1
    if name in ("rmse", "r2"):
        y, said = x, x + (0.5 + 0.05 * weight) * generator.normal(size=rows)
    else:
        y = (generator.random(rows) < 1 / (1 + np.exp(-2 * x))).astype(int)
        chance = 1 / (1 + np.exp(-x - 0.5 * (weight - 1.1)))
        said = np.stack([1 - chance, chance], axis=1)
    metric, held = METRICS[name], 0
    true = metric(y, said, weight)
    for _ in range(draws):
        some = generator.integers(0, rows, size)
        low, high = score_interval(metric, y[some], said[some], 0, weight[some])
        held += low <= true <= high
    assert held / draws >= 0.90


def test_the_difference_of_two_draws_rows_with_their_weights():
    y, f = TRUTH["regression"], SAID["regression"]
    worse = f + 2.0 * (COUNTS == 1)  # only on rows that count little
    alike = difference_interval(METRICS["rmse"], y, f, worse, 0)
    weighed = difference_interval(METRICS["rmse"], y, f, worse, 0, COUNTS.astype(float))
    gap = METRICS["rmse"](y, f, COUNTS) - METRICS["rmse"](y, worse, COUNTS)
    assert weighed[0] < gap < weighed[1] < 0 and np.mean(weighed) > np.mean(alike)


# ---------------------------------------------------------------- a whole study


@pytest.fixture(scope="module")
def weighted():
    return ts.fit(two_lines(), target="y", sample_weight="w", **QUICK)


def test_everything_learns_from_the_weights(weighted):
    points = {"x": [-0.5, 0.5], "z": [0.0, 0.0]}
    low, high = weighted.predict(points)
    assert high - low == pytest.approx(0.8, abs=0.15)  # nine rows on y = x for one on y = -x
    alike = ts.fit(two_lines(), target="y", roles={"w": "ignore"}, **QUICK)
    assert np.ptp(alike.predict(points)) < 0.35
    network = weighted.target_encoding.predicted(
        weighted.network.predict(weighted.preparation.transform(weighted._read(points)))
    )
    assert network[1] - network[0] == pytest.approx(0.8, abs=0.2)


def test_the_weighted_study_says_so(weighted):
    record = weighted.record
    assert (record.weights.column, record.weights.words) == ("w", "weighted by 'w'")
    assert (record.weights.low, record.weights.high) == pytest.approx((0.2, 1.8))
    role = next(row for row in record.columns if row.name == "w")
    assert (role.role, role.reason) == ("ignore", "It says how much each row counts and is not learned from.")
    sentence = next(
        text for text in record.verdict if text.startswith("Rows count by their weights in 'w' (0.2 to 1.8")
    )
    assert f"the {record.test.rows} test rows tell as much as {record.weights.tested:.0f} of equal weight" in sentence
    assert weighted.result()["weights"]["column"] == "w"


def test_the_report_says_what_the_scores_are_weighted_by(weighted, tmp_path):
    page = weighted.report(tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("weighted by &#39;w&#39;") == 2 and "by their weights in w, 0.2 to 1.8 times the mean" in page


def test_test_scores_are_those_of_the_weighted_test_rows(weighted):
    table = two_lines()
    problem = ask(table, StudyOptions.checked(target="y", sample_weight="w", folds=2))
    rows = problem.test
    some = {name: np.asarray(values)[rows] for name, values in table.items()}
    expected = score_all("regression", some["y"], weighted.tested.predict(some), weight=some["w"])
    assert weighted.score == pytest.approx(expected, rel=1e-6)
    twice = np.repeat(rows, table["w"][rows].astype(int))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        copies = {name: np.asarray(values)[twice] for name, values in table.items() if name != "w"}
        assert weighted.evaluate(some) == pytest.approx(weighted.evaluate(copies), rel=1e-6)


def test_validation_scores_are_weighted(weighted):
    """The constant's is known: the weighted mean of the other fold, judged by the weights of this one."""
    table = two_lines()
    problem = ask(table, StudyOptions.checked(target="y", sample_weight="w", folds=2))
    y, w = np.asarray(table["y"]), np.asarray(table["w"])
    means = []
    for fold in problem.division.folds:
        constant = np.average(y[fold.train], weights=w[fold.train])
        means.append(np.sqrt(np.average((y[fold.validation] - constant) ** 2, weights=w[fold.validation])))
    row = next(row for row in weighted.record.leaderboard if row.name == "always the mean")
    assert row.validation_mean == pytest.approx(np.mean(means))


def test_an_array_a_list_and_a_series_are_the_column(weighted):
    import pandas

    table = two_lines()
    weights = table.pop("w")
    for given in (weights, weights.tolist(), pandas.Series(weights * 1024)):
        model = ts.fit(table, target="y", sample_weight=given, **QUICK)
        assert model.score == weighted.score and model.record.weights.column is None
    assert model.record.weights.words == "weighted"
    assert "Rows count by their weights (0.2 to 1.8 times the mean)" in " ".join(model.record.verdict)
    arrays = ts.fit(np.stack([table["x"], table["z"]], 1), table["y"], sample_weight=weights, **QUICK)
    assert arrays.score == weighted.score


def test_rows_of_weight_zero_are_as_if_they_were_not_there(weighted):
    table = two_lines()
    more = {name: np.concatenate([np.full(7, 1e6), values]) for name, values in table.items()}
    more["w"][:7] = 0
    model = ts.fit(more, target="y", sample_weight="w", **QUICK)
    assert model.score == weighted.score and model.record.question.rows == 400
    assert "7 rows have the weight zero in 'w'; they were left out." in model.record.notes


def test_weights_of_one_change_nothing_that_is_chosen():
    table = two_lines(heavy=1.0)
    one = ts.fit(table, target="y", sample_weight="w", answer="one", **QUICK)
    two = ts.fit(table, target="y", roles={"w": "ignore"}, answer="one", **QUICK)
    assert one.score == pytest.approx(two.score, rel=1e-5)
    assert (
        "Rows count by their weights in 'w' (1 to 1 times the mean), in training, in the choice and in every score."
        in (one.record.verdict)
    )


def test_classes_thresholds_and_groups_with_weights(tmp_path):
    generator = np.random.default_rng(3)
    x, rows = generator.normal(size=600), 600
    y = np.where(generator.random(rows) < 1 / (1 + np.exp(-2 * x)), "yes", "no")
    table = {"x": x, "who": np.arange(rows) % 60, "w": np.where(y == "yes", 5.0, 1.0), "y": y}
    model = ts.fit(
        table, target="y", sample_weight="w", group="who", threshold="f1", candidates=[(), (8,)], restarts=1,
        effort=1.0, out=tmp_path / "study",
    )  # fmt: skip
    constant = model.record.test.baselines["always the majority"]
    assert constant["accuracy"] > 0.75  # of the weight, five to one, though half of the rows
    assert model.predict_proba({"x": [0.0], "who": [0]})[0, 1] > 0.7
    assert model.threshold is not None and model.record.test.probabilities.brier < 0.15
    assert all(line.holds is not False for line in audit(tmp_path / "study", data=table).lines)


def test_a_test_table_has_its_own_weights():
    train, test = two_lines(), two_lines(rows=100)
    model = ts.fit(train, target="y", sample_weight="w", test={**test, "w": test["w"] * 10}, **QUICK)
    assert model.score == pytest.approx(
        score_all("regression", test["y"], model.predict(test), weight=test["w"]), rel=1e-6
    )
    del test["w"]
    with pytest.raises(
        ts.InputError, match=r"the test data has no column 'w', by which sample_weight weighs rows. Add it"
    ):
        ts.fit(train, target="y", sample_weight="w", test=test, **QUICK)


# ---------------------------------------------------------------- the saved model


def test_evaluate_takes_the_column_by_itself_and_predict_does_not_need_it(weighted, tmp_path):
    again = ts.load(weighted.save(tmp_path / "model.theta"))
    new = two_lines(rows=90)
    new["x"] = -np.asarray(new["x"])
    expected = score_all("regression", new["y"], again.predict({"x": new["x"], "z": new["z"]}), weight=new["w"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert again.evaluate(new) == pytest.approx(expected, rel=1e-6)
    weights = new.pop("w")
    with pytest.warns(UserWarning, match="scores are weighted by 'w', and here every row counts once. Add the weights"):
        alike = again.evaluate(new)
    assert alike["rmse"] != pytest.approx(expected["rmse"])
    assert again.evaluate(new, sample_weight=weights) == pytest.approx(expected, rel=1e-6)
    with pytest.raises(ts.InputError, match=r"there must be one number for each of the 90 rows. Got 3."):
        again.evaluate(new, sample_weight=[1, 2, 3])
    with pytest.raises(ts.InputError, match="sample_weight='v': dict of columns has no such column"):
        again.evaluate(new, sample_weight="v")


def test_a_study_of_weights_resumes_repeats_and_is_refused_for_others(tmp_path):
    table = two_lines()
    model = ts.fit(table, target="y", sample_weight="w", out=tmp_path / "column", **QUICK)
    assert read_study(tmp_path / "column" / "study.toml")["study"]["sample_weight"] == "w"
    assert repeat(tmp_path / "column", data=table, out=tmp_path / "again").score == model.score
    with pytest.raises(ts.InputError, match="the folder holds another study"):
        ts.fit(table, target="y", roles={"w": "ignore"}, out=tmp_path / "column", **QUICK)
    weights = table.pop("w")
    model = ts.fit(table, target="y", sample_weight=weights, out=tmp_path / "array", **QUICK)
    assert read_study(tmp_path / "array" / "study.toml")["study"]["sample_weight"].startswith(
        "an array of 400 numbers ("
    )
    with pytest.raises(
        ts.InputError, match=r"holds only what the weights were \(an array of 400 .* Give the array again"
    ):
        repeat(tmp_path / "array", data=table)
    assert repeat(tmp_path / "array", data=table, sample_weight=weights, out=None).score == model.score
    with pytest.raises(ts.InputError, match="the folder holds another study"):
        ts.fit(table, target="y", sample_weight=weights + 1, out=tmp_path / "array", **QUICK)


def test_two_weighted_studies_are_compared_by_their_weights(weighted):
    line = ts.fit(two_lines(), target="y", sample_weight="w", **{**QUICK, "candidates": [()]}, answer="one")
    found = compare(weighted, line, data=two_lines())
    assert "test rows that neither had seen, weighted by 'w'," in found.words
    assert found.scores == pytest.approx((weighted.score["rmse"], line.score["rmse"]), rel=1e-6)
    alike = ts.fit(two_lines(), target="y", roles={"w": "ignore"}, **{**QUICK, "candidates": [()]}, answer="one")
    assert "test rows that neither had seen that count alike" in compare(alike, line, data=two_lines()).words


# ---------------------------------------------------------------- own metrics, refusals


def test_a_users_own_metric_takes_weights():
    y, p = TRUTH["binary"], SAID["binary"]
    shares = COUNTS / 3
    own = any_metric("average_precision", "binary", (0, 1))
    assert own(y, p, shares) == pytest.approx(average_precision_score(y, p[:, 1], sample_weight=shares))

    def own_error(truth, said, sample_weight=None):
        return np.average(np.abs(truth - said), weights=sample_weight)

    metric = any_metric(own_error, "regression")
    y, f = TRUTH["regression"], SAID["regression"]
    assert metric.weighs and metric(y, f, shares) == pytest.approx(METRICS["mae"](y, f, shares))
    low, high = score_interval(metric, y, f, 0, shares)
    assert low < metric(y, f, shares) < high


def without_weights_error(truth, said):
    return float(np.mean(np.abs(truth - said)))


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ("v", r"sample_weight='v': dict of columns has no such column. The columns are 'x', 'w', 'y'."),
        ("y", r"sample_weight='y': this is the target. Name another column."),
        (
            [1.0, 2.0],
            r"sample_weight: there must be one number for each of the 40 rows. Got 2. Rows without a target count",
        ),
        (
            [[1.0]] * 40,
            r"sample_weight: it must be the name of a column, or one number a row, such as \[1.0, 2.5, …\]. Got l",
        ),
        (["a"] * 40, r"sample_weight: it must be the name of a column, or one number a row"),
        (5.0, r"sample_weight: it must be the name of a column, or one number a row.* Got float."),
        (
            [-1.0] + [1.0] * 39,
            r"sample_weight: a weight must not be negative. Got -1 in dict of columns, row 0. Mend it",
        ),
        ([1.0, np.inf] + [1.0] * 38, r"a weight must be finite. Got inf in dict of columns, row 1."),
        (
            [1.0, np.nan] + [1.0] * 38,
            r"1 row has no weight, the first in dict of columns, row 1. Fill them in \(0 leaves a row out\).",
        ),
        ([0.0] * 40, r"every row has the weight zero, so none is left to learn from. Name another column."),
    ],
)
def test_weights_that_are_none_are_refused(weights, words):
    table = {"x": np.arange(40) % 7 / 7, "w": np.ones(40), "y": np.arange(40) / 3}
    with pytest.raises(ts.InputError, match=words):
        ts.fit(table, target="y", sample_weight=weights)


def test_columns_that_hold_no_weights_are_refused(tmp_path):
    table = {"x": np.arange(40) / 7, "w": ["much", "little"] * 20, "e": [None] * 40, "y": np.arange(40) / 3}
    with pytest.raises(
        ts.InputError, match="sample_weight='w': weights are numbers, and this column holds texts, such as "
    ):
        ts.fit(table, target="y", sample_weight="w")
    with pytest.raises(
        ts.InputError,
        match=r"sample_weight='e': 40 rows have no weight, the first in dict of columns, row 0. Fill them in",
    ):
        ts.fit(table, target="y", sample_weight="e")
    text = tmp_path / "rows.csv"
    text.write_text("x,w,y\n" + "".join(f"{k},{1 if k != 4 else -3},{k / 3}\n" for k in range(40)))
    with pytest.raises(ts.InputError, match=r"a weight must not be negative. Got -3 in .*rows.csv, line 6."):
        ts.fit(str(text), "y", sample_weight="w")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"roles": {"w": "number"}},
            "a column of weights is not learned from, and roles makes it a number. Leave one of",
        ),
        (
            {"metric": without_weights_error},
            "metric: without_weights_error cannot weigh rows, for it has no parameter sam",
        ),
        (
            {"id": "who", "time": "x"},
            "sample_weight: it weighs rows, and id and time make one sequence of many. Leave it",
        ),
    ],
)
def test_what_contradicts_weights_is_refused(options, words):
    table = {"x": np.arange(40) / 7, "who": np.arange(40) // 4, "w": np.ones(40), "y": np.arange(40) / 3}
    with pytest.raises(ts.InputError, match=words):
        ts.fit(table, target="y", sample_weight="w", **options)


def test_an_array_and_a_test_table_are_refused():
    table = two_lines(rows=40)
    weights = table.pop("w")
    with pytest.raises(
        ts.InputError, match=r"those of test= have no weights then. Put them into a column of both and name"
    ):
        ts.fit(table, target="y", sample_weight=weights, test=table)


def test_folds_by_row_numbers_and_rows_of_weight_zero_are_refused():
    table = two_lines(rows=40)
    table["w"][3] = 0
    with pytest.raises(
        ts.InputError, match=r"cv: row numbers count the data's rows, of which some are left out. 1 row has th"
    ):
        ts.fit(table, target="y", sample_weight="w", cv=[(np.arange(20), np.arange(20, 30))])


@pytest.mark.parametrize("word", ["weights", "weight", "case_weights"])
def test_other_words_name_the_right_one(word):
    with pytest.raises(TypeError, match=rf"fit\(\) has no option '{word}'. Here it is called 'sample_weight'."):
        ts.fit({"x": [1]}, "x", **{word: [1.0]})
    with pytest.raises(
        TypeError, match=r"fit\(\) has no option 'class_weight'. Weigh the rows of each class: sample_weight="
    ):
        ts.fit({"x": [1]}, "x", class_weight="balanced")


def test_forecasts_have_no_weights():
    with pytest.raises(
        TypeError, match=r"forecast\(\) has no option 'sample_weight'. The steps of a forecast count alike"
    ):
        ts.forecast({"t": [1], "y": [1.0]}, "y", "t", sample_weight="w")


def test_rows_of_equal_weight_that_tell_as_much():
    assert effective(None, 7) == 7 and effective(np.full(7, 3.0), 7) == pytest.approx(7)
    assert effective(np.array([1.0, 0.0]), 2) == 1
