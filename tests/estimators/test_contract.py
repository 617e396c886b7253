"""scikit-learn's own checks of its contract, all of them, and what our estimators add."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import thetastar as ts

# The settings that change what `fit` does: rows held back, several starts, no hidden layer, small batches.
SETTINGS = (
    {},
    {"early_stopping": True},
    {"n_restarts": 3, "dropout": 0.2},
    {"hidden_layer_sizes": (), "optimizer": "sgd", "learning_rate": 0.05},
    {"schedule": "one_cycle", "batch_size": 16, "activation": "relu"},
)


def whole_batches(estimator):
    """True if nothing is drawn row by row: then, and only then, can a weight of 2 equal a row given twice."""
    return not estimator.early_stopping and not estimator.dropout and estimator.batch_size == "auto"


def expected_to_fail(estimator):
    if whole_batches(estimator):
        return {}
    reason = "rows held back, dropout and small batches are drawn by position, and a row given twice has two positions"
    return {"check_sample_weight_equivalence_on_dense_data": reason}


@parametrize_with_checks(
    [
        kind(epochs=epochs, **settings)
        for kind, epochs in ((ts.NetworkClassifier, 60), (ts.NetworkRegressor, 100))
        for settings in SETTINGS
    ],
    expected_failed_checks=expected_to_fail,
)
def test_contract(estimator, check):
    check(estimator)


def test_learns_what_a_line_cannot():
    generator = np.random.default_rng(0)
    X = generator.uniform(-1, 1, (600, 2))
    inside = (X**2).sum(axis=1) < 0.5
    assert ts.NetworkClassifier((32,), epochs=60, random_state=0).fit(X, inside).score(X, inside) > 0.97
    assert ts.NetworkClassifier((), epochs=60, random_state=0).fit(X, inside).score(X, inside) < 0.75
    assert ts.NetworkRegressor((32,), random_state=0).fit(X, X[:, 0] * X[:, 1]).score(X, X[:, 0] * X[:, 1]) > 0.98


def test_in_a_pipeline_and_a_grid_search():
    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(MinMaxScaler(), ts.NetworkClassifier((16,), epochs=20, random_state=0))
    assert cross_val_score(model, X, y, cv=3).mean() > 0.95
    search = GridSearchCV(ts.NetworkRegressor((16,), epochs=20, random_state=0), {"dropout": [0.0, 0.2]}, cv=2)
    assert search.fit(*load_diabetes(return_X_y=True)).best_params_["dropout"] in (0.0, 0.2)


def test_same_seed_same_numbers_and_pickles():
    X, y = load_iris(return_X_y=True)
    model = ts.NetworkClassifier((8,), epochs=30, n_restarts=3, random_state=4).fit(X, y)
    again = clone(model).set_params(n_jobs=1).fit(X, y)
    assert np.array_equal(model.predict_proba(X), again.predict_proba(X))
    assert np.array_equal(model.predict_proba(X), pickle.loads(pickle.dumps(model)).predict_proba(X))
    assert model.loss_curve_.shape == (30,) and model.n_iter_ == 30


def test_precision_follows_the_input():
    X, y = load_iris(return_X_y=True)
    single = ts.NetworkClassifier((8,), epochs=10, random_state=0).fit(X.astype(np.float32), y)
    double = clone(single).fit(X, y)
    assert single.predict_proba(X.astype(np.float32)).dtype == np.float32
    assert double.predict_proba(X).dtype == np.float64


def test_early_stopping_holds_rows_back():
    X, y = load_diabetes(return_X_y=True)
    model = ts.NetworkRegressor((64,), early_stopping=True, patience=5, epochs=500, random_state=0).fit(X, y)
    assert model.n_iter_ < 500 and len(model.validation_curve_) == model.n_iter_
    classes = ts.NetworkClassifier((8,), early_stopping=True, random_state=0).fit(*load_iris(return_X_y=True))
    assert len(classes.validation_curve_) == classes.n_iter_


def test_a_weight_of_two_is_a_row_given_twice():
    X, y = load_diabetes(return_X_y=True)
    weight = np.random.default_rng(0).integers(0, 3, len(y))
    settings = {"hidden_layer_sizes": (8,), "epochs": 20, "batch_size": 10_000, "random_state": 0}
    weighted = ts.NetworkRegressor(**settings).fit(X, y, sample_weight=weight)
    repeated = ts.NetworkRegressor(**settings).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    assert np.allclose(weighted.predict(X), repeated.predict(X), rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, r"NetworkRegressor: epochs must be a whole number of at least 1. Got 0."),
        ({"epochs": 2.5}, r"epochs must be a whole number of at least 1. Got 2.5."),
        ({"n_restarts": True}, r"n_restarts must be a whole number of at least 1. Got True."),
        ({"batch_size": "big"}, r"batch_size must be a whole number of at least 1. Got 'big'."),
        ({"validation_fraction": 2}, r"validation_fraction must be a number from 0 to 1. Got 2."),
        ({"activation": "cubic"}, r"NetworkRegressor: activation: .* Got 'cubic'."),
        ({"dropout": 1}, r"NetworkRegressor: dropout: .*less than 1. Got 1."),
        ({"hidden_layer_sizes": (0,)}, r"NetworkRegressor: hidden: .* Got 0."),
        (
            {"early_stopping": True, "validation_fraction": 1.0},
            r"early_stopping must hold back some rows and leave some to learn from. validation_fraction=1.0 of "
            r"n_samples=442 is 442. Change validation_fraction",
        ),
        ({"optimizer": "sgd", "learning_rate": 1e300}, r"the network diverged from every start; use a smaller"),
    ],
)
def test_settings_out_of_range(change, message):
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(ts.InputError, match=message):
        ts.NetworkRegressor(**{"epochs": 5, **change}).fit(X, y)


def test_weights_that_leave_one_class():
    X, y = np.eye(4), np.array([0, 0, 1, 1])
    with pytest.raises(ts.InputError, match=r"at least two classes are needed. Got 1 class, 0."):
        ts.NetworkClassifier(epochs=1).fit(X, y, sample_weight=[1, 1, 0, 0])


def test_early_stopping_with_few_rows_a_class():
    """Eleven classes and thirty rows: three are held back, and every class keeps a row to learn from."""
    generator = np.random.default_rng(0)
    X, y = generator.normal(size=(30, 3)), np.r_[np.arange(11), generator.integers(0, 11, 19)]
    model = ts.NetworkClassifier((8,), epochs=5, early_stopping=True, random_state=0).fit(X, y)
    assert len(model.classes_) == 11 and len(model.validation_curve_) == model.n_iter_
    with pytest.raises(ts.InputError, match=r"every class must keep one to learn from. Each of the 4 classes has a"):
        ts.NetworkClassifier((8,), early_stopping=True, validation_fraction=0.3).fit(X[:4], [0, 1, 2, 3])


def labels_of(X):
    """Two labels that single columns tell, and one that two tell together."""
    return np.stack([X[:, 0] > 0, X[:, 1] > 0.5, X[:, 0] * X[:, 1] > 0], axis=1).astype(int)


def test_several_labels_are_learned_at_once():
    X = np.random.default_rng(0).normal(size=(500, 3))
    Y = labels_of(X)
    model = ts.NetworkClassifier((32,), epochs=80, random_state=0).fit(X[:400], Y[:400])
    assert model.multilabel_ and model.classes_.tolist() == [0, 1, 2]
    assert model.score(X[400:], Y[400:]) > 0.85  # all three right
    likely = model.predict_proba(X[400:])
    assert likely.shape == (100, 3) and (model.predict(X[400:]) == (likely > 0.5)).all()
    assert np.exp(model.predict_log_proba(X[400:])) == pytest.approx(likely)
    assert (model.decision_function(X[400:]) > 0).astype(int).tolist() == model.predict(X[400:]).tolist()


def test_labels_come_in_portions_of_one_form():
    X = np.random.default_rng(0).normal(size=(60, 3))
    Y = labels_of(X)
    model = ts.NetworkClassifier((8,), random_state=0).partial_fit(X[:30], Y[:30]).partial_fit(X[30:], Y[30:])
    assert model.predict(X).shape == (60, 3)
    words = r"every portion must have as many labels a row as the first, 3\. Got {}\. Give as many\."
    with pytest.raises(ts.InputError, match=words.format(2)):
        model.partial_fit(X, Y[:, :2])
    with pytest.raises(ts.InputError, match=words.format(1)):
        model.partial_fit(X, Y[:, 0])
    one = ts.NetworkClassifier((8,), random_state=0).partial_fit(X, Y[:, 0], classes=[0, 1])
    with pytest.raises(ts.InputError, match=r"as the first, which had one class a row\. Got 3\. Give as many\."):
        one.partial_fit(X, Y)
    with pytest.raises(ts.InputError, match=r"warm_start needs the classes of the last fit"):
        ts.NetworkClassifier((8,), warm_start=True, epochs=2).fit(X, Y[:, 0]).fit(X, Y)


def test_weights_and_rows_held_back_count_for_labels_too():
    X = np.random.default_rng(0).normal(size=(200, 3))
    model = ts.NetworkClassifier((8,), epochs=20, early_stopping=True, random_state=0)
    model.fit(X, labels_of(X), sample_weight=np.r_[np.ones(150), np.zeros(50)])
    assert len(model.validation_curve_) > 0 and (model.predict(X) == labels_of(X)).mean() > 0.8
