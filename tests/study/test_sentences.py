"""Every sentence of real studies: none contradicts another, and none sends the reader where there is nothing."""

import re

import numpy as np
import pytest

import thetastar as ts
from tests.model.test_conclusion import states_in, terminal
from tests.study.conftest import curve_table, rings_table
from thetastar.cli.app import make_app
from thetastar.model.conclusion import leaderboard_sentence
from thetastar.report import render
from thetastar.study.options import StudyOptions

QUICK = {"candidates": [(8,)], "restarts": 1, "folds": 1, "effort": 0.3}


def days(rows, newest_first=False):
    table = {
        **curve_table(rows),
        "day": [f"{2020 + k // 336}-{1 + k // 28 % 12:02}-{1 + k % 28:02}" for k in range(rows)],
    }
    return {name: list(column)[::-1] for name, column in table.items()} if newest_first else table


def sorted_by_class(rows):
    table = rings_table(rows)
    order = np.argsort(table["ring"], kind="stable")
    return {name: [column[k] for k in order] for name, column in table.items()}


STUDIES = {
    "in order of days": (days(150), "y", {"ordered": True}),
    "newest day first, in order": (days(150, newest_first=True), "y", {"ordered": True}),
    "in order of days, shuffled": (days(150), "y", {}),
    "newest day first, shuffled": (days(150, newest_first=True), "y", {"metric": "mae"}),
    "a test table": (rings_table(120), "ring", {"test": rings_table(30, seed=5)}),
    "sorted by class": (sorted_by_class(80), "ring", {"metric": "f1", "candidates": [(), (8,)], "folds": 2}),
    "a few rows of three classes": (rings_table(40, classes=3), "ring", {"candidates": [(), (8,)], "restarts": 2}),
    "groups": ({**rings_table(120), "who": [f"p{k // 4}" for k in range(120)]}, "ring", {"group": "who"}),
    "by time, with a gap": (days(150), "y", {"by_time": "day", "gap": 2}),
    "strata": (curve_table(150), "y", {"stratify": "kind"}),
    "a leak": ({**rings_table(200), "alive": [name == "ring 1" for name in rings_table(200)["ring"]]}, "ring", {}),
    "noise": ({"a": rings_table(150)["a"], "y": ["no", "yes"] * 75}, "y", {"candidates": [(), (8,)], "folds": 3}),
    "rows that repeat": ({name: [*v, *v[:30]] for name, v in rings_table(120).items()}, "ring", {}),
    "a long tail": ({**curve_table(200), "y": np.exp(np.asarray(curve_table(200)["y"]) / 8)}, "y", {"metric": "mae"}),
    "levels that come late": ({**curve_table(100), "who": [f"p{k // 2}" for k in range(100)]}, "y", {}),
}


@pytest.fixture(scope="module", params=STUDIES)
def study(request):
    table, target, options = STUDIES[request.param]
    return request.param, ts.fit(table, target, **{**QUICK, **options}).record


def sentences_of(record):
    return [record.headline.words + ".", leaderboard_sentence(record), *record.verdict, *record.distrust, *record.notes]


def test_one_conclusion(study):
    _, record = study
    told = [record.headline.words, leaderboard_sentence(record), *record.verdict]
    assert states_in(" ".join(told)) == states_in(terminal(record)) == {record.headline.state}
    page = render(record)
    for sentence in [record.headline.words, leaderboard_sentence(record), *record.verdict, *record.distrust]:
        assert sentence.replace("&", "&amp;").replace("'", "&#39;").replace("<", "&lt;") in page


def test_nothing_is_called_random_or_shuffled_that_is_in_order(study):
    name, record = study
    text = " ".join(sentences_of(record)) + re.sub(r"<(script|style).*?</\1>", "", render(record), flags=re.DOTALL)
    assert record.split.ordered == (name in ("in order of days", "newest day first, in order", "by time, with a gap"))
    if record.split.ordered:
        assert not re.search(r"at random|shuffled", text)
        assert "The test rows are the last ones of the table" in text
        assert ("Rows stay in their order" in text) == (record.split.by_time is None)
        assert ("Rows are in order of day" in text) == (record.split.by_time == "day")
    at_random = not record.split.ordered and name not in ("a test table", "groups")
    assert ("drawn at random from the same table" in text) == at_random
    assert ("Whole groups of who are dealt" in text) == (name == "groups")
    assert ("run backwards in time by 'day'" in text) == (name == "newest day first, in order")
    assert ("on the last days, give ordered=True" in text) == (name == "in order of days, shuffled")
    assert ("turn them round and give ordered=True" in text) == (name == "newest day first, shuffled")
    assert ("they are shuffled before the split" in text) == (name == "sorted by class")


def test_advice_leads_to_what_exists(study):
    _, record = study
    commands = {command.callback.__name__ for command in make_app().registered_commands}
    advice = (
        " ".join(sentences_of(record)) + " " + re.sub(r"<(script|style).*?</\1>", "", render(record), flags=re.DOTALL)
    )
    for command in re.findall(r"(?<!import )(?<!from )\bthetastar ([a-z]+)\b(?! report)", advice):
        assert command in commands, command
    assert "command" not in " ".join(sentences_of(record))
    options = {f"--{name.replace('_', '-')}" for name in StudyOptions.model_fields}
    assert set(re.findall(r"(?<=[\s(])--[a-z][a-z-]*", advice)) <= options | {"--role", "--proba", "--out", "--target"}


def test_each_is_a_sentence_in_good_english(study):
    _, record = study
    for sentence in sentences_of(record):
        assert re.match(r"[A-Z'\d“]|[\w-]+ (silu|linear|boosting)|linear|gradient|logistic|always|extra", sentence), (
            sentence
        )
        assert sentence.endswith(".") and "  " not in sentence and "None" not in sentence
        assert not re.search(r"(?<![\d,])1 (runs|rows|networks|starts|parameters|folds)\b", sentence)


def test_every_count_of_parameters_is_explained(study):
    _, record = study
    shown = {int(n.replace(",", "")) for n in re.findall(r"([\d,]+) parameters", " ".join(record.verdict))}
    assert shown == {record.winner.parameters, record.chosen.parameters}
    if len(shown) == 2:
        assert "On the leaderboard it has" in " ".join(record.verdict) and "On the leaderboard it has" in render(record)


def test_a_preparation_that_sees_more_levels_gives_two_counts():
    table, target, options = STUDIES["levels that come late"]
    record = ts.fit(table, target, **{**QUICK, **options, "roles": {"who": "category"}}).record
    assert record.winner.parameters > record.chosen.parameters
    assert "there its inputs were made from fewer rows, which hold fewer levels or pieces." in " ".join(record.verdict)


def test_findings_agree_with_headline_and_figures(study):
    name, record = study
    found = {finding.name for finding in record.findings}
    assert ("no better than chance" in found) == ("no better than chance" in record.headline.words)
    assert "behind boosting" not in found or record.headline.state == "behind"
    assert ("other test rows" in found) == bool(record.test.shifted)
    assert (record.leaked is not None) == (name == "a leak") == ("gives the target" in record.headline.words)
    assert record.leaked is None or record.carried is None
    assert ("repeated rows" in found) == (name == "rows that repeat") and ("skewed target" in found) == (
        name == "a long tail"
    )
    assert not {"overfitting", "underfitting"} <= found
    assert len(record.distrust) == len(set(record.distrust))
