"""The target: finding it, its task, its encoding, and the way back."""

from __future__ import annotations

import json

import numpy as np
import pytest

from thetastar.data import Target, TargetEncoding, drop_missing_target, find_target, read_table
from thetastar.errors import InputError


def fitted(cells, task=None):
    return Target.fit(read_table({"y": cells, "x": [0] * len(cells)}), "y", task)


# --- which column -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["price", "Price", " price ", 1, -1, "1", "-1"])
def test_a_target_is_found_by_name_or_position(name):
    assert find_target(read_table({"size": [1], "price": [2]}), name) == "price"


def test_a_column_named_by_a_number_comes_before_a_position():
    assert find_target(read_table({"1": [1], "0": [2]}), "0") == "0"
    assert find_target(read_table({"1": [1], "0": [2]}), 0) == "1"


def test_a_target_that_does_not_exist_is_refused_with_the_nearest_names():
    table = read_table({"size": [1], "price": [2]})
    with pytest.raises(InputError, match=r"no column 'prize' to take as the target\. Did you mean 'price'"):
        find_target(table, "prize")
    with pytest.raises(InputError, match=r"no column 2 to take as the target\. The 2 columns are numbered 0 to 1\."):
        find_target(table, 2)
    with pytest.raises(InputError, match="The file has no header; name the column by its position from 0"):
        find_target(read_table(np.zeros((2, 2))), "price")


# --- which task -------------------------------------------------------------------------------------------------------

TASKS = {
    "two words": (["a", "b"] * 20, "binary"),
    "booleans": ([True, False] * 20, "binary"),
    "three words": (["a", "b", "c"] * 20, "multiclass"),
    "0 and 1": ([0, 1] * 20, "binary"),
    "1 and 2": ([1, 2] * 20, "binary"),
    "-1 and 1": ([-1.0, 1.0] * 20, "binary"),
    "-1, 0 and 1": ([-1, 0, 1] * 20, "multiclass"),
    "1 to 7": ([1, 2, 3, 4, 5, 6, 7] * 20, "multiclass"),
    "1 to 7 without 4": ([1, 2, 3, 5, 6, 7] * 20, "multiclass"),
    "digits": (list(range(10)) * 20, "multiclass"),
    "quality 3 to 8": ([3, 4, 5, 6, 7, 8] * 20, "regression"),
    "tens": ([0, 10, 20, 30] * 20, "regression"),
    "few rows of counts": (list(range(10)) * 2, "regression"),
    "many whole numbers": (list(range(30)) * 20, "regression"),
    "round prices": ([200000.0, 150000.0, 99000.0, 320000.0] * 20, "regression"),
    "decimals": ([0.5, 1.0, 1.5] * 20, "regression"),
    "numbers in quotes": (["'-1'", "'1'"] * 20, "binary"),
    "many numbers in quotes": ([f"'{i}.5'" for i in range(60)], "regression"),
}


@pytest.mark.parametrize(("cells", "task"), TASKS.values(), ids=TASKS.keys())
def test_the_task_is_found_from_the_values(cells, task):
    encoding = fitted(cells)
    assert encoding.task == task
    assert encoding.reason.startswith("The target holds")


def test_the_task_can_be_named():
    encoding = fitted([3, 4, 5] * 20, "multiclass")
    assert encoding.classes == (3, 4, 5)
    assert encoding.reason == "The task was named by you (the values alone suggest regression)."
    assert fitted([0, 1] * 20, "regression").task == "regression"
    assert fitted(["a", "b"] * 20, "multiclass").classes == ("a", "b")


# --- classes ----------------------------------------------------------------------------------------------------------

POSITIVE = {
    "yes": (["Yes", "No"], "Yes", "it means yes"),
    "true": ([False, True], True, "it means yes"),
    "1 before 0": ([1, 0], 1, "it means yes"),
    "plus one": ([1, -1], 1, "it is +1"),
    "quoted plus one": (["'1'", "'-1'"], "'1'", "it is +1"),
    "named": (["spam", "ham"], "spam", "its name says so"),
    "named by the other": (["good", "weird"], "weird", "the other class is named as the usual one"),
    "above": ([">50K", "<=50K"], ">50K", "it is the upper range"),
    "rarer": (["g", "b", "g"], "b", "it is the rarer class"),
    "last": (["p", "q"], "q", "it comes last in order"),
}


@pytest.mark.parametrize(("cells", "positive", "why"), POSITIVE.values(), ids=POSITIVE.keys())
def test_the_positive_class_has_index_1(cells, positive, why):
    encoding = fitted(cells * 10)
    assert encoding.classes[1] == positive
    assert why in encoding.positive_reason


def test_classes_stand_in_order_and_keep_their_type():
    assert fitted(["b", "c", "a"] * 9).classes == ("a", "b", "c")
    assert fitted([3.0, 1.0, 2.0] * 9).classes == (1, 2, 3)
    assert all(type(label) is int for label in fitted([3.0, 1.0, 2.0] * 9).classes)
    assert fitted(["10", "9", "x"] * 9).classes == ("10", "9", "x")
    assert fitted(["'10'", "'9'", "'1'"] * 9, "multiclass").classes == ("'1'", "'9'", "'10'")


def test_encoding_and_decoding_classes():
    encoding = fitted(["b", "c", "a"] * 9)
    table = read_table({"y": ["c", "a", "b"]})
    assert encoding.encode(table).tolist() == [2, 0, 1]
    assert encoding.encode(table).dtype == np.float32
    assert encoding.truth(table).tolist() == [2, 0, 1]
    assert encoding.decode(np.array([[0, 0, 9], [9, 0, 0], [0, 9, 0]])).tolist() == ["c", "a", "b"]
    probabilities = encoding.probabilities(np.array([[0.0, 0.0, 900.0], [0, 0, 0]]))
    np.testing.assert_allclose(probabilities, [[0, 0, 1], [1 / 3, 1 / 3, 1 / 3]], atol=1e-12)


def test_decoding_one_or_two_raw_scores_of_a_binary_target():
    encoding = fitted([False, True] * 9)
    assert encoding.decode(np.array([-1.0, 2.0])).tolist() == [False, True]
    assert encoding.decode(np.array([[-1.0], [2.0]])).tolist() == [False, True]
    assert encoding.decode(np.array([[1.0, 0.0], [0.0, 1.0]])).tolist() == [False, True]
    np.testing.assert_allclose(encoding.probabilities(np.array([[0.0], [np.log(3)]])), [[0.5, 0.5], [0.25, 0.75]])


LATER_LABELS = {
    "a full stop": (["<=50K", ">50K"], ["<=50K.", ">50K."], [0, 1]),
    "spaces": (["no", "yes"], ["  no", "yes "], [0, 1]),
    "capitals": (["no", "yes"], ["NO", "Yes"], [0, 1]),
    "quotes": (["'-1'", "'1'"], ["-1", "1"], [0, 1]),
    "numbers as text": ([1, 2, 3], ["1.0", "02", "3"], [0, 1, 2]),
    "another spelling of yes": (["No", "Yes"], [0, 1], [0, 1]),
    "booleans as text": ([False, True], ["false", "TRUE"], [0, 1]),
}


@pytest.mark.parametrize(("training", "later", "indices"), LATER_LABELS.values(), ids=LATER_LABELS.keys())
def test_labels_of_a_later_file_may_be_written_a_little_differently(training, later, indices):
    encoding = fitted(training * 10)
    assert encoding.encode(read_table({"y": later})).tolist() == indices


def test_other_spellings_are_reported():
    encoding = fitted(["<=50K", ">50K"] * 10)
    notes = encoding.match_notes(read_table({"y": ["<=50K", ">50K."]}))
    assert notes == ["The label '>50K.' is read as '>50K'."]
    assert fitted([1.5, 2.5, 3.5]).match_notes(read_table({"y": [1]})) == []


def test_an_unknown_label_is_refused_with_the_nearest():
    encoding = fitted(["setosa", "virginica", "versicolor"] * 9)
    with pytest.raises(InputError) as error:
        encoding.encode(read_table({"y": ["setosa", "setossa"]}))
    assert str(error.value) == (
        "dict of columns, row 1, column 'y': the label 'setossa' did not occur in training. Did you mean 'setosa'? "
        "Mend the cell or leave the row out."
    )
    with pytest.raises(InputError, match="The classes are 'setosa', 'versicolor', 'virginica'"):
        encoding.encode(read_table({"y": ["zzz"]}))


# --- regression -------------------------------------------------------------------------------------------------------


def test_a_regression_is_standardised_by_the_training_rows_only():
    table = read_table({"y": [1.5, 3.5, 1000.5]})
    encoding = Target.fit(table, "y").fit_scale(np.array([0, 1]))
    assert (encoding.mean, encoding.scale) == (2.5, 1.0)
    assert encoding.encode(table).tolist() == [-1, 1, 998]
    assert encoding.truth(table).tolist() == [1.5, 3.5, 1000.5]
    assert encoding.decode(np.array([[-1.0], [1.0]])).tolist() == [1.5, 3.5]


def test_equal_training_targets_do_not_divide_by_zero():
    encoding = Target.fit(read_table({"y": [1.5, 1.5, 2.25]}), "y").fit_scale(np.array([0, 1]))
    assert encoding.encode(read_table({"y": [1.5]})).tolist() == [0]


def test_classes_have_no_scale():
    encoding = fitted(["a", "b"] * 9)
    assert encoding.fit_scale(np.arange(3)) is encoding


def test_decimal_commas_are_remembered(write):
    rows = "".join(f"{i};{i},5\n" for i in range(30))
    encoding = Target.fit(read_table(write("x;y\n" + rows)), "y")
    assert encoding.truth(read_table(write('x,y\n1,"2,125"\n', "other.csv"))).tolist() == [2.125]


# --- missing targets --------------------------------------------------------------------------------------------------


def test_rows_without_a_target_are_left_out_with_a_note(write):
    table, note = drop_missing_target(read_table(write("x,y\n1,5\n2,\n3,?\n4,6\n")), "y")
    assert table.column("x").values.tolist() == [1, 4]
    assert note == "2 rows have no value for 'y' (the first is table.csv, line 3); left out."
    assert drop_missing_target(table, "y") == (table, None)


def test_unknown_counts_as_missing_among_numbers_only():
    table = read_table({"y": [*map(str, range(30)), "unknown"]})
    assert drop_missing_target(table, "y")[0].row_count == 30
    assert Target.fit(drop_missing_target(table, "y")[0], "y").task == "regression"
    words = read_table({"y": ["a", "b", "unknown"] * 9})
    assert drop_missing_target(words, "y")[0] is words


# --- round trip -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cells", [["b", "a"] * 9, [True, False] * 9, [3, 1, 2] * 9, [0.1, 0.7, 1 / 3] * 9])
def test_the_saved_state_is_json_and_exact(cells):
    table = read_table({"y": cells})
    encoding = Target.fit(table, "y").fit_scale(np.arange(5))
    state, arrays = encoding.to_state()
    again = TargetEncoding.from_state(json.loads(json.dumps(state)), arrays)
    assert again.to_state() == (state, arrays)
    assert again.classes == encoding.classes
    np.testing.assert_array_equal(again.encode(table), encoding.encode(table))


@pytest.mark.parametrize(
    "damage",
    [{"task": "x"}, {"classes": None}, {"classes": ["a"]}, {"classes": ["a", []]}, {"scale": 0}, {"mean": None}],
)
def test_a_damaged_state_is_refused(damage):
    state, _ = fitted(["a", "b"] * 9).to_state()
    with pytest.raises(
        InputError, match=r"target: the saved state is not one of thetastar's\. The model file is damaged\."
    ):
        TargetEncoding.from_state({**state, **damage})


# --- refusals ---------------------------------------------------------------------------------------------------------

REFUSED = {
    "one class": (["a"] * 9, None, "column 'y': every row has the target 'a', so there is nothing to learn."),
    "one number": ([5] * 9, None, "column 'y': every row has the target '5', so there is nothing to learn."),
    "missing": (["a", None, "b"], None, "row 1, column 'y': the target is missing. Fill it in or leave the row out."),
    "all missing": (
        [None] * 9,
        None,
        "column 'y': the target is missing in every row. Fill it in, or name another target.",
    ),
    "infinite": ([1.5, np.inf, 2.5], None, "row 1, column 'y': the target is infinite (1 such cells)."),
    "unknown task": (
        [1, 2],
        "classification",
        "'classification' is not a task. The tasks are regression, binary, multiclass.",
    ),
    "words for a regression": (
        ["a", "b"] * 9,
        "regression",
        "row 0, column 'y': a regression needs numbers, but the target is 'a'.",
    ),
    "a word among numbers": (
        [*map(str, range(40)), "lots"],
        None,
        "row 40, column 'y': a regression needs numbers, but the target is 'lots'. Mend the cell, name another target, "
        "or leave the task to be found (classes).",
    ),
    "booleans for a regression": ([True, False], "regression", "a regression needs numbers, but the target is 'True'."),
    "three classes for two": (
        ["a", "b", "c"] * 9,
        "binary",
        "a binary task needs two classes, this column has 3 ('a', 'b', 'c').",
    ),
    "names": (
        [f"name{i}x" for i in range(40)],
        None,
        "40 different values in 40 rows are too many for classes. Name another",
    ),
    "decimals as classes": (
        [i + 0.5 for i in range(40)],
        "multiclass",
        "are too many for classes; use the task regression.",
    ),
}


@pytest.mark.parametrize(("cells", "task", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_a_target_is_refused(cells, task, message):
    with pytest.raises(InputError) as error:
        fitted(cells, task)
    assert message in str(error.value)


def test_a_table_without_any_target_cannot_be_cleaned():
    with pytest.raises(InputError, match="the target is missing in every row"):
        drop_missing_target(read_table({"y": [None, None]}), "y")


def test_a_later_text_where_training_had_numbers():
    with pytest.raises(InputError, match="row 0, column 'y': a regression needs numbers, but the target is 'lots'"):
        fitted([1.5, 2.5, 3.5]).encode(read_table({"y": ["lots", "2"]}))
