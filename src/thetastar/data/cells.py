"""Cells that arrive as texts become a column: of numbers where every known cell is one, of texts otherwise."""

from __future__ import annotations

import numpy as np

from thetastar.data.numbers import MISSING, read_numbers
from thetastar.data.table import Column

__all__ = ["typed_column"]


def typed_column(
    name: str, cells, *, comma_is_decimal: bool = False, trim: bool = True, native: str = "written"
) -> Column:
    """A column from an Arrow array of texts: numbers where every known cell is one, texts otherwise.

    Whole numbers that are written with leading zeros (`00501`) are codes, not quantities, and stay texts.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if trim:
        cells = pc.utf8_trim_whitespace(cells)
    try:
        pc.cast(cells.slice(0, 16), pa.float64())  # a column of texts is told by its head, without reading all of it
        numbers = pc.cast(cells, pa.float64()).to_numpy(zero_copy_only=False)
        if not _leading_zeros(cells):
            return Column(name, numbers=np.asarray(numbers, dtype=np.float64), native=native)
    except pa.ArrowInvalid:
        pass
    encoded = pc.dictionary_encode(cells)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    codes = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False).astype(np.int32)
    levels = encoded.dictionary.to_pylist()
    codes, levels = _without_missing(codes, levels)
    if not levels:
        return Column(name, numbers=np.full(len(codes), np.nan), native=native)
    read = read_numbers(levels, comma_is_decimal=comma_is_decimal)
    if read.valid.all() and not _leading_zeros(pa.array(levels)) and not any(level[0] in "'\"" for level in levels):
        numbers = np.append(read.values, np.nan)[codes]
        if not read.style:
            return Column(name, numbers=numbers, native=native)
        return Column(name, numbers=numbers, codes=codes, levels=tuple(levels), native=native, style=read.style)
    return Column(name, codes=codes, levels=tuple(levels), native=native)


def _leading_zeros(cells) -> bool:
    """True if all cells are digits only and some begin with a zero that counts for nothing, like `00501`."""
    import pyarrow.compute as pc

    zero = pc.starts_with(cells, "0")
    if not pc.any(zero).as_py():
        return False
    long = cells.filter(pc.fill_null(pc.and_(zero, pc.greater(pc.binary_length(cells), 1)), False))
    if len(long) == 0:
        return False
    # A few zeros with another meaning (`00`) among measured numbers do not make the column a code.
    return bool(pc.any(pc.match_substring_regex(long, "^0[0-9]+$")).as_py()) and bool(
        pc.all(pc.match_substring_regex(cells, "^[0-9]*$"), min_count=0).as_py()
    )


def _without_missing(codes: np.ndarray, levels: list[str]) -> tuple[np.ndarray, list[str]]:
    """Drop the levels that mean "not known"; their cells become -1."""
    gone = [level in MISSING for level in levels]
    if not any(gone):
        return codes, levels
    kept = [level for level, out in zip(levels, gone, strict=True) if not out]
    turned = np.cumsum(~np.array(gone)).astype(np.int32) - 1
    turned[np.array(gone)] = -1
    return np.append(turned, np.int32(-1))[codes], kept
