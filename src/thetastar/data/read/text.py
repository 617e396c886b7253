"""Text tables: their cells are split, rows that are no observations left out, and every column typed by one rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from thetastar._memory import require_addresses
from thetastar._threads import LONG, mapped
from thetastar.data.cells import CellTexts, missing_notes
from thetastar.data.delimited import Delimited, parse_delimited, row_lines
from thetastar.data.extra_rows import drop_extra_rows, drop_total_rows
from thetastar.data.numbers import decimal_mark
from thetastar.data.read.reading import Reading
from thetastar.data.table import Table

__all__ = ["table_of_texts", "text_table"]


def text_table(data: bytes, reading: Reading) -> Table:
    """The table that a text file holds."""
    parsed = parse_delimited(
        data, reading.source, header=reading.header, expected=reading.expected, named=reading.named
    )
    columns = parsed.columns[:]
    parsed.columns.clear()  # what is typed needs its texts no longer
    return table_of_texts(
        parsed.names, columns, reading.source, header=parsed.first if parsed.has_header else None,
        separator=parsed.separator, trim=parsed.spaced, notes=parsed.notes, line=_Lines(parsed).line, head=parsed.head,
    )  # fmt: skip


def table_of_texts(
    names: Sequence[str], columns: list[Any], source: str, *, header: Sequence[str] | None, separator: str,
    trim: bool, notes: Sequence[str], line: Callable[[int], int], head: Sequence[Any] = (),
) -> Table:  # fmt: skip
    """The table of cells that are texts, whatever file they come from.

    Args:
        columns: Arrow arrays of texts, without the header, or of decimals; the list is emptied as they are typed.
        header: the cells of the header as they were written; None where there is none.
        separator: what stood between the cells; points and commas in numbers are read by it where nothing else tells.
        line: the file's line of a row.
        head: the first rows as texts, where some columns hold decimals.
    """
    require_addresses(source, "reading its cells")
    cells, kept, left_out = drop_extra_rows(columns, header, line, head)
    columns.clear()
    long = len(cells[0]) > LONG
    # A column that a thread takes is let go as soon as it is typed.
    texts = mapped(lambda column: CellTexts(column, trim=trim), (cells.pop(0) for _ in names), worth=long)
    mark = _decimal_mark(texts, separator)
    typed = [
        each.column(name, comma_is_decimal=separator == ";", mark=mark)
        for name, each in zip(names, texts, strict=True)
    ]  # fmt: skip
    table = Table(
        tuple(typed), source, has_header=header is not None, notes=(*notes, *left_out), row_numbers=kept, locate=line
    )
    table = drop_total_rows(table)
    return table.with_notes(missing_notes(table.columns, table.place))


def _decimal_mark(texts: Sequence[CellTexts], separator: str) -> str:
    """The decimal sign of the file: the heads of the columns tell it nearly always, otherwise all cells are asked."""
    evidence: list[tuple[bool, bool, bool, bool]] = []
    for each in texts:
        if not each.plain or not any(point for _, point, _, _ in evidence):  # one plain column with a point is enough
            evidence.append(each.evidence(thorough=False))
    if not any(comma or point for comma, point, _, _ in evidence):
        evidence = [each.evidence() for each in texts]
    return decimal_mark(evidence, separator)


class _Lines:
    """Finds the file line of a row: by counting where every row is one line, by scanning the text once otherwise."""

    def __init__(self, parsed: Delimited) -> None:
        self._offset = 1 + parsed.has_header
        self._parsed = None if parsed.plain_lines else parsed  # the text is kept only where it is needed

    @cached_property
    def _scanned(self) -> list[int]:
        assert self._parsed is not None
        return row_lines(self._parsed.text, self._parsed.separator)

    def line(self, row: int) -> int:
        if self._parsed is None:
            return int(row) + self._offset
        index = int(row) + self._offset - 1
        return self._scanned[index] if index < len(self._scanned) else index + 1
