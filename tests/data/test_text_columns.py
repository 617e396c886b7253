"""Columns of decimals in long files are read as numbers at once, and come out as if their texts had been looked at."""

from __future__ import annotations

import numpy as np
import pytest

from thetastar.data import read_table, text_columns
from thetastar.data.delimited import parse_delimited

ROWS = 3000
RNG = np.random.default_rng(0)
HEIGHTS, WEIGHTS = RNG.normal(1.7, 0.1, ROWS).round(4), RNG.normal(70, 9, ROWS).round(2)
LINES = [f"{h},{'' if k % 50 == 7 else w},lv{k % 3}" for k, (h, w) in enumerate(zip(HEIGHTS, WEIGHTS, strict=True))]


def changed(row: int, line: str) -> list[str]:
    return [*LINES[:row], line, *LINES[row + 1 :]]


FILES = {
    "plain": ["height,weight,kind", *LINES],
    "no header": LINES,
    "a word for missing far down": ["height,weight,kind", *changed(2500, "1.7,NA,lv1")],
    "NaN written out": ["height,weight,kind", *changed(2500, "1.7,NaN,lv1")],
    "a stray text far down": ["height,weight,kind", *changed(2500, "1.7,<0.5,lv1")],
    "blanks around cells": ["height,weight,kind", *(line.replace(",", " , ") for line in LINES)],
    "a decimal comma in quotes": ["height,weight,kind", *changed(2500, '1.7,"70,5",lv1')],
    "quoted texts": ["height,weight,kind", *(line.replace("lv", '"lv') + '"' for line in LINES)],
    "a line end in a cell": ["height,weight,kind", *changed(2500, '1.7,70.5,"lv\n1"')],
    "a line end where the head is cut": ["height,weight,kind", *changed(998, '1.7,70.5,"lv\n1"')],
    "the header once more": ["height,weight,kind", *LINES, "height,weight,kind", *LINES],
    "names that are numbers": ["1.5,2.5,kind", *LINES, "1.5,2.5,kind", *LINES],
    "units below the header": ["height,weight,kind", "m,kg,", *LINES],
    "a rule below the header": ["height,weight,kind", "---,---,---", *LINES],
    "a remark at the end": ["height,weight,kind", *LINES, "Source: nobody,,"],
    "an empty last row": ["height,weight,kind", *LINES, ",,"],
    "sums at the end": ["height,weight,kind", *LINES, f"{HEIGHTS.sum()},{np.nansum(WEIGHTS)},total"],
    "beyond float64": ["height,weight,kind", *changed(2500, "1e400,70.5,lv1")],
    "remarks above": ["A table,,", "height,weight,kind", *LINES],
    "a separator too many": ["height,weight,kind", *(line + "," for line in LINES)],
    "points that may group thousands": [
        "height,weight,kind",
        *(f"{k % 9 + 1}.{k % 900 + 100},1.5,a" for k in range(ROWS)),
    ],
}


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small files count as long ones."""
    monkeypatch.setattr(text_columns, "LONG_TEXT", 1000)


@pytest.mark.parametrize("name", FILES)
def test_the_table_is_the_same(name: str, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table.csv"
    path.write_text("\n".join(FILES[name]) + "\n")
    tables = []
    for long in (1 << 40, 1000):
        monkeypatch.setattr(text_columns, "LONG_TEXT", long)
        tables.append(read_table(path))
    by_texts, at_once = tables
    assert (at_once.names, at_once.has_header, at_once.notes) == (by_texts.names, by_texts.has_header, by_texts.notes)
    assert [at_once.line(row) for row in (0, 2600, len(at_once) - 1)] == [
        by_texts.line(row) for row in (0, 2600, len(by_texts) - 1)
    ]
    for ours, wanted in zip(at_once.columns, by_texts.columns, strict=True):
        assert (ours.name, ours.kind, ours.native, ours.style) == (
            wanted.name,
            wanted.kind,
            wanted.native,
            wanted.style,
        )
        assert (ours.levels, ours.strays, ours.blanks) == (wanted.levels, wanted.strays, wanted.blanks)
        for field in ("numbers", "codes"):
            a, b = getattr(ours, field), getattr(wanted, field)
            assert (a is None) == (b is None)
            if a is not None:
                np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", ["plain", "quoted texts", "no header", "an empty last row"])
def test_decimals_arrive_as_numbers(name: str, short: None) -> None:
    parsed = parse_delimited(("\n".join(FILES[name]) + "\n").encode(), "table.csv")
    assert [str(column.type) for column in parsed.columns] == ["double", "double", "string"]
    assert len(parsed.head) == 3 and str(parsed.head[0].type) == "string"


@pytest.mark.parametrize("name", ["NaN written out", "a word for missing far down", "a separator too many"])
def test_every_cell_is_looked_at_as_a_text_where_one_of_them_is_none(name: str, short: None) -> None:
    parsed = parse_delimited(("\n".join(FILES[name]) + "\n").encode(), "table.csv")
    assert {str(column.type) for column in parsed.columns} == {"string"} and parsed.head == []


def test_rows_longer_than_a_block_are_read() -> None:
    long = "x" * (text_columns._BLOCKS[0] + 10)
    columns = text_columns.split(f"1,{long}\n2,b\n".encode(), ",", 2, quoted=False)
    assert columns[1].to_pylist() == [long, "b"]
