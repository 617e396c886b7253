"""Rows of a large file drawn at random: as many as wanted, in their order, cell by cell those of the file."""

import numpy as np
import pytest

import thetastar as ts
from thetastar.data import read_table
from thetastar.data.read import parts, sample
from thetastar.data.read.sample import Draw, look_at

ROWS = 3_000


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(parts, "_PART_BYTES", 1_000)
    monkeypatch.setattr(sample, "_PIECE", 5_000)
    monkeypatch.setattr(sample, "_BATCH", 700)


def test_as_many_as_wanted_are_drawn_and_all_alike_often():
    counts = np.zeros(50)
    for seed in range(2_000):
        draw = Draw(50, 20, seed)
        found = np.concatenate([draw.of(7), draw.of(30) + 7, draw.of(13) + 37])
        assert len(np.unique(found)) == 20 and (np.diff(found) > 0).all()
        counts[found] += 1
    assert abs(counts / 2_000 - 0.4).max() < 5 * (0.4 * 0.6 / 2_000) ** 0.5
    assert [len(Draw(9, 20, 0).of(9)), len(Draw(9, 0, 0).of(9))] == [9, 0]


def cells():
    draw = np.random.default_rng(0)
    return [(k, f"{value:.4f}", ["yes", "no", ""][k % 3]) for k, value in enumerate(draw.normal(size=ROWS))]


TEXTS = {
    "plain": ("table.csv", "number,value,word\n", ",", "\n", '"{}"'),
    "without quotes": ("table.csv", "number,value,word\n", ",", "\n", "{}"),
    "tabs": ("table.tsv", "number\tvalue\tword\n", "\t", "\n", "{}"),
    "semicolons and line ends of two signs": ("table.csv", "number;value;word\r\n", ";", "\r\n", "{}"),
    "a mark before all": ("table.csv", "\ufeffnumber,value,word\n", ",", "\n", "{}"),
    "line ends in cells": ("table.csv", "number,value,word\n", ",", "\n", '"{}\nand ""more"", too"'),
    "below a title": ("table.csv", "# of no use\nnumber,value,word\n", ",", "\n", "{}"),
    "without a header": ("table.csv", "", ",", "\n", "{}"),
}


@pytest.mark.parametrize("form", TEXTS)
def test_rows_of_a_text_file_are_those_of_the_whole_table(form, tmp_path):
    name, begin, separator, end, quoted = TEXTS[form]
    rows = [separator.join((str(k), value, quoted.format(word))) for k, value, word in cells()]
    (tmp_path / name).write_bytes((begin + end.join(rows)).encode())  # the last row has no line end
    whole, large = read_table(tmp_path / name), look_at(tmp_path / name)
    assert large.rows == whole.row_count == ROWS and large.head.names == whole.names
    some = large.sampled(400, seed=1)
    numbers = (some.columns[0].numbers).astype(int)
    assert some.row_count == 400 and (np.diff(numbers) > 0).all() and some.names == whole.names
    of_whole = whole.select(numbers)
    for own, other in zip(some.columns, of_whole.columns, strict=True):
        assert own.values.tolist() == other.values.tolist()
    assert [some.line(k) for k in range(400)] == [of_whole.line(k) for k in range(400)]
    assert large.sampled(400, seed=1).columns[0].numbers.tolist() == numbers.tolist()
    assert large.sampled(400, seed=2).columns[0].numbers.tolist() != numbers.tolist()
    assert large.sampled(ROWS, seed=1).row_count == ROWS


def test_rows_of_a_parquet_file_are_those_of_the_whole_table(tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as parquet

    numbers, values, words = zip(*cells(), strict=True)
    table = pa.table({"number": numbers, "value": list(map(float, values)), "word": words})
    parquet.write_table(table, tmp_path / "table.parquet", row_group_size=900)
    large = look_at(tmp_path / "table.parquet")
    assert large.rows == ROWS and large.row_bytes == 0
    some = large.sampled(400, seed=1)
    chosen = some.column("number").numbers.astype(int)
    assert some.column("value").numbers.tolist() == [float(values[k]) for k in chosen]
    assert [some.line(k) for k in range(400)] == chosen.tolist()


def test_small_files_frames_and_archives_are_not_looked_at(tmp_path, monkeypatch):
    (tmp_path / "table.csv.gz").write_bytes(b"\x1f\x8b" + bytes(5_000))
    assert look_at(tmp_path / "table.csv.gz") is None and look_at(tmp_path / "none.csv") is None
    monkeypatch.setattr(parts, "_PART_BYTES", 1 << 20)
    (tmp_path / "table.csv").write_text("a,b\n" + "1,2\n" * 2_000)
    assert look_at(tmp_path / "table.csv") is None


def test_a_damaged_parquet_file_is_said_to_be(tmp_path):
    (tmp_path / "table.parquet").write_bytes(b"PAR1" + bytes(5_000) + b"PAR1")
    with pytest.raises(ts.InputError, match=r"^table\.parquet: the Parquet file is damaged \(.*\)\. Write or fetch it"):
        look_at(tmp_path / "table.parquet")
