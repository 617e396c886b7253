"""Drift counters: how many of the cells that arrive are missing, unseen in training, or outside its range."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from thetastar.data.blocks import Block, BooleanBlock, CategoryBlock, NumberBlock
from thetastar.data.numbers import MISSING
from thetastar.data.table import number_text
from thetastar.serve.rows import NUMBERS, ROW_BY_ROW, keyed

__all__ = ["Drift"]

_FAR = 5.0  # deviations from the mean, where the record does not say the range of a column


class Drift:
    """Counts cells by column.

    Args:
        blocks: of the preparation.
        ranges: the least and the greatest number that the study saw, by column.
    """

    def __init__(self, blocks: tuple[Block, ...], ranges: Mapping[str, tuple[float, float]]) -> None:
        self.rows = 0
        self._counts = {block.name: {"missing": 0, "unseen": 0, "out_of_range": 0} for block in blocks}
        self._numbers = {
            block.name: ranges.get(block.name) or _around(block) for block in blocks if isinstance(block, NumberBlock)
        }
        self._levels: dict[str, set[str]] = {}
        for block in blocks:
            if isinstance(block, CategoryBlock):
                self._levels[block.name] = {*block.levels, *(level for level, _ in block.rest)}
            elif isinstance(block, BooleanBlock):
                self._levels[block.name] = {*block.yes, *block.no}

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Count the cells of rows that were answered."""
        self.rows += len(rows)
        if len(rows) <= ROW_BY_ROW:
            for name, counts in self._counts.items():
                for row in rows:
                    what = self._said_of(name, row.get(name))
                    if what is not None:
                        counts[what] += 1
            return
        for (name, counts), cells in zip(self._counts.items(), self._columns(rows), strict=True):
            if not (name in self._numbers and self._count_numbers(name, counts, cells)):
                try:
                    codes, different = keyed(cells)
                except TypeError:  # images and sequences are lists
                    continue
                for cell, many in zip(different, np.bincount(codes).tolist(), strict=True):
                    what = self._said_of(name, cell)
                    if what is not None:
                        counts[what] += many

    def _columns(self, rows: list[dict[str, Any]]) -> Iterable[Sequence[Any]]:
        """The cells of many rows, column by column; None for what a row leaves out."""
        names = tuple(self._counts)
        if len(names) > 1:
            try:
                return list(zip(*map(itemgetter(*names), rows), strict=True))
            except KeyError:
                pass
        return ([row.get(name) for row in rows] for name in names)

    def _count_numbers(self, name: str, counts: dict[str, int], cells: Sequence[Any]) -> bool:
        """Count many numbers at once; False where they are not plain."""
        if not NUMBERS.issuperset(map(type, cells)):
            return False
        try:
            values = np.array(cells, np.float64)
        except OverflowError:
            return False
        low, high = self._numbers[name]
        missing = int(np.isnan(values).sum())
        counts["missing"] += missing
        counts["out_of_range"] += len(cells) - missing - int(((values >= low) & (values <= high)).sum())
        return True

    def _said_of(self, name: str, cell: Any) -> str | None:
        """What a cell counts as; None where it is as in training."""
        number = self._numbers.get(name)
        if number is not None and type(cell) is float and cell == cell:  # most cells are this
            return None if number[0] <= cell <= number[1] else "out_of_range"
        levels = self._levels.get(name)
        if isinstance(cell, str):
            cell = cell.strip()
        if cell is None or cell != cell or (isinstance(cell, str) and (not cell or cell in MISSING)):
            return "missing"
        if levels is not None and isinstance(cell, str | int | float):
            text = cell if isinstance(cell, str) else str(cell) if isinstance(cell, bool) else number_text(cell)
            return None if text in levels else "unseen"
        if number is not None and isinstance(cell, int | float):
            return None if number[0] <= cell <= number[1] else "out_of_range"
        return None

    def to_dict(self) -> dict[str, Any]:
        """{"rows", "columns": {name: {"missing", "unseen", "out_of_range"}}} as shares of the rows."""
        rows = max(1, self.rows)
        shares = {name: {what: count / rows for what, count in counts.items()} for name, counts in self._counts.items()}
        return {"rows": self.rows, "columns": shares}


def _around(block: NumberBlock) -> tuple[float, float]:
    far = _FAR * abs(block.scale)
    return block.centre - far, block.centre + far
