"""Blocks of near-copies are found where they are planted, and nowhere else; a study says what they do, and with what
option they are kept together.
"""

from pathlib import Path

import numpy as np
import pytest

import thetastar as ts
from thetastar.data import find_target, infer_roles, read_table
from thetastar.data.near_copies import NEAR_COPIES, find_near_copies
from thetastar.errors import InputError
from thetastar.study.options import StudyOptions
from thetastar.study.problem import ask

TABLES = Path(__file__).parents[2].parent / "shared" / "data" / "tables"
SMALL = {"candidates": [(64, 64)], "answer": "one", "restarts": 1, "folds": 1, "effort": 4, "seed": 0, "threads": 1}


def planted(things=120, copies=5, noise=1e-3, columns=5, seed=0):
    """Things that were measured several times: their target has little to do with the columns, but is their own."""
    generator = np.random.default_rng(seed)
    thing = np.repeat(np.arange(things), copies)
    values = generator.normal(size=(things, columns))[thing] + noise * generator.normal(size=(len(thing), columns))
    y = 0.5 * values[:, 0] + generator.normal(size=things)[thing] + 0.05 * generator.normal(size=len(thing))
    order = generator.permutation(len(thing))
    rows = {f"x{k}": values[order, k] for k in range(columns)}
    return {**rows, "kind": generator.choice(list("ab"), things)[thing][order], "y": y[order]}, thing[order]


def found_in(rows, target="y"):
    table = read_table(rows)
    return find_near_copies(table, infer_roles(table, target))


def test_the_blocks_are_the_things_that_were_planted():
    rows, thing = planted()
    found = found_in(rows)
    assert (found.rows, found.distance) == (600, 0.01)
    pairs = np.unique(np.column_stack([found.blocks, thing]), axis=0)
    assert len(pairs) == len(np.unique(thing)) == len(np.unique(found.blocks))


def test_some_near_copies_among_many_other_rows_are_found_too():
    rows, _ = planted(things=1_000, copies=1)
    more, _ = planted(things=60, copies=3, seed=1)
    found = found_in({name: np.concatenate([values, more[name]]) for name, values in rows.items()})
    assert found.rows == 180 and len(np.unique(found.blocks)) == 1_060


def test_rows_of_different_kinds_are_no_copies_of_one_another():
    rows, _ = planted(copies=2)
    rows["kind"] = np.tile(["a", "b"], 120)
    order = np.argsort(rows["x0"])  # the two of a thing stand beside one another
    rows = {name: np.asarray(values)[order] for name, values in rows.items()} | {"kind": np.tile(["a", "b"], 120)}
    assert found_in(rows) is None


@pytest.mark.parametrize(
    "rows",
    [
        np.random.default_rng(0).normal(size=(5_000, 2)),  # so dense that rows lie near one another by chance
        np.random.default_rng(0).normal(size=(3_000, 6)),
        np.round(np.random.default_rng(0).normal(size=(4_000, 3)), 1),  # a grid
        np.random.default_rng(0).integers(0, 5, size=(2_000, 6)),  # few levels
        np.repeat(np.random.default_rng(0).normal(size=(500, 4)), 4, axis=0),  # exact copies, which are another check's
        np.cumsum(np.random.default_rng(0).normal(size=(2_000, 3)), axis=0),  # a walk
        np.column_stack([np.linspace(0, 1, 3_000)] * 3) ** [1, 2, 3],  # a curve
    ],
    ids=["dense", "wide", "grid", "levels", "copies", "walk", "curve"],
)
def test_no_alarm_where_nothing_is_planted(rows):
    table = {f"x{k}": column for k, column in enumerate(rows.T)}
    assert found_in({**table, "y": np.random.default_rng(1).normal(size=len(rows))}) is None


@pytest.mark.skipif(not TABLES.exists(), reason="the shared tables are not here")
@pytest.mark.parametrize(
    ("file", "target"),
    [
        ("california_housing.csv", "median_house_value"), ("diamonds.csv", "price"), ("winequality-red.csv", 11),
        ("concrete.csv", "compressive_strength"), ("mammography.csv", 6), ("covertype_15k.csv", -1),
        ("pima-indians-diabetes.csv", 8), ("wheat-seeds.csv", 7), ("ionosphere.csv", 34),
    ],
)  # fmt: skip
def test_no_alarm_on_tables_of_the_world(file, target):
    table = read_table(str(TABLES / file))
    assert find_near_copies(table, infer_roles(table, find_target(table, target))) is None


def test_a_study_says_what_the_random_split_claims_and_what_an_honest_one_gives():
    rows, _ = planted()
    record = ts.fit(rows, "y", **SMALL).record
    split = record.better_split
    assert (split.option, split.column) == ("--group", NEAR_COPIES)
    honest = split.scores["rmse"]
    assert split.claimed < 0.6 * honest
    assert record.distrust[0] == (
        "600 of 600 rows (100%) have near-copies, which differ by less than 0.01 standard deviations in every number. "
        f"The split at random claims rmse {split.claimed:.4g}; with no 'near-copies' on both sides it is {honest:.4g}. "
        "If the model is for new ones, give --group near-copies."
    )
    kept = ts.fit(rows, "y", group=NEAR_COPIES, **SMALL).record
    assert kept.better_split is None and kept.split.group == NEAR_COPIES
    assert kept.test.scores["rmse"] > 0.8 * honest


def test_with_the_option_no_block_stands_on_two_sides():
    rows, thing = planted()
    problem = ask(rows, StudyOptions.checked(target="y", group=NEAR_COPIES, folds=3))
    parts = [thing[problem.test], *(thing[fold.validation] for fold in problem.division.folds)]
    assert sum(len(np.unique(part)) for part in parts) == len(np.unique(np.concatenate(parts)))


def test_the_option_is_refused_where_there_are_none_and_is_a_column_where_one_is_called_so():
    rows, _ = planted(copies=1)
    with pytest.raises(InputError, match=r"group='near-copies': .* has no blocks of rows that are nearly the same"):
        ask(rows, StudyOptions.checked(target="y", group=NEAR_COPIES))
    rows[NEAR_COPIES] = np.repeat(np.arange(30), 4)
    problem = ask(rows, StudyOptions.checked(target="y", group=NEAR_COPIES))
    assert problem.roles[NEAR_COPIES].role == "ignore"
