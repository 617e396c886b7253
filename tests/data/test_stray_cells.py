"""One odd cell must not change what a column is: stray texts, units, accounts, thousands; what counts as missing."""

from __future__ import annotations

import numpy as np
import pytest

from thetastar.data import (
    Preparation,
    Target,
    drop_missing_target,
    find_target,
    infer_roles,
    read_table,
    suspect_columns,
)  # fmt: skip
from thetastar.data.numbers import decimal_evidence, decimal_mark, read_numbers
from thetastar.errors import InputError

PLAIN = [f"{5 + 0.37 * i:.2f}" for i in range(60)]


def csv(cells, name="dose", separator=","):
    return f"{name}{separator}y\n" + "".join(f"{cell}{separator}{i}\n" for i, cell in enumerate(cells))


def with_cell(text, row=7):
    return [*PLAIN[:row], text, *PLAIN[row + 1 :]]


@pytest.mark.parametrize("text", ["n.d.", "<0.5", "broken", "see remark 7", "#REF!", "..", "tbd", "5-7", "12 or 13"])
def test_a_stray_text_among_numbers_counts_as_missing_and_is_named(write, text):
    table = read_table(write(csv(with_cell(text))))
    column = table.column("dose")
    assert column.kind == "number" and np.flatnonzero(np.isnan(column.numbers)).tolist() == [7]
    assert column.numbers[8] == float(PLAIN[8])
    assert table.notes == (
        f"'dose' holds numbers; 1 cell is none and counts as missing: {text!r} (1 cell, table.csv, line 9).",
    )
    role = infer_roles(table, "y")["dose"]
    assert (role.role, role.unknown, role.missing) == ("number", (text,), 1)
    assert f"{text!r} counts as missing." in role.reason
    preparation = Preparation.fit(table, np.arange(60), {"dose": role})
    assert preparation.feature_names == ["dose", "dose is missing"]


def test_many_cells_beyond_a_limit_of_detection_are_missing(write):
    cells = ["<0.5" if i % 4 == 0 else cell for i, cell in enumerate(PLAIN)]
    table = read_table(write(csv(cells)))
    assert np.isnan(table.column("dose").numbers).sum() == 15
    assert (
        "15 cells are none and count as missing: '<0.5' (15 cells, the first in table.csv, line 2)." in table.notes[0]
    )


KEPT = {
    "sizes": ["2", "4", "more", "2", "4"] * 12,
    "tickets": [f"A/5 {i}" if i % 4 == 0 else str(1000 + i) for i in range(60)],
    "codes with leading zeros": [*(f"{i:05d}" for i in range(59)), "x"],
    "a few numbers": ["1", "2", "3", "other"] * 15,
    "numbers in quotes": [*(f"'{i}'" for i in range(59)), "x"],
}


@pytest.mark.parametrize("cells", KEPT.values(), ids=KEPT.keys())
def test_texts_stay_texts(write, cells):
    assert read_table(write(csv(cells))).column("dose").kind == "text"


def test_a_column_of_mostly_numbers_that_is_left_out_is_named(write):
    table = read_table(write(csv(KEPT["tickets"])))
    roles = infer_roles(table, "y")
    assert roles["dose"].role == "text"
    (sentence,) = (s for s in suspect_columns(table, "y", roles) if "left out" in s)
    assert sentence == (
        "'dose' is left out (text), though 75% of its cells are numbers; others are not, such as 'A/5 0' (table.csv, "
        "line 2). With the role 'number' those count as missing."
    )
    named = infer_roles(table, "y", {"dose": "number"})["dose"]
    assert named.role == "number" and len(named.unknown) == 15
    assert named.reason.startswith("The role was named by you. 'A/5 0', 'A/5 4', 'A/5 8', … count as missing (15 cells")
    assert any("count as missing" in s for s in suspect_columns(table, "y", {"dose": named}))
    assert Preparation.fit(table, np.arange(60), {"dose": named}).feature_count == 2


def test_a_stray_text_among_dates_counts_as_missing(write):
    days = [f"2024-01-{1 + i % 28:02d}" for i in range(60)]
    table = read_table(write(csv([*days[:-1], "soon"])))
    role = infer_roles(table, "y")["dose"]
    assert (role.role, role.layout, role.unknown) == ("date", "year-month-day", ("soon",))
    assert "'soon' counts as missing (1 cell, in table.csv, line 61)." in role.reason


def test_a_stray_text_in_the_target_leaves_its_row_out(write):
    table = read_table(write(csv(with_cell("n.d."), "y1")))
    kept, note = drop_missing_target(table, "y1")
    assert (kept.row_count, Target.fit(kept, "y1").task) == (59, "regression")
    assert note == "1 row has no value for 'y1' (the first is table.csv, line 9); left out."
    with pytest.raises(
        InputError, match=r"line 9, column 'y1': a regression needs numbers, but the target is 'n\.d\.'"
    ):
        Target.fit(table, "y1")


def test_types_are_found_after_rows_are_dropped(write):
    content = "a;y\n" + "".join(f"{'text' if i % 3 == 0 else f'1,{i}'};{'' if i % 3 == 0 else i}\n" for i in range(30))
    table = read_table(write(content))
    assert table.column("a").kind == "text"
    kept, _ = drop_missing_target(table, "y")
    assert kept.column("a").kind == "number" and kept.column("a").numbers[0] == 1.1


# --- one unit, accounts, currencies -----------------------------------------------------------------------------------

WRITTEN = {
    "India's groups": (["1,23,456", "12,34,567.5", "999"], [123456, 1234567.5, 999]),
    "brackets below zero": (["(1,234.50)", "12.00", "($ 7)", "$8"], [-1234.5, 12, -7, 8]),
    "a minus behind": (["123-", "5"], [-123, 5]),
    "a currency's code": (["USD 12.50", "USD 1,200"], [12.5, 1200]),
    "a code behind": (["12,50 EUR", "3 EUR"], [12.5, 3]),
    "dollars of one country": (["US$ 5", "US$6"], [5, 6]),
}


@pytest.mark.parametrize(("texts", "values"), WRITTEN.values(), ids=WRITTEN.keys())
def test_numbers_of_accounts(texts, values):
    read = read_numbers(texts)
    assert read.valid.all() and read.values.tolist() == values


def test_two_currencies_and_counted_items_are_no_numbers():
    assert not read_numbers(["USD 5", "EUR 7"]).valid.any()
    assert not read_numbers(["(1)", "(2)"]).valid.any()


def test_one_unit_behind_every_number(write):
    table = read_table(write(csv([f"{cell} kW" for cell in PLAIN])))
    column = table.column("dose")
    assert column.kind == "number" and column.numbers[1] == 5.37 and column.style == "|kW"
    role = infer_roles(table, "y")["dose"]
    assert role.reason == "Every known value is a number of kW (60 different ones)."
    preparation = Preparation.fit(table, np.arange(60), {"dose": role})
    rows = preparation.transform(read_table({"dose": ["5.37 kW", "5.74 kW"]}))
    np.testing.assert_array_equal(rows, preparation.transform(table)[1:3])
    np.testing.assert_array_equal(rows, preparation.transform(read_table({"dose": [5.37, 5.74]})))
    with pytest.raises(InputError, match="'5 W' is not a number, and the column was learned as numbers"):
        preparation.transform(read_table({"dose": ["5 W"]}))


@pytest.mark.parametrize(
    "cells", [["5 kg", "7 lb"] * 30, [f"{i}a" if i % 2 else f"{i}b" for i in range(60)], ["3 s"] * 60]
)
def test_several_units_or_few_numbers_stay_texts(cells, write):
    assert read_table(write(csv(cells))).column("dose").kind == "text"


# --- thousands and decimals of the whole file -------------------------------------------------------------------------


def test_points_group_thousands_where_smaller_numbers_have_none(write):
    table = read_table(write("einwohner;anteil\n418;1\n1.200;2\n12.500;3\n1.756;4\n"))
    assert table.column("einwohner").numbers.tolist() == [418, 1200, 12500, 1756]


def test_one_column_decides_for_the_file(write):
    table = read_table(write("a;b;c\n1.200;0,5;1.234\n2.500;1,25;1.234.567\n"))
    assert [table.column(name).numbers.tolist() for name in "abc"] == [[1200, 2500], [0.5, 1.25], [1234, 1234567]]
    table = read_table(write('a,b\n"1,200",0.5\n"2,500",1.25\n'))
    assert [table.column(name).numbers.tolist() for name in "ab"] == [[1200, 2500], [0.5, 1.25]]
    table = read_table(write("a;b\n1,200;0.5\n2,500;1.25\n"))
    assert [table.column(name).numbers.tolist() for name in "ab"] == [[1200, 2500], [0.5, 1.25]]


@pytest.mark.parametrize(
    "content", ["a;b\n1.125;2\n2.500;3\n", "a,b\n1.125,2\n3,3\n2.250,4\n4.500,5\n", "a;b\n0.125;2\n1.500;3\n"]
)
def test_three_decimals_stay_decimals(write, content):
    assert read_table(write(content)).column("a").numbers[0] in (1.125, 0.125)


def test_nothing_is_decided_cell_by_cell():
    assert read_numbers(["1,5", "2.5"]).valid.tolist() == [True, False]
    assert read_numbers(["1.234,5", "1.234", "2.5"]).valid.tolist() == [True, True, False]


def test_evidence_and_the_mark():
    assert decimal_evidence(["1,5"]) == (True, False, False, False)
    assert decimal_evidence(["0.123"]) == (False, True, False, False)
    assert decimal_evidence(["1.234.567"]) == (False, False, True, False)
    assert decimal_evidence(["1,234.5"]) == (False, True, False, True)
    assert decimal_evidence(["1.234", "x"]) == (False, False, False, False)
    assert decimal_mark([(True, False, False, False), (False, True, False, False)], ";") == ""
    assert decimal_mark([(False, False, True, False)], ",") == ""
    assert decimal_mark([(False, False, True, False)], ";") == ","


def test_a_model_of_a_german_file_reads_a_few_rows_of_another_by_its_rule(write):
    rows = [418, 1200, 12500, 1756, 996, 20100]
    table = read_table(write("e;y\n" + "".join(f"{row:,};{row / 3:.0f}\n".replace(",", ".") for row in rows)))
    roles = infer_roles(table, "y")
    preparation = Preparation.fit(table, np.arange(6), roles)
    np.testing.assert_array_equal(
        preparation.transform(read_table(write("e\n1.200\n1.756\n"))), preparation.transform(table)[[1, 3]]
    )
    target = Target.fit(
        read_table(write("e;y\n" + "".join(f"{i};{row:,}\n".replace(",", ".") for i, row in enumerate(rows)))), "y"
    )
    assert target.truth(read_table(write("e;y\n1;1.200\n2;1.756\n"))).tolist() == [1200, 1756]


# --- dashes and what means missing ------------------------------------------------------------------------------------


def test_plus_and_minus_are_two_levels(write):
    table = read_table(
        write("strand,n,y\n" + "".join(f"{'+-'[i % 2]},{'-' if i == 3 else i},{i}\n" for i in range(20)))
    )
    assert table.column("strand").levels == ("+", "-") and not table.column("strand").missing.any()
    assert np.flatnonzero(table.column("n").missing).tolist() == [3]
    assert table.notes == ("Counted as missing: '-' in 1 cell (table.csv, line 5, column 'n').",)
    assert Target.fit(table, "strand").classes == ("-", "+")


def test_a_dash_among_yes_and_no_or_dates_is_missing(write):
    table = read_table(
        write(
            "a,d,y\n"
            + "".join(
                f"{('yes', 'no', '-')[i % 3]},{'-' if i == 5 else f'2024-01-{i + 1:02d}'},{i}\n" for i in range(20)
            )
        )
    )
    roles = infer_roles(table, "y")
    assert roles["a"].role == "boolean" and roles["a"].unknown == ("-",)
    assert roles["d"].role == "date" and roles["d"].unknown == ("-",)


def test_what_is_counted_as_missing_is_said(write):
    table = read_table(write("a,b\n?,x\nNA,?\n3,?\n" + "4,y\n" * 5))
    assert table.notes == (
        "Counted as missing: '?' in 3 cells (the first in table.csv, line 2, column 'a'), 'NA' in 1 cell (table.csv, "
        "line 3, column 'a').",
    )


# --- headers ----------------------------------------------------------------------------------------------------------


def test_the_row_that_holds_the_targets_name_is_the_header(write):
    path = write("1,2,price\n3,4,5\n6,7,8\n")
    assert read_table(path, named=["price"]).names == ["1", "2", "price"]
    assert read_table(write("red,blue\nred,green\nblue,red\n"), named=["red"]).has_header is False


def test_positions_above_numbers_with_a_name_at_the_end(write):
    table = read_table(write("0,1,2,3,target\n" + "0.5,1.5,2.5,3.5,1\n" * 5))
    assert table.has_header and find_target(table, "target") == "target" and find_target(table, 4) == "target"
