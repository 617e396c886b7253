"""A threshold from `fit --threshold` to `predict` and `evaluate`, by the command line alone."""

import csv
import json

import pytest

from tests.study.test_threshold import rare_table
from thetastar.cli import main


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("sick")
    table = rare_table(400)
    with open(made / "sick.csv", "w", newline="") as file:
        csv.writer(file).writerows([list(table), *zip(*table.values(), strict=True)])
    asked = ["--effort", "0.3", "--threshold", "0.15", "--answer", "one", "--out", str(made / "out")]
    assert main(["fit", str(made / "sick.csv"), "--target", "sick", *asked]) == 0
    return made


def test_predict_names_classes_from_it_on(folder, capsys):
    assert main(["predict", str(folder / "out/model.theta"), str(folder / "sick.csv"), "--proba"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert len(rows) == 400 and {row["prediction"] for row in rows} == {"yes", "no"}
    assert all((row["prediction"] == "yes") == (float(row["probability_yes"]) >= 0.15) for row in rows)


def test_evaluate_says_so(folder, capsys):
    assert main(["evaluate", str(folder / "out/model.theta"), str(folder / "sick.csv")]) == 0
    assert "Rows count as yes from a probability of 0.15 on." in capsys.readouterr().out
    assert main(["evaluate", str(folder / "out/model.theta"), str(folder / "sick.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["threshold"] == 0.15


def test_a_rule_that_is_none_ends_with_2_and_one_sentence(folder, capsys):
    assert main(["fit", str(folder / "sick.csv"), "--target", "sick", "--threshold", "often"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("thetastar: threshold: it must be f1, youden, cost=FN:FP or a probability between 0 and 1")
    assert main(["fit", str(folder / "sick.csv"), "--target", "sick", "--effort", "some"]) == 2
    assert "effort: it must be quick, usual, high or a number of core-seconds above 0" in capsys.readouterr().err
