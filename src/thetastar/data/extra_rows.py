"""Rows of a file that are no observations: the header once more, units under the header, ruled lines, sums, footers.

They are left out before types are found, so that they decide nothing; every one is named with its line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from thetastar.data.cells import typed_again
from thetastar.data.numbers import DASH, MAYBE_MISSING, MISSING, read_numbers
from thetastar.data.table import Table

__all__ = ["SUMMARY", "drop_extra_rows", "drop_total_rows", "is_footer"]

_SUMS = (
    r"(?:(?:grand|overall|sub)[\s-]*)?(?:totals?|sums?|summe|gesamt(?:summe)?|insgesamt|zwischensumme|somme|totale|"
    r"totaal|suma|soma|итого|всего|合计|总计|合計|小计)"
)
_MEANS = r"(?:average|avg\.?|mean|mittelwert|durchschnitt|moyenne|promedio|media|среднее)"
SUMMARY = re.compile(rf"^(?:(?P<sum>{_SUMS})|(?P<mean>{_MEANS}))(?:\b.*)?$", re.IGNORECASE)
_ONLY_SUM = re.compile(rf"^{_SUMS}\s*:?$", re.IGNORECASE)
_FOOTER = re.compile(
    r"^\W*(?:sources?|notes?|remarks?|footnotes?|quellen?|anmerkung(?:en)?|hinweise?|data|as of|stand|last updated?|"
    r"updated|generated|exported|created|downloaded|retrieved|copyright|end of|legend|fuente|nota)\b.*[:.\s]|"
    r"^[*©]+\s*\S|"
    r"^\(?\d+ rows?(?: affected| selected)?\)?\.?$",
    re.IGNORECASE,
)
_RULE = re.compile(r"^[-=_~+*:|]{2,}$")
_AHEAD = 200  # rows below a row of units that tell what the columns are
_TAIL = 10  # last rows that are looked at


@dataclass(frozen=True)
class _Found:
    rows: list[int]
    note: str


def is_footer(cells: Sequence[str]) -> bool:
    """True for a last row that holds one remark (`Source: …`, `(160 rows)`) and otherwise nothing."""
    known = [cell.strip() for cell in cells if cell and cell.strip()]
    return len(known) == 1 and bool(_FOOTER.search(known[0]))


def drop_extra_rows(
    columns: Sequence[Any], header: Sequence[str] | None, line: Callable[[int], int], head: Sequence[Any] = ()
) -> tuple[list[Any], np.ndarray | None, list[str]]:
    """The columns without rows that are no observations.

    Args:
        columns: Arrow arrays of texts, one a column, without the header; of decimals float64.
        header: the cells of the header as they were written; None where there is none.
        line: the file's line of a row.
        head: the first rows as texts, where some columns are float64.

    Returns:
        The columns, the numbers of the rows that stayed (None if all did), and a sentence for what was left out.
    """
    import pyarrow as pa

    found: list[_Found] = []
    count = len(columns[0])
    if header is not None:
        found += _repeated_header(columns, header, line)
        found += _units(head or columns, header, line)
    found += _tail(columns, line)
    gone = sorted({row for each in found for row in each.rows})
    if not gone or len(gone) >= count:
        return list(columns), None, []
    kept = np.setdiff1d(np.arange(count), gone)
    return [column.take(pa.array(kept)) for column in columns], kept, [each.note for each in found]


def _repeated_header(columns: Sequence[Any], header: Sequence[str], line: Callable[[int], int]) -> list[_Found]:
    """Rows equal to the header, cell by cell, as in files that were put one behind the other."""
    import pyarrow.compute as pc

    if len(header) < 2 or not header[0] or not _texts(columns[0]) or pc.index(columns[0], header[0]).as_py() < 0:
        return []
    rows = np.flatnonzero(pc.equal(columns[0], header[0]).to_numpy(zero_copy_only=False))
    for column, name in zip(columns[1:], header[1:], strict=True):
        rows = rows[np.array([cell == name for cell in column.take(rows).to_pylist()], dtype=bool)]
    if len(rows) == 0:
        return []
    times = "1 row repeats" if len(rows) == 1 else f"{len(rows):,} rows repeat"
    first = f"line {line(int(rows[0]))}"
    return [_Found(rows.tolist(), f"{times} the header ({'the first is ' * (len(rows) > 1)}{first}); left out.")]


def _units(columns: Sequence[Any], header: Sequence[str], line: Callable[[int], int]) -> list[_Found]:
    """First rows of words (units, second names) or ruled lines above columns that otherwise hold numbers."""
    count = len(columns[0])
    found: list[_Found] = []
    for row in range(min(3, count - 3)):
        cells = [(column[row].as_py() or "").strip() for column in columns]
        if cells == [name.strip() for name in header]:
            continue
        ruled = _is_rule(cells)
        if not ruled and not _above_numbers(cells, columns, row, second=bool(found)):
            break
        shown = ", ".join(cell for cell in cells if cell)[:60]
        what = "is a ruled line" if ruled else "holds words above columns of numbers (units or second names)"
        found.append(_Found([row], f"The row below the header, line {line(row)}, {what}: {shown}; left out."))
    return found


def _is_rule(cells: Sequence[str]) -> bool:
    known = [cell for cell in cells if cell]
    return len(known) * 2 >= len(cells) and bool(known) and all(_RULE.match(cell) for cell in known)


def _above_numbers(cells: Sequence[str], columns: Sequence[Any], row: int, *, second: bool) -> bool:
    words, others = 0, []
    for cell, column in zip(cells, columns, strict=True):
        below = [text.strip() for text in column.slice(row + 1, _AHEAD).to_pylist()]
        known = [text for text in below if text not in MISSING and text.casefold() not in MAYBE_MISSING]
        if len(known) >= 3 and read_numbers(list(dict.fromkeys(known))).valid.mean() >= 0.8:
            if cell and read_numbers([cell]).valid[0]:
                return False
            words += cell not in MISSING and cell.casefold() not in MAYBE_MISSING
        else:
            others.append(cell)
    blank = all(cell in MISSING or cell in (DASH, "") or _RULE.match(cell) for cell in others)
    return words >= 2 or (words == 1 and (blank or len(cells) == 1)) or (second and words == 0 and blank)


def _texts(column: Any) -> bool:
    """False for decimals that arrive as numbers, among which no header's name can be."""
    import pyarrow as pa

    return not pa.types.is_floating(column.type)


def _cell(value: str | float | None) -> str:
    return value.strip() if isinstance(value, str) else "" if value is None else str(value)


def _tail(columns: Sequence[Any], line: Callable[[int], int]) -> list[_Found]:
    """Remarks, ruled lines and empty rows at the end."""
    count, found = len(columns[0]), []
    width = len(columns)
    for row in range(count - 1, max(0, count - 1 - _TAIL), -1):
        cells = [_cell(column[row].as_py()) for column in columns]
        if width >= 2 and not any(cells):
            found.append(_Found([row], f"Line {line(row)} is empty; left out."))
        elif width >= 2 and _is_rule(cells):
            found.append(_Found([row], f"Line {line(row)} is a ruled line; left out."))
        elif width >= 3 and is_footer(cells):
            shown = next(cell for cell in cells if cell)[:60]
            found.append(_Found([row], f"Line {line(row)} is a remark below the table: {shown!r}; left out."))
        else:
            break
    return found[::-1]


def drop_total_rows(table: Table) -> Table:
    """The table without last rows that hold the sums or means of the rows above; other rows that say so are named."""
    notes: list[str] = []
    while table.row_count > 5:
        note = _last_is_summary(table)
        if note is None:
            break
        table = table.select(np.arange(table.row_count - 1))
        notes.append(note)
    if notes:
        table = Table(
            tuple(typed_again(column) for column in table.columns), table.source, table.has_header, table.notes,
            table.row_numbers, table.locate,
        )  # fmt: skip
    return table.with_notes([*notes, *_sums_between(table)])


def _last_is_summary(table: Table) -> str | None:
    """A sentence if the last row sums up the others."""
    last = table.row_count - 1
    label = _label(table, last)
    summary = SUMMARY.match(label[1]) if label is not None else None
    mean = summary is not None and summary["mean"] is not None
    same, other = [], 0
    for column in table.columns:
        if column.kind != "number" or column.unusable or np.isnan(column.numbers[last]):
            continue
        above = column.numbers[:last]
        with np.errstate(over="ignore", invalid="ignore"):
            wanted = np.nanmean(above) if mean and not np.isnan(above).all() else np.nansum(above)
            close = abs(column.numbers[last] - wanted) <= (1e-9 if label is None else 1e-3) * abs(wanted)
        if close and wanted != 0 and np.count_nonzero(above) >= 3:
            same.append(column.name)
        elif label is None:
            return None
        else:
            other += 1
    enough = (len(same) >= 1 or other == 0) if label is not None else len(same) >= 2
    if not enough:
        return None
    says = f" says {label[1]!r} in {label[0]!r} and" if label is not None else ""
    what = "means" if mean else "sums"
    shown = ", ".join(map(repr, same[:4]))
    holds = f"holds the {what} of the rows above in {shown}" if same else "holds no numbers"
    return f"The last row ({table.place(last)}){says} {holds}; left out."


def _label(table: Table, row: int) -> tuple[str, str] | None:
    """(column, text) of the cell in a row that says total, sum or mean, where the text stands nowhere else."""
    for column in table.columns:
        if column.codes is None or column.codes[row] < 0:
            continue
        text = column.levels[column.codes[row]]
        if SUMMARY.match(text) and len(text) <= 40 and np.count_nonzero(column.codes == column.codes[row]) == 1:
            return column.name, text
    return None


def _sums_between(table: Table) -> list[str]:
    """A sentence for every column of texts in which some rows say total: most likely sums between the rows."""
    notes = []
    for column in table.columns:
        if column.kind != "text" or column.native == "boolean" or column.category:
            continue
        codes = [code for code, level in enumerate(column.levels) if _ONLY_SUM.match(level)]
        rows = np.flatnonzero(np.isin(column.codes, codes)) if codes else np.array([], int)
        if len(rows) == 0 or len(rows) > 0.3 * table.row_count:
            continue
        say = "row says" if len(rows) == 1 else "rows say"
        shown = column.levels[column.codes[rows[0]]]
        notes.append(
            f"{len(rows):,} {say} {shown!r} in {column.name!r} ({'the first is ' * (len(rows) > 1)}"
            f"{table.place(int(rows[0]))}). If they hold sums of other rows, leave them out."
        )
    return notes
