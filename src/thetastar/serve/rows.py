"""Rows of JSON to prepared rows on a short way: the same numbers as through a table, without making one.

A table is made for files: it finds out what every column is. A service knows that already, and most requests are one
row. Here all numbers of a row are scaled at once, and what any other cell becomes is asked of its block once and kept.
Whatever is not plain (a number in quotes, an image) goes the long way, so there is one set of rules.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from thetastar.data.blocks import Block, BooleanBlock, CategoryBlock, NumberBlock
from thetastar.data.numbers import MISSING
from thetastar.data.table import Column, number_text
from thetastar.errors import InputError

__all__ = ["ShortWay"]

_KEPT = 4096  # cells a column that are kept; beyond, each is asked anew
_NAN = float("nan")


class ShortWay:
    """From rows to what the plain preparation makes of them, made once for a model.

    Args:
        preparation: of the model; of one that cuts numbers into pieces, the plain one below it counts.
    """

    def __init__(self, preparation: Any) -> None:
        base = getattr(preparation, "base", preparation)
        self._width = base.feature_count
        numbers: list[tuple[NumberBlock, int]] = []
        self._others: list[tuple[Block, slice, dict[Any, np.ndarray]]] = []
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
            values = np.array([[_number(row[name]) for name in self._names] for row in rows], np.float64)
            for block, place, kept in self._others:
                for k, row in enumerate(rows):
                    cell = row[block.name]
                    key = (type(cell), cell)
                    found = kept.get(key)
                    if found is None:
                        found = _features(block, cell)
                        if len(kept) < _KEPT:
                            kept[key] = found
                    out[k, place] = found
        except (KeyError, TypeError):
            return None
        if self._names:
            self._scaled(values.reshape(len(rows), len(self._names)), out)
        return out

    def _scaled(self, values: np.ndarray, out: np.ndarray) -> None:
        """What NumberBlock.fill does, for all columns at once."""
        infinite = np.isinf(values)
        if infinite.any():
            row, column = np.argwhere(infinite)[0]
            raise InputError(
                f"row {row}, column {self._names[column]!r}: the number is infinite. "
                "Put a finite number or leave the cell empty."
            )
        missing = np.isnan(values)
        with np.errstate(over="ignore"):
            z = np.clip((np.where(missing, self._median, values) - self._centre) / self._scale, -1e30, 1e30)
        out[:, self._at] = z / np.hypot(1.0, z / self._limit)
        out[:, self._indicators] = missing[:, self._indicated]


def _number(cell: Any) -> float:
    """A plain number, nan for None.

    Raises:
        TypeError: it is something else, which the long way may know.
    """
    if type(cell) in (float, int):
        try:
            return float(cell)
        except OverflowError:
            raise TypeError from None
    if cell is None:
        return _NAN
    raise TypeError


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
