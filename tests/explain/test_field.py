"""Fields and warped layers: every place is the answer to that row, averages are the mean of all rows' answers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import thetastar as ts
from thetastar.explain import field, warp
from thetastar.explain.subject import part_of

from .conftest import shop

NET = ts.Network(
    [ts.Dense(4, activation="tanh"), ts.Dense(3, activation="relu"), ts.Dense(2)], input_shape=(3,)
).initialized(0)
ROWS = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)


def test_the_perceptron_as_a_field():
    """Lecture 5: f(x) = x with w = (0.5, 0.1), b = 0.1."""
    net = ts.Network([ts.Dense(1)], input_shape=(2,)).with_parameters(
        {"dense_1.weight": [[0.5], [0.1]], "dense_1.bias": [0.1]}
    )
    seen = field(net, limits=[(-1, 2), (0, 1)], resolution=7)
    assert_allclose(seen.values, 0.5 * seen.across[None, :] + 0.1 * seen.up[:, None] + 0.1, rtol=1e-6)
    assert seen.others == "none" and seen.charts()[0]["kind"] == "heatmap"


@pytest.mark.parametrize("neuron, output", [(None, None), (None, 1), ("dense_1[2]", None), (("dense_2", 0), None)])
def test_other_columns_at_a_row_or_the_median(neuron, output):
    for others, base in ((4, ROWS[4]), ("median", np.median(ROWS, axis=0))):
        seen = field(NET, ("x1", "x3"), ROWS, others=others, neuron=neuron, output=output, resolution=5)
        for j, up in enumerate(seen.up):
            for i, across in enumerate(seen.across):
                row = np.array([[across, base[1], up]])
                layer = {"dense_1[2]": (1, 2), ("dense_2", 0): (2, 0)}.get(neuron, (3, output or 0))
                expected = part_of(NET, 0, layer[0]).predict(row)[0, layer[1]]
                assert seen.values[j, i] == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_an_average_is_the_mean_of_the_single_rows_curves():
    seen = field(NET, "x2", ROWS, others="average", resolution=6)
    assert seen.individual.shape == (30, 6)
    for i, value in enumerate(seen.across):
        rows = ROWS.copy()
        rows[:, 1] = value
        assert_allclose(seen.individual[:, i], NET.predict(rows)[:, 0], rtol=1e-5, atol=1e-6)
    assert_allclose(seen.values, seen.individual.mean(axis=0))
    few = field(NET, "x2", ROWS, others="average", rows=10)
    assert few.individual.shape == (10, 41) and np.array_equal(
        few.values, field(NET, "x2", ROWS, others="average", rows=10).values
    )


def test_a_models_field_is_its_whole_answer(buyer, pricer):
    rows = shop()
    seen = field(buyer, "job", rows, others=3)
    assert set(seen.across) == {"nurse", "pilot", "cook"} and seen.what == "probability of yes"
    for job, value in zip(seen.across, seen.values, strict=True):
        one = {name: [values[3]] for name, values in rows.items()} | {"job": [job]}
        assert value == pytest.approx(buyer.predict_proba(one)[0, 1], rel=1e-6)
    model, houses = pricer
    seen = field(model, ("area", "colour"), houses, others="average", resolution=5)
    assert seen.values.shape == (2, 5)
    changed = houses | {"area": np.full(400, seen.across[2]), "colour": np.full(400, seen.up[1])}
    drawn = np.sort(np.random.default_rng(0).choice(400, 200, replace=False))
    assert seen.values[1, 2] == pytest.approx(model.predict(changed)[drawn].mean(), rel=1e-5)
    assert field(model, "rooms", houses).across.tolist() == [1, 2, 3, 4, 5]
    assert field(buyer, "pay", rows, neuron=(0, 3)).what == "dense_1[3]"
    assert field(buyer, "pay", rows, output="no").values[0] == pytest.approx(1 - field(buyer, "pay", rows).values[0])


def test_xor_is_warped_until_a_line_parts_it():
    """Lecture 2: the hidden layer's points (0, 0), (1, 0), (1, 0), (2, 1), parted by h1 - 2 h2 = ½."""
    net = ts.Network([ts.Dense(2, activation="relu"), ts.Dense(1)], input_shape=(2,)).with_parameters(
        {
            "dense_1.weight": [[1.0, 1.0], [1.0, 1.0]],
            "dense_1.bias": [0.0, -1.0],
            "dense_2.weight": [[1.0], [-2.0]],
            "dense_2.bias": [-0.5],
        }
    )
    X, y = ts.datasets.make("xor", noise=0, arrays=True)
    seen = warp(net, X, y)
    assert seen.points.tolist() == [[0, 0], [1, 0], [1, 0], [2, 1]] and seen.line.tolist() == [1, -2, -0.5]
    assert ((seen.points @ seen.line[:2] + seen.line[2] > 0) == (y == 1)).all()
    assert seen.grid.shape == (22, 61, 2) and "1 h1 + -2 h2 + -0.5 = 0" in str(seen) and seen.charts()[0]["marks"]


def test_wider_layers_are_seen_from_their_main_directions():
    seen = warp(NET, ROWS, layer="dense_1")
    hidden = part_of(NET, 0, 1).predict(ROWS).astype(float)
    lengths = np.linalg.svd(hidden - hidden.mean(axis=0), compute_uv=False)
    assert_allclose((seen.points**2).sum(axis=0), lengths[:2] ** 2, rtol=1e-6)
    assert_allclose(warp(NET, ROWS, layer=0, units=(3, 1)).points, hidden[:, [3, 1]])
    assert seen.grid.size == 0 and len(warp(NET, ROWS, np.arange(30)).targets) == 30


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda b: field(NET, "x9", ROWS), "there is no column 'x9'"),
        (lambda b: field(NET, ("x1", "x1"), ROWS), "the two columns must differ"),
        (lambda b: field(NET, None, ROWS), "columns must be one or two of x1, x2, x3"),
        (lambda b: field(NET, "x1"), "there must be rows, as 2 other columns need values"),
        (lambda b: field(NET, "x1", ROWS, others="mean"), "others must be 'median', 'average' or the number of a row"),
        (lambda b: field(NET, "x1", ROWS, neuron="dense_1"), 'neuron must be like "dense_1[3]"'),
        (lambda b: field(NET, "x1", ROWS, neuron="dense_1[9]"), "has the neurons 0 to 3. Got 9"),
        (lambda b: field(NET, "x1", ROWS, neuron=("dense_7", 0)), "layer must be one of dense_1, dense_2, dense_3"),
        (lambda b: field(NET, "x1", ROWS, output=5), "output must be one of y1, y2"),
        (lambda b: field(NET, "x1", ROWS, limits=(1, 0)), "limits must go from low to high"),
        (lambda b: field(NET, "x1", ROWS, limits=[(0, 1), (0, 1)]), "for each of 1 columns"),
        (lambda b: field(NET, "x1", ROWS, names=["a"]), "one for each of the 3 inputs. Got 1"),
        (lambda b: field(NET, "x1", "rows.csv"), "the rows must be an array (n, 3)"),
        (lambda b: field(b, "pay"), "a model needs rows"),
        (lambda b: field(b, "pya", shop()), "Did you mean 'pay'"),
        (lambda b: warp(NET, ROWS, layer="dense_9"), "layer must be one of"),
        (lambda b: warp(NET, ROWS, units="all"), "units must be two numbers or 'pca'"),
        (lambda b: warp(NET, ROWS, units=(0, 0)), "two different numbers from 0 to 2"),
        (
            lambda b: warp(ts.Network([ts.Dense(1), ts.Dense(1)], input_shape=(3,)).initialized(0), ROWS),
            "two neurons or more",
        ),
        (lambda b: warp(NET, ROWS[:1], units="pca", layer=0), "needs two rows or more"),
    ],
)
def test_refusals(call, words, buyer):
    with pytest.raises(ts.InputError) as refused:
        call(buyer)
    assert words in str(refused.value)
