"""A large file part by part, so that rows can be answered in little memory, however many there are."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Literal

from thetastar.data.arrow import arrow_columns
from thetastar.data.delimited import first_row
from thetastar.data.read.reading import Reading, in_one_line
from thetastar.data.read.text import text_table
from thetastar.data.table import Table
from thetastar.errors import InputError

__all__ = ["large_file", "rows_of_text", "table_parts", "written_row"]

_PART_BYTES = 64 << 20  # of a text file: about 250,000 rows of 30 columns
_PART_ROWS = 250_000  # of a Parquet file
_HEAD = 1 << 16  # bytes that tell what a file is


def table_parts(path: str, expected: Sequence[str] | None = None) -> Iterator[Table] | None:
    """The tables of the parts of a large CSV, TSV or Parquet file, in order; None of any other source.

    Every part is read as a file of its own, with the header of the first; cells are called by their lines in the file.

    Args:
        path: of the file.
        expected: Column names of an earlier file of the same kind.

    Raises:
        InputError: a part cannot be read; those before it have been given.
    """
    kind = large_file(path)
    if kind is None:
        return None
    return _of_parquet(Path(path)) if kind == "parquet" else _of_text(Path(path), expected)


def large_file(path: str) -> Literal["parquet", "text"] | None:
    """What a file is that is worth reading part by part; None of any other source."""
    place = Path(path)
    try:
        size = place.stat().st_size if place.is_file() else 0
        with place.open("rb") if size > _PART_BYTES else io.BytesIO() as file:
            head = file.read(_HEAD)
    except OSError:
        return None
    if size <= _PART_BYTES:
        return None
    if head[:4] == b"PAR1":
        return "parquet"
    return "text" if place.suffix.lower() in (".csv", ".tsv") and b"\0" not in head and b"\n" in head else None


def _of_text(place: Path, expected: Sequence[str] | None) -> Iterator[Table]:
    reading = Reading(place.name, expected=expected, file=place.name)
    header, before = b"", 0
    with place.open("rb") as file:
        for part in rows_of_text(file):
            if before == 0:
                table, found = text_table(part, reading), first_row(part)
                if table.has_header:
                    header = written_row(found.cells, found.separator)
                reading = replace(reading, header=table.has_header)
            else:
                table = _moved(text_table(header + part, reading), before - bool(header))
            before += part.count(b"\n")
            yield table


def rows_of_text(file: BinaryIO, size: int | None = None) -> Iterator[bytes]:
    """The bytes of a text file in parts that end where a row ends: at a line end outside of quotes.

    Args:
        size: bytes of a part, about.
    """
    rest = b""
    while piece := file.read(size or _PART_BYTES):
        held = rest + piece
        end, open_quote = held.rfind(b"\n"), False
        if end >= 0:
            open_quote = held.count(b'"', 0, end) % 2 == 1
        while end >= 0 and open_quote:
            earlier = held.rfind(b"\n", 0, end)
            open_quote ^= held.count(b'"', max(earlier, 0), end) % 2 == 1
            end = earlier
        rest = held[end + 1 :]
        if end >= 0:
            yield held[: end + 1]
    if rest.strip():
        yield rest


def written_row(cells: Sequence[str], separator: str) -> bytes:
    """Cells as a line of a text file."""
    line = io.StringIO()
    csv.writer(line, delimiter=separator, lineterminator="\n").writerow(cells)
    return line.getvalue().encode()


def _moved(table: Table, lines: int) -> Table:
    """The table with its rows called by their lines in the whole file."""
    locate = table.locate
    return table if locate is None else replace(table, locate=lambda row: locate(row) + lines)


def _of_parquet(place: Path) -> Iterator[Table]:
    import pyarrow as pa
    import pyarrow.parquet as parquet

    before = 0
    try:
        with parquet.ParquetFile(place) as file:
            for batch in file.iter_batches(batch_size=_PART_ROWS):
                table: Any = pa.Table.from_batches([batch])
                table.validate(full=True)
                columns, notes = arrow_columns(table, place.name)
                yield _numbered(Table(tuple(columns), place.name, notes=tuple(notes)), before)
                before += len(table)
    except (pa.ArrowException, OSError) as error:
        raise InputError(
            f"{place.name}: the Parquet file is damaged ({in_one_line(error)}). Write or fetch it again."
        ) from None


def _numbered(table: Table, rows: int) -> Table:
    import numpy as np

    return replace(table, row_numbers=np.arange(rows, rows + table.row_count))
