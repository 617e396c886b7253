"""Sequences as data: long tables grouped by id and time, arrays, windows of a series."""

from __future__ import annotations

import numpy as np
import pytest

from thetastar.data import Preparation, infer_roles, read_table
from thetastar.data.sequences import Grouping, windows
from thetastar.errors import InputError

LONG = {
    "who": ["b", "a", "b", "a", "b"],
    "when": ["2024-01-03", "2024-01-02", "2024-01-01", "2024-01-01", "2024-01-02"],
    "value": [3.0, 20.0, 1.0, 10.0, 2.0],
    "word": ["x", "y", "x", "y", "x"],
    "label": ["no", "yes", "early", "yes", "no"],
}


def grouped(table=None, target="label"):
    table = read_table(LONG if table is None else table)
    return Grouping("who", "when").fitted(table, target).grouped(table, target)


def test_a_row_per_id_in_order_of_time():
    table = grouped()
    assert table.names == ["who", "sequence", "label"]
    assert table.column("who").values.tolist() == ["b", "a"]  # as they first appear
    assert np.array_equal(table.column("sequence").samples[..., 0], [[1, 2, 3], [10, 20, np.nan]], equal_nan=True)
    assert table.column("label").values.tolist() == ["no", "yes"]  # at the last time


def test_numbers_order_time_too_and_new_rows_need_no_target():
    table = read_table({"who": [1, 1, 2], "when": [10, 9, 1], "value": [2.0, 1.0, 5.0]})
    grouping = Grouping("who", "when", ("value",))
    assert grouping.grouped(table, "label").names == ["who", "sequence"]
    assert grouping.grouped(table).column("sequence").samples[0, :, 0].tolist() == [1.0, 2.0]


def test_columns_without_numbers_are_named():
    table = read_table(LONG)
    grouping = Grouping("who", "when").fitted(table, "label")
    assert grouping.numbers == ("value",)
    assert grouping.note(table, "label") == ["Left out of the sequences, because they hold no numbers: 'word'."]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"who": ["a", None, "b", "a", "b"]}, r"row 1: the id or the time is missing\. Every row needs both"),
        ({"when": ["2024-01-03", "2024-01-01", "2024-01-01", "2024-01-01", "2024-01-02"]},
         r"column 'when': this time stands twice for an id\. Keep one of the rows"),
        ({"when": ["soon", "later", "soon", "never", "later"]}, r"the time 'when' holds neither numbers nor dates"),
        ({"value": ["x"] * 5}, r"besides 'who', 'when' and the target there is no column of numbers"),
    ],
)  # fmt: skip
def test_tables_that_cannot_be_grouped(change, message):
    with pytest.raises(InputError, match=message):
        grouped({**LONG, **change})


def test_columns_that_cannot_be_id_or_time():
    table = read_table(LONG)
    with pytest.raises(InputError, match=r"there is no column 'whom'\. Did you mean 'who'"):
        Grouping("whom", "when").fitted(table, "label")
    with pytest.raises(InputError, match=r"id='label' is the target too"):
        Grouping("label", "when").fitted(table, "label")
    with pytest.raises(InputError, match=r"id and time are both 'who'"):
        Grouping("who", "who").fitted(table, "label")
    with pytest.raises(InputError, match=r"the column 'word' must hold numbers, as it was learned"):
        Grouping("who", "when", ("word",)).grouped(table)


def test_a_sequence_too_long_to_hold(monkeypatch):
    monkeypatch.setattr("thetastar.data.sequences._LONGEST", 2)
    with pytest.raises(InputError, match=r"a sequence of 3 steps; at most 2 are taken\. Cut it"):
        grouped()


def test_steps_that_are_not_there_are_zero_with_a_zero_beside():
    table = grouped()
    fitted = Preparation.fit(
        table, np.arange(2), infer_roles(table, "label", {"who": "ignore"}), grouping=Grouping("who", "when")
    )
    prepared = fitted.transform(table).reshape(2, 3, 2)
    assert fitted.input_shape == (3, 2) and fitted.masked
    assert prepared[..., 1].tolist() == [[1, 1, 1], [1, 1, 0]] and prepared[1, 2].tolist() == [0, 0]
    assert np.isclose(prepared[prepared[..., 1] == 1][:, 0].mean(), 0, atol=1e-6)
    again = Preparation.from_state(*fitted.to_state())
    assert again.grouping == fitted.grouping and np.array_equal(again.transform(table), fitted.transform(table))


def test_other_lengths_take_the_last_steps_or_end_earlier():
    table = read_table({"x": np.arange(12.0).reshape(4, 3, 1) + 0.5, "y": [1, 2, 3, 4]})
    fitted = Preparation.fit(table, np.arange(4), infer_roles(table, "y"))
    assert not fitted.masked
    longer = np.concatenate([np.full((4, 2, 1), 99.5), table.column("x").samples], axis=1)
    assert np.array_equal(fitted.transform(read_table({"x": longer})), fitted.transform(table))
    shorter = fitted.transform(read_table({"x": table.column("x").samples[:, :2]}))
    assert np.array_equal(shorter[:, :2], fitted.transform(table)[:, :2]) and not shorter[:, 2].any()
    with pytest.raises(InputError, match=r"a step has 2 numbers, and the model learned steps of 1"):
        fitted.transform(read_table({"x": np.ones((4, 3, 2)) / 2}))


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ({"shape": [10**6, 10**6, 1]}, r"cannot be prepared so"),
        ({"shape": [2, 2]}, r"cannot be prepared so"),
        ({"scale": [0.0]}, r"cannot be prepared so"),
        ({"centre": [1.0, 2.0]}, r"cannot be prepared so"),
        ({"shape": "all"}, r"has shape = all"),
    ],
)
def test_a_damaged_state_is_refused(state, message):
    table = read_table({"x": np.zeros((4, 5, 5), np.uint8), "y": [0, 1, 0, 1]})
    saved, arrays = Preparation.fit(table, np.arange(4), infer_roles(table, "y")).to_state()
    saved["blocks"][0] |= state
    with pytest.raises(InputError, match=message):
        Preparation.from_state(saved, arrays)


@pytest.mark.parametrize("grouping", [7, {"id": "a"}, {"id": 1, "time": "b", "numbers": []}])
def test_a_damaged_grouping_is_refused(grouping):
    table = grouped()
    saved, arrays = Preparation.fit(table, np.arange(2), infer_roles(table, "label", {"who": "ignore"})).to_state()
    with pytest.raises(InputError, match=r"the grouping (is not whole|names no columns)"):
        Preparation.from_state({**saved, "grouping": grouping}, arrays)


def test_windows_are_what_was_seen_and_what_came_after():
    X, y = windows(np.arange(10.0), history=3, horizon=2)
    assert X.shape == (6, 3, 1) and X[0, :, 0].tolist() == [0, 1, 2] and y.tolist() == [4, 5, 6, 7, 8, 9]
    X, y = windows(np.stack([np.arange(5.0), -np.arange(5.0)], axis=1), history=2)
    assert X[1].tolist() == [[1, -1], [2, -2]] and y.tolist() == [2, 3, 4]
    with pytest.raises(InputError, match=r"must be finite numbers of shape \(n,\) or \(n, F\)\. Got shape \(2, 1\)"):
        windows([1.0, np.nan], history=1)
    with pytest.raises(InputError, match=r"history=4 and horizon=2 need .* and 6 in the series\. Got 5"):
        windows(np.arange(5.0), history=4, horizon=2)


def test_moments_of_several_zones_stand_in_the_order_in_which_they_happened():
    when = ["2024-10-27T02:30:00+02:00", "2024-10-27T02:00:00+01:00", "2024-10-27T02:15:00+02:00"]
    table = read_table({"who": [1, 1, 1], "when": when, "value": [2.0, 3.0, 1.0], "label": ["x", "x", "y"]})
    assert grouped(table).column("sequence").samples[0, :, 0].tolist() == [1, 2, 3]
    assert grouped(table).column("label").values.tolist() == ["x"]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_parts_of_seconds_order_too(unit):
    times = np.datetime64("2024-01-01", unit) + np.array([2, 0, 1]).astype(f"timedelta64[{unit}]")
    for when in (times, times.astype(np.int64) + (2**60 if unit == "ns" else 0)):
        table = read_table({"who": ["a"] * 3, "when": when, "value": [2.0, 0.0, 1.0], "label": [1, 2, 3]})
        assert grouped(table).column("sequence").samples[0, :, 0].tolist() == [0, 1, 2]


def test_a_stray_text_does_not_take_a_column_out_of_the_sequences():
    values = [*(f"{i}.5" for i in range(40)), "n.d."]
    table = read_table({"who": ["a"] * 41, "when": list(range(41)), "value": values, "label": ["x"] * 41})
    assert np.isnan(grouped(table).column("sequence").samples[0, :, 0]).sum() == 1
