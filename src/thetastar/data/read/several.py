"""Several files of one form as one table: their rows one behind the other, in the order of their names."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from thetastar.data.cells import typed_again
from thetastar.data.table import Column, Table
from thetastar.errors import InputError

__all__ = ["joined"]


def joined(tables: Sequence[Table], source: str) -> Table:
    """The rows of all tables; columns are matched by name, and one that a table lacks is missing there.

    Raises:
        InputError: a table has no column of the first one's.
    """
    if len(tables) == 1:
        return tables[0]
    names = list(dict.fromkeys(name for table in tables for name in table.names))
    for table in tables:
        if not set(table.names) & set(tables[0].names):
            raise InputError(
                f"{source}: {table.source} has other columns ({', '.join(table.names[:5])}) than {tables[0].source} "
                f"({', '.join(tables[0].names[:5])}). Give files of one form, or name one of them."
            )
    counts = [table.row_count for table in tables]
    columns = [
        _stacked(name, [table.column(name) if name in table else None for table in tables], counts) for name in names
    ]
    notes = [f"Read together: {', '.join(table.source for table in tables[:6])}{', …' * (len(tables) > 6)}."]
    for name in names:
        without = [table.source for table in tables if name not in table]
        if without:
            notes.append(f"{name!r} is not in {', '.join(without[:3])}{', …' * (len(without) > 3)}; missing there.")
    notes += [f"{table.source}: {note}" for table in tables for note in table.notes]
    ends = np.cumsum(counts)

    def line(row: int) -> int:
        which = int(np.searchsorted(ends, row, side="right"))
        return tables[which].line(int(row - (ends[which - 1] if which else 0)))

    located = line if all(table.locate is not None for table in tables) else None
    return Table(tuple(columns), source, tables[0].has_header, tuple(notes), locate=located)


def _stacked(name: str, parts: Sequence[Column | None], counts: Sequence[int]) -> Column:
    known = [part for part in parts if part is not None]
    first = known[0]
    if first.samples is not None or any(part.samples is not None for part in known):
        if len(known) < len(parts) or len({part.samples.shape[1:] for part in known if part.samples is not None}) != 1:
            raise InputError(f"column {name!r}: the files hold samples of several sizes. Give them one by one.")
        return Column(name, native=first.native, samples=np.concatenate([part.samples for part in known]))
    if any(part.unusable for part in known):
        why = next(part.unusable for part in known if part.unusable)
        return Column(name, numbers=np.full(sum(counts), np.nan), native="float", unusable=why)
    if all(part.kind == "number" and not part.levels for part in known):
        filled = [np.full(n, np.nan) if p is None else p.numbers for p, n in zip(parts, counts, strict=True)]
        return Column(name, numbers=np.concatenate(filled), native=first.native, aside=first.aside)
    levels: dict[str, int] = {}
    codes = []
    for part, count in zip(parts, counts, strict=True):
        if part is None:
            codes.append(np.full(count, -1, np.int32))
            continue
        own, texts = (part.codes, part.levels) if part.codes is not None else part.coded
        turned = np.array([*(levels.setdefault(text, len(levels)) for text in texts), -1], np.int32)
        codes.append(turned[own])
    texts = tuple(levels)
    column = Column(name, codes=np.concatenate(codes), levels=texts, native=first.native, category=first.category,
                    aside=first.aside)  # fmt: skip
    return column if column.native == "boolean" or column.category else typed_again(column)
