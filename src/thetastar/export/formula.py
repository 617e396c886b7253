"""What exporters share of a formula: how its columns are read, and its numbers for rows of columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from thetastar.data.blocks import Block, BooleanBlock, NumberBlock
from thetastar.data.own_numbers import OwnNumbers
from thetastar.data.table import Column
from thetastar.recipes.fitted import Fitted
from thetastar.recipes.formulas import FittedFormula, FormulaAndNetwork

__all__ = ["OwnColumn", "behind", "formula_of", "own_columns"]


@dataclass(frozen=True, eq=False)
class OwnColumn:
    """A column that a formula reads in its own unit.

    Attributes:
        name: as in the table.
        block: its place among the answer's blocks.
        feature: the place of its first feature; of yes and no that is 1, -1 or 0, and counts as 1, 0 or ½ here.
        kind: what the row has: a number, yes or no, or one of the levels of a category, which are numbers.
        median: stands for what is not known.
        numbers: of every level that training saw, in the order of its block; of categories alone.
    """

    name: str
    block: int
    feature: int
    kind: Literal["number", "truth", "level"]
    median: float = 0.0
    numbers: tuple[tuple[str, float], ...] = ()

    def values(self, column: Column) -> np.ndarray:
        """(n,) numbers of a column, by the rule of exported files: a level that training did not see is not known."""
        if self.kind == "number":
            assert column.numbers is not None
            return np.clip(np.where(np.isnan(column.numbers), self.median, column.numbers), -1e30, 1e30)
        known = dict(self.numbers)
        return np.array([*(known.get(level, self.median) for level in column.levels), self.median])[column.codes]


def formula_of(fitted: Fitted) -> FittedFormula | None:
    """The formula of a member that has one."""
    if isinstance(fitted, FormulaAndNetwork):
        return fitted.formula
    return fitted if isinstance(fitted, FittedFormula) else None


def own_columns(blocks: Sequence[Block], own: OwnNumbers) -> tuple[OwnColumn, ...]:
    """How each column of a formula is read, in its order.

    Args:
        blocks: of the answer; every column of a formula is one that is learned from, so it has a block.
        own: of the formula.
    """
    starts = np.cumsum([0, *(block.width for block in blocks)]).tolist()
    places = {block.name: k for k, block in enumerate(blocks)}
    found = []
    for one in own.preparation.blocks:
        at = places[one.name]
        block = blocks[at]
        if isinstance(one, BooleanBlock):
            found.append(OwnColumn(one.name, at, starts[at], "truth"))
            continue
        assert isinstance(one, NumberBlock)
        levels = (*getattr(block, "levels", ()), *(level for level, _ in getattr(block, "rest", ())))
        kind: Literal["number", "level"] = "number" if isinstance(block, NumberBlock) else "level"
        numbers = tuple(zip(levels, _numbers(one, levels), strict=True))
        found.append(OwnColumn(one.name, at, starts[at], kind, float(one.median), numbers))
    return tuple(found)


def behind(rows: np.ndarray, fitted: Fitted, blocks: Sequence[Block], columns: Sequence[Column]) -> np.ndarray:
    """(n, F + k) the rows that a member takes: prepared ones (n, F), and behind them a formula's own numbers."""
    if fitted.numbers is None:
        return rows
    own = [
        (rows[:, one.feature].astype(np.float64) + 1) / 2 if one.kind == "truth" else one.values(columns[one.block])
        for one in own_columns(blocks, fitted.numbers)
    ]
    return np.column_stack([rows.astype(np.float64), *own])


def _numbers(block: NumberBlock, levels: tuple[str, ...]) -> list[float]:
    """The number of every level, as the model reads it."""
    out = np.zeros((len(levels), 1))
    if levels:
        block.fill(
            Column(block.name, codes=np.arange(len(levels), dtype=np.int32), levels=levels), lambda row: block.name, out
        )
    return [float(value) for value in out[:, 0]]
