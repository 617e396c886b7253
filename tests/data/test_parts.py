"""A large file part by part: the same rows in the same order, called by their lines, whatever the parts' ends cut."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thetastar.data import read_table
from thetastar.data.read import parts
from thetastar.data.read.parts import table_parts
from thetastar.errors import InputError

ROWS = [[f"{k}.5", f"city {k % 7}", "" if k % 5 == 0 else str(k)] for k in range(200)]


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(parts, "_PART_BYTES", 300)
    monkeypatch.setattr(parts, "_PART_ROWS", 30)


def written(path, rows, header="a,b,c"):
    path.write_text("\n".join([*([header] if header else []), *(",".join(row) for row in rows)]) + "\n")
    return path


def same(path):
    """The parts of a file; together they are the table that is read at once, line by line."""
    whole, found = read_table(path), list(table_parts(str(path)))
    assert len(found) > 3
    assert all(part.names == whole.names for part in found)
    assert sum(part.row_count for part in found) == whole.row_count
    for name in whole.names:
        values = [value for part in found for value in part.column(name).values.tolist()]
        wanted = whole.column(name).values.tolist()
        assert np.array_equal(np.array(values, object), np.array(wanted, object)) or [*map(str, values)] == [
            *map(str, wanted)
        ]
    lines = [part.line(row) for part in found for row in range(part.row_count)]
    assert lines == [whole.line(row) for row in range(whole.row_count)]
    return found


def test_the_parts_are_the_whole(tmp_path, small_parts):
    same(written(tmp_path / "t.csv", ROWS))
    same(written(tmp_path / "no_header.csv", [[f"{k}.5", "7", str(k)] for k in range(200)], header=None))


def test_a_row_of_several_lines_is_not_cut(tmp_path, small_parts):
    rows = [[row[0], f'"{"line" * 3}\n{"x, y" * 2}\nend {row[1]}"', row[2]] for row in ROWS]
    same(written(tmp_path / "quoted.csv", rows))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(st.sampled_from('ab"\n,'), max_size=12), min_size=60, max_size=80), st.integers(120, 400))
def test_texts_of_any_kind_stay_whole(tmp_path_factory, texts, size):
    path = tmp_path_factory.mktemp("parts") / "t.csv"
    quoted = ['"z{}"'.format(text.replace('"', '""')) for text in texts]
    written(path, [[str(k), text, "1.5"] for k, text in enumerate(quoted)])
    before = parts._PART_BYTES
    parts._PART_BYTES = size
    try:
        found = table_parts(str(path))
        read = [value for part in found or [read_table(path)] for value in part.column("b").values.tolist()]
    finally:
        parts._PART_BYTES = before
    assert read == read_table(path).column("b").values.tolist()


def test_a_parquet_file(tmp_path, small_parts):
    path = tmp_path / "t.parquet"
    parquet.write_table(
        pa.table({"a": [k + 0.5 for k in range(200)], "b": [f"city {k % 7}" for k in range(200)]}), path
    )
    found = same(path)
    assert [part.row_count for part in found] == [30] * 6 + [20]


def test_a_cell_is_called_by_its_line_in_the_file(tmp_path, small_parts):
    rows = [row[:] for row in ROWS]
    rows[150][1] = "here"
    for part in table_parts(str(written(tmp_path / "t.csv", rows))):
        where = np.flatnonzero(part.column("b").values == "here")
        if len(where):
            assert part.place(int(where[0]), "b") == "t.csv, line 152, column 'b'"
            return
    pytest.fail("the row is in no part")


def test_what_is_not_large_or_has_no_parts_is_read_whole(tmp_path, monkeypatch):
    path = written(tmp_path / "t.csv", ROWS)
    assert table_parts(str(path)) is None and table_parts(str(tmp_path / "missing.csv")) is None
    assert table_parts("-") is None and table_parts(str(tmp_path)) is None
    monkeypatch.setattr(parts, "_PART_BYTES", 10)
    assert table_parts(str(path.rename(tmp_path / "t.dat"))) is None


def test_a_part_that_cannot_be_read_is_refused_when_it_is_its_turn(tmp_path, small_parts):
    path = written(tmp_path / "t.csv", [*ROWS, ["1", "2"], ["3"], ["4", "5", "6", "7"]])
    found = table_parts(str(path))
    assert next(found).row_count > 5
    with pytest.raises(InputError, match="Every row needs the same number of cells"):
        list(found)
    damaged = tmp_path / "t.parquet"
    parquet.write_table(pa.table({"a": np.arange(2_000)}), damaged)
    damaged.write_bytes(damaged.read_bytes()[:-30])
    with pytest.raises(InputError, match=r"t\.parquet: the Parquet file is damaged \(.*\)\. Write or fetch it again"):
        list(table_parts(str(damaged)))
