"""What must hold for every split: parts are disjoint, complete, deterministic, and the test takes part in no fold."""

import numpy as np
import pytest

from thetastar.data import TASKS
from thetastar.errors import InputError
from thetastar.study.options import StudyOptions
from thetastar.study.problem import ask
from thetastar.study.splits import ByTime, Grouped, Holdout, KFold, Rows, usual_split

TRUTH = np.repeat([0, 1, 2], [66, 33, 11])
GROUPS = np.random.default_rng(0).integers(0, 30, len(TRUTH))
TIMES = np.random.default_rng(1).integers(0, 40, len(TRUTH)).astype(float)
SPLITS = {
    "holdout": Holdout(), "in order": Holdout(ordered=True), "five folds": KFold(5), "ten folds": KFold(10),
    "groups": Grouped(1), "groups in five folds": Grouped(5), "by time": ByTime(),
}  # fmt: skip
DECIDED_BY_ROWS = (Holdout(ordered=True), ByTime())


def rows(task="multiclass", seed=3, tested_apart=False):
    return Rows(TRUTH, TASKS[task], seed, tested_apart, groups=GROUPS, times=TIMES)


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
        if split not in DECIDED_BY_ROWS:
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


# --- groups -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tested_apart", [False, True])
@pytest.mark.parametrize("folds", [1, 3, 5, 50])
def test_no_group_stands_on_two_sides(folds, tested_apart):
    division = Grouped(folds).divide(rows(tested_apart=tested_apart))
    tested = set(GROUPS[division.test])
    assert not tested & set(GROUPS[division.learning])
    for fold in division.folds:
        assert not set(GROUPS[fold.train]) & set(GROUPS[fold.validation])
    assert len(division.folds) == (1 if folds == 1 else min(folds, len(set(GROUPS)) - len(tested)))
    if folds == 5:
        sizes = [len(fold.validation) for fold in division.folds]
        assert max(sizes) - min(sizes) <= np.bincount(GROUPS).max()
    assert tested_apart or abs(len(division.test) - 11) <= np.bincount(GROUPS).max()


def test_a_group_of_half_the_rows_leaves_others_to_test_and_to_choose():
    sizes = [60, 5, 5, 5, 5, 10, 10, 10]
    for seed in range(20):
        groups = np.repeat(np.arange(8), sizes)
        division = Grouped(1).divide(Rows(TRUTH, TASKS["multiclass"], seed, groups=groups))
        assert all(len(part) for part in (division.train, division.validation, division.test))
    few = Rows(TRUTH, TASKS["multiclass"], 0, groups=np.repeat([0, 1], [55, 55]), source="t.csv")
    with pytest.raises(
        InputError, match=r"t.csv: 2 groups cannot be divided into training, validation and test rows\."
    ):
        Grouped(5).divide(few)


# --- time -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tested_apart", [False, True])
@pytest.mark.parametrize("gap", [0, 1, 3])
def test_what_learns_is_before_what_chooses_and_that_before_what_tests(gap, tested_apart):
    division = ByTime(gap).divide(rows(tested_apart=tested_apart))
    learn, choose, test = (TIMES[part] for part in (division.train, division.validation, division.test))
    assert learn.max() < choose.min() and (tested_apart or choose.max() < test.min())
    between = np.unique(TIMES)
    assert np.sum((between > learn.max()) & (between < choose.min())) == gap
    if not tested_apart:
        assert np.sum((between > choose.max()) & (between < test.min())) == gap
        assert 0.05 < len(test) / len(TRUTH) < 0.15


def test_too_large_a_gap_is_refused():
    with pytest.raises(
        InputError, match=r"t.csv: 39 different times cannot be divided into rows that learn, choose and "
    ):
        ByTime(30).divide(Rows(TRUTH, TASKS["multiclass"], 0, times=TIMES, source="t.csv"))
    one = Rows(TRUTH, TASKS["multiclass"], 0, times=np.zeros(len(TRUTH)), source="t.csv")
    with pytest.raises(InputError, match="1 different times cannot be divided"):
        ByTime().divide(one)
    late = np.r_[np.arange(10.0), np.full(100, 99.0)]  # nine tenths of the rows are of the last time
    with pytest.raises(InputError, match="11 different times cannot be divided"):
        ByTime(9).divide(Rows(TRUTH, TASKS["multiclass"], 0, times=late, source="t.csv"))
    assert set(late[ByTime().divide(Rows(TRUTH, TASKS["multiclass"], 0, times=late)).test]) == {99.0}


# --- strata, and the options ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("split", [Holdout(), KFold(5)])
def test_strata_keep_their_shares_in_every_part(split):
    strata = np.random.default_rng(2).integers(0, 4, 1_000)
    division = split.divide(Rows(np.arange(1_000.0), TASKS["regression"], 0, strata=strata))
    share = np.bincount(strata) / 1_000
    for part in (division.test, *(fold.validation for fold in division.folds)):
        assert np.abs(np.bincount(strata[part], minlength=4) / len(part) - share).max() < 0.015


def visits(rows=200):
    generator = np.random.default_rng(4)
    days = np.datetime64("2024-01-01") + generator.permutation(rows)
    return {
        "patient": [f"p{k % 20:02}" for k in range(rows)], "day": days.astype(str).tolist(),
        "age": generator.normal(size=rows), "y": generator.normal(size=rows),
    }  # fmt: skip


def problem(columns=None, **options):
    return ask(visits() if columns is None else columns, StudyOptions.checked(target="y", **options))


def test_group_in_one_word():
    found = problem(group="patient")
    patients = np.asarray(visits()["patient"])
    assert not set(patients[found.test]) & set(patients[found.division.learning]) and found.folds == 5
    assert (found.roles["patient"].role, found.ordered) == ("ignore", False)
    assert problem(group="patient", roles={"patient": "category"}).roles["patient"].role == "category"
    assert problem(group="patient", folds=1).folds == 1


def test_by_time_in_one_word():
    found = problem(by_time="day", gap=2)
    days = found.table.column("day").values.tolist()
    assert days == sorted(visits()["day"]) and found.ordered and found.folds == 1
    assert len(found.train) + len(found.validation) + len(found.test) == 196
    assert found.notes[0] == "The rows were put in order of 'day', the oldest first."
    assert problem(by_time="age").table.column("age").values.tolist() == sorted(visits()["age"])
    assert problem({**visits(), "day": sorted(visits()["day"])}, by_time="day").notes == []


def test_stratify_in_one_word():
    table = {**visits(), "site": np.r_[np.zeros(180), np.ones(20)]}
    found = problem(table, stratify="site")
    assert table["site"][found.test].sum() == 2
    by_target = problem(stratify="y", folds=1)
    y = np.asarray(visits()["y"])
    assert abs(np.median(y[by_target.test]) - np.median(y)) < 0.3


REFUSED = {
    "no such column": ({"group": "patien"}, r"group='patien': dict of columns has no such column\. Did you mean 'pat"),
    "the target": ({"group": "y"}, r"group='y': this is the target\. Name another column\."),
    "texts": ({"by_time": "patient"}, r"by_time='patient': its values are neither dates nor numbers, such as 'p00'"),
    "two ways": (
        {"group": "patient", "by_time": "day"},
        "group and by_time split the rows in ways that contradict one",
    ),
    "ordered": ({"group": "patient", "ordered": True}, "group and ordered split the rows in ways that contradict one"),
    "strata": (
        {"by_time": "day", "stratify": "patient"},
        "by_time and stratify split the rows in ways that contradict",
    ),
    "shuffled": ({"by_time": "day", "shuffle": True}, "by_time splits the rows in order of time and shuffle at random"),
    "folds": ({"by_time": "day", "folds": 5}, "rows split by time cannot be dealt into folds; leave folds out"),
    "gap alone": ({"gap": 2}, "gap leaves out times between the parts and needs by_time: give both, or neither"),
    "sequences": ({"id": "patient", "time": "day", "group": "patient"}, "group and id split the rows in ways that"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_contradicts_is_refused_in_words(what):
    options, words = REFUSED[what]
    with pytest.raises(InputError, match=words):
        problem(**options)


def test_rows_without_a_group_or_a_time_are_refused():
    table = visits()
    table["patient"][3] = None
    with pytest.raises(
        InputError, match=r"group='patient': 1 row has no value, the first in .*: fill them or drop them"
    ):
        problem(table, group="patient")
    table = visits()
    table["day"][3:5] = [None, None]
    with pytest.raises(InputError, match=r"by_time='day': 2 rows have no value, the first in .*\. Fill them or drop"):
        problem(table, by_time="day")
