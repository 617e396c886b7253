"""Where rows belong together or time matters, the split at random is shown beside an honest one, with what to type."""

from __future__ import annotations

import numpy as np
import pytest

import thetastar as ts
from thetastar.report import render
from thetastar.study.advice import better_split
from thetastar.study.options import StudyOptions
from thetastar.study.problem import ask

SMALL = {"candidates": [(32,)], "answer": "one", "restarts": 1, "folds": 1, "effort": 3, "seed": 0}


def patients(seed=0, effect=2.0, count=60, visits=10):
    """Visits of patients: age and height are the patient's, and so is most of the target, which neither explains."""
    generator = np.random.default_rng(seed)
    patient = np.repeat(np.arange(count), visits)
    own, age, height = generator.normal(size=(3, count))
    y = effect * own[patient] + 0.3 * generator.normal(size=len(patient))
    return {
        "patient": [f"p{k}" for k in patient], "age": age[patient], "height": height[patient],
        "pulse": generator.normal(size=len(patient)), "y": y,
    }  # fmt: skip


def days(seed=0, rows=800):
    """A level that wanders from day to day, in no order; the network sees the date."""
    generator = np.random.default_rng(seed)
    level = np.cumsum(generator.normal(size=rows)) / 3
    order = generator.permutation(rows)
    day = (np.datetime64("2022-01-01") + np.arange(rows)).astype(str)
    return {
        "day": day[order].tolist(),
        "x": generator.normal(size=rows),
        "y": (level + 0.1 * generator.normal(size=rows))[order],
    }


def test_rows_that_belong_together_are_named_with_what_an_honest_split_gives():
    record = ts.fit(patients(), "y", **SMALL).record
    split = record.better_split
    assert (split.option, split.column) == ("--group", "patient")
    claimed, honest = split.claimed, split.scores["rmse"]
    assert claimed < record.test.intervals["rmse"][1] < honest
    assert record.distrust[0] == (
        "'patient' repeats (60 values in 600 rows, and 'age', 'height' with it), and rows of one value have like "
        f"targets. The split at random claims rmse {claimed:.4g}; with no 'patient' on both sides it is "
        f"{honest:.4g}. If the model is for new ones, give --group patient."
    )


def test_with_the_option_the_warning_is_gone_and_the_page_says_the_split():
    record = ts.fit(patients(), "y", group="patient", **SMALL).record
    assert record.better_split is None and (record.split.group, record.split.stratified) == ("patient", False)
    assert "Whole groups of patient are dealt with seed 0: none has rows on two sides" in render(record)
    assert any("of other values of 'patient' than those learned from" in text for text in record.distrust)


def test_a_time_that_matters_is_named():
    record = ts.fit(days(), "y", **SMALL).record
    split = record.better_split
    assert (split.option, split.column) == ("--by-time", "day")
    assert record.distrust[0].endswith(
        f"with the last 'day' for the test it is {split.scores['rmse']:.4g}. If the model is for later rows, give "
        "--by-time day."
    )
    later = ts.fit(days(), "y", by_time="day", gap=3, **{**SMALL, "folds": None}).record
    assert later.better_split is None and (later.split.by_time, later.split.gap, later.split.ordered) == (
        "day",
        3,
        True,
    )
    assert "Rows are in order of day: the last are the test rows, those before them choose, with a gap of 3" in render(
        later
    )


QUIET = {
    "patients without an effect": patients(effect=0.0),
    "a town in a few levels": {**patients(effect=0.0), "patient": [f"t{k % 9}" for k in range(600)]},
    "days in no relation to the target": {**days(), "y": np.random.default_rng(5).normal(size=800)},
}


@pytest.mark.parametrize("what", QUIET)
def test_nothing_is_trained_where_nothing_is_suspected(what):
    problem = ask(QUIET[what], StudyOptions.checked(target="y"))
    tested = ts.fit(patients(), "y", candidates=[()], restarts=1, folds=1, effort=0.2, group="patient").record.test

    def again(changes):
        raise AssertionError(f"trained again with {changes}")

    assert better_split(problem, tested, tested.scores, again) is None


def test_a_suspicion_that_the_honest_split_does_not_bear_out_is_not_told():
    problem = ask(patients(), StudyOptions.checked(target="y"))
    tested = ts.fit(patients(), "y", candidates=[()], restarts=1, folds=1, effort=0.2, group="patient").record.test
    asked = []

    def again(changes):
        asked.append(changes)
        return dict(tested.scores)

    assert better_split(problem, tested, tested.scores, again) is None
    assert [changes["group"] for changes in asked] == ["patient"]
    assert better_split(problem, tested, tested.scores, lambda changes: None) is None  # no time for it
