"""A fold of a large table holds the rows that are used, and nothing else of it is other than in the whole table."""

import numpy as np
import pytest

import thetastar as ts
from thetastar.data.piecewise import pieces_for
from thetastar.study import fold as folds
from thetastar.study.baselines import most_rows
from thetastar.study.fold import fill_up, fit_fold, held_rows, prepare_fold, prepare_learning, rows_of
from thetastar.study.options import StudyOptions
from thetastar.study.problem import ask


@pytest.fixture
def problem():
    draw = np.random.default_rng(0)
    x, kind = draw.normal(size=1_000), draw.integers(0, 4, 1_000)
    table = {"x": np.where(draw.random(1_000) < 0.1, np.nan, x), "kind": [f"k{k}" for k in kind], "y": x + kind}
    return ask(table, StudyOptions(target="y", folds=1))


def test_a_large_table_s_fold_holds_the_rows_that_are_used(problem, monkeypatch):
    fitted = fit_fold(problem, 0, problem.division.folds[0])
    whole = fitted.filled(problem, 100)
    assert whole.inputs.shape[0] == 1_000  # a small table stays whole, whatever is seen of it
    monkeypatch.setattr(folds, "LARGE", 0)
    used = fitted.filled(problem, 100)
    assert held_rows(problem, fitted, 100) == len(used.inputs) == 100 + len(whole.validation)
    for of_used, of_whole in ((used.train, whole.train[:100]), (used.validation, whole.validation)):
        assert np.array_equal(used.inputs[of_used], whole.inputs[of_whole])
        assert np.array_equal(used.encoded[of_used], whole.encoded[of_whole])
        assert np.array_equal(used.real[of_used], whole.real[of_whole])
    assert np.array_equal(used.truth, whole.truth)


def test_a_large_table_s_fold_never_holds_the_test_rows(problem, monkeypatch):
    monkeypatch.setattr(folds, "LARGE", 0)
    fitted = fit_fold(problem, 0, problem.division.folds[0])
    assert held_rows(problem, fitted, 10**9) == len(fitted.filled(problem, 10**9).inputs) == 900
    assert fitted.filled(problem).inputs.shape[0] == 1_000  # nobody said which rows are used


def test_folds_that_baselines_saw_give_way_to_larger_ones(problem, monkeypatch):
    fits = [fit_fold(problem, 0, problem.division.folds[0])]
    whole = [fits[0].filled(problem, 50)]
    kept = whole[0]
    fill_up(problem, fits, whole, 100)
    assert whole == [kept]  # it holds all rows
    monkeypatch.setattr(folds, "LARGE", 0)
    few = [fits[0].filled(problem, 50)]
    fill_up(problem, fits, few, 50)
    assert len(few[0].train) == 50
    fill_up(problem, fits, few, 100)
    assert np.array_equal(few[0].inputs[few[0].train], kept.inputs[kept.train[:100]])


def test_a_study_of_a_large_table_is_the_same_to_the_bit(problem, monkeypatch):
    """Baselines, networks and the last fits see the same rows in the same order, however few are held at a time."""

    def found():
        model = ts.fit(problem.read, "y", candidates=[(8,)], effort=0.2, folds=2, restarts=1, threads=2)
        record = model.record
        rows = [(row.name, row.validation_mean) for row in record.leaderboard]
        return rows, record.test.scores, record.test.baselines, model.predict(problem.read).tobytes()

    usual = found()
    monkeypatch.setattr(folds, "LARGE", 0)
    assert found() == usual


def test_what_the_final_network_learns_from_has_no_test_row(problem):
    learning, rows = prepare_learning(problem), problem.division.learning
    assert np.array_equal(learning.inputs(None), learning.preparation.transform(problem.table)[rows])
    assert np.array_equal(learning.inputs(7), learning.inputs(None)[:7])
    assert np.array_equal(learning.real, problem.truth[rows]) and len(learning.encoded) == len(rows)


def test_a_cell_that_cannot_be_read_is_named_by_its_row_in_the_table(problem):
    preparation = fit_fold(problem, 0, problem.division.folds[0]).preparation
    table = ask({"x": [1.0, 2.0] * 20, "kind": ["k1"] * 40, "y": np.arange(40.0)}, StudyOptions(target="y")).table
    table.column("x").numbers[7] = np.inf
    with pytest.raises(Exception, match="row 7, column 'x': the number is infinite"):
        preparation.transform(table, np.array([3, 7, 9]))


def test_baselines_see_as_many_rows_as_the_effort_allows():
    assert most_rows((126,), 25_000_000) == 198_412
    assert most_rows((28, 28, 1), 25_000_000) == 5_102  # images: whatever the effort
    assert most_rows((50_000,), 25_000_000) == 1_000


def test_numbers_are_not_cut_where_the_pieces_of_all_rows_would_be_most_of_the_memory():
    assert pieces_for(24, 20_000) == 21 and pieces_for(24, 400_000) == 10 and pieces_for(24, 800_000) == 0
    assert pieces_for(1, 100) == 5  # few rows: as few pieces as before


def test_rows_that_lie_together_are_not_copied():
    inputs = np.arange(60, dtype=np.float32).reshape(20, 3)
    for rows in (np.arange(4, 11), np.array([7]), np.array([], dtype=int), np.array([3, 1, 2]), np.array([1, 3])):
        assert np.array_equal(rows_of(inputs, rows), inputs[rows])
    assert np.shares_memory(rows_of(inputs, np.arange(4, 11)), inputs)
    assert not np.shares_memory(rows_of(inputs, np.array([1, 3])), inputs)


def test_candidates_that_differ_in_their_training_share_a_network(monkeypatch):
    from thetastar.recipes import Candidate
    from thetastar.study import fold as room

    problem = ask(
        {"x": [k / 7 for k in range(60)], "y": [k**0.5 for k in range(60)]}, StudyOptions.checked(target="y", folds=1)
    )
    own = prepare_fold(problem, 0, problem.division.folds[0])
    slow, fast = (Candidate(hidden=(4,), learning_rate=rate, l2=rate) for rate in (0.01, 0.1))
    assert own.network(slow, 1) is own.network(fast, 1)
    others = [Candidate(hidden=(4,), dropout=0.1), Candidate(hidden=(4,), activation="tanh"), Candidate(hidden=(5,)),
              Candidate(hidden=(4,), initializer="ones")]  # fmt: skip
    for other in others:
        assert own.network(other, 1) is not own.network(slow, 1)
        assert own.network(other, 1).layers == other.network(own.preparation.input_shape, 1).layers
    assert slow.sizes_key == others[0].sizes_key == others[3].sizes_key != others[2].sizes_key
    monkeypatch.setattr(room, "_NETWORKS", 2)
    for width in range(1, 6):
        assert own.network(Candidate(hidden=(width,)), 1).parameter_count == 3 * width + 1
        assert len(own._networks) <= 2
