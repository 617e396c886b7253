"""The tables that come with scikit-learn."""

from __future__ import annotations

import pytest

from thetastar.datasets import NAMES, load
from thetastar.errors import InputError


@pytest.mark.parametrize(
    ("name", "rows", "columns", "target", "classes"),
    [
        ("digits", 1797, 65, "digit", 10),
        ("breast_cancer", 569, 31, "diagnosis", 2),
        ("diabetes", 442, 11, "progression", None),
        ("iris", 150, 5, "species", 3),
        ("wine", 178, 14, "cultivar", 3),
    ],
)
def test_load(name, rows, columns, target, classes):
    table, found = load(name)
    assert found == target and list(table)[-1] == target and len(table) == columns
    assert {len(column) for column in table.values()} == {rows}
    assert all(name == name.strip() and " " not in name for name in table)
    if classes:
        assert len(set(table[target].tolist())) == classes


def test_words_are_words():
    assert set(load("breast_cancer")[0]["diagnosis"]) == {"malignant", "benign"}


def test_an_unknown_name_gets_the_nearest():
    with pytest.raises(InputError, match=r"there is no table 'digts'\. Did you mean 'digits'"):
        load("digts")
    with pytest.raises(InputError, match=f"Known: {', '.join(NAMES)}"):
        load("zzzz")
