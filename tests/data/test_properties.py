"""Whatever the cells are: what is written is read again, hostile tables give features or one clear message."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from thetastar.data import (
    Preparation,
    Target,
    TargetEncoding,
    drop_missing_target,
    infer_roles,
    read_table,
    split_rows,
    suspect_columns,
)
from thetastar.data.delimited import parse_delimited
from thetastar.data.numbers import MISSING, read_numbers
from thetastar.errors import InputError

TEXT = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=12)
HOSTILE = st.sampled_from(
    "1 0 -1 2.5 1e308 -1e308 1e-320 inf 1,5 2,146 yes No t True ? NA - NaN unknown 2020-01-01 31.12.1999 1/2/2020 "
    "00501 '1' \" é $5 5% xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx ".split(" ")
)


@given(
    st.lists(st.lists(TEXT.map(str.strip), min_size=3, max_size=3), min_size=2, max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
)
def test_what_csv_writes_is_read_again(rows, separator):
    lines = io.StringIO()
    writer = csv.writer(lines, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["first name", "second name", "third name"])
    writer.writerows(rows)
    parsed = parse_delimited(lines.getvalue().encode(), "f", header=True)
    assert parsed.separator == separator
    assert [list(row) for row in zip(*(column.to_pylist() for column in parsed.columns), strict=True)] == rows


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_numbers_survive_their_text(values):
    read = read_numbers([repr(value) for value in values])
    assert read.valid.all()
    np.testing.assert_array_equal(read.values, values)


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=20))
def test_thousands_commas_survive(values):
    np.testing.assert_array_equal(read_numbers([f"{value:,}" for value in values]).values, values)


@given(st.lists(TEXT.map(str.strip), min_size=1, max_size=20))
def test_texts_of_a_dict_are_kept(cells):
    column = read_table({"a": cells, "b": range(len(cells))}).column("a")
    if column.kind == "text":
        assert column.values.tolist() == [None if cell in MISSING else cell for cell in cells]


def hostile_tables():
    return st.integers(10, 40).flatmap(
        lambda count: st.lists(st.lists(HOSTILE, min_size=count, max_size=count), min_size=2, max_size=5)
    )


@settings(max_examples=150)
@given(hostile_tables(), st.integers(0, 99))
def test_a_hostile_table_gives_features_or_one_clear_message(columns, seed):
    table = read_table({f"c{i}": cells for i, cells in enumerate(columns)})
    try:
        table, _ = drop_missing_target(table, "c0")
        roles = infer_roles(table, "c0")
        encoding = Target.fit(table, "c0")
        train, _, test = split_rows(encoding.encode(table), encoding.task, seed)
        preparation = Preparation.fit(table, train, roles)
    except InputError as error:
        assert str(error).strip().endswith((".", "?"))
        return
    encoding = encoding.fit_scale(train)
    X = preparation.transform(table)
    assert X.shape == (table.row_count, len(preparation.feature_names))
    assert np.isfinite(X).all()
    assert np.isfinite(encoding.encode(table)[train]).all()
    state, arrays = preparation.to_state()
    again = Preparation.from_state(json.loads(json.dumps(state)), arrays)
    np.testing.assert_array_equal(again.transform(table), X)
    # A row alone is prepared as among the others, whatever the rest of its columns looks like.
    for row in test[:2]:
        np.testing.assert_array_equal(preparation.transform(table.select([row]))[0], X[row])
    state, arrays = encoding.to_state()
    again = TargetEncoding.from_state(json.loads(json.dumps(state)), arrays)
    np.testing.assert_array_equal(again.truth(table), encoding.truth(table))
    assert all(isinstance(sentence, str) for sentence in suspect_columns(table, encoding, roles))


@settings(max_examples=150)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_one_clear_message(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(data)
    try:
        table = read_table(path)
    except InputError as error:
        assert str(error).startswith("any.csv")
        return
    assert table.row_count > 0
    assert len(set(table.names)) == len(table.names)
    assert all(len(column) == table.row_count for column in table.columns)
    assert table.line(table.row_count - 1) >= table.row_count


@settings(max_examples=100)
@given(st.lists(st.lists(HOSTILE, min_size=1, max_size=4), min_size=1, max_size=6), st.sampled_from(",;\t| "))
def test_any_lines_are_a_table_or_one_clear_message(tmp_path_factory, rows, separator):
    path = tmp_path_factory.getbasetemp() / "lines.csv"
    path.write_text("\n".join(separator.join(row) for row in rows), encoding="utf-8")
    try:
        table = read_table(path)
    except InputError as error:
        assert str(error).startswith("lines.csv")
        return
    assert all(len(column) == table.row_count for column in table.columns)
