"""From standings to the next trials, a file a kind of search; and the search that a plan's rounds make."""

from __future__ import annotations

from thetastar.model.metrics import Metric
from thetastar.recipes import Candidate
from thetastar.study.search.ask import Ask
from thetastar.study.search.fixed import FixedList
from thetastar.study.search.halving import Halving
from thetastar.study.search.search import Room, Round, Search, fitted, trials_of
from thetastar.study.space import Space

__all__ = ["Ask", "FixedList", "Halving", "Room", "Round", "Search", "fitted", "search_for", "trials_of"]


def search_for(
    candidates: tuple[Candidate, ...], rounds: tuple[Round, ...], folds: int, *, space: Space | None = None,
    metric: Metric | None = None, seed: int = 0,
) -> Search:  # fmt: skip
    """One round of full runs, rounds that ever fewer candidates reach, or what a space's own search asks for."""
    if space is not None and space.search == "optuna":
        assert metric is not None
        return Ask(space, rounds[0], folds, metric, seed)
    return FixedList(candidates, rounds[0], folds) if len(rounds) == 1 else Halving(candidates, rounds, folds)
