"""Some rows of a large file, drawn at random while it is read part by part: memory holds them and one part."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from thetastar.data.arrow import arrow_columns
from thetastar.data.cells import missing_notes
from thetastar.data.delimited import FirstRow, first_row
from thetastar.data.read.parts import large_file, rows_of_text, written_row
from thetastar.data.read.reading import Reading, in_one_line
from thetastar.data.read.text import text_table
from thetastar.data.table import Table
from thetastar.errors import InputError

__all__ = ["Draw", "LargeFile", "look_at"]

_PIECE = 1 << 24  # bytes of a text file that are looked at together; the sample depends on it
_BATCH = 1 << 16  # rows of a Parquet file; the sample depends on it
_HEAD_BYTES = 1 << 20  # of a text file, whose rows tell what its columns are
_HEAD_ROWS = 20_000  # of a Parquet file
_COUNTED = 10**9  # rows from which on NumPy draws no hypergeometric numbers
_ABOVE = 100  # first lines among which the header must be


class Draw:
    """Draws rows without replacement from a stream, each set of them equally likely.

    Example:
        >>> draw = Draw(10, 4, seed=0)
        >>> len(draw.of(6)) + len(draw.of(4))
        4
    """

    def __init__(self, rows: int, wanted: int, seed: int) -> None:
        """So many of so many rows are wanted."""
        self._left, self._wanted = rows, min(wanted, rows)
        self._generator = np.random.default_rng([seed, 0x5A3])

    def of(self, count: int) -> np.ndarray:
        """(m,) which of the next `count` rows are drawn, in rising order."""
        spared = self._left - self._wanted
        if max(self._wanted, spared) < _COUNTED:
            taken = int(self._generator.hypergeometric(self._wanted, spared, count))
        else:  # of a thousand millions of rows a binomial draw differs by nothing
            taken = int(self._generator.binomial(count, self._wanted / self._left))
            taken = min(max(taken, count - spared), self._wanted, count)
        self._left, self._wanted = self._left - count, self._wanted - taken
        return np.sort(self._generator.choice(count, taken, replace=False, shuffle=False))


@dataclass(frozen=True)
class LargeFile:
    """A file too large to be read for a look at it.

    Attributes:
        rows_about: how many rows it has, as the first ones let expect.
        head: the table of the first ones.
        row_bytes: of one of them as the file writes it; 0 of Parquet.
    """

    path: Path
    rows_about: int
    head: Table
    row_bytes: float
    _reading: Reading
    _first: FirstRow | None = None  # of a text file
    _above: int = 0  # rows of a text file down to its header

    @cached_property
    def rows(self) -> int:
        """How many rows it has: those of a text are counted, which takes a third of the time of reading them."""
        if self._first is None:
            return self.rows_about
        return sum(len(begins) for _, begins, _, _ in _rows(self.path)) - self._above

    def sampled(self, wanted: int, seed: int) -> Table:
        """The table of so many of its rows, drawn at random, in the order of the file.

        Raises:
            InputError: the file cannot be read as a table.
        """
        draw = Draw(self.rows, wanted, seed)
        return self._of_parquet(draw) if self._first is None else self._of_text(draw, self._first)

    def _of_text(self, draw: Draw, first: FirstRow) -> Table:
        chosen: list[bytes] = []
        lines: list[np.ndarray] = []  # of the file, on which the chosen rows begin
        passed, above = 0, self._above
        for part, begins, ends, own_lines in _rows(self.path):
            skipped = min(above, len(begins))
            above -= skipped
            taken = draw.of(len(begins) - skipped) + skipped
            places = zip(begins[taken].tolist(), ends[taken].tolist(), strict=True)
            chosen += [part[begin:end] for begin, end in places]
            lines.append(own_lines[taken] + passed)
            passed += part.count(b"\n")
        header = written_row(first.cells, first.separator) if self._reading.header else b""
        # Where the rows begin in the text that is read, from 1 on, behind the header.
        starts = np.cumsum([1 + (len(header) > 0), *(row.count(b"\n") for row in chosen)])[:-1]
        text = header + b"".join(chosen)
        chosen.clear()
        table = text_table(text, self._reading)
        locate, where = table.locate, np.concatenate(lines)
        if locate is None:
            return table
        return replace(table, locate=lambda row: int(where[np.searchsorted(starts, locate(row), side="right") - 1]))

    def _of_parquet(self, draw: Draw) -> Table:
        import pyarrow as pa

        parts, rows, before = [], [], 0
        for batch in _batches(self.path):
            taken = draw.of(len(batch))
            parts.append(batch.take(pa.array(taken)))
            rows.append(taken + before)
            before += len(batch)
        columns, notes = arrow_columns(pa.concat_tables(parts), self.path.name)
        table = Table(tuple(columns), self.path.name, notes=tuple(notes), row_numbers=np.concatenate(rows))
        return table.with_notes(missing_notes(table.columns, table.place))


def look_at(path: str | os.PathLike[str], named: Sequence[str] = ()) -> LargeFile | None:
    """How many rows a large CSV, TSV or Parquet file has, and the first of them; None of any other source.

    Args:
        named: columns that the user named; a first row that holds one of them is the header.

    Raises:
        InputError: its first rows cannot be read.
    """
    kind, place = large_file(os.fspath(path)), Path(path)
    if kind is None:
        return None
    reading = Reading(place.name, named=named, file=place.name)
    if kind == "parquet":
        return _look_at_parquet(place, reading)
    with place.open("rb") as file:
        begin = next(rows_of_text(file, _HEAD_BYTES), None)
    if begin is None:  # a quote is never closed, which is said when the file is read
        return None
    head, first = text_table(begin, reading), first_row(begin)
    above = _rows_above(begin, first) if head.has_header else 0
    if above is None:
        return None
    row_bytes = len(begin) / max(head.row_count, 1)
    about = int(place.stat().st_size / row_bytes)
    return LargeFile(place, about, head, row_bytes, replace(reading, header=head.has_header), first, above)


def _look_at_parquet(place: Path, reading: Reading) -> LargeFile:
    import pyarrow.parquet as parquet

    batch = next(_batches(place))
    columns, _ = arrow_columns(batch.slice(0, _HEAD_ROWS), place.name)
    return LargeFile(place, parquet.read_metadata(place).num_rows, Table(tuple(columns), place.name), 0.0, reading)


def _rows_above(begin: bytes, first: FirstRow) -> int | None:
    """How many of the first rows end with the header; None where it is not found as it stands there."""
    lines = begin.decode("utf-8", "replace").split("\n")[:_ABOVE]
    for number, line in enumerate(lines, start=1):
        row = next(csv.reader(io.StringIO(line.removeprefix("\ufeff")), delimiter=first.separator), [])
        if [cell.strip() for cell in row] == [cell.strip() for cell in first.cells]:
            return number
    return None


def _rows(place: Path) -> Iterator[tuple[bytes, np.ndarray, np.ndarray, np.ndarray]]:
    """Of every part of a text file: its bytes, where its rows begin and end, and the line of each, from 1 on."""
    with place.open("rb") as file:
        for part in rows_of_text(file, _PIECE):
            signs = np.frombuffer(part, np.uint8)
            ends = line_ends = np.flatnonzero(signs == 10) + 1
            if b'"' in part:
                quotes = np.flatnonzero(signs == 34)
                ends = line_ends[np.searchsorted(quotes, line_ends) % 2 == 0]  # outside of quoted cells
            if len(ends) == 0 or ends[-1] < len(part):
                ends = np.append(ends, len(part))
            begins = np.concatenate([[0], ends[:-1]])
            yield part, begins, ends, np.searchsorted(line_ends, begins, side="right") + 1


def _batches(place: Path) -> Iterator[Any]:
    """The rows of a Parquet file as Arrow tables of some thousand rows."""
    import pyarrow as pa
    import pyarrow.parquet as parquet

    try:
        with parquet.ParquetFile(place) as file:
            for batch in file.iter_batches(batch_size=_BATCH):
                table = pa.Table.from_batches([batch])
                table.validate(full=True)
                yield table
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{place.name}: the Parquet file is damaged ({in_one_line(error)}). Write or fetch it again."
        ) from None
