"""From a table to the float32 array a network reads: fitted on training rows only, saved as plain values."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from thetastar._memory import require
from thetastar._threads import LONG, mapped
from thetastar.data.blocks import (
    Block,
    FitSettings,
    NumberBlock,
    SequenceBlock,
    block_from_state,
    block_kind,
)
from thetastar.data.roles import ColumnRole
from thetastar.data.sequences import Grouping
from thetastar.data.table import Column, Table, describe_names
from thetastar.errors import InputError

__all__ = ["SCALINGS", "Preparation"]

SCALINGS = ("standard", "robust", "minmax", "none")

_STRETCH = 1 << 16  # rows that a thread fills at a time
_NEAR = 1 << 19  # numbers that it fills column by column before they are written row by row
_FEWEST = 512  # rows for which a column is worth the calls that fill it
_WORTH_ASKING = 1 << 26  # bytes: less is taken without asking the system what it has left


@dataclass(frozen=True, eq=False)
class Preparation:
    """The fitted preparation of a table's columns; made by `Preparation.fit`.

    Attributes:
        blocks: One block per column that is learned from, in the order of the training table.
        names: All columns of the training table, in order; files without a header are matched by it.
        targets: The columns that are not prepared.
        has_header: Whether the training columns had names of their own.
        notes: What to distrust in the prepared data, one sentence each.
        grouping: How a long table becomes sequences, where it does; None for every other.

    Example:
        >>> from thetastar.data import infer_roles, read_table
        >>> table = read_table({"rooms": [1.5, 2.0, 4.0, 4.5], "price": [1.0, 2.0, 3.0, 4.0]})
        >>> preparation = Preparation.fit(table, rows=np.array([0, 1, 3]), roles=infer_roles(table, "price"))
        >>> preparation.transform(table).astype(float).round(2).tolist()
        [[-0.88], [-0.51], [1.01], [1.38]]
    """

    blocks: tuple[Block, ...]
    names: tuple[str, ...]
    targets: tuple[str, ...]
    has_header: bool = True
    notes: tuple[str, ...] = ()
    grouping: Grouping | None = None

    @classmethod
    def fit(
        cls,
        table: Table,
        rows: np.ndarray,
        roles: Mapping[str, ColumnRole],
        *,
        scaling: str = "standard",
        limit: float = 8.0,
        fewest: int = 5,
        most: int = 64,
        common: int = 32,
        hashed: int = 32,
        grouping: Grouping | None = None,
        straight: Collection[str] = (),
    ) -> Preparation:
        """Fit on the given rows of a table.

        Args:
            table: The whole training table; its columns without a role are the targets.
            rows: Row numbers (or a mask) of the training rows; nothing is learned from the others.
            roles: From `infer_roles`.
            scaling: "standard" (mean and deviation), "robust" (median and quartiles), "minmax" (0 to 1) or "none" for
                numbers.
            limit: No scaled number goes beyond ± this (smoothly); 0 leaves them as they are.
            fewest: Levels of a category with fewer training rows than this count as "other".
            most: A category with more common levels than this is hashed beyond its `common` most common ones.
            hashed: Number of hashed features for such a category.
            grouping: How the table came about, to be kept.
            straight: Columns of numbers that are scaled and nothing else: `limit` does not draw their outliers in, so
                that the arithmetic rises with every number, exactly.

        Raises:
            InputError: No column is left to learn from.
        """
        if scaling not in SCALINGS:
            raise InputError(f"scaling={scaling!r} is not known. The scalings are {', '.join(SCALINGS)}.")
        rows = np.asarray(rows)
        rows = np.flatnonzero(rows) if rows.dtype == bool else rows
        # In a small table a level seen twice is worth a feature; "other" must not swallow it.
        fewest = max(1, min(fewest, len(rows) // 100))
        settings = FitSettings(scaling, limit, fewest, most, common, hashed)
        used = [role for name in table.names if (role := roles.get(name)) is not None and role.used]

        def fitted(role: ColumnRole) -> tuple[Block, list[str]]:
            column = table.column(role.name)
            own = replace(settings, limit=0.0) if role.name in straight else settings
            block = block_kind(role.role).fit(column, rows, role, own)
            return block, [*_missing_note(column, rows), *block.notes(role)]

        found = mapped(fitted, used, worth=len(rows) > LONG)
        blocks, notes = [block for block, _ in found], [note for _, several in found for note in several]
        if not blocks:
            left = ", ".join(f"{role.name!r} ({role.role})" for role in list(roles.values())[:6])
            raise InputError(
                f"{table.source}: no column is left to learn from{': ' + left if left else ''}. "
                "Add columns, or override a role (for example 'category')."
            )
        targets = tuple(name for name in table.names if name not in roles)
        return cls(tuple(blocks), tuple(table.names), targets, table.has_header, tuple(notes), grouping)

    @property
    def feature_names(self) -> list[str]:
        """The names of the features, in the order of the prepared array's columns."""
        return [name for block in self.blocks for name in block.feature_names]

    @property
    def feature_count(self) -> int:
        """How many features there are."""
        return sum(self.widths.values())

    @property
    def input_shape(self) -> tuple[int, ...]:
        """What one prepared row is: (F,) for tables, (H, W, C) for images, (T, F) for sequences."""
        return self.blocks[0].row_shape or (self.feature_count,)

    @property
    def masked(self) -> bool:
        """Whether rows are sequences that end in steps of zeros."""
        first = self.blocks[0]
        return isinstance(first, SequenceBlock) and first.padded

    @property
    def widths(self) -> dict[str, int]:
        """How many features each used column makes."""
        return {block.name: block.width for block in self.blocks}

    @property
    def numbers(self) -> tuple[int, ...]:
        """Where among the features the columns of numbers stand."""
        starts = np.cumsum([0, *(block.width for block in self.blocks)])
        return tuple(int(at) for at, block in zip(starts, self.blocks, strict=False) if isinstance(block, NumberBlock))

    def transform(
        self, table: Table, rows: np.ndarray | None = None, *, dtype: type[np.floating[Any]] = np.float32
    ) -> np.ndarray:
        """(n, F) C-contiguous features of any table with the training columns, in any order.

        Columns are matched by name; a table without names of its own by position, with or without the target's place.
        Extra columns are passed over; levels that training did not see count as "other".

        Args:
            rows: The numbers of the rows that are wanted, in that order; all if not given.
            dtype: Of the features; networks take float32.

        Raises:
            InputError: A column is missing, or a cell cannot be read as the model learned the column.
        """
        columns = self._matched(table)
        count = table.row_count if rows is None else len(rows)
        whole = sum(b.width for b, c in zip(self.blocks, columns, strict=True) if not (count > LONG and b.by_parts(c)))
        needed = count * (self.feature_count + whole) * np.dtype(dtype).itemsize  # the features, and what makes them
        if needed > _WORTH_ASKING:
            remedy = "Give fewer rows or columns (roles={column: 'ignore'}), or fewer folds"
            require(table.source, needed, f"{self.feature_count:,} prepared columns", remedy)
        out = np.empty((count, self.feature_count), dtype=dtype)
        ends = np.cumsum([block.width for block in self.blocks]).tolist()
        places = list(zip(self.blocks, columns, ends, strict=True))
        long = count > LONG
        parted = [(block, column, end) for block, column, end in places if long and block.by_parts(column)]
        taken = {block.name for block, _, _ in parted}

        def fill(place: tuple[Block, Column, int]) -> None:
            block, column, end = place
            wanted = column if rows is None else column.select(rows)
            block.fill(wanted, partial(_place, table, column.name, rows), out[:, end - block.width : end])

        mapped(fill, [place for place in places if place[0].name not in taken], worth=long)
        if parted:
            mapped(partial(_fill_rows, table, parted, rows, out), range(0, count, _STRETCH))
        return out

    def _matched(self, table: Table) -> list[Column]:
        """The table's column for every block."""
        used = [block.name for block in self.blocks]
        by_name = all(name in table for name in used)
        if by_name and (table.has_header or len(table.names) == len(self.names)):
            return [table.column(name) for name in used]
        if not table.has_header or (not self.has_header and not by_name):
            order = list(self.names)
            if len(table.names) == len(order) - len(self.targets):
                order = [name for name in order if name not in self.targets]
            if len(table.names) == len(order):
                return [table.columns[order.index(name)] for name in used]
            if by_name:
                return [table.column(name) for name in used]
            known = len(self.targets)
            without = f" or {len(self.names) - known} without the target{'s' * (known > 1)}" if known else ""
            raise InputError(
                f"{table.source}: the table has {len(table.names)} columns without names; the model was trained on "
                f"{len(self.names)} columns{without}. Give the same columns in the same order."
            )
        by_key = {name.strip().casefold(): name for name in table.names}
        missing = [name for name in used if name not in table and name.strip().casefold() not in by_key]
        if missing:
            several = len(missing) > 1
            shown = ", ".join(map(repr, missing[:5])) + (", …" if len(missing) > 5 else "")
            raise InputError(
                f"{table.source}: the column{'s' if several else ''} {shown} {'are' if several else 'is'} missing, "
                f"which the model needs. {describe_names(missing[0], table.names)}"
            )
        return [table.column(name if name in table else by_key[name.strip().casefold()]) for name in used]

    def to_state(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What a model file keeps: a JSON-able dict, and named arrays (the numbers of all number columns)."""
        numbers = [block for block in self.blocks if isinstance(block, NumberBlock)]
        arrays = {}
        for field in ("centre", "scale", "median"):
            arrays[f"preparation.{field}"] = np.array([getattr(block, field) for block in numbers], dtype=np.float64)
        blocks = []
        for block in self.blocks:
            state = block.to_state()
            if isinstance(block, NumberBlock):
                for field in ("centre", "scale", "median"):
                    del state[field]
            blocks.append(state)
        grouping = None if self.grouping is None else asdict(self.grouping)
        return {
            **({} if grouping is None else {"grouping": grouping}),
            "format": 1,
            "names": list(self.names),
            "target": list(self.targets) if len(self.targets) > 1 else next(iter(self.targets), None),
            "has_header": self.has_header,
            "notes": list(self.notes),
            "blocks": blocks,
        }, arrays

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Preparation:
        """The preparation that `to_state` described, equal to the bit.

        Raises:
            InputError: The state is of a later format, or its arrays do not fit it.
        """
        if state.get("format") != 1:
            raise InputError(f"preparation: format {state.get('format')!r} is not known (1 is). Use a newer thetastar.")
        saved = state.get("blocks")
        if not isinstance(saved, list) or not all(isinstance(block, dict) for block in saved):
            raise InputError("preparation: a list of blocks is needed. The model file is damaged.")
        count = sum(block.get("block") == "NumberBlock" for block in saved)
        numbers = {}
        for field in ("centre", "scale", "median"):
            array = arrays.get(f"preparation.{field}")
            if array is None or array.shape != (count,) or not np.all(np.isfinite(array)):
                raise InputError(f"preparation.{field}: {count} finite numbers are needed. The model file is damaged.")
            numbers[field] = iter(array.tolist())
        blocks = []
        for block in saved:
            own = (
                {field: next(values) for field, values in numbers.items()}
                if block.get("block") == "NumberBlock"
                else {}
            )
            blocks.append(block_from_state({**block, **own}))
        names, notes, held = _texts(state.get("names")), _texts(state.get("notes")), state.get("target")
        targets = _texts(held) if isinstance(held, list) else () if held is None else (held,)
        if not set(targets) <= set(names) or not {block.name for block in blocks} <= set(names):
            raise InputError("preparation: the column names do not fit the blocks. The model file is damaged.")
        grouping = state.get("grouping")
        if grouping is not None:
            if not isinstance(grouping, dict) or set(grouping) != {"id", "time", "numbers"}:
                raise InputError("preparation: the grouping is not whole. The model file is damaged.")
            columns = [grouping["id"], grouping["time"], *grouping["numbers"]]
            if not all(isinstance(name, str) for name in columns):
                raise InputError("preparation: the grouping names no columns. The model file is damaged.")
            grouping = Grouping(grouping["id"], grouping["time"], tuple(grouping["numbers"]))
        return cls(tuple(blocks), names, targets, bool(state.get("has_header")), notes, grouping)


def _texts(saved: object) -> tuple[str, ...]:
    """A saved list of texts.

    Raises:
        InputError: it is something else.
    """
    if not isinstance(saved, list) or not all(isinstance(text, str) for text in saved):
        raise InputError("preparation: the column names do not fit the blocks. The model file is damaged.")
    return tuple(saved)


def _fill_rows(
    table: Table, places: list[tuple[Block, Column, int]], rows: np.ndarray | None, out: np.ndarray, start: int
) -> None:
    """Fill a stretch of rows, column by column into a small array that lies in a near cache, which is then written
    row by row: a column written straight into the rows would touch every line of memory once for itself."""
    width = sum(block.width for block, _, _ in places)
    step = max(_NEAR // width, _FEWEST)
    runs = _side_by_side(places)
    held = np.empty((width, step), dtype=np.float32)
    for begin in range(start, min(start + _STRETCH, len(out)), step):
        part = np.arange(begin, min(begin + step, start + _STRETCH, len(out)))
        wanted = part if rows is None else rows[part]
        at = 0
        for block, column, _ in places:
            into = held[at : at + block.width, : len(part)].T
            block.fill(_some(column, wanted, rows is None), partial(_place, table, column.name, wanted), into)
            at += block.width
        for own, end, wide in runs:
            out[begin : begin + len(part), end - wide : end] = held[own : own + wide, : len(part)].T


def _side_by_side(places: list[tuple[Block, Column, int]]) -> list[tuple[int, int, int]]:
    """(where it begins among their features, where it ends in a row, how wide it is) of every run of blocks that stand
    side by side in a row."""
    runs: list[tuple[int, int, int]] = []
    at = 0
    for block, _, end in places:
        if runs and runs[-1][1] == end - block.width:
            begin, _, wide = runs.pop()
            runs.append((begin, end, wide + block.width))
        else:
            runs.append((at, end, block.width))
        at += block.width
    return runs


def _some(column: Column, rows: np.ndarray, together: bool) -> Column:
    """A few rows of a column; of rows that lie together nothing is copied."""
    where = slice(rows[0], rows[-1] + 1) if together else rows
    numbers = None if column.numbers is None else column.numbers[where]
    return replace(column, numbers=numbers, codes=None if column.codes is None else column.codes[where])


def _place(table: Table, name: str, rows: np.ndarray | None, row: int) -> str:
    """What messages call a cell, whose row is counted among the rows that are wanted."""
    return table.place(row if rows is None else int(rows[row]), name)


def _missing_note(column: Column, rows: np.ndarray) -> list[str]:
    """A sentence if half of the training rows have no value."""
    share = float(column.missing[rows].mean()) if len(rows) else 0.0
    return [f"{column.name!r} is missing in {share:.0%} of the training rows."] if share >= 0.5 else []
