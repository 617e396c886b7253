"""Tables in memory: pandas, polars, Arrow, dicts, lists, arrays; and files of Parquet, Feather and Arrow."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as parquet
import pytest

from thetastar.data import read_table
from thetastar.errors import InputError

COLUMNS = {
    "whole": [1, 2, None],
    "part": [1.5, None, 2.5],
    "flag": [True, False, None],
    "word": ["x", None, "y"],
    "day": [datetime.datetime(2020, 1, 1), datetime.datetime(1890, 2, 3, 10), None],
}


def frames():
    arrow = pa.table(COLUMNS)
    return {
        "pandas": pd.DataFrame({**COLUMNS, "day": pd.array(COLUMNS["day"], dtype="datetime64[us]")}),
        "pandas on arrow": arrow.to_pandas(types_mapper=pd.ArrowDtype),
        "polars": pl.DataFrame(COLUMNS),
        "polars lazy": pl.DataFrame(COLUMNS).lazy(),
        "arrow": arrow,
        "arrow batch": arrow.to_batches()[0],
        "dict": COLUMNS,
        "list of rows": [dict(zip(COLUMNS, row, strict=True)) for row in zip(*COLUMNS.values(), strict=True)],
    }


@pytest.mark.parametrize("make", frames())
def test_every_make_of_frame_gives_the_same_table(make):
    table = read_table(frames()[make])
    assert table.names == list(COLUMNS)
    assert table.column("whole").values[:2].tolist() == [1, 2]
    assert np.isnan(table.column("part").values).tolist() == [False, True, False]
    assert table.column("flag").values.tolist() == ["True", "False", None]
    assert table.column("flag").native == "boolean"
    assert table.column("word").values.tolist() == ["x", None, "y"]
    assert [str(day)[:10] for day in table.column("day").values] == ["2020-01-01", "1890-02-03", "None"]
    assert table.has_header


@pytest.mark.parametrize("kind", ["parquet", "feather", "arrow file", "arrow stream"])
def test_columnar_files_are_told_by_their_content(tmp_path, kind):
    path, table = tmp_path / "table.bin", pa.table({"a": [1, 2], "b": ["x", None]})
    if kind == "parquet":
        parquet.write_table(table, path)
    elif kind == "feather":
        feather.write_feather(table, path)
    else:
        with pa.OSFile(str(path), "wb") as sink:
            new = pa.ipc.new_file if kind == "arrow file" else pa.ipc.new_stream
            with new(sink, table.schema) as writer:
                writer.write_table(table)
    read = read_table(path)
    assert read.column("a").values.tolist() == [1, 2]
    assert read.column("b").values.tolist() == ["x", None]
    assert read.source == "table.bin"


def test_arrays_have_numbered_columns():
    table = read_table(np.array([[1.0, np.nan], [3.0, 4.0]]))
    assert table.names == ["0", "1"]
    assert not table.has_header
    assert np.isnan(table.column("1").values[0])
    assert read_table(np.array([[1, "x"], [2, "y"]], dtype=object)).column("1").values.tolist() == ["x", "y"]
    assert read_table([[1, "x"], [2, "y"]]).column("0").values.tolist() == [1, 2]


def test_structured_arrays_have_names():
    table = read_table(np.array([(1, "x"), (2, "y")], dtype=[("n", int), ("t", "U1")]))
    assert table.names == ["n", "t"]
    assert table.has_header


def test_a_frame_with_positions_for_names_counts_as_without_names():
    frame = pd.DataFrame([[1, 2], [3, 4]])
    assert read_table(frame).names == ["0", "1"]
    assert not read_table(frame).has_header


def test_a_dict_of_single_values_is_one_row():
    table = read_table({"a": 1, "b": "x"})
    assert table.row_count == 1
    assert table.column("b").values.tolist() == ["x"]


def test_rare_types_are_turned_into_what_they_mean():
    frame = pd.DataFrame(
        {
            "category": pd.Categorical(["u", "v"]),
            "mixed": [1, "x"],
            "length": pd.to_timedelta([1, 2], unit="h"),
            "zoned": pd.to_datetime(["2020-01-01", "2021-02-03"]).tz_localize("Europe/Berlin"),
            "month": pd.period_range("2020-01", periods=2, freq="M"),
            "decimal": pd.array([1, None], dtype="Int64"),
        }
    )
    table = read_table(frame)
    assert table.column("category").values.tolist() == ["u", "v"]
    assert table.column("mixed").values.tolist() == ["1", "x"]
    assert table.column("length").values.tolist() == [3600, 7200]
    assert table.column("zoned").values.tolist() == ["2020-01-01 00:00:00+01:00", "2021-02-03 00:00:00+01:00"]
    assert table.column("month").values.tolist() == ["2020-01", "2020-02"]
    assert table.column("decimal").missing.tolist() == [False, True]
    dated = read_table({"d": np.array(["2020-01-01", "NaT"], dtype="datetime64[D]"), "b": np.array([True, False])})
    assert dated.column("d").missing.tolist() == [False, True]
    assert dated.column("b").values.tolist() == ["True", "False"]


def test_texts_in_a_frame_are_typed_like_those_of_a_file():
    table = read_table(pd.DataFrame({"n": ["2,146", "15", "?"], "t": [" a", "b ", "NA"]}))
    assert table.column("n").values[:2].tolist() == [2146, 15]
    assert table.column("t").values.tolist() == ["a", "b", None]


def test_repeated_names_are_numbered():
    frame = pd.DataFrame([[1, 2, 3]])
    frame.columns = ["a", "a", "b"]
    assert read_table(frame).names == ["a", "a.1", "b"]


def test_a_table_is_passed_through():
    table = read_table({"a": [1]})
    assert read_table(table) is table


REFUSED = {
    "a number": (5, "int: this is not a table. Give a path, a data frame, an Arrow table, a dict of columns"),
    "a list": ([1, 2], "list: this is not a table."),
    "a series": (pd.Series([1, 2]), "Series: this is not a table."),
    "a series of polars": (pl.Series([1, 2]), "Series: this is not a table."),
    "a vector": (np.zeros(3), "array: shape (3,) is not a table. Give two dimensions (rows, columns)"),
    "unequal columns": ({"a": [1, 2], "b": [1]}, "dict of columns: the columns differ in length ('a': 2, 'b': 1)."),
    "unequal rows": ([[1, 2], [3]], "list of rows, row 1: 1 cell where the first row has 2."),
    "no column": ({"a": np.array([["x", "y"]] * 2)}, "column 'a': an array of shape (2, 2) is not one column."),
    "no columns": ({}, "dict of columns: there are no columns. Give a table with named columns."),
    "no rows": ({"a": []}, "dict of columns: there are no rows. Give at least ten rows of data."),
}


@pytest.mark.parametrize(("source", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_table_is_refused_in_one_sentence(source, message):
    with pytest.raises(InputError) as error:
        read_table(source)
    assert message in str(error.value)
