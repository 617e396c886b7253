"""Rows in order of time, and a target that depends on it: split by time, said first, undone by one option."""

from __future__ import annotations

import numpy as np
import pytest

import thetastar as ts
from thetastar.data import infer_roles, read_table
from thetastar.data.time_order import rank_dependence, time_order

DAYS = [str(day) for day in np.datetime64("2023-01-02") + np.arange(200)]


def table_of(y, days=DAYS):
    draw = np.random.default_rng(0)
    return {"day": days, "x": draw.normal(size=len(y)), "y": y}


def walk(count=200):
    return 50 + np.random.default_rng(1).normal(size=count).cumsum()


def fitted(data, **more):
    heard = []
    model = ts.fit(data, "y", candidates=[(4,)], restarts=1, effort=0.3, progress=heard.append, **more)
    return model, heard


def found(data):
    table = read_table(data)
    return time_order(table, infer_roles(table, "y"), np.asarray(data["y"], dtype=float))


def test_independent_rows_have_no_dependence_and_walks_have():
    draw = np.random.default_rng(2)
    for seed in range(20):
        correlation, sure = rank_dependence(np.random.default_rng(seed).normal(size=500))
        assert abs(correlation) < 0.2 and abs(sure) < 5
    assert rank_dependence(draw.normal(size=300).cumsum())[1] > 10
    assert rank_dependence(np.repeat([0, 1, 0, 1], 50))[1] > 5
    assert rank_dependence(np.ones(50)) == (0.0, 0.0)


def test_says_which_column_and_whether_the_target_depends_on_it():
    assert (found(table_of(walk())).column, found(table_of(walk())).depends) == ("day", True)
    assert not found(table_of(np.random.default_rng(3).normal(size=200))).depends
    mixed = np.random.default_rng(4).permutation(DAYS).tolist()
    assert found(table_of(walk(), mixed)) is None
    assert found(table_of(walk(40), DAYS[:40])) is None


def test_a_target_that_follows_time_is_split_by_time_and_that_is_said_first():
    model, heard = fitted(table_of(walk()))
    first = next(event for event in heard if event["kind"] != "stage")
    assert first["kind"] == "split" and first["text"].startswith("Split by time: the rows stand in the order of 'day'")
    assert "--shuffle (shuffle=True) undoes it" in first["text"] and "thetastar forecast" in first["text"]
    assert model.record.split.ordered and first["text"] in model.record.notes


@pytest.mark.parametrize("asked", [{"shuffle": True}, {"folds": 2}])
def test_shuffle_and_folds_undo_it(asked):
    model, heard = fitted(table_of(walk()), **asked)
    assert not model.record.split.ordered and not any(event["kind"] == "split" for event in heard)


def test_where_the_target_does_not_depend_on_the_order_there_is_a_warning_with_the_option():
    model, heard = fitted(table_of(np.random.default_rng(5).normal(size=200)))
    assert not model.record.split.ordered and not any(event["kind"] == "split" for event in heard)
    assert any("give ordered=True (--ordered)" in sentence for sentence in model.record.distrust)


def test_ordered_and_shuffle_exclude_each_other():
    with pytest.raises(ts.InputError, match="ordered keeps the rows in order and shuffle does not"):
        ts.fit(table_of(walk()), "y", ordered=True, shuffle=True)
