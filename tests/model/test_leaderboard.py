"""The leaderboard as a sequence, as text, as HTML and as a frame."""

import pytest

from thetastar.model.leaderboard import Leaderboard, rank_rows
from thetastar.model.record import LeaderboardRow


def row(name, mean, parameters=10, kind="network", chosen=False, status="finished", round=1):
    return LeaderboardRow(
        rank=0, name=name, kind=kind, description=name, validation_mean=mean, validation_std=0.01,
        fold_spread=None, start_spread=0.01, folds=1, scores=[] if mean is None else [mean], runs=3,
        parameters=parameters, epochs=12, seconds=1.25, status=status, chosen=chosen, round=round,
    )  # fmt: skip


@pytest.fixture
def board():
    rows = [row("deep", 0.81, 900, chosen=True), row("<flat>", 0.7), row("broken", None, status="diverged")]
    return Leaderboard(rank_rows(rows, "max"), "auc", "max")


def test_ranks_best_first_and_none_last():
    rows = [row("a", 3.0), row("none", None), row("b", 1.0), row("c", 2.0)]
    assert [r.name for r in rank_rows(rows, "min")] == ["b", "c", "a", "none"]
    assert [r.name for r in rank_rows(rows, "max")] == ["a", "c", "b", "none"]
    assert [r.rank for r in rank_rows(rows, "max")] == [1, 2, 3, 4]


def test_ties_go_to_fewer_parameters():
    assert [r.name for r in rank_rows([row("big", 1.0, 500), row("small", 1.0, 5)], "min")] == ["small", "big"]


def test_is_a_sequence_of_dictionaries(board):
    assert len(board) == 3
    assert board[0]["name"] == "deep"
    assert [r["name"] for r in board] == ["deep", "<flat>", "broken"]
    assert [r["name"] for r in board[1:].to_dicts()] == ["<flat>", "broken"]
    board[0]["name"] = "changed"
    assert board[0]["name"] == "deep"


def test_text_is_an_aligned_table(board):
    lines = repr(board).splitlines()
    assert "auc (higher is better)" in lines[0]
    assert lines[2].startswith("   1  deep") and lines[2].endswith("chosen")
    assert lines[4].endswith("diverged") and " -  " in lines[4]


def test_html_is_escaped(board):
    assert "<td>&lt;flat&gt;</td>" in board._repr_html_()


def test_to_pandas(board):
    assert list(board.to_pandas()["name"]) == ["deep", "<flat>", "broken"]


def test_short_runs_stand_below_the_finalists_whatever_their_mean():
    """A lucky short run of the first round says nothing beside fifteen full ones, nor beside a baseline."""
    rows = [row("short", 0.9, round=1), row("full", 0.8, round=2), row("trees", 0.7, None, "baseline", round=None)]
    assert [ranked.name for ranked in rank_rows(rows, "max")] == ["full", "trees", "short"]
