"""The whole study on small tables: it finds the function, honestly, and the same one every time."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest

import thetastar as ts
from tests.study.conftest import SMALL, curve_table, rings_table
from thetastar.model.record import Split
from thetastar.recipes import Candidate
from thetastar.study import repeat
from thetastar.study.fold import prepare_fold
from thetastar.study.options import StudyOptions
from thetastar.study.problem import ask


def same_bits(left, right):
    return all(np.array_equal(array, right.network.parameters[name]) for name, array in left.network.parameters.items())


def test_finds_the_function_and_beats_the_line(regression):
    assert regression.task == "regression" and regression.classes is None
    assert regression.score["r2"] > 0.9
    names = [row["name"] for row in regression.leaderboard]
    assert names.index("linear") > 0 and regression.leaderboard[-1]["name"] == "always the mean"


def test_two_and_three_classes(binary, multiclass):
    assert binary.classes == ["ring 0", "ring 1"] and binary.score["auc"] > 0.95
    assert multiclass.classes == ["ring 0", "ring 1", "ring 2"] and multiclass.score["accuracy"] > 0.85
    chosen = next(row for row in binary.leaderboard if row["chosen"])
    assert chosen["kind"] == "network" and chosen["runs"] == 2 and chosen["name"] != "linear"


@pytest.mark.parametrize("name", ["regression", "binary", "multiclass"])
def test_record_is_json_and_complete(name, request):
    model = request.getfixturevalue(name)
    record = json.loads(json.dumps(model.record.to_dict(), allow_nan=False))
    assert set(record) == {
        "format", "thetastar", "created", "question", "columns", "target_distribution", "samples", "split", "metric",
        "leaderboard", "leaked", "optimism", "winner", "answer", "better_split", "carried", "findings", "seen", "test",
        "calibrated", "threshold", "formulas", "weights", "searched", "nested", "targets", "notes", "shortcuts",
        "distrust", "settings", "repeats", "timing", "machine", "headline", "verdict",
    }  # fmt: skip
    assert record["test"]["rows"] == record["split"]["test"] == 40
    assert record["split"]["train"] + record["split"]["validation"] == 360
    assert sum(row["chosen"] for row in record["leaderboard"]) == 1
    assert {row["kind"] for row in record["leaderboard"]} == {"network", "baseline"}
    assert [row["rank"] for row in record["leaderboard"]] == [1, 2, 3, 4, 5, 6, 7]
    winner = record["winner"]
    assert winner["parameters"] == sum(layer["parameters"] for layer in winner["layers"])
    assert len(winner["curves"]) == 2 and len(winner["refit_loss"]) == winner["refit_epochs"]
    low, high = record["test"]["intervals"][record["metric"]["name"]]
    assert low <= model.score[record["metric"]["name"]] <= high
    if name != "regression":
        confusion = np.array(record["test"]["confusion"])
        assert confusion.sum() == 40
        assert [row["support"] for row in record["test"]["per_class"]] == confusion.sum(axis=1).tolist()
    if name == "binary":
        roc = record["test"]["roc"]
        area = np.trapezoid(roc["tpr"], roc["fpr"])
        assert area == pytest.approx(roc["auc"], abs=1e-6) and roc["fpr"][0] == 0 and roc["tpr"][-1] == 1


def test_same_seed_same_bits_for_any_number_of_threads(regression):
    for threads in (1, 3):
        again = ts.fit(curve_table(), target="y", threads=threads, **SMALL)
        assert same_bits(regression, again)
        assert again.record.leaderboard[0].scores == regression.record.leaderboard[0].scores
        # The baselines too, whether they were fitted beside the networks or afterwards.
        assert again.record.test.baselines == regression.record.test.baselines


def test_another_seed_gives_another_split(regression):
    assert not same_bits(regression, ts.fit(curve_table(), target="y", seed=1, **SMALL))


def test_test_rows_are_never_seen(regression):
    """Absurd values in the test rows change the score and not one bit of the network or the preparation that is tested;
    once they have told the score they are learned from like all others."""
    table = curve_table()
    problem = ask(table, StudyOptions.checked(target="y", folds=1))
    table["x"][problem.test] = 1e6
    table["y"][problem.test] = -1e6
    spoilt = ts.fit(table, target="y", **SMALL)
    assert same_bits(regression.tested, spoilt.tested) and not same_bits(regression, spoilt)
    assert spoilt.tested.preparation.to_state()[0] == regression.tested.preparation.to_state()[0]
    kept = ts.fit(table, target="y", keep_test=True, **SMALL)
    assert same_bits(kept, spoilt.tested) and kept.tested is kept and not kept.learned_test
    assert spoilt.score["rmse"] > 100 * regression.score["rmse"]


@pytest.mark.parametrize("folds", [1, 4])
def test_preparation_of_a_fold_sees_its_training_rows_only(folds):
    table = curve_table()
    options = StudyOptions.checked(target="y", folds=folds)
    problem = ask(table, options)
    assert len(problem.division.folds) == folds
    for number, rows in enumerate(problem.division.folds):
        before = prepare_fold(problem, number, rows)
        spoilt = {name: np.array(values) for name, values in table.items()}
        spoilt["x"][rows.validation] = 1e6
        spoilt["y"][rows.validation] = 1e6
        after = prepare_fold(ask(spoilt, options), number, rows)
        assert np.array_equal(before.inputs[rows.train], after.inputs[rows.train])
        assert np.array_equal(before.encoded[rows.train], after.encoded[rows.train])


def test_a_random_target_scores_chance():
    generator = np.random.default_rng(5)
    table = {"a": generator.normal(size=500), "b": generator.normal(size=500), "y": generator.integers(0, 2, 500)}
    low, high = ts.fit(table, target="y", **SMALL).record.test.intervals["auc"]
    assert low < 0.5 < high


def test_cross_validation_and_rounds():
    model = ts.fit(rings_table(), target="ring", candidates=[(8,), (16,)], restarts=2, folds=3, effort=2.0)
    assert model.record.split.folds == 3
    assert [row["runs"] for row in model.leaderboard if row["kind"] == "network"] == [6, 6]
    assert all(row["runs"] == 3 for row in model.leaderboard if row["kind"] == "baseline")


def test_test_data_of_its_own():
    model = ts.fit(curve_table(300), target="y", test=curve_table(100, seed=9), **SMALL)
    assert model.record.split == Split(
        train=270, validation=30, test=100, seed=0, stratified=False, folds=1, ordered=False
    )
    assert model.evaluate(curve_table(100, seed=9)) == model.score


def test_metric_mae_learns_with_the_mae_loss_and_beats_the_median():
    model = ts.fit(curve_table(), target="y", metric="mae", **SMALL)
    assert model.record.winner.settings["loss"] == "mean_absolute_error"
    assert model.leaderboard[-1]["name"] == "always the median"


def test_a_diverging_network_is_marked_and_cannot_win():
    wild = Candidate(hidden=(16,), optimizer="sgd", learning_rate=1e30, schedule="constant", label="wild")
    model = ts.fit(curve_table(), target="y", **{**SMALL, "candidates": [wild, ()]})
    row = next(row for row in model.leaderboard if row["name"] == "wild")
    assert row["status"] == "diverged" and row["validation_mean"] is None and not row["chosen"]
    assert any("Diverged and therefore out: wild" in sentence for sentence in model.record.verdict)


def test_nothing_but_diverging_networks_is_an_error():
    wild = Candidate(hidden=(16,), optimizer="sgd", learning_rate=1e30, schedule="constant")
    with pytest.raises(ts.InputError, match=r"every network diverged .* Give candidates with a smaller learning_rate"):
        ts.fit(curve_table(), target="y", **{**SMALL, "candidates": [wild]})


def test_events_tell_the_course():
    events = []
    ts.fit(curve_table(), target="y", progress=events.append, **SMALL)
    kinds = [event["kind"] for event in events]
    assert set(kinds) == {"stage", "columns", "baseline", "networks", "candidate", "result"}
    assert (
        kinds[0] == "stage" and kinds[-1] == "result" and kinds.count("baseline") == 4 and kinds.count("candidate") == 3
    )
    last = [event for event in events if event["kind"] == "networks"][-1]
    assert last["done"] == last["total"] == 6 and last["best"]["name"] and last["seconds_left"] == 0
    assert next(event for event in events if event["kind"] == "columns")["columns"][0]["name"] == "x"


def test_a_budget_is_kept():
    started = time.perf_counter()
    model = ts.fit(curve_table(3_000), target="y", budget=3)
    assert time.perf_counter() - started < 6
    assert model.score["r2"] > 0.9


def test_a_short_budget_spares_the_second_fit_of_the_baselines(monkeypatch):
    monkeypatch.setattr("thetastar.study.clock.Clock.hurried", True)
    model = ts.fit(curve_table(), target="y", **SMALL)
    assert model.record.test.baselines_refitted is False
    assert len(model.record.test.baselines) == 4
    assert "To keep the budget, the baselines were not fitted again" in model.record.verdict[-1]


def test_a_study_within_a_budget_repeats_from_its_journal_or_does_not_claim_to(tmp_path):
    settings = {**SMALL, "out": tmp_path / "out", "budget": 600}
    first = ts.fit(curve_table(), target="y", **settings)
    assert first.record.repeats  # nothing was cut
    (tmp_path / "out" / "model.theta").unlink()
    again = ts.fit(curve_table(), target="y", **settings)
    assert same_bits(first, again)
    cut = ts.fit(curve_table(4_000), target="y", effort=600, budget=1.5)
    assert not cut.record.repeats
    page = cut.report(tmp_path / "cut.html").read_text()
    assert "it makes the same plan. The budget cut this study short" in page


def test_a_budget_too_short_for_anything():
    with pytest.raises(ts.InputError, match=r"budget=0.001: too short to train a single network\. Give more seconds\."):
        ts.fit(curve_table(), target="y", budget=0.001)


def test_folder_holds_everything_and_a_second_run_resumes(tmp_path, regression):
    out = tmp_path / "study"
    first = ts.fit(curve_table(), target="y", out=out, **SMALL)
    assert same_bits(first, regression)
    written = ["journal.jsonl", "looks.jsonl", "model.theta", "report.html", "study.toml", "tested.theta"]
    assert sorted(p.name for p in out.iterdir()) == written
    journal = (out / "journal.jsonl").read_bytes()
    assert journal.count(b"\n") == 6 + 4  # networks, and baselines on their one fold
    events = []
    (out / "model.theta").unlink()  # as if it had been killed before the end
    second = ts.fit(curve_table(), target="y", out=out, threads=1, progress=events.append, **SMALL)
    assert same_bits(first, second) and (out / "journal.jsonl").read_bytes() == journal
    assert "Resuming: 6 networks are in the journal" in [event.get("text") for event in events]
    with pytest.raises(ts.InputError, match=r"holds another study \(study.seed: 0 there, 1 here\)"):
        ts.fit(curve_table(), target="y", out=out, seed=1, **SMALL)
    with pytest.raises(ts.InputError, match=r"holds another study \(data.digest"):
        ts.fit(curve_table(seed=1), target="y", out=out, **SMALL)
    assert not same_bits(first, ts.fit(curve_table(), target="y", out=out, seed=1, fresh=True, **SMALL))


def test_study_toml_is_enough_to_repeat_it(tmp_path):
    frame = pd.DataFrame(curve_table())
    frame.to_csv(tmp_path / "curve.csv", index=False)
    first = ts.fit(tmp_path / "curve.csv", "y", out=tmp_path / "out", roles={"kind": "category"}, effort=1.5, seed=3)
    assert first.record.verdict[-1].startswith("Left out because") and not (tmp_path / "other").exists()
    again = repeat(tmp_path / "out", threads=1, out=tmp_path / "other")
    assert same_bits(first, again) and (tmp_path / "other" / "model.theta").exists()
    assert same_bits(first, repeat(tmp_path / "out" / "study.toml", data=frame))
    with pytest.raises(ts.InputError, match=r"study.toml: the data is no longer what this study was made from"):
        repeat(tmp_path / "out", data=curve_table(seed=1))


KILLED = """
import os, signal, sys
import thetastar as ts
from tests.study.conftest import SMALL, curve_table
def kill(event):
    if event["kind"] == "networks" and event["done"] >= 3:
        os.kill(os.getpid(), signal.SIGKILL)
ts.fit(curve_table(), target="y", out=sys.argv[1], progress=kill, **SMALL)
"""


def test_a_killed_study_resumes_to_the_same_bits(tmp_path, regression):
    out = tmp_path / "study"
    root = os.path.dirname(os.path.dirname(os.path.dirname(__file__)))
    paths = os.pathsep.join([root, *filter(None, sys.path)])
    ended = subprocess.run([sys.executable, "-c", KILLED, str(out)], cwd=root, env={**os.environ, "PYTHONPATH": paths})
    assert ended.returncode == -signal.SIGKILL
    assert not (out / "model.theta").exists()
    assert 3 <= (out / "journal.jsonl").read_bytes().count(b"\n")
    resumed = ts.fit(curve_table(), target="y", out=out, **SMALL)
    assert same_bits(resumed, regression)
    assert resumed.record.leaderboard[0].scores == regression.record.leaderboard[0].scores


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": "price"}, r"there is no column 'price'"),
        ({"restarts": 0}, r"restarts: .*greater than or equal to 1, got 0"),
        ({"folds": 0}, r"folds: .*got 0"),
        ({"budget": -1}, r"budget: .*greater than 0, got -1"),
        ({"seed": "x"}, r"seed: .*valid integer.*got 'x'"),
        ({"metric": "auc"}, r"metric: 'auc' does not suit a regression target"),
        ({"task": "clustering"}, r"task: .*'regression', 'binary' or 'multiclass', got 'clustering'"),
        ({"candidates": []}, r"candidates: the list is empty"),
        ({"candidates": "big"}, r"candidates: give a list"),
        ({"candidates": [(8,), (8,)]}, r"candidates: two candidates are the same: 8 silu"),
        ({"candidates": [{"hidden": (0,)}]}, r"candidates.0.hidden.0: .*greater than or equal to 1, got 0"),
        ({"candidates": [{"width": 3}]}, r"candidates.0.width: extra inputs are not permitted"),
        ({"roles": {"x": "ignore", 1: "ignore", "kind": "ignore"}}, r"no column is left to learn from \(3 ignore\)"),
        ({"test": {"x": [1.0], "z": [1.0], "kind": ["low"]}}, r"the test data has no column 'y'"),
    ],
)
def test_bad_input_is_told_and_leaves_nothing(tmp_path, change, message):
    with pytest.raises(ts.InputError, match=message):
        ts.fit(curve_table(), **{"target": "y", "out": tmp_path / "out", **SMALL, **change})
    assert not (tmp_path / "out").exists()


def test_auc_without_both_classes_gives_way_or_is_refused():
    table = {"x": [k / 7 for k in range(60)], "y": ["no"] * 57 + ["yes"] * 3}
    model = ts.fit(table, target="y", candidates=[()], restarts=1, effort=1)
    assert model.record.metric.name == "log_loss"
    assert "Too few rows of the rarer class to choose by auc; log_loss chose instead." in model.record.distrust
    with pytest.raises(ts.InputError, match=r"auc needs rows of both classes to choose by.*Use the metric log_loss"):
        ts.fit(table, target="y", metric="auc", candidates=[()])


def test_a_metric_without_a_value_is_told():
    table = {"x": [k / 7 for k in range(40)], "y": [0.5] * 39 + [1.5]}
    with pytest.raises(ts.InputError, match=r"metric: 'r2' is not defined on these validation rows for any network"):
        ts.fit(table, target="y", task="regression", metric="r2", folds=1, candidates=[()], restarts=1, effort=1)


def test_the_final_training_may_not_diverge_silently(monkeypatch):
    import thetastar.training as training

    real = training.train_many

    def spoilt(jobs, *args, **settings):
        runs = real(jobs, *args, **settings)
        if jobs[0].validation_rows is None:
            runs = [dataclasses.replace(run, stopped="diverged") for run in runs]
        return runs

    monkeypatch.setattr(training, "train_many", spoilt)
    with pytest.raises(ts.InputError, match=r"the final training of linear diverged from every start"):
        ts.fit(curve_table(), target="y", candidates=[()], restarts=1, folds=1, effort=1)


def test_too_few_rows():
    with pytest.raises(ts.InputError, match=r"4 rows .* too few to split; at least 10 are needed"):
        ts.fit({"x": [1, 2, 3, 4], "y": [1.5, 2.5, 3.5, 4.5]}, target="y")
    with pytest.raises(ts.InputError, match=r"12 rows leave none for the test; add rows or give a test file"):
        ts.fit({"x": [k / 8 for k in range(12)], "y": [f"class {k}" for k in range(12)]}, target="y")
    table = {"x": [k / 8 for k in range(12)], "y": [f"class {k}" for k in range(12)]}
    with pytest.raises(ts.InputError, match=r"12 rows leave none to choose by; add rows"):
        ts.fit(table, target="y", test=table)


def test_a_finished_study_is_finished(tmp_path, regression):
    """The same command shows the result; no network, no baseline and no test row is touched again."""
    out = tmp_path / "study"
    first = ts.fit(curve_table(), target="y", out=out, **SMALL)
    kept = {path.name: path.read_bytes() for path in out.iterdir()}
    told = []
    again = ts.fit(curve_table(), target="y", out=out, progress=told.append, **SMALL)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == kept
    assert not [event for event in told if event["kind"] in ("baseline", "networks", "candidate")]
    assert any("finished" in event.get("text", "") for event in told) and told[-1]["record"] == first.record
    assert same_bits(again, regression) and again.record == first.record
    (out / "model.theta").write_bytes(b"damaged")
    assert same_bits(ts.fit(curve_table(), target="y", out=out, **SMALL), regression)
