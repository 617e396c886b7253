"""Yes and no."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from thetastar.data.blocks.block import FEW_LEVELS, Block, FitSettings, Place
from thetastar.data.roles import ColumnRole, truth_of
from thetastar.data.table import Column

__all__ = ["BooleanBlock"]


@final
@dataclass(frozen=True)
class BooleanBlock(Block):
    """Yes is +1, no is -1, missing 0 with an indicator where training rows had missing cells."""

    roles: ClassVar[tuple[str, ...]] = ("boolean",)
    yes: tuple[str, ...]
    no: tuple[str, ...]
    indicator: bool

    @classmethod
    def fit(cls, column: Column, rows: np.ndarray, role: ColumnRole, settings: FitSettings) -> BooleanBlock:
        codes, levels = column.coded
        certain = [level for level in levels if level not in role.unknown]
        yes = tuple(level for level in certain if truth_of(level) is True)
        no = tuple(level for level in certain if truth_of(level) is False)
        if not yes or not no:  # two other levels that the user called a boolean
            no, yes = tuple(sorted(certain)[:1]), tuple(sorted(certain)[1:])
        gone = np.isin(codes[rows], [i for i, level in enumerate(levels) if level in role.unknown] + [-1])
        return cls(column.name, yes, no, bool(gone.any()))

    @property
    def feature_names(self) -> list[str]:
        return [self.name, f"{self.name} is missing"] if self.indicator else [self.name]

    def fill(self, column: Column, place: Place, out: np.ndarray) -> None:
        codes, levels = column.coded
        values = np.append([self._value(level) for level in levels], 0.0)[codes]
        out[:, 0] = values
        if self.indicator:
            out[:, 1] = values == 0

    def by_parts(self, column: Column) -> bool:
        return column.numbers is None and len(column.levels) <= FEW_LEVELS

    def _value(self, level: str) -> float:
        if level in self.yes:
            return 1.0
        if level in self.no:
            return -1.0
        truth = truth_of(level)
        known = {truth_of(other) for other in (*self.yes, *self.no)}
        return 0.0 if truth is None or known != {True, False} else 1.0 if truth else -1.0

    def sound(self) -> bool:
        return bool(self.yes and self.no)
