"""An audit follows every number of a finished study, and finds each one that was changed; two studies are compared."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

import thetastar as ts
from tests.study.conftest import curve_table, rings_table
from thetastar.cli import main

QUICK = {"candidates": [(), (8,), (16, 8)], "restarts": 2, "folds": 3, "effort": 1.0}


def written(columns, path):
    with open(path, "w", newline="") as stream:
        csv.writer(stream).writerows([list(columns), *zip(*columns.values(), strict=True)])
    return path


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    """A finished study of a file."""
    place = tmp_path_factory.mktemp("audit")
    data = written(rings_table(240), place / "rings.csv")
    ts.fit(data, "ring", out=place / "study", **QUICK)
    return place / "study", data


@pytest.fixture
def copy(studied, tmp_path):
    """The same folder, to be changed."""
    folder = tmp_path / "copy"
    folder.mkdir()
    for path in studied[0].iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def lines(folder, **given):
    return {line.what: line for line in ts.audit(folder, **given).lines}


def test_a_study_that_nobody_touched_holds_line_by_line(studied, capsys):
    folder, _ = studied
    found = ts.audit(folder)
    assert found.holds and all(line.holds for line in found.lines), str(found)
    assert [line.what for line in found.lines] == [
        "settings", "seeds", "standings", "choice", "optimism", "baselines", "final training", "parameters", "data",
        "split",
        "test rows", "rows learned from", "test score", "intervals", "report", "looks", "taught the test",
    ]  # fmt: skip
    assert main(["audit", str(folder)]) == 0
    told = capsys.readouterr().out
    assert "yes  test score" in told and "All that was looked at follows." in told
    assert main(["audit", str(folder), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == found.to_dict()


def test_a_journal_that_was_changed_is_found(copy, capsys):
    path = copy / "journal.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    networks = [row for row in rows if "candidate" in row]
    winner = ts.load(copy / "model.theta").record.winner.name
    loser = next(row["candidate"] for row in networks if row["candidate"] != winner)
    for row in networks:
        if row["candidate"] == loser:
            row["scores"]["auc"] = 0.9999
    networks[0]["seed"] += 1
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = lines(copy)
    assert [what for what, line in found.items() if line.holds is False] == ["seeds", "standings", "choice", "optimism"]
    assert found["seeds"].words == "1 of 18 networks are not from the seed that their fold and start ask for."
    assert f"{loser} has auc 0.9999 by the journal" in found["standings"].words
    assert found["choice"].words.startswith(f"By the journal {loser} is the best; chosen was ")
    assert main(["audit", str(copy)]) == 1
    assert "Not everything follows (NO)." in capsys.readouterr().out
    path.write_text("no journal\n")
    assert lines(copy)["journal"].words.endswith("line 1: not a line of a study's journal.")
    path.unlink()
    assert lines(copy)["journal"].words == "There is no journal.jsonl: the choice cannot be followed."


def test_baselines_in_the_journal_are_followed(copy):
    record = ts.load(copy / "model.theta").record
    row = next(row for row in record.leaderboard if row.kind == "baseline")
    path, whole = copy / "journal.jsonl", (copy / "journal.jsonl").read_text()

    kinds = sum(row.kind == "baseline" for row in record.leaderboard)
    good = lines(copy)["baselines"]
    assert good.holds and good.words == f"The means of {kinds} of {kinds} follow from the journal."
    fits = [{"baseline": row.name, "fold": k, "scores": {"auc": 0.1 * k}, "crc32": "0"} for k in range(3)]
    path.write_text(whole + "".join(json.dumps(fit) + "\n" for fit in fits))
    bad = lines(copy)["baselines"]
    assert bad.holds is False and bad.words == f"That of {row.name} does not follow from the journal."
    path.write_text("".join(line + "\n" for line in whole.splitlines() if "baseline" not in json.loads(line)))
    gone = lines(copy)["baselines"]
    assert gone.holds is None and gone.words == "They are not in the journal, so their means cannot be followed."


def test_a_model_file_that_was_changed_is_found(copy):
    for name in ("model.theta", "tested.theta"):
        model = ts.load(copy / name)
        better = model.record.test.model_copy(update={"scores": {**model.record.test.scores, "auc": 0.9876}})
        model._record = model.record.model_copy(update={"test": better})
        model.save(copy / name)
        if name == "model.theta":
            found = lines(copy)
            wrong = [what for what, line in found.items() if line.holds is False]
            assert wrong == ["report", "taught the test"]
            assert found["taught the test"].words == "model.theta and tested.theta differ in test."
    found = lines(copy)
    assert [what for what, line in found.items() if line.holds is False] == ["test score", "report"]
    assert found["test score"].words.endswith("on the test rows; told is 0.9876.")
    assert found["report"].words.startswith("It does not say what the record says: “")


def test_other_data_and_missing_data_are_told_apart(copy, studied, tmp_path):
    other = written(rings_table(240, seed=9), tmp_path / "other.csv")
    assert lines(copy, data=other)["data"].words == "Its digest is another one: this is not the data of the study."
    found = ts.audit(copy, data=tmp_path / "gone.csv")
    (line,) = [line for line in found.lines if line.what == "data"]
    assert line.holds is None and line.words.startswith(
        "It is not at hand, so split and test score are not looked at ("
    )
    assert found.holds
    text = (copy / "study.toml").read_text()
    (copy / "study.toml").write_text(text.replace("restarts = 2", "restarts = 5"))
    assert lines(copy)["settings"].words == "They differ in study.restarts."


def test_looks_and_a_missing_page_are_left_to_the_reader(copy, studied, capsys):
    main(["evaluate", str(copy / "model.theta"), str(studied[1])])
    (copy / "report.html").unlink()
    found = lines(copy)
    assert (found["looks"].holds, found["looks"].words) == (None, "The test rows were looked at 2 times.")
    assert (found["report"].holds, found["report"].words) == (None, "There is no report.html.")
    capsys.readouterr()
    assert main(["audit", str(copy)]) == 0
    assert (
        "All that was looked at follows. 2 could not be followed, or left to your judgement (-)."
        in capsys.readouterr().out
    )


def test_a_folder_without_a_study_is_refused(tmp_path, capsys):
    with pytest.raises(ts.InputError, match=r"there is no finished study here \(study.toml and model.theta\)\. Give a"):
        ts.audit(tmp_path)
    assert main(["audit", str(tmp_path)]) == 2 and "there is no finished study here" in capsys.readouterr().err


# --- two studies side by side -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def line_and_curve(tmp_path_factory):
    """A network without a hidden layer and one with, on rings that no line tells apart."""
    place = tmp_path_factory.mktemp("compare")
    data = written(rings_table(400), place / "rings.csv")
    for name, hidden in (("line", ()), ("curve", (16,))):
        ts.fit(data, "ring", out=place / name, candidates=[hidden], answer="one", restarts=1, folds=5, effort=1.5)
    return place / "line", place / "curve", data


def test_two_studies_are_compared_on_their_test_rows(line_and_curve, capsys):
    line, curve, _ = line_and_curve
    found = ts.compare(line, curve)
    assert (found.basis, found.pairs, found.metric) == ("test rows", 40, "auc")
    assert found.better == str(curve) and found.interval[1] < 0 and found.scores[0] < found.scores[1]
    assert found.words.startswith(f"On 40 test rows that neither had seen {line} has auc ")
    assert found.words.endswith(f": {curve} is better by more than chance explains.")
    back = ts.compare(curve, line)
    assert back.scores == found.scores[::-1] and back.better == str(curve)
    assert back.interval == pytest.approx((-found.interval[1], -found.interval[0]), abs=0.05)
    assert main(["compare", str(line), str(curve)]) == 0 and capsys.readouterr().out.strip() == found.words
    assert main(["compare", str(line), str(curve), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["better"] == str(curve)
    assert ts.compare(line, curve, metric="accuracy").metric == "accuracy"


def test_a_study_is_level_with_itself(line_and_curve):
    curve = line_and_curve[1]
    found = ts.compare(curve, curve / "model.theta")
    assert found.better is None and found.interval == (0.0, 0.0)
    assert found.words.endswith("is 0 to 0: chance explains the difference.")
    same = ts.compare(curve, curve)
    assert same.names == (f"{curve} (first)", f"{curve} (second)")


def test_without_the_data_the_folds_are_compared(line_and_curve, tmp_path):
    line, curve, _ = line_and_curve
    found = ts.compare(line, curve, data=tmp_path / "gone.csv")
    assert (found.basis, found.pairs, found.better) == ("folds", 5, str(curve))
    assert found.words.startswith(f"On 5 folds the network of {line} has auc ")


def test_what_cannot_be_compared_is_said(line_and_curve, studied, tmp_path, capsys):
    curve = line_and_curve[1]
    number = ts.fit(curve_table(120), "y", candidates=[(4,)], restarts=1, folds=1, effort=0.3)
    found = ts.compare(curve, number)
    assert found.basis is None and found.interval is None
    assert found.words == "They cannot be compared: their targets differ ('ring' and 'y')."
    other = ts.compare(curve, studied[0])
    assert other.words.startswith("They cannot be compared: They have ") or "test rows in common" in other.words
    assert other.words.endswith("Nor can their folds be: the data differs.")
    assert main(["compare", str(curve), str(studied[0])]) == 1 and "cannot be compared" in capsys.readouterr().out
    one = [ts.fit(rings_table(200), "ring", candidates=[(4,)], restarts=1, folds=1, effort=0.3, seed=k) for k in (0, 1)]
    why = ts.compare(*one).words
    assert "The data was not a file: give data=." in why and why.endswith("they were dealt in another way.")
    again = ts.fit(rings_table(200), "ring", candidates=[()], restarts=1, folds=1, effort=0.3)
    assert ts.compare(one[0], again).words.endswith("Nor can their folds be: 1 would be too few.")
    with pytest.raises(ts.InputError, match="metric: 'rmse' does not suit a binary target"):
        ts.compare(curve, curve, metric="rmse")


def test_rows_that_one_of_them_learned_from_are_left_out():
    table = {name: np.asarray(values) for name, values in rings_table(900).items()}
    models = [ts.fit(table, "ring", candidates=[(8,)], restarts=1, folds=1, effort=0.5, seed=k) for k in (0, 1)]
    found = ts.compare(*models, data=table)
    assert found.basis is None and "They have " in found.words and "test rows in common; at least 20" in found.words
    fresh = {name: np.asarray(values) for name, values in rings_table(200, seed=8).items()}
    both = [
        ts.fit(table, "ring", test=fresh, candidates=[(8,)], restarts=1, folds=1, effort=0.5, seed=k) for k in (0, 1)
    ]
    assert ts.compare(*both, test=fresh).pairs == 200
