"""Nested and repeated cross-validation: the whole study again, for outer folds that none of its choices has seen."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from scipy.stats import t

import thetastar as ts
from thetastar.data.task import find_task
from thetastar.model.metrics import METRICS
from thetastar.study.nested import interval_of
from thetastar.study.splits import Nested, Outer, Rows, usual_split

RNG = np.random.default_rng(0)
ROWS = {"a": RNG.standard_normal(120), "b": RNG.standard_normal(120), "who": np.repeat(np.arange(12), 10)}
ROWS["y"] = ROWS["a"] + ROWS["b"] ** 2


def rows(task="regression", **fields):
    truth = RNG.integers(0, 2, 120) if task != "regression" else ROWS["y"]
    return Rows(truth, find_task(task), 0, **fields)


@pytest.mark.parametrize("groups", [None, ROWS["who"]])
def test_outer_folds_test_every_row_once_and_hide_it_from_every_choice(groups):
    given = rows(groups=groups)
    tested = []
    for number in range(4):
        found = Nested(partial(usual_split, folds=3, ordered=False), Outer(4, 0, number)).divide(given)
        tested.append(found.test)
        learning = set(found.learning)
        assert not learning & set(found.test) and len(learning) + len(found.test) == 120
        assert len(found.folds) == 3
        for fold in found.folds:
            assert set(fold.train) | set(fold.validation) == learning and not set(fold.train) & set(fold.validation)
            if groups is not None:
                assert not set(groups[fold.train]) & set(groups[fold.validation])
        if groups is not None:
            assert not set(groups[found.learning]) & set(groups[found.test])
    assert np.array_equal(np.sort(np.concatenate(tested)), np.arange(120))


def test_each_repeat_deals_anew_and_classes_keep_their_shares():
    given = rows("binary")
    inner = partial(usual_split, folds=2, ordered=False)
    first, again, other = (
        Nested(inner, Outer(4, repeat, 1)).divide(given).test for repeat in (0, 0, 1)
    )  # fmt: skip
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert abs(given.truth[first].mean() - given.truth.mean()) < 0.04


def test_the_interval_is_nadeaus_and_bengios():
    scores, sizes = [0.5, 0.6, 0.7, 0.8], [(25, 75)] * 4
    half = t.ppf(0.975, 3) * np.std(scores, ddof=1) * np.sqrt(1 / 4 + 1 / 3)
    assert interval_of(scores, sizes, METRICS["rmse"]) == pytest.approx((0.65 - half, 0.65 + half))
    assert interval_of([0.1, 2.0], [(25, 75)] * 2, METRICS["rmse"])[0] == 0.0  # no error is below zero
    assert interval_of([0.5], [(25, 75)], METRICS["rmse"]) is None


def small(**settings):
    return ts.fit(ROWS, "y", candidates=[(), (4,)], effort=0.2, folds=2, answer="one", **settings)


def test_it_is_the_study_on_other_test_rows(tmp_path):
    model = small(nested=3, repeats=2, out=tmp_path)
    found = model.record.nested
    assert (found.folds, found.repeats, len(found.scores), len(found.chosen)) == (3, 2, 6, 6)
    assert found.mean == pytest.approx(np.mean(found.scores)) and found.interval[0] < found.mean < found.interval[1]
    alone = ts.load(tmp_path / "nested" / "2-3" / "model.theta")
    assert alone.record.test.rows == 40 and alone.score["rmse"] == found.scores[5]
    assert any(text.startswith("The whole procedure, run again for each of 3 outer folds, dealt 2 times, reaches rmse ")
               for text in model.record.verdict)  # fmt: skip
    assert "The whole procedure" in (tmp_path / "report.html").read_text()
    assert small().score == model.score  # the model itself is the same with it and without
    (tmp_path / "model.theta").unlink()
    events = []
    again = small(nested=3, repeats=2, out=tmp_path, progress=events.append)
    assert again.record.nested == found  # and the outer folds were not run again
    assert ts.audit(tmp_path, data=ROWS).holds


def test_what_cannot_be_nested_is_refused_in_words(tmp_path):
    dated = {**ROWS, "day": np.arange(120)}
    for settings, told in (
        ({"ordered": True}, r"nested: outer folds are dealt at random, and these rows are split in order of time\."),
        ({"by_time": "day"}, r"nested: outer folds are dealt at random, .* Leave nested out, or shuffle the rows"),
        ({"cv": [([0, 1, 2], [3, 4])]}, r"nested: outer folds are dealt anew, and cv names rows\. Leave one of them"),
        ({"budget": 5}, r"nested: the study runs 3 times more, which one budget cannot share\. Give effort in place"),
        ({"nested": 40}, r"nested: 120 rows cannot be dealt into 40 outer folds of four rows at least\. Give fewer"),
        ({"nested": None, "repeats": 2}, r"repeats says how often nested folds are dealt: give nested too, or leave"),
    ):
        with pytest.raises(ts.InputError, match=told):
            ts.fit(dated, "y", **{"nested": 3, **settings}, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert replace(Outer(3, 0, 1), number=2).name == "1-3"
