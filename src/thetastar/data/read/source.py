"""Any source to a `Table`: files by their content, frames by their columns."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from thetastar.data.cells import missing_notes
from thetastar.data.frames import columns_of
from thetastar.data.read.columnar import columnar_table, is_columnar
from thetastar.data.read.files import file_bytes
from thetastar.data.read.signatures import refuse_foreign
from thetastar.data.read.text import text_table
from thetastar.data.table import Table
from thetastar.errors import InputError

__all__ = ["read_table"]


def read_table(
    source: Any,
    *,
    name: str | None = None,
    header: bool | None = None,
    expected: Sequence[str] | None = None,
    named: Sequence[str] = (),
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
        named: For text files: columns that the user named; a first row that holds one of them is the header.

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
        return with_images(_read_file(path, name, header, expected, named), path.parent)
    columns, kind, has_names = columns_of(source)
    table = _checked(Table(tuple(columns), name or kind, has_header=has_names))
    return table.with_notes(missing_notes(table.columns, table.place))


def _read_file(
    path: Path, name: str | None, header: bool | None, expected: Sequence[str] | None, named: Sequence[str]
) -> Table:
    source = name or path.name or str(path)
    data = file_bytes(path, source)
    if is_columnar(data):
        return _checked(columnar_table(data, source))
    refuse_foreign(data, source)
    return _checked(text_table(data, source, header=header, expected=expected, named=named))


def _checked(table: Table) -> Table:
    if not table.columns:
        raise InputError(f"{table.source}: there are no columns. Give a table with named columns.")
    if table.row_count == 0:
        raise InputError(f"{table.source}: there are no rows. Give at least ten rows of data.")
    return table
