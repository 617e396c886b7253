"""Rows of JSON to prepared rows on a short way: the same numbers as through a table, without making one.

A table is made for files: it finds out what every column is. A service knows that already, and most requests are one
row. Here all numbers of a request are scaled at once, and what any other cell becomes is asked of its block once and
kept. Whatever is not plain (a number in quotes, an image) goes the long way, so there is one set of rules.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np

from thetastar.data.blocks import Block, BooleanBlock, CategoryBlock, NumberBlock
from thetastar.data.numbers import MISSING
from thetastar.data.table import Column, number_text
from thetastar.errors import InputError

__all__ = ["NUMBERS", "ROW_BY_ROW", "ShortWay", "keyed"]

_KEPT = 4096  # cells a column that are kept; beyond, each is asked anew
NUMBERS = {float, int, type(None)}
"""Types of cells that are plain numbers."""

_TEXTS = {str, type(None)}

ROW_BY_ROW = 8
"""So many rows at most have their cells looked up one after another; of more, each different cell once."""


class ShortWay:
    """From rows to what the plain preparation makes of them, made once for a model.

    Args:
        preparation: of the model; of one that cuts numbers into pieces, the plain one below it counts.
    """

    def __init__(self, preparation: Any) -> None:
        base = getattr(preparation, "base", preparation)
        self._width = base.feature_count
        numbers: list[tuple[NumberBlock, int]] = []
        self._others: list[tuple[Block, slice, dict[Hashable, np.ndarray]]] = []
        at, self.usable = 0, True
        for block in base.blocks:
            if isinstance(block, NumberBlock):
                numbers.append((block, at))
                self.usable &= not block.style
            elif isinstance(block, BooleanBlock | CategoryBlock):
                self._others.append((block, slice(at, at + block.width), {}))
            else:
                self.usable = False
            at += block.width
        self._names = [block.name for block, _ in numbers]
        self._cells = itemgetter(*self._names) if len(numbers) > 1 else None
        self._at = np.array([place for _, place in numbers], np.intp)
        indicated = [k for k, (block, _) in enumerate(numbers) if block.indicator]
        self._indicated, self._indicators = np.array(indicated, np.intp), self._at[indicated] + 1
        self._centre, self._scale, self._median, limit = (
            np.array([getattr(block, field) for block, _ in numbers], np.float64)
            for field in ("centre", "scale", "median", "limit")
        )
        self._limit = np.where(limit > 0, limit, np.inf)

    def prepared(self, rows: list[dict[str, Any]]) -> np.ndarray | None:
        """(n, F) float32 prepared rows, or None where a row is not plain.

        Raises:
            InputError: a number is infinite.
        """
        if not self.usable:
            return None
        out = np.zeros((len(rows), self._width), np.float32)
        try:
            values = self._values(rows) if self._names else None
            for block, place, kept in self._others:
                cells = [row[block.name] for row in rows]
                if len(rows) <= ROW_BY_ROW:
                    for k, cell in enumerate(cells):
                        out[k, place] = _kept_features(block, cell, kept)
                else:
                    codes, different = keyed(cells)
                    out[:, place] = np.array([_kept_features(block, cell, kept) for cell in different])[codes]
        except (KeyError, TypeError):
            return None
        if values is not None:
            self._scaled(values, out)
        return out

    def _values(self, rows: list[dict[str, Any]]) -> np.ndarray:
        """(n, numbers) plain numbers, nan for None.

        Raises:
            KeyError, TypeError: a cell is missing, or something else, which the long way may know.
        """
        take = self._cells
        cells = [take(row) for row in rows] if take else [(row[self._names[0]],) for row in rows]
        if not NUMBERS.issuperset(map(type, chain.from_iterable(cells))):
            raise TypeError
        try:
            return np.array(cells, np.float64)
        except OverflowError:
            raise TypeError from None

    def _scaled(self, values: np.ndarray, out: np.ndarray) -> None:
        """What NumberBlock.fill does, for all columns at once."""
        if np.isinf(values).any():
            row, column = np.argwhere(np.isinf(values))[0]
            raise InputError(
                f"row {row}, column {self._names[column]!r}: the number is infinite. "
                "Put a finite number or leave the cell empty."
            )
        missing = np.isnan(values)
        z = np.where(missing, self._median, values)
        z -= self._centre
        with np.errstate(over="ignore"):
            z /= self._scale
        np.minimum(np.maximum(z, -1e30, out=z), 1e30, out=z)
        out[:, self._at] = z / np.hypot(1.0, z / self._limit)
        if len(self._indicators):
            out[:, self._indicators] = missing[:, self._indicated]


def keyed(cells: Sequence[Any]) -> tuple[np.ndarray, list[Any]]:
    """(n,) which of the different cells each one is, and these; 1, 1.0 and true are told apart.

    Raises:
        TypeError: a cell is a list or an object.
    """
    plain = _TEXTS.issuperset(map(type, cells))
    keys: Any = cells if plain else list(zip(map(type, cells), cells, strict=True))
    places: dict[Any, int] = {}
    codes = np.fromiter((places.setdefault(key, len(places)) for key in keys), np.intp, len(cells))
    return codes, list(places) if plain else [cell for _, cell in places]


def _kept_features(block: Block, cell: Any, kept: dict[Hashable, np.ndarray]) -> np.ndarray:
    """What a block makes of one cell, asked once."""
    key = (type(cell), cell)
    found = kept.get(key)
    if found is None:
        found = _features(block, cell)
        if len(kept) < _KEPT:
            kept[key] = found
    return found


def _features(block: Block, cell: Any) -> np.ndarray:
    """What a block makes of one cell.

    Raises:
        TypeError: the cell is no text, number, boolean or None.
    """
    if cell is None:
        text = None
    elif isinstance(cell, str):
        text = None if cell.strip() in MISSING or not cell.strip() else cell.strip()
    elif isinstance(cell, bool):
        text = str(cell)
    elif isinstance(cell, int | float) and cell == cell and abs(cell) < 2**53:
        text = number_text(cell)
    else:
        raise TypeError
    column = Column(block.name, codes=np.array([-1 if text is None else 0], np.int32), levels=(text or "",))
    out = np.zeros((1, block.width), np.float32)
    block.fill(column, lambda row: block.name, out)
    return out[0]
