"""Rows that are no observations are left out and named, before types are found."""

from __future__ import annotations

import pytest

from thetastar.data import read_table

ROWS = [(f"{i + 0.5}", f"{2 * i + 1}", "ab"[i % 2]) for i in range(8)]
BODY = "".join(",".join(row) + "\n" for row in ROWS)

FIRST = "c,p,q\n" + "".join(f"{c},{p},{q}\n" for p, q, c in ROWS)
LAST = "p,q,c\n" + BODY
RULE = "The row below the header, line 2, is a ruled line: ---, ----, ---; left out."
HOLDS = "holds the sums of the rows above in 'p', 'q'; left out."
TOTAL = f"The last row (table.csv, line 10) says 'Total' in 'c' and {HOLDS}"
SUMS = f"The last row (table.csv, line 10) {HOLDS}"
REMARK = "Line 10 is a remark below the table: 'Source: survey of 2024'; left out."
BELOW = "Left out below the table (line"

CASES = {
    "the header again": (LAST + LAST, 16, "1 row repeats the header (line 10); left out."),
    "the header twice": (LAST * 3, 24, "2 rows repeat the header (the first is line 10); left out."),
    "units": ("p,q,c\nm/s,kW,-\n" + BODY, 8, "line 2, holds words above columns of numbers (units or second names)"),
    "units in brackets": ("p,q,c\n[m],[s],\n" + BODY, 8, "(units or second names): [m], [s]; left out."),
    "a ruled line": ("p,q,c\n---,----,---\n" + BODY, 8, RULE),
    "names and units": ("p,q,c\nspeed,power,\nm/s,kW,\n" + BODY, 8, "line 3, holds words above columns of numbers"),
    "a total": (FIRST + "Total,32,64\n", 8, TOTAL),
    "a mean": (FIRST + "Average,4,8\n", 8, "holds the means of the rows above"),
    "sums without a word": (LAST + "32,64,\n", 8, SUMS),
    "a label among numbers": (LAST + "Sum,64,\n", 8, "says 'Sum' in 'p' and holds the sums"),
    "a remark": (LAST + "Source: survey of 2024,,\n", 8, REMARK),
    "a short remark": (LAST + "\nSource: survey of 2024\n", 8, f"{BELOW} 11): 'Source: survey of 2024'."),
    "what a database says": (LAST + "(8 rows)\n", 8, f"{BELOW} 10): '(8 rows)'."),
    "a total of fewer cells": (FIRST + "Total,32\n", 8, f"{BELOW} 10): 'Total,32'."),
    "empty rows": (LAST + ",,\n,,\n", 8, "Line 10 is empty; left out."),
    "a title": ("Report of May\n\n" + LAST, 8, "Left out above the table (line 1): 'Report of May'."),
    "a spreadsheet's title": ("Report of May,,\n,,\n" + LAST, 8, "Left out above the table: 'Report of May', …"),
}


@pytest.mark.parametrize(("content", "rows", "note"), CASES.values(), ids=CASES.keys())
def test_a_row_that_is_no_observation_is_left_out_and_named(write, content, rows, note):
    table = read_table(write(content))
    assert table.row_count == rows and set(table.names) == set("pqc")
    assert any(note in each for each in table.notes), table.notes
    assert [table.column(name).kind for name in "pq"] == ["number"] * 2
    assert table.column("c").levels == ("a", "b")
    first = content.split("\n").index("0.5,1,a" if table.names[0] == "p" else "a,0.5,1") + 1
    assert table.line(0) == first


KEPT = {
    "a first row with a missing number": "city,n\nUlm,n.d.\n" + "".join(f"c{i},{i}\n" for i in range(9)),
    "a level called total": "kind,n\n" + "".join(f"{'total' if i % 2 else 'part'},{i}\n" for i in range(10)),
    "powers of two": "a,b\n" + "".join(f"{2**i},{2 ** (i + 1)}\n" for i in range(12)),
    "a last row that knows little": "a,b,c\n" + "".join(f"x{i},{i},{i}\n" for i in range(9)) + "x9,,\n",
}


@pytest.mark.parametrize("content", KEPT.values(), ids=KEPT.keys())
def test_rows_that_may_be_observations_stay(write, content):
    assert read_table(write(content)).row_count == content.count("\n") - 1


def test_sums_between_rows_are_named(write):
    content = "c,p\n" + "".join(f"{'Total' if i in (9, 19) else f'x{i % 3}'},{i}\n" for i in range(25))
    table = read_table(write(content))
    assert table.row_count == 25
    assert table.notes == (
        "2 rows say 'Total' in 'c' (the first is table.csv, line 11). If they hold sums of other rows, leave them out.",
    )
