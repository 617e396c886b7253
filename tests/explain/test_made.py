"""Data made by a rule: the truth tables, the shapes' own equations, and what is refused."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import thetastar as ts

make = ts.datasets.make


@pytest.mark.parametrize("name, table", [("and", [0, 0, 0, 1]), ("or", [0, 1, 1, 1]), ("xor", [0, 1, 1, 0])])
def test_the_four_corners(name, table):
    X, y = make(name, noise=0, arrays=True)
    assert X.tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]] and y.tolist() == table
    columns, target = make(name, rows=400, noise=0.05)
    corner = np.column_stack([columns["x1"], columns["x2"]]).round()
    assert (columns[target] == np.array(table)[(2 * corner[:, 0] + corner[:, 1]).astype(int)]).all()
    assert np.std(columns["x1"] - corner[:, 0]) == pytest.approx(0.05, rel=0.2)


def test_the_playgrounds_shapes():
    X, y = make("circle", arrays=True)
    radius = np.hypot(*X.T)
    assert (radius[y == 1] <= 2.5).all() and (radius[y == 0] >= 3.5 - 1e-6).all() and y.mean() == 0.5
    X, y = make("quadrants", arrays=True)
    assert ((X[:, 0] * X[:, 1] > 0) == (y == 1)).all() and np.abs(X).min() >= 0.3
    X, y = make("gaussians", rows=2000, noise=0.5, arrays=True)
    assert_allclose(X[y == 1].mean(axis=0), 2, atol=0.1)
    assert X[y == 0].std(axis=0) == pytest.approx([0.5, 0.5], rel=0.1)
    X, y = make("spiral", arrays=True)
    angle, along = np.arctan2(X[:, 0], X[:, 1]), np.hypot(*X.T) / 5
    turned = 1.75 * 2 * np.pi * along + np.where(y == 1, 0, np.pi)
    inner = along > 0
    assert_allclose(np.cos(angle - turned)[inner], 1, atol=1e-5)
    X, y = make("moons", arrays=True)
    assert_allclose(np.hypot(*X[y == 0].T), 1, atol=1e-6)
    assert_allclose(np.hypot(X[y == 1, 0] - 1, X[y == 1, 1] - 0.5), 1, atol=1e-6)
    X, y = make("plane", arrays=True)
    assert_allclose(y, X.sum(axis=1) / 10, atol=1e-6)
    X, y = make("hills", rows=3000, arrays=True)
    assert np.abs(y).max() <= 1 and y[np.hypot(X[:, 0], X[:, 1] - 2.5).argmin()] < -0.8


def test_typed_functions_and_classes():
    X, y = make("sin(3x) + x/2", rows=50, arrays=True)
    assert_allclose(y, np.sin(3 * X[:, 0]) + X[:, 0] / 2, atol=1e-6)
    columns, target = make("y > sin(x)", rows=100, domain=(-2, 2))
    assert list(columns) == ["x", "y", "z"] and target == "z"
    assert (columns["z"] == (columns["y"] > np.sin(columns["x"]))).all() and np.abs(columns["x"]).max() <= 2
    noisy = make("0*x", rows=3000, noise=0.5)[0]["y"]
    assert noisy.std() == pytest.approx(0.5, rel=0.05)


@pytest.mark.parametrize("name", [*ts.datasets.MADE, "x^2"])
def test_a_seed_makes_the_same_rows(name):
    one, two, other = (make(name, noise=0.1, seed=seed, arrays=True)[0] for seed in (1, 1, 2))
    assert np.array_equal(one, two) and not np.array_equal(one, other) and one.dtype == np.float32


def test_a_study_takes_them_as_they_are():
    columns, target = make("gaussians", rows=120)
    model = ts.fit(columns, target, candidates=[(4,)], effort=1, threads=1)
    assert model.score["accuracy"] > 0.9


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"name": "spirl"}, "Did you mean 'spiral'"),
        ({"name": "x"}, "A function has an operation in it"),
        ({"name": 3}, "there is no data set of that name"),
        ({"name": "log(x)"}, "must have a finite value everywhere in -3 … 3"),
        ({"name": "3+4"}, "must have a variable"),
        ({"name": "x+y+z"}, "at most 2 variables"),
        ({"name": "xor", "noise": -1}, "noise must be"),
        ({"name": "xor", "rows": 0}, "rows must be"),
        ({"name": "x^2", "domain": (1, 0)}, "domain must go from low to high"),
        ({"name": "x^2", "domain": 3}, "domain must be (low, high)"),
    ],
)
def test_refusals(arguments, words):
    with pytest.raises(ts.InputError) as refused:
        make(**arguments)
    assert words in str(refused.value)
