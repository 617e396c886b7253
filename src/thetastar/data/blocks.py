"""One block per column that is learned from: fitted on training rows, it turns the column into features.

Every block is a frozen record of plain values: `fit(column, rows, …)`, `feature_names`, `fill(column, place, out)`
and its own fields as the saved state. `place(row)` names a cell for messages; `out` is (n, k) float32, k features.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np

from thetastar.data.dates import LAYOUTS, read_dates
from thetastar.data.numbers import MAYBE_MISSING, mean_and_spread, read_numbers
from thetastar.data.roles import ColumnRole, truth_of
from thetastar.data.table import Column, number_text
from thetastar.errors import InputError

__all__ = [
    "BLOCKS", "BooleanBlock", "CategoryBlock", "DateBlock", "NumberBlock", "Place", "Saved", "block_from_state",
]  # fmt: skip

Place = Callable[[int], str]
_MOST_HASHED = 4096
_CYCLES = ("year", "week", "day")


class Saved:
    """Blocks are saved as their fields; lists become tuples again."""

    @property
    def width(self) -> int:
        """How many features there are."""
        return len(self.feature_names)

    def to_state(self) -> dict[str, Any]:
        return {"block": type(self).__name__, **asdict(self)}


@dataclass(frozen=True)
class NumberBlock(Saved):
    """A number: centred, scaled, far outliers drawn in smoothly; missing ones at the median with an indicator beside.

    z = (x - centre) / scale, then z / sqrt(1 + (z / limit)^2), which leaves |z| << limit as it is and never exceeds it.
    """

    name: str
    centre: float
    scale: float
    median: float
    limit: float
    indicator: bool
    unknown: tuple[str, ...] = ()
    style: str = ""

    @classmethod
    def fit(cls, column: Column, rows: np.ndarray, role: ColumnRole, scaling: str, limit: float) -> NumberBlock:
        values = numbers_of(column, role.unknown, "", lambda row: column.name)[rows]
        known = values[~np.isnan(values)]
        if len(known) == 0:
            return cls(column.name, 0.0, 1.0, 0.0, limit, False, role.unknown, column.style)
        median = float(np.median(known))
        low, high = np.percentile(known, [25, 75]) if scaling == "robust" else (0.0, 0.0)
        if high > low:
            centre, scale = (
                median,
                float(high - low) / 1.349,
            )  # 1.349: of a normal distribution this gives its deviation
        else:
            centre, scale = mean_and_spread(known)
        if not np.isfinite(scale) or scale <= 1e-12 * max(1.0, abs(centre)):
            scale = 1.0
        return cls(column.name, centre, scale, median, limit, len(known) < len(values), role.unknown, column.style)

    @property
    def feature_names(self) -> list[str]:
        return [self.name, f"{self.name} is missing"] if self.indicator else [self.name]

    def fill(self, column: Column, place: Place, out: np.ndarray) -> None:
        values = numbers_of(column, self.unknown, self.style, place)
        missing = np.isnan(values)
        with np.errstate(over="ignore"):
            z = np.clip((np.where(missing, self.median, values) - self.centre) / self.scale, -1e30, 1e30)
        if self.limit > 0:
            z = z / np.hypot(1.0, z / self.limit)
        out[:, 0] = z
        if self.indicator:
            out[:, 1] = missing


@dataclass(frozen=True)
class BooleanBlock(Saved):
    """Yes is +1, no is -1, missing 0 with an indicator where training rows had missing cells."""

    name: str
    yes: tuple[str, ...]
    no: tuple[str, ...]
    indicator: bool

    @classmethod
    def fit(cls, column: Column, rows: np.ndarray, role: ColumnRole) -> BooleanBlock:
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

    def _value(self, level: str) -> float:
        if level in self.yes:
            return 1.0
        if level in self.no:
            return -1.0
        truth = truth_of(level)
        known = {truth_of(other) for other in (*self.yes, *self.no)}
        return 0.0 if truth is None or known != {True, False} else 1.0 if truth else -1.0


@dataclass(frozen=True)
class CategoryBlock(Saved):
    """A category: one feature per common level, one for rare and unseen levels together, one for missing.

    Two levels share one feature (-1, +1). Beyond `levels` the rest of a column of very many levels is hashed (without
    a look at the target) into `hashed` signed features, and a last feature tells how common the level is.
    """

    name: str
    levels: tuple[str, ...]
    single: bool
    other: bool
    missing: bool
    hashed: int = 0
    rest: tuple[tuple[str, float], ...] = ()  # hashed levels and how common they are; unseen ones have 0

    @classmethod
    def fit(
        cls, column: Column, rows: np.ndarray, *, fewest: int, most: int, common: int, hashed: int
    ) -> CategoryBlock:
        codes, levels = column.coded
        used = codes[rows]
        counts = np.bincount(used[used >= 0], minlength=len(levels))
        missing = bool((used < 0).any())
        order = [i for i in np.argsort(-counts, kind="stable") if counts[i] > 0]
        if len(order) == 2 and not missing:
            return cls(column.name, tuple(sorted(levels[i] for i in order)), True, False, False)
        kept = [i for i in order if counts[i] >= fewest]
        if len(kept) <= most:
            return cls(column.name, tuple(levels[i] for i in kept), False, True, missing)
        top, rest = kept[:common], kept[common:]
        total = float(np.log1p(counts.max()))
        share = tuple((levels[i], float(np.log1p(counts[i])) / total) for i in rest)
        return cls(column.name, tuple(levels[i] for i in top), False, True, missing, hashed, share)

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
            signs = {self.levels[0]: -1.0, self.levels[1]: 1.0}
            found = [signs.get(level, signs.get(self._alike(level), 0.0)) for level in levels]
            out[:, 0] = np.append(found, 0.0)[codes]
            return
        out[:] = 0.0
        count = len(self.levels)
        position = {level: i for i, level in enumerate(self.levels)}
        rest = dict(self.rest)
        # Missing without a feature of its own is an unseen level; both go to "other".
        place_of = np.full(len(levels) + 1, count, dtype=np.int64)
        if self.missing:
            place_of[-1] = count + self.other
        signs = np.zeros((len(levels) + 1, self.hashed + 1), dtype=np.float32)
        for code, level in enumerate(levels):
            known = level if level in position or level in rest else self._alike(level)
            if known in position:
                place_of[code] = position[known]
                signs[code, -1] = 1.0
            elif self.hashed:
                signs[code, _hash(known) % self.hashed] = 1.0 if _hash("±" + known) & 1 else -1.0
                signs[code, -1] = rest.get(known, 0.0)
                if known in rest:
                    place_of[code] = -1
        where = place_of[codes]
        chosen = np.flatnonzero(where >= 0)
        out[chosen, where[chosen]] = 1.0
        if self.hashed:
            out[:, -self.hashed - 1 :] = signs[codes]

    def _alike(self, level: str) -> str:
        """The one known level that differs only in capitals, quotes or the spelling of a number (`01` for `1`)."""
        return _alike_table(self.levels + tuple(level for level, _ in self.rest)).get(_loose(level), level)


@dataclass(frozen=True)
class DateBlock(Saved):
    """A date: a straight trend, and sine and cosine of what comes round again (year, week, day)."""

    name: str
    layout: str
    centre: float
    scale: float
    cycles: tuple[tuple[str, int], ...]
    indicator: bool
    unknown: tuple[str, ...] = ()

    @classmethod
    def fit(cls, column: Column, rows: np.ndarray, role: ColumnRole) -> DateBlock:
        seconds, has_day, has_time = dates_of(column, role.layout, role.unknown, lambda row: column.name)
        seconds = seconds[rows]
        known = seconds[~np.isnan(seconds)]
        if len(known) == 0:
            return cls(column.name, role.layout, 0.0, 1.0, (), False, role.unknown)
        span = float(known.max() - known.min()) / 86400
        cycles: list[tuple[str, int]] = []
        if span > 60:
            cycles += [("year", 1), ("year", 2)]
        if has_day and span >= 7:
            cycles += [("week", 1), ("week", 2), ("week", 3)]  # three waves tell all seven days apart
        if has_time:
            cycles += [("day", 1), ("day", 2)]
        scale = float(known.std())
        centre, scale = float(known.mean()), scale if scale > 0 else 1.0
        indicator = len(known) < len(seconds)
        return cls(column.name, role.layout, centre, scale, tuple(cycles), indicator, role.unknown)

    @property
    def feature_names(self) -> list[str]:
        names = [f"{self.name} trend"]
        for cycle, wave in self.cycles:
            names += [f"{self.name} {cycle} sin {wave}", f"{self.name} {cycle} cos {wave}"]
        return names + [f"{self.name} is missing"] * self.indicator

    def fill(self, column: Column, place: Place, out: np.ndarray) -> None:
        seconds, _, _ = dates_of(column, self.layout, self.unknown, place)
        missing = np.isnan(seconds)
        seconds = np.where(missing, self.centre, seconds)
        out[:, 0] = (seconds - self.centre) / self.scale
        at = 1
        for cycle, wave in self.cycles:
            angle = 2 * np.pi * wave * _phase(seconds, cycle)
            out[:, at], out[:, at + 1] = np.sin(angle), np.cos(angle)
            at += 2
        if self.cycles and missing.any():
            out[missing, 1:at] = 0.0
        if self.indicator:
            out[:, at] = missing


BLOCKS = {block.__name__: block for block in (NumberBlock, BooleanBlock, CategoryBlock, DateBlock)}


def block_from_state(state: dict[str, Any]) -> Any:
    """The block that `to_state` described; a state from a stranger's file is checked field by field.

    Raises:
        InputError: The state is not one that `to_state` writes.
    """
    from thetastar.data.sample_blocks import ImageBlock, SequenceBlock

    named = {**BLOCKS, "ImageBlock": ImageBlock, "SequenceBlock": SequenceBlock}
    kind = named.get(str(state.get("block")))
    values = {key: _tuples(value) for key, value in state.items() if key != "block"}
    if kind is None or set(values) != {field.name for field in fields(kind)}:
        raise _damaged(f"a {state.get('block')!r} with the fields {', '.join(sorted(map(str, values)))}")
    for field in fields(kind):
        if not _fits(values[field.name], field.type):
            raise _damaged(f"{values['name']!r} has {field.name} = {str(values[field.name])[:40]}")
    block = kind(**values)
    faults = {
        NumberBlock: lambda: (
            not (np.isfinite([block.centre, block.scale, block.median, block.limit]).all() and block.scale)
        ),
        BooleanBlock: lambda: not block.yes or not block.no,
        CategoryBlock: lambda: not 0 <= block.hashed <= _MOST_HASHED or (block.single and len(block.levels) != 2),
        DateBlock: lambda: (
            block.layout not in LAYOUTS or not block.scale or not {c for c, _ in block.cycles} <= set(_CYCLES)
        ),
        ImageBlock: lambda: not block.sound(),
        SequenceBlock: lambda: not block.sound(),
    }
    if faults[kind]():
        raise _damaged(f"{block.name!r} cannot be prepared so")
    return block


def _fits(value: Any, kind: str) -> bool:
    """Whether a value is of the type that a field's annotation names."""
    if kind.startswith("tuple["):
        inside = kind[6:-1].removesuffix(", ...")
        if inside.startswith("tuple["):
            pair = inside[6:-1].split(", ")
            return isinstance(value, tuple) and all(
                isinstance(item, tuple) and len(item) == len(pair) and all(map(_fits, item, pair)) for item in value
            )
        return isinstance(value, tuple) and all(_fits(item, inside) for item in value)
    if kind == "float":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is {"str": str, "int": int, "bool": bool}[kind]


def _damaged(what: str) -> InputError:
    return InputError(f"preparation: {what}. The model file is damaged or was not written by thetastar.")


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value


def numbers_of(column: Column, unknown: tuple[str, ...], style: str, place: Place) -> np.ndarray:
    """(n,) float64 of a column that the model learned as numbers, nan where missing.

    Raises:
        InputError: A text that is no number, or an infinite number.
    """
    values = _numbers(column, unknown, style, place)
    infinite = np.isinf(values)
    if infinite.any():
        row = int(np.argmax(infinite))
        raise InputError(f"{place(row)}: the number is infinite. Put a finite number or leave the cell empty.")
    return values


def _numbers(column: Column, unknown: tuple[str, ...], style: str, place: Place) -> np.ndarray:
    if column.numbers is not None and (not style or column.style in ("", style)):
        return column.numbers
    if column.native == "boolean":
        return np.append([float(level == "True") for level in column.levels], np.nan)[column.codes]
    read = read_numbers(column.levels, style=style or None)
    for code in np.flatnonzero(~read.valid):
        level = column.levels[code]
        rows = np.flatnonzero(column.codes == code)
        if level not in unknown and level.casefold() not in MAYBE_MISSING and len(rows):
            raise InputError(
                f"{place(int(rows[0]))}: {level!r} is not a number, and the column was learned as numbers. "
                "Mend the cell or leave it empty."
            )
    return np.append(read.values, np.nan)[column.codes]


def dates_of(column: Column, layout: str, unknown: tuple[str, ...], place: Place) -> tuple[np.ndarray, bool, bool]:
    """(n,) seconds since 1970 with nan where missing, and whether the dates have a day and a time of day.

    Raises:
        InputError: A text that is no date by any layout.
    """
    codes, levels = column.coded
    read = read_dates(levels, layout)
    seconds = read.seconds.copy()
    for code in np.flatnonzero(np.isnan(seconds)):
        level = levels[code]
        if level in unknown or level.casefold() in MAYBE_MISSING:
            continue
        # A file written by another program may carry the same dates in the ISO layout.
        seconds[code] = read_dates([level], "year-month-day").seconds[0]
        rows = np.flatnonzero(codes == code)
        if np.isnan(seconds[code]) and len(rows):
            raise InputError(
                f"{place(int(rows[0]))}: {level!r} is not a date written as {layout}, as the column was learned. "
                "Mend the cell or leave it empty."
            )
    return np.append(seconds, np.nan)[codes], read.has_day, read.has_time


def _phase(seconds: np.ndarray, cycle: str) -> np.ndarray:
    """How far round the cycle each moment is, 0 to 1."""
    if cycle == "day":
        return (seconds % 86400) / 86400
    days = np.floor(seconds / 86400)
    if cycle == "week":
        return ((days + 3) % 7) / 7  # day 0 of 1970 was a Thursday; Monday is 0
    dates = days.astype(np.int64).astype("datetime64[D]")
    start = dates.astype("datetime64[Y]").astype("datetime64[D]")
    return (dates - start).astype(np.int64) / 365.25


def _hash(text: str) -> int:
    return zlib.crc32(text.encode("utf-8"))


def _loose(level: str) -> str:
    key = level.strip().strip("'\"").strip().casefold()
    try:
        return number_text(float(key))
    except (ValueError, OverflowError):
        return key


@lru_cache(maxsize=64)
def _alike_table(levels: tuple[str, ...]) -> dict[str, str]:
    """Loose spelling -> level, for spellings that only one level has."""
    by_key: dict[str, list[str]] = {}
    for level in levels:
        by_key.setdefault(_loose(level), []).append(level)
    return {key: same[0] for key, same in by_key.items() if len(same) == 1}
