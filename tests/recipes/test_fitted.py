"""Fitted baselines as plain arrays: scikit-learn's predictions, the same bits from a file, refusals."""

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LogisticRegression, RidgeCV

from thetastar._native import engine
from thetastar.errors import InputError
from thetastar.recipes import baselines_for
from thetastar.recipes.baselines import least_leaf
from thetastar.recipes.fitted import Constant, Linear
from thetastar.recipes.trees import Trees, _not_above, boosted_trees, forest


def data(classes, rows=600):
    """Columns with many equal values among them, so that rows lie on thresholds."""
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(rows, 5)).astype(np.float32)
    inputs[:, 3] = np.round(inputs[:, 3])
    signal = (inputs[:, 0] + inputs[:, 1] * inputs[:, 2] + (inputs[:, 3] > 0)).astype(np.float64)
    return inputs, signal if classes == 0 else np.digitize(signal, np.quantile(signal, np.arange(1, classes) / classes))


def answered(model, inputs, classes):
    return model.predict_proba(inputs) if classes else model.predict(inputs)


def again(fitted):
    state, arrays = fitted.to_state()
    return type(fitted).from_state(state, arrays)


@pytest.mark.parametrize("classes", [0, 2, 4])
def test_boosted_trees_have_scikit_learns_scores_to_the_bit(classes):
    inputs, target = data(classes)
    kind = HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor
    model = kind(max_iter=25).fit(inputs, target)
    trees = boosted_trees(model, classes)
    predicted = trees.predict(inputs)
    if classes == 0:
        assert np.array_equal(predicted, model.predict(inputs))
    else:  # the scores have the same bits; sigmoid and softmax are our own
        assert np.abs(predicted - model.predict_proba(inputs)).max() < 1e-15
    assert np.array_equal(again(trees).predict(inputs), predicted)
    assert np.array_equal(trees.predict(inputs, threads=3), predicted)
    assert np.array_equal(trees.predict(inputs[7:8]), predicted[7:8])


@pytest.mark.parametrize("classes", [0, 2, 4])
def test_a_forest_is_the_mean_of_its_trees(classes):
    inputs, target = data(classes)
    kind = ExtraTreesClassifier if classes else ExtraTreesRegressor
    model = kind(20, min_samples_leaf=3, random_state=0).fit(inputs, target)
    trees = forest(model, classes)
    assert np.abs(trees.predict(inputs) - answered(model, inputs, classes)).max() < 1e-6
    assert np.array_equal(again(trees).predict(inputs), trees.predict(inputs))


def fitted(place, classes):
    task = {0: "regression", 2: "binary"}.get(classes, "multiclass")
    inputs, target = data(classes)
    return baselines_for(task, "accuracy" if classes else "rmse", classes, 0)[place].fit(inputs, target, {})[0], inputs


@pytest.mark.parametrize(("rows", "classes"), [(3_000, 0), (6_000, 2), (4_000, 9)])
def test_a_forest_fits_into_its_bytes(rows, classes):
    """Even of noise, which grows the largest trees."""
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(rows, 4)).astype(np.float32)
    target = generator.integers(0, classes, rows) if classes else generator.normal(size=rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thetastar.recipes.baselines._FOREST_BYTES", 5e5)  # that 3,000 rows may be too many
        baseline = baselines_for("regression" if not classes else "multiclass", "rmse", classes, 0, forest=True)[3]
        trees = baseline.fit(inputs, target, {})[0]
        assert least_leaf(rows, classes) > 1
    size = sum(trees.to_state()[1][name].nbytes for name in ("feature", "threshold", "left", "value"))
    assert size <= 5e5 and trees.trees == 100


def test_leaves_grow_with_the_rows_and_never_shrink():
    sizes = [least_leaf(rows, 0) for rows in (10, 1_000, 10_000, 100_000, 200_000)]
    assert sizes == sorted(sizes) and sizes[0] == 1 and sizes[-1] == 80


def test_trees_that_are_laid_out_some_at_a_time_are_the_same():
    inputs, target = data(3)
    model = ExtraTreesClassifier(20, random_state=0).fit(inputs, target)
    whole = forest(model, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thetastar.recipes.trees._AT_ONCE", 1)
        one_by_one = forest(model, 3)
    for name, array in whole.to_state()[1].items():
        other = one_by_one.to_state()[1][name]
        assert array.dtype == other.dtype and np.array_equal(array, other), name


def test_of_very_many_rows_a_forest_sees_a_sample():
    inputs, target = data(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("thetastar.recipes.baselines._FOREST_ROWS", 50)
        sampled = baselines_for("regression", "rmse", 0, 0, forest=True)[3].fit(inputs, target, {})[0]
    some = np.linspace(0, len(inputs) - 1, 50).astype(int)
    own = baselines_for("regression", "rmse", 0, 0, forest=True)[3].fit(inputs[some], target[some], {})[0]
    assert np.array_equal(sampled.predict(inputs), own.predict(inputs))


def test_little_time_means_few_trees():
    inputs, target = data(2)
    assert baselines_for("binary", "auc", 2, 0, 0.001, forest=True)[3].fit(inputs, target, {})[0].trees == 10
    assert baselines_for("binary", "auc", 2, 0, 9.0, forest=True)[3].fit(inputs, target, {})[0].trees == 100


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_linear_models_predict_as_scikit_learns(classes):
    linear, inputs = fitted(1, classes)
    _, target = data(classes)
    if classes:
        model = LogisticRegression(max_iter=200, tol=1e-3).fit(inputs, target)
    else:
        model = RidgeCV(alphas=np.logspace(-3, 3, 7)).fit(inputs.astype(np.float64), target)
    assert np.abs(linear.predict(inputs) - answered(model, inputs, classes)).max() < 1e-6
    assert np.array_equal(linear.predict(inputs[:1]), linear.predict(inputs)[:1])
    assert np.array_equal(again(linear).predict(inputs), linear.predict(inputs))


def test_a_threshold_in_single_precision_decides_as_the_double_one():
    generator = np.random.default_rng(1)
    thresholds = np.concatenate([generator.normal(size=1000), [0.1, -0.1, 1e-300, np.inf, 3.0]])
    near = thresholds.astype(np.float32)
    for numbers in (near, np.nextafter(near, np.float32(np.inf)), np.nextafter(near, np.float32(-np.inf))):
        assert np.array_equal(numbers > _not_above(thresholds), numbers.astype(np.float64) > thresholds)


STATES = {
    "trees": (fitted(2, 3)[0].to_state(), Trees),
    "linear": (fitted(1, 3)[0].to_state(), Linear),
    "constant": (fitted(0, 3)[0].to_state(), Constant),
}


def put(name, at, value):
    def change(state, arrays):
        arrays[name] = arrays[name].copy()
        arrays[name][at] = value

    return change


@pytest.mark.parametrize(
    ("kind", "change", "message"),
    [
        ("trees", put("left", 0, 0), r"leads back to where it came from"),
        ("trees", put("left", 1, -1), r"leads back to where it came from, or out of its nodes"),
        ("trees", put("left", 0, 10**6), r"out of its nodes"),
        ("trees", put("root", 0, 10**6), r"a tree begins or adds outside"),
        ("trees", put("column", 0, 3), r"a tree begins or adds outside"),
        ("trees", put("value", 0, np.nan), r"its numbers are not finite"),
        ("trees", lambda s, a: a.update(feature=a["feature"].astype(np.int64)), r"its arrays have other forms"),
        ("trees", lambda s, a: a.pop("start"), r"its parts are not those of its kind"),
        ("trees", lambda s, a: s.update(link="exec"), r"its link or its classes are unknown"),
        ("linear", put("present", 0, 2), r"its classes do not fit its scores"),
        ("linear", lambda s, a: s.update(classes=2), r"its classes do not fit its scores"),
        ("linear", lambda s, a: a.update(present=a["present"].astype(float)), r"'present' has another form"),
        ("linear", put("weight", 0, np.inf), r"'weight' has another form"),
        ("constant", lambda s, a: s.update(classes=5), r"'answer' has another form"),
    ],
)  # fmt: skip
def test_damaged_states_are_refused(kind, change, message):
    (state, arrays), made = STATES[kind]
    state, arrays = dict(state), dict(arrays)
    change(state, arrays)
    with pytest.raises(InputError, match=rf"a part of the answer \({kind}\) does not hold: .*{message}"):
        made.from_state(state, arrays)


@pytest.mark.parametrize("kind", STATES)
def test_it_must_fit_the_rows_and_the_target(kind):
    (state, arrays), made = STATES[kind]
    whole = made.from_state(state, arrays)
    whole.check(5, 3)
    with pytest.raises(InputError, match=r"it answers another kind of question"):
        whole.check(5, 2)
    if kind != "constant":
        with pytest.raises(InputError, match=r"asks for the number 4 of rows that have 3|takes rows of 5 numbers, not"):
            whole.check(3, 3)


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"left": np.array([0, 1, 2], np.int32)}, "a child must stand behind its parent"),
        ({"left": np.array([5, 1, 2], np.int32)}, "a child must stand behind its parent"),
        ({"feature": np.array([-1, 0, 0], np.int32)}, "a node asks for a column that there is not"),
        ({"root": np.array([-1], np.int32)}, "a root or a column lies outside"),
        ({"column": np.array([-1], np.int32)}, "a root or a column lies outside"),
        ({"threshold": np.zeros(2, np.float32)}, "must each have one length"),
    ],
)
def test_the_core_is_never_led_astray(change, rule):
    sound = {
        "feature": np.array([0, 0, 0], np.int32), "threshold": np.array([0.5, np.inf, np.inf], np.float32),
        "left": np.array([1, 1, 2], np.int32), "value": np.array([[0.0], [1.0], [2.0]]),
        "root": np.array([0], np.int32), "column": np.array([0], np.int32),
    }  # fmt: skip
    rows, out = np.array([[0.5], [0.6], [np.nan]], np.float32), np.zeros((3, 1))
    engine.Trees(**sound).add(x=rows, out=out, threads=1)
    assert out.ravel().tolist() == [1.0, 2.0, 1.0]
    with pytest.raises(ValueError, match=rule):
        engine.Trees(**{**sound, **change}).add(x=rows, out=out, threads=1)


@pytest.mark.parametrize("trees", [1, 7, 8, 9, 25])
def test_any_number_of_rows_goes_down_any_number_of_trees_to_the_same_bits(trees):
    """Eight rows go through a tree together, and a row alone through eight trees."""
    inputs, target = data(0)
    grown = boosted_trees(HistGradientBoostingRegressor(max_iter=trees).fit(inputs, target), 0)
    rows = np.where(np.random.default_rng(3).random((530, 5)) < 0.1, np.nan, inputs[:530]).astype(np.float32)
    wanted = grown.start + sum(
        grown.value[leaf_of(grown, root, rows)].astype(np.float64) for root in grown.root
    ).ravel()  # fmt: skip
    for size in (1, 2, 7, 8, 9, 15, 256, 257, 530):
        parts = [grown.predict(rows[at : at + size]) for at in range(0, 530, size)]
        assert np.array_equal(np.concatenate(parts), grown.predict(rows)), size
    assert np.abs(grown.predict(rows) - wanted).max() < 1e-12
    assert grown.predict(rows[:0]).shape == (0,)


def leaf_of(trees, root, rows):
    """(n,) the leaf of each row, one step after another."""
    found = []
    for row in rows:
        at = root
        while trees.left[at] != at:
            at = trees.left[at] + int(row[trees.feature[at]] > trees.threshold[at])
        found.append(at)
    return found


def test_rows_too_narrow_and_answers_too_few_are_refused_at_every_call():
    grown = engine.Trees(
        np.array([2, 0, 0], np.int32), np.array([0.5, np.inf, np.inf], np.float32), np.array([1, 1, 2], np.int32),
        np.array([[0.0], [1.0], [2.0]]), np.array([0], np.int32), np.array([1], np.int32),
    )  # fmt: skip
    with pytest.raises(ValueError, match="a node asks for a column that there is not"):
        grown.add(np.zeros((1, 2), np.float32), np.zeros((1, 2)), 1)
    with pytest.raises(ValueError, match="a root or a column lies outside"):
        grown.add(np.zeros((1, 3), np.float32), np.zeros((1, 1)), 1)
    with pytest.raises(ValueError, match="rows and answers must be as many"):
        grown.add(np.zeros((1, 3), np.float32), np.zeros((2, 2)), 1)


@pytest.mark.parametrize("outputs", [1, 3])
def test_a_row_alone_has_the_bits_that_it_has_among_others(outputs):
    generator = np.random.default_rng(0)
    weight, bias = generator.normal(size=(90, outputs)), generator.normal(size=outputs)
    link, classes = ("identity", 0) if outputs == 1 else ("softmax", 3)
    model = Linear(weight, bias, link, np.arange(classes), classes)
    rows = generator.normal(size=(50, 90)).astype(np.float32)
    together = model.predict(rows)
    for size in (1, 7, 16, 17):
        parts = [model.predict(rows[at : at + size]) for at in range(0, 50, size)]
        assert np.array_equal(np.concatenate(parts), together)
