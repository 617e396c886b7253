"""From standings to the next trials, a file a kind of search; and the search that a plan's rounds make."""

from __future__ import annotations

from thetastar.recipes import Candidate
from thetastar.study.search.fixed import FixedList
from thetastar.study.search.halving import Halving
from thetastar.study.search.search import Room, Round, Search, fitted, trials_of

__all__ = ["FixedList", "Halving", "Room", "Round", "Search", "fitted", "search_for", "trials_of"]


def search_for(candidates: tuple[Candidate, ...], rounds: tuple[Round, ...], folds: int) -> Search:
    """One round of full runs, or rounds that ever fewer candidates reach."""
    return FixedList(candidates, rounds[0], folds) if len(rounds) == 1 else Halving(candidates, rounds, folds)
