"""Real series: recurrent and convolutional networks on windows, beside the dense ones and what costs nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import thetastar as ts
from thetastar.recipes import Candidate

SERIES = Path(__file__).parents[3] / "shared" / "data" / "series" / "youtube_kevinmcaleer_daily_views.csv"


@pytest.mark.skipif(not SERIES.is_file(), reason="the series is not beside the project")
def test_every_kind_of_network_learns_from_windows_of_daily_views():
    views = np.loadtxt(SERIES, delimiter=",", skiprows=1, usecols=1)
    X, y = ts.data.sequences.windows(views, history=56)
    candidates = [
        (), (32,), Candidate(kind="convolutional", filters=(8,), hidden=(16,), activation="relu"),
        Candidate(kind="recurrent", cell="gru", units=(16,)), Candidate(kind="recurrent", cell="lstm", units=(16,)),
    ]  # fmt: skip
    model = ts.fit(X, y, ordered=True, metric="mae", candidates=candidates, effort=6, restarts=2)
    board = {row.name: row.validation_mean for row in model.record.leaderboard}
    networks = {"linear", "32 silu", "conv 8, dense 16 relu", "GRU 16", "LSTM 16"}
    assert networks <= set(board)
    assert all(board[name] < 0.75 * board["always the median"] for name in networks)
    days = model.record.test.rows
    assert days in (len(y) // 10, len(y) // 10 + 1)
    a_week_before = np.abs(y[-days:] - X[-days:, -7, 0]).mean()
    assert model.score["mae"] < a_week_before
