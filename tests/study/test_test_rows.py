"""Test rows that were learned from, or differ from those that were: counted, said, and their effect shown."""

import numpy as np

import thetastar as ts

SMALL = {"candidates": [(8,)], "effort": 1, "restarts": 1, "folds": 1, "seed": 0}


def table(rows, seed, shift=0.0):
    generator = np.random.default_rng(seed)
    x, z = generator.normal(size=rows) + shift, generator.normal(size=rows)
    return {"x": x, "z": z, "y": np.where(x + z + 0.5 * generator.normal(size=rows) > 0, "up", "down")}


def joined(one, other):
    return {name: np.concatenate([one[name], other[name]]) for name in one}


def test_a_test_file_that_repeats_training_rows_is_said_so():
    train, fresh = table(400, 1), table(100, 2)
    copied = {name: values[:60].copy() for name, values in train.items()}
    copied["y"][:5] = np.where(copied["y"][:5] == "up", "down", "up")
    model = ts.fit(train, "y", test=joined(fresh, copied), **SMALL)
    repeated = model.record.test.repeated
    assert (repeated.rows, repeated.same_target, repeated.conflicting) == (60, 55, 5)
    (sentence,) = [s for s in model.record.distrust if "among the rows learned from" in s]
    assert sentence.startswith(
        "60 of 160 test rows (37.5%) stand among the rows learned from too, 55 with the same target and 5 only with "
        "another one. Without them auc is "
    )
    alone = ts.fit(train, "y", test=fresh, **SMALL)
    assert alone.record.test.repeated is None
    assert repeated.scores_without["auc"] == alone.record.test.scores["auc"]


def test_shifted_columns_of_a_test_file_are_named():
    model = ts.fit(table(400, 1), "y", test=table(150, 3, shift=1.5), **SMALL)
    (sentence,) = [s for s in model.record.distrust if "differ from those learned from" in s]
    assert "'x' has a median of" in sentence and "'z'" not in sentence


def test_rows_drawn_from_one_table_are_not_called_shifted():
    record = ts.fit(table(300, 4), "y", **SMALL).record
    assert record.test.shifted == () and record.test.repeated is None
