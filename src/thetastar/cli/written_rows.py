"""Where predictions go: text, Parquet or a workbook, written as they come, a part of the rows at a time."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from thetastar.errors import InputError

__all__ = ["FORMS", "Columns", "Rows", "rows_to"]

Columns = dict[str, list[Any]]
FORMS = (".csv", ".tsv", ".parquet", ".xlsx")


class Rows(Protocol):
    """Takes columns of equal length, the same ones every time."""

    def add(self, columns: Columns) -> None: ...

    def close(self) -> None: ...


@contextmanager
def rows_to(out: Path | None) -> Iterator[Rows]:
    """Rows that are written to a file in the form of its ending, or as CSV to standard output.

    A file takes its place when the block ends without an error; until then what was there stays.
    """
    if out is None:
        yield _Text(sys.stdout, ",")
        return
    from thetastar._files import written_atomically

    with written_atomically(out) as file:
        rows = _FORMS[out.suffix.lower()](file)
        yield rows
        rows.close()


class _Text:
    def __init__(self, stream: Any, separator: str) -> None:
        self._stream = stream
        self._writer = csv.writer(stream, delimiter=separator, lineterminator="\n")
        self._begun = False

    def add(self, columns: Columns) -> None:
        if not self._begun:
            self._writer.writerow(columns)
            self._begun = True
        self._writer.writerows(zip(*columns.values(), strict=True))

    def close(self) -> None:
        self._stream.flush()


class _Encoded(_Text):
    def __init__(self, file: BinaryIO, separator: str) -> None:
        self._wrapped = io.TextIOWrapper(file, encoding="utf-8", newline="")
        super().__init__(self._wrapped, separator)

    def close(self) -> None:
        self._wrapped.detach()  # what it holds is written; the file is closed by whom it belongs to


class _Parquet:
    def __init__(self, file: BinaryIO) -> None:
        self._file, self._writer = file, None

    def add(self, columns: Columns) -> None:
        import pyarrow
        import pyarrow.parquet

        if self._writer is None:
            table = pyarrow.table(columns)
            self._writer = pyarrow.parquet.ParquetWriter(self._file, table.schema)
        else:
            table = pyarrow.table(columns, schema=self._writer.schema)
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class _Workbook:
    def __init__(self, file: BinaryIO) -> None:
        try:
            from openpyxl import Workbook
        except ImportError:
            raise InputError(
                "--out: an .xlsx file needs openpyxl. Install it (pip install openpyxl), or write .csv."
            ) from None
        self._file, self._book = file, Workbook(write_only=True)
        self._sheet = self._book.create_sheet("predictions")
        self._begun = False

    def add(self, columns: Columns) -> None:
        from openpyxl.cell import WriteOnlyCell
        from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE as unprintable

        for row in [*([] if self._begun else [list(columns)]), *zip(*columns.values(), strict=True)]:
            cells = []
            for value in row:
                plain = value if isinstance(value, int | float | bool | type(None)) else unprintable.sub("", str(value))
                cell = WriteOnlyCell(self._sheet, plain)
                if isinstance(plain, str):
                    cell.data_type = "s"  # a text that begins with = is no formula
                cells.append(cell)
            self._sheet.append(cells)
        self._begun = True

    def close(self) -> None:
        self._book.save(self._file)


_FORMS: dict[str, Any] = {
    ".csv": lambda file: _Encoded(file, ","), ".tsv": lambda file: _Encoded(file, "\t"), ".parquet": _Parquet,
    ".xlsx": _Workbook,
}  # fmt: skip
