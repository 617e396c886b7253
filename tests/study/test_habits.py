"""What people bring from scikit-learn: folds of their own, scorers and functions as metrics, options by other names."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, make_scorer, mean_pinball_loss, roc_auc_score
from sklearn.model_selection import GroupKFold, KFold, TimeSeriesSplit

import thetastar as ts
from thetastar.data import TASKS
from thetastar.model.own_metric import any_metric
from thetastar.study.folder import read_study
from thetastar.study.options import StudyOptions
from thetastar.study.problem import ask
from thetastar.study.splits import Given, Holdout, Rows

RNG = np.random.default_rng(0)
TABLE = {"a": RNG.normal(size=120), "b": RNG.normal(size=120), "who": np.arange(120) % 12}
TABLE |= {"y": TABLE["a"] + 0.1 * RNG.normal(size=120), "kind": np.where(TABLE["a"] > 0, "yes", "no")}
QUICK = {"candidates": [()], "restarts": 1, "effort": 0.2, "seed": 0}


def problem(**options):
    return ask(TABLE, StudyOptions.checked(target="y", **options))


def test_folds_by_number_and_by_splitter():
    assert problem(cv=3).folds == 3
    found = problem(cv=KFold(4, shuffle=True, random_state=1))
    assert found.folds == 4 and len(found.test) == 12
    everywhere = np.concatenate([fold.validation for fold in found.division.folds])
    assert sorted(everywhere) == sorted(found.division.learning) and not set(everywhere) & set(found.test)
    by_who = problem(cv=GroupKFold(3), group="who")
    who = TABLE["who"]
    assert not set(who[by_who.test]) & set(who[by_who.division.learning])
    assert all(not set(who[fold.train]) & set(who[fold.validation]) for fold in by_who.division.folds)
    in_time = problem(cv=TimeSeriesSplit(3), ordered=True)
    assert in_time.test.tolist() == list(range(108, 120))
    assert all(fold.train.max() < fold.validation.min() for fold in in_time.division.folds)


def test_folds_by_pairs_of_row_numbers():
    pairs = [(np.arange(0, 60), np.arange(60, 80)), (np.arange(20, 80), np.arange(0, 20))]
    found = problem(cv=pairs)
    assert found.test.tolist() == list(range(80, 120))  # what no pair names
    assert [fold.validation.tolist() for fold in found.division.folds] == [list(range(60, 80)), list(range(20))]
    assert sorted(found.division.learning) == list(range(80))
    every = problem(cv=list(KFold(3).split(TABLE["a"])))  # pairs name every row: a tenth is set apart all the same
    assert len(every.test) == 12 and not set(every.test) & set(every.division.learning)
    masks = problem(cv=[(TABLE["who"] < 6, (TABLE["who"] >= 6) & (TABLE["who"] < 9))])
    assert len(masks.train) == 60 and len(masks.validation) == 30 and len(masks.test) == 30


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cv": 3, "folds": 3}, "cv and folds both say how many folds there are: give one of them"),
        ({"cv": KFold(3), "folds": 3}, "cv and folds both say which folds there are: give one of them"),
        ({"cv": [([0], [1])], "by_time": "b"}, "cv counts the data's rows, which by_time and id put in another order"),
        ({"cv": "KFold(3)"}, r"cv: a study\.toml holds its words alone; give cv again as it was"),
        ({"cv": [0, 1]}, "cv: give a number, a splitter of scikit-learn's, or pairs such as"),
        (
            {"cv": [([0, 1], [1, 2])]},
            r"no row may train and validate in one fold\. In fold 1 1 do, the first is 1\. Take",
        ),
        (
            {"cv": [([0, 1], [])]},
            r"Fold 1 has 2 and 0, without the test rows\. Give other folds, or the test rows apart",
        ),
        (
            {"cv": [([0, 1], [500])]},
            r"row numbers must be from 0 to 119\. Got 500 to 500\. Count the data's rows from 0",
        ),
        ({"cv": [([0.5], [1])]}, r"a pair must hold two lists of row numbers\. Got \[0\.5\]\. Give for example"),
        ({"cv": KFold(500)}, r"cv: KFold\(.*\) cannot split these 108 rows: Cannot have number of splits"),
    ],
)
def test_folds_that_cannot_be_are_refused_in_words(options, words):
    with pytest.raises(ts.InputError, match=words):
        problem(**options)


def test_pairs_count_the_rows_as_they_came():
    table = {**TABLE, "y": np.where(np.arange(120) == 3, np.nan, TABLE["y"])}
    with pytest.raises(
        ts.InputError, match=r"cv: row numbers count the data's rows, of which some are left out\..*Drop"
    ):
        ask(table, StudyOptions.checked(target="y", cv=[([0, 1], [2])]))


def test_rows_that_are_tested_apart_are_in_no_pair():
    rows = Rows(TABLE["y"], TASKS["regression"], 0, tested_apart=True)
    division = Given([(np.arange(60), np.arange(60, 120))], Holdout()).divide(rows)
    assert len(division.test) == 0 and len(division.learning) == 120


def test_a_study_with_folds_and_a_metric_of_ones_own(tmp_path):
    def mean_size_error(y, prediction):
        return np.mean(np.abs(prediction - y))

    model = ts.fit(TABLE, "y", cv=KFold(3), metric=mean_size_error, out=tmp_path / "s", **QUICK)
    assert model.score["mean_size_error"] == pytest.approx(model.score["mae"])
    assert model.record.metric.own and model.record.metric.direction == "min" and model.record.split.folds == 3
    kept = read_study(tmp_path / "s" / "study.toml")["study"]
    assert kept["metric"] == "mean_size_error" and kept["cv"] == repr(KFold(3))
    again = ts.load(tmp_path / "s" / "model.theta")
    assert again.score == model.score and "mean_size_error" in str(again.leaderboard)
    assert "mean_size_error" in (tmp_path / "s" / "report.html").read_text(encoding="utf-8")


TRUTH = np.array([0, 1, 1, 0, 1])
CHANCES = np.array([[0.8, 0.2], [0.4, 0.6], [0.7, 0.3], [0.6, 0.4], [0.1, 0.9]])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (make_scorer(cohen_kappa_score), cohen_kappa_score(TRUTH, CHANCES.argmax(axis=1))),
        (make_scorer(roc_auc_score, response_method="predict_proba"), roc_auc_score(TRUTH, CHANCES[:, 1])),
        (make_scorer(roc_auc_score, response_method="decision_function"), roc_auc_score(TRUTH, CHANCES[:, 1])),
        ("roc_auc", roc_auc_score(TRUTH, CHANCES[:, 1])),
        (lambda estimator, X, y: float(np.mean(estimator.predict(X) == y)), 0.8),
    ],
    ids=["labels", "probabilities", "scores", "by name", "estimator, X, y"],
)
def test_scorers_are_called_as_scikit_learn_calls_them(given, expected):
    metric = any_metric(given, "binary", ("no", "yes"))
    assert metric.direction == "max"
    assert metric(TRUTH, CHANCES) == pytest.approx(expected)
    assert metric(TRUTH, CHANCES, np.array([2.0, 0, 1, 1, 1])) == pytest.approx(
        metric(TRUTH[[0, 0, 2, 3, 4]], CHANCES[[0, 0, 2, 3, 4]])
    )


def test_a_functions_name_says_which_way_is_better():
    assert any_metric(mean_pinball_loss, "regression").direction == "min"
    assert any_metric(cohen_kappa_score, "binary", (0, 1)).direction == "max"
    turned = any_metric(make_scorer(mean_pinball_loss, greater_is_better=False), "regression")
    assert (turned.name, turned.direction) == ("neg_mean_pinball_loss", "max")
    with pytest.raises(
        ts.InputError, match=r"must say which way is better, by its end.*Got 'cost'\..*cost_score, or use"
    ):
        any_metric(_named("cost"), "regression")
    with pytest.raises(ts.InputError, match=r"metric: own_score must give a number\. Got str\. Return for example"):
        any_metric(_named("own_score"), "regression")(np.ones(2), np.ones(2))
    assert any_metric(_named("rmse_score"), "regression").name == "rmse_score"


def _named(name):
    def function(y, prediction):
        return "no number"

    function.__name__ = name
    return function


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("taget", "Did you mean 'target'"), ("n_jobs", "Here it is called 'threads'"),
        ("scoring", "Here it is called 'metric'"), ("weights", "Here it is called 'sample_weight'"),
    ],
)  # fmt: skip
def test_an_option_that_there_is_not_names_the_nearest(option, words):
    with pytest.raises(TypeError, match=rf"^fit\(\) has no option '{option}'\. {words}"):
        ts.fit(TABLE, "y", **{option: 1})
