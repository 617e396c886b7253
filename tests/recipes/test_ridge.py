"""Ridge regression is scikit-learn's, to twelve digits, in little memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from sklearn.linear_model import RidgeCV

from thetastar.recipes import ridge as room
from thetastar.recipes.ridge import ridge

PENALTIES = np.logspace(-3, 3, 7)


def table(rows: int, columns: int, noise: float, *, alike: bool = False) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(rows + columns)
    inputs = draw.normal(2.0, 1.5, size=(rows, columns)).astype(np.float32)
    if alike:  # one column is another, and levels of a category that add up to one
        inputs[:, 1] = inputs[:, 0]
        inputs[:, 2:5] = np.eye(3)[draw.integers(0, 3, rows)]
    return inputs, inputs @ draw.normal(size=columns) + noise * draw.normal(size=rows) + 7.0


@pytest.mark.parametrize("weighed", [False, True])
@pytest.mark.parametrize(
    ("rows", "columns", "noise", "alike"),
    [(200, 5, 0.1, False), (200, 5, 30.0, True), (60, 50, 3.0, False), (40, 40, 1.0, False), (3000, 8, 0.0, True)],
)
def test_it_is_that_of_scikit_learn(rows, columns, noise, alike, weighed, monkeypatch):
    monkeypatch.setattr(room, "ROWS_AT_ONCE", 37)
    inputs, target = table(rows, columns, noise, alike=alike)
    weights = np.random.default_rng(1).uniform(0.2, 3.0, rows) if weighed else None
    weight, constant, penalty = ridge(inputs, target, PENALTIES, weights)
    theirs = RidgeCV(alphas=PENALTIES).fit(inputs.astype(np.float64), target, weights)
    assert penalty == theirs.alpha_
    np.testing.assert_allclose(weight, theirs.coef_, rtol=1e-7, atol=1e-9)
    assert constant == pytest.approx(theirs.intercept_, rel=1e-7)


def test_leave_one_out_is_what_its_name_says():
    inputs, target = table(30, 4, 5.0)
    errors = []
    for penalty in PENALTIES:
        wrong = 0.0
        for row in range(30):
            rest = np.delete(np.arange(30), row)
            weight, constant, _ = ridge(inputs[rest], target[rest], np.array([penalty]))
            wrong += (target[row] - inputs[row] @ weight - constant) ** 2
        errors.append(wrong)
    assert ridge(inputs, target, PENALTIES)[2] == PENALTIES[int(np.argmin(errors))]


def test_it_takes_little_memory():
    inputs, target = table(60_000, 20, 1.0)
    tracemalloc.start()
    ridge(inputs, target, PENALTIES)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 0.8 * inputs.nbytes  # three copies in double precision would be six times as much
