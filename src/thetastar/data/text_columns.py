"""The rows of a text split into columns by Arrow: as texts, or, where a column holds nothing but decimals, as numbers.

Texts cost: a column that is split into texts first and read as numbers afterwards takes twice the time and three times
the memory. So of a long file the first rows say which columns hold decimals as programs write them, and if all other
cells of these columns can be read so, nobody needs their texts.
"""

from __future__ import annotations

import csv
import io
import signal
from collections.abc import Mapping, Sequence
from typing import Any

from thetastar.data.numbers import MISSING, decimal_evidence

__all__ = ["LONG_TEXT", "SAMPLE_ROWS", "decimal_columns", "first_cells", "first_rows", "split"]

LONG_TEXT = 1 << 22  # bytes from which on columns of decimals are read as numbers at once
SAMPLE_ROWS = 1000  # first rows that tell whether there is a header, and which columns hold decimals
_TELLING = 256  # first cells whose points must be decimal points, as in `cells.py`
_BLOCKS = (1 << 20, 1 << 24)  # bytes that are parsed at once: what fits a near cache, or where rows do not fit in, more
_TOO_LONG = ("straddl", "cannot infer number of columns")  # what Arrow says of a row that is longer than a block


def split(text: Any, separator: str, width: int, *, quoted: bool, types: Mapping[int, Any] | None = None) -> list[Any]:
    """The columns of a text of rows and separators as Arrow's chunked arrays.

    Args:
        text: bytes, or a part of them.
        width: how many cells a row has.
        quoted: whether a cell may hold line ends.
        types: of columns that are not texts; in them an empty cell is null.

    Raises:
        pyarrow.ArrowInvalid: rows of other widths, or a cell that its column's type does not hold.
    """
    import pyarrow as pa
    import pyarrow.csv as pa_csv

    if callable(signal.getsignal(signal.SIGTERM)):
        # Where a program handles that signal, as the command line does, Arrow must not put handlers of its own in the
        # place of the program's while it parses: a signal that comes then can be lost, or end the process at its end.
        pa.enable_signal_handlers(False)
    parse = pa_csv.ParseOptions(delimiter=separator, newlines_in_values=quoted, ignore_empty_lines=width > 1)
    convert = pa_csv.ConvertOptions(
        column_types={f"f{i}": (types or {}).get(i, pa.string()) for i in range(width)},
        null_values=[""], strings_can_be_null=False, quoted_strings_can_be_null=False,
    )  # fmt: skip

    def read(block: int) -> list[Any]:
        options = pa_csv.ReadOptions(autogenerate_column_names=True, block_size=block)
        return pa_csv.read_csv(
            pa.BufferReader(text), read_options=options, parse_options=parse, convert_options=convert
        ).columns

    try:
        return read(_BLOCKS[0])
    except pa.ArrowInvalid as error:
        if not any(words in str(error) for words in _TOO_LONG):
            raise
    return read(_BLOCKS[1])


def first_cells(text: bytes, separator: str) -> list[str]:
    """The cells of a text's first row."""
    text = text.lstrip(b"\n")[:1_000_000]
    try:
        return next(csv.reader(io.StringIO(text.decode("utf-8", "ignore"), newline=""), delimiter=separator), [])
    except csv.Error:  # a cell longer than Python's reader takes
        return text.split(b"\n")[0].decode("utf-8", "ignore").split(separator)


def first_rows(text: bytes, separator: str) -> list[Any] | None:
    """The first rows of a long text as columns of texts, a header among them; None where the rows must be looked at
    one by one: they are mended, or a cell holds a line end at a place where the text is cut."""
    import pyarrow as pa

    if len(text) < LONG_TEXT or text.startswith(b"\n"):
        return None
    end = _end_of(text, SAMPLE_ROWS)
    if end in (0, len(text)) or any(text.count(b'"', 0, cut) % 2 for cut in (_end_of(text, 1), end, len(text))):
        return None
    part = text[:end]
    try:
        return split(part, separator, len(first_cells(part, separator)), quoted=b'"' in part)
    except pa.ArrowInvalid:
        return None


def decimal_columns(text: bytes, separator: str, head: Sequence[Any], names: Sequence[str] | None) -> list[Any] | None:
    """The columns of a long text without its header, those of decimals as float64; None where all must be texts.

    Args:
        head: the first rows as columns of texts, without the header.
        names: the cells of the header; None where there is none.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    found = [_decimals(cells) for cells in head]
    if names is not None:  # a header that is written once more further down must not pass for a number
        found = [is_one and not _are_numbers(pa.array([name])) for is_one, name in zip(found, names, strict=True)]
    types = {i: pa.float64() for i, is_one in enumerate(found) if is_one}
    if not types:
        return None
    begin = 0 if names is None else _end_of(text, 1)
    try:
        columns = split(memoryview(text)[begin:], separator, len(head), quoted=b'"' in text, types=types)
    except pa.ArrowInvalid:
        return None
    # A NaN that is written out is told apart from an empty cell only in texts.
    written = any(columns[i].null_count and pc.any(pc.is_nan(columns[i])).as_py() for i in types)
    return None if written else columns


def _decimals(cells: Any) -> bool:
    """True for first cells that are numbers with decimal points, or empty."""
    import pyarrow.compute as pc

    cells = pc.utf8_trim_whitespace(cells)
    known = pc.filter(cells, pc.not_equal(cells, ""))
    if len(known) == 0 or not _are_numbers(known) or any(text in MISSING for text in known.to_pylist()):
        return False
    first = cells.slice(0, _TELLING)
    return decimal_evidence(pc.filter(first, pc.match_substring(first, ".")).to_pylist())[1]


def _are_numbers(cells: Any) -> bool:
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.cast(pc.utf8_trim_whitespace(cells), pa.float64())
    except pa.ArrowInvalid:
        return False
    return True


def _end_of(text: bytes, lines: int) -> int:
    """Where the first so many lines of a text end; 0 where there are fewer."""
    end = 0
    for _ in range(lines):
        end = text.find(b"\n", end) + 1
        if end == 0:
            break
    return end
