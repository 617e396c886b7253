"""After the test: the answer learns from the test rows too, and the one that was tested stays at hand."""

import warnings

import numpy as np
import pytest

import thetastar as ts
from tests.study.conftest import curve_table, rings_table
from tests.study.test_auditing import written
from tests.study.test_fit import same_bits

QUICK = {"candidates": [(), (16,)], "effort": 1, "restarts": 1, "folds": 2}


@pytest.fixture(scope="module")
def studied(tmp_path_factory):
    place = tmp_path_factory.mktemp("taught")
    data = written(curve_table(), place / "curve.csv")
    return ts.fit(data, "y", out=place / "study", **QUICK), place / "study", data


def test_the_handed_out_model_has_learned_from_all_rows_and_tells_the_score_of_the_one_before(studied):
    model, folder, _ = studied
    assert model.learned_test and not model.tested.learned_test
    assert model.record.test == model.tested.record.test and model.score == model.tested.score
    assert [(m.name, m.count) for m in model.members] == [(m.name, m.count) for m in model.tested.members]
    assert not same_bits(model, model.tested)
    rows = model.record.test.rows
    assert f"Since they were scored, the answer has learned from the {rows} test rows too" in " ".join(
        model.record.verdict
    )
    assert same_bits(ts.load(folder / "model.theta"), model)
    assert same_bits(ts.load(folder / "tested.theta"), model.tested) and ts.load(folder / "model.theta").tested is None


def test_it_is_what_the_same_members_learn_from_all_rows(studied):
    """Scale and middle of the inputs are those of the whole table, and so is the target's."""
    model, _, _ = studied
    table = curve_table()
    assert model.target_encoding.mean == pytest.approx(np.mean(table["y"]))
    assert model.tested.target_encoding.mean != pytest.approx(np.mean(table["y"]), rel=1e-9)


def test_evaluate_says_that_its_test_rows_were_learned_from(studied):
    model, _, data = studied
    said = r"test rows of the study, which has scored them already: the model learned from them too after"
    with pytest.warns(
        UserWarning,
        match=rf"{said} it had scored them\. The model from before is tested\.theta in the study's folder\.",
    ):
        model.evaluate(data)
    with pytest.warns(UserWarning, match="a choice that follows from another look has no test left"):
        model.tested.evaluate(data)
    assert model.overlap(data)[:3] == model.tested.overlap(data)[:3]


def test_two_studies_are_compared_by_the_models_that_were_tested(studied, tmp_path):
    model, folder, data = studied
    line = ts.fit(data, "y", out=tmp_path / "line", **{**QUICK, "candidates": [()]})
    for a, b in ((model, line), (folder, tmp_path / "line"), (folder / "model.theta", tmp_path / "line")):
        found = ts.compare(a, b, data=data)
        assert found.basis == "test rows" and found.scores == pytest.approx((model.score["rmse"], line.score["rmse"]))
    (tmp_path / "line" / "tested.theta").unlink()
    found = ts.compare(folder, tmp_path / "line", data=data)
    assert found.basis != "test rows"
    said = r"tested\.theta: the model that was tested is not there, and .* has learned from the test rows since\."
    with pytest.raises(ts.InputError, match=rf"{said} Run the study again, or put the file back\."):
        ts.audit(tmp_path / "line", data=data)


def test_what_is_taught_the_test_by_its_rows_alone_repeats_to_the_same_bits(studied, tmp_path):
    model, _, data = studied
    again = ts.fit(data, "y", out=tmp_path / "again", threads=1, **QUICK)
    assert same_bits(model, again)


@pytest.mark.parametrize(
    "changes",
    [{"keep_test": True}, {"effort": "quick", "candidates": [()]}, {"test": rings_table(60, seed=5)}, {"budget": 3.0}],
    ids=["asked", "quick", "own test", "no time"],
)
def test_where_it_stays_as_it_was_scored(changes, tmp_path, monkeypatch):
    if "budget" in changes:  # as if the first training had taken more than what is left
        monkeypatch.setattr("thetastar.study.making._LONGER", 1e6)
    model = ts.fit(rings_table(240), "ring", out=tmp_path, **{**QUICK, **changes})
    assert not model.learned_test and model.tested is model
    assert sorted(path.name for path in tmp_path.glob("*.theta")) == ["model.theta"]
    assert "Since they were scored" not in " ".join(model.record.verdict)


def test_given_pairs_leave_their_test_rows_out_for_ever():
    rows = np.arange(300)
    model = ts.fit(curve_table(300), "y", cv=[(rows[:200], rows[200:260])], candidates=[()], effort=1, restarts=1)
    assert not model.learned_test and model.record.test.rows == 40


def test_one_that_ends_in_other_members_stays_as_it_was_scored(monkeypatch):
    from thetastar.study import making

    def diverged(self, learning, standings, decision, rows, _trained=making.Making.trained):
        if "all rows" in rows:
            raise ts.InputError("the final training of it diverged from every start")
        return _trained(self, learning, standings, decision, rows)

    monkeypatch.setattr(making.Making, "trained", diverged)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not ts.fit(curve_table(), "y", **QUICK).learned_test


def test_memory_that_is_refused_ends_the_study_and_leaves_no_other_answer(monkeypatch, tmp_path):
    """Found by the soak: the answer stayed as it was scored, in silence, and the same command never made the other."""
    from thetastar._memory import NoRoomError
    from thetastar.study import making

    def refused(self, learning, standings, decision, rows, _trained=making.Making.trained):
        if "all rows" in rows:
            raise NoRoomError("train: training beside the data would take 9 MB, and RLIMIT_AS leaves 1 MB.")
        return _trained(self, learning, standings, decision, rows)

    expected = ts.fit(curve_table(), "y", out=tmp_path / "sound", **QUICK)
    with monkeypatch.context() as little:
        little.setattr(making.Making, "trained", refused)
        words = r"RLIMIT_AS leaves 1 MB\. Or leave the test rows out of the answer \(--keep-test, keep_test=True\)"
        with pytest.raises(ts.InputError, match=words):
            ts.fit(curve_table(), "y", out=tmp_path / "little", **QUICK)
    assert not (tmp_path / "little" / "model.theta").exists()
    again = ts.fit(curve_table(), "y", out=tmp_path / "little", **QUICK)
    assert again.learned_test
    for name, own in expected.network.parameters.items():
        np.testing.assert_array_equal(own, again.network.parameters[name])
