"""Any source to a `Table`: files by their content, frames by their columns."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from thetastar._memory import give_back, require_addresses
from thetastar._threads import LONG
from thetastar.data.cells import missing_notes
from thetastar.data.frames import columns_of
from thetastar.data.read.columnar import columnar_table, is_columnar
from thetastar.data.read.files import file_bytes, files_of, split_part, unpacked, zip_members
from thetastar.data.read.reading import Reading, in_one_line
from thetastar.data.read.several import joined
from thetastar.data.read.signatures import is_spreadsheet, is_zip, member_names, refuse_foreign
from thetastar.data.read.text import text_table
from thetastar.data.table import Table
from thetastar.errors import InputError

__all__ = ["read_table"]

# a path that went through pathlib has lost one of its slashes
_ADDRESS = re.compile(r"(https?|s?ftp|s3a?|gs|gcs|az|abfss?|hdfs|ssh|hf):/+(.*)", re.DOTALL)


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
    between the cells, Parquet, Arrow and Feather, spreadsheets, SPSS, Stata and SAS, MATLAB, NumPy, ARFF, JSON lines,
    svmlight, and the series of the Monash, UCR and UEA archives; packed with gzip, bzip2, xz, zstd or zip. Data frames
    of any make come in through narwhals. A column is numeric where its known cells are numbers; everything else stays
    text.

    Args:
        source: A path ("-" is standard input; a folder or a pattern such as "parts/*.csv" is all of its files; a sheet,
            a variable or a member of an archive is named behind a #: "book.xlsx#Sheet2"), a data frame, an Arrow table,
            a 2-D array, a dict of columns (or of single values: one row); images as a folder, an IDX file or an array
            (n, H, W) or (n, H, W, C); (X, y), two arrays.
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

        _refuse_address(os.fspath(source))
        path = Path(source)
        if holds_images(path):
            return _checked(images_of(path))
        text, part = split_part(os.fspath(source))
        reading = Reading(name or Path(text).name or text, part, header, expected, named, Path(text).name)
        table = _checked(_read_path(text, reading, name))
        if table.row_count > LONG:
            give_back()
        return with_images(table, path.parent)
    columns, kind, has_names = columns_of(source)
    table = _checked(Table(tuple(columns), name or kind, has_header=has_names))
    return table.with_notes(missing_notes(table.columns, table.place))


def _refuse_address(path: str) -> None:
    """An address on the net is not fetched: a model must say what it was trained on, and that may change any day."""
    found = _ADDRESS.match(path)
    if found is None:
        return
    scheme, rest = found.groups()
    address, name = f"{scheme}://{rest}", rest.split("?")[0].rstrip("/").rsplit("/", 1)[-1] or "data.csv"
    fetch = f"curl -LO {address}" if scheme in ("http", "https", "ftp") else f"with the tools of {scheme}"
    raise InputError(
        f"{address}: this is an address, and nothing is fetched from the net here. Fetch the file first ({fetch}), "
        f"then give {name!r}; or pass pandas.read_csv({address!r})."
    )


def _read_path(path: str, reading: Reading, name: str | None) -> Table:
    files = files_of(path) if path != "-" else None
    if files is None:
        reading = Reading(name or "standard input", reading.part, *_rest(reading)) if path == "-" else reading
        return _read_bytes(file_bytes(Path(path), reading.source), reading)
    each = [Reading(file.name, reading.part, *_rest(reading), file=file.name) for file in files]
    tables = [_read_bytes(file_bytes(file, one.source), one) for file, one in zip(files, each, strict=True)]
    return joined(tables, name or Path(path).name or path)


def _rest(reading: Reading) -> tuple[bool | None, Sequence[str] | None, Sequence[str]]:
    return reading.header, reading.expected, reading.named


def _read_bytes(data: bytes, reading: Reading) -> Table:
    """The table of a file's bytes. Whatever a reader cannot make of them is said in one sentence.

    The readers are of many makes, and a damaged file makes each fail in its own ways: by any exception, and where a
    reader in Rust gives up, by one that does not derive from `Exception`.
    """
    try:
        require_addresses(reading.source, "reading it")
        return _read_form(data, reading)
    except (InputError, KeyboardInterrupt, SystemExit):
        raise
    except MemoryError:
        raise InputError(
            f"{reading.source}: reading it takes more memory than there is. Give fewer rows or columns, or the file is "
            "damaged: then fetch it again."
        ) from None
    except BaseException as error:
        if "Failed to launch worker thread" in str(error):  # Arrow's words
            raise InputError(
                f"{reading.source}: reading it needs a few threads, and this process may have no more. Raise the limit "
                "of processes, or end other programs."
            ) from None
        raise InputError(
            f"{reading.source}: the file is damaged, or of a kind that is not read ({in_one_line(error)}). "
            "Write or fetch it again."
        ) from error


def _read_form(data: bytes, reading: Reading) -> Table:
    """The readers are asked in turn, the text tables last."""
    if is_columnar(data):
        return columnar_table(data, reading.source)
    if is_spreadsheet(data):
        from thetastar.data.read.spreadsheet import spreadsheet_table

        return spreadsheet_table(data, reading)
    if data[:6] == b"\x93NUMPY":
        from thetastar.data.read.arrays import numpy_table

        return numpy_table(data, reading)
    refuse_foreign(data, reading.source)
    if is_zip(data):
        return _read_zip(data, reading)
    from thetastar.data.read.arrays import is_matlab, matlab_table
    from thetastar.data.read.statistics import statistics_kind, statistics_table

    if is_matlab(data):
        return matlab_table(data, reading)
    kind = statistics_kind(data)
    if kind is not None:
        return statistics_table(data, reading, kind)
    return _read_text(data, reading)


def _read_zip(data: bytes, reading: Reading) -> Table:
    if reading.file.endswith(".npz") or _only_arrays(member_names(data)):
        from thetastar.data.read.arrays import numpy_table

        return numpy_table(data, reading)
    members = zip_members(data, reading.source, reading.part)
    tables = [_read_bytes(unpacked(inside, reading.source), reading.of(name)) for name, inside in members]
    return joined(tables, reading.source)


def _only_arrays(names: list[str]) -> bool:
    return bool(names) and all(name.endswith(".npy") for name in names)


def _read_text(data: bytes, reading: Reading) -> Table:
    """Text in one of the forms that say by their first lines what they are; else cells between separators."""
    from thetastar.data.read.arff import arff_table, is_arff
    from thetastar.data.read.records import is_json, is_svmlight, json_table, svmlight_table
    from thetastar.data.read.series import is_series, is_ucr, series_table, ucr_table

    if is_json(data):
        return json_table(data, reading)
    if is_svmlight(data):
        return svmlight_table(data, reading)
    head = data[:65_536].decode("utf-8", "replace")
    for is_one, table in ((is_series, series_table), (is_arff, arff_table)):
        if "@" in head and is_one(head):
            return table(_decoded(data), reading)
    if is_ucr(reading):
        return ucr_table(_decoded(data), reading)
    return text_table(data, reading)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def _checked(table: Table) -> Table:
    if not table.columns:
        raise InputError(f"{table.source}: there are no columns. Give a table with named columns.")
    if table.row_count == 0:
        raise InputError(f"{table.source}: there are no rows. Give at least ten rows of data.")
    return table
