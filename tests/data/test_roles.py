"""Which role a column gets, why, and how a role is overridden."""

from __future__ import annotations

import numpy as np
import pytest

from thetastar.data import infer_roles, read_table
from thetastar.errors import InputError

ROWS = 60
WORDS = [f"word{i % 7}" for i in range(ROWS)]
DAYS = [f"2020-01-{1 + i % 28:02d}" for i in range(ROWS)]


def role_of(cells, name="column", overrides=None):
    """The role of one column beside a target."""
    table = read_table({name: cells, "y": list(range(len(cells)))})
    return infer_roles(table, "y", overrides)[name]


EXPECTED = {
    "numbers": ([i * 0.5 for i in range(ROWS)], "number", "Every known value is a number (60 different ones)."),
    "numbers with strays": ([str(i) for i in range(ROWS - 1)] + ["unknown"], "number", "'unknown' counts as missing."),
    "numbers in quotes": ([f"'{i % 9}.5'" for i in range(ROWS)], "number", "Every known value is a number."),
    "words": (WORDS, "category", "7 different texts in 60 known values."),
    "codes with leading zeros": ([f"{i % 9:05d}" for i in range(ROWS)], "category", "leading zeros are codes"),
    "zeros and ones": ([i % 2 for i in range(ROWS)], "boolean", "Only 0 and 1 occur."),
    "rare ones": ([int(i == ROWS - 1) for i in range(ROWS)], "boolean", "Only 0 and 1 occur."),
    "booleans": ([i % 2 == 0 for i in range(ROWS)], "boolean", "Only 'False' and 'True' occur, which mean yes and no."),
    "yes and no": (["Yes", "no", "YES"] * 20, "boolean", "Only 'YES' and 'Yes' and 'no' occur, which mean yes and no."),
    "on and off": (["on", "off"] * 30, "boolean", "which mean yes and no"),
    "t and f": (["t", "f"] * 30, "boolean", "which mean yes and no"),
    "only yes": (["yes"] * ROWS, "constant", "Every row says 'yes', so there is nothing to learn from it."),
    "one word or nothing": (["x", None] * 30, "category", "1 different text in 30 known values."),
    "nothing": ([None] * ROWS, "constant", "Every cell is empty, so there is nothing to learn from it."),
    "days": (DAYS, "date", "Every known value is a date (year-month-day)."),
    "days in doubt": (["1/2/2020", "3/4/2020"] * 30, "date", "Day and month could be the other way round"),
    "days with strays": ([*DAYS[:-1], "unknown"], "date", "'unknown' counts as missing (1 cell, in "),
    "days as numbers": ([20200101 + i for i in range(28)], "date", "yearmonthday"),
    "a row counter": (list(range(1, ROWS + 1)), "identifier", "It counts the rows"),
    "keys": (
        [f"A-{i * 7919}" for i in range(ROWS)],
        "identifier",
        "60 of 60 known values are different: an identifier.",
    ),
    "names": ([f"Braund, Mr. {i}" for i in range(ROWS)], "text", "60 of 60 known values are different: free text."),
    "long texts": ([f"{'many words ' * 8}{i % 25}" for i in range(200)], "text", "The values are long texts"),
}


@pytest.mark.parametrize(("cells", "role", "reason"), EXPECTED.values(), ids=EXPECTED.keys())
def test_the_role_and_its_reason(cells, role, reason):
    found = role_of(cells)
    assert found.role == role
    assert reason in found.reason


@pytest.mark.parametrize("name", ["id", "customerID", "PassengerId", "user_id", "ID", "Unnamed: 0", "row"])
def test_different_whole_numbers_under_an_identifiers_name(name):
    assert role_of([1000 + 7 * i for i in range(ROWS)], name).role == "identifier"


@pytest.mark.parametrize("name", ["paid", "humid", "grid", "width", "price", "year"])
def test_different_whole_numbers_under_another_name_are_numbers(name):
    assert role_of([1000 + 7 * i for i in range(ROWS)], name).role == "number"


def test_few_different_words_under_an_identifiers_name():
    assert role_of([f"k{i}" for i in range(12)], "key").role == "identifier"


def test_missing_and_distinct_are_counted():
    role = role_of(["a", "b", None, "a"])
    assert (role.missing, role.distinct, role.overridden, role.used) == (1, 2, False, True)


def test_a_copy_of_an_earlier_column_is_left_out():
    numbers = [i * 0.5 for i in range(ROWS)]
    table = read_table({"a": numbers, "w": WORDS, "b": numbers, "v": WORDS, "y": numbers})
    roles = infer_roles(table, "y")
    assert [role.role for role in roles.values()] == ["number", "category", "duplicate", "duplicate"]
    assert roles["b"].reason == "Every value equals the one in 'a', so it is left out."


def test_columns_that_differ_in_one_place_are_no_copies():
    table = read_table(
        {"a": [1, 2, 3, 2], "b": [1, 2, 3, 1], "v": ["p", "q", "p", "p"], "w": ["p", "q", "q", "p"], "y": [1] * 4}
    )
    assert "duplicate" not in {role.role for role in infer_roles(table, "y").values()}


def test_the_target_has_no_role():
    assert list(infer_roles(read_table({"a": [1, 2], "y": [1, 2]}), "y")) == ["a"]


# --- overrides --------------------------------------------------------------------------------------------------------

OVERRIDES = {
    "number as category": ([10, 20, 30] * 20, "category"),
    "number left out": ([10, 20, 30] * 20, "ignore"),
    "codes as number": ([f"{i % 9:05d}" for i in range(ROWS)], "number"),
    "two words as boolean": (["m", "f"] * 30, "boolean"),
    "two numbers as boolean": ([1, 2] * 30, "boolean"),
    "zeros and ones as number": ([0, 1] * 30, "number"),
    "identifier as category": ([f"A-{i * 7919}" for i in range(ROWS)], "category"),
    "number as date": ([20200101, 20200102] * 5, "date"),
}


@pytest.mark.parametrize(("cells", "role"), OVERRIDES.values(), ids=OVERRIDES.keys())
def test_a_role_can_be_named(cells, role):
    found = role_of(cells, overrides={"column": role})
    assert (found.role, found.overridden, found.reason) == (role, True, "The role was named by you.")


REFUSED = {
    "no such column": (
        {"colum": "ignore"},
        "a role is given for column 'colum', which does not exist. Did you mean 'column'?",
    ),
    "the target": ({"y": "category"}, "a role is given for 'y', which is the target."),
    "no such role": ({"column": "categorical"}, "'categorical' is not a role. The roles are number, category, boolean"),
    "words as number": (
        {"column": "number"},
        "dict of columns, row 0, column 'column': 'word0' is not a number, so the column cannot have the role "
        "'number'. Mend the cell or give the role 'category'.",
    ),
    "words as boolean": (
        {"column": "boolean"},
        "'word0' is not yes or no, so the column cannot have the role 'boolean'.",
    ),
    "words as date": ({"column": "date"}, "'word0' is not a date by the same layout as the others"),
}


@pytest.mark.parametrize(("overrides", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_an_override_that_cannot_be_is_refused(overrides, message):
    with pytest.raises(InputError) as error:
        role_of(WORDS, overrides=overrides)
    assert message in str(error.value)


# --- infinite numbers -------------------------------------------------------------------------------------------------


def test_an_infinite_number_is_named_by_line_and_column(write):
    path = write("size,price\n1,1\ninf,2\n-inf,3\n")
    with pytest.raises(InputError) as error:
        infer_roles(read_table(path), "price")
    assert str(error.value) == (
        "table.csv, line 3, column 'size': the number is infinite (2 such cells). Put a finite number or leave "
        "the cell empty, or leave the column out with the role 'ignore'."
    )
    assert infer_roles(read_table(path), "price", {"size": "ignore"})["size"].role == "ignore"


def test_an_infinite_number_among_unknown_ones_is_found():
    with pytest.raises(InputError, match="row 9, column 'column': the number is infinite"):
        role_of([*map(str, range(9)), "inf", "unknown"])


def test_numbers_beyond_float64_are_infinite_too():
    with pytest.raises(InputError, match="the number is infinite"):
        infer_roles(read_table({"a": np.array([1.0, np.inf]), "y": [1, 2]}), "y")
