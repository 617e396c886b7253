"""The columns' own numbers, for functions that know their unit: a formula is of years, not of standard deviations.

They are read as the model learned the column (units, decimal commas), in double precision, and nothing is scaled. A
missing number counts as the median of the training rows, as it does for networks; yes is 1, no is 0, and a missing
answer ½.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from thetastar.data.blocks import BooleanBlock, NumberBlock
from thetastar.data.blocks.block import FitSettings
from thetastar.data.prepare import Preparation
from thetastar.data.roles import ColumnRole
from thetastar.data.table import Table
from thetastar.errors import InputError

__all__ = ["OwnNumbers"]


@dataclass(frozen=True, eq=False)
class OwnNumbers:
    """Columns of numbers, and of yes and no, as they are; made by `OwnNumbers.fit`.

    Attributes:
        preparation: reads the columns, and leaves them as they are.
    """

    preparation: Preparation

    @classmethod
    def fit(cls, table: Table, rows: np.ndarray, roles: Mapping[str, ColumnRole], names: Sequence[str]) -> OwnNumbers:
        """Read these columns; what stands for a missing number comes from the given (training) rows.

        Example:
            >>> from thetastar.data import infer_roles, read_table
            >>> table = read_table({"age": [1.0, None, 4.0], "old": ["no", "no", "yes"], "price": [3.0, 2.0, 1.0]})
            >>> own = OwnNumbers.fit(table, np.arange(3), infer_roles(table, "price"), ["old", "age"])
            >>> own.transform(table).tolist()
            [[0.0, 1.0], [0.0, 2.5], [1.0, 4.0]]
        """
        settings = FitSettings(scaling="none", limit=0.0)
        blocks: list[NumberBlock | BooleanBlock] = []
        for name in names:
            kind = BooleanBlock if roles[name].role == "boolean" else NumberBlock
            block = kind.fit(table.column(name), rows, roles[name], settings)
            blocks.append(replace(block, indicator=False))
        target = tuple(name for name in table.names if name not in roles)
        return cls(Preparation(tuple(blocks), tuple(table.names), target, table.has_header))

    @property
    def names(self) -> tuple[str, ...]:
        """The columns, in the order of the numbers."""
        return tuple(block.name for block in self.preparation.blocks)

    def transform(self, table: Table, rows: np.ndarray | None = None) -> np.ndarray:
        """(n, k) float64 of any table with these columns; of some of its rows, where they are given.

        Raises:
            InputError: a column is missing, or a cell cannot be read as the model learned the column.
        """
        out = self.preparation.transform(table, rows, dtype=np.float64)
        for at, block in enumerate(self.preparation.blocks):
            if isinstance(block, BooleanBlock):
                out[:, at] = (out[:, at] + 1) / 2
        return out

    def beside(self, prepared: np.ndarray, table: Table) -> np.ndarray:
        """(n, F + k) float64: prepared rows (n, F) of a table, and behind them the columns' own numbers."""
        return np.hstack([prepared, self.transform(table)])

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What a model file keeps: a JSON-able dict and named arrays."""
        return self.preparation.to_state()

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> OwnNumbers:
        """The same again, equal to the bit.

        Raises:
            InputError: the state is not one that `to_state` writes.
        """
        preparation = Preparation.from_state(state, arrays)
        plain = all(
            isinstance(block, NumberBlock | BooleanBlock) and not block.indicator for block in preparation.blocks
        )
        if not plain or preparation.grouping is not None:
            raise InputError("own numbers: every block must be of one number. The model file is damaged.")
        return cls(preparation)
