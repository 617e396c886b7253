"""`predict` on real files with a real model: what stands beside the predictions, where they go, what is counted."""

import csv
import io
import sys

import numpy as np
import pandas
import polars
import pytest

import thetastar as ts
from thetastar.cli import main
from thetastar.cli.completion import columns_that_begin, metrics_that_begin


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predict")
    rng = np.random.default_rng(0)
    size, city = rng.uniform(0, 1, 120), rng.choice(["Bonn", "Ulm", "Jena"], 120)
    bought = np.where(size + (city == "Ulm") > 0.8, "yes", "no")
    model = ts.fit({"size": size, "city": city, "bought": bought}, "bought", candidates=[(4,)], effort=1, seed=0)
    model.save(folder / "model.theta")
    (folder / "new.csv").write_text("id,size,city,when\n=1+1,0.2,Ulm,2024-01-01\nb,,Kiel,2024-01-02\nc,0.9,Kiel,\n")
    return folder


def run(capsys, *arguments):
    """(exit code, standard output, standard error)."""
    code = main([str(argument) for argument in arguments])
    seen = capsys.readouterr()
    return code, seen.out, seen.err


def test_kept_columns_stand_first_and_what_is_unknown_is_counted(folder, capsys):
    code, out, err = run(capsys, "predict", folder / "model.theta", folder / "new.csv", "--keep", "id,when", "--proba")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0 and list(rows[0]) == ["id", "when", "prediction", "probability_no", "probability_yes"]
    assert [row["id"] for row in rows] == ["=1+1", "b", "c"] and rows[2]["when"] == ""
    assert (
        "'city': 2 cells hold a level that training did not see, such as 'Kiel'; they count as none of the known."
        in err
    )
    assert "'size': 1 cell is empty; it counts as missing." in err
    assert "2 columns are not needed and passed over: 'id', 'when'." in err


def test_a_workbook_keeps_texts_as_texts(folder, capsys):
    out = folder / "answers.xlsx"
    code, _, err = run(capsys, "predict", folder / "model.theta", folder / "new.csv", "--keep", "id", "--out", out)
    assert code == 0 and f"3 predictions in {out}" in err
    from openpyxl import load_workbook

    rows = list(load_workbook(out).active.iter_rows(values_only=True))
    assert rows[0] == ("id", "prediction") and rows[1][0] == "=1+1" and {row[1] for row in rows[1:]} <= {"yes", "no"}


def test_a_parquet_file(folder, capsys):
    out = folder / "answers.parquet"
    assert run(capsys, "predict", folder / "model.theta", folder / "new.csv", "--keep", "when", "--out", out)[0] == 0
    assert pandas.read_parquet(out).columns.tolist() == ["when", "prediction"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--keep", "idd"], "--keep idd: "),
        (["--keep", "idd"], "has no such column. Did you mean 'id'"),
        (["--out", "answers.ods"], "--out answers.ods: the name must end in .csv, .tsv, .parquet, .xlsx"),
    ],
)
def test_refused_in_words(folder, capsys, arguments, words):
    code, out, err = run(capsys, "predict", folder / "model.theta", folder / "new.csv", *arguments)
    assert code == 2 and out == "" and words in " ".join(err.split())


def test_a_kept_column_must_not_hide_the_answer(folder, capsys):
    (folder / "again.csv").write_text("prediction,size,city\n1,0.2,Ulm\n")
    code, _, err = run(capsys, "predict", folder / "model.theta", folder / "again.csv", "--keep", "prediction")
    assert code == 2 and "--keep prediction: the answer has a column of this name. Rename it in" in " ".join(
        err.split()
    )


def test_a_workbook_needs_its_library(folder, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    code, _, err = run(capsys, "predict", folder / "model.theta", folder / "new.csv", "--out", folder / "b.xlsx")
    told = " ".join(err.split())
    assert code == 2 and "an .xlsx file needs openpyxl. Install it (pip install openpyxl), or write .csv." in told


def test_predictions_of_what_rows_make_up_together_are_not_of_the_rows(folder):
    from thetastar.cli.predict import _kept
    from thetastar.data import read_table

    with pytest.raises(ts.InputError, match=r"--keep id: the 2 predictions are not of the 3 rows of .*Leave it out\."):
        _kept(read_table(folder / "new.csv"), str(folder / "new.csv"), ["id"], {"prediction": [1.0, 2.0]})


def test_a_file_that_is_no_model_is_called_what_it_is(folder, capsys):
    frame = pandas.DataFrame({"a": [1, 2]})
    frame.to_parquet(folder / "a.parquet")
    np.save(folder / "a.npy", np.ones(3))
    (folder / "empty.theta").write_bytes(b"  \n \n")
    for name, kind in {
        "new.csv": "a text file",
        "a.parquet": "a Parquet table",
        "a.npy": "a NumPy array",
        "empty.theta": "an empty file",
    }.items():
        code, _, err = run(capsys, "predict", folder / name, folder / "new.csv")
        told = " ".join(err.split())
        assert code == 2 and f"{name}: this is {kind}, not a model of thetastar. Give a .theta file" in told


@pytest.mark.parametrize("address", ["https://example.org/a/houses.csv?raw=1", "s3://bucket/houses.csv"])
def test_an_address_is_refused_in_words(address, capsys):
    code, _, err = run(capsys, "fit", address, "--target", "price")
    told = " ".join(err.split())
    assert code == 2 and "this is an address, and nothing is fetched from the net here. Fetch the file first" in told
    assert "then give 'houses.csv'" in told


def test_frames_come_back_as_they_came(folder):
    model = ts.load(folder / "model.theta")
    frame = pandas.DataFrame({"size": [0.1, 0.9], "city": ["Ulm", "Bonn"]}, index=["p", "q"])
    series, table = model.predict(frame), model.predict_proba(frame)
    assert isinstance(series, pandas.Series) and series.name == "bought" and series.index.tolist() == ["p", "q"]
    assert table.columns.tolist() == ["no", "yes"] and table.index.tolist() == ["p", "q"]
    plain = model.predict({"size": [0.1, 0.9], "city": ["Ulm", "Bonn"]})
    assert isinstance(plain, np.ndarray) and plain.tolist() == series.tolist()
    other = polars.DataFrame({"size": [0.1, 0.9], "city": ["Ulm", "Bonn"]})
    assert isinstance(model.predict(other), polars.Series) and model.predict(other).to_list() == plain.tolist()
    assert model.predict_proba(other).columns == ["no", "yes"]


def test_notebooks_show_tables(folder):
    model = ts.load(folder / "model.theta")
    assert "<table>" in model._repr_html_() and "&#x27;bought&#x27;" in model._repr_html_()
    assert "dense_1" in model.network._repr_html_()
    run = ts.train(ts.Network([ts.Dense(1)], (1,)), [[0.0], [1.0]], [1.0, 3.0], epochs=3, validation=([[2.0]], [5.0]))
    shown = run._repr_html_()
    assert shown.count("<tr>") == 4 and "validation loss" in shown


def test_the_shell_completes_columns_and_metrics(folder):
    class Context:
        params = {"data": str(folder / "new.csv")}  # noqa: RUF012

    assert columns_that_begin(Context, "C") == ["city"]
    assert "rmse" in metrics_that_begin(Context, "rm")
    Context.params = {"data": "no such file"}
    assert columns_that_begin(Context, "") == []
