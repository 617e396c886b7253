"""Test rows that were learned from, or differ from those that were: counted, said, and their effect shown."""

import csv
import json
import re
import warnings

import numpy as np
import pytest

import thetastar as ts
from thetastar.cli import main
from thetastar.model.seen import Overlap, row_digests, seen_rows

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


# --- rows that a saved model has seen ---------------------------------------------------------------------------------


def written(columns, path):
    with open(path, "w", newline="") as stream:
        csv.writer(stream).writerows([list(columns), *zip(*columns.values(), strict=True)])
    return path


def test_evaluate_says_which_rows_were_learned_from_and_which_tested(tmp_path):
    train, fresh = table(400, 1), table(100, 2)
    model = ts.load(ts.fit(train, "y", **SMALL).save(tmp_path / "m.theta"))
    assert tuple(model.overlap(train)) == (400, 360, 40, True, True)
    assert tuple(model.overlap(fresh)) == (100, 0, 0, True, True) and model.overlap(fresh).sentences == []
    some = joined(fresh, {name: values[:30] for name, values in train.items()})
    found = model.overlap(some)
    assert (found.rows, found.learned + found.tested) == (130, 30)
    with pytest.warns(UserWarning, match=r"360 of 400 rows \(90.0%\) are rows that the model learned from: the score"):
        model.evaluate(train)
    with pytest.warns(UserWarning, match=r"40 of 400 rows \(10.0%\) are test rows of the study, which has scored them"):
        model.evaluate(train)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.evaluate(fresh)
    # The same row with another target is another row; from a file it is the same one.
    turned = {**train, "y": np.where(train["y"] == "up", "down", "up")}
    assert model.overlap(turned).learned == 0
    assert model.overlap(str(written(train, tmp_path / "again.csv"))).learned == 360


def test_one_row_is_said_in_the_singular():
    assert Overlap(3, 1, 1, True).sentences == [
        "1 of 3 rows (33.3%) is a row that the model learned from: the score says how well it remembers, not how good "
        "it is.",
        "1 of 3 rows (33.3%) is a test row of the study, which has scored them already: a choice that follows from "
        "another look has no test left.",
    ]
    assert Overlap(40_000, 8_100, 0, False).sentences[0].startswith("About 8,100 of 40,000 rows (20.2%) are rows that")


def test_of_many_rows_a_sample_of_digests_is_kept_and_the_count_is_nearly_right():
    generator = np.random.default_rng(0)
    inputs, truth = generator.normal(size=(30_000, 3)).astype(np.float32), generator.integers(0, 2, 30_000)
    kept = seen_rows(row_digests(inputs, truth, "key"))
    assert kept.rows == 30_000 and not kept.complete and len(kept.digests) == 80_000
    asked = np.concatenate([inputs[:6_000], generator.normal(size=(6_000, 3)).astype(np.float32)])
    matched, compared = kept.found(row_digests(asked, np.r_[truth[:6_000], truth[:6_000]], "key"))
    assert abs(matched / compared - 0.5) < 0.05 and compared > 3_000
    assert kept.found(row_digests(asked, np.r_[truth[:6_000], truth[:6_000]], "other"))[0] == 0  # another model's key
    with pytest.raises(ValueError, match="digests of 6 bytes each are expected"):
        kept.model_copy().model_validate({**kept.model_dump(), "digests": "AAAA"})


def test_every_look_at_the_test_rows_is_counted(tmp_path, capsys):
    train, test = written(table(300, 1), tmp_path / "train.csv"), written(table(80, 2), tmp_path / "test.csv")
    folder = tmp_path / "study"
    first = ts.fit(train, "y", test=test, out=folder, **SMALL)
    assert first.record.test.looks == 0
    assert main(["evaluate", str(folder / "model.theta"), str(test)]) == 0
    assert f"This is look 2 at the study's test rows; {folder / 'looks.jsonl'} keeps count." in capsys.readouterr().out
    assert main(["evaluate", str(folder / "model.theta"), str(train)]) == 0
    assert "This is look" not in capsys.readouterr().out  # none of them tested it
    assert ts.fit(train, "y", test=test, out=folder, **SMALL).record.test.looks == 0  # finished: nothing is scored
    again = ts.fit(train, "y", test=test, out=folder, fresh=True, **{**SMALL, "candidates": [(4,)]})
    assert again.record.test.looks == 2
    assert any("looked at 2 times before in this folder: whoever changes" in text for text in again.record.distrust)
    assert [look["by"] for look in map(json.loads, (folder / "looks.jsonl").read_text().splitlines())] == [
        "fit", "evaluate", "fit",
    ]  # fmt: skip
    other = written(table(80, 3), tmp_path / "other.csv")
    assert ts.fit(train, "y", test=other, out=folder, fresh=True, **SMALL).record.test.looks == 0
    (folder / "looks.jsonl").write_bytes(b"\xff{damaged\n")
    assert ts.fit(train, "y", test=other, out=folder, fresh=True, **SMALL).record.test.looks == 0


def test_rows_from_elsewhere_are_said(tmp_path, capsys):
    model = ts.fit(table(300, 1), "y", out=tmp_path / "study", **SMALL)
    same, moved = table(200, 5), table(200, 6, shift=2.0)
    told = r"'x' has a median of \S+ in the rows learned from and of \S+ here\."
    with pytest.warns(UserWarning, match=told):
        model.evaluate(moved)
    assert re.search(told, "\n".join(model.unfamiliar(moved)))
    assert main(["evaluate", str(tmp_path / "study" / "model.theta"), str(written(moved, tmp_path / "moved.csv"))]) == 0
    assert re.search(told, capsys.readouterr().out)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.evaluate(same)
