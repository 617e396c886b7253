"""Spreadsheets (Excel's xlsx, xlsm, xlsb and xls, OpenDocument's ods) through python-calamine.

Cells keep what their program says they are: a text "007" stays a text, a number 7.0 is 7.
"""

from __future__ import annotations

import datetime
import io
from typing import Any

from thetastar.data.arrow import unique_names
from thetastar.data.header import has_header
from thetastar.data.read.reading import Reading, needs
from thetastar.data.read.text import table_of_texts
from thetastar.data.table import Table, number_text
from thetastar.errors import InputError

__all__ = ["spreadsheet_table"]


def spreadsheet_table(data: bytes, reading: Reading) -> Table:
    """The table of a workbook's sheet: the named one, else the first that holds cells.

    Raises:
        InputError: python-calamine is missing, the file is locked or damaged, or there are no cells.
    """
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError:
        raise needs("python-calamine", "python-calamine", "Reading spreadsheets") from None
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        name, rows, others = _sheet(book, reading)
    except CalamineError as error:
        raise InputError(f"{reading.source}: the workbook is locked or damaged ({error}). Save it again.") from None
    notes = []
    if others:
        notes.append(
            f"Read is the sheet {name!r}; {', '.join(map(repr, others[:4]))} {'is' if len(others) == 1 else 'are'} "
            f"passed over (a sheet is named as {reading.source}#{others[0]})."
        )
    return _table(rows, reading, notes)


def _sheet(book: Any, reading: Reading) -> tuple[str, list[list[Any]], list[str]]:
    """The sheet's name, its rows, and the names of the other sheets that hold cells."""
    names = book.sheet_names
    wanted = reading.pick(names, "sheet")
    filled: dict[str, list[list[Any]]] = {}
    for name in [wanted] if reading.part and wanted else names:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        if any(cell != "" for row in rows for cell in row):
            filled[name] = rows
    if not filled:
        raise InputError(f"{reading.source}: there are no cells in the workbook. Give one with a table.")
    first = next(iter(filled))
    return first, filled[first], [name for name in filled if name != first]


def _table(rows: list[list[Any]], reading: Reading, notes: list[str]) -> Table:
    import pyarrow as pa

    texts = [[_text(cell) for cell in row] for row in rows]
    used = [column for column in range(len(texts[0])) if any(row[column] for row in texts)]
    texts = [[row[column] for column in used] for row in texts]
    first = _first_row(texts)
    if first and (title := next((cell for row in texts[:first] for cell in row if cell), "")):
        notes.append(f"Left out above the table: {title[:60]!r}{', …' if first > 1 else '.'}")
    head, body = texts[first], texts[first + 1 :]
    header = reading.header
    if header is None:
        below = [[row[column] for row in body[:1000]] for column in range(len(head))]
        header = has_header(head, below, reading.expected, reading.named)
    if not header:
        head, body = [str(position) for position in range(len(head))], texts[first:]
    if not body:
        raise InputError(f"{reading.source}: the sheet holds only a header, no data. Add rows below it.")
    names = unique_names([name or f"Unnamed: {position}" for position, name in enumerate(head)])
    columns = [pa.array([row[position] for row in body], pa.string()) for position in range(len(names))]
    return table_of_texts(
        names, columns, reading.source, header=head if header else None, separator=",", trim=True, notes=notes,
        line=lambda row: int(row) + 1 + first + header,
    )  # fmt: skip


def _first_row(texts: list[list[str]]) -> int:
    """The row on which the table begins: titles with one known cell and empty rows above it are passed over."""
    width = len(texts[0])
    for position, row in enumerate(texts[:20]):
        known = sum(bool(cell) for cell in row)
        if known > 1 or (known == 1 and width < 3):
            return position
    return 0


def _text(cell: Any) -> str:
    """A cell as text: numbers in their shortest spelling, dates as ISO 8601 writes them."""
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, int | float):
        return number_text(cell)
    if isinstance(cell, datetime.datetime):
        return cell.isoformat(" ") if cell.time() != datetime.time() else cell.date().isoformat()
    if isinstance(cell, datetime.timedelta):
        return number_text(cell.total_seconds())
    return cell.isoformat() if isinstance(cell, datetime.date | datetime.time) else str(cell).strip()
