"""What people do with scikit-learn's own estimators works with ours: portions, going on, weights of classes, frames."""

import numpy as np
import pandas
import polars
import pyarrow
import pytest
import sklearn
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline

import thetastar as ts

RNG = np.random.default_rng(0)
X = RNG.standard_normal((120, 3))
BITS = np.where(X[:, 0] + 0.3 * X[:, 1] > 0, "yes", "no")
THREE = np.select([X[:, 0] > 0.5, X[:, 0] < -0.5], ["a", "b"], "c")
QUICK = {"hidden_layer_sizes": (8,), "epochs": 30, "random_state": 0}


def test_portions_learn_what_the_whole_learns():
    model = ts.NetworkClassifier(**QUICK)
    for _ in range(40):
        for part in np.array_split(np.arange(120), 4):
            model.partial_fit(X[part], THREE[part], classes=["a", "b", "c"])
    assert model.n_iter_ == 160 and model.score(X, THREE) > 0.9
    number = ts.NetworkRegressor(**QUICK)
    for _ in range(40):
        number.partial_fit(X, X[:, 0])
    assert number.score(X, X[:, 0]) > 0.9


def test_the_first_portion_needs_the_classes_and_later_ones_keep_to_them():
    with pytest.raises(
        ts.InputError, match=r"classes must be given in the first call of partial_fit\. Got None\. Name"
    ):
        ts.NetworkClassifier(**QUICK).partial_fit(X, BITS)
    model = ts.NetworkClassifier(**QUICK).partial_fit(X, BITS, classes=["no", "yes"])
    with pytest.raises(ts.InputError, match=r"labels must be among the classes .*Got .*'a'.*first call"):
        model.partial_fit(X, THREE)


def test_a_warm_start_goes_on():
    model = ts.NetworkRegressor(**QUICK, warm_start=True, schedule="constant")
    first = model.fit(X, X[:, 0] ** 2).loss_curve_
    second = model.fit(X, X[:, 0] ** 2).loss_curve_
    assert second[0] < 1.2 * first[-1] < 0.8 * first[0]
    cold = ts.NetworkRegressor(**QUICK, schedule="constant")
    assert np.array_equal(cold.fit(X, X[:, 0] ** 2).loss_curve_, cold.fit(X, X[:, 0] ** 2).loss_curve_)
    with pytest.raises(
        ts.InputError, match=r"warm_start goes on from the last fit, whose network has 41 parameters.*Keep"
    ):
        model.set_params(hidden_layer_sizes=(9,)).fit(X, X[:, 0])
    with pytest.raises(
        ts.InputError, match=r"y must have as many numbers a row as in the last fit, 1\. Got \(120, 2\)"
    ):
        model.set_params(hidden_layer_sizes=(8,)).fit(X, X[:, :2])
    labels = ts.NetworkClassifier(**QUICK, warm_start=True).fit(X, BITS)
    with pytest.raises(ts.InputError, match=r"warm_start needs the classes of the last fit.*Set warm_start=False"):
        labels.fit(X, THREE)


def test_weights_of_classes_are_weights_of_their_rows():
    rare = np.where(X[:, 0] > 1.2, "yes", "no")
    plain = ts.NetworkClassifier(**QUICK).fit(X, rare)
    balanced = ts.NetworkClassifier(**QUICK, class_weight="balanced").fit(X, rare)
    counts = {label: (rare == label).sum() for label in ("no", "yes")}
    by_hand = ts.NetworkClassifier(**QUICK).fit(X, rare, sample_weight=[60 / counts[label] for label in rare])
    assert np.allclose(balanced.predict_proba(X), by_hand.predict_proba(X))
    assert balanced.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean()
    named = ts.NetworkClassifier(**QUICK, class_weight={"no": 1.0, "yes": 5.0}).fit(X, rare)
    assert named.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean()


def test_scores_and_logarithms():
    two, three = ts.NetworkClassifier(**QUICK).fit(X, BITS), ts.NetworkClassifier(**QUICK).fit(X, THREE)
    assert two.decision_function(X).shape == (120,) and three.decision_function(X).shape == (120, 3)
    assert np.array_equal(two.decision_function(X) > 0, two.predict(X) == "yes")
    for model in (two, three):
        assert np.allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))
    far = two.predict_log_proba(1e6 * X)
    assert np.isfinite(far).all() and far.min() < -800


def test_several_outputs():
    y = np.column_stack([X[:, 0], 100 + 10 * X[:, 1]])
    model = ts.NetworkRegressor(hidden_layer_sizes=(16,), epochs=150, random_state=0).fit(X, y)
    assert model.predict(X).shape == (120, 2) and model.score(X, y) > 0.95


@pytest.mark.parametrize("make", [polars.DataFrame, pyarrow.table, pandas.DataFrame], ids=["polars", "Arrow", "pandas"])
def test_single_precision_stays(make):
    single = {f"x{i}": X[:, i].astype(np.float32) for i in range(3)}
    model = ts.NetworkRegressor(**QUICK).fit(make(single), X[:, 0])
    assert model.mean_.dtype == np.float32 and model.network_.parameters["dense_1.weight"].dtype == np.float32
    assert model.feature_names_in_.tolist() == ["x0", "x1", "x2"]
    assert model.predict(make(single)).shape == (120,)
    double = ts.NetworkRegressor(**QUICK).fit(
        make({name: column.astype(float) for name, column in single.items()}), X[:, 0]
    )
    assert double.mean_.dtype == np.float64


def test_a_class_without_weight_keeps_its_column():
    weight = (THREE != "b").astype(float)
    model = ts.NetworkClassifier(**QUICK).fit(X, THREE, sample_weight=weight)
    assert model.classes_.tolist() == ["a", "b", "c"] and model.predict_proba(X).shape == (120, 3)
    assert "b" not in model.predict(X)
    early = ts.NetworkClassifier(**QUICK, early_stopping=True).fit(X, THREE, sample_weight=weight)
    assert early.predict_proba(X).shape == (120, 3)


def test_classes_of_one_row_and_early_stopping():
    y = THREE.astype("<U4")
    y[:2] = ["lone", "only"]
    model = ts.NetworkClassifier(**QUICK, early_stopping=True).fit(X, y)
    assert model.classes_.tolist() == ["a", "b", "c", "lone", "only"] and model.score(X, y) > 0.8


def test_weights_are_routed():
    with sklearn.config_context(enable_metadata_routing=True):
        model = ts.NetworkClassifier(**QUICK).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        found = cross_validate(model, X, BITS, cv=3, params={"sample_weight": np.linspace(1, 2, 120)})
    assert found["test_score"].mean() > 0.8


def test_tables_go_through_the_transformer():
    frame = pandas.DataFrame({"size": X[:, 0], "city": RNG.choice(["Ulm", "Bonn", None], 120), "id": range(120)})
    frame.loc[3, "size"] = None
    y = np.where((X[:, 0] > 0) | (frame["city"] == "Ulm"), "yes", "no")
    transformer = ts.TableTransformer().fit(frame)
    assert {name: role.role for name, role in transformer.roles_.items()} == {
        "size": "number",
        "city": "category",
        "id": "identifier",
    }
    features = transformer.transform(frame)
    assert features.dtype == np.float32 and features.shape == (120, len(transformer.get_feature_names_out()))
    assert "city=Ulm" in transformer.get_feature_names_out() and np.isfinite(features).all()
    assert ts.TableTransformer().set_output(transform="pandas").fit_transform(frame).columns[0].startswith("size")
    model = make_pipeline(ts.TableTransformer(roles={"id": "ignore"}), ts.NetworkClassifier(**QUICK))
    assert cross_validate(model, frame, y, cv=3)["test_score"].mean() > 0.8
    assert model.fit(frame, y).predict(frame.iloc[:5][["city", "size", "id"]]).shape == (5,)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: ts.NetworkClassifier(max_iter=3),
            r"NetworkClassifier\(\) has no option 'max_iter'\. Here it is .*'epochs'",
        ),
        (lambda: ts.NetworkRegressor(epoch=3), r"NetworkRegressor\(\) has no option 'epoch'\. Did you mean 'epochs'"),
        (lambda: ts.train_many([], X, thread=2), r"train_many\(\) has no option 'thread'\. Did you mean 'threads'"),
        (lambda: ts.forecast({}, target="y", ds="x"), r"forecast\(\) has no option 'ds'\. Here it is called 'time'"),
    ],
)
def test_an_option_that_there_is_not_names_the_nearest(call, words):
    with pytest.raises(TypeError, match=words):
        call()


def test_weights_are_routed_past_the_preparation_of_a_table():
    """Of rows on y = x and rows on y = -x the heavy ones decide the slope, behind the transformer as without it."""
    up = np.arange(120) % 2 == 0
    frame = pandas.DataFrame({"x": X[:, 0], "city": RNG.choice(["Ulm", "Bonn"], 120)})
    y, weight = np.where(up, X[:, 0], -X[:, 0]), np.where(up, 9.0, 1.0)
    points = pandas.DataFrame({"x": [-1.0, 1.0], "city": ["Ulm", "Ulm"]})
    with sklearn.config_context(enable_metadata_routing=True):
        net = ts.NetworkRegressor(hidden_layer_sizes=(8,), epochs=60, random_state=0).set_fit_request(
            sample_weight=True
        )
        routed = make_pipeline(ts.TableTransformer(), net).fit(frame, y, sample_weight=weight).predict(points)
    plain = make_pipeline(
        ts.TableTransformer(), ts.NetworkRegressor(hidden_layer_sizes=(8,), epochs=60, random_state=0)
    )
    named = plain.fit(frame, y, networkregressor__sample_weight=weight).predict(points)
    assert routed[1] - routed[0] > 0.8 and np.array_equal(routed, named)
