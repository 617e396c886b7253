"""What drives an answer: importance and attributions against slow loops, closed forms and numerical slopes."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import thetastar as ts
from thetastar.explain import attribute, importance, neighbours, slices, worst_rows

from .conftest import shop

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(300, 4)).astype(np.float32)
NET = ts.Network(
    [ts.Dense(8, activation="silu"), ts.Dense(8, activation="tanh"), ts.Dense(2)], input_shape=(4,)
).initialized(1)
DOUBLE = NET.with_parameters({name: array.astype(float) for name, array in NET.parameters.items()})


def test_importance_of_a_linear_network_has_a_closed_form():
    """E (w_j (x_j - x_k))² = 2 w_j² var(x_j), on top of the error that is there."""
    net = ts.Network([ts.Dense(1)], input_shape=(4,)).with_parameters(
        {"dense_1.weight": [[3.0], [-2.0], [0.0], [1.0]], "dense_1.bias": [0.0]}
    )
    X = RNG.normal(size=(4000, 4))
    y = X @ [3, -2, 0, 1] + RNG.normal(0, 0.5, 4000)
    found = importance(net, X, y, loss="mse", repeats=3)
    assert found.names == ("x1", "x2", "x4", "x3")
    expected = 2 * np.array([3, -2, 1, 0]) ** 2 * X[:, [0, 1, 3, 2]].var(axis=0)
    assert_allclose(found.values, expected, rtol=0.1, atol=1e-9)
    assert (
        (found.low <= expected + 1e-9).all()
        and (found.high >= expected - 1e-9).all()
        and found.score == pytest.approx(0.25, rel=0.1)
    )


def _slow_importance(model, rows, truth, seed, repeats):
    """Column by column through the model's own predict_proba."""
    rng, count = np.random.default_rng(seed), len(truth)

    def cost(table):
        return -np.log(np.clip(model.predict_proba(table)[np.arange(count), truth], 1e-15, 1))

    base, found = cost(rows).mean(), {}
    for name in [block.name for block in model.preparation.blocks]:
        shuffled = []
        for _ in range(repeats):
            order = rng.permutation(count)
            shuffled.append(cost(rows | {name: np.asarray(rows[name], object)[order]}))
        found[name] = np.mean(shuffled) - base
    return found


def test_a_models_importance_is_that_of_the_slow_loop(buyer):
    rows = shop(200, seed=5)
    truth = (rows["buys"] == "yes").astype(int)
    found = importance(buyer, rows, seed=4, repeats=2)
    slow = _slow_importance(buyer, rows, truth, 4, 2)
    for name, value in zip(found.names, found.values, strict=True):
        assert value == pytest.approx(slow[name], rel=1e-5, abs=1e-7)
    assert set(found.names[:2]) == {"pay", "job"} and found.low[-1] < 0.02
    assert "log_loss" in str(found) and found.charts()[0]["categories"] == list(found.names)
    assert importance(buyer, rows, measure="accuracy").values[0] > 0.05


def test_columns_of_a_group_are_shuffled_together(pricer):
    model, rows = pricer
    twice = importance(model, rows, groups={"size": ["area", "rooms"]})
    assert twice.names[0] == "size" and twice.groups[0] == ("area", "rooms") and "area" not in twice.names
    assert twice.measure == "rmse" and importance(model, rows, measure="mae", rows=50).rows == 50


def test_an_answer_of_several_networks_is_asked_as_a_whole(buyer):
    """Anything that predicts as a model does is measured by its own predictions, not by one of its networks."""

    class Mean:
        def __init__(self, model):
            self._model = model

        def __getattr__(self, name):
            return getattr(self._model, name)

        def predict_proba(self, data):
            return 0.5 * self._model.predict_proba(data) + 0.25

    rows = shop(100, seed=6)
    half, whole = importance(Mean(buyer), rows, measure="log_loss"), importance(buyer, rows)
    assert half.score > whole.score and half.values[0] < whole.values[0]


@pytest.mark.parametrize("activation", ["identity", "relu", "tanh"])
def test_attributions_add_up_and_are_exact_for_lines(activation):
    net = ts.Network([ts.Dense(1, activation=activation)], input_shape=(3,)).with_parameters(
        {"dense_1.weight": [[2.0], [-1.0], [0.5]], "dense_1.bias": [0.1]}
    )
    X = RNG.normal(size=(20, 3))
    found = attribute(net, X, baseline=[0.1, 0.2, 0.3])
    assert np.abs(found.gap).max() <= 0.01 * np.append(found.scores, found.baseline).std() or found.steps >= 256
    assert_allclose(found.baseline + found.values.sum(axis=1) + found.gap, found.scores, atol=1e-6)
    if activation == "identity":
        assert_allclose(found.values, (X - [0.1, 0.2, 0.3]) * [2, -1, 0.5], atol=1e-6)


def test_the_engines_slopes_are_numerical_ones():
    from thetastar.explain.attribute import input_gradients

    one = np.ones(1)
    for of in (0, 1):
        seed = np.eye(2)[of]
        slopes = input_gradients(DOUBLE, ROWS[:5].astype(float), np.zeros(4), one, one, seed, 1)
        for i in range(4):
            move = 1e-6 * np.eye(4)[i]
            there, back = (DOUBLE.predict(ROWS[:5].astype(float) + side * move)[:, of] for side in (1, -1))
            assert_allclose(slopes[:, i], (there - back) / 2e-6, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    "layers, shape",
    [
        ([ts.Conv2D(3, 3, activation="relu", padding="same"), ts.MaxPool2D(2), ts.Flatten(), ts.Dense(1)], (6, 6, 2)),
        ([ts.LSTM(4, return_sequences=True), ts.GRU(3), ts.Dense(1)], (5, 2)),
        ([ts.Dense(6), ts.BatchNorm(), ts.Activation("silu"), ts.LayerNorm(), ts.Dense(1)], (4,)),
        ([ts.Residual([ts.Dense(4, activation="tanh")]), ts.Dense(1)], (4,)),
    ],
    ids=["convolution", "recurrent", "norm", "residual"],
)
def test_slopes_of_every_kind_of_layer(layers, shape):
    from thetastar.explain.attribute import input_gradients

    net = ts.Network(layers, input_shape=shape).initialized(0)
    net = net.with_parameters({name: array.astype(float) for name, array in net.parameters.items()})
    size, one = int(np.prod(shape)), np.ones(1)
    X = RNG.normal(size=(70, size))  # more than one chunk of the engine
    slopes = input_gradients(net, X, np.zeros(size), one, one, one, 2)
    direction = RNG.normal(size=(70, size)) * 1e-6
    there, back = (net.predict((X + side * direction).reshape(70, *shape)).ravel() for side in (1, -1))
    assert_allclose((slopes * direction).sum(axis=1), (there - back) / 2, rtol=1e-4, atol=1e-11)
    assert np.array_equal(slopes, input_gradients(net, X, np.zeros(size), one, one, one, 1))


def test_integrated_gradients_are_the_sum_along_the_way():
    """The midpoint rule with very many places, by numerical slopes, is the slow reference."""
    found = attribute(DOUBLE, ROWS[:6], output=1, steps=64)
    places = (np.arange(400) + 0.5) / 400
    for row in range(6):
        x = ROWS[row].astype(float)
        way = places[:, None] * x
        slopes = np.stack(
            [(DOUBLE.predict(way + 1e-6 * e)[:, 1] - DOUBLE.predict(way - 1e-6 * e)[:, 1]) / 2e-6 for e in np.eye(4)],
            axis=1,
        )
        assert_allclose(found.values[row], slopes.mean(axis=0) * x, rtol=1e-4, atol=1e-6)


def test_every_pixel_has_its_share():
    net = ts.Network(
        [ts.Conv2D(3, 3, activation="relu"), ts.Flatten(), ts.Dense(2)], input_shape=(5, 5, 1)
    ).initialized(0)
    images = RNG.uniform(size=(4, 5, 5, 1))
    found = attribute(net, images, tolerance=1e-3)
    assert found.features.shape == (4, 5, 5, 1) and found.charts()[0]["kind"] == "multiples"
    assert_allclose(found.features.sum(axis=(1, 2, 3)) + found.baseline + found.gap, found.scores, atol=1e-6)


def test_a_models_attributions_are_in_its_targets_unit(pricer, buyer):
    model, rows = pricer
    found = attribute(model, rows)
    assert_allclose(found.scores, model.predict(rows), rtol=1e-5)
    assert_allclose(found.baseline + found.values.sum(axis=1), found.scores, atol=0.02 * found.scores.std())
    assert found.names == ("area", "rooms", "colour") and np.abs(found.values).mean(axis=0).argmax() == 0
    assert "area = " in str(found) and len(found.charts()) == 4
    yes, no = attribute(buyer, shop(50)), attribute(buyer, shop(50), output="no")
    assert_allclose(yes.values, -no.values, atol=1e-6)
    assert yes.what == "score of yes" and (yes.scores > 0).tolist() == (buyer.predict(shop(50)) == "yes").tolist()
    base = attribute(buyer, shop(20), baseline={name: values[:1] for name, values in shop(20).items()})
    assert base.values[0] == pytest.approx(0, abs=1e-6)


def test_numbers_that_are_cut_into_pieces_are_one_column():
    rng = np.random.default_rng(0)
    rows = {"a": rng.normal(size=300), "b": rng.uniform(size=300), "c": rng.choice(["u", "v"], 300)}
    rows["y"] = np.floor(2 * rows["a"]) + (rows["c"] == "u") + 0.1 * rows["b"]
    settings = {"task": "regression", "effort": 1, "threads": 1}
    model = ts.fit(rows, "y", candidates=[ts.Candidate(hidden=(16,), pieces=8)], **settings)
    assert model.preparation.feature_count > 8
    found = attribute(model, rows)
    assert found.names == ("a", "b", "c") and np.abs(found.values).mean(axis=0).argmax() == 0
    assert_allclose(found.values.sum(axis=1), found.features.sum(axis=1), atol=1e-9)
    shuffled = importance(model, rows, seed=2, repeats=1)
    order = np.random.default_rng(2).permutation(300)
    changed = model.predict(rows | {"a": rows["a"][order]})
    rise = np.sqrt(((changed - rows["y"]) ** 2).mean()) - np.sqrt(((model.predict(rows) - rows["y"]) ** 2).mean())
    assert shuffled.names[0] == "a" and shuffled.values[0] == pytest.approx(rise, rel=1e-4)


def test_nearest_rows_are_those_of_the_slow_search(buyer):
    found = neighbours(NET, ROWS[:9] + 0.1, ROWS, count=4)
    far = np.linalg.norm(ROWS[:9, None] + 0.1 - ROWS[None], axis=2)
    assert np.array_equal(found.indices, np.argsort(far, axis=1)[:, :4])
    assert_allclose(found.distances, np.sort(far, axis=1)[:, :4], rtol=1e-4)
    hidden = neighbours(NET, ROWS[:3], ROWS, layer="dense_1", count=1)
    assert hidden.indices.ravel().tolist() == [0, 1, 2] and hidden.where == "dense_1"
    rows = shop(60)
    found = neighbours(buyer, rows, rows, count=2)
    assert found.targets[:, 0].tolist() == rows["buys"].tolist() and "target" in str(found)


def test_the_worst_rows_cost_most(buyer, pricer):
    model, rows = pricer
    found = worst_rows(model, rows, count=5)
    errors = (model.predict(rows) - rows["price"]) ** 2
    assert found.indices.tolist() == np.argsort(-errors, kind="stable")[:5].tolist()
    assert_allclose(found.costs, np.sort(errors)[::-1][:5], rtol=1e-6)
    assert (
        found.measure == "squared error" and found.mean == pytest.approx(errors.mean()) and "price" not in found.columns
    )
    classes = worst_rows(buyer, shop(), count=3)
    assert all(a != b for a, b in zip(classes.truth, classes.answers, strict=True)) and "job" in str(classes)


def test_slices_find_the_kind_of_row_that_is_answered_badly():
    rng = np.random.default_rng(3)
    X = np.column_stack([rng.integers(0, 3, 900), rng.integers(0, 2, 900), rng.normal(size=900)])
    y = np.where((X[:, 0] == 2) & (X[:, 1] == 1), 5.0, 0.0) + rng.normal(0, 0.1, 900)
    net = ts.Network([ts.Dense(1)], input_shape=(3,)).with_parameters(
        {"dense_1.weight": [[0.0]] * 3, "dense_1.bias": [0.0]}
    )
    found = slices(net, X, y, loss="mse", names=["kind", "side", "size"])
    assert str(found.slices[0]) == "kind 2 and side 1"
    own = (X[:, 0] == 2) & (X[:, 1] == 1)
    assert found.slices[0].indices.tolist() == np.flatnonzero(own).tolist()
    assert found.slices[0].cost == pytest.approx((y[own] ** 2).mean(), rel=1e-5) and found.slices[0].low > found.mean
    alone = slices(net, X, y, loss="mse", names=["kind", "side", "size"], depth=1)
    assert str(alone.slices[0]) in ("kind 2", "side 1") and alone.charts()


def test_with_noise_alone_no_kind_is_surely_worse():
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(800, 6)), rng.normal(size=800)
    net = ts.Network([ts.Dense(1)], input_shape=(6,)).with_parameters(
        {"dense_1.weight": [[0.0]] * 6, "dense_1.bias": [0.0]}
    )
    assert all(one.low < found.mean for found in [slices(net, X, y, loss="mse")] for one in found.slices)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda b: importance(NET, ROWS, np.zeros(300)), "a network needs its loss"),
        (lambda b: importance(NET, ROWS, loss="mse"), "needs the rows' targets. Got y=None"),
        (lambda b: importance(NET, ROWS, np.zeros(3), loss="mse"), "one target for each of 300 rows. Got 3"),
        (lambda b: importance(NET, ROWS, ROWS[:, :2], loss="triplet_margin"), "must be of single predictions"),
        (lambda b: importance(NET, ROWS[:1], ROWS[:1, :2], loss="mse"), "at least two rows"),
        (lambda b: importance(b, shop(), loss="mse"), "a model has a measure, not a loss"),
        (lambda b: importance(b, shop(), measure="rmse"), "there is no measure 'rmse'"),
        (lambda b: importance(b, shop(), [1]), "a model's rows hold their targets. Got y too"),
        (lambda b: importance(b, {k: v for k, v in shop().items() if k != "buys"}), "must hold the target 'buys'"),
        (lambda b: importance(b, shop(), groups={"a": ["pay"], "b": ["pay"]}), "in one group at most"),
        (lambda b: importance(b, shop(), groups={"a": ["pay", "salary"]}), "there is no column 'salary'"),
        (lambda b: importance(b, shop(), level=1.0), "level must be a finite number above 0 and below 1"),
        (lambda b: attribute(NET, ROWS, baseline=[1.0]), "baseline must be 4 finite numbers"),
        (lambda b: attribute(NET, ROWS, output="y3"), "output must be one of y1, y2"),
        (lambda b: attribute(b, shop(), baseline=shop()), "baseline must be one row. Got 400"),
        (lambda b: attribute(b, shop(), network=3), "network must be an index from 0 to 0"),
        (lambda b: neighbours(NET, ROWS, ROWS, layer="dense_8"), "layer must be one of"),
    ],
)
def test_refusals(call, words, buyer):
    with pytest.raises(ts.InputError) as refused:
        call(buyer)
    assert words in str(refused.value)
