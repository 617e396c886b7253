"""Text files of rows and separators: encoding, separator, header, ragged rows; every cell arrives as a text."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from thetastar.data.extra_rows import SUMMARY, is_footer
from thetastar.data.header import has_header
from thetastar.data.text_columns import SAMPLE_ROWS, decimal_columns, first_cells, first_rows, split
from thetastar.errors import InputError

__all__ = ["Delimited", "FirstRow", "first_row", "parse_delimited"]

_SEPARATORS = ("\t", ";", "|", ",")  # in order of preference where several are equally consistent
_SAMPLE_LINES = 200
_FIRST_BYTES = 1 << 20
_PIECE = 1 << 20
_RUNS = re.compile(rb"[ \t]+")
_PRINTED = 60  # characters of a faulty row that a message shows


@dataclass(frozen=True, eq=False)
class Delimited:
    """The cells of a text file: `columns` as Arrow string arrays, untrimmed, or float64 where all are decimals; and how
    they were found."""

    names: list[str]
    columns: list[Any]
    head: list[Any]  # the first rows as texts, where some columns are float64; else empty
    has_header: bool
    first: list[str]  # the cells of the first row, as written
    separator: str
    spaced: bool  # whether any cell may carry spaces around it
    text: bytes  # UTF-8, one kind of line end: for finding lines again
    plain_lines: bool  # every row is one line, so that row numbers give line numbers
    notes: list[str]


def parse_delimited(
    data: bytes,
    source: str,
    *,
    header: bool | None = None,
    expected: Sequence[str] | None = None,
    named: Sequence[str] = (),
) -> Delimited:
    """Split the bytes of a text file into columns of texts.

    Args:
        data: The whole file, decompressed.
        source: The file's name, for messages.
        header: Whether the first row holds names; None finds out.
        expected: Column names of an earlier file of the same kind; a first row that repeats them is a header.
        named: Column names that the user gave; a first row that holds one is a header.

    Raises:
        InputError: Empty file, header only, binary content, ragged rows, a quote that is never closed.
    """
    text = _utf8(data, source)
    text = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
    text = _ended(text)
    if text.isspace():
        raise InputError(
            f"{source}: the file is empty. Give a file with one row of names and at least ten rows of data."
        )
    notes: list[str] = []
    if re.match(rb"sep=.\n", text):  # a line that spreadsheets write for themselves
        text = b"\n" + text[6:]
    separator = _separator(text)
    if separator == " ":
        text, separator = _single_tabs(text), "\t"
    if _holds(text, b' "') or _holds(text, b'\t"'):  # a quote after a blank would not open a quoted cell
        # The first alternative passes over quoted cells, so that nothing inside them is touched.
        text = re.sub(rb'("(?:[^"]|"")*")|([,;|])[ \t]+(?=")', rb"\1\2", text)
    text = _without_preamble(_without_comments(text, separator), separator, notes)
    head, columns = first_rows(text, separator) or [], None
    if head:
        first, has = _header(head, header, expected, named)
        head = [column.slice(int(has)) for column in head]
        columns = decimal_columns(text, separator, head, first if has else None)
    if columns is None:
        text, columns = _arrow_rows(text, separator, source, notes)
        _refuse_open_quote(text, columns, separator, source)
        first, has = _header(columns, header, expected, named)
        head, columns = [], [column.slice(int(has)) for column in columns]
    names = _names(first, notes) if has else [str(i) for i in range(len(columns))]
    if len(columns[0]) == 0:
        raise InputError(
            f"{source}: the file holds only a header ({', '.join(names[:6])}), no data. Add rows below it."
        )
    return Delimited(
        names=names,
        columns=columns,
        head=head,
        has_header=has,
        first=first,
        separator=separator,
        spaced=b" " in text or (separator != "\t" and b"\t" in text) or _holds(text, b"\xc2\xa0"),
        text=text,
        plain_lines=text.count(b"\n") == len(columns[0]) + has,
        notes=notes,
    )


def _header(
    rows: Sequence[Any], header: bool | None, expected: Sequence[str] | None, named: Sequence[str]
) -> tuple[list[str], bool]:
    """The cells of the first row, and whether they are names."""
    sample = [column.slice(0, SAMPLE_ROWS).to_pylist() for column in rows]
    first = [cells[0] for cells in sample]
    return first, has_header(first, [cells[1:] for cells in sample], expected, named) if header is None else header


@dataclass(frozen=True)
class FirstRow:
    """The cells of a text's first row as they are written, and what separates them."""

    cells: list[str]
    separator: str


def first_row(data: bytes, source: str = "") -> FirstRow:
    """The first row of a text file's first bytes, below remarks and titles."""
    begin = data[:_FIRST_BYTES]
    end = begin.rfind(b"\n")
    parsed = parse_delimited(begin if len(begin) == len(data) or end < 0 else begin[: end + 1], source)
    return FirstRow(parsed.first, parsed.separator)


def _ended(text: bytes) -> bytes:
    """The text with one line end at its end; a text that has it is not copied, for it may be most of the memory."""
    if text.endswith(b"\n") and not text.endswith(b"\n\n"):
        return text
    return text.rstrip(b"\n") + b"\n"


def row_lines(text: bytes, separator: str) -> list[int]:
    """The line (from 1) on which each row begins, blank lines passed over and quoted line ends counted."""
    return [line for line, _ in _all_rows(text, separator)]


def _utf8(data: bytes, source: str) -> bytes:
    """The same text in UTF-8 without a byte-order mark."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return _decoded(data[len(mark) :], encoding, source)
    if b"\0" in data[:4096]:
        head = data[:4096]
        even, odd = head[::2].count(0) / len(head[::2]), head[1::2].count(0) / max(1, len(head[1::2]))
        if odd > 0.4 and even < 0.05:
            return _decoded(data, "utf-16-le", source)
        if even > 0.4 and odd < 0.05:
            return _decoded(data, "utf-16-be", source)
    if b"\0" in data:
        raise InputError(
            f"{source}: this is not a text table (it holds zero bytes). Give CSV, TSV, Parquet or Arrow; "
            "export spreadsheets and databases as CSV first."
        )
    if _is_utf8(data):
        return data
    try:
        return data.decode("cp1252").encode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1").encode("utf-8")


def _holds(text: bytes, two: bytes) -> bool:
    """Whether two bytes occur one behind the other. One byte is found ten times as fast, and often is not there."""
    return two[:1] in text and two in text


def _is_utf8(data: bytes) -> bool:
    """Whether the bytes are UTF-8; a long text is decoded piece by piece, for it may be most of the memory."""
    if data.isascii():
        return True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), _PIECE):
            decoder.decode(data[start : start + _PIECE], start + _PIECE >= len(data))
    except UnicodeDecodeError:
        return False
    return True


def _decoded(data: bytes, encoding: str, source: str) -> bytes:
    try:
        return data.decode(encoding).encode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{source}: the file says by its first bytes that it is {encoding}, but byte {error.start} is not. "
            "Save it as UTF-8."
        ) from None


def _sample_rows(text: bytes, separator: str) -> list[list[str]]:
    end = -1
    for _ in range(_SAMPLE_LINES):
        end = text.find(b"\n", end + 1)
        if end < 0:
            break
    sample = text if end < 0 else text[:end]
    lines = io.StringIO(sample.decode("utf-8", "replace"), newline="")
    try:
        return [row for row in csv.reader(lines, delimiter=separator, skipinitialspace=True) if row]
    except csv.Error:
        return []


def _separator(text: bytes) -> str:
    """The separator by which most rows have the same number (at least two) of cells; "," for one column."""
    best, best_share = ",", 0.0
    for separator in _SEPARATORS:
        rows = _sample_rows(text, separator)
        width, count = Counter(len(row) for row in rows).most_common(1)[0] if rows else (0, 0)
        share = count / len(rows) if rows and width > 1 else 0.0
        if share > best_share + 1e-9:
            best, best_share = separator, share
    if best in "\t," and _aligned_by_blanks(text, best_share):
        return " "
    return best


def _aligned_by_blanks(text: bytes, best_share: float) -> bool:
    """True where runs of blanks split every line into the same number of cells, and no separator does so as well."""
    sample = text[:100_000]
    if len(text) > len(sample):
        sample = sample[: sample.rfind(b"\n")]
    lines = [line for line in sample.split(b"\n")[:_SAMPLE_LINES] if line.strip()]
    widths = {_single_tabs(line).count(b"\t") for line in lines}
    if len(widths) != 1 or widths == {0}:
        return False
    wide = sum(b"  " in line for line in lines) / len(lines)
    return best_share < 0.5 or (best_share < 1.0 and b"\t\t" in sample) or (wide > 0.9 and b"," not in sample)


def _single_tabs(text: bytes) -> bytes:
    """Runs of blanks become one tab, at the ends of lines none; quoted cells are passed over."""
    text = (
        re.sub(rb'("(?:[^"]|"")*")|[ \t]+', lambda run: run[1] or b"\t", text)
        if b'"' in text
        else _RUNS.sub(b"\t", text)
    )
    return _ended(re.sub(rb"\t?\n\t?", b"\n", text).strip(b"\t"))


def _arrow_rows(text: bytes, separator: str, source: str, notes: list[str]) -> tuple[bytes, list[Any]]:
    """The text, mended where it must be, and all rows, the header among them, as string columns."""
    import pyarrow as pa

    width = len(first_cells(text, separator))
    try:
        columns = split(text, separator, width, quoted=b'"' in text)
    except pa.ArrowInvalid as error:
        mended = _mended(text, separator, width, notes)
        if mended is None:
            raise _ragged(text, separator, source, error) from None
        return _arrow_rows(mended, separator, source, notes)
    return text, columns


def _all_rows(text: bytes, separator: str) -> Any:
    """(line, cells) of every row, up to a cell that is longer than Python's reader takes."""
    reader = csv.reader(io.StringIO(text.decode("utf-8"), newline=""), delimiter=separator)
    before = 0
    try:
        for row in reader:
            if row:
                yield before + 1, row
            before = reader.line_num
    except csv.Error:
        return


def _mended(text: bytes, separator: str, width: int, notes: list[str]) -> bytes | None:
    """Common habits made rectangular: row names without a name above them, a separator after every data row, and
    remarks above or below the table."""
    framed = _without_remarks(text, separator, notes)
    if framed is not None:
        return framed
    rows = _all_rows(text, separator)
    next(rows, None)
    extra_empty, count = True, 0
    for _, row in rows:
        if len(row) != width + 1:
            return None
        extra_empty &= row[-1].strip() == ""
        count += 1
    if count == 0:
        return None
    mark = separator.encode()
    if extra_empty:
        start = text.index(b"\n")
        notes.append("Every row ends with a separator that the header does not have; it was dropped.")
        return text[:start] + re.sub(re.escape(mark) + rb"[ \t]*(?=\n|$)", b"", text[start:])
    notes.append("The first column has no name in the header; it was named 'rownames'.")
    return b"rownames" + mark + text.lstrip(b"\n")


def _without_remarks(text: bytes, separator: str, notes: list[str]) -> bytes | None:
    """The text without short rows above and below a table whose own rows all have the same number of cells."""
    rows = list(_all_rows(text, separator))
    width = Counter(len(row) for _, row in rows).most_common(1)[0][0] if rows else 0
    whole = [len(row) == width for _, row in rows]
    if width < 2 or sum(whole) < 3:
        return None
    begin, end = whole.index(True), len(whole) - whole[::-1].index(True)
    above, below = rows[:begin], rows[end:]
    remarks = all(2 * _known(row) <= width or _known(row) <= 1 for _, row in above)
    closing = all(is_footer(row) or _is_sum(row) or _is_remark(row) for _, row in below)
    if not all(whole[begin:end]) or not (above or below) or not remarks or not closing:
        return None
    lines = text.split(b"\n")
    first = rows[begin][0] - 1
    last = below[0][0] - 1 if below else len(lines)
    for where, several in (("above", above), ("below", below)):
        if several:
            shown = separator.join(several[0][1]).strip()[:_PRINTED]
            which = f"line {several[0][0]}" + (f" to {several[-1][0]}" if len(several) > 1 else "")
            notes.append(f"Left out {where} the table ({which}): {shown!r}{', …' if len(several) > 1 else '.'}")
    return b"\n" * first + b"\n".join(lines[first:last])


def _known(row: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in row)


def _is_sum(row: Sequence[str]) -> bool:
    return bool(row) and SUMMARY.match(row[0].strip()) is not None


def _is_remark(row: Sequence[str]) -> bool:
    """One cell of several words."""
    return _known(row) == 1 and len(row) == 1 and " " in row[0].strip() and any(c.isalpha() for c in row[0])


def _ragged(text: bytes, separator: str, source: str, error: Exception) -> InputError:
    """What is wrong with the rows, in one sentence with line numbers."""
    word = {"\t": "tab", ";": "semicolon", "|": "bar", ",": "comma"}[separator]
    line, rows = 1, list(_all_rows(text, separator))
    width = Counter(len(row) for _, row in rows).most_common(1)[0][0] if rows else 0
    for line, row in rows:
        if len(row) == width:
            continue
        if any("\n" in cell for cell in row) and text.count(b'"') % 2:
            return _open_quote(source, line)
        shown = separator.join(row)
        shown = shown if len(shown) <= _PRINTED else shown[: _PRINTED - 1] + "…"
        cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
        return InputError(
            f"{source}, line {line}: {cells} where the other rows have {width} ({word} separated): {shown!r}. "
            f"Every row needs the same number of cells; put cells that hold a {word} in double quotes."
        )
    return InputError(
        f"{source}, line {line}: the rows cannot be told apart from here on ({str(error).splitlines()[0][:120]}). "
        "Look for a double quote that is never closed or a cell that is very long."
    )


def _without_comments(text: bytes, separator: str) -> bytes:
    """Blank out remarks above the table: first lines that begin with # or % and do not have the cells of a row."""
    rows = _sample_rows(text, separator)
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    blanked = b""
    for row in rows:
        if not row[0].lstrip().startswith(("#", "%")) or len(row) == width:
            break
        rest = text.lstrip(b"\n")
        blanked += b"\n" * (len(text) - len(rest) + 1)
        text = rest[rest.find(b"\n") + 1 :]
    return blanked + text


def _without_preamble(text: bytes, separator: str, notes: list[str]) -> bytes:
    """Blank out titles above the table: first rows with one known cell at most, as spreadsheets write them."""
    rows = _sample_rows(text, separator)[:20]
    width = len(rows[-1]) if rows else 0
    titles = 0
    while titles < len(rows) - 2 and _known(rows[titles]) <= 1 and len(rows[titles]) == width:
        titles += 1
    if titles == 0 or width < 3 or _known(rows[titles]) < width - 1 or any("\n" in c for r in rows[:titles] for c in r):
        return text
    shown = next((cell.strip() for row in rows[:titles] for cell in row if cell.strip()), "")
    if not shown:
        return text
    blanked = b""
    for _ in range(titles):
        rest = text.lstrip(b"\n")
        blanked += b"\n" * (len(text) - len(rest) + 1)
        text = rest[rest.find(b"\n") + 1 :]
    notes.append(f"Left out above the table: {shown[:_PRINTED]!r}{', …' if titles > 1 else '.'}")
    return blanked + text


def _refuse_open_quote(text: bytes, rows: list[Any], separator: str, source: str) -> None:
    """A quote that is never closed swallows the rest of the file into the last cell, which then holds a line end."""
    if text.count(b'"') % 2 and "\n" in (rows[-1][-1].as_py() or ""):
        raise _open_quote(source, [line for line, _ in _all_rows(text, separator)][-1])


def _open_quote(source: str, line: int) -> InputError:
    return InputError(f"{source}, line {line}: a double quote in this row is never closed. Close it or take it out.")


def _names(first: list[str], notes: list[str]) -> list[str]:
    """Column names from a header row: trimmed, blanks named by position, repeats numbered (`a`, `a.1`)."""
    names: dict[str, None] = {}
    written = set(first)
    for position, cell in enumerate(first):
        name = (cell or "").strip().strip('"').strip() or f"Unnamed: {position}"
        if name in names:
            number = 1
            while f"{name}.{number}" in names or f"{name}.{number}" in written:
                number += 1
            notes.append(
                f"The column name {name!r} occurs more than once; column {position} is called '{name}.{number}'."
            )
            name = f"{name}.{number}"
        names[name] = None
    return list(names)
