"""A table as it was read: named columns of numbers, texts, images or sequences, and where every row stood."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from thetastar.errors import InputError

__all__ = ["Column", "Table", "nearest", "number_text"]


def number_text(value: float) -> str:
    """The shortest spelling of a number: `3` for 3.0, `2.5` for 2.5."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 2**53 else repr(float(value))


def nearest(name: str, names: Sequence[str], limit: int = 3, cutoff: float = 0.5) -> list[str]:
    """The names most like `name`, best first, without regard to capitals."""
    import difflib

    by_key: dict[str, str] = {}
    for candidate in names:
        by_key.setdefault(candidate.casefold(), candidate)
    found = difflib.get_close_matches(name.casefold(), list(by_key), n=limit, cutoff=cutoff)
    return [by_key[key] for key in found]


@dataclass(frozen=True, eq=False)
class Column:
    """One column: numbers (`numbers`, nan where missing), texts (`codes` into `levels`, -1 where missing), or images
    or sequences (`samples`).

    A column of numbers that were written in an unusual way (`1.234,5`, `101 kW`) keeps its texts beside the numbers
    and says so in `style`, so that a model can read a later file by the rule of its training file. Whole numbers that
    float64 cannot hold keep their digits as texts beside the numbers too: they are told apart by them.

    Attributes:
        name: The column's name; unique within its table.
        numbers: (n,) float64 with nan for missing, or None for a column of texts.
        codes: (n,) int32 index into `levels`, -1 for missing; None for a column of plain numbers.
        levels: The distinct texts, in order of first appearance.
        native: What the source said: "written" (a text file), "float", "integer", "boolean", "date" or "text".
        style: "" for plainly written numbers, else "thousands" or "decimal comma", with the unit of all numbers behind
            a bar ("|kW"); "in doubt" where points may group thousands; "whole" for whole numbers beyond float64.
        samples: (n, H, W, C) images, or (n, T, F) sequences with nan where a value is missing or the end is past.
        category: "unordered" or "ordered" where the source declares a column of categories, else "".
        strays: the texts among `levels` that are no numbers in a column of numbers: they count as missing.
        blanks: texts that say "not known" (`NA`, `?`), each with its count and its first row; they are no levels.
        unusable: why nothing can be learned from the column (its cells are structs, bytes, …), else "".
        aside: why a column says which row it is and not what it is (a data frame's index, …), else "".

    Example:
        >>> from thetastar.data import read_table
        >>> column = read_table({"yard": ["yes", None, "no"]}).column("yard")
        >>> column.kind, column.levels, column.codes.tolist()
        ('text', ('yes', 'no'), [0, -1, 1])
    """

    name: str
    # `kind` says which of these three is there; with `Any` not every reader must ask for None.
    numbers: np.ndarray | Any = None
    codes: np.ndarray | Any = None
    levels: tuple[str, ...] = ()
    native: str = "written"
    style: str = ""
    samples: np.ndarray | Any = None
    category: str = ""
    strays: tuple[str, ...] = ()
    blanks: tuple[tuple[str, int, int], ...] = ()
    unusable: str = ""
    aside: str = ""

    @property
    def exact(self) -> bool:
        """True for whole numbers beyond float64, whose digits are in `levels`, in rising order."""
        return self.style == "whole"

    @property
    def kind(self) -> str:
        """ "number", "text", "image" or "sequence"."""
        if self.samples is not None:
            return "image" if self.samples.ndim == 4 else "sequence"
        return "text" if self.numbers is None else "number"

    def __len__(self) -> int:
        if self.samples is not None:
            return len(self.samples)
        return len(self.codes if self.numbers is None else self.numbers)

    @property
    def missing(self) -> np.ndarray:
        """(n,) bool: True where the cell is empty or says that the value is not known.

        It is worked out anew each time: kept, it would add an eighth to the memory of a table.
        """
        if self.samples is not None:
            return np.zeros(len(self.samples), dtype=bool)
        return self.codes < 0 if self.numbers is None else np.isnan(self.numbers)

    @cached_property
    def missing_count(self) -> int:
        """How many cells are missing."""
        return int(np.count_nonzero(self.missing))

    @cached_property
    def values(self) -> np.ndarray:
        """(n,) float64 with nan, or an object array of str (of int where float64 cannot hold the digits) and None, or
        the images or sequences."""
        if self.samples is not None:
            return self.samples
        if self.exact:
            return np.array([*map(int, self.levels), None], dtype=object)[self.codes]
        if self.numbers is not None:
            return self.numbers
        return np.array([*self.levels, None], dtype=object)[self.codes]

    @cached_property
    def distinct(self) -> int:
        """How many different values there are, missing ones not counted; every image counts."""
        if self.samples is not None:
            return len(self.samples)
        if self.numbers is None or self.exact:
            return int(np.count_nonzero(self.level_counts()))
        # Sorted numbers are counted where they differ from the one before: vectors sort faster than tables hash. NaN
        # goes to the end, and -0.0 beside 0.0 does not differ from it.
        known = np.sort(self.numbers)[: len(self.numbers) - self.missing_count]
        return int(np.count_nonzero(known[1:] != known[:-1])) + (len(known) > 0)

    @cached_property
    def integral(self) -> bool:
        """True for a column of numbers whose known values are all whole."""
        if self.numbers is None:
            return False
        known = self.numbers[~self.missing]
        return bool(len(known)) and bool(np.all(np.isfinite(known))) and bool(np.all(known == np.floor(known)))

    def level_counts(self, rows: np.ndarray | None = None) -> np.ndarray:
        """How often each level of a text column occurs (in the given rows)."""
        codes = self.codes if rows is None else self.codes[rows]
        return np.bincount(codes[codes >= 0], minlength=len(self.levels))

    @cached_property
    def coded(self) -> tuple[np.ndarray, tuple[str, ...]]:
        """(codes, levels) of any column; numbers become their shortest spelling, in rising order."""
        if self.numbers is None or self.exact:
            return self.codes, self.levels
        import pyarrow as pa

        # Hashing is many times faster than sorting where values repeat; only the distinct ones are sorted.
        encoded = pa.array(self.numbers + 0.0, mask=self.missing).dictionary_encode()
        found = encoded.dictionary.to_numpy()
        order = np.argsort(found)
        rank = np.append(np.argsort(order), -1).astype(np.int32)
        codes = rank[encoded.indices.fill_null(-1).to_numpy()]
        return codes, tuple(number_text(value) for value in found[order])

    def select(self, rows: np.ndarray) -> Column:
        """The same column with only the given rows (indices or a mask), in that order."""
        if self.samples is not None:
            return replace(self, samples=self.samples[rows])
        numbers = None if self.numbers is None else self.numbers[rows]
        if self.codes is None:
            return replace(self, numbers=numbers)
        codes, levels = self.codes[rows], self.levels
        if len(codes) * 4 < len(levels):  # a few rows must not carry thousands of levels about
            used, inverse = np.unique(codes[codes >= 0], return_inverse=True)
            codes = codes.copy()
            codes[codes >= 0] = inverse
            levels = tuple(levels[code] for code in used)
        return replace(self, numbers=numbers, codes=codes, levels=levels)

    @property
    def shape_text(self) -> str:
        """What one sample is, in words: `28 × 28 pixels, grey` or `56 steps of 1 number`."""
        shape = self.samples.shape[1:]
        if self.kind == "image":
            colours = {1: "grey", 3: "in colour"}.get(shape[2], f"{shape[2]} channels")
            return f"{shape[0]} × {shape[1]} pixels, {colours}"
        return f"{shape[0]} steps of {shape[1]} number{'s' * (shape[1] != 1)}"

    def examples(self, count: int = 3) -> list[str]:
        """The first few different values as text."""
        if self.samples is not None:
            return [self.shape_text]
        texts = self.numbers is None or self.exact
        known = (self.codes if texts else self.numbers)[~self.missing]
        first = list(dict.fromkeys(known[:1000].tolist()))
        if len(first) < count and len(known) > 1000:
            first = list(dict.fromkeys([*first, *np.unique(known).tolist()]))
        return [self.levels[value] if texts else number_text(value) for value in first[:count]]


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of equal length, and where they came from.

    Attributes:
        columns: The columns, in the order of the source.
        source: The file's name, or what kind of object it was ("data frame"), for messages.
        has_header: False where the column names are only their positions "0", "1", …
        notes: What happened while reading that the reader of a report should know.

    Example:
        >>> from thetastar.data import read_table
        >>> table = read_table({"age": [31, None], "job": ["nurse", "pilot"]})
        >>> table.names, table.row_count, table.column("age").missing.tolist()
        (['age', 'job'], 2, [False, True])
    """

    columns: tuple[Column, ...]
    source: str = "table"
    has_header: bool = True
    notes: tuple[str, ...] = ()
    row_numbers: np.ndarray | None = field(default=None, repr=False)
    locate: Callable[[int], int] | None = field(default=None, repr=False)

    @cached_property
    def names(self) -> list[str]:
        """The column names, in the order of the source."""
        return [column.name for column in self.columns]

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def row_count(self) -> int:
        """How many rows there are, the header not counted."""
        return len(self.columns[0]) if self.columns else 0

    def __len__(self) -> int:
        return self.row_count

    def __contains__(self, name: object) -> bool:
        return name in self._by_name

    def column(self, name: str) -> Column:
        """The column of that name.

        Raises:
            InputError: There is no such column; the nearest names are given.
        """
        try:
            return self._by_name[name]
        except KeyError:
            raise InputError(
                f"{self.source}: there is no column {name!r}. {describe_names(name, self.names)}"
            ) from None

    def select(self, rows: np.ndarray | Sequence[int]) -> Table:
        """The table with only the given rows (indices or a mask), in that order; file lines are kept."""
        rows = np.asarray(rows)
        if rows.dtype == bool:
            rows = np.flatnonzero(rows)
        rows = rows.astype(np.int64, copy=False)
        kept = rows if self.row_numbers is None else self.row_numbers[rows]
        return replace(self, columns=tuple(column.select(rows) for column in self.columns), row_numbers=kept)

    def drop(self, names: Sequence[str]) -> Table:
        """The table without the named columns; names that it does not have are passed over."""
        gone = set(names)
        return replace(self, columns=tuple(column for column in self.columns if column.name not in gone))

    def with_notes(self, notes: Sequence[str]) -> Table:
        """The table with more sentences about how it was read."""
        return replace(self, notes=(*self.notes, *notes)) if notes else self

    def line(self, row: int) -> int:
        """The line of the file (from 1) on which a row begins; for other sources the row's number (from 0)."""
        number = int(row if self.row_numbers is None else self.row_numbers[row])
        return number if self.locate is None else self.locate(number)

    def place(self, row: int, name: str | None = None) -> str:
        """Where a cell or a row stands, for messages: `houses.csv, line 17, column 'price'`."""
        word = "row" if self.locate is None else "line"
        text = f"{self.source}, {word} {self.line(row)}"
        return text if name is None else f"{text}, column {name!r}"


def describe_names(name: str, names: Sequence[str]) -> str:
    """A sentence that names the columns most like `name`, or the first few there are."""
    close = nearest(name, names)
    if close:
        return "Did you mean " + " or ".join(repr(found) for found in close) + "?"
    shown = ", ".join(repr(found) for found in names[:10])
    return f"The columns are {shown}{', …' if len(names) > 10 else ''}."
