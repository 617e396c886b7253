"""What a person types and what comes back: messages, exit codes, JSON, tables. The study itself is played."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

import thetastar
from tests.report.report_records import binary, hostile, multiclass, regression
from thetastar.cli import main
from thetastar.errors import InputError
from thetastar.model.result import result
from thetastar.model.seen import Overlap


class PlayedModel:
    """A model as the commands use it, with a record and fixed predictions."""

    def __init__(self, record, classes=None):
        self.record, self.classes, self.threshold = record, classes, None
        self.task, self.target = record.question.task, record.question.target

    def result(self):
        return result(self.record)

    def predict(self, data):
        return np.array([1.5, -2.25, 1e-7]) if self.classes is None else np.array(self.classes * 2, dtype=object)[:3]

    def parts(self, data):
        return [thetastar.data.read_table({"x": [1.0, 2.0, 3.0]})]

    def row_ids(self, data):
        return {}

    def unfamiliar(self, data):
        return []

    def predict_proba(self, data):
        return np.array([[0.25, 0.75], [0.5, 0.5], [1.0, 0.0]])

    def evaluate(self, data):
        return {"rmse": 51000.25, "r2": None}

    def overlap(self, data):
        return Overlap(3, 0, 0, True)

    def report(self, path):
        from thetastar.report import write_report

        return write_report(self.record, path)


def play_fit(monkeypatch, record, seen=None):
    """Put a study in the place of `thetastar.fit` that only tells its events."""

    def fit(data, target, *, roles=None, progress=None, **options):
        if seen is not None:
            seen.update(data=data, target=target, roles=roles, **options)
        tell = progress or (lambda event: None)
        tell({"kind": "stage", "text": "Reading the data"})
        tell({"kind": "columns", "columns": record.columns})
        for row in record.leaderboard:
            if row.kind == "baseline":
                tell({"kind": "baseline", "row": row})
        for done in (0, 1, 2, 2):
            tell({"kind": "networks", "done": done, "total": 2, "epochs": done, "epochs_total": 2, "seconds": 0.1,
                  "best": {"name": "2 × 64", "score": 0.9} if done else None, "seconds_left": 2.0 - done})  # fmt: skip
        tell({"kind": "news of later versions"})
        tell({"kind": "result", "record": record})
        return PlayedModel(record)

    monkeypatch.setattr(thetastar, "fit", fit, raising=False)


def play_load(monkeypatch, model):
    monkeypatch.setattr(thetastar, "load", lambda path: model, raising=False)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "houses.csv"
    path.write_text("rooms,price\n" + "".join(f"{i},{i * 10}\n" for i in range(30)))
    return path


def refused(capsys, arguments, message):
    """The command ends with 2, says one message on standard error, and nothing elsewhere."""
    assert main([str(a) for a in arguments]) == 2
    out, err = capsys.readouterr()
    assert out in ("", "Reading the data\n") and "Traceback" not in err
    assert re.search(message, err), err
    assert err.count("\n") <= 2
    return err


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"thetastar {thetastar.__version__}\n"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_only_commands_that_exist(capsys, arguments):
    assert main(arguments) == 0
    out = capsys.readouterr().out
    for command in ("fit", "forecast", "predict", "evaluate", "report", "demo", "bench"):
        assert f" {command} " in out


@pytest.mark.parametrize("command", ["fit", "forecast", "predict", "evaluate", "report", "demo", "bench"])
def test_help_teaches_by_example(capsys, command):
    assert main([command, "--help"]) == 0
    out = capsys.readouterr().out
    assert "Examples" in out and f"thetastar {command}" in out.split("Examples")[1]


def test_fit_offers_every_option_of_the_table(capsys):
    from thetastar.study.options import StudyOptions

    main(["fit", "--help"])
    out = capsys.readouterr().out
    for name in set(StudyOptions.model_fields) - {"roles", "candidates", "cv"}:
        assert f"--{name.replace('_', '-')}" in out
    assert "--role " in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fti"], "no such command 'fti'. Did you mean 'fit'"),
        (["fit", "x.csv", "--traget", "y"], "there is no option --traget. Did you mean .*--target"),
        (["fit", "x.csv", "--zzz"], "no such option: --zzz"),
        (["fit"], "thetastar fit: missing argument 'DATA'"),
        (["fit", "x.csv", "--seed", "three"], "invalid value for '--seed'"),
        (["fit", "x.csv", "--target"], "--target"),
        (["predict", "m.theta"], "m.theta: there is no such file"),
        (["evaluate"], "missing argument 'MODEL'"),
        (["report"], "missing argument 'DIR'"),
        (["demo", "mnist"], "demo: there is no table 'mnist'. Use some of digits, breast_cancer, diabetes"),
        (["demo", "--effort", "0"], "--effort: the seconds must be more than 0, got 0"),
    ],
)
def test_bad_usage_ends_with_2_and_one_message(capsys, arguments, message):
    refused(capsys, arguments, message)


def test_fit_without_target_names_the_columns(capsys, table):
    refused(
        capsys,
        ["fit", table],
        r"--target: say which column to predict\. .*has: rooms, price\. For example: .*--target 'price'",
    )


@pytest.mark.parametrize("role", ["zip", "=category", "zip="])
def test_a_role_without_both_sides_is_explained(capsys, table, role):
    refused(
        capsys, ["fit", table, "-t", "price", "--role", role], "--role: write COLUMN=ROLE, such as zip=category; got"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--budget", "-3"], "budget: .*greater than 0, got -3"),
        (["--task", "regresion"], "task: .*'regression', 'binary' or 'multiclass', got 'regresion'"),
        (["--restarts", "0"], "restarts: .*greater than or equal to 1, got 0"),
        (["--target", "prise"], "prise.*price"),
        (["--metric", "acuracy"], "metric"),
    ],
)
def test_options_are_checked_by_the_table(capsys, table, arguments, message):
    start = ["fit", table] + (["--target", "price"] if "--target" not in arguments else [])
    refused(capsys, [*start, *arguments], message)


def test_a_missing_file_is_named(capsys, tmp_path):
    refused(capsys, ["fit", tmp_path / "none.csv", "--target", "y"], "none.csv")
    refused(capsys, ["predict", tmp_path / "none.theta", "x.csv"], "none.theta")


def test_input_errors_of_the_study_reach_standard_error(capsys, monkeypatch, table):
    def fit(*_, **__):
        raise InputError("houses.csv, row 7: the price is infinite. Remove the row.")

    monkeypatch.setattr(thetastar, "fit", fit, raising=False)
    refused(
        capsys,
        ["fit", table, "--target", "price"],
        "^thetastar: houses.csv, row 7: the price is infinite. Remove the row.$",
    )


def test_system_errors_are_messages_too(capsys, monkeypatch, table):
    def fit(*_, **__):
        raise OSError(28, "No space left on device", "out/model.theta")

    monkeypatch.setattr(thetastar, "fit", fit, raising=False)
    refused(capsys, ["fit", table, "--target", "price"], "out/model.theta: No space left on device; check")


def test_a_fault_of_ours_is_not_hidden(monkeypatch, table):
    def fit(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr(thetastar, "fit", fit, raising=False)
    with pytest.raises(ZeroDivisionError):
        main(["fit", str(table), "--target", "price"])


def test_fit_passes_what_was_given_and_nothing_else(monkeypatch, capsys, table):
    seen = {}
    play_fit(monkeypatch, regression(), seen)
    arguments = [
        "--role",
        "zip=category",
        "--role",
        "a=b=date",
        "--seed",
        "7",
        "--budget",
        "2.5",
        "--fresh",
        "--test",
        "t.csv",
    ]
    assert main(["fit", str(table), "--target", "price", *arguments]) == 0
    assert seen == {
        "data": str(table), "target": "price", "roles": {"zip": "category", "a=b": "date"}, "seed": 7, "budget": 2.5,
        "fresh": True, "test": "t.csv",
    }  # fmt: skip
    seen.clear()
    assert main(["fit", str(table), "-t", "price"]) == 0
    assert set(seen) <= {"data", "target", "roles", "fresh"}


@pytest.mark.parametrize("make", [regression, binary, multiclass, hostile])
def test_fit_prints_leaderboard_test_verdict_and_places(monkeypatch, capsys, table, make):
    record = make()
    play_fit(monkeypatch, record)
    assert main(["fit", str(table), "--target", "price", "--out", "results"]) == 0
    out, err = capsys.readouterr()
    assert err == "" and "\x1b" not in out
    flat = " ".join(out.split())
    for part in (
        "Reading the data",
        "2 of 2 networks",
        "chosen",
        "Verdict",
        "results/report.html",
        "results/model.theta",
    ):
        assert part in flat
    assert out.count("2 of 2 networks") == 1
    for sentence in [f"Verdict: {record.headline.words}", *record.verdict]:
        assert "".join(sentence.split()) in "".join(out.split())
    assert max(map(len, out.splitlines())) <= 110


def test_fit_without_out_says_that_nothing_was_saved(monkeypatch, capsys, table):
    play_fit(monkeypatch, regression())
    main(["fit", str(table), "--target", "price"])
    assert "Nothing was saved: add --out DIR to keep the model and the report." in capsys.readouterr().out


@pytest.mark.parametrize("make", [regression, hostile])
def test_json_is_one_object_and_nothing_else(monkeypatch, capsys, table, make):
    record = make()
    play_fit(monkeypatch, record)
    assert main(["fit", str(table), "--target", "price", "--json", "--out", "results"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    found = json.loads(out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert found["score"] == record.test.scores and found["verdict"] == list(record.verdict)
    assert found["chosen"] == record.winner.name and len(found["leaderboard"]) == len(record.leaderboard)
    assert found["headline"] == record.headline.model_dump(mode="json")
    assert found["files"] == {
        "report": "results/report.html", "model": "results/model.theta", "settings": "results/study.toml",
        "journal": "results/journal.jsonl",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("out", "words"), [(["--out", "kept"], "kept in kept: give the same command again"), ([], "with --out DIR")]
)
def test_interruption_says_how_to_resume(monkeypatch, capsys, table, out, words):
    def fit(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(thetastar, "fit", fit, raising=False)
    assert main(["fit", str(table), "--target", "price", *out]) == 130
    assert words in capsys.readouterr().err


def test_predict_prints_csv_in_order(monkeypatch, capsys):
    play_load(monkeypatch, PlayedModel(regression()))
    assert main(["predict", "m.theta", "new.csv"]) == 0
    assert capsys.readouterr().out == "prediction\n1.5\n-2.25\n1e-07\n"


def test_predict_writes_probabilities_per_class(monkeypatch, capsys, tmp_path):
    play_load(monkeypatch, PlayedModel(binary(), ["No, never", 'Yes "sure"']))
    out = tmp_path / "p.csv"
    assert main(["predict", "m.theta", "new.csv", "--proba", "--out", str(out)]) == 0
    assert capsys.readouterr().out == ""
    assert out.read_text().splitlines() == [
        'prediction,"probability_No, never","probability_Yes ""sure"""', '"No, never",0.25,0.75',
        '"Yes ""sure""",0.5,0.5',
        '"No, never",1.0,0.0',
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["p.csv"]


def test_predict_writes_parquet_and_tsv(monkeypatch, tmp_path):
    import pyarrow.parquet

    play_load(monkeypatch, PlayedModel(binary(), ["No", "Yes"]))
    assert main(["predict", "m.theta", "new.csv", "--proba", "--out", str(tmp_path / "p.parquet")]) == 0
    read = pyarrow.parquet.read_table(tmp_path / "p.parquet").to_pydict()
    assert read == {
        "prediction": ["No", "Yes", "No"],
        "probability_No": [0.25, 0.5, 1.0],
        "probability_Yes": [0.75, 0.5, 0.0],
    }
    assert main(["predict", "m.theta", "new.csv", "--out", str(tmp_path / "p.tsv")]) == 0
    assert (tmp_path / "p.tsv").read_text() == "prediction\nNo\nYes\nNo\n"


def test_predict_refuses_what_it_cannot_do(monkeypatch, capsys, tmp_path):
    play_load(monkeypatch, PlayedModel(regression()))
    refused(
        capsys, ["predict", "m.theta", "n.csv", "--proba"], "--proba: m.theta predicts a number .*has no probabilities"
    )
    refused(
        capsys,
        ["predict", "m.theta", "n.csv", "--out", "x.docx"],
        r"--out x.docx: the name must end in \.csv, \.tsv, \.parquet",
    )
    refused(capsys, ["predict", "m.theta", "n.csv", "--out", tmp_path / "no" / "x.csv"], "does not exist")


def test_evaluate_prints_scores_beside_the_studys(monkeypatch, capsys):
    play_load(monkeypatch, PlayedModel(regression()))
    assert main(["evaluate", "m.theta", "n.csv"]) == 0
    out = capsys.readouterr().out
    assert "51,000" in out and "(test rows of the study: 53,413)" in out and "–" in out
    assert main(["evaluate", "m.theta", "n.csv", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["score"] == {"rmse": 51000.25, "r2": None} and result["task"] == "regression"


def test_report_is_written_again(monkeypatch, capsys, tmp_path):
    (tmp_path / "model.theta").write_bytes(b"")
    play_load(monkeypatch, PlayedModel(regression()))
    for given in (tmp_path, tmp_path / "model.theta"):
        assert main(["report", str(given)]) == 0
        assert capsys.readouterr().out == f"{tmp_path / 'report.html'}\n"
    assert (tmp_path / "report.html").read_text().startswith("<!doctype html>")


def test_report_says_what_is_missing(capsys, tmp_path):
    refused(
        capsys,
        ["report", tmp_path / "none"],
        "none: there is no such folder; give the one that `thetastar fit --out` wrote",
    )
    refused(capsys, ["report", tmp_path], "there is no model.theta in it; the study may not have finished")


def test_demo_walks_the_csv_path(monkeypatch, capsys, tmp_path):
    seen = {}
    play_fit(monkeypatch, binary(), seen)
    assert main(["demo", "breast_cancer", "--out", str(tmp_path), "--effort", "3"]) == 0
    out = capsys.readouterr().out
    assert (tmp_path / "breast_cancer.csv").read_text().startswith("mean_radius,")
    assert seen["data"] == str(tmp_path / "breast_cancer.csv") and seen["target"] == "diagnosis"
    assert seen["effort"] == 3.0 and seen["fresh"] is True and seen["out"] == str(tmp_path / "breast_cancer")
    assert str(tmp_path / "breast_cancer" / "report.html") in out and "auc 0.851" in out


# --- what helps while a command is typed ------------------------------------------------------------------------------


def test_help_stands_in_groups(capsys):
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(group in shown for group in ("Learn from data", "Use a model", "Look closer", "See how it works"))
    main(["fit", "--help"])
    shown = capsys.readouterr().out
    assert all(group in shown for group in ("Which rows learn", "Networks and time", "Where it is kept"))


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["fit", "{file}", "--target", "p"], {"price"}),
        (["fit", "{file}", "--group", ""], {"day", "rooms", "price"}),
        (["fit", "{file}", "--metric", "ma"], {"mae", "macro_f1"}),
        (["fit", "{file}", "--answer", "n"], {"networks"}),
        (["forecast", "{file}", "--time", "d"], {"day"}),
        (["forecast", "{file}", "--known", "price,r"], {"price,rooms"}),
        (["fit", "no_such_file.csv", "--target", "p"], set()),
    ],
)
@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_values_are_completed(tmp_path, monkeypatch, capsys, shell, typed, offered):
    file = tmp_path / "houses.csv"
    file.write_text("day,rooms,price\n2024-01-01,3,100\n2024-01-02,4,120\n")
    words = ["thetastar", *(word.format(file=file) for word in typed)]
    monkeypatch.setenv("_THETASTAR_COMPLETE", f"complete_{shell}")
    monkeypatch.setenv("COMP_WORDS", " ".join(words))
    monkeypatch.setenv("COMP_CWORD", str(len(words) - 1))
    monkeypatch.setenv("_TYPER_COMPLETE_ARGS", " ".join(words))
    with pytest.raises(SystemExit):
        main([])
    shown = capsys.readouterr().out
    assert all(word in shown for word in offered)
    others = {"day", "rooms", "accuracy", "best"} - {part for word in offered for part in word.split(",")}
    assert not [word for word in others if word in shown]  # what does not begin so is not offered


def test_forecast_without_a_time_names_one_and_keeps_the_target(tmp_path, capsys):
    file = tmp_path / "sales.csv"
    file.write_text("shop,day,sold,price\n" + "".join(f"a,2024-01-{d:02},{d * 2},{d % 3}\n" for d in range(1, 28)))
    assert main(["forecast", str(file), "--target", "sold"]) == 2
    assert f"For example: thetastar forecast {file} --target 'sold' --time 'day'" in capsys.readouterr().err
    assert main(["forecast", str(file), "--time", "day"]) == 2
    assert "--target 'price' --time 'day'" in capsys.readouterr().err
    steps = tmp_path / "steps.csv"
    steps.write_text("y,minute\n" + "".join(f"{(7 * d) % 5},{d * 10}\n" for d in range(20)))
    assert main(["forecast", str(steps), "--target", "y"]) == 2
    assert "--target 'y' --time 'minute'" in capsys.readouterr().err
    none = tmp_path / "none.csv"
    none.write_text("y,x\n" + "".join(f"{(7 * d) % 5},{(3 * d) % 7}\n" for d in range(20)))
    assert main(["forecast", str(none), "--target", "y"]) == 2
    shown = capsys.readouterr().err
    assert "None of them holds dates or counts steps" in shown and f"thetastar fit {none} --target 'y'" in shown
