"""What frames, Parquet files and arrays declare is kept: index, categories, periods, zones, masks, nested cells."""

from __future__ import annotations

import datetime
import json
import uuid

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from thetastar.data import Preparation, Target, find_target, infer_roles, read_table
from thetastar.data.dates import read_dates
from thetastar.errors import InputError

Y = [0.5 * i for i in range(30)]


def roles_of(source):
    return {name: role.role for name, role in infer_roles(read_table(source), "y").items()}


def by_every_way(frame, tmp_path):
    """The same pandas frame as itself, as a dict, by Parquet, by polars."""
    path = tmp_path / "frame.parquet"
    frame.to_parquet(path)
    return {"frame": frame, "dict": dict(frame), "parquet": path, "polars": pl.read_parquet(path)}


# --- the index --------------------------------------------------------------------------------------------------------


def test_the_index_of_a_filtered_frame_is_not_learned_from(tmp_path):
    frame = pd.DataFrame({"a": Y, "y": Y}).sample(frac=1, random_state=0)
    for source in by_every_way(frame, tmp_path).values():
        assert {n: r for n, r in roles_of(source).items() if r != "identifier"} == {"a": "number"}
    table = read_table(tmp_path / "frame.parquet")
    assert table.names == ["a", "y"] and find_target(table, -1) == "y"
    assert table.notes == ("'__index_level_0__' is the data frame's index (which row it was), so it is left out.",)


@pytest.mark.parametrize(
    "index",
    [
        pd.RangeIndex(30, name="n"),
        pd.Index(range(5, 35), name="customer"),
        pd.date_range("2024", periods=30, name="day"),
        pd.date_range("2024", periods=30),
    ],
)
def test_an_index_with_a_name_or_of_times_says_which_row(tmp_path, index):
    frame = pd.DataFrame({"a": Y, "y": Y}, index=index)
    frame.to_parquet(tmp_path / "f.parquet")
    for source in (frame, tmp_path / "f.parquet"):
        table = read_table(source)
        assert find_target(table, -1) == "y"
        assert [(n, r) for n, r in roles_of(source).items() if n != (index.name or "index")] == [("a", "number")]
        for column in table.columns:
            assert bool(column.aside) == (column.name == (index.name or "index"))
    if not isinstance(index, pd.RangeIndex):
        name = index.name or "index"
        role = infer_roles(read_table(frame), "y")[name]
        assert (role.role, role.reason) == (
            "identifier",
            "It is the data frame's index: it says which row, not what it is.",
        )
        assert infer_roles(read_table(frame), "y", {name: "number" if name == "customer" else "date"})[name].used


# --- zones and fractions ----------------------------------------------------------------------------------------------

MOMENTS = pd.to_datetime(
    ["2024-10-27T00:30:00.25Z", "2024-10-27T01:30:00Z", "2024-03-31T01:00:00Z"], format="ISO8601"
).tz_convert("Europe/Berlin")


def test_zoned_times_read_alike_everywhere(tmp_path):
    frame = pd.DataFrame({"t": MOMENTS, "y": [1.0, 2, 3]})
    sources = by_every_way(frame, tmp_path)
    sources["csv"] = tmp_path / "f.csv"
    frame.to_csv(sources["csv"], index=False)
    for source in sources.values():
        dates = read_dates(read_table(source).column("t").levels, "year-month-day")
        assert dates.instants.tolist() == [1729989000, 1729992600, 1711846800]
        assert dates.nanoseconds.tolist() == [250_000_000, 0, 0]
        assert (dates.seconds % 86400 / 3600).round(2).tolist() == [2.5, 2.5, 3]  # by the wall, summer time and not


def test_fractions_of_seconds_are_kept_and_only_where_there_are_any():
    for unit, text in (
        ("ms", "2024-01-01 00:00:00.001"),
        ("us", "2024-01-01 00:00:00.000001"),
        ("ns", "2024-01-01 00:00:00.000000001"),
    ):
        times = np.datetime64("2024-01-01", unit) + np.array([0, 1]).astype(f"timedelta64[{unit}]")
        for source in ({"t": times}, pa.table({"t": times}), pd.DataFrame({"t": times})):
            assert read_table(source).column("t").levels[1] == text
    assert read_table({"t": np.array(["2024-01-01"], "datetime64[ns]")}).column("t").levels == ("2024-01-01 00:00:00",)


def test_columns_that_differ_by_milliseconds_are_no_copies():
    sent = np.datetime64("2024-01-01", "ms") + np.arange(30) * 7_000_000
    roles = infer_roles(read_table({"sent": sent, "received": sent + np.timedelta64(3, "ms"), "y": Y}), "y")
    assert {role.role for role in roles.values()} == {"date"}


# --- declared categories, periods, intervals --------------------------------------------------------------------------


def test_declared_categories_are_categories(tmp_path):
    kinds = [3, 1, 2] * 10
    frame = pd.DataFrame({"k": pd.Categorical(kinds), "y": Y})
    sources = by_every_way(frame, tmp_path)
    del sources["polars"]  # polars does not hand on what pandas declared in the file
    sources["enum"] = pl.DataFrame({"k": pl.Series(list(map(str, kinds)), dtype=pl.Enum(["1", "2", "3"])), "y": Y})
    sources["arrow"] = pa.table({"k": pa.array(list(map(str, kinds))).dictionary_encode(), "y": Y})
    for source in sources.values():
        assert roles_of(source) == {"k": "category"}
    encoding = Target.fit(read_table(frame), "k")
    assert (encoding.task, encoding.classes) == ("multiclass", (1, 2, 3))
    assert encoding.reason == "The source says that the target's 3 values are classes (1, 2, 3)."
    assert Target.fit(read_table(frame.assign(k=pd.Categorical([40, 7] * 15))), "k").classes[0] in (7, 40)
    many = pd.DataFrame({"k": pd.Categorical([i % 25 for i in range(100)]), "y": range(100)})
    assert Target.fit(read_table(many), "k").task == "multiclass"


def test_ordered_categories_keep_their_order():
    frame = pd.DataFrame(
        {"size": pd.Categorical(["big", "small", "mid"] * 10, ["small", "mid", "big"], ordered=True), "y": Y}
    )
    assert Target.fit(read_table(frame), "size").classes == ("small", "mid", "big")
    enum = pl.DataFrame({"size": pl.Series(["big", "small", "mid"] * 10, dtype=pl.Enum(["small", "mid", "big"]))})
    assert Target.fit(read_table(enum), "size").classes == ("small", "mid", "big")


def test_cut_numbers_are_categories_in_their_order():
    frame = pd.DataFrame({"k": pd.cut(pd.Series(Y), [-1, 5, 10, 20]), "y": Y})
    for source in (frame, dict(frame), pa.Table.from_pandas(frame, preserve_index=False)):
        assert Target.fit(read_table(source), "k").classes == ("(-1, 5]", "(5, 10]", "(10, 20]")
        assert roles_of(source) == {"k": "category"}


@pytest.mark.parametrize("frequency", ["M", "Q", "Q-MAR", "W", "W-WED", "D", "h", "15min", "2M"])
def test_periods_read_the_same_everywhere_and_begin_where_pandas_says(tmp_path, frequency):
    periods = pd.period_range("2023-11", periods=30, freq=frequency)
    frame = pd.DataFrame({"p": periods, "y": Y})
    texts = {
        way: read_table(source).column("p").values.tolist() for way, source in by_every_way(frame, tmp_path).items()
    }
    assert all(found == texts["frame"] for found in texts.values())
    role = infer_roles(read_table(frame), "y")["p"]
    assert role.role == "date"
    begun = read_dates(texts["frame"], role.layout).seconds
    assert begun.tolist() == [p.start_time.timestamp() for p in periods]


def test_years_as_periods_are_numbers_and_missing_ones_missing(tmp_path):
    table = read_table(pd.DataFrame({"p": pd.PeriodIndex(["2023", None, "2025"], freq="Y"), "y": [1, 2, 3]}))
    assert table.column("p").numbers[[0, 2]].tolist() == [2023, 2025] and table.column("p").missing.tolist() == [
        False,
        True,
        False,
    ]


# --- masks and bytes --------------------------------------------------------------------------------------------------


def test_what_a_mask_hides_is_missing():
    mask = [False, True, False]
    table = read_table(
        {
            "f": np.ma.array([1.5, 99, 2.5], mask=mask), "i": np.ma.array([1, 99, 2], mask=mask),
            "b": np.ma.array([True, True, False], mask=mask), "t": np.ma.array(["x", "no", "y"], mask=mask),
            "d": np.ma.array(np.array(["2024-01-01"] * 3, "datetime64[D]"), mask=mask),
            "big": np.ma.array([2**60, 1, 2**60 + 1], mask=mask),
        }
    )  # fmt: skip
    for column in table.columns:
        assert column.missing.tolist() == mask, column.name
    rows = read_table(np.ma.array([[1.0, 99], [3, 4]], mask=[[0, 1], [0, 0]]))
    assert rows.column("1").missing.tolist() == [True, False]
    steps = read_table(np.ma.array(np.ones((2, 3, 1)), mask=np.arange(6).reshape(2, 3, 1) == 5))
    assert np.isnan(steps.columns[0].samples).sum() == 1


def test_bytes_are_text():
    texts = [b"red", b"blue\0\0", "größe".encode(), None]
    for source in ({"c": texts}, pd.DataFrame({"c": texts}), pa.table({"c": pa.array(texts, pa.binary())})):
        assert read_table(source).column("c").values.tolist() == ["red", "blue", "größe", None]
    assert read_table({"c": np.array([b"1.5", b"2"])}).column("c").numbers.tolist() == [1.5, 2]
    picture = read_table(pa.table({"c": pa.array([b"\x89PNG\xff", b"\x00\x01"]), "y": [1, 2]}))
    assert picture.column("c").unusable == "cells of type binary (bytes that are no text) cannot be used"


# --- nested and rare types --------------------------------------------------------------------------------------------

PAIRS = pa.map_(pa.string(), pa.int64())
KEYS = pa.array([uuid.UUID(int=i).bytes for i in range(30)], pa.binary(16))
ODD = {
    "struct": (pa.array([{"src": "x", "n": i} for i in range(30)]), "Cells of type struct cannot be used"),
    "map": (pa.array([[("a", i)] for i in range(30)], PAIRS), "Cells of type map cannot be used"),
    "lists of texts": (pa.array([["a", "b"]] * 30), "Lists of string cannot be used"),
    "many lengths": (pa.array([[1.0] * (1 + i % 3) for i in range(30)]), "Lists of different lengths cannot be used"),
    "empty lists": (pa.array([[]] * 30, pa.list_(pa.float64())), "Empty lists cannot be used"),
    "uuid": (pa.ExtensionArray.from_storage(pa.uuid(), KEYS), "Cells of type uuid cannot be used"),
}  # fmt: skip


@pytest.mark.parametrize(("cells", "reason"), ODD.values(), ids=ODD.keys())
def test_a_column_that_cannot_be_used_is_left_out_with_a_reason(tmp_path, cells, reason):
    parquet.write_table(pa.table({"odd": cells, "a": Y, "y": Y}), tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    role = infer_roles(table, "y")["odd"]
    assert (role.role, role.reason) == ("ignore", f"{reason}, so the column is left out.")
    assert infer_roles(table, "y", {"odd": "ignore"})["odd"].role == "ignore"
    preparation = Preparation.fit(table, np.arange(30), infer_roles(table, "y"))
    assert preparation.transform(table).shape == (30, 1)
    with pytest.raises(
        InputError, match=r"column 'odd': .* cannot be used, so it cannot have the role 'number'\. Use ignore"
    ):
        infer_roles(table, "y", {"odd": "number"})
    with pytest.raises(InputError, match=r"column 'odd': .* cannot be used as a target\. Name another column\."):
        Target.fit(table, "odd")


def test_dicts_in_cells_are_left_out_too():
    table = read_table({"odd": [{"a": 1}, {"b": [2]}], "mixed": [[1], "x"], "y": [1, 2]})
    assert table.column("odd").unusable and table.column("mixed").unusable == "cells of type list cannot be used"


@pytest.mark.parametrize("make", [
    lambda rows: {"v": rows, "y": [1, 2, 3]}, lambda rows: pl.DataFrame({"v": rows, "y": [1, 2, 3]}),
    lambda rows: pd.DataFrame({"v": [None if row is None else np.array(row) for row in rows], "y": [1, 2, 3]}),
    lambda rows: pa.table({"v": pa.array(rows, pa.list_(pa.float32(), 2)), "y": [1, 2, 3]}),
])  # fmt: skip
def test_lists_of_one_length_are_vectors(make):
    table = read_table(make([[1.5, 2], None, [3, 4]]))
    assert table.names == ["v[0]", "v[1]", "y"]
    assert table.column("v[1]").numbers[[0, 2]].tolist() == [2, 4] and table.column("v[1]").missing.tolist() == [
        False,
        True,
        False,
    ]


def test_lists_of_lists_and_tensors_are_sequences_and_images():
    steps = [[[0.5, 1.5], [2.5, 3.5], [4.5, 5.5]]] * 4
    assert read_table({"s": steps, "y": [1, 2, 3, 4]}).column("s").shape_text == "3 steps of 2 numbers"
    assert read_table({"s": np.zeros((4, 2)), "y": [1, 2, 3, 4]}).names == ["s[0]", "s[1]", "y"]
    tensor = pa.FixedShapeTensorArray.from_numpy_ndarray(np.arange(2 * 5 * 5, dtype=np.uint8).reshape(2, 5, 5))
    assert read_table(pa.table({"t": tensor, "y": [1, 2]})).column("t").shape_text == "5 × 5 pixels, grey"


def test_run_end_encoded_and_bool8():
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array(["x", None]))
    flags = pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0, None], pa.int8()))
    words = pa.RunEndEncodedArray.from_arrays(pa.array([3], pa.int32()), pa.array(["x"]).dictionary_encode())
    table = read_table(pa.table({"r": runs, "f": flags, "w": words}))
    assert table.column("r").values.tolist() == ["x", "x", None]
    assert table.column("f").values.tolist() == ["True", "False", None]
    assert table.column("w").values.tolist() == ["x"] * 3


# --- whole numbers beyond float64 -------------------------------------------------------------------------------------

BIG = [2**53, 2**53 + 1, 2**53 + 2, 2**53 + 1]


@pytest.mark.parametrize("make", [
    lambda path: {"id": BIG}, lambda path: {"id": np.array(BIG)}, lambda path: pl.DataFrame({"id": BIG}),
    lambda path: pa.table({"id": pa.array(BIG, pa.uint64())}), lambda path: {"id": [str(value) for value in BIG]},
    lambda path: pa.table({"id": pa.array(BIG, pa.decimal128(30, 0))}), lambda path: path,
])  # fmt: skip
def test_whole_numbers_keep_every_digit(write, make):
    column = read_table(make(write("id,y\n" + "".join(f"{value},1\n" for value in BIG)))).column("id")
    assert column.kind == "number" and column.distinct == 3
    assert column.values.tolist() == BIG and column.coded[1] == tuple(map(str, sorted(set(BIG))))
    assert column.select(np.array([1])).examples() == [str(BIG[1])]


def test_classes_keep_every_digit():
    table = read_table({"y": BIG * 10, "a": [0.5] * 40})
    encoding = Target.fit(table, "y")
    assert (encoding.task, encoding.classes) == ("multiclass", tuple(sorted(set(BIG))))
    assert encoding.labels(np.array([1])).tolist() == [2**53 + 1]
    with pytest.raises(InputError, match=f"the label '{2**53 + 3}' did not occur in training"):
        encoding.truth(read_table({"y": [2**53 + 3]}))
    state, _ = encoding.to_state()
    assert type(encoding).from_state(json.loads(json.dumps(state))).classes == encoding.classes
    huge = Target.fit(read_table({"y": [10**25, 10**25 + 1] * 20}), "y")
    assert huge.classes == (10**25, 10**25 + 1) and huge.labels(np.array([0, 1])).tolist() == [10**25, 10**25 + 1]


def test_large_numbers_that_are_no_whole_ones_stay_numbers(write):
    table = read_table(write("a,y\n1e300,1\n12345678901234567890,2\n2.5,3\n"))
    assert table.column("a").style == "" and table.column("a").numbers[0] == 1e300


def test_dates_of_python_keep_their_zone():
    zone = datetime.timezone(datetime.timedelta(hours=2))
    table = read_table({"t": [datetime.datetime(2024, 1, 1, 2, 0, 0, 500, zone)]})
    assert read_dates(table.column("t").levels, "year-month-day").instants.tolist() == [1704067200]
