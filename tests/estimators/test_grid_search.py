"""`GridSearch` is `GridSearchCV`, faster: the same scores, choice and refitted estimator."""

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import thetastar as ts
from thetastar.errors import InputError

GRID = [
    {"hidden_layer_sizes": [(6,), (5, 4)], "learning_rate": [0.003, 0.02]},
    {"hidden_layer_sizes": [()], "dropout": [0.0], "batch_size": [16, "auto"]},
]


def both(estimator, X, y, grid=GRID, fit=None, **options):
    ours = ts.GridSearch(estimator, grid, **options).fit(X, y, **(fit or {}))
    theirs = GridSearchCV(estimator, grid, **options).fit(X, y, **(fit or {}))
    return ours, theirs


def same(ours, theirs):
    for name, value in theirs.cv_results_.items():
        if "time" not in name:
            assert repr(np.ma.asarray(ours.cv_results_[name]).tolist()) == repr(np.ma.asarray(value).tolist()), name
    assert ours.best_params_ == theirs.best_params_ and ours.best_score_ == theirs.best_score_
    assert ours.n_splits_ == theirs.n_splits_ and ours.cv_results_.keys() == theirs.cv_results_.keys()


def test_scores_choice_and_refit_are_those_of_grid_search_cv():
    X, y = load_iris(return_X_y=True)
    estimator = ts.NetworkClassifier(epochs=12, random_state=3, n_restarts=2)
    ours, theirs = both(estimator, X, y, cv=3, return_train_score=True)
    same(ours, theirs)
    assert type(ours.best_estimator_) is ts.NetworkClassifier
    np.testing.assert_array_equal(ours.predict_proba(X), theirs.predict_proba(X))
    np.testing.assert_array_equal(ours.best_estimator_.mean_, theirs.best_estimator_.mean_)
    assert "trained" not in vars(ours.best_estimator_)


def test_numbers_weights_early_stopping_and_several_scores():
    X, y = load_diabetes(return_X_y=True)
    weight = np.arange(len(y)) % 3 + 0.5
    estimator = ts.NetworkRegressor(epochs=15, random_state=0, early_stopping=True, patience=3)
    scoring = {"error": "neg_mean_absolute_error", "fit": "r2"}
    ours, theirs = both(
        estimator, X.astype(np.float32), y, {"hidden_layer_sizes": [(8,), (4, 4)]},
        cv=3, scoring=scoring, refit="error", fit={"sample_weight": weight},
    )  # fmt: skip
    same(ours, theirs)
    assert ours.multimetric_ and set(ours.scorer_) == {"error", "fit"}


def test_groups_reach_the_splitter_and_threads_change_nothing():
    X, y = load_iris(return_X_y=True)
    groups = np.arange(len(y)) % 7
    ours, theirs = both(
        ts.NetworkClassifier(epochs=5, random_state=1), X, y, {"learning_rate": [0.01, 0.03]},
        cv=GroupKFold(3), refit=False, fit={"groups": groups},
    )  # fmt: skip
    same(ours, theirs)
    alone = ts.GridSearch(
        ts.NetworkClassifier(epochs=5, random_state=1), {"learning_rate": [0.01, 0.03]},
        cv=GroupKFold(3), refit=False, n_jobs=1,
    ).fit(X, y, groups=groups)  # fmt: skip
    same(alone, theirs)
    assert not hasattr(ours, "best_estimator_")


def test_a_setting_that_fails_is_left_to_error_score():
    X, y = load_iris(return_X_y=True)
    grid = {"learning_rate": [0.01, 1e30]}
    estimator = ts.NetworkClassifier((4,), epochs=4, optimizer="sgd", random_state=0)
    with pytest.warns(Warning, match="fits failed"):
        ours = ts.GridSearch(estimator, grid, cv=3).fit(X, y)
    with pytest.warns(Warning, match="fits failed"):
        theirs = GridSearchCV(estimator, grid, cv=3).fit(X, y)
    same(ours, theirs)
    assert np.isnan(ours.cv_results_["mean_test_score"][1]) and ours.best_params_ == {"learning_rate": 0.01}
    with pytest.raises(InputError, match="diverged from every start; use a smaller learning_rate"):
        ts.GridSearch(estimator, grid, cv=3, error_score="raise").fit(X, y)


def test_other_estimators_are_refused():
    X, y = load_iris(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), ts.NetworkClassifier())
    with pytest.raises(
        InputError, match=r"must be a NetworkClassifier or a NetworkRegressor\. Got Pipeline\. Use scikit-"
    ):
        ts.GridSearch(pipeline, {"networkclassifier__epochs": [5]}).fit(X, y)


def test_the_time_of_all_is_shared_out_among_the_fits():
    X, y = load_iris(return_X_y=True)
    search = ts.GridSearch(ts.NetworkClassifier(epochs=5), {"learning_rate": [0.01, 0.02, 0.03]}, cv=2).fit(X, y)
    times = search.cv_results_["mean_fit_time"]
    assert len(times) == 3 and (times > 0).all() and np.ptp(times) == 0
