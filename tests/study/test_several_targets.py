"""Several targets at once: one network answers all, each is scored in its own unit, and none leads another astray."""

import csv
import json
import warnings

import numpy as np
import pandas as pd
import pytest

import thetastar as ts
from thetastar.cli import main
from thetastar.study import audit, repeat
from thetastar.study.folder import read_study
from thetastar.study.options import StudyOptions
from thetastar.study.problem import ask

QUICK = {"candidates": [(32,)], "restarts": 2, "folds": 1, "effort": 3.0, "threads": 1}


def plane(rows=800, seed=0):
    """Two planted functions of three columns in very different units, and a target that is chance."""
    generator = np.random.default_rng(seed)
    u, v, w = generator.normal(size=(3, rows))
    noise = generator.normal(size=(2, rows))
    return {
        "u": u, "v": v, "w": w, "heat": 5000 + 900 * (np.sin(2 * u) + v) + 50 * noise[0],
        "drift": 0.01 * (v - 0.5 * w + 0.1 * noise[1]), "chance": generator.normal(size=rows),
    }  # fmt: skip


def weather(rows=800, seed=1):
    """Three labels: two that columns tell, as texts and as numbers, and one that is chance."""
    generator = np.random.default_rng(seed)
    u, v, w = generator.normal(size=(3, rows))
    return {
        "u": u, "v": v, "w": w, "rain": np.where(u + 0.3 * generator.normal(size=rows) > 0.3, "wet", "dry").tolist(),
        "frost": (v * w > 0.2).astype(int), "chance": (generator.random(rows) < 0.3).astype(int),
    }  # fmt: skip


def without(table, *names):
    return {name: column for name, column in table.items() if name not in names}


@pytest.fixture(scope="module")
def numbers():
    return ts.fit(plane(), target=["heat", "drift", "chance"], **QUICK)


@pytest.fixture(scope="module")
def labels():
    return ts.fit(weather(), target=["rain", "frost", "chance"], **QUICK)


def score_of(model, name, metric):
    return next(each.test.scores[metric] for each in model.record.targets if each.name == name)


# ---------------------------------------------------------------- what is learned


def test_planted_numbers_are_found_in_their_units(numbers):
    assert numbers.task == "multioutput(3)" and numbers.targets == ("heat", "drift", "chance")
    fresh = plane(400, seed=9)
    predicted = numbers.predict(without(fresh, "heat", "drift", "chance"))
    assert predicted.shape == (400, 3)
    assert np.sqrt(np.mean((predicted[:, 0] - fresh["heat"]) ** 2)) < 250  # of a spread of 1,100
    assert np.sqrt(np.mean((predicted[:, 1] - fresh["drift"]) ** 2)) < 0.003  # of 0.011


def test_each_target_counts_alike_and_the_score_is_their_mean(numbers):
    own = [each.test.scores["r2"] for each in numbers.record.targets]
    assert numbers.score["r2"] == pytest.approx(np.mean(own))
    low, high = numbers.record.test.intervals["r2"]
    assert low < numbers.score["r2"] < high
    spreads = [np.std(each.test.points.real) for each in numbers.record.targets]  # every test row is drawn
    rmse = [each.test.scores["rmse"] for each in numbers.record.targets]
    assert numbers.score["scaled_rmse"] == pytest.approx(np.mean(np.divide(rmse, spreads)))


def test_a_random_target_among_real_ones_scores_chance_and_it_is_said(numbers, labels):
    for model in (numbers, labels):
        said = " ".join(model.record.verdict)
        assert "No better than chance is 'chance': the constant is as good" in said
        assert "Target by target: " in said and model.record.headline.state in ("ahead", "level", "behind")
    assert abs(score_of(numbers, "chance", "r2")) < 0.2 and score_of(numbers, "heat", "r2") > 0.9
    assert abs(score_of(labels, "chance", "auc") - 0.5) < 0.15 and score_of(labels, "rain", "auc") > 0.9


def test_planted_labels_are_found_and_named_as_the_data_has_them(labels):
    assert labels.task == "multilabel(3)" and labels.classes is None
    fresh = weather(400, seed=8)
    rows = without(fresh, "rain", "frost", "chance")
    named, likely = labels.predict(rows), labels.predict_proba(rows)
    assert named.shape == likely.shape == (400, 3) and ((likely >= 0) & (likely <= 1)).all()
    assert set(named[:, 0]) == {"wet", "dry"} and set(named[:, 1]) == {0, 1}
    assert (named[:, 0] == np.array(fresh["rain"])).mean() > 0.85 and (named[:, 1] == fresh["frost"]).mean() > 0.85
    assert ((named[:, 0] == "wet") == (likely[:, 0] > 0.5)).all()
    assert labels.score["subset_accuracy"] <= min(each.test.scores["accuracy"] for each in labels.record.targets)


def test_two_copies_of_a_target_score_the_same():
    table = plane(500)
    table["again"] = table["heat"].copy()
    model = ts.fit(without(table, "drift", "chance"), target=["heat", "again"], **QUICK)
    one, two = model.record.targets
    assert one.test.baselines == two.test.baselines  # fitted by themselves, to the same bits
    assert one.test.scores["r2"] == pytest.approx(two.test.scores["r2"], abs=0.02)  # other starts of the last layer
    predicted = model.predict(without(table, "heat", "again"))
    assert np.corrcoef(predicted.T)[0, 1] > 0.99


def test_permuting_the_targets_permutes_the_answer():
    table = without(plane(500), "chance")
    one, two = (ts.fit(table, target=names, **QUICK) for names in (["heat", "drift"], ["drift", "heat"]))
    assert [each.name for each in two.record.targets] == ["drift", "heat"]
    for name in ("heat", "drift"):
        left, right = (next(each for each in m.record.targets if each.name == name).test for m in (one, two))
        assert left.baselines == right.baselines
        assert left.scores["r2"] == pytest.approx(right.scores["r2"], abs=0.03)
    first, second = one.predict(table), two.predict(table)
    assert np.corrcoef(first[:, 0], second[:, 1])[0, 1] > 0.99


def test_a_list_of_one_target_is_that_target_bit_for_bit(tmp_path):
    table = without(plane(300), "drift", "chance")
    one, two = (
        ts.fit(table, target=target, out=tmp_path / name, **QUICK)
        for name, target in (("text", "heat"), ("list", ["heat"]))
    )
    assert one.task == two.task == "regression" and one.score == two.score
    assert (one.predict(table) == two.predict(table)).all()
    assert (
        read_study(tmp_path / "text" / "study.toml")["study"] == read_study(tmp_path / "list" / "study.toml")["study"]
    )


def test_the_same_bits_on_any_number_of_threads():
    table = plane(300)
    one, two = (
        ts.fit(table, target=["heat", "drift"], **{**QUICK, "candidates": [(8,)], "threads": threads})
        for threads in (1, 2)
    )
    assert (one.predict(table) == two.predict(table)).all() and one.score == two.score


# ---------------------------------------------------------------- what it is given


@pytest.mark.parametrize("given", ["heat, drift", ["heat", "drift"], ("heat", 4)])
def test_targets_are_named_in_a_text_a_list_or_by_position(given):
    assert ask(plane(60), StudyOptions.checked(target=given)).targets == ("heat", "drift")


def test_a_list_names_columns_and_is_as_long_as_a_frame_the_values_of_its_rows():
    from thetastar.study.given_target import with_values

    frame = pd.DataFrame(plane(5))
    for names in (["heat", "drift"], ("heat", "drift"), frame.columns[3:5], np.array(["heat", "drift"])):
        data, found = with_values(frame, names)
        assert data is frame and found == ("heat", "drift")
    values = ["a", "b", "a", "b", "a"]
    (inputs, kept), name = with_values(frame, values)
    assert inputs.shape == (5, 6) and kept.tolist() == values and name == "target"
    assert with_values("rows.csv", ["heat"])[1] == ("heat",) and with_values("rows.csv", "heat")[1] == "heat"
    assert with_values([{"x": 1, "y": 2}] * 3, ["x", "y"])[1] == ("x", "y")


def test_a_name_with_a_comma_is_that_column():
    table = {**plane(60), "heat,drift": np.arange(60.0) % 7 + 0.5}
    problem = ask(table, StudyOptions.checked(target="heat,drift"))
    assert problem.targets == ("heat,drift",) and problem.task == "regression"


def test_arrays_of_several_columns_are_several_targets():
    table = plane(300)
    X, Y = np.column_stack([table[k] for k in "uvw"]), np.column_stack([table["heat"], table["drift"]])
    model = ts.fit(X, Y, **QUICK)
    assert model.targets == ("target_0", "target_1") and model.predict(X).shape == (300, 2)
    assert model.predict(X[:5]).tolist() == model.predict(X)[:5].tolist()
    column = ts.fit(X, Y[:, :1], **{**QUICK, "candidates": [(4,)]})
    assert column.targets == ("target",)


def test_a_column_of_0_and_1_is_a_number_beside_numbers_and_a_label_beside_labels():
    table = {**plane(80), "flag": (np.arange(80) % 2).astype(int), "other": (np.arange(80) % 3 == 0).astype(int)}
    assert ask(table, StudyOptions.checked(target=["heat", "flag"])).task == "multioutput(2)"
    assert ask(table, StudyOptions.checked(target=["other", "flag"])).task == "multilabel(2)"
    assert ask(table, StudyOptions.checked(target=["other", "flag"], task="regression")).task == "multioutput(2)"


def test_rows_with_a_missing_target_are_left_out_and_counted():
    table = plane(100)
    table["heat"][[3, 5]] = np.nan
    table["drift"][[5, 8, 9]] = np.nan
    problem = ask(table, StudyOptions.checked(target=["heat", "drift"]))
    assert len(problem.truth) == 96
    assert "2 rows have no value for 'heat' (the first is dict of columns, row 3); left out." in problem.notes
    assert any("2 rows have no value for 'drift'" in note for note in problem.notes)


def test_no_target_is_learned_from(numbers):
    assert [column.name for column in numbers.record.columns] == ["u", "v", "w"]


def test_every_part_of_the_split_keeps_the_shares_of_label_sets():
    table, sets = weather(1000), {}
    problem = ask(table, StudyOptions.checked(target=["rain", "frost", "chance"]))
    for part in (problem.train, problem.validation, problem.test):
        codes = problem.truth[part] @ [1, 2, 4]
        sets[len(part)] = np.bincount(codes, minlength=8) / len(part)
    whole = np.bincount(problem.truth @ [1, 2, 4], minlength=8) / 1000
    for rows, shares in sets.items():
        assert np.abs(shares - whole).max() < 1.5 / rows + 0.01
    assert problem.encoding.kind.kinds(problem.truth).max() == 8


def test_groups_stay_together_and_weights_count():
    table = {**plane(300), "who": [f"p{k // 6}" for k in range(300)], "count": 1.0 + np.arange(300) % 3}
    model = ts.fit(table, target=["heat", "drift"], group="who", sample_weight="count", **QUICK)
    assert model.record.split.group == "who" and model.record.weights.column == "count"
    assert {column.name for column in model.record.columns if column.role == "ignore"} == {"who", "count"}


# ---------------------------------------------------------------- what is left behind


def test_a_frame_gets_a_frame_with_a_column_a_target(numbers, labels):
    frame = pd.DataFrame(without(plane(7), "heat", "drift", "chance"), index=list("abcdefg"))
    found = numbers.predict(frame)
    assert list(found.columns) == ["heat", "drift", "chance"] and list(found.index) == list("abcdefg")
    frame = pd.DataFrame(without(weather(7), "rain", "frost", "chance"))
    assert labels.predict(frame)["rain"].isin(["wet", "dry"]).all()
    assert list(labels.predict_proba(frame).columns) == ["rain", "frost", "chance"]


def test_a_saved_model_answers_the_same_and_evaluates_each_target(numbers, labels, tmp_path):
    for model, table, names in ((numbers, plane(200, 5), "rmse of heat"), (labels, weather(200, 5), "auc of frost")):
        again = ts.load(model.save(tmp_path / "m.theta"))
        assert (again.predict(table) == model.predict(table)).all() and again.targets == model.targets
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scores = again.evaluate(table)
        assert names in scores and set(model.score) <= set(scores)
        assert again.record == model.record
    assert again.record.to_dict() == labels.record.to_dict()


def test_an_answer_of_a_baseline_is_saved_target_by_target(tmp_path):
    """A step that trees find at once and a line cannot: the answer is trees, as plain arrays."""
    generator = np.random.default_rng(2)
    x, z = generator.uniform(-1, 1, (2, 600))
    table = {"x": x, "z": z, "a": np.sign(np.sin(9 * x)), "b": 5.0 * np.sign(np.sin(9 * z))}
    model = ts.fit(table, target=["a", "b"], task="regression", **{**QUICK, "candidates": [()]})
    kinds = [type(member.predictor).__name__ for member in model.members]
    assert "FittedTargets" in kinds and model.score["r2"] > 0.8
    again = ts.load(model.save(tmp_path / "m.theta"))
    assert (again.predict(table) == model.predict(table)).all()


def test_a_study_repeats_and_its_numbers_follow(tmp_path):
    table = pd.DataFrame(weather(300))
    table.to_csv(tmp_path / "w.csv", index=False)
    options = {**QUICK, "candidates": [(8,)]}
    model = ts.fit(
        tmp_path / "w.csv", target=["rain", "frost"], roles={"chance": "ignore"}, out=tmp_path / "o", **options
    )
    assert read_study(tmp_path / "o" / "study.toml")["study"]["target"] == ["rain", "frost"]
    again = repeat(tmp_path / "o", out=tmp_path / "again")
    assert again.score == model.score
    found = audit(tmp_path / "o")
    assert found.holds and any(line.what == "targets" and line.holds for line in found.lines)


def test_the_page_has_a_row_of_pictures_for_each_target(numbers, labels, tmp_path):
    page = numbers.report(tmp_path / "n.html").read_text("utf-8")
    assert "The test, target by target" in page and page.count('id="figure-target-') >= 2 * 3 + 2
    assert "no better than chance" in page and "--target heat --target drift" not in page  # the data was no file
    page = labels.report(tmp_path / "l.html").read_text("utf-8")
    assert "rain</bdi>: wet or not" in page and "one column per target" in page


def test_explaining_measures_the_mean_over_targets(numbers, labels):
    found = ts.explain.importance(numbers, plane(200, 3))
    assert found.names[0] in ("v", "u") and ts.explain.importance(labels, weather(200, 3)).values.max() > 0
    assert "score of frost" in str(ts.explain.attribute(labels, weather(3, 3), output="frost"))
    assert "probability of rain" in str(ts.explain.field(labels, "u", weather(60, 3)))
    rows = ts.explain.worst_rows(labels, weather(100, 3), count=2)
    assert len(rows.truth) == 2 and all(isinstance(each, str) for each in rows.truth)
    assert "heat, the first of 3 targets, by" in str(ts.explain.overview(numbers, plane(60, 3)))


# ---------------------------------------------------------------- on the command line


def test_the_command_line_takes_targets_with_commas_or_repeated(tmp_path, capsys):
    pd.DataFrame(weather(300)).to_csv(tmp_path / "w.csv", index=False)
    data, out = str(tmp_path / "w.csv"), str(tmp_path / "o")
    common = ["--role", "chance=ignore", "--effort", "1", "--threads", "1", "--folds", "1"]
    assert main(["fit", data, "--target", "rain,frost", *common, "--out", out, "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["question"]["target_names"] == ["rain", "frost"]
    assert [each["name"] for each in result["targets"]] == ["rain", "frost"]
    assert main(["fit", data, "-t", "rain", "-t", "frost", *common, "--out", out, "--json"]) == 0  # the same study
    assert json.loads(capsys.readouterr().out)["score"] == result["score"]
    assert main(["predict", f"{out}/model.theta", data, "--proba"]) == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert list(rows[0]) == ["rain", "frost", "probability_rain", "probability_frost"]
    assert all((row["rain"] == "wet") == (float(row["probability_rain"]) > 0.5) for row in rows)
    assert main(["evaluate", f"{out}/model.theta", data]) == 0
    assert "accuracy of rain" in capsys.readouterr().out
    assert main(["predict", f"{out}/model.theta", data, "--keep", "rain"]) == 2
    assert "--keep rain: the answer has a column of this name. Rename it in" in capsys.readouterr().err


def test_the_terminal_shows_each_target(tmp_path, capsys):
    pd.DataFrame(plane(200)).to_csv(tmp_path / "p.csv", index=False)
    arguments = ["--target", "heat,drift", "--effort", "1", "--folds", "1", "--threads", "1"]
    assert main(["fit", str(tmp_path / "p.csv"), *arguments]) == 0
    shown = capsys.readouterr().out
    assert "Target by target, on the same rows" in shown and "rmse of gradient" in shown.replace("\n", " ")


def test_a_service_answers_with_an_object_a_row(labels, numbers):
    from thetastar.serve.openapi import openapi, schema
    from thetastar.serve.predictor import Predictor

    predictor = Predictor(labels)
    answers = predictor.answers([{"u": 1.0, "v": 1.0, "w": 1.0}])
    said = predictor.said(answers, proba=True)
    assert said["predictions"][0].keys() == said["probabilities"][0].keys() == {"rain", "frost", "chance"}
    assert schema(labels)["targets"] == ["rain", "frost", "chance"]
    form = openapi(numbers, predictor.names, 1000)["components"]["schemas"]["Predictions"]["properties"]
    assert form["predictions"]["items"]["properties"]["heat"] == {"type": "number"}


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": ["heat", "who"]}, r"'heat' is a number and 'who' a class; the targets of a study are all numbers "
         r"or all classes\. Ask for them in two studies\."),
        ({"target": ["flag", "kind"]}, r"column 'kind': several targets are numbers or answers of yes or no, and this "
         r"one has 3 classes\. Ask for it alone, or give it a column of 0 and 1 for each class\."),
        ({"target": ["heat", "heat"]}, r"target: 'heat' is named twice\. Name each target once\."),
        ({"target": []}, r"target: a study has 1 to 100 targets\. Got 0\. Name the columns to predict\."),
        ({"target": ["heat", "cold"]}, r"there is no column 'cold' to take as the target"),
        ({"target": "heat,cold"}, r"there is no column 'cold' to take as the target"),
        ({"target": ["heat", "drift"], "quantiles": (0.1, 0.9)}, r"quantiles: they are of one number, and several "
         r"targets are asked for\. Name one target\."),
        ({"target": ["heat", "drift"], "threshold": "f1"}, r"threshold: only a target of two classes has one\. "
         r"'heat, drift' is a multioutput\(2\) target\. Leave it out\."),
        ({"target": ["heat", "drift"], "id": "who", "time": "u"}, r"target: sequences \(id and time\) have one "
         r"target\. Name one, or leave id and time out\."),
        ({"target": ["heat", "drift"], "task": "multiclass"}, r"task=multiclass: several targets are numbers "
         r"\(regression\) or answers of yes or no \(binary\) each\. Name one of these, or one target\."),
        ({"target": ["heat", "drift"], "metric": "rmse"}, r"metric: 'rmse' does not suit a multioutput\(2\) target\. "
         r"Use one of r2, scaled_rmse, scaled_mae\."),
        ({"target": ["flag", "who"], "metric": "auc"}, r"metric: 'auc' does not suit a multilabel\(2\) target\. Use "
         r"one of macro_auc, micro_auc, log_loss, macro_f1, micro_f1, subset_accuracy\."),
        ({"target": ["heat", "drift"], "roles": {"drift": "number"}}, r"a role is given for 'drift', which is the "
         r"target"),
        ({"target": ["heat", "flag"], "sample_weight": "flag"}, r"sample_weight='flag': this is the target\. Name "
         r"another column\."),
        ({"target": ["heat", "drift"], "group": "drift"}, r"group='drift': this is the target\. Name another column\."),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused_in_words(options, words):
    table = {**plane(60), "flag": (np.arange(60) % 2).astype(int), "who": ["a", "b"] * 30, "kind": list("xyz") * 20}
    with pytest.raises(ts.InputError, match=words):
        ts.fit(table, **options)


@pytest.mark.parametrize(("name", "known"), [("formulas", "p*u + q"), ("monotone", "u:+")])
def test_what_is_known_is_of_one_target(name, known):
    words = rf"{name}: what is known is of one target, and several are asked for\. Name one target\."
    several = StudyOptions.checked(target="heat,drift").model_copy(update={name: (known,)})
    with pytest.raises(ts.InputError, match=words):
        ask(plane(60), several)


def test_too_many_targets_are_refused():
    table = {f"y{k}": np.arange(20.0) + k for k in range(101)}
    with pytest.raises(ts.InputError, match=r"a study has 1 to 100 targets\. Got 101\. Ask for them in several"):
        ts.fit({"x": np.arange(20.0), **table}, target=list(table))


def test_test_rows_and_judged_rows_must_hold_every_target(numbers):
    lacking = without(plane(50), "drift")
    with pytest.raises(ts.InputError, match=r"the test data has no column 'drift'; it is needed for the score\."):
        ts.fit(plane(60), target=["heat", "drift"], test=lacking)
    with pytest.raises(ts.InputError, match=r"there is no column 'drift', which holds the truth to compare with"):
        numbers.evaluate(lacking)
    with pytest.raises(ts.InputError, match=r"the rows must hold the target 'drift'"):
        ts.explain.importance(numbers, lacking)


def test_numbers_have_no_probabilities(numbers):
    with pytest.raises(ts.InputError, match=r"predict_proba: 'heat, drift, chance' is a regression target"):
        numbers.predict_proba(plane(5))
