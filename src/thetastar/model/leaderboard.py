"""The leaderboard: one row per candidate and baseline, best first, readable as text, as HTML and as a frame."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

from thetastar.model.record import LeaderboardRow

__all__ = ["Leaderboard", "rank_rows"]

_HEADINGS = ("rank", "name", "kind", "validation", "spread", "runs", "parameters", "epochs", "seconds", "")


def rank_rows(rows: Iterable[LeaderboardRow], direction: str) -> tuple[LeaderboardRow, ...]:
    """The rows best first with their ranks; rows without a score come last; ties go to fewer parameters.

    Networks that did not reach the last round stand below those that did and the baselines: their means are of shorter
    runs and fewer starts, so they say nothing beside the others.

    Args:
        rows: leaderboard rows of the record, in any order.
        direction: "min" or "max", which way is better.
    """
    rows = list(rows)
    sign = 1.0 if direction == "min" else -1.0
    last = max((row.round or 0 for row in rows), default=0)

    def place(row: LeaderboardRow) -> tuple[bool, bool, float, int, str]:
        mean = row.validation_mean
        return (
            mean is None,
            row.kind == "network" and (row.round or 0) < last,
            0.0 if mean is None else sign * mean,
            row.parameters or 0,
            row.name,
        )

    return tuple(row.model_copy(update={"rank": rank}) for rank, row in enumerate(sorted(rows, key=place), start=1))


def _number(value: float | None, digits: int = 5) -> str:
    if value is None:
        return "-"
    size = abs(value)
    if size >= 10 ** (digits - 1):
        return f"{value:,.0f}"
    return f"{value:.{digits - 1}g}" if 0 < size < 1e-3 else f"{value:.{digits}g}"


class Leaderboard(Sequence[dict[str, Any]]):
    """Candidates and baselines, best validation score first.

    A sequence of plain dictionaries (the record's rows). `print(leaderboard)` draws a table, a notebook shows HTML,
    `to_dicts()` gives the rows and `to_pandas()` a data frame.
    """

    def __init__(self, rows: Sequence[LeaderboardRow], metric: str, direction: str) -> None:
        self._rows = tuple(rows)
        self.metric = metric
        self.direction = direction

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> Leaderboard: ...

    def __getitem__(self, index: int | slice) -> dict[str, Any] | Leaderboard:
        if isinstance(index, slice):
            return Leaderboard(self._rows[index], self.metric, self.direction)
        return self._rows[index].model_dump(mode="json")

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.to_dicts())

    def to_dicts(self) -> list[dict[str, Any]]:
        """A list of plain dictionaries, one per row."""
        return [row.model_dump(mode="json") for row in self._rows]

    def to_pandas(self) -> Any:
        """A pandas data frame, one row per candidate or baseline (pandas must be installed)."""
        import pandas

        return pandas.DataFrame(self.to_dicts())

    def _cells(self) -> list[tuple[str, ...]]:
        return [
            (
                str(row.rank),
                row.name,
                row.kind,
                _number(row.validation_mean),
                "-" if row.validation_std is None else f"± {_number(row.validation_std, 2)}",
                str(row.runs),
                "-" if row.parameters is None else f"{row.parameters:,}",
                "-" if row.epochs is None else str(row.epochs),
                f"{row.seconds:.1f}",
                "chosen" if row.chosen else "" if row.status == "finished" else row.status,
            )
            for row in self._rows
        ]

    def _headings(self) -> tuple[str, ...]:
        arrow = "lower is better" if self.direction == "min" else "higher is better"
        return tuple(f"{self.metric} ({arrow})" if name == "validation" else name for name in _HEADINGS)

    def __repr__(self) -> str:
        lines = [self._headings(), *self._cells()]
        widths = [max(len(line[i]) for line in lines) for i in range(len(_HEADINGS))]
        left = {1, 2, 9}
        text = [
            "  ".join(
                cell.ljust(width) if i in left else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(line, widths, strict=True))
            ).rstrip()
            for line in lines
        ]
        return "\n".join([text[0], "-" * max(map(len, text)), *text[1:]])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self._headings())
        body = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>" for cells in self._cells()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
