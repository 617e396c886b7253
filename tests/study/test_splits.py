"""What must hold for every split: parts are disjoint, complete, deterministic, and the test takes part in no fold."""

import numpy as np
import pytest

from thetastar.data import TASKS
from thetastar.study.splits import Holdout, KFold, Rows, usual_split

TRUTH = np.repeat([0, 1, 2], [66, 33, 11])
SPLITS = {"holdout": Holdout(), "in order": Holdout(ordered=True), "five folds": KFold(5), "ten folds": KFold(10)}


def rows(task="multiclass", seed=3, tested_apart=False):
    return Rows(TRUTH, TASKS[task], seed, tested_apart)


@pytest.mark.parametrize("tested_apart", [False, True])
@pytest.mark.parametrize("split", SPLITS.values(), ids=SPLITS)
class TestEverySplit:
    def test_the_parts_are_disjoint_and_together_all_rows(self, split, tested_apart):
        division = split.divide(rows(tested_apart=tested_apart))
        everything = np.concatenate([division.train, division.validation, division.test])
        assert sorted(everything) == list(range(len(TRUTH)))
        assert (len(division.test) == 0) == tested_apart
        assert division.learning.tolist() == [*division.train, *division.validation]

    def test_folds_are_pairs_out_of_the_learning_rows(self, split, tested_apart):
        division = split.divide(rows(tested_apart=tested_apart))
        for fold in division.folds:
            assert not set(fold.train) & set(fold.validation)
            assert set(fold.train) | set(fold.validation) == set(division.learning)
            assert not set(division.test) & (set(fold.train) | set(fold.validation))

    def test_the_seed_alone_decides(self, split, tested_apart):
        one, two, other = (split.divide(rows(seed=seed, tested_apart=tested_apart)) for seed in (3, 3, 4))
        assert np.array_equal(one.train, two.train) and np.array_equal(one.test, two.test)
        if split != Holdout(ordered=True):
            assert not np.array_equal(one.train, other.train)


def test_rows_in_order_stay_in_order():
    division = Holdout(ordered=True).divide(rows())
    assert np.concatenate([division.train, division.validation, division.test]).tolist() == list(range(110))


@pytest.mark.parametrize("task", ["regression", "multiclass"])
def test_every_row_validates_once_and_classes_keep_their_shares(task):
    division = KFold(5).divide(rows(task))
    assert sorted(np.concatenate([fold.validation for fold in division.folds])) == sorted(division.learning)
    share = np.bincount(TRUTH[division.learning], minlength=3) / 5
    for fold in division.folds:
        assert abs(len(fold.validation) - len(division.learning) / 5) < 1
        if task == "multiclass":
            assert abs(np.bincount(TRUTH[fold.validation], minlength=3) - share).max() < 1


def test_there_are_never_more_folds_than_rows():
    few = Rows(np.arange(12.0), TASKS["regression"], 0)
    division = KFold(100).divide(few)
    assert len(division.folds) == len(division.learning) == 11


def test_small_tables_are_divided_into_five_folds_by_themselves():
    small, large = (Rows(np.arange(float(n)), TASKS["regression"], 0) for n in (2_221, 2_223))
    assert usual_split(small, None, ordered=False) == KFold(5)
    assert usual_split(large, None, ordered=False) == Holdout()
    assert usual_split(large, 3, ordered=False) == KFold(3)
    assert usual_split(small, 1, ordered=False) == Holdout()
    assert usual_split(small, None, ordered=True) == Holdout(ordered=True)
