"""Random valid records: any task, any scores, any leaderboard, with ties, missing scores and odd names."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import strategies as st

from tests.report import report_records as fixed
from tests.report.report_records import changed
from thetastar.model.leaderboard import rank_rows
from thetastar.model.metrics import METRICS
from thetastar.model.record import Lead, LeaderboardRow, Record

_BASES = {
    "regression": fixed.regression(),
    "binary": fixed.binary(),
    "multiclass": fixed.multiclass(4),
}
# No name holds a word that the sentences themselves are made of, so that a test can look for these.
_NAMES = ["always the mean", "gradient boosting", "linear regression", "<b>trees</b>", "k-nächste", "{{ 7 * 7 }}"]


def _scores(metric: str) -> st.SearchStrategy[float]:
    """Scores in the metric's range, from few values, so that ties come about."""
    low, high = max(METRICS[metric].least, -3.0), min(METRICS[metric].most, 60_000.0)
    return st.sampled_from([0.0, 0.25, 0.5, 1.0]).map(lambda share: low + share * (high - low)) | st.floats(low, high)


@st.composite
def _row(draw: st.DrawFn, name: str, kind: str, metric: str) -> LeaderboardRow:
    scores = draw(st.lists(_scores(metric), max_size=4))
    diverged = kind == "network" and draw(st.booleans()) and len(scores) < 2
    mean = float(np.mean(scores)) if scores and not diverged else None
    std = float(np.std(scores, ddof=1)) if len(scores) > 1 and mean is not None else None
    network = kind == "network"
    return LeaderboardRow(
        rank=0, name=name, kind=kind, description=f"{name} in words", validation_mean=mean, validation_std=std,
        fold_spread=None, start_spread=std, folds=1, scores=scores, runs=len(scores),
        parameters=draw(st.integers(1, 10**6)) if network else None,
        epochs=draw(st.integers(1, 500)) if network else None, seconds=draw(st.floats(0, 1e4)),
        status="diverged" if diverged else draw(st.sampled_from(["finished", "interrupted"])), chosen=False,
        round=1 if network else None,
    )  # fmt: skip


@st.composite
def records(draw: st.DrawFn) -> Record:
    """A record that the types take; the chosen network is the best one that has a score."""
    task = draw(st.sampled_from(sorted(_BASES)))
    base = _BASES[task]
    metric = draw(st.sampled_from([name for name, metric in METRICS.items() if task in metric.tasks]))
    networks = [draw(_row(f"net {k}", "network", metric)) for k in range(draw(st.integers(1, 5)))]
    if all(row.validation_mean is None for row in networks):
        score = draw(_scores(metric))
        networks[0] = changed(networks[0], validation_mean=score, scores=[score], runs=1, status="finished")
    names = draw(st.lists(st.sampled_from(_NAMES), max_size=4, unique=True))
    baselines = [draw(_row(name, "baseline", metric)) for name in names]
    board = list(rank_rows([*networks, *baselines], METRICS[metric].direction))
    first = next(k for k, row in enumerate(board) if row.kind == "network" and row.validation_mean is not None)
    board[first] = changed(board[first], chosen=True)
    known = [row for row in board if row.kind == "baseline" and row.validation_mean is not None]
    tested = {name: draw(st.none() | _scores(metric)) for name in names}
    ours = draw(st.none() | _scores(metric))
    lead = None
    if known:
        rival = draw(st.sampled_from([r.name for r in known if r.validation_mean == known[0].validation_mean]))
        lead = Lead(over=rival, interval=draw(_interval(ours, tested[rival])))
    rows = draw(st.sampled_from([1, 12, 704, 100_000]))
    end = None if ours is None else draw(st.none() | st.just((ours - 0.1, ours + 0.1)))
    test = changed(
        base.test, rows=rows, scores={metric: ours}, intervals={metric: end},
        baselines={name: {metric: score} for name, score in tested.items()}, lead=lead,
    )  # fmt: skip
    row = METRICS[metric]
    winner = changed(base.winner, name=board[first].name, parameters=draw(st.integers(1, 10**6)),
                     kept=draw(st.none() | st.just(1)))  # fmt: skip
    return changed(
        base, question=changed(base.question, metric=metric),
        metric=changed(base.metric, name=metric, direction=row.direction, words=row.words), leaderboard=board,
        test=test, winner=winner, split=changed(base.split, test=rows, folds=draw(st.integers(1, 5))),
    )  # fmt: skip


@st.composite
def _interval(draw: st.DrawFn, ours: float | None, theirs: float | None) -> tuple[float, float] | None:
    """Around the difference, as a bootstrap's is; None where a score is missing, or where too few draws had one."""
    if ours is None or theirs is None or draw(st.integers(0, 5)) == 0:
        return None
    widths = st.sampled_from([0.0, 0.01, 0.3]) | st.floats(0, 1e5)
    low, high = ours - theirs - draw(widths), ours - theirs + draw(widths)
    assert math.isfinite(low) and math.isfinite(high)
    return low, high
