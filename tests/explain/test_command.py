"""`thetastar explain` and `thetastar descend` as a person types them."""

import csv
import json
import re

import pytest

from thetastar.cli import main

from .conftest import shop


@pytest.fixture(scope="module")
def folder(tmp_path_factory, buyer):
    place = tmp_path_factory.mktemp("explained")
    buyer.save(place / "model.theta")
    rows = shop(120, seed=9)
    for name, columns in (("rows.csv", rows), ("unknown.csv", {k: v for k, v in rows.items() if k != "buys"})):
        with open(place / name, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows(
                [["" if v is None or v != v else v for v in row] for row in zip(*columns.values(), strict=True)]
            )
    return place


def run(capsys, *arguments):
    code = main([str(a) for a in arguments])
    seen = capsys.readouterr()
    return code, seen.out, seen.err


def test_explain_prints_what_drives_the_answers(folder, capsys):
    code, out, err = run(capsys, "explain", folder, folder / "rows.csv")
    assert code == 0 and err == ""
    for words in (
        "What the answer depends on",
        "The answer by pay",
        "What moved single answers",
        "The worst rows",
        "What the units answer to",
    ):
        assert words in out


def test_without_targets_or_rows_less_is_said_and_why(folder, capsys):
    code, out, _ = run(capsys, "explain", folder / "model.theta", folder / "unknown.csv", "--column", "pay")
    assert code == 0 and "need the target 'buys'" in out and "The answer by pay" in out and "depends on" not in out
    code, out, _ = run(capsys, "explain", folder)
    assert code == 0 and "need rows: give DATA" in out


def test_json_and_nothing_else(folder, capsys):
    code, out, err = run(capsys, "explain", folder, folder / "rows.csv", "--json")
    parts = json.loads(out)["parts"]
    assert code == 0 and err == "" and parts[0]["explanation"]["names"][0] in ("pay", "job")


def test_the_page_holds_everything_and_a_report_gets_it_added(folder, capsys, buyer):
    pytest.importorskip("thetastar.charts")
    page = folder / "explained.html"
    code, _, err = run(capsys, "explain", folder, folder / "rows.csv", "--out", page)
    text = page.read_text(encoding="utf-8")
    assert code == 0 and f"Pictures in {page}" in err and len(text) < 400_000
    assert not re.search(r'(src|href)="(?!data:,|#)', text) and text.count("data-explained=") > 8
    report = folder / "report.html"
    buyer.report(report)
    before = len(report.read_text(encoding="utf-8"))
    for _ in range(2):  # the second time replaces the first
        code, _, err = run(capsys, "explain", folder, folder / "rows.csv", "--out", report)
        assert code == 0 and "Added to" in err
        assert report.read_text(encoding="utf-8").count('id="explained"') == 1
    assert len(report.read_text(encoding="utf-8")) > before


def test_descend_prints_every_step(capsys):
    code, out, _ = run(capsys, "descend", "x^2+x", "--start", "5", "--rate", "0.25", "--steps", "7")
    assert code == 0 and "-0.45703125" in out and "5 - 0.25 · 11" in out and "f'(x) = 2 x + 1" in out
    code, out, _ = run(
        capsys, "descend", "x^2 + y^2", "--start", "-1,2", "--optimizer", "adam", "--optimizer", "sgd", "--json"
    )
    assert code == 0 and json.loads(out)["names"] == ["Adam", "SGD"]


def test_descend_draws_a_page(capsys, tmp_path):
    pytest.importorskip("thetastar.charts")
    code, _, err = run(capsys, "descend", "x^2+y^2", "--start", "1,2", "--out", tmp_path / "d.html")
    assert code == 0 and "Pictures in" in err and "contours" in (tmp_path / "d.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["descend", "x^2+", "--start", "1"], "must come next. Got its end"),
        (["descend", "x^2"], "a descent needs a place to begin"),
        (["descend", "x^2", "--start", "five"], "one number a variable"),
        (["descend", "x^2", "--start", "1", "--optimizer", "adom"], "Did you mean 'adam'"),
        (["descend", "x^2", "--start", "1", "--out", "page.pdf"], "must end in .html"),
        (["explain", "nowhere.theta"], "nowhere.theta"),
        (["explain", "."], "there is no model.theta in it"),
        (["explain", "m.theta", "--out", "page.pdf"], "must end in .html"),
        (["explain", "m.theta", "--colum", "x"], "there is no option --colum. Did you mean --column"),
    ],
)
def test_refusals_end_with_2_and_one_message(arguments, words, capsys):
    code, out, err = run(capsys, *arguments)
    assert code == 2 and out == "" and words in err and "Traceback" not in err
