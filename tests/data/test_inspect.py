"""What the report shows of the data, and what it warns of."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from thetastar.data import (
    Preparation,
    Target,
    columns_record,
    distribution,
    infer_roles,
    read_table,
    suspect_columns,
)

ROWS = 400


def random(key):
    return np.random.Generator(np.random.Philox(key=key))


NOISE = random(1).normal(size=(ROWS, 6)).round(6)
CLASSES = random(2).integers(0, 2, ROWS)


def suspicions(columns, target="y"):
    table = read_table(columns)
    return suspect_columns(table, Target.fit(table, target), infer_roles(table, target))


# --- records ----------------------------------------------------------------------------------------------------------


def test_the_distribution_of_a_quantity_is_a_histogram():
    table = read_table({"y": NOISE[:, 0]})
    found = distribution(table, Target.fit(table, "y"))
    assert found["kind"] == "histogram"
    assert sum(found["counts"]) == ROWS
    assert len(found["edges"]) == len(found["counts"]) + 1
    json.dumps(found)


def test_the_distribution_of_classes_is_their_counts():
    table = read_table({"y": ["b", "a", "b"] * 9})
    found = distribution(table, Target.fit(table, "y"))
    assert found == {"kind": "classes", "labels": ["b", "a"], "counts": [18, 9]}


def test_the_record_of_columns():
    table = read_table({"a": ["x", "y", None] * 9, "k": [7] * 27, "y": NOISE[:27, 0], "t": ["long " * 20] * 26 + ["b"]})
    roles = infer_roles(table, "y")
    record = columns_record(table, roles, Preparation.fit(table, np.arange(27), roles))
    assert record[0] == {
        "name": "a",
        "role": "category",
        "reason": "2 different texts in 18 known values.",
        "missing": 9,
        "distinct": 2,
        "overridden": False,
        "examples": ["x", "y"],
        "features": 4,
        "low": None,
        "high": None,
    }
    assert (record[1]["role"], record[1]["features"]) == ("constant", 0)
    assert len(record[2]["examples"][0]) == 40
    json.dumps(record)


# --- columns that give the target away --------------------------------------------------------------------------------


def test_honest_columns_raise_no_suspicion():
    columns = {f"x{i}": NOISE[:, i] for i in range(3)}
    assert suspicions({**columns, "y": NOISE[:, 0] + NOISE[:, 3]}) == []
    assert suspicions({**columns, "y": CLASSES}) == []


def test_a_word_that_says_the_class():
    (sentence,) = suspicions({"x": NOISE[:, 0], "alive": np.where(CLASSES, "yes", "no"), "y": CLASSES})
    assert sentence == (
        "'alive' gives the target 'y' away: alone it says the class in 100.0% of the rows. If it is not known when a "
        "prediction is made, leave it out (role 'ignore')."
    )


def test_a_number_that_says_the_class():
    (sentence,) = suspicions({"x": NOISE[:, 0], "score": CLASSES * 10 + NOISE[:, 1], "y": CLASSES})
    assert sentence.startswith("'score' gives the target 'y' away: alone it says the class")


def test_a_rare_class_is_not_given_away_by_the_majority():
    assert not any("away" in sentence for sentence in suspicions({"x": NOISE[:, 0], "y": [0] * 395 + [1] * 5}))


@pytest.mark.parametrize("copy", [lambda y: 3 * y + 1, lambda y: -y])
def test_a_straight_copy_of_a_quantity(copy):
    sentences = suspicions({"x": NOISE[:, 0], "copy": copy(NOISE[:, 1]), "y": NOISE[:, 1]})
    assert any(
        "'copy' gives the target 'y' away: it follows the target in a straight line" in text for text in sentences
    )


def test_a_bent_copy_of_a_quantity():
    y = np.linspace(-2, 2, ROWS)[random(3).permutation(ROWS)]
    (sentence,) = suspicions({"x": NOISE[:, 0], "copy": np.exp(3 * y), "y": y})
    assert "'copy' gives the target 'y' away: it rises or falls with the target (rank correlation 1.0000)" in sentence
    # A strong column without proof is no accusation: `study/leaks.py` says what it carries.
    assert suspicions({"x": NOISE[:, 0], "side": np.where(y > 0, y - 5, y), "y": y}) == []


def test_two_columns_that_add_up_to_the_target():
    a, b, x = np.round(NOISE[:, 0] * 100), np.round(NOISE[:, 1] * 100), {"x": NOISE[:, 2]}
    assert any(
        "'a' + 'b' equals the target 'y' in every row" in text for text in suspicions({**x, "a": a, "b": b, "y": a + b})
    )
    assert any(
        "'b' - 'a' equals the target 'y' in every row" in text for text in suspicions({**x, "a": a, "b": b, "y": b - a})
    )
    nearly = a + b + (np.arange(ROWS) == 399)
    assert "'a' + 'b' is nearly the target 'y' (what is left" in suspicions({**x, "a": a, "b": b, "y": nearly})[0]
    assert suspicions({**x, "a": a, "b": b, "y": a + b + 20 * NOISE[:, 3]}) == []


# --- rows and codes ---------------------------------------------------------------------------------------------------


def test_columns_that_say_the_same_in_other_words():
    levels = random(3).integers(1, 4, ROWS)
    words = np.array(["First", "Second", "Third"])[levels - 1]
    sentences = suspicions({"pclass": levels, "class": words, "x": NOISE[:, 0], "y": NOISE[:, 1]})
    assert sentences == ["'pclass' and 'class' say the same in other words; one of them would do."]


def test_repeated_rows_are_counted():
    x, y = NOISE[:, 0].copy(), NOISE[:, 1].copy()
    x[1], y[1] = x[0], y[0]
    assert suspicions({"x": x, "y": y})[0].startswith("1 row is an exact copy of another row; copies may stand")
    x[2], y[2] = x[0], y[0]
    assert suspicions({"x": x, "y": y})[0].startswith("2 rows (0.5%) are exact copies of another row")


def test_very_uneven_classes():
    few, uneven, _ = suspicions({"x": NOISE[:, 0], "y": ["b"] * 5 + ["a"] * 395})
    assert few == "The class 'b' has fewer than 10 rows; its score is a matter of chance."
    assert uneven.startswith("98.8% of the rows are 'a': always saying so would be right as often. Look at balanced")
    few = suspicions({"x": NOISE[:, 0], "y": ["b", "c"] * 5 + ["a"] * 200 + ["d"] * 190})[0]
    assert few.startswith("The classes 'b', 'c' have fewer than 10 rows")


def test_rows_sorted_by_class():
    sentences = suspicions({"x": NOISE[:, 0], "y": np.sort(CLASSES)})
    assert sentences == ["The rows are sorted by 'y'; they are shuffled before the split."]
    sentences = suspicions({"x": NOISE[:, 0], "z": NOISE[:, 2], "y": np.sort(NOISE[:, 1])[::-1]})
    assert sentences == ["The rows are sorted by 'y'; they are shuffled before the split."]


def test_rows_in_the_order_of_a_date():
    days = (np.datetime64("2020-01-01") + np.arange(ROWS)).astype(str)
    assert suspicions({"day": days, "y": NOISE[:, 0]})[0].startswith("The rows stand in the order of 'day'.")
    assert suspicions({"day": random(4).permutation(days), "y": NOISE[:, 0]}) == []


def test_a_far_value_that_is_a_code():
    x = np.round(np.abs(NOISE[:, 0]) * 100)
    x[:5] = 99999
    (sentence,) = suspicions({"x": x, "y": NOISE[:, 1]})
    assert sentence.startswith("'x' holds 99999 in 5 rows, far above the rest (up to ")


def test_the_target_may_be_given_by_name():
    table = read_table({"x": NOISE[:, 0], "y": NOISE[:, 1]})
    assert suspect_columns(table, "y", infer_roles(table, "y")) == []


def test_independent_numbers_do_not_say_the_same():
    random = np.random.default_rng(0)
    table = read_table({**{name: random.normal(size=120) for name in "abcd"}, "y": random.normal(size=120)})
    assert not [s for s in suspect_columns(table, "y", infer_roles(table, "y")) if "same in other words" in s]


def test_codes_of_one_another_are_found_among_many_columns():
    random = np.random.default_rng(0)
    level = random.integers(0, 6, 120)
    codes = {f"c{i}": np.array([f"{i}-{v}" for v in random.permutation(6)])[level] for i in range(40)}
    gap = np.where(level == 3, None, codes["c0"])
    table = read_table({**codes, "gap": gap, "y": random.normal(size=120)})
    sentences = [s for s in suspect_columns(table, "y", infer_roles(table, "y")) if "gives the target" not in s]
    assert len(sentences) == 21
    assert sentences[0] == "'c0' and 'c1' say the same in other words; one of them would do."
    assert sentences[-1] == "So do 20 more columns."  # an empty cell is a code too


def test_ten_thousand_columns_are_looked_at_once_each():
    random = np.random.default_rng(0)
    table = read_table({**{f"c{i}": random.integers(0, 9, 60) for i in range(10_000)}, "y": random.normal(size=60)})
    roles = infer_roles(table, "y")
    before = time.process_time()
    assert suspect_columns(table, "y", roles) == []
    assert time.process_time() - before < 30  # a second and a half; by pairs it were hours


def test_a_target_of_close_numbers_far_from_zero_has_a_histogram():
    table = read_table({"y": 1e15 + np.arange(40) / 8})
    assert sum(distribution(table, Target.fit(table, "y"))["counts"]) == 40
