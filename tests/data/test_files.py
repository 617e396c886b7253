"""Files of every form, made by the programs that people write them with; and what arrives from each."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import sys
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from thetastar.data import Preparation, Target, infer_roles, read_table
from thetastar.errors import InputError

FILES = Path(__file__).parent / "files"
N = 24
Y = [0.5 * i for i in range(N)]


def cells(table, name):
    return [None if value is None or value != value else value for value in table.column(name).values.tolist()]


def roles_of(table, target="y"):
    return {name: role.role for name, role in infer_roles(table, target).items()}


# --- spreadsheets -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["openpyxl.xlsx", "xlsxwriter.xlsx", "odfpy.ods"])
def test_a_workbook_keeps_what_its_cells_are(file):
    pytest.importorskip("python_calamine")
    table = read_table(FILES / file)
    assert table.names == ["code", "n", "whole", "flag", "day", "clock", "word"]
    assert cells(table, "code") == ["007", "010", "011", "012"]
    assert cells(table, "n") == [1.5, 2.25, None, 4] and cells(table, "whole") == [1, 2, 3, 4]
    assert cells(table, "flag") == ["True", "False", "True", "False"]
    assert cells(table, "day") == ["2024-01-01", "2024-01-02", "2024-02-29", "2024-03-01"]
    assert cells(table, "clock") == ["10:30:00", "11:00:00", "12:00:00", "13:00:00"]
    assert cells(table, "word") == ["a", "größe", None, "d"]


def test_titles_units_totals_and_other_sheets_of_a_workbook():
    pytest.importorskip("python_calamine")
    table = read_table(FILES / "two_sheets.xlsx")
    assert table.row_count == 9 and cells(table, "weight")[-1] == 4
    assert table.place(0) == "two_sheets.xlsx, line 5"
    assert table.notes[0].startswith("Read is the sheet 'Sheet'; 'other' is passed over")
    assert table.notes[1] == "Left out above the table: 'Report of May', …"
    assert table.notes[2].startswith("The row below the header, line 4, holds words above columns of numbers")
    assert table.notes[3].startswith("The last row (two_sheets.xlsx, line 14) says 'Total' in 'name'")
    assert cells(read_table(f"{FILES / 'two_sheets.xlsx'}#other"), "y") == [2, 4]
    with pytest.raises(InputError, match=r"there is no sheet 'third'\. There are 'Sheet', 'other', 'empty'\."):
        read_table(f"{FILES / 'two_sheets.xlsx'}#third")
    with pytest.raises(InputError, match="there are no cells in the workbook"):
        read_table(f"{FILES / 'two_sheets.xlsx'}#empty")


def test_a_damaged_workbook_and_a_missing_library(write, monkeypatch):
    pytest.importorskip("python_calamine")
    old = write(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "a.xls")
    with pytest.raises(InputError, match="the workbook is locked or damaged"):
        read_table(old)
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(
        InputError, match=r"Reading spreadsheets needs python-calamine\. Install it: pip install python-c"
    ):
        read_table(old)


# --- statistics programs ----------------------------------------------------------------------------------------------


def survey():
    return pd.DataFrame(
        {
            "sex": [1.0, 2, 9, None] * 6, "age": [30.0, 41, 99, 25] * 6, "scale": [0.0, 5, 10, 7] * 6,
            "name": ["a", "b", "", "d"] * 6, "day": pd.date_range("2024-01-01", periods=N).date, "y": Y,
        }
    )  # fmt: skip


LABELS = {"sex": {1: "male", 2: "female", 9: "refused"}, "scale": {0: "none", 10: "all"}}


@pytest.mark.parametrize("ending", ["sav", "zsav"])
def test_spss_shows_labels_and_its_user_missing_values_are_missing(tmp_path, ending):
    stat = pytest.importorskip("pyreadstat")
    path = tmp_path / f"survey.{ending}"
    missing = {"sex": [9], "age": [{"lo": 90, "hi": 99}]}
    stat.write_sav(survey(), path, variable_value_labels=LABELS, missing_ranges=missing, compress=ending == "zsav")
    table = read_table(path)
    assert cells(table, "sex")[:4] == ["male", "female", None, None]
    assert cells(table, "age")[:4] == [30, 41, None, 25] and cells(table, "name")[:3] == ["a", "b", None]
    assert roles_of(table) == {"sex": "category", "age": "number", "scale": "number", "name": "category", "day": "date"}
    assert table.notes == (
        "'sex': 9 (refused) in 6 cells counts as missing, as the file says (user-missing).",
        "'age': 99 in 6 cells counts as missing, as the file says (user-missing).",
        "'scale' has labels for some of its values only (0 (none), 10 (all)); its values are read as they are.",
    )
    assert Target.fit(read_table(path).select(np.arange(N) % 4 < 2), "sex").classes == ("male", "female")


def test_stata_months_quarters_weeks_and_missing_whole_numbers(tmp_path):
    stat = pytest.importorskip("pyreadstat")
    frame = pd.DataFrame({"m": [768, 769, 780], "q": [256, 257, 258], "w": [3328, 3329, 3380], "h": [128, 129, 130],
                          "k": [1, 2, 1], "n": [1, None, 3]})  # fmt: skip
    forms = {"m": "%tm", "q": "%tq", "w": "%tw", "h": "%th"}
    stat.write_dta(frame, tmp_path / "a.dta", variable_format=forms, variable_value_labels={"k": {1: "low", 2: "high"}})
    table = read_table(tmp_path / "a.dta")
    assert cells(table, "m") == ["2024-01", "2024-02", "2025-01"] and cells(table, "q") == [
        "2024Q1",
        "2024Q2",
        "2024Q3",
    ]
    assert cells(table, "w") == ["2024-01-01", "2024-01-08", "2025-01-01"]
    assert cells(table, "h") == ["2024-01", "2024-07", "2025-01"]
    assert cells(table, "k") == ["low", "high", "low"] and cells(table, "n") == [1, None, 3]


def test_stata_as_pandas_writes_it(tmp_path):
    pytest.importorskip("pyreadstat")
    frame = pd.DataFrame(
        {
            "c": pd.Categorical(["u", "v", "u"], ["v", "u"], ordered=True),
            "t": pd.date_range("2024", periods=3),
            "n": [1, 2, 3],
        }
    )
    for version in (114, 117, 118):
        frame.to_stata(tmp_path / "a.dta", write_index=False, version=version)
        table = read_table(tmp_path / "a.dta")
        assert cells(table, "c") == ["u", "v", "u"] and table.column("c").levels == ("v", "u")
        assert cells(table, "t")[0].startswith("2024-01-01")


@pytest.mark.parametrize("kind", ["por", "xport"])
def test_portable_files(tmp_path, kind):
    stat = pytest.importorskip("pyreadstat")
    frame = pd.DataFrame({"A": [1.0, 2.5, 3], "B": ["x", "y", "z"]})
    getattr(stat, f"write_{kind}")(frame, tmp_path / "file")
    table = read_table(tmp_path / "file")
    assert cells(table, "A") == [1, 2.5, 3] and cells(table, "B") == ["x", "y", "z"]


def test_a_damaged_file_of_statistics_is_refused(write, monkeypatch):
    pytest.importorskip("pyreadstat")
    with pytest.raises(InputError, match=r"table\.csv: the file is damaged or of an unknown version"):
        read_table(write(b"$FL2" + bytes(400)))
    monkeypatch.setitem(sys.modules, "pyreadstat", None)
    with pytest.raises(InputError, match="Reading files of SPSS, Stata and SAS needs pyreadstat"):
        read_table(write(b"$FL2" + bytes(400)))


# --- arrays -----------------------------------------------------------------------------------------------------------


def test_numpy_files(tmp_path):
    X, y = np.arange(6.0).reshape(3, 2), np.array([1, 0, 1])
    np.save(tmp_path / "x.npy", X)
    assert read_table(tmp_path / "x.npy").names == ["0", "1"]
    np.savez(tmp_path / "xy.npz", X=X, y=y)
    assert read_table(tmp_path / "xy.npz").names == ["0", "1", "target"]
    assert read_table(f"{tmp_path / 'xy.npz'}#X").names == ["0", "1"]
    np.savez_compressed(tmp_path / "columns.npz", size=X[:, 0], kind=np.array(["a", "b", "a"]), other=np.arange(7))
    table = read_table(tmp_path / "columns.npz")
    assert table.names == ["size", "kind"] and table.notes == ("Passed over, having another number of rows: other.",)
    np.savez(
        tmp_path / "keras.npz",
        x_train=np.zeros((3, 5, 5), np.uint8),
        y_train=y,
        x_test=np.zeros((2, 5, 5), np.uint8),
        y_test=y[:2],
    )
    table = read_table(tmp_path / "keras.npz")
    assert table.names == ["image", "target"] and table.row_count == 3
    assert table.notes == ("Passed over, being for tests: x_test, y_test (named as keras.npz#x_test).",)
    np.save(tmp_path / "rows.npy", np.array([(1, "x"), (2, "y")], dtype=[("n", int), ("t", "U1")]))
    assert read_table(tmp_path / "rows.npy").names == ["n", "t"]


def test_no_pickle_is_read(tmp_path):
    np.save(tmp_path / "x.npy", np.array([{"a": 1}], dtype=object))
    with pytest.raises(InputError, match=r"the arrays hold Python objects \(pickled\), which are not read"):
        read_table(tmp_path / "x.npy")
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\x01\x00")
    with pytest.raises(InputError, match="the NumPy file is damaged"):
        read_table(tmp_path / "x.npy")


def test_matlab_files(tmp_path):
    from scipy.io import savemat
    from scipy.sparse import csr_array

    savemat(tmp_path / "a.mat", {"X": np.arange(6.0).reshape(3, 2), "y": [[1], [2], [3]]})
    assert read_table(tmp_path / "a.mat").names == ["0", "1", "target"]
    savemat(
        tmp_path / "b.mat",
        {"size": [1.5, 2, 3], "name": np.array(["u", "v", "w"], dtype=object), "n": csr_array(np.eye(3)), "k": 5},
    )
    table = read_table(tmp_path / "b.mat")
    assert table.names == ["size", "name", "n[0]", "n[1]", "n[2]"]
    assert cells(table, "size") == [1.5, 2, 3] and cells(table, "name") == ["u", "v", "w"]
    savemat(tmp_path / "s.mat", {"t": {"a": [1.0, 2, 3], "b": [4.0, 5, 6]}})
    assert cells(read_table(tmp_path / "s.mat"), "b") == [4, 5, 6]
    assert cells(read_table(f"{tmp_path / 'a.mat'}#X"), "1") == [1, 3, 5]


def test_what_of_matlab_is_refused(write):
    with pytest.raises(InputError, match=r"a MATLAB file of version 7\.3 \(HDF5\)\. Save it in MATLAB with save\(file"):
        read_table(write(b"MATLAB 7.3 MAT-file, Platform" + bytes(600)))
    with pytest.raises(InputError, match="the MATLAB file is damaged"):
        read_table(write(b"MATLAB 5.0 MAT-file" + bytes(105) + b"\x00\x01IM" + b"\xff" * 99))


# --- ARFF -------------------------------------------------------------------------------------------------------------


def test_arff_as_liac_writes_it():
    table = read_table(FILES / "liac.arff")
    assert table.names == ["size, in cm", "kind", "say", "n"]
    assert cells(table, "size, in cm") == [1.5, None, 3] and cells(table, "n") == [1, None, 3]
    assert cells(table, "kind") == ["it's", "two words", None]
    assert table.column("kind").levels == ("it's", "two words", "plain") and table.column("kind").category == "ordered"
    assert cells(table, "say") == ['a "quoted" one', "back\\slash", "x"]


SPARSE = """% remarks
@relation 'bag of words'
@attribute a numeric
@attribute 'b c' {x, y, 'z w'}
@attribute d date yyyy-MM-dd
@data
{0 1.5, 1 y}
{1 'z w', 2 2024-01-01}, {2.5}
{}
{0 ?}
"""


def test_sparse_rows_and_weights(write):
    table = read_table(write(SPARSE, "a.arff"))
    assert cells(table, "a") == [1.5, 0, 0, None] and cells(table, "b c") == ["y", "z w", "x", "x"]
    assert cells(table, "weight") == [1, 2.5, 1, 1] and table.line(1) == 8
    assert infer_roles(table, "a")["weight"].reason == "It is the weight of the row, not what it is."
    assert not infer_roles(table, "a")["weight"].used


def test_arff_that_cannot_be_read(write):
    with pytest.raises(InputError, match=r"line 5: 1 cells, and there are 2 attributes: '1'"):
        read_table(write("@relation r\n@attribute a numeric\n@attribute b numeric\n@data\n1\n"))
    with pytest.raises(InputError, match="there is no attribute 7"):
        read_table(write("@relation r\n@attribute a numeric\n@data\n{7 1}\n"))
    with pytest.raises(InputError, match="the ARFF file has no rows below @data"):
        read_table(write("@relation r\n@attribute a numeric\n@data\n"))
    with pytest.raises(InputError, match="line 2: the attribute has no name and type"):
        read_table(write("@relation r\n@attribute a\n@data\n1\n"))


# --- records ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["pandas lines", "polars lines", "array", "columns", "pandas", "pandas index"])
def test_json_as_it_is_written(tmp_path, form):
    frame = {
        "n": [1, 2, None],
        "t": ["x", None, "007"],
        "big": [2**60, 2**60 + 1, 2**60],
        "v": [[1.5, 2], [3, 4], [5, 6]],
    }
    pandas, path = pd.DataFrame({**frame, "n": pd.array(frame["n"], dtype="Int64")}), tmp_path / "a.json"
    text = {
        "pandas lines": lambda: pandas.to_json(orient="records", lines=True),
        "polars lines": lambda: pl.DataFrame(frame).write_ndjson(),
        "array": lambda: json.dumps(pandas.astype(object).where(pandas.notna(), None).to_dict("records"), indent=1),
        "columns": lambda: json.dumps(frame), "pandas": lambda: pandas.to_json(),
        "pandas index": lambda: pandas.to_json(orient="index", lines=False) and pandas.to_json(orient="records"),
    }[form]()  # fmt: skip
    path.write_text(text)
    table = read_table(path)
    assert cells(table, "n") == [1, 2, None] and cells(table, "t") == ["x", None, "007"]
    assert cells(table, "big") == frame["big"] and cells(table, "v[1]") == [2, 4, 6]


def test_json_that_is_no_table(write):
    with pytest.raises(InputError, match=r"line 2: this is no JSON"):
        read_table(write('{"a": 1}\n{"a": \n'))
    with pytest.raises(InputError, match=r"line 2: a record is an object with names, not '5'"):
        read_table(write('{"a": 1}\n5\n'))


def test_svmlight_as_scikit_learn_writes_it(tmp_path):
    from sklearn.datasets import dump_svmlight_file

    X, y = np.array([[0, 2.5, 0], [1, 0, 0], [0, 0, 3]]), np.array([1, -1, 1])
    for base in (True, False):
        dump_svmlight_file(X, y, str(tmp_path / "a.svm"), zero_based=base, comment="made here")
        table = read_table(tmp_path / "a.svm")
        names = ["0", "1", "2"] if base else ["1", "2", "3"]
        assert table.names == ["target", *names] and cells(table, "target") == [1, -1, 1]
        assert [cells(table, name) for name in names] == X.T.tolist()
    dump_svmlight_file(X, y, str(tmp_path / "q.svm"), query_id=[4, 4, 5])
    table = read_table(tmp_path / "q.svm")
    assert cells(table, "qid") == [4, 4, 5] and not infer_roles(table, "target")["qid"].used


def test_a_later_svmlight_file_has_the_columns_of_the_first(write):
    table = read_table(write("1 1:2 3:4\n-1 2:1\n1 3:1\n" * 5))
    later = read_table(write("1 1:2\n-1 5:9\n"), expected=table.names)
    assert later.names == table.names == ["target", "1", "2", "3"]
    preparation = Preparation.fit(table, np.arange(15), infer_roles(table, "target"))
    assert preparation.transform(later).shape == (2, 3)


def test_text_tables_are_no_svmlight(write):
    assert read_table(write("1 2\n3 4\n")).names == ["0", "1"]
    assert read_table(write("when,n\n10:30,1\n10:45,2\n")).names == ["when", "n"]


# --- series -----------------------------------------------------------------------------------------------------------

TSF = """# a remark
@relation test
@attribute series_name string
@attribute start_timestamp date
@frequency {}
@horizon 8
@missing true
@equallength false
@data
T1:{}:1,2.5,?
T2:1980-02-29 00-00-00:4,5
"""

STEPS = {
    "daily": ("1979-12-31 00-00-00", ["1979-12-31T00:00:00", "1980-01-01T00:00:00", "1980-01-02T00:00:00"]),
    "monthly": ("1980-01-31 00-00-00", ["1980-01-31T00:00:00", "1980-02-29T00:00:00", "1980-03-31T00:00:00"]),
    "yearly": ("1979-06-30 00-00-00", ["1979-06-30T00:00:00", "1980-06-30T00:00:00", "1981-06-30T00:00:00"]),
    "weekly": ("1979-01-01 00-00-00", ["1979-01-01T00:00:00", "1979-01-08T00:00:00", "1979-01-15T00:00:00"]),
    "half_hourly": ("1979-01-01 23-30-00", ["1979-01-01T23:30:00", "1979-01-02T00:00:00", "1979-01-02T00:30:00"]),
}


@pytest.mark.parametrize("frequency", STEPS)
def test_monash_series_are_one_long_table_whose_dates_are_start_and_steps(write, frequency):
    start, times = STEPS[frequency]
    table = read_table(write(TSF.format(frequency, start), "a.tsf"))
    assert table.names == ["series_name", "time", "value"]
    assert cells(table, "series_name") == ["T1"] * 3 + ["T2"] * 2 and cells(table, "value") == [1, 2.5, None, 4, 5]
    assert cells(table, "time")[:3] == times
    assert "The file names a horizon of 8." in table.notes


TS = """#a remark
@problemName Test
@timeStamps false
@missing true
@univariate false
@equalLength false
@classLabel true 10 2 1
@data
1,2,3:4,5,6:10
1,?:2,3:2
"""


def test_archive_series_keep_missing_values_and_labels(write):
    table = read_table(write(TS, "a.ts"))
    samples = table.column("sequence").samples
    assert samples.shape == (2, 3, 2) and samples[0, :, 1].tolist() == [4, 5, 6]
    assert np.isnan(samples[1]).tolist() == [[False, False], [True, False], [True, True]]
    assert cells(table, "class") == ["10", "2"]
    assert Target.fit(table, "class").classes[0] in (2, 10)
    values = read_table(write("@problemName T\n@targetLabel true\n@missing false\n@data\n1,2:0.5\n3,4:1.5\n", "b.ts"))
    assert cells(values, "target") == [0.5, 1.5]
    with pytest.raises(InputError, match="the series have a time beside every value"):
        read_table(write("@problemName T\n@timeStamps true\n@missing false\n@data\n(0,1),(1,2):a\n", "c.ts"))


def test_ucr_files_are_told_by_their_name(write):
    content = "1\t0.5\t1.5\t2.5\n-1\t3.5\t4.5\tNaN\n1\t0\t0\t0\n"
    table = read_table(write(content, "Coffee_TRAIN.tsv"))
    assert table.column("sequence").samples.shape == (3, 3, 1) and cells(table, "class") == ["1", "-1", "1"]
    assert np.isnan(table.column("sequence").samples[1, 2, 0])
    assert read_table(write(content, "coffee.tsv")).names == ["0", "1", "2", "3"]


# --- packed, several, standard input ----------------------------------------------------------------------------------

CSV = b"a,b\n" + b"".join(b"%d.5,%d\n" % (i, i) for i in range(12))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, lambda data: _zstd(data)])
def test_packed_files(write, pack):
    assert read_table(write(pack(CSV), "a.csv.packed")).row_count == 12
    with pytest.raises(InputError, match=r"the (gzip|bzip2|xz|zstd) archive is damaged"):
        read_table(write(pack(CSV)[:-12], "a.csv.packed"))


def _zstd(data):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(data)
    return sink.getvalue().to_pybytes()


def zipped(path, **members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return path


def test_zip_archives(tmp_path):
    assert read_table(zipped(tmp_path / "one.zip", a_csv=CSV, readme_md=b"x")).row_count == 12
    two = zipped(tmp_path / "two.zip", a_csv=CSV, b_csv=CSV)
    table = read_table(two)
    assert table.row_count == 24 and table.notes == ("Read together: two.zip#a.csv, two.zip#b.csv.",)
    assert read_table(f"{two}#b.csv").row_count == 12
    with pytest.raises(InputError, match=r"there is no member 'c\.csv' in the zip archive\. It holds a\.csv, b\.csv\."):
        read_table(f"{two}#c.csv")
    with pytest.raises(InputError, match=r"there is no table in the zip archive\. It holds readme\.md\."):
        read_table(zipped(tmp_path / "none.zip", readme_md=b"x"))


def test_folders_and_patterns_of_files_of_one_form(tmp_path):
    for name, rows in (("2024-02", "9,10\n11,x\n"), ("2024-01", "5,6\n7,y\n")):
        (tmp_path / f"{name}.csv").write_text("a,b\n" + rows)
    for source in (tmp_path, tmp_path / "*.csv", str(tmp_path / "2024-0?.csv")):
        table = read_table(source)
        assert cells(table, "a") == [5, 7, 9, 11] and cells(table, "b") == ["6", "y", "10", "x"]
    assert table.line(2) == 2 and table.notes == ("Read together: 2024-01.csv, 2024-02.csv.",)
    (tmp_path / "2024-03.csv").write_text("b,c\n1,2\n")
    table = read_table(tmp_path)
    assert cells(table, "c") == [None] * 4 + [2] and "'a' is not in 2024-03.csv; missing there." in table.notes
    (tmp_path / "2024-04.csv").write_text("x,z\n1,2\n")
    with pytest.raises(InputError, match=r"2024-04\.csv has other columns \(x, z\) than 2024-01\.csv \(a, b\)"):
        read_table(tmp_path)
    with pytest.raises(InputError, match=r"no file fits the pattern\. Check it\."):
        read_table(tmp_path / "*.parquet")


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(CSV)))
    table = read_table("-")
    assert table.row_count == 12 and table.place(0) == "standard input, line 2"


def test_a_name_with_a_hash_is_a_name(write):
    assert read_table(write(CSV, "a#b.csv")).row_count == 12


# --- what is something else -------------------------------------------------------------------------------------------

FOREIGN = {
    "HDF5": (b"\x89HDF\r\n", r"this is an HDF5 file, not a table that can be read\. Read it with h5py"),
    "pickle": (b"\x80\x04\x95", r"this is a Python pickle, .* Pickles run code when they are read"),
    "RDS": (b"X\n\x00\x00\x00\x03", r"this is R's RDS, .* In R: arrow::write_parquet"),
    "packed RDS": (gzip.compress(b"X\n\x00\x00\x00\x03"), r"this is R's RDS"),
    "SQLite": (b"SQLite format 3\0", r"this is an SQLite database, .* Export a query as CSV"),
    "DuckDB": (b"12345678DUCK", r"this is a DuckDB database, .* COPY table TO 'file.parquet'"),
    "LFS": (b"version https://git-lfs.github.com/spec/v1\n", r"this is a pointer of Git LFS, .* git lfs pull"),
    "DICOM": (bytes(128) + b"DICM", r"this is a DICOM picture"),
    "page": (b"\n<!DOCTYPE html><html>", r"this is a web page, .* Fetch the file that the page links to"),
    "ORC": (b"ORC\n", r"this is an ORC file"),
    "Avro": (b"Obj\x01", r"this is an Avro file"),
}


@pytest.mark.parametrize(("content", "message"), FOREIGN.values(), ids=FOREIGN.keys())
def test_everything_else_is_named_with_the_way_out(write, content, message):
    with pytest.raises(InputError, match=message):
        read_table(write(content + bytes(8)))


def test_archives_of_other_programs_are_named(tmp_path):
    for member, what in (("word/document.xml", "a Word document"), ("archive/data.pkl", "a PyTorch file")):
        with zipfile.ZipFile(tmp_path / "a.bin", "w") as archive:
            archive.writestr(member, b"x")
        with pytest.raises(InputError, match=f"this is {what}, not a table"):
            read_table(tmp_path / "a.bin")
