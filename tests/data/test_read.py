"""Reading text files: separators, encodings, headers, missing cells, numbers; and every refusal, word for word."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from thetastar.data import read_table
from thetastar.errors import InputError


def cells(table, name):
    """A column as a list, nan as None."""
    return [None if value is None or value != value else value for value in table.column(name).values.tolist()]


# --- separators -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found(write, separator):
    rows = [["size", "city"], ["70", "Ulm"], ["81", "Bonn"]]
    table = read_table(write("\n".join(separator.join(row) for row in rows)))
    assert table.names == ["size", "city"]
    assert cells(table, "size") == [70, 81]
    assert cells(table, "city") == ["Ulm", "Bonn"]


@pytest.mark.parametrize("content", ["a b  c\n1 2   3\n 4 5 6\n", "a\t\tb\tc\n1\t2\t\t3\n4\t5\t6\n"])
def test_runs_of_blanks_separate_cells(write, content):
    table = read_table(write(content))
    assert table.names == ["a", "b", "c"]
    assert [cells(table, name) for name in "abc"] == [[1, 4], [2, 5], [3, 6]]


def test_columns_aligned_by_blanks_with_quoted_texts(write):
    table = read_table(write('18.0   8   130.0  1\t"chevrolet malibu"\n15.0   8   165.0  1\t"buick skylark"\n'))
    assert len(table.names) == 5
    assert cells(table, "4") == ["chevrolet malibu", "buick skylark"]


def test_texts_of_two_words_do_not_make_blanks_separators(write):
    assert len(read_table(write("Ann Lee\t5\nBob Ray\t6\n")).names) == 2
    assert len(read_table(write("Ann Lee,5\nBob Ray,6\n")).names) == 2


def test_a_tab_separated_file_may_have_empty_cells(write):
    table = read_table(write("a\tb\tc\n1\t\t3\n\t5\t6\n"))
    assert [cells(table, name) for name in "abc"] == [[1, None], [None, 5], [3, 6]]


def test_quoted_cells_may_hold_separators_quotes_and_line_ends(write):
    table = read_table(write('who,n\n"Braund, ""Owen""\nHarris",1\n"x",2\n'))
    assert cells(table, "who") == ['Braund, "Owen"\nHarris', "x"]


def test_spaces_after_separators_belong_to_no_cell(write):
    table = read_table(write('a, b, c\n1, x , "u, v"\n2, y, "w"\n'))
    assert table.names == ["a", "b", "c"]
    assert cells(table, "b") == ["x", "y"]
    assert cells(table, "c") == ["u, v", "w"]


def test_one_column_keeps_its_empty_lines(write):
    assert cells(read_table(write("a\n1\n\n3\n")), "a") == [1, None, 3]


def test_a_line_that_names_the_separator_is_no_row(write):
    table = read_table(write("sep=;\na;b\n1;2\n"))
    assert table.names == ["a", "b"]
    assert table.line(0) == 3


def test_remarks_above_the_table_are_passed_over(write):
    table = read_table(write("# made on Monday\na,b\n1,2\n3,4\n"))
    assert table.names == ["a", "b"]
    assert table.line(1) == 4


def test_a_header_may_begin_with_a_hash(write):
    assert read_table(write("#id,v\n1,2\n3,4\n")).names == ["#id", "v"]


# --- encodings and line ends ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"])
def test_the_encoding_is_found(write, encoding):
    table = read_table(write("name,größe\ncafé,1\nOslo,2\n".encode(encoding)))
    assert table.names == ["name", "größe"]
    assert cells(table, "name") == ["café", "Oslo"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_of_every_kind(write, end, last):
    table = read_table(write(end.join(["a,b", "1,2", "3,4"]) + (end if last else "")))
    assert cells(table, "b") == [2, 4]


def test_gzip_is_opened_by_content_not_by_name(write):
    assert cells(read_table(write(gzip.compress(b"a,b\n1,2\n"), "table.txt")), "b") == [2]


# --- header -----------------------------------------------------------------------------------------------------------

WITH_HEADER = {
    "names above numbers": "size,price\n1,2\n3,4\n",
    "names above texts": "color,shape\nred,round\nblue,square\nred,square\n",
    "one name above dates": "day,what\n2020-01-01,a\n2020-01-02,b\n",
    "a blank name": ",a\n0,1\n1,2\n",
    "years as names": "country,2010,2011,2012\nDE,1,2,3\nFR,4,5,6\n",
    "positions as names": "0,1,2\n0.5,2.5,3\n4,5,6.5\n",
    "a single text row below": "name,job\nann,cook\n",
    "quoted names": '"a","b"\n"1","2"\n',
}
WITHOUT_HEADER = {
    "only numbers": "1.5,2\n3,4\n5,6\n",
    "levels that come again": "red,round\nred,round\nblue,square\nred,square\n",
    "numbers among texts": "vhigh,2,small\nvhigh,3,small\nlow,2,big\n",
    "a missing cell first": "?,1,x\n3,2,y\n4,5,x\n",
    "one row with a number": "red,3,blue\n",
    "dates": "2020-01-01,a\n2020-01-02,a\n2020-01-03,b\n",
}


@pytest.mark.parametrize("content", WITH_HEADER.values(), ids=WITH_HEADER.keys())
def test_a_header_is_recognised(write, content):
    table = read_table(write(content))
    assert table.has_header
    assert table.row_count == content.count("\n") - 1


@pytest.mark.parametrize("content", WITHOUT_HEADER.values(), ids=WITHOUT_HEADER.keys())
def test_columns_without_a_header_are_numbered_from_0(write, content):
    table = read_table(write(content))
    assert not table.has_header
    assert table.names == [str(i) for i in range(len(table.names))]
    assert table.row_count == content.count("\n")


def test_the_header_can_be_given(write):
    path = write("color,shape\nred,round\n")
    assert read_table(path, header=False).row_count == 2
    assert read_table(write("1,2\n3,4\n"), header=True).names == ["1", "2"]


def test_names_of_an_earlier_file_reveal_a_header(write):
    path = write("red,green\nred,red\nblue,red\n")
    assert read_table(path, expected=["red", "green"]).row_count == 2
    assert read_table(path).row_count == 3


def test_a_row_without_any_of_the_names_of_an_earlier_file_is_data(write):
    path = write("vhigh,low,small\n")
    assert read_table(path, expected=["0", "1", "2"]).row_count == 1
    assert read_table(path, expected=["buying", "maint", "safety"]).row_count == 1
    with pytest.raises(InputError, match="only a header"):
        read_table(path)


def test_blank_and_repeated_names_are_made_unique(write):
    table = read_table(write(",a,a\n7,8,9\n1,2,3\n"))
    assert table.names == ["Unnamed: 0", "a", "a.1"]
    assert table.notes == ("The column name 'a' occurs more than once; column 2 is called 'a.1'.",)


def test_row_names_without_a_name_above_them(write):
    table = read_table(write("a,b\nr1,1,2\nr2,3,4\n"))
    assert table.names == ["rownames", "a", "b"]
    assert table.notes == ("The first column has no name in the header; it was named 'rownames'.",)


def test_a_separator_after_every_row(write):
    table = read_table(write("a,b\n1,2,\n3,4,\n"))
    assert [cells(table, name) for name in "ab"] == [[1, 3], [2, 4]]


# --- cells ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["", " ", "?", "NA", "N/A", "n/a", "null", "NULL", "nan", "NaN", "#N/A"])
def test_what_means_missing(write, word):
    table = read_table(write(f"n,t\n1,x\n{word},{word}\n3,y\n"))
    assert cells(table, "n") == [1, None, 3]
    assert cells(table, "t") == ["x", None, "y"]
    assert table.column("n").missing.tolist() == table.column("t").missing.tolist() == [False, True, False]


def test_none_and_sodium_are_categories(write):
    table = read_table(write("fence,element\nNone,Na\nWood,Cl\n"))
    assert cells(table, "fence") == ["None", "Wood"]
    assert cells(table, "element") == ["Na", "Cl"]


def test_whole_numbers_with_leading_zeros_are_codes(write):
    table = read_table(write("zip,part\n00501,0.5\n10001,0.25\n"))
    assert cells(table, "zip") == ["00501", "10001"]
    assert cells(table, "part") == [0.5, 0.25]


def test_a_file_with_decimal_commas(write):
    table = read_table(write("a;b;c\n1,5;2.146;x\n1.234,25;3.000;y\n"))
    assert cells(table, "a") == [1.5, 1234.25]
    assert cells(table, "b") == [2146, 3000]
    assert table.column("a").style == "decimal comma"


def test_very_long_cells(write):
    table = read_table(write("a,b\n1," + "x" * 200_000 + "\n3,y\n"))
    assert [len(value) for value in table.column("b").values] == [200_000, 1]
    assert read_table(write("x" * 200_000 + ",b\n1,2\n")).names[1] == "b"


def test_a_wide_table_and_a_long_one_keep_their_shape(write):
    header = ",".join(f"c{i}" for i in range(300))
    row = ",".join(str(i) for i in range(300))
    table = read_table(write(header + "\n" + (row + "\n") * 500))
    assert (table.row_count, len(table.names)) == (500, 300)
    assert table.column("c299").values[-1] == 299


# --- where a row stands -----------------------------------------------------------------------------------------------


def test_rows_know_their_line_in_the_file(write):
    table = read_table(write('a,b\n\n"x\ny",1\n\nz,2\n'))
    assert [table.line(0), table.line(1)] == [3, 6]
    assert table.select([1]).line(0) == 6
    assert table.place(1, "b") == "table.csv, line 6, column 'b'"


def test_rows_without_a_file_are_counted_from_0():
    table = read_table({"a": [1, 2, 3]}).select(np.array([False, False, True]))
    assert table.place(0, "a") == "dict of columns, row 2, column 'a'"


# --- refusals ---------------------------------------------------------------------------------------------------------

REFUSED = {
    "empty": ("", "table.csv: the file is empty. Give a file with one row of names and at least ten rows of data."),
    "blank": (" \n\n \n", "table.csv: the file is empty. Give a file with one row of names"),
    "header only": ("a,b\n", "table.csv: the file holds only a header (a, b), no data. Add rows below it."),
    "short row": (
        "a,b\n1,2\n3\n4,5\n",
        "table.csv, line 3: 1 cell where the other rows have 2 (comma separated): '3'. Every row needs the same number "
        "of cells; put cells that hold a comma in double quotes.",
    ),
    "long row": (
        "a;b\n1;2\n\n3;4;5\n6;7\n",
        "table.csv, line 4: 3 cells where the other rows have 2 (semicolon separated): '3;4;5'.",
    ),
    "long row of long cells": ("a,b\n1,2\n" + "x" * 99 + ",1,2\n4,5\n", "…'. Every row needs the same number of cells"),
    "open quote": (
        'a,b\n1,2\n"x,3\n4,5\n',
        "line 3: a double quote in this row is never closed. Close it or take it out.",
    ),
    "open quote at the end": ('a,b\n1,2\n3,"4\n5,6\n', "line 3: a double quote in this row is never closed."),
    "rows beyond Python's reader": (
        "a,b\n1," + "x" * 200_000 + "\n3\n",
        "line 1: the rows cannot be told apart from here on (",
    ),
    "binary": (
        bytes(range(256)) * 4,
        "table.csv: this is not a text table (it holds zero bytes). Give CSV, TSV, Parquet",
    ),
    "zip": (b"PK\x03\x04rest", "table.csv: the zip archive is damaged or locked (File is not a zip file). Unpack it"),
    "picture": (
        b"\x89PNG\r\n",
        "table.csv: this is a picture, not a table that can be read. Pictures are given as a folder with a sub-folder",
    ),
    "JSON": ('{"a": 1]', "table.csv, line 1: this is no JSON ("),
    "web page": ("<html></html>", "table.csv: this is a web page, not a table that can be read."),
    "half a gzip": (gzip.compress(b"a,b\n1,2\n")[:-6], "table.csv: the gzip archive is damaged"),
    "half a UTF-16": (
        "a,b\n".encode("utf-16") + b"\x00",
        "table.csv: the file says by its first bytes that it is utf-16",
    ),
    "broken Parquet": (b"PAR1rubbish", "table.csv: the Parquet or Arrow file is damaged"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_no_table_is_refused_in_one_sentence(write, content, message):
    with pytest.raises(InputError) as error:
        read_table(write(content))
    assert message in str(error.value)


def test_a_missing_file_is_refused_with_the_nearest_names(write):
    path = write("a\n1\n", "titanic.csv")
    with pytest.raises(InputError, match=r"titanc\.csv: there is no such file\. Did you mean titanic\.csv\?"):
        read_table(path.parent / "titanc.csv")
    with pytest.raises(
        InputError, match=r"there is no such file\. The folder .* holds titanic\.csv\. Check the path\."
    ):
        read_table(path.parent / "zzzzzzzz")
    with pytest.raises(InputError, match=r"there is no such file; the folder .* does not exist either"):
        read_table(path.parent / "nowhere" / "x.csv")


def test_a_missing_file_in_an_empty_folder(tmp_path):
    with pytest.raises(InputError, match=r"The folder .* is empty\. Check the path\."):
        read_table(tmp_path / "x.csv")


def test_a_folder_is_refused_with_the_files_in_it(write):
    path = write("a\n1\n", "houses.csv")
    write("more", "notes.md")
    with pytest.raises(
        InputError, match=r"this is a folder, not a file\. It holds houses\.csv, notes\.md\. Name the file to read\."
    ):
        read_table(path.parent)


def test_a_path_that_cannot_be_opened():
    with pytest.raises(InputError, match="the file cannot be opened"):
        read_table("x\0y")


def test_a_column_that_does_not_exist_is_refused_with_the_nearest_names():
    table = read_table({"price": [1], "size": [2]})
    with pytest.raises(InputError, match=r"dict of columns: there is no column 'prise'\. Did you mean 'price'\?"):
        table.column("prise")
    with pytest.raises(InputError, match=r"there is no column 'zzz'\. The columns are 'price', 'size'\."):
        table.column("zzz")
