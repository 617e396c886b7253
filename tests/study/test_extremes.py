"""Tables at the ends of what there is: very many columns, levels or classes are handled, or refused in words."""

import numpy as np
import pytest

import thetastar as ts
from thetastar.recipes import boosting
from thetastar.study import problem

DRAW = np.random.default_rng(0)
SMALL = {"candidates": [(4,)], "folds": 1, "effort": 0.05, "answer": "one", "threads": 1, "restarts": 1}


def test_very_many_classes_are_refused():
    count = problem.MOST_CLASSES + 1
    rows = {"x": DRAW.normal(size=3 * count), "kind": [f"class {k % count}" for k in range(3 * count)]}
    words = (
        r"^dict of columns, column 'kind': the target has 1,001 classes, and a study tells at most 1,000 apart: "
        r"boosted trees would grow one for each in every step\. Put rare classes together, or predict a number that "
        r"stands for them\.$"
    )
    with pytest.raises(ts.InputError, match=words):
        ts.fit(rows, "kind", **SMALL)


def test_as_many_classes_as_the_limit_are_told_apart(monkeypatch):
    monkeypatch.setattr(problem, "MOST_CLASSES", 12)
    kinds = np.arange(600) % 12
    rows = {"x": kinds + 0.1 * DRAW.normal(size=600), "kind": [f"class {k}" for k in kinds]}
    assert len(ts.fit(rows, "kind", **SMALL).record.test.labels) == 12


def test_a_category_of_very_many_levels_is_hashed():
    who = DRAW.integers(0, 15_000, 20_000)
    x = DRAW.normal(size=20_000)
    table = {"who": [f"user {k}" for k in who], "x": x, "y": 2 * x}
    model = ts.fit(table, "y", roles={"who": "category"}, **SMALL)
    assert model.preparation.feature_count < 120 and model.score["r2"] > 0.9


def test_a_table_of_very_many_columns(monkeypatch):
    monkeypatch.setattr(boosting, "_WIDE", 100)
    assert boosting.boosting_arguments((500, 1_000), 1, 0, {}, None)["max_iter"] == 50
    assert boosting.boosting_arguments((500, 100), 1, 0, {}, None)["max_iter"] == 400
    table = {f"x{k}": DRAW.normal(size=150) for k in range(400)}
    table["y"] = 3 * table["x7"]
    model = ts.fit(table, "y", **SMALL)
    assert model.preparation.feature_count == 400
    assert model.predict(table).shape == (150,)
