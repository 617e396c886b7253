"""Text tables: their cells are split, rows that are no observations left out, and every column typed by one rule."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from thetastar.data.cells import CellTexts, missing_notes
from thetastar.data.delimited import Delimited, parse_delimited, row_lines
from thetastar.data.extra_rows import drop_extra_rows, drop_total_rows
from thetastar.data.numbers import decimal_mark
from thetastar.data.table import Table

__all__ = ["text_table"]


def text_table(
    data: bytes, source: str, *, header: bool | None, expected: Sequence[str] | None, named: Sequence[str] = ()
) -> Table:
    """The table that a text file holds; see `parse_delimited` for the arguments."""
    parsed = parse_delimited(data, source, header=header, expected=expected, named=named)
    lines = _Lines(parsed)
    cells, kept, notes = drop_extra_rows(parsed.columns, parsed.first if parsed.has_header else None, lines.line)
    texts = [CellTexts(column, trim=parsed.spaced) for column in cells]
    mark = _decimal_mark(texts, parsed.separator)
    columns = [
        each.column(name, comma_is_decimal=parsed.separator == ";", mark=mark)
        for name, each in zip(parsed.names, texts, strict=True)
    ]
    table = Table(
        tuple(columns), source, has_header=parsed.has_header, notes=(*parsed.notes, *notes), row_numbers=kept,
        locate=lines.line,
    )  # fmt: skip
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
        self._parsed = None if parsed.plain_lines else parsed

    @cached_property
    def _scanned(self) -> list[int]:
        return row_lines(self._parsed.text, self._parsed.separator)

    def line(self, row: int) -> int:
        if self._parsed is None:
            return int(row) + self._offset
        index = int(row) + self._offset - 1
        return self._scanned[index] if index < len(self._scanned) else index + 1
