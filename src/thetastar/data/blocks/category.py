"""Categories: a feature per common level, and signed hashes for the levels beyond."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, final

import numpy as np

from thetastar.data.blocks.block import FEW_LEVELS, Block, FitSettings, Place
from thetastar.data.roles import ColumnRole
from thetastar.data.table import Column, number_text

__all__ = ["CategoryBlock"]

_MOST_HASHED = 4096


@final
@dataclass(frozen=True)
class CategoryBlock(Block):
    """A category: one feature per common level, one for rare and unseen levels together, one for missing.

    Two levels share one feature (-1, +1). Beyond `levels` the rest of a column of very many levels is hashed (without
    a look at the target) into `hashed` signed features, and a last feature tells how common the level is.
    """

    roles: ClassVar[tuple[str, ...]] = ("category",)
    levels: tuple[str, ...]
    single: bool
    other: bool
    missing: bool
    hashed: int = 0
    rest: tuple[tuple[str, float], ...] = ()  # hashed levels and how common they are; unseen ones have 0

    @classmethod
    def fit(cls, column: Column, rows: np.ndarray, role: ColumnRole, settings: FitSettings) -> CategoryBlock:
        codes, levels = column.coded
        used = codes[rows]
        counts = np.bincount(used[used >= 0], minlength=len(levels))
        missing = bool((used < 0).any())
        order = [i for i in np.argsort(-counts, kind="stable") if counts[i] > 0]
        if len(order) == 2 and not missing:
            return cls(column.name, tuple(sorted(levels[i] for i in order)), True, False, False)
        kept = [i for i in order if counts[i] >= settings.fewest]
        if len(kept) <= settings.most:
            return cls(column.name, tuple(levels[i] for i in kept), False, True, missing)
        top, rest = kept[: settings.common], kept[settings.common :]
        total = float(np.log1p(counts.max()))
        share = tuple((levels[i], float(np.log1p(counts[i])) / total) for i in rest)
        return cls(column.name, tuple(levels[i] for i in top), False, True, missing, settings.hashed, share)

    @property
    def feature_names(self) -> list[str]:
        if self.single:
            return [f"{self.name}={self.levels[1]}"]
        names = [f"{self.name}={level}" for level in self.levels]
        names += [f"{self.name}=(other)"] * self.other + [f"{self.name}=(missing)"] * self.missing
        if self.hashed:
            names += [f"{self.name} hash {i}" for i in range(self.hashed)] + [f"{self.name} is common"]
        return names

    def fill(self, column: Column, place: Place, out: np.ndarray) -> None:
        codes, levels = column.coded
        if self.single:
            sign = {self.levels[0]: -1.0, self.levels[1]: 1.0}
            found = [sign.get(level, sign.get(self._alike(level), 0.0)) for level in levels]
            out[:, 0] = np.append(found, 0.0)[codes]
            return
        out[:] = 0.0
        count = len(self.levels)
        position = {level: i for i, level in enumerate(self.levels)}
        how_common = dict(self.rest)
        # Missing without a feature of its own is an unseen level; both go to "other".
        place_of = np.full(len(levels) + 1, count, dtype=np.int64)
        if self.missing:
            place_of[-1] = count + self.other
        # Which hashed feature a level has, with which sign, and how common it is: there may be a million levels.
        hashed = np.full(len(levels) + 1, -1, dtype=np.int64)
        signs, common = np.zeros((2, len(levels) + 1), dtype=np.float32)
        for code, level in enumerate(levels):
            known = level if level in position or level in how_common else self._alike(level)
            if known in position:
                place_of[code] = position[known]
                common[code] = 1.0
            elif self.hashed:
                hashed[code] = _hash(known) % self.hashed
                signs[code] = 1.0 if _hash("±" + known) & 1 else -1.0
                common[code] = how_common.get(known, 0.0)
                if known in how_common:
                    place_of[code] = -1
        where = place_of[codes]
        chosen = np.flatnonzero(where >= 0)
        out[chosen, where[chosen]] = 1.0
        if self.hashed:
            where = hashed[codes]
            chosen = np.flatnonzero(where >= 0)
            out[chosen, where[chosen] + (self.width - self.hashed - 1)] = signs[codes[chosen]]
            out[:, -1] = common[codes]

    def by_parts(self, column: Column) -> bool:
        return column.numbers is None and len(column.levels) <= FEW_LEVELS

    def _alike(self, level: str) -> str:
        """The one known level that differs only in capitals, quotes or the spelling of a number (`01` for `1`)."""
        return self._spellings.get(_loose(level), level)

    @cached_property
    def _spellings(self) -> dict[str, str]:
        """Loose spelling -> level, for spellings that only one level has."""
        by_key: dict[str, list[str]] = {}
        for level in (*self.levels, *(level for level, _ in self.rest)):
            by_key.setdefault(_loose(level), []).append(level)
        return {key: same[0] for key, same in by_key.items() if len(same) == 1}

    def sound(self) -> bool:
        return 0 <= self.hashed <= _MOST_HASHED and (not self.single or len(self.levels) == 2)

    def notes(self, role: ColumnRole) -> Sequence[str]:
        if not self.hashed:
            return ()
        return (
            f"{self.name!r} has {role.distinct:,} levels; beyond the {len(self.levels)} most common ones they share "
            f"{self.hashed} hashed features.",
        )


def _hash(text: str) -> int:
    return zlib.crc32(text.encode("utf-8"))


def _loose(level: str) -> str:
    key = level.strip().strip("'\"").strip().casefold()
    try:
        return number_text(float(key))
    except (ValueError, OverflowError):
        return key
