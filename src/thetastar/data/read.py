"""Any source to a `Table`: files by their content, frames by their columns; then every column is typed by one rule."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from thetastar.data.cells import typed_column
from thetastar.data.delimited import Delimited, parse_delimited, row_lines
from thetastar.data.frames import arrow_columns, columns_of
from thetastar.data.table import Column, Table, nearest
from thetastar.errors import InputError

__all__ = ["read_table"]

_FOREIGN = {
    b"PK\x03\x04": "a zip archive or a spreadsheet (xlsx)",
    b"\xd0\xcf\x11\xe0": "an old spreadsheet (xls)",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\x89HDF": "an HDF5 file",
    b"SQLite f": "an SQLite database",
    b"\x80\x04": "a Python pickle",
    b"\x80\x05": "a Python pickle",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"<html": "a web page",
    b"<!DOCTYPE": "a web page",
    b"<?xml": "an XML file",
    b'{"': "a JSON file",
    b"[{": "a JSON file",
    b"\x93NUMPY": "a NumPy array (load it with numpy.load and pass the array)",
}


def read_table(
    source: Any, *, name: str | None = None, header: bool | None = None, expected: Sequence[str] | None = None
) -> Table:
    """Read a table from a file, a data frame, a dict of columns, a list of rows as dicts, or an array.

    Files are told apart by their content, not by their name: text with commas, semicolons, tabs, bars or blanks
    between the cells (also gzipped), Parquet, Arrow and Feather. Data frames of any make come in through narwhals.
    A column is numeric where every known cell is a number; everything else stays text.

    Args:
        source: A path, a data frame, an Arrow table, a 2-D array, a dict of columns (or of single values: one row);
            images as a folder, an IDX file or an array (n, H, W) or (n, H, W, C); (X, y), two arrays.
        name: What messages call the source; by default the file's name or the kind of object.
        header: For text files: whether the first row holds names. None finds out.
        expected: For text files: names of an earlier file of the same kind, to recognise the header by.

    Returns:
        A `Table`; columns without names are called "0", "1", …

    Raises:
        InputError: The source cannot be read as a table; the message says where and what to do.

    Example:
        >>> read_table({"size": [70, 81], "city": ["Ulm", "Bonn"]}).names
        ['size', 'city']
    """
    if isinstance(source, Table):
        return source
    if isinstance(source, str | os.PathLike):
        from thetastar.data.images import holds_images, images_of, with_images

        path = Path(source)
        if holds_images(path):
            return _checked(images_of(path))
        return with_images(_read_file(path, name, header, expected), path.parent)
    columns, kind, has_names = columns_of(source)
    return _checked(Table(tuple(columns), name or kind, has_header=has_names))


def _read_file(path: Path, name: str | None, header: bool | None, expected: Sequence[str] | None) -> Table:
    import gzip

    source = name or path.name or str(path)
    data = _file_bytes(path)
    if data[:2] == b"\x1f\x8b":
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError) as error:
            raise InputError(
                f"{source}: the gzip archive is damaged ({error}). Fetch or pack the file again."
            ) from None
    if data[:4] == b"PAR1" or data[:6] == b"ARROW1" or data[:4] in (b"FEA1", b"\xff\xff\xff\xff"):
        return _checked(Table(tuple(arrow_columns(_arrow_table(data, source), source)), source))
    for magic, kind in _FOREIGN.items():
        if data.startswith(magic):
            raise InputError(f"{source}: this is {kind}, not a table that can be read. Save it as CSV or Parquet.")
    parsed = parse_delimited(data, source, header=header, expected=expected)
    comma_is_decimal = parsed.separator == ";"
    columns = [
        typed_column(column_name, cells, comma_is_decimal=comma_is_decimal, trim=parsed.spaced)
        for column_name, cells in zip(parsed.names, parsed.columns, strict=True)
    ]
    if any(column.style == "decimal comma" for column in columns):
        columns = [_european(column, cells) for column, cells in zip(columns, parsed.columns, strict=True)]
    return _checked(
        Table(
            tuple(columns), source, has_header=parsed.has_header, notes=tuple(parsed.notes), locate=_Lines(parsed).line
        )
    )


def _file_bytes(path: Path) -> bytes:
    if path.is_dir():
        files = sorted(entry.name for entry in path.iterdir() if entry.is_file() and not entry.name.startswith("."))
        inside = f" It holds {', '.join(files[:6])}{', …' if len(files) > 6 else ''}." if files else ""
        raise InputError(f"{path}: this is a folder, not a file.{inside} Name the file to read.")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InputError(_no_such_file(path)) from None
    except (PermissionError, OSError, ValueError) as error:
        raise InputError(f"{path}: the file cannot be opened ({getattr(error, 'strerror', None) or error}).") from None


def _no_such_file(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"{path}: there is no such file; the folder {str(folder)!r} does not exist either. Check the path."
    files = sorted(entry.name for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith("."))
    close = nearest(path.name, files, cutoff=0.65)
    if close:
        return f"{path}: there is no such file. Did you mean {' or '.join(close)}?"
    shown = f" holds {', '.join(files[:6])}{', …' if len(files) > 6 else ''}" if files else " is empty"
    return f"{path}: there is no such file. The folder {str(folder)!r}{shown}. Check the path."


def _arrow_table(data: bytes, source: str):
    import pyarrow as pa

    buffer = pa.BufferReader(data)
    try:
        if data[:4] == b"PAR1":
            import pyarrow.parquet as parquet

            return parquet.read_table(buffer)
        if data[:4] == b"\xff\xff\xff\xff":
            return pa.ipc.open_stream(buffer).read_all()
        import pyarrow.feather as feather

        return feather.read_table(buffer)
    except (pa.ArrowException, OSError) as error:
        first = str(error).splitlines()[0]
        raise InputError(
            f"{source}: the Parquet or Arrow file is damaged ({first}). Write or fetch it again."
        ) from None


class _Lines:
    """Finds the file line of a row: by counting where every row is one line, by scanning the text once otherwise."""

    def __init__(self, parsed: Delimited) -> None:
        self._offset = 1 + parsed.has_header
        self._parsed = None if parsed.plain_lines else parsed

    @cached_property
    def _scanned(self) -> list[int]:
        return row_lines(self._parsed.text, self._parsed.separator)

    def line(self, row: int) -> int:
        if self._parsed is None:
            return row + self._offset
        index = row + self._offset - 1
        return self._scanned[index] if index < len(self._scanned) else index + 1


def _european(column: Column, cells) -> Column:
    """In a file with decimal commas a point groups thousands: `1.234` is 1234 where every point stands so."""
    import pyarrow.compute as pc

    if column.kind != "number" or column.style:
        return column
    dotted = cells.filter(pc.match_substring(cells, "."))
    if (
        len(dotted) == 0
        or not pc.all(pc.match_substring_regex(dotted, r"^\s*[+-]?[0-9]{1,3}(\.[0-9]{3})+\s*$")).as_py()
    ):
        return column
    whole = typed_column(column.name, pc.replace_substring(cells, ".", ""), native=column.native)
    return Column(column.name, numbers=whole.numbers, native=column.native)


def _checked(table: Table) -> Table:
    if not table.columns:
        raise InputError(f"{table.source}: there are no columns. Give a table with named columns.")
    if table.row_count == 0:
        raise InputError(f"{table.source}: there are no rows. Give at least ten rows of data.")
    return table
