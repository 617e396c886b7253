"""What a search tried, for pictures: where each candidate lies in the space, and what score it has there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from thetastar.model.record import Searched, SearchedDimension
from thetastar.study.space import Range, Space
from thetastar.study.standing import Standing

__all__ = ["searched"]

_BEST, _OTHERS = 300, 300  # candidates that a picture shows: the best, and some of the rest, evenly


def searched(space: Space | None, standings: Sequence[Standing]) -> Searched | None:
    """The space and its candidates, the best first; None where none was searched."""
    if space is None:
        return None
    known = [standing for standing in standings if standing.mean is not None]
    rest = known[_BEST:]
    shown = [*known[:_BEST], *rest[:: max(-(-len(rest) // _OTHERS), 1)]]
    places = [space.values_of(standing.candidate) for standing in shown]
    return Searched(
        search=space.search,
        tried=len(standings),
        dimensions=tuple(
            _dimension(name, values, [place[name] for place in places]) for name, values in space.dimensions.items()
        ),
        names=tuple(standing.candidate.name for standing in shown),
        scores=tuple(float(standing.mean) for standing in shown if standing.mean is not None),
        rounds=tuple(standing.round for standing in shown),
    )


def _dimension(name: str, values: tuple[Any, ...] | Range, places: Sequence[Any]) -> SearchedDimension:
    if isinstance(values, Range):
        return SearchedDimension(name=name, log=values.log, values=tuple(float(value) for value in places))
    return SearchedDimension(
        name=name, categories=tuple(map(_text, values)), values=tuple(float(values.index(place)) for place in places)
    )


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return "-".join(map(str, value)) or "linear"
    return f"{value:g}" if isinstance(value, float) else str(value)
