"""Effort in words: the same plan for a table on every machine; more of everything, and less, by the word."""

import pytest

import thetastar as ts
from tests.study.conftest import curve_table, rings_table
from thetastar.recipes import default_candidates
from thetastar.study import repeat
from thetastar.study.effort import WORDS, effort_of
from thetastar.study.folder import read_study
from thetastar.study.plan import Shape, default_effort, make_plan


@pytest.mark.parametrize("given", ["quick", "usual", "HIGH", 20, "20", 0.5])
def test_words_and_numbers_are_taken(given):
    found = ts.study.StudyOptions.checked(effort=given).effort
    assert found == (given.lower() if given in ("quick", "usual", "HIGH") else float(given))


@pytest.mark.parametrize("given", ["fast", 0, -1, "", True, float("inf"), "nan"])
def test_others_are_refused(given):
    rule = r"effort: it must be quick, usual, high or a number of core-seconds above 0, got "
    with pytest.raises(ts.InputError, match=rule):
        ts.fit(curve_table(40), target="y", effort=given)


@pytest.mark.parametrize("rows", [700, 6_000, 20_000, 300_000])
def test_a_plan_grows_with_the_word(rows):
    plans = {}
    for word, effort in WORDS.items():
        folds = next((folds for below, folds in effort.dealt if rows < below), 1)
        shape = Shape(
            20, 1, rows * (folds - 1) // folds if folds > 1 else rows * 8 // 9, rows // max(folds, 9), folds, 15
        )
        candidates = default_candidates("binary", 20, wide=effort.wide)
        plans[word] = make_plan(candidates, shape, effort.starts, effort.share * default_effort(rows), given=False)
        assert plans[word].cost <= effort.share * default_effort(rows)
    assert plans["quick"].cost < plans["usual"].cost < plans["high"].cost < 11 * plans["usual"].cost
    assert len(plans["quick"].candidates) <= len(plans["usual"].candidates) < len(plans["high"].candidates)
    assert plans["high"].rounds[-1].starts == 5 and plans["quick"].rounds[-1].starts == 2


def test_usual_is_what_a_study_does_by_itself():
    assert effort_of(None) == effort_of(30.0) == effort_of("usual")


def test_quick_is_written_down_and_repeats_to_the_same_bits(tmp_path):
    table = rings_table(400)
    settings = {"candidates": [(8,), (8, 8)], "effort": "quick"}
    model = ts.fit(table, target="ring", out=tmp_path / "one", threads=1, **settings)
    held = read_study(tmp_path / "one" / "study.toml")["study"]
    assert (held["effort"], held["restarts"], held["folds"]) == ("quick", 2, 3)
    again = repeat(tmp_path / "one", data=table, out=tmp_path / "two", threads=2)
    assert (again.predict_proba(table) == model.predict_proba(table)).all()
    assert model.record.chosen.runs == 6 and model.record.repeats
    with pytest.raises(ts.InputError, match=r"study\.effort: quick there"):
        ts.fit(table, target="ring", out=tmp_path / "one", **{**settings, "effort": 5})


def test_usual_resumes_what_was_begun_without_a_word(tmp_path):
    table, settings = curve_table(150), {"candidates": [()], "out": tmp_path / "out"}
    first = ts.fit(table, target="y", **settings)
    events = []
    ts.fit(table, target="y", effort="usual", progress=events.append, **settings)
    assert any("This study is finished" in event.get("text", "") for event in events)
    assert first.record.settings.study["effort"] == default_effort(150)
